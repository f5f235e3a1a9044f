/*
 * resolver.c — libunbound on our loop.
 *
 * libunbound calls back from inside its own work, and at times from inside
 * ub_resolve_event: an answer is kept and given in the next turn of the loop, so
 * that whoever asked may ask again, cancel, or free what he likes in it.
 */
#include "mailserver/dns/resolver.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/dns/name.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

enum { MAX_ANSWER = 1 << 20, CLASS_IN = 1 };

#define ROOT_KEY "/usr/share/dns/root.key"

struct resolver {
        struct loop *loop;
        struct ub_ctx *ub;
        const struct resolver_config *config;
        int64_t questions; /* under way */
};

struct dns_query {
        struct resolver *resolver;
        void *owner;
        dns_answered_fn *answered;
        char *name;
        enum dns_type type;
        int id; /* libunbound's, while `asked` */
        bool asked;
        struct timer timer;
        struct loop_job job;
        /* The answer, until it is given: */
        struct buf packet;
        bool secure;
        enum dns_status status; /* when there is no packet */
        const char *why;
};

/* ---- making it ---- */

static enum err ub_fail(struct error *reterr, const char *what, int code)
{
        return fail(reterr, ERR_SYNTAX, "resolver: %s: %s", what, ub_strerror(code));
}

static enum err set_option(struct ub_ctx *ub, const char *name, const char *value,
                           struct error *reterr)
{
        int code = ub_ctx_set_option(ub, name, value);

        return code ? ub_fail(reterr, name, code) : ERR_OK;
}

static enum err set_servers(struct ub_ctx *ub, const struct conf_strings *servers,
                            struct error *reterr)
{
        int code = 0;

        if (!servers->n) {
                code = ub_ctx_resolvconf(ub, NULL);
                if (code)
                        log_warn("resolver /etc/resolv.conf cannot be read: names are looked up "
                                 "from the root servers on; set resolver.servers");
                return ERR_OK;
        }
        if (servers->n == 1 && slice_eq_word(slice_of(servers->items[0]), SLICE("recursive")))
                return ERR_OK;
        for (size_t i = 0; !code && i < servers->n; i++) {
                code = ub_ctx_set_fwd(ub, servers->items[i]);
                if (code)
                        return fail(reterr, ERR_SYNTAX,
                                    "resolver.servers: \"%.64s\" is no address of a name server; "
                                    "write it as 192.0.2.53 or 192.0.2.53@5353",
                                    servers->items[i]);
        }
        return ERR_OK;
}

static enum err set_trust(struct ub_ctx *ub, const char *file, struct error *reterr)
{
        int code;

        if (!file && access(ROOT_KEY, R_OK)) {
                log_warn("resolver validate=no reason=\"no %s and no resolver.trust_anchor\"",
                         ROOT_KEY);
                return ERR_OK;
        }
        if (file && access(file, R_OK))
                return fail(reterr, ERR_NOTFOUND, "resolver.trust_anchor: %.100s cannot be read",
                            file);
        code = ub_ctx_add_ta_file(ub, file ? file : ROOT_KEY);
        return code ? ub_fail(reterr, "trust anchor", code) : ERR_OK;
}

static enum err set_options(struct ub_ctx *ub, const struct resolver_config *config,
                            struct error *reterr)
{
        char octets[24];
        /* Forwarders on this machine are common; anchors are given, not tracked. */
        static const char *const fixed[][2] = {
                {"do-not-query-localhost:",  "no"  },
                { "trust-anchor-signaling:", "no"  },
                { "edns-buffer-size:",       "1232"},
        };
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < sizeof fixed / sizeof *fixed; i++)
                err = set_option(ub, fixed[i][0], fixed[i][1], reterr);
        snprintf(octets, sizeof octets, "%lld", (long long)config->cache_size / 2);
        if (!err)
                err = set_option(ub, "rrset-cache-size:", octets, reterr);
        if (!err)
                err = set_option(ub, "msg-cache-size:", octets, reterr);
        if (!err)
                err = set_servers(ub, &config->servers, reterr);
        return err ? err : set_trust(ub, config->trust_anchor, reterr);
}

struct resolver *resolver_new(struct loop *l, const struct resolver_config *config,
                              struct error *reterr)
{
        struct ub_ctx *ub = ub_ctx_create_event(loop_base(l));
        struct resolver *r;

        if (!ub) {
                (void)fail(reterr, ERR_IO, "resolver: libunbound cannot start");
                return NULL;
        }
        if (set_options(ub, config, reterr)) {
                ub_ctx_delete(ub);
                return NULL;
        }
        r = NEW(struct resolver);
        r->loop = l;
        r->ub = ub;
        r->config = config;
        return r;
}

void resolver_free(struct resolver *r)
{
        if (!r)
                return;
        assert(r->questions == 0);
        ub_ctx_delete(r->ub);
        mem_free(r);
}

void resolver_set_config(struct resolver *r, const struct resolver_config *config)
{
        r->config = config;
}

/* ---- a question ---- */

static void query_free(struct dns_query *q)
{
        if (q->asked)
                ub_cancel(q->resolver->ub, q->id);
        q->resolver->questions--;
        timer_done(&q->timer);
        loop_job_cancel(&q->job);
        buf_done(&q->packet);
        mem_free(q->name);
        mem_free(q);
}

static void parse_packet(struct dns_query *q, struct arena *arena, struct dns_answer *answer)
{
        if (!dns_parse(buf_slice(&q->packet), q->name, q->type, arena, answer)) {
                answer->secure = q->secure;
                return;
        }
        *answer = (struct dns_answer){ .status = DNS_TEMPORARY,
                                       .canonical = q->name,
                                       .why = "the answer does not parse" };
}

static void give(struct loop_job *job)
{
        struct dns_query *q = container_of(job, struct dns_query, job);
        AUTO(arena_done) struct arena arena = ARENA_INIT(MAX_ANSWER);
        struct dns_answer answer = { .status = q->status, .canonical = q->name, .why = q->why };
        dns_answered_fn *answered = q->answered;
        void *owner = q->owner;
        char *name = q->name; /* the answer may point there */

        if (q->packet.len)
                parse_packet(q, &arena, &answer);
        q->name = NULL;
        query_free(q);
        answered(owner, &answer);
        mem_free(name);
}

/* No packet: `why` is a literal. */
static void answer_soon(struct dns_query *q, enum dns_status status, const char *why)
{
        timer_clear(&q->timer);
        q->status = status;
        q->why = why;
        loop_later(q->resolver->loop, &q->job);
}

/* libunbound's type. NOLINTNEXTLINE(readability-non-const-parameter) */
static void heard(void *arg, int rcode, void *packet, int length, int security, char *bogus,
                  int limited)
{
        struct dns_query *q = arg;

        (void)rcode; /* 0 for NXDOMAIN as well: the packet says it */
        (void)limited;
        (void)bogus;
        q->asked = false;
        if (security == 1) {
                answer_soon(q, DNS_BOGUS, "its DNSSEC signatures are wrong");
                return;
        }
        if (length <= 0) {
                answer_soon(q, DNS_TEMPORARY, "no answer of a name server");
                return;
        }
        buf_add(&q->packet, (struct slice){ packet, (size_t)length });
        q->secure = security == 2;
        answer_soon(q, DNS_TEMPORARY, NULL);
}

static void timed_out(void *arg)
{
        struct dns_query *q = arg;

        if (q->asked)
                ub_cancel(q->resolver->ub, q->id);
        q->asked = false;
        answer_soon(q, DNS_TEMPORARY, "timed out");
}

static void ask(struct dns_query *q)
{
        struct resolver *r = q->resolver;
        int code;

        q->asked = true;
        timer_set(&q->timer, r->loop, r->config->timeout_ms, timed_out, q);
        code = ub_resolve_event(r->ub, q->name, (int)q->type, CLASS_IN, q, heard, &q->id);
        if (!code)
                return;
        q->asked = false;
        answer_soon(q, DNS_TEMPORARY, "the resolver could not ask");
}

struct dns_query *resolver_ask(struct resolver *r, const char *name, enum dns_type type,
                               void *owner, dns_answered_fn *answered)
{
        struct dns_query *q = NEW(struct dns_query);
        AUTO_BUF(ascii, DNS_MAX_NAME + 1);

        q->resolver = r;
        q->owner = owner;
        q->answered = answered;
        q->type = type;
        q->job.run = give;
        q->packet.max = UINT16_MAX;
        if (dns_name_ascii(name, &ascii)) {
                q->name = mem_strdup(slice_of(name));
                answer_soon(q, DNS_NXDOMAIN, "not a name that the DNS can have");
        } else if (r->questions >= r->config->max_questions) {
                q->name = mem_strdup(buf_slice(&ascii));
                answer_soon(q, DNS_TEMPORARY, "too many questions at one time");
        } else {
                q->name = mem_strdup(buf_slice(&ascii));
                ask(q);
        }
        r->questions++;
        return q;
}

void dns_query_cancel(struct dns_query *q)
{
        if (q)
                query_free(q);
}
