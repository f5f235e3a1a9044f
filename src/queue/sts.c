/*
 * sts.c — see sts.h.
 *
 * A domain that is asked about is a site while its policy is sought, and for
 * some minutes after a fetch that failed:
 *
 *      LOOKING   at what we keep (a read task) and at the TXT record, both at once
 *      WAITING   for its turn to fetch
 *      FETCHING  and then
 *      KEEPING   what came (a write task)
 *      FAILED    no query waits; a new one makes it LOOKING, but not fetch
 *
 * A refresh is the same with the queries answered before. libcurl is loaded when
 * the first waits for its turn; while it cannot be, every fetch fails.
 */
#include "sts.h"

#include "curl_loop.h"
#include "sts_decide.h"
#include "sts_fetch.h"
#include "sts_kept.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"
#include "mailserver/dns/name.h"
#include "mailserver/dns/resolver.h"

#include <assert.h>
#include <stdio.h>

enum { BUCKETS = 256, MAX_RECORDS = 64 };
enum { READ_AGAIN_MS = 1000, MAX_READS = 60 };
enum { EXPIRE_FIRST_MS = 60000, EXPIRE_MS = 86400000 };

enum state { LOOKING, WAITING, FETCHING, KEEPING, FAILED };

struct site {
        struct site *next; /* in its bucket */
        struct sts *sts;
        char domain[DNS_MAX_NAME + 1];
        enum state state;
        struct list queries;
        struct list link; /* waiting, or failed */
        struct loop_job job;
        struct timer timer; /* to read again */
        struct task *task;
        struct dns_query *query;
        struct sts_fetch *fetch;
        unsigned reads;
        bool looked;   /* at what we keep */
        bool kept;     /* and there was some: */
        bool answered; /* with that; what goes on is a refresh */
        struct buf kept_id, text;
        int64_t fetched_us;
        char id[MTA_STS_ID_SIZE]; /* published; "": none */
        bool failed_lately;
        int64_t failed_ms;
};

struct sts_query {
        struct list link; /* of the site */
        void *owner;
        sts_answered_fn *answered;
};

struct sts {
        struct loop *loop;
        struct store *store;
        struct resolver *resolver;
        struct sts_options options;
        char *ca_file;
        struct curl_loop *curl; /* NULL until the first fetch */
        struct task *loading;   /* libcurl */
        struct timer load_again;
        unsigned loads;   /* asked for in vain, in a row */
        bool cannot_load; /* that has been said */
        struct site *sites[BUCKETS];
        struct list waiting, failed; /* struct site.link; failed: the oldest first */
        size_t n_fetches, n_failed;
        struct timer expire_timer;
};

/* ---- sites ---- */

static struct site **bucket_of(struct sts *s, const char *domain)
{
        uint32_t hash = 2166136261u;

        for (; *domain; domain++)
                hash = (hash ^ (unsigned char)*domain) * 16777619u;
        return &s->sites[hash % BUCKETS];
}

static struct site *site_find(struct sts *s, const char *domain)
{
        struct site *site = *bucket_of(s, domain);

        while (site && strcmp(site->domain, domain) != 0)
                site = site->next;
        return site;
}

static void leave_failed(struct site *site)
{
        list_remove(&site->link);
        site->sts->n_failed--;
}

static void site_free(struct site *site)
{
        struct site **place = bucket_of(site->sts, site->domain);

        assert(list_empty(&site->queries));
        while (*place != site)
                place = &(*place)->next;
        *place = site->next;
        if (site->state == FAILED)
                leave_failed(site);
        list_remove(&site->link);
        loop_job_cancel(&site->job);
        timer_done(&site->timer);
        task_cancel(site->task);
        dns_query_cancel(site->query);
        sts_fetch_cancel(site->fetch);
        buf_done(&site->kept_id);
        buf_done(&site->text);
        mem_free(site);
}

/* For another fetch. */
static bool too_soon(const struct site *site)
{
        return loop_now_ms(site->sts->loop) - site->failed_ms < site->sts->options.retry_ms;
}

/* Those that have waited long enough, and the oldest of too many. */
static void forget_failures(struct sts *s)
{
        while (!list_empty(&s->failed)) {
                struct site *oldest = container_of(s->failed.next, struct site, link);

                if (s->n_failed <= s->options.max_failed && too_soon(oldest))
                        return;
                site_free(oldest);
        }
}

/* ---- answering ---- */

static void answer(struct site *site, const struct mta_sts_policy *policy)
{
        struct list all = LIST_INIT(all), *link;

        /* Who asks again in his answer waits for the next. */
        list_splice(&all, &site->queries);
        while ((link = list_pop(&all))) {
                struct sts_query *q = container_of(link, struct sts_query, link);
                struct sts_query mine = *q;

                mem_free(q);
                mine.answered(mine.owner, policy);
        }
}

/* By what stands in site->text, if it is in force. */
static void answer_by_text(struct site *site, bool any)
{
        struct mta_sts_policy policy;
        struct error error;

        if (any && !mta_sts_parse(buf_slice(&site->text), &policy, &error) &&
            policy.mode != MTA_STS_NONE)
                answer(site, &policy);
        else
                answer(site, NULL);
}

static void look(struct site *site);

/* Nothing goes on any more; queries that came while others were answered begin anew. */
static void site_end(struct site *site)
{
        if (!list_empty(&site->queries)) {
                look(site);
        } else if (site->failed_lately) {
                site->state = FAILED;
                list_append(&site->sts->failed, &site->link);
                site->sts->n_failed++;
        } else {
                site_free(site);
        }
}

/* ---- keeping what came ---- */

static void written(void *owner, enum err err, const struct sts_kept *kept)
{
        struct site *site = owner;

        (void)kept;
        site->task = NULL;
        if (err)
                log_error("sts domain=%s not kept: %s", site->domain, err_name(err));
        answer_by_text(site, true);
        site_end(site);
}

static void keep(struct site *site, int64_t max_age_s)
{
        site->state = KEEPING;
        site->task = sts_kept_write(site->sts->store, site->domain, slice_of(site->id),
                                    buf_slice(&site->text), max_age_s, site, written);
        if (!site->task)
                written(site, ERR_BUSY, NULL);
}

/* ---- fetching ---- */

static void fetch_next(struct sts *s);

static void fetch_failed(struct site *site, const char *why)
{
        log_info("sts domain=%s fetch=failed kept=%s why=\"%s\"", site->domain,
                 site->kept ? "yes" : "no", LOG_ESC(slice_of(why)));
        site->failed_lately = true;
        site->failed_ms = loop_now_ms(site->sts->loop);
        answer_by_text(site, site->kept);
        site_end(site);
}

static void fetched(void *owner, struct slice text, const char *why)
{
        struct site *site = owner;
        struct sts *s = site->sts;
        struct mta_sts_policy policy;
        struct error error = { 0 };

        site->fetch = NULL;
        s->n_fetches--;
        if (!why && mta_sts_parse(text, &policy, &error))
                why = error.text;
        if (why) {
                fetch_failed(site, why);
        } else {
                log_info("sts domain=%s fetch=ok id=%s", site->domain, site->id);
                buf_clear(&site->text);
                buf_add(&site->text, text);
                keep(site, policy.max_age_s);
        }
        fetch_next(s);
}

static void fail_waiting(struct sts *s, const char *why)
{
        struct list all = LIST_INIT(all), *link;

        list_splice(&all, &s->waiting);
        while ((link = list_pop(&all)))
                fetch_failed(container_of(link, struct site, link), why);
}

static void library_loaded(void *owner, const struct curl_library *library,
                           const struct error *error)
{
        struct sts *s = owner;

        s->loading = NULL;
        if (library) {
                s->curl = curl_loop_new(s->loop, library);
                fetch_next(s);
                return;
        }
        if (!s->cannot_load)
                log_error("sts policies=not-fetched: %s", error->text);
        s->cannot_load = true;
        fail_waiting(s, error->text);
}

/*
 * Tried again for every fetch: who installs it need not restart us. That we have much to do must
 * not pass for a policy that cannot be had.
 */
static void load_library(void *sts)
{
        struct sts *s = sts;

        if (s->loading || timer_pending(&s->load_again) || list_empty(&s->waiting))
                return;
        s->loading = curl_library_load(s->store, s->options.curl_file, s, library_loaded);
        if (!s->loading && ++s->loads < MAX_READS) {
                timer_set(&s->load_again, s->loop, READ_AGAIN_MS, load_library, s);
                return;
        }
        s->loads = 0;
        if (!s->loading)
                fail_waiting(s, "too much else is to be done");
}

static void fetch_next(struct sts *s)
{
        struct list *link;

        if (!s->curl) {
                load_library(s);
                return;
        }
        while (s->n_fetches < s->options.max_fetches && (link = list_pop(&s->waiting))) {
                struct site *site = container_of(link, struct site, link);

                site->state = FETCHING;
                s->n_fetches++;
                site->fetch = sts_fetch(s->curl, s->loop, s->resolver, &s->options, site->domain,
                                        site, fetched);
        }
}

/* ---- looking ---- */

static struct sts_known what_is_known(const struct site *site)
{
        return (struct sts_known){
                .kept = site->kept,
                .kept_id = buf_slice(&site->kept_id),
                .fetched_us = site->fetched_us,
                .published = site->id[0] != '\0',
                .id = slice_of(site->id),
                .failed_lately = site->failed_lately,
                .now_us = clock_now_us(),
                .refresh_us = site->sts->options.refresh_ms * 1000,
        };
}

static void decide(struct site *site)
{
        struct sts *s = site->sts;
        struct sts_known known;

        site->failed_lately = site->failed_lately && too_soon(site);
        known = what_is_known(site);
        switch (sts_decide(&known)) {
        case STS_NONE:
        case STS_KEPT:
                answer_by_text(site, site->kept);
                site_end(site);
                return;
        case STS_REFRESH:
                site->answered = true;
                answer_by_text(site, true);
                break;
        case STS_FETCH:
                break;
        }
        site->state = WAITING;
        list_append(&s->waiting, &site->link);
        fetch_next(s);
}

static void looked(struct site *site)
{
        if (site->looked && !site->query)
                decide(site);
}

static void read_kept(void *arg);

/* That we cannot read must not take away what is in force: it is tried for a while. */
static void read_failed(struct site *site, enum err err)
{
        if (++site->reads < MAX_READS) {
                timer_set(&site->timer, site->sts->loop, READ_AGAIN_MS, read_kept, site);
                return;
        }
        log_error("sts domain=%s not read: %s", site->domain, err_name(err));
        site->looked = true;
        looked(site);
}

static void have_read(void *owner, enum err err, const struct sts_kept *kept)
{
        struct site *site = owner;

        site->task = NULL;
        if (err) {
                read_failed(site, err);
                return;
        }
        buf_clear(&site->kept_id);
        buf_clear(&site->text);
        buf_add(&site->kept_id, buf_slice(&kept->id));
        buf_add(&site->text, buf_slice(&kept->text));
        site->kept = kept->any;
        site->fetched_us = kept->fetched_us;
        site->looked = true;
        looked(site);
}

static void read_kept(void *arg)
{
        struct site *site = arg;

        site->task = sts_kept_read(site->sts->store, site->domain, site, have_read);
        if (!site->task)
                read_failed(site, ERR_BUSY);
}

static void heard_txt(void *owner, const struct dns_answer *answer)
{
        struct site *site = owner;
        struct slice records[MAX_RECORDS];
        size_t n = answer->n < MAX_RECORDS ? answer->n : MAX_RECORDS;

        site->query = NULL;
        for (size_t i = 0; i < n; i++)
                records[i] = answer->records[i].octets;
        if (answer->status != DNS_OK || mta_sts_id(records, n, site->id))
                site->id[0] = '\0';
        looked(site);
}

static void look(struct site *site)
{
        struct sts *s = site->sts;
        char name[DNS_MAX_NAME + sizeof "_mta-sts."];

        loop_job_cancel(&site->job);
        site->state = LOOKING;
        site->looked = site->kept = site->answered = false;
        site->reads = 0;
        site->id[0] = '\0';
        snprintf(name, sizeof name, "_mta-sts.%s", site->domain);
        site->query = resolver_ask(s->resolver, name, DNS_TXT, site, heard_txt);
        read_kept(site);
}

/* ---- asking ---- */

static void say_again(struct loop_job *job)
{
        struct site *site = container_of(job, struct site, job);

        answer_by_text(site, true);
}

/* A domain that cannot have a policy: its site has no name and is no one else's. */
static void say_none(struct loop_job *job)
{
        struct site *site = container_of(job, struct site, job);

        answer(site, NULL);
        if (list_empty(&site->queries))
                site_free(site);
        else
                loop_later(site->sts->loop, &site->job);
}

static struct site *site_new(struct sts *s, const char *domain)
{
        struct site *site = NEW(struct site), **bucket = bucket_of(s, domain);

        site->sts = s;
        snprintf(site->domain, sizeof site->domain, "%s", domain);
        site->next = *bucket;
        *bucket = site;
        list_init(&site->queries);
        list_init(&site->link);
        site->kept_id.max = MTA_STS_ID_SIZE;
        site->text.max = MTA_STS_MAX_POLICY;
        return site;
}

static struct site *site_of(struct sts *s, const char *domain)
{
        AUTO_BUF(ascii, DNS_MAX_NAME + 1);
        bool valid = dns_name_ascii(domain, &ascii) == ERR_OK;
        const char *name = valid ? ascii.ptr : "";
        struct site *site = site_find(s, name);

        if (site && site->state == FAILED) {
                leave_failed(site);
                look(site);
        } else if (site && site->answered) {
                site->job.run = say_again;
                loop_later(s->loop, &site->job);
        } else if (!site) {
                site = site_new(s, name);
                site->job.run = say_none;
                if (valid)
                        look(site);
                else
                        loop_later(s->loop, &site->job);
        }
        return site;
}

struct sts_query *sts_ask(struct sts *s, const char *domain, void *owner, sts_answered_fn *answered)
{
        struct sts_query *q = NEW(struct sts_query);

        forget_failures(s);
        q->owner = owner;
        q->answered = answered;
        list_append(&site_of(s, domain)->queries, &q->link);
        return q;
}

void sts_query_cancel(struct sts_query *q)
{
        if (!q)
                return;
        list_remove(&q->link);
        mem_free(q);
}

/* ---- life ---- */

static void expire(void *arg)
{
        struct sts *s = arg;

        sts_kept_expire(s->store);
        timer_set(&s->expire_timer, s->loop, EXPIRE_MS, expire, s);
}

struct sts *sts_new(struct loop *l, struct store *store, struct resolver *resolver,
                    const struct sts_options *options)
{
        struct sts *s = NEW(struct sts);

        s->loop = l;
        s->store = store;
        s->resolver = resolver;
        s->options = *options;
        if (options->ca_file)
                s->options.ca_file = s->ca_file = mem_strdup(slice_of(options->ca_file));
        list_init(&s->waiting);
        list_init(&s->failed);
        timer_set(&s->expire_timer, l, EXPIRE_FIRST_MS, expire, s);
        return s;
}

void sts_free(struct sts *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < BUCKETS; i++)
                while (s->sites[i])
                        site_free(s->sites[i]);
        timer_done(&s->expire_timer);
        task_cancel(s->loading);
        timer_done(&s->load_again);
        curl_loop_free(s->curl);
        mem_free(s->ca_file);
        mem_free(s);
}
