/*
 * client.c — the life of a connection that we make.
 *
 * As in conn.c everything that comes from the loop runs between client_enter
 * and client_leave, and only the outermost leave frees. What a call of the owner
 * brings about (a failure, above all) is told by a job in the next turn: the
 * owner is never called from within its own call.
 */
#include "bev.h"
#include "client_impl.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- enter, leave, fail ---- */

void client_enter(struct net_client *c)
{
        c->depth++;
}

static void client_free(struct net_client *c)
{
        client_connect_stop(c);
        if (c->bev)
                close(bev_detach(c->bev));
        timer_done(&c->timer);
        timer_done(&c->head_start);
        timer_done(&c->stall);
        loop_job_cancel(&c->job);
        mem_free(c->attempts);
        mem_free(c->addresses);
        mem_free(c);
}

void client_leave(struct net_client *c)
{
        assert(c->depth > 0);
        if (--c->depth == 0 && c->closed)
                client_free(c);
}

/* Nothing more comes or goes. */
static void die(struct net_client *c)
{
        c->phase = CLIENT_DEAD;
        timer_clear(&c->timer);
        timer_clear(&c->head_start);
        timer_clear(&c->stall);
        if (c->bev)
                bufferevent_disable(c->bev, EV_READ | EV_WRITE);
}

void client_fail(struct net_client *c, const char *why)
{
        if (c->phase == CLIENT_DEAD)
                return;
        die(c);
        if (!c->closed)
                c->handler->closed(c, c->owner, why);
}

void client_fail_later(struct net_client *c, const char *why)
{
        if (c->phase == CLIENT_DEAD)
                return;
        die(c);
        if (why != c->why)
                snprintf(c->why, sizeof c->why, "%s", why);
        loop_later(c->loop, &c->job);
}

static void run_job(struct loop_job *job)
{
        struct net_client *c = container_of(job, struct net_client, job);

        client_enter(c);
        if (c->phase == CLIENT_CONNECTING)
                client_connect_begin(c);
        else if (!c->closed)
                c->handler->closed(c, c->owner, c->why);
        client_leave(c);
}

/* ---- callbacks of libevent ---- */

static void run_ready(struct net_client *c)
{
        if (c->phase == CLIENT_OPEN && !c->closed)
                c->handler->ready(c, c->owner);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
        struct net_client *c = arg;

        (void)bev;
        client_enter(c);
        run_ready(c);
        client_adjust_reading(c);
        client_leave(c);
}

static void on_written(struct bufferevent *bev, void *arg)
{
        struct net_client *c = arg;

        (void)bev;
        client_enter(c);
        if (c->want_drain && client_output_waiting(c) <= CLIENT_LOW_WATER) {
                c->want_drain = false;
                run_ready(c);
        }
        client_leave(c);
}

/*
 * A server may refuse in the middle of what we send, and close: our next octets break the
 * connection, but the words it said before have arrived and are worth reading.
 */
static void read_last_words(struct net_client *c)
{
        struct evbuffer *in = bufferevent_get_input(c->bev);
        bool got;

        evbuffer_unfreeze(in, 0);
        got = c->tls ? client_tls_drain(c, in)
                     : evbuffer_read(in, bufferevent_getfd(c->bev), CLIENT_INPUT_MAX) > 0;
        if (got)
                run_ready(c);
}

static void connection_lost(struct net_client *c, short what)
{
        int error = EVUTIL_SOCKET_ERROR();
        char why[CLIENT_WHY];

        if (what & BEV_EVENT_EOF) {
                client_fail(c, "the server closed the connection");
                return;
        }
        snprintf(why, sizeof why, "connection lost: %s",
                 error ? strerrordesc_np(error) : "the server is gone");
        if (what & BEV_EVENT_WRITING)
                read_last_words(c);
        client_fail(c, why);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
        struct net_client *c = arg;

        (void)bev;
        client_enter(c);
        if (what & BEV_EVENT_CONNECTED) {
                client_tls_connected(c);
        } else if (c->phase == CLIENT_SHAKING) {
                client_tls_failed(c,
                                  what & BEV_EVENT_EOF ? "the server closed the connection" : NULL);
        } else {
                connection_lost(c, what);
        }
        client_leave(c);
}

void client_attach(struct net_client *c, struct bufferevent *bev)
{
        assert(bev); /* libevent fails here only for want of memory */
        c->bev = bev;
        c->searched = 0;
        c->line_octets = 0;
        c->reading = true;
        bufferevent_setcb(bev, on_readable, on_written, on_event, c);
        bufferevent_setwatermark(bev, EV_WRITE, CLIENT_LOW_WATER, 0);
        bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- time ---- */

static void on_timer(void *arg)
{
        struct net_client *c = arg;

        client_enter(c);
        switch (c->phase) {
        case CLIENT_CONNECTING:
                client_connect_timed_out(c);
                break;
        case CLIENT_SHAKING:
                client_tls_failed(c, "the server took too long");
                break;
        case CLIENT_OPEN:
                if (!c->closed)
                        c->handler->timed_out(c, c->owner);
                break;
        case CLIENT_DEAD:
                break;
        }
        client_leave(c);
}

void client_deadline(struct net_client *c, int64_t ms)
{
        timer_set(&c->timer, c->loop, ms, on_timer, c);
}

void net_client_wait(struct net_client *c, int64_t ms)
{
        /* While connecting and shaking hands the time is ours to give. */
        if (c->phase == CLIENT_OPEN && !c->closed)
                client_deadline(c, ms);
}

void net_client_wait_off(struct net_client *c)
{
        if (c->phase == CLIENT_OPEN)
                timer_clear(&c->timer);
}

/* ---- making and closing ---- */

struct net_client *net_client_new(struct loop *l, const struct net_client_params *params,
                                  const struct net_client_handler *handler, void *owner)
{
        struct net_client *c = NEW(struct net_client);

        c->loop = l;
        c->handler = handler;
        c->owner = owner;
        c->job.run = run_job;
        c->n = params->n;
        c->addresses = mem_alloc_array(params->n, sizeof *c->addresses);
        c->attempts = mem_alloc_array(params->n, sizeof *c->attempts);
        for (size_t i = 0; i < params->n; i++)
                c->addresses[i] = params->addresses[i];
        for (size_t i = 0; i < params->n_sources && i < 2; i++)
                c->sources[c->n_sources++] = params->source[i];
        c->head_start_ms = params->head_start_ms;
        c->stall_timeout_ms = params->stall_timeout_ms;
        client_deadline(c, params->connect_timeout_ms);
        loop_later(l, &c->job);
        return c;
}

void net_client_close(struct net_client *c)
{
        if (!c)
                return;
        client_enter(c);
        die(c);
        c->closed = true;
        client_leave(c);
}

void net_client_close_with(struct net_client *c, struct slice last_words)
{
        if (c && c->phase == CLIENT_OPEN && client_output_waiting(c) == 0)
                client_tls_goodbye(c, last_words);
        net_client_close(c);
}

const struct net_address *net_client_peer(const struct net_client *c)
{
        return c->peer;
}

const char *net_client_peer_text(const struct net_client *c)
{
        return c->peer_text;
}
