/*
 * client_io.c — lines in and octets out, both with a ceiling.
 *
 * A line that was handed out stays in the buffer and is dropped by the next call on
 * the input. Output waits in libevent's buffer; a timer looks whether it shrinks.
 */
#include "bev.h"
#include "client_impl.h"

#include <assert.h>
#include <event2/event.h>

/* ---- input ---- */

/*
 * Reads on, or not, according to what waits already. libevent's own high watermark is of no use: with
 * deferred callbacks it calls again and again while the input stays above it.
 */
void client_adjust_reading(struct net_client *c)
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

/* Forgets the line that was borrowed; the buffer that is left. */
static struct evbuffer *settled_input(struct net_client *c)
{
        struct evbuffer *in = bufferevent_get_input(c->bev);

        if (c->line_octets) {
                evbuffer_drain(in, c->line_octets);
                c->line_octets = 0;
                c->searched = 0;
                client_adjust_reading(c);
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
        client_adjust_reading(c);
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
