/*
 * server.c — the running daemon.
 *
 * Start, in this order: ports (they may need root), then the service user,
 * then the store and all that stands on it, then accepting. Stop is the same
 * backwards: no new connections, sessions finish, the store closes.
 */
#include "server.h"

#include "control.h"
#include "local.h"
#include "privileges.h"
#include "reload.h"
#include "signals.h"
#include "systemd.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"
#include "mailserver/queue/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct server {
        const char *config_path;
        struct config *config;
        char *hostname; /* as it was at start: what lives on borrows it */
        struct loop *loop;
        struct task_hub *hub;
        struct tls_set *tls;
        struct net_server *net;
        struct net_service services[SERVICE_MAX_];
        struct store *store;
        struct search *search;
        struct auth *auth;
        struct smtp_sink *sink;
        struct resolver *resolver;
        struct queue *queue;
        struct smtp_server *smtp;
        struct pop3_server *pop3;
        struct imap_server *imap;
        struct store_watcher account_watcher;
        struct control *control;
        struct reload *reload;
        struct signals *signals;
        struct timer stop_timer;
        bool stopping;
        unsigned to_stop; /* of what is told to stop and has not ended */
        int64_t started_us, refused_banned;
};

struct queue *server_queue(struct server *s)
{
        return s->queue;
}

struct store *server_store(struct server *s)
{
        return s->store;
}
struct search *server_search(struct server *s)
{
        return s->search;
}
struct net_server *server_net(struct server *s)
{
        return s->net;
}
struct auth *server_auth(struct server *s)
{
        return s->auth;
}
struct loop *server_loop(struct server *s)
{
        return s->loop;
}
struct task_hub *server_hub(struct server *s)
{
        return s->hub;
}
const struct config *server_config(const struct server *s)
{
        return s->config;
}
const char *server_config_path(const struct server *s)
{
        return s->config_path;
}
const struct tls_set *server_tls(const struct server *s)
{
        return s->tls;
}
struct reload *server_reloader(struct server *s)
{
        return s->reload;
}
void server_reload(struct server *s)
{
        if (s->reload && !s->stopping)
                reload_start(s->reload, NULL, NULL);
}
int64_t server_refused_banned(const struct server *s)
{
        return s->refused_banned;
}
int64_t server_started_us(const struct server *s)
{
        return s->started_us;
}

/* ---- ports ---- */

/*
 * A ban ends, so the replies to one are temporary: 421 (RFC 5321 3.8) with X.7.0, a matter of
 * security (RFC 3463 3.8); 554 in a greeting (RFC 5321 3.1) or 521 (RFC 7504 3) would have a
 * mail program give up the mail it has queued. In POP3 [SYS/TEMP], since [AUTH]
 * would have the user asked for another password (RFC 3206 4).
 */
#define REFUSED      "Too many failed logins from your address; try later\r\n"
#define SMTP_BUSY    "421 4.3.2 Too many connections; try later\r\n"
#define SMTP_REFUSED "421 4.7.0 " REFUSED

static const struct {
        const struct conn_handler *handler;
        bool implicit_tls, tls_tickets;
        const char *busy_line;
        /* On port 25 there is no login; it takes mail from a banned address, too. */
        bool gated;
        const char *refused_line;
} service_kinds[SERVICE_MAX_] = {
  /* Exchange Online fails on session tickets, so port 25 has none. */
        [SERVICE_SMTP] = {.handler = &smtp_handler,  .busy_line = SMTP_BUSY      },
        [SERVICE_SUBMISSION] = { .handler = &smtp_handler,
                          .tls_tickets = true,
                          .busy_line = SMTP_BUSY,
                          .gated = true,
                          .refused_line = SMTP_REFUSED },
        [SERVICE_SUBMISSIONS] = {                              .handler = &smtp_handler,
                          .implicit_tls = true,
                          .tls_tickets = true,
                          .gated = true },
        [SERVICE_POP3] = {                                             .handler = &pop3_handler,
                          .tls_tickets = true,
                          .busy_line = "-ERR [SYS/TEMP] Too many connections\r\n",
                          .gated = true,
                          .refused_line = "-ERR [SYS/TEMP] " REFUSED },
        [SERVICE_POP3S] = {                                             .handler = &pop3_handler,
                          .implicit_tls = true,
                          .tls_tickets = true,
                          .gated = true },
        [SERVICE_IMAP] = {                                       .handler = &imap_handler,
                          .tls_tickets = true,
                          .busy_line = "* BYE Too many connections\r\n",
                          .gated = true,
                          .refused_line = "* BYE " REFUSED },
        [SERVICE_IMAPS] = {             .handler = &imap_handler,
                          .implicit_tls = true,
                          .tls_tickets = true,
                          .gated = true },
};

static enum err open_ports(struct server *s, struct error *reterr)
{
        for (size_t i = 0; i < SERVICE_MAX_; i++) {
                struct net_service *service = &s->services[i];

                *service = (struct net_service){
                        .name = service_name((enum service_id)i),
                        .handler = service_kinds[i].handler,
                        .implicit_tls = service_kinds[i].implicit_tls,
                        .tls_tickets = service_kinds[i].tls_tickets,
                        .busy_line = service_kinds[i].busy_line,
                        .gated = service_kinds[i].gated,
                        .refused_line = service_kinds[i].refused_line,
                        .listen = s->config->listen[i],
                };
                if (service->implicit_tls && !s->tls) {
                        log_warn("listen service=%s off=no-certificate set tls.certificate and "
                                 "tls.private_key",
                                 service->name);
                        continue;
                }
                enum err err = net_server_listen(s->net, service, reterr);

                if (err)
                        return err;
        }
        return ERR_OK;
}

/* The contexts exist only once the store is open; nothing is accepted before. */
static void join_services(struct server *s)
{
        s->services[SERVICE_SMTP].context = smtp_service_mx(s->smtp);
        s->services[SERVICE_SUBMISSION].context = smtp_service_submission(s->smtp);
        s->services[SERVICE_SUBMISSIONS].context = smtp_service_submission(s->smtp);
        s->services[SERVICE_POP3].context = s->pop3;
        s->services[SERVICE_POP3S].context = s->pop3;
        s->services[SERVICE_IMAP].context = s->imap;
        s->services[SERVICE_IMAPS].context = s->imap;
}

/* data_dir/ports: which port each service got, for tests and scripts. */
static enum err write_ports(struct server *s, struct error *reterr)
{
        AUTO_BUF(text, 1 << 16);
        AUTO_BUF(path, 4096);
        AUTO_BUF(fresh, 4096);
        int fd;
        bool ok;

        net_server_print_ports(s->net, &text);
        buf_addf(&path, "%s/ports", s->config->main.data_dir);
        buf_addf(&fresh, "%s/ports.new", s->config->main.data_dir);
        fd = open(fresh.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ok = fd >= 0 && write(fd, text.ptr ? text.ptr : "", text.len) == (ssize_t)text.len;
        if (fd >= 0)
                close(fd);
        if (!ok || rename(fresh.ptr, path.ptr))
                return fail(reterr, ERR_IO, "cannot write %s: %s", path.ptr, strerror(errno));
        return ERR_OK;
}

/* ---- what changes while it runs ---- */

static void account_changed(struct store_watcher *w, const struct store_change *change)
{
        struct server *s = container_of(w, struct server, account_watcher);

        if (change->kind == STORE_CHANGE_BANS)
                auth_load_bans(s->auth);
        if (change->kind != STORE_CHANGE_ACCOUNT)
                return;
        auth_forget(s->auth, change->account);
        net_server_kill_account(s->net, change->account, "Your account has changed; log in again");
}

static void tell_own(struct queue *q, const struct config *config)
{
        struct net_address own[LOCAL_MAX];

        queue_set_own(q, own, local_addresses(config, own));
}

/* Mail for elsewhere is taken from here on: the queue is there to send it. */
static void open_outbound(struct server *s, const struct queue_config *config)
{
        delivery_set_outbound(s->sink, &(struct delivery_outbound){
                                               .lifetime_ms = config->lifetime_ms,
                                               .address_literals = config->address_literals,
                                               .postmaster = config->postmaster,
                                       });
}

void server_apply(struct server *s, struct config *config, struct tls_set *tls)
{
        if (config) {
                log_set_level((enum log_level)config->main.log_level);
                net_server_set_config(s->net, &config->net);
                smtp_server_set_config(s->smtp, &config->smtp);
                pop3_server_set_config(s->pop3, &config->pop3);
                imap_server_set_config(s->imap, &config->imap);
                auth_set_config(s->auth, &config->auth);
                delivery_set_config(s->sink, &config->delivery);
                open_outbound(s, &config->queue);
                resolver_set_config(s->resolver, &config->resolver);
                queue_set_config(s->queue, &config->queue, &config->outbound);
                tell_own(s->queue, config);
                config_free(s->config);
                s->config = config;
        }
        if (tls) {
                net_server_set_tls(s->net, tls);
                tls_set_unref(s->tls);
                s->tls = tls;
        }
}

static void has_stopped(void *arg)
{
        struct server *s = arg;

        if (--s->to_stop == 0)
                loop_stop(s->loop);
}

static void abort_all(struct server *s)
{
        net_server_abort_all(s->net);
        queue_abort(s->queue);
}

static void stop_overdue(void *arg)
{
        struct server *s = arg;

        log_warn("stop overdue connections=%zu", net_server_connections(s->net));
        abort_all(s);
}

void server_stop(struct server *s, const char *why)
{
        if (s->stopping) {
                abort_all(s);
                return;
        }
        s->stopping = true;
        s->to_stop = 2;
        log_info("stopping reason=%s connections=%zu", why, net_server_connections(s->net));
        systemd_notify("STOPPING=1");
        timer_set(&s->stop_timer, s->loop, s->config->main.shutdown_timeout_ms, stop_overdue, s);
        net_server_stop(s->net, "Server is shutting down", has_stopped, s);
        queue_stop(s->queue, has_stopped, s);
}

/* ---- start ---- */

static void raise_file_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* Certificates renew; the service user must be able to read them again. */
static void warn_unreadable(const char *what, const char *path, const char *user)
{
        if (path && path[0] && access(path, R_OK))
                log_warn("tls %s=%s unreadable-by=%s: a renewed certificate cannot be loaded; give "
                         "the file to a group of that user (chgrp, chmod 640) or use "
                         "LoadCredential=",
                         what, path, user);
}

static void warn_unreadable_pairs(const struct tls_config *tls, const char *user)
{
        const struct tls_pair_config *more = tls->more.items;

        warn_unreadable("certificate", tls->certificate, user);
        warn_unreadable("key", tls->private_key, user);
        for (size_t i = 0; i < tls->more.n; i++) {
                warn_unreadable("certificate", more[i].certificate, user);
                warn_unreadable("key", more[i].private_key, user);
        }
}

/* What is loaded when it is wanted: better said before than by the first letter that wants it. */
static void warn_no_policies(const struct queue_config *config)
{
        struct error error = { 0 };

        if (queue_policy_check(config, &error))
                log_warn("mta-sts off=no-libcurl: policies of other domains cannot be fetched; "
                         "install libcurl (Debian: libcurl4) or set queue.mta_sts = false: %s",
                         error.text);
}

static enum err load_tls(const struct tls_config *tls, struct tls_set **ret_set,
                         struct error *reterr)
{
        if (tls->certificate && tls->certificate[0])
                return tls_set_new(tls, ret_set, reterr);
        log_warn("tls off=no-certificate: nobody can log in from another machine; set "
                 "tls.certificate and tls.private_key");
        return ERR_OK;
}

static enum err start_before_drop(struct server *s, struct error *reterr)
{
        enum err err;

        raise_file_limit();
        s->loop = loop_new();
        /* Until it turns, nobody waits for the loop. */
        loop_allow_blocking(true);
        s->net = net_server_new(s->loop, &s->config->net);
        err = load_tls(&s->config->tls, &s->tls, reterr);
        if (err)
                return err;
        if (s->tls)
                net_server_set_tls(s->net, s->tls);
        systemd_offer_sockets(s->net);
        err = open_ports(s, reterr);
        if (!err)
                err = privileges_prepare_dir(s->config->main.data_dir, s->config->main.user,
                                             reterr);
        return err;
}

static enum err start_store(struct server *s, struct error *reterr)
{
        struct store_params params = {
                .config = &s->config->store,
                .data_dir = s->config->main.data_dir,
                .hub = s->hub,
                .loop = s->loop,
                .create = true,
        };
        enum err err = store_open(&params, &s->store, reterr);

        if (err == ERR_DENIED) {
                struct error why = *reterr;

                fail(reterr, err,
                     "%s; all of %s must belong to the user the server runs as (chown -R, "
                     "chmod 700), and that user must be let into the directories above",
                     why.text, params.data_dir);
        }
        return err;
}

static bool refuses(void *arg, const struct net_address *peer)
{
        struct server *s = arg;

        if (!auth_bans_address(s->auth, peer))
                return false;
        s->refused_banned++;
        return true;
}

static enum err start_protocols(struct server *s, struct error *reterr)
{
        s->auth = auth_new(s->hub, s->loop, s->store, &s->config->auth, reterr);
        if (!s->auth)
                return ERR_IO;
        s->sink = delivery_new(s->store, s->hostname, &s->config->delivery);
        s->smtp = smtp_server_new(&(struct smtp_server_params){
                .hostname = s->hostname,
                .config = &s->config->smtp,
                .auth = s->auth,
                .store = s->store,
                .sink_ops = &delivery_sink_ops,
                .sink = s->sink,
        });
        s->resolver = resolver_new(s->loop, &s->config->resolver, reterr);
        if (!s->resolver)
                return ERR_IO;
        s->queue = queue_new(s->loop, s->store, s->resolver, s->hostname, &s->config->queue,
                             &s->config->outbound);
        tell_own(s->queue, s->config);
        open_outbound(s, &s->config->queue);
        s->pop3 = pop3_server_new(s->hostname, &s->config->pop3, s->auth, s->store);
        s->imap = imap_server_new(s->hostname, &s->config->imap, s->auth, s->store);
        s->search = search_new(s->loop, s->store, s->config->main.data_dir, &s->config->search);
        imap_server_set_search(s->imap, s->search);
        join_services(s);
        auth_load_bans(s->auth);
        while (!auth_bans_loaded(s->auth) || !search_opened(s->search))
                loop_turn(s->loop, true);
        net_server_set_gate(s->net, refuses, s);
        s->account_watcher.changed = account_changed;
        store_watch(s->store, &s->account_watcher);
        return ERR_OK;
}

static enum err start(struct server *s, struct error *reterr)
{
        enum err err = start_before_drop(s, reterr);

        if (!err)
                err = privileges_drop(s->config->main.user, reterr);
        if (err)
                return err;
        warn_unreadable_pairs(&s->config->tls, s->config->main.user);
        warn_no_policies(&s->config->queue);
        s->hub = task_hub_new(s->loop);
        s->signals = signals_new(s);
        err = start_store(s, reterr);
        if (!err)
                err = start_protocols(s, reterr);
        if (!err)
                err = write_ports(s, reterr);
        if (!err)
                err = control_new(s, &s->control, reterr);
        if (err)
                return err;
        s->reload = reload_new(s);
        reload_watch_certificates(s->reload);
        return ERR_OK;
}

/*
 * What is still on its way (a message whose sender has gone, between two of its
 * steps) comes to its end while everything it may call is there.
 */
static void settle(struct server *s)
{
        if (!s->hub)
                return;
        task_hub_release(s->hub);
        while (task_hub_outstanding(s->hub))
                loop_turn(s->loop, true);
}

/* Whatever of it was started. */
static void finish(struct server *s)
{
        signals_free(s->signals);
        timer_done(&s->stop_timer);
        control_free(s->control);
        reload_free(s->reload);
        net_server_free(s->net);
        queue_free(s->queue);
        resolver_free(s->resolver);
        search_stop(s->search);
        settle(s);
        loop_allow_blocking(true);
        smtp_server_free(s->smtp);
        pop3_server_free(s->pop3);
        imap_server_free(s->imap);
        delivery_free(s->sink);
        auth_free(s->auth);
        if (s->store)
                store_unwatch(s->store, &s->account_watcher);
        store_close(s->store);
        search_free(s->search);
        task_hub_free(s->hub);
        loop_free(s->loop);
        tls_set_unref(s->tls);
        config_free(s->config);
        mem_free(s->hostname);
}

enum err server_check(const struct config *config, struct error *reterr)
{
        struct tls_set *tls = NULL;
        enum err err = load_tls(&config->tls, &tls, reterr);

        tls_set_unref(tls);
        if (err)
                return err;
        if (privileges_drop(config->main.user, reterr))
                log_warn("user=%s: %s", config->main.user, reterr->text);
        else
                warn_unreadable_pairs(&config->tls, config->main.user);
        warn_no_policies(&config->queue);
        return ERR_OK;
}

int server_main(const struct server_params *params)
{
        struct server s = {
                .config_path = params->config_path,
                .config = params->config,
                .hostname = mem_strdup(slice_of(params->config->main.hostname)),
                .started_us = clock_now_us(),
        };
        struct error error = { 0 };

        log_set_level((enum log_level)s.config->main.log_level);
        if (start(&s, &error)) {
                log_error("start failed: %s", error.text);
                finish(&s);
                return EXIT_FAILURE;
        }
        for (size_t i = 0; i < params->n_holds; i++)
                task_hub_hold(s.hub, params->holds[i]);
        net_server_start(s.net);
        log_info("ready version=%s hostname=%s data_dir=%s", MAILSERVER_VERSION, s.hostname,
                 s.config->main.data_dir);
        systemd_notify("READY=1");
        loop_allow_blocking(false);
        loop_run(s.loop);
        finish(&s);
        log_info("stopped");
        return EXIT_SUCCESS;
}
