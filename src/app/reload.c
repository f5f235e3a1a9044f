/*
 * reload.c — reading configuration and certificates anew without dropping a
 * connection.
 *
 * One reload task is in flight at most. So the configuration it compares with
 * stays as it is while a worker reads: only a reload's done replaces it.
 */
#include "reload.h"

#include "server.h"
#include "systemd.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"
#include "mailserver/net/tls.h"

#include <inttypes.h>
#include <stdio.h>

enum { REPORT_MAX = 1 << 16 };

typedef void reload_done_fn(void *owner, enum err result, struct slice report);

struct reload {
        struct server *server;
        struct timer timer;
        struct reload_task *in_flight;
        bool wanted;          /* asked for while a task was in flight, */
        void *asker;          /* by this one, if `done` is not NULL; else by SIGHUP */
        reload_done_fn *done; /* told once it has been done */
        uint64_t fingerprint; /* of the certificate files in use; 0: there are none */
};

struct reload_task {
        struct task task;
        struct reload *reload;
        bool whole;                   /* the configuration too; else only changed certificates */
        const char *path;             /* borrowed from the server */
        const struct config *running; /* borrowed: see above */
        uint64_t known;
        struct config *config;
        struct tls_set *tls;
        uint64_t fingerprint;
        struct buf report;
        void *asker;
        reload_done_fn *done;
};

/* ---- worker ---- */

static enum err load_certificates(struct reload_task *t, const struct tls_config *config)
{
        enum err err;

        if (!config->certificate || !config->certificate[0])
                return ERR_OK;
        t->fingerprint = tls_config_fingerprint(config);
        if (!t->whole && t->known == t->fingerprint)
                return ERR_OK;
        err = tls_set_new(config, &t->tls, &t->task.error);
        if (err)
                buf_addf(&t->report, "%s; the certificates in use stay in use\n",
                         t->task.error.text);
        return err;
}

static enum err reload_work(struct task *task, struct store_txn *tx)
{
        struct reload_task *t = container_of(task, struct reload_task, task);

        (void)tx;
        if (!t->whole)
                return load_certificates(t, &t->running->tls);
        t->config = config_load(t->path, &t->report);
        if (!t->config)
                return ERR_SYNTAX;
        enum err err = load_certificates(t, &t->config->tls);

        if (!err && !conf_print_changes(t->running->sections, t->config->sections, &t->report))
                buf_add(&t->report, SLICE("no option has changed\n"));
        return err;
}

/* ---- loop ---- */

static void log_report(enum log_level level, struct slice report)
{
        struct slice line;

        while (slice_cut(&report, '\n', &line))
                if (log_enabled(level))
                        log_line(level, "reload " SLICE_FMT, SLICE_ARG(line));
}

static void reload_done(struct task *task)
{
        struct reload_task *t = container_of(task, struct reload_task, task);
        struct reload *r = t->reload;

        if (!task->result) {
                if (t->fingerprint)
                        r->fingerprint = t->fingerprint;
                if (t->tls)
                        buf_addf(&t->report, "certificates read; new connections use them\n");
                if (t->config || t->tls)
                        server_apply(r->server, t->config, t->tls);
                t->config = NULL;
                t->tls = NULL;
        } else {
                buf_addf(&t->report, "nothing has been changed\n");
                /* Said once: the next look is for files other than these. */
                if (!t->whole)
                        r->fingerprint = t->fingerprint;
        }
        log_report(task->result ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, buf_slice(&t->report));
        if (t->done)
                t->done(t->asker, task->result, buf_slice(&t->report));
}

static void start_wanted(struct reload *r)
{
        void *asker = r->asker;
        reload_done_fn *done = r->done;

        if (!r->wanted)
                return;
        r->wanted = false;
        r->asker = NULL;
        r->done = NULL;
        reload_start(r, asker, done);
}

static void reload_drop(struct task *task)
{
        struct reload_task *t = container_of(task, struct reload_task, task);
        struct reload *r = t->reload;

        if (task->owner && r->in_flight == t) {
                r->in_flight = NULL;
                if (t->whole)
                        systemd_notify("READY=1");
                start_wanted(r);
        }
        config_free(t->config);
        tls_set_unref(t->tls);
        buf_done(&t->report);
        mem_free(t);
}

static const struct task_class reload_class = { "reload", reload_work, reload_done, reload_drop };

static enum err submit(struct reload *r, bool whole, void *asker, reload_done_fn *done)
{
        struct reload_task *t = NEW(struct reload_task);

        t->task.class = &reload_class;
        t->task.owner = r;
        t->reload = r;
        t->whole = whole;
        t->path = server_config_path(r->server);
        t->running = server_config(r->server);
        t->known = r->fingerprint;
        t->report.max = REPORT_MAX;
        t->asker = asker;
        t->done = done;
        enum err err = store_submit(server_store(r->server), 0, STORE_WORK, &t->task);

        if (err)
                mem_free(t);
        else
                r->in_flight = t;
        return err;
}

void reload_start(struct reload *r, void *owner, reload_done_fn *done)
{
        char state[64];

        if (r->in_flight && done && (r->in_flight->whole || r->done)) {
                done(owner, ERR_BUSY, SLICE("a reload is under way; try again\n"));
                return;
        }
        if (r->in_flight) {
                /* A look at the certificates is nothing that anybody has asked for. */
                r->wanted = true;
                if (done) {
                        r->asker = owner;
                        r->done = done;
                }
                return;
        }
        if (submit(r, true, owner, done)) {
                log_warn("reload not begun: the server is too busy; try again");
                if (done)
                        done(owner, ERR_BUSY, SLICE("the server is too busy; try again\n"));
                return;
        }
        snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_us());
        systemd_notify(state);
}

static void certificates_due(void *arg)
{
        struct reload *r = arg;

        if (!r->in_flight && submit(r, false, NULL, NULL))
                log_debug("reload certificates=busy");
        reload_watch_certificates(r);
}

void reload_watch_certificates(struct reload *r)
{
        timer_set(&r->timer, server_loop(r->server),
                  server_config(r->server)->tls.check_interval_ms, certificates_due, r);
}

struct reload *reload_new(struct server *s)
{
        struct reload *r = NEW(struct reload);

        r->server = s;
        /* Now and not at the first look: what changes until then must be seen by it. */
        if (server_tls(s))
                r->fingerprint = tls_config_fingerprint(&server_config(s)->tls);
        return r;
}

static void tell_stop(void *asker, reload_done_fn *done)
{
        if (done)
                done(asker, ERR_CANCELLED, SLICE("the server stops\n"));
}

void reload_free(struct reload *r)
{
        if (!r)
                return;
        tell_stop(r->asker, r->done);
        if (r->in_flight) {
                tell_stop(r->in_flight->asker, r->in_flight->done);
                task_cancel(&r->in_flight->task);
        }
        timer_done(&r->timer);
        mem_free(r);
}
