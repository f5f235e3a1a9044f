/* status.c — how the server is, in numbers. */
#include "status.h"

#include "server.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/metrics.h"
#include "mailserver/queue/queue.h"
#include "mailserver/store/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void number(status_fn *fn, void *arg, const char *name, int64_t value)
{
        char text[32];

        snprintf(text, sizeof text, "%" PRId64, value);
        fn(arg, name, text);
}

/* Resident octets of this process: the second number of /proc/self/statm, in pages. */
static int64_t resident_octets(void)
{
        long long pages = 0;
        char line[128], *second = NULL;
        FILE *f = fopen("/proc/self/statm", "re");

        if (!f)
                return 0;
        if (fgets(line, sizeof line, f))
                second = strchr(line, ' ');
        if (second)
                pages = strtoll(second, NULL, 10);
        fclose(f);
        return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static void auth_numbers(struct server *s, status_fn *fn, void *arg)
{
        struct auth_stats stats = { 0 };

        auth_get_stats(server_auth(s), &stats);
        number(fn, arg, "auth_logins", stats.logins);
        number(fn, arg, "auth_failures", stats.failures);
        number(fn, arg, "auth_bans", stats.bans);
        number(fn, arg, "auth_banned_addresses", stats.banned_addresses);
        number(fn, arg, "auth_banned_pairs", stats.banned_pairs);
        number(fn, arg, "auth_banned_names", stats.banned_names);
        number(fn, arg, "auth_refused_connections", server_refused_banned(s));
}

static void store_numbers(struct server *s, status_fn *fn, void *arg)
{
        struct store_stats stats = { 0 };

        store_get_stats(server_store(s), &stats);
        number(fn, arg, "store_commits", stats.commits);
        number(fn, arg, "store_write_tasks", stats.write_tasks);
        number(fn, arg, "store_read_tasks", stats.read_tasks);
        number(fn, arg, "store_batches_rerun", stats.batches_rerun);
        number(fn, arg, "store_waiting_write", (int64_t)stats.waiting_write);
        number(fn, arg, "store_waiting_read", (int64_t)stats.waiting_read);
        number(fn, arg, "store_waiting_work", (int64_t)stats.waiting_work);
        number(fn, arg, "store_wal_octets", stats.wal_octets);
        number(fn, arg, "store_disk_free", stats.disk_free);
        number(fn, arg, "store_spool_memory", stats.spool_memory_used);
        fn(arg, "store_disk_low", store_disk_low(server_store(s)) ? "yes" : "no");
}

static void queue_numbers(struct server *s, status_fn *fn, void *arg)
{
        struct queue_stats stats = { 0 };

        queue_get_stats(server_queue(s), &stats);
        number(fn, arg, "queue_in_memory", (int64_t)stats.in_memory);
        number(fn, arg, "queue_destinations", (int64_t)stats.destinations);
        number(fn, arg, "queue_destinations_failing", (int64_t)stats.failing);
        number(fn, arg, "queue_connections", (int64_t)stats.connections);
        number(fn, arg, "queue_delivered", metric_value(metric_counter(QUEUE_METRIC_DELIVERED)));
        number(fn, arg, "queue_deferred", metric_value(metric_counter(QUEUE_METRIC_DEFERRED)));
        number(fn, arg, "queue_bounced", metric_value(metric_counter(QUEUE_METRIC_BOUNCED)));
        number(fn, arg, "queue_converted", metric_value(metric_counter(QUEUE_METRIC_CONVERTED)));
}

enum err status_each_stored(struct store_txn *tx, status_fn *fn, void *arg)
{
        struct store_queue_counts counts = { 0 };
        char oldest[CLOCK_ISO_SIZE];
        enum err err = store_queue_count(tx, clock_now_us(), &counts);

        if (err)
                return err;
        number(fn, arg, "queue_rows", counts.rows);
        number(fn, arg, "queue_due", counts.due);
        number(fn, arg, "queue_held", counts.held);
        clock_iso(counts.oldest_us, oldest);
        fn(arg, "queue_oldest", counts.rows ? oldest : "-");
        return ERR_OK;
}

void status_each(struct server *s, status_fn *fn, void *arg)
{
        char text[CLOCK_ISO_SIZE];

        fn(arg, "version", MAILSERVER_VERSION);
        number(fn, arg, "pid", getpid());
        fn(arg, "hostname", server_config(s)->main.hostname);
        fn(arg, "data_dir", server_config(s)->main.data_dir);
        clock_iso(server_started_us(s), text);
        fn(arg, "started", text);
        number(fn, arg, "resident_octets", resident_octets());
        number(fn, arg, "connections", (int64_t)net_server_connections(server_net(s)));
        if (server_tls(s)) {
                clock_iso(tls_set_expires_us(server_tls(s)), text);
                fn(arg, "certificate_expires", text);
        } else {
                fn(arg, "certificate_expires", "no-certificate");
        }
        auth_numbers(s, fn, arg);
        store_numbers(s, fn, arg);
        queue_numbers(s, fn, arg);
}

static void log_value(void *arg, const char *name, const char *value)
{
        (void)arg;
        log_info("status %s=%s", name, value);
}

static void log_session(struct conn *c, void *arg)
{
        struct conn_info i;

        (void)arg;
        conn_describe(c, &i);
        log_info("c=%s status service=%s peer=%s account=%s state=%s tls=%s idle_ms=%" PRId64, i.id,
                 i.service, i.peer, i.account ? i.account : "-", i.state ? i.state : "-",
                 i.tls ? i.tls : "-", i.idle_ms);
}

void status_log(struct server *s)
{
        status_each(s, log_value, NULL);
        net_server_each(server_net(s), log_session, NULL);
}
