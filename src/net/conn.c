/*
 * conn.c — the life of a connection.
 *
 * Everything that comes from the loop runs between conn_enter and conn_leave.
 * Whatever happens in between only sets marks; the outermost leave acts on
 * them: it flushes, ends the session, changes to TLS, or frees. What a task's
 * done does outside of any callback is settled by a job in the next turn.
 *
 *   [handshake] ─► open ─► closing (session gone, output leaving) ─► freed
 */
#include "address_impl.h"
#include "bev.h"
#include "conn_impl.h"
#include "keep_alive.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* ---- what comes from the socket ---- */

/* A session over its budget has its turn coming. */
static void look_at_input(struct conn *c)
{
        if (!c->ready_wanted)
                conn_run_ready(c);
}

void conn_input_came(struct conn *c)
{
        c->last_input_ms = loop_now_ms(c->server->loop);
        look_at_input(c);
}

void conn_input_ended(struct conn *c)
{
        conn_note(c, "peer sends no more");
        c->eof = true;
        look_at_input(c);
}

void conn_lost(struct conn *c)
{
        conn_note(c, "connection lost");
        conn_abort(c);
}

/* ---- callbacks of libevent: in TLS ---- */

static void on_readable(struct bufferevent *bev, void *arg)
{
        struct conn *c = arg;

        (void)bev;
        conn_enter(c);
        conn_input_came(c);
        conn_leave(c);
}

static void on_written(struct bufferevent *bev, void *arg)
{
        struct conn *c = arg;

        (void)bev;
        conn_enter(c);
        conn_output_drained(c);
        conn_leave(c);
}

/*
 * On TLS a write that fails once the peer has said close_notify is EOF too, and not an error
 * (SSL_get_error(3)): the peer is gone, and would be found gone by each further write.
 */
static void on_event(struct bufferevent *bev, short what, void *arg)
{
        struct conn *c = arg;

        conn_enter(c);
        if (what & BEV_EVENT_CONNECTED) {
                conn_tls_connected(c);
        } else if (c->handshaking) {
                conn_tls_failed(c,
                                what & BEV_EVENT_EOF ? "the client closed the connection" : NULL);
        } else if (what & BEV_EVENT_EOF && !(what & (BEV_EVENT_ERROR | BEV_EVENT_WRITING))) {
                /* libevent reads no more, and has stopped writing as well; the answers still go out. */
                c->reading = false;
                bufferevent_enable(bev, EV_WRITE);
                conn_input_ended(c);
        } else {
                conn_lost(c);
        }
        conn_leave(c);
}

static void run_job(struct loop_job *job)
{
        struct conn *c = container_of(job, struct conn, job);
        bool ready = c->ready_wanted;

        conn_enter(c);
        c->ready_wanted = false;
        if (ready)
                conn_run_ready(c);
        conn_leave(c);
}

/* ---- making one ---- */

void conn_attach(struct conn *c, struct bufferevent *bev)
{
        /* libevent fails here only for want of memory. */
        assert(bev);
        c->bev = bev;
        c->reading = true;
        bufferevent_setcb(bev, on_readable, on_written, on_event, c);
        bufferevent_setwatermark(bev, EV_WRITE, (size_t)c->server->config->high_water / 4, 0);
        bufferevent_enable(bev, EV_READ | EV_WRITE);
}

int conn_detach(struct conn *c)
{
        if (c->bev)
                bev_detach(c->bev);
        else
                conn_clear_stop(c);
        c->bev = NULL;
        c->reading = false;
        return c->fd;
}

static void learn_local_address(struct conn *c, int fd)
{
        struct sockaddr_storage ss = { 0 };
        socklen_t len = sizeof ss;

        if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
                net_address_from_sockaddr((struct sockaddr *)&ss, &c->local);
}

struct conn *conn_new(struct net_server *n, const struct net_service *service, int fd,
                      const struct net_address *peer, uint64_t number)
{
        struct conn *c = NEW(struct conn);

        c->server = n;
        c->service = service;
        c->fd = fd;
        c->job.run = run_job;
        c->out.max = BUF_MAX;
        c->opened_us = clock_now_us();
        c->opened_ms = c->last_input_ms = loop_now_ms(n->loop);
        snprintf(c->id, sizeof c->id, "%llx", (unsigned long long)number);
        c->peer = *peer;
        net_address_text(peer, c->peer_text);
        learn_local_address(c, fd);
        keep_alive_set(fd, n->config);
        if (service->implicit_tls)
                conn_tls_accept(c, fd);
        return c;
}

void conn_begin(struct conn *c)
{
        log_debug("c=%s net opened service=%s peer=%s port=%u", c->id, c->service->name,
                  c->peer_text, c->peer.port);
        conn_enter(c);
        if (!c->service->implicit_tls)
                conn_open_session(c);
        conn_leave(c);
}

void conn_open_session(struct conn *c)
{
        conn_note(c, "opened");
        c->opened = true;
        c->session = c->service->handler->opened(c, c->service->context);
}

void conn_run_ready(struct conn *c)
{
        if (!c->opened || c->closing || c->aborted || c->starttls || c->handshaking)
                return;
        c->turn_commands = c->turn_octets = 0;
        c->service->handler->ready(c, c->session);
}

/* ---- enter, leave, end ---- */

void conn_enter(struct conn *c)
{
        c->depth++;
}

void conn_wake(struct conn *c)
{
        if (c->depth == 0)
                loop_later(c->server->loop, &c->job);
}

void conn_resume(struct conn *c)
{
        c->gathering = false;
        c->ready_wanted = true;
        loop_later(c->server->loop, &c->job);
}

/* The session's part is over; what it has written may still be leaving. Once. */
static void end_session(struct conn *c)
{
        if (c->ending)
                return;
        c->ending = true;
        c->starttls = c->ready_wanted = c->want_drain = false;
        c->deadline_ms = 0;
        if (!c->opened)
                return;
        conn_note(c, "closed");
        c->opened = false;
        c->service->handler->closed(c, c->session);
        c->session = NULL;
}

static void settle(struct conn *c)
{
        conn_pack_settle(c);
        if (!c->aborted && !(c->gathering && !c->closing))
                conn_output_flush(c);
        if (c->starttls && !conn_closing(c) && conn_output_waiting(c) == 0)
                conn_tls_swap(c);
        if (conn_closing(c))
                end_session(c);
        if (c->aborted || (c->closing && conn_output_waiting(c) == 0)) {
                c->finished = true;
                return;
        }
        if (c->closing && !c->deadline_ms)
                conn_deadline(c, c->server->config->stall_timeout_ms * CONN_CLOSE_STALLS);
        conn_input_adjust(c);
}

static void conn_free(struct conn *c)
{
        bool lingers = !c->aborted && !c->eof;
        int fd;

        log_debug("c=%s net closed in=%llu out=%llu", c->id, (unsigned long long)c->octets_in,
                  (unsigned long long)c->octets_out);
        if (c->tls && !c->aborted)
                conn_tls_goodbye(c);
        fd = conn_detach(c);
        if (lingers)
                linger_add(&c->server->lingering, c->server->loop, fd);
        else
                close(fd);
        loop_job_cancel(&c->job);
        timer_done(&c->timer);
        buf_done(&c->out);
        conn_pack_free(c);
        net_server_remove(c->server, c);
        mem_free(c->account_name);
        mem_free(c->notes);
        mem_free(c);
}

void conn_leave(struct conn *c)
{
        assert(c->depth > 0);
        if (c->depth == 1)
                settle(c);
        c->depth--;
        if (c->depth == 0 && c->finished)
                conn_free(c);
}

void conn_close(struct conn *c)
{
        /* In the middle of a handshake there is nothing that could be sent. */
        if (c->handshaking)
                c->aborted = true;
        c->closing = true;
        conn_wake(c);
}

void conn_abort(struct conn *c)
{
        c->aborted = true;
        conn_wake(c);
}

bool conn_closing(const struct conn *c)
{
        return c->closing || c->aborted;
}

void conn_kill(struct conn *c, const char *reason)
{
        bool again = c->stop_told, deaf = c->handshaking || c->starttls;

        c->stop_told = true;
        conn_enter(c);
        if (again || deaf) {
                /* The second time it is meant; in a handshake nobody could be told. */
                conn_abort(c);
        } else if (c->opened && !conn_closing(c)) {
                conn_note(c, "told to stop");
                c->service->handler->stopping(c, c->session, reason);
        }
        conn_leave(c);
}

/* ---- who it is ---- */

const char *conn_id(const struct conn *c)
{
        return c->id;
}

struct loop *conn_loop(const struct conn *c)
{
        return c->server->loop;
}

const struct net_address *conn_peer(const struct conn *c)
{
        return &c->peer;
}

const struct net_address *conn_local(const struct conn *c)
{
        return &c->local;
}

const char *conn_peer_text(const struct conn *c)
{
        return c->peer_text;
}
