/*
 * ctl_dns_check.c — domain dns --check: what is published, beside what should be.
 *
 * On a loop of mailserverctl's own: all rows are judged over and over, as answers
 * come in, until none is lacking; then the MTA-STS policy, if there is one, and
 * the names of the addresses that were found.
 */
#include "config.h"
#include "ctl_dns.h"
#include "ctl_dns_judge.h"
#include "local.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/queue/policy.h"

#include <stdio.h>

enum { MAX_QUESTIONS = 500, FACTS_MAX = 4 << 20 };

struct check {
        const struct config *config;
        struct loop *loop;
        struct resolver *resolver;
        struct arena arena;
        struct dns_facts facts;
        struct dns_judge judge;
        struct net_address local[LOCAL_MAX];
        json_t *rows;              /* borrowed */
        bool over;                 /* this round */
        bool failed;               /* not all could be judged, or there is nothing to judge */
        char *policy, *policy_why; /* owned */
};

/* ---- rounds ---- */

static bool is_remark(const json_t *row)
{
        return json_string_value(json_object_get(row, "name"))[0] == ';';
}

static void step(void *owner, const struct dns_facts *known, struct dns_questions *lacking)
{
        struct check *check = owner;
        json_t *row;
        size_t i;

        check->judge.known = known;
        check->judge.lacking = lacking;
        json_array_foreach(check->rows, i, row)
        {
                if (!is_remark(row) && !json_object_get(row, "state"))
                        dns_judge_row(&check->judge, row);
        }
}

static void done(void *owner, const struct dns_facts *known, enum err err)
{
        struct check *check = owner;

        (void)known;
        check->over = true;
        if (!err)
                return;
        check->failed = true;
        fputs("mailserverctl: these records lead to more questions than are asked\n", stderr);
}

/* Rows that have no state yet get one. */
static void judge_rows(struct check *check)
{
        check->over = false;
        dns_inquire(check->resolver, check->loop, &check->facts, MAX_QUESTIONS, step, done, check);
        while (!check->over)
                loop_turn(check->loop, true);
}

/* ---- the policy ---- */

static void fetched(void *owner, struct slice text, const char *why)
{
        struct check *check = owner;

        if (why)
                check->policy_why = mem_strdup(slice_of(why));
        else
                check->policy = mem_strdup(text);
        check->over = true;
}

/* Is there a record that says so? *ret_domain: whose. */
static bool has_policy(const struct check *check, struct buf *domain)
{
        static const struct slice prefix = { "_mta-sts.", 9 };
        const json_t *row;
        size_t i;

        json_array_foreach(check->rows, i, row)
        {
                struct slice name = slice_of(json_string_value(json_object_get(row, "name")));
                const char *state = json_string_value(json_object_get(row, "state"));

                if (!slice_starts(name, prefix) || !state || strcmp(state, "right") != 0)
                        continue;
                name = slice_from(name, prefix.len);
                buf_add(domain, slice_head(name, name.len - 1));
                return true;
        }
        return false;
}

static void add_policy(struct check *check)
{
        AUTO_BUF(domain, 1024);
        AUTO_BUF(name, 1024);
        AUTO_BUF(value, 1024);
        struct queue_policy *fetch;

        if (!has_policy(check, &domain))
                return;
        check->over = false;
        fetch = queue_policy_fetch(check->loop, check->resolver, &check->config->queue, domain.ptr,
                                   check, fetched);
        while (!check->over)
                loop_turn(check->loop, true);
        queue_policy_free(fetch);
        check->judge.policy = check->policy;
        check->judge.policy_why = check->policy_why;
        buf_addf(&name, "https://mta-sts.%s/.well-known/mta-sts.txt", domain.ptr);
        buf_addf(&value, "mx: %s", check->judge.host);
        ctl_dns_put_row(check->rows, false, "HTTPS", value.ptr, name.ptr);
}

/* ---- addresses and their names ---- */

static void put_reverse(const uint8_t ip[16], const char *host, json_t *rows)
{
        struct net_address address = net_address_of(ip);
        AUTO_BUF(name, 100);

        if (net_address_is_v4(&address)) {
                buf_addf(&name, "%u.%u.%u.%u.in-addr.arpa.", ip[15], ip[14], ip[13], ip[12]);
        } else {
                for (size_t i = 16; i > 0; i--)
                        buf_addf(&name, "%x.%x.", ip[i - 1] & 15U, ip[i - 1] >> 4);
                buf_add(&name, SLICE("ip6.arpa."));
        }
        ctl_dns_put_row(rows, true, "PTR", host, name.ptr);
}

/* How many the host has. */
static size_t add_reverse(struct check *check, const char *host)
{
        static const enum dns_type types[] = { DNS_A, DNS_AAAA };
        struct dns_questions ignored = { .n = 0 };
        size_t n = 0;

        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
                const struct dns_answer *a = dns_facts_ask(&check->facts, host, types[t], &ignored);

                for (size_t i = 0; a && i < a->n; i++, n++)
                        put_reverse(a->records[i].ip, host, check->rows);
        }
        return n;
}

/* ---- all of it ---- */

/* Something that is needed is not right, or something is wrong. */
static bool is_bad(const struct check *check)
{
        const json_t *row;
        size_t i;

        json_array_foreach(check->rows, i, row)
        {
                const char *state = json_string_value(json_object_get(row, "state"));
                bool right = state && strcmp(state, "right") == 0;

                if (!right && json_is_true(json_object_get(row, "needed")))
                        return true;
                if (state && strcmp(state, "wrong") == 0)
                        return true;
        }
        return check->failed;
}

static bool check_init(struct check *check, const struct config *config, json_t *rows)
{
        struct error error = { 0 };

        *check = (struct check){
                .config = config, .loop = loop_new(), .arena = ARENA_INIT(FACTS_MAX), .rows = rows
        };
        check->facts.arena = &check->arena;
        check->judge.host = config->main.hostname;
        check->judge.local = check->local;
        check->judge.n_local = local_addresses(check->config, check->local);
        check->resolver = resolver_new(check->loop, &config->resolver, &error);
        if (!check->resolver) {
                loop_free(check->loop);
                fprintf(stderr, "mailserverctl: %s\n", error.text);
        }
        return check->resolver;
}

static enum err check_done(struct check *check)
{
        bool bad = is_bad(check);

        resolver_free(check->resolver);
        loop_free(check->loop);
        arena_done(&check->arena);
        mem_free(check->policy);
        mem_free(check->policy_why);
        return bad ? ERR_NOTFOUND : ERR_OK;
}

enum err ctl_dns_judge(const struct config *config, json_t *rows)
{
        AUTO(mem_freep) struct check *check = NEW(struct check);

        if (!check_init(check, config, rows))
                return ERR_IO;
        judge_rows(check);
        return check_done(check);
}

enum err ctl_dns_check(const struct config *config, json_t *rows)
{
        AUTO(mem_freep) struct check *check = NEW(struct check);
        AUTO_BUF(host, 1024);

        if (!check_init(check, config, rows))
                return ERR_IO;
        buf_addf(&host, "%s.", config->main.hostname);
        ctl_dns_put_row(rows, false, "A", "an address", host.ptr);
        ctl_dns_put_row(rows, false, "AAAA", "an address", host.ptr);
        judge_rows(check);
        add_policy(check);
        check->failed |= add_reverse(check, host.ptr) == 0;
        judge_rows(check);
        return check_done(check);
}
