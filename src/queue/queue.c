/* queue.c — the queue's life: made, given options, woken, stopped. */
#include "outcome.h"
#include "roots.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

enum { MAX_PASSWORD = 512 };

uint32_t queue_random(void)
{
        uint32_t value = 0;

        if (RAND_bytes((unsigned char *)&value, sizeof value) != 1)
                value = (uint32_t)clock_monotonic_us();
        return value;
}

void queue_put_words(struct buf *out, const char *key, const char *text)
{
        size_t end = out->len + QUEUE_WORDS_MAX;

        buf_addf(out, " %s=\"", key);
        for (; *text && out->len < end; text++)
                if (*text < ' ' || *text > '~')
                        buf_addf(out, "\\x%02x", (unsigned char)*text);
                else
                        buf_addc(out, *text == '"' ? '\'' : *text);
        buf_add(out, SLICE("\""));
}

bool queue_was_said(const struct smtp_client_reply *reply)
{
        return reply->code && !reply->ours;
}

const char *queue_words(const struct smtp_client_reply *reply, struct buf *out)
{
        if (!queue_was_said(reply))
                return reply->text;
        buf_clear(out);
        buf_addf(out, "%d %s", reply->code, reply->text);
        return buf_slice(out).ptr;
}

void queue_put_reply(struct buf *out, const struct smtp_client_reply *reply)
{
        AUTO_BUF(said, QUEUE_LOGGED_MAX);

        if (!queue_was_said(reply)) {
                queue_put_words(out, "why", reply->text);
                return;
        }
        buf_addf(&said, "%d %.900s", reply->code, reply->text);
        queue_put_words(out, "reply", buf_slice(&said).ptr);
}

/* ---- options ---- */

static void forget_passwords(struct queue *q)
{
        for (size_t i = 0; i < q->n_passwords; i++) {
                if (q->passwords[i])
                        explicit_bzero(q->passwords[i], strlen(q->passwords[i]));
                mem_free(q->passwords[i]);
        }
        mem_free(q->passwords);
        q->passwords = NULL;
        q->n_passwords = 0;
}

/* The first line of a file; NULL, and said in the log, if it cannot be read. */
static char *read_password(const char *path)
{
        char text[MAX_PASSWORD];
        struct slice rest, line;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
        char *password;

        if (fd >= 0)
                close(fd);
        if (n < 0) {
                log_error("queue routes password_file=%s unreadable: mail by this route will wait",
                          path);
                return NULL;
        }
        rest = (struct slice){ text, (size_t)n };
        line = slice_cut_piece(&rest, '\n');
        if (slice_ends(line, SLICE("\r")))
                line.len--;
        password = mem_strdup(line);
        explicit_bzero(text, sizeof text);
        return password;
}

static void read_passwords(struct queue *q)
{
        const struct queue_route_config *routes = q->config->routes.items;

        forget_passwords(q);
        q->n_passwords = q->config->routes.n;
        q->passwords = mem_alloc_array(q->n_passwords, sizeof *q->passwords);
        for (size_t i = 0; i < q->n_passwords; i++)
                if (routes[i].password_file)
                        q->passwords[i] = read_password(routes[i].password_file);
}

void queue_set_config(struct queue *q, const struct queue_config *config,
                      const struct smtp_client_config *smtp)
{
        sites_retire(q);
        q->config = config;
        q->smtp = *smtp;
        read_passwords(q);
        queue_wake(q);
}

void queue_set_own(struct queue *q, const struct net_address *own, size_t n)
{
        q->n_own = n < QUEUE_MAX_OWN ? n : QUEUE_MAX_OWN;
        memcpy(q->own, own, q->n_own * sizeof *own);
}

/* ---- life ---- */

static void changed(struct store_watcher *w, const struct store_change *change)
{
        struct queue *q = container_of(w, struct queue, watcher);

        if (change->kind != STORE_CHANGE_QUEUE || q->stopping)
                return;
        if (change->account)
                sites_forgive(q);
        scan_soon(q, change->account ? SCAN_WHOLE : SCAN_NEW);
}

static void say_stopped(struct loop_job *job)
{
        struct queue *q = container_of(job, struct queue, stop_job);

        q->stopped(q->stopped_arg);
}

static void feed(struct loop_job *job)
{
        sites_feed(container_of(job, struct queue, feed_job));
}

struct sts_options queue_sts_options(const struct queue_config *c)
{
        return (struct sts_options){
                .timeout_ms = c->mta_sts_timeout_ms,
                .retry_ms = c->mta_sts_retry_ms,
                .refresh_ms = c->mta_sts_refresh_ms,
                .max_fetches = (size_t)c->mta_sts_max_fetches,
                .max_size = (size_t)c->mta_sts_max_size,
                .max_failed = (size_t)c->mta_sts_max_failed,
                .ca_file = c->ca_file,
                .port = (uint16_t)c->mta_sts_port,
                .private_addresses = c->private_addresses,
        };
}

static struct sts *make_sts(const struct queue *q)
{
        struct sts_options options = queue_sts_options(q->config);

        return sts_new(q->loop, q->store, q->resolver, &options);
}

static void make_metrics(struct queue *q)
{
        q->n_fates[FATE_DELIVERED] = metric_counter(QUEUE_METRIC_DELIVERED);
        q->n_fates[FATE_DEFERRED] = metric_counter(QUEUE_METRIC_DEFERRED);
        q->n_fates[FATE_BOUNCED] = metric_counter(QUEUE_METRIC_BOUNCED);
        q->n_converted = metric_counter(QUEUE_METRIC_CONVERTED);
}

void queue_get_stats(const struct queue *q, struct queue_stats *ret_stats)
{
        struct queue_stats stats = { .in_memory = q->rows.n, .connections = q->n_links };

        list_each (at, &q->all) {
                const struct site *site = container_of(at, struct site, all);

                stats.destinations += !site->stale;
                stats.failing += !site->stale && site->failures > 0;
        }
        *ret_stats = stats;
}

struct queue *queue_new(struct loop *l, struct store *store, struct resolver *resolver,
                        const char *hostname, const struct queue_config *config,
                        const struct smtp_client_config *smtp)
{
        struct queue *q = NEW(struct queue);

        q->loop = l;
        q->store = store;
        q->resolver = resolver;
        q->hostname = hostname;
        q->config = config;
        q->smtp = *smtp;
        list_init(&q->all);
        list_init(&q->outcomes);
        turns_init(&q->starved);
        list_init(&q->idle);
        list_init(&q->touched);
        q->fair_after = INT64_MIN;
        q->watcher.changed = changed;
        q->stop_job.run = say_stopped;
        q->feed_job.run = feed;
        make_metrics(q);
        read_passwords(q);
        q->sts = make_sts(q);
        q->roots = roots_new(l, store, config->ca_file);
        store_watch(store, &q->watcher);
        scan_soon(q, SCAN_WHOLE);
        return q;
}

void queue_free(struct queue *q)
{
        if (!q)
                return;
        q->stopping = true;
        store_unwatch(q->store, &q->watcher);
        scan_cancel(q);
        outcomes_orphan(q);
        sites_free(q);
        /* Last: what ends may set them. */
        timer_done(&q->scan_timer);
        loop_job_cancel(&q->stop_job);
        loop_job_cancel(&q->feed_job);
        sts_free(q->sts);
        roots_free(q->roots);
        id_set_done(&q->rows);
        counters_done(&q->shares);
        counters_done(&q->openers);
        id_set_done(&q->told);
        forget_passwords(q);
        mem_free(q);
}

void queue_wake(struct queue *q)
{
        if (!q->stopping)
                scan_soon(q, SCAN_WHOLE);
}

void queue_feed_soon(struct queue *q)
{
        if (q->starved.n && !q->stopping)
                loop_later(q->loop, &q->feed_job);
}

void queue_ended(struct queue *q)
{
        if (q->stopping && q->n_links == 0 && list_empty(&q->outcomes))
                loop_later(q->loop, &q->stop_job);
}

void queue_abort(struct queue *q)
{
        q->aborted = true;
        sites_abort(q);
        outcomes_abort(q);
}

void queue_stop(struct queue *q, void (*stopped)(void *arg), void *arg)
{
        q->stopping = true;
        q->stopped = stopped;
        q->stopped_arg = arg;
        scan_cancel(q);
        timer_clear(&q->scan_timer);
        sites_retire(q);
        queue_ended(q);
}
