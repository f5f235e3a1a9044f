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
#include <errno.h>
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

/*
 * Reads on, or not, according to what waits already. libevent's own high watermark is of no use: with
 * deferred callbacks it calls again and again while the input stays above it.
 */
static void adjust_reading(struct net_client *c)
{
        bool wanted = evbuffer_get_length(bufferevent_get_input(c->bev)) < CLIENT_INPUT_MAX;

        if (wanted == c->reading || c->phase == CLIENT_DEAD)
                return;
        c->reading = wanted;
        if (wanted)
                bufferevent_enable(c->bev, EV_READ);
        else
                bufferevent_disable(c->bev, EV_READ);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
        struct net_client *c = arg;

        (void)bev;
        client_enter(c);
        run_ready(c);
        adjust_reading(c);
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

        if (c->tls)
                return;
        evbuffer_unfreeze(in, 0);
        if (evbuffer_read(in, bufferevent_getfd(c->bev), CLIENT_INPUT_MAX) > 0)
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

/* ---- input ---- */

/* Forgets the line that was borrowed; the buffer that is left. */
static struct evbuffer *settled_input(struct net_client *c)
{
        struct evbuffer *in = bufferevent_get_input(c->bev);

        if (c->line_octets) {
                evbuffer_drain(in, c->line_octets);
                c->line_octets = 0;
                c->searched = 0;
                adjust_reading(c);
        }
        return in;
}

enum net_client_input net_client_read_line(struct net_client *c, size_t max_octets,
                                           struct slice *ret_line)
{
        struct evbuffer *in;
        ev_ssize_t end;
        struct slice line;

        /* Reading pauses at the ceiling: a longer line would never become complete. */
        if (max_octets > CLIENT_INPUT_MAX - 2)
                max_octets = CLIENT_INPUT_MAX - 2;
        if (c->phase != CLIENT_OPEN || c->closed)
                return NET_CLIENT_MORE;
        in = settled_input(c);
        end = bev_find_line_end(in, &c->searched);
        if (end < 0)
                return evbuffer_get_length(in) > max_octets + 1 ? NET_CLIENT_TOO_LONG
                                                                : NET_CLIENT_MORE;
        line.ptr = (const char *)evbuffer_pullup(in, end + 1);
        line.len = (size_t)end;
        if (line.len && line.ptr[line.len - 1] == '\r')
                line.len--;
        if (line.len > max_octets)
                return NET_CLIENT_TOO_LONG;
        c->line_octets = (size_t)end + 1;
        *ret_line = line;
        return NET_CLIENT_LINE;
}

size_t net_client_discard_input(struct net_client *c)
{
        struct evbuffer *in;
        size_t n;

        if (!c->bev)
                return 0;
        in = settled_input(c);
        n = evbuffer_get_length(in);
        evbuffer_drain(in, n);
        c->searched = 0;
        adjust_reading(c);
        return n;
}

/* ---- output ---- */

size_t client_output_waiting(const struct net_client *c)
{
        return c->bev ? evbuffer_get_length(bufferevent_get_output(c->bev)) : 0;
}

static void on_stall_probe(void *arg)
{
        struct net_client *c = arg;
        int64_t now = loop_now_ms(c->loop);
        size_t waiting = client_output_waiting(c);

        if (waiting == 0)
                return;
        if (c->octets_out - waiting != c->taken_mark) {
                c->taken_mark = c->octets_out - waiting;
                c->progress_ms = now;
        }
        if (now - c->progress_ms < c->stall_timeout_ms) {
                timer_set(&c->stall, c->loop, c->stall_timeout_ms / CLIENT_STALL_PROBES,
                          on_stall_probe, c);
                return;
        }
        client_enter(c);
        client_fail(c, "the server takes nothing more of what is sent");
        client_leave(c);
}

/* `len` octets are about to be added. */
static void watch_output(struct net_client *c, size_t len)
{
        c->octets_out += len;
        if (timer_pending(&c->stall))
                return;
        c->progress_ms = loop_now_ms(c->loop);
        c->taken_mark = c->octets_out - len - client_output_waiting(c);
        timer_set(&c->stall, c->loop, c->stall_timeout_ms / CLIENT_STALL_PROBES, on_stall_probe, c);
}

void net_client_write(struct net_client *c, struct slice octets)
{
        bool added;

        if (c->phase != CLIENT_OPEN || c->closed)
                return;
        watch_output(c, octets.len);
        /* Small pieces end up side by side, and so in one record of TLS. */
        added = evbuffer_add(bufferevent_get_output(c->bev), octets.ptr, octets.len) == 0;
        assert(added);
}

void net_client_write_take(struct net_client *c, struct buf *octets)
{
        size_t len;
        char *taken;

        if (c->phase != CLIENT_OPEN || c->closed || octets->len < CLIENT_TAKE_OCTETS) {
                net_client_write(c, buf_slice(octets));
                buf_done(octets);
                return;
        }
        watch_output(c, octets->len);
        taken = buf_take(octets, &len);
        bev_add_take(bufferevent_get_output(c->bev), taken, 0, len);
}

bool net_client_output_full(struct net_client *c)
{
        if (client_output_waiting(c) < CLIENT_HIGH_WATER)
                return false;
        c->want_drain = true;
        return true;
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
