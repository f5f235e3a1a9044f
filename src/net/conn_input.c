/*
 * conn_input.c — lines and streams out of the input buffer.
 *
 * A line that was handed out stays in the buffer, so that it is borrowed
 * without a copy, and is dropped by the next call on the input. How far the
 * buffer was searched for a line end is remembered: a peer that sends one octet
 * at a time costs what any other does. Where the connection is compressed, the
 * buffer holds what of it was unpacked: conn_pack.c.
 */
#include "bev.h"
#include "conn_impl.h"

#include <assert.h>

static struct evbuffer *input_of(struct conn *c)
{
        return c->pack ? conn_pack_input(c) : conn_wire_input(c);
}

static void drop(struct conn *c, size_t n)
{
        evbuffer_drain(input_of(c), n);
        if (!c->pack)
                c->octets_in += n;
        c->searched = 0;
        /* There may be room to read on. */
        if (!c->reading)
                conn_wake(c);
}

void conn_input_settle(struct conn *c)
{
        if (c->line_octets)
                drop(c, c->line_octets);
        c->line_octets = 0;
}

/* Forgets the line that was borrowed; the buffer that is left. */
static struct evbuffer *settled_input(struct conn *c)
{
        conn_input_settle(c);
        return input_of(c);
}

size_t conn_input_waiting(const struct conn *c)
{
        size_t n = conn_received(c);

        return c->pack ? n + evbuffer_get_length(conn_pack_input(c)) : n;
}

/* Throws away a line that is too long, as far as it has come; `end`: where it ends, or -1. */
static enum conn_input skip_line(struct conn *c, ev_ssize_t end)
{
        c->skipping = end < 0;
        drop(c, end < 0 ? evbuffer_get_length(input_of(c)) : (size_t)end + 1);
        if (end >= 0)
                return CONN_TOO_LONG;
        /* A few octets may stand for many: the rest of them in the next turn. */
        if (conn_pack_holds(c))
                conn_resume(c);
        return conn_eof(c) ? CONN_EOF : CONN_MORE;
}

static enum conn_input take_line(struct conn *c, struct evbuffer *in, size_t octets,
                                 struct slice *ret_line, bool *ret_bare)
{
        const char *p = (const char *)evbuffer_pullup(in, (ev_ssize_t)octets);
        bool crlf = octets > 1 && p[octets - 2] == '\r';
        struct slice line = { p, octets - 1 - (crlf ? 1 : 0) };

        c->line_octets = (uint32_t)octets;
        *ret_line = line;
        *ret_bare = !crlf || memchr(line.ptr, '\r', line.len) != NULL;
        return CONN_LINE;
}

enum conn_input conn_read_line(struct conn *c, size_t max_octets, struct slice *ret_line,
                               bool *ret_bare)
{
        struct evbuffer *in;
        ev_ssize_t end;
        size_t len;

        /* Reading pauses at the ceiling: a longer line would never become complete. */
        if (max_octets > CONN_INPUT_MAX - 2)
                max_octets = CONN_INPUT_MAX - 2;
        if (conn_closing(c) || c->starttls || conn_output_full(c))
                return CONN_MORE;
        conn_input_settle(c);
        do {
                in = input_of(c);
                len = evbuffer_get_length(in);
                end = bev_find_line_end(in, &c->searched);
        } while (end < 0 && len < CONN_INPUT_MAX && conn_unpack(c));
        if (c->skipping)
                return skip_line(c, end);
        if (end < 0 && len <= max_octets + 1)
                return conn_eof(c) ? CONN_EOF : CONN_MORE;
        if (end < 0)
                return skip_line(c, end);
        if (take_line(c, in, (size_t)end + 1, ret_line, ret_bare) == CONN_LINE &&
            ret_line->len <= max_octets)
                return CONN_LINE;
        *ret_line = SLICE("");
        conn_input_settle(c);
        return CONN_TOO_LONG;
}

struct slice conn_peek(struct conn *c)
{
        struct evbuffer *in;
        size_t n;

        in = settled_input(c);
        if (!evbuffer_get_length(in))
                conn_unpack(c);
        in = input_of(c); /* compression may have ended */
        n = evbuffer_get_contiguous_space(in);
        if (n == 0)
                return SLICE("");
        return (struct slice){ (const char *)evbuffer_pullup(in, (ev_ssize_t)n), n };
}

void conn_consume(struct conn *c, size_t n)
{
        assert(n <= evbuffer_get_length(settled_input(c)));
        drop(c, n);
}

bool conn_eof(const struct conn *c)
{
        return c->eof || conn_pack_ended(c);
}

size_t conn_discard_input(struct conn *c)
{
        size_t n = evbuffer_get_length(settled_input(c));

        drop(c, n);
        c->skipping = false;
        return n;
}

bool conn_budget(struct conn *c, size_t octets)
{
        if (conn_closing(c) || conn_output_full(c))
                return false;
        if (octets)
                c->turn_octets += (uint32_t)octets;
        else
                c->turn_commands++;
        if (c->turn_commands <= CONN_TURN_COMMANDS && c->turn_octets <= CONN_TURN_OCTETS)
                return true;
        conn_resume(c);
        return false;
}

void conn_input_adjust(struct conn *c)
{
        bool full = conn_input_waiting(c) >= CONN_INPUT_MAX;
        bool wanted = !c->eof && !c->closing && !c->starttls && !full;

        if (!c->bev) {
                conn_clear_settle(c, wanted);
                return;
        }
        if (wanted == c->reading)
                return;
        c->reading = wanted;
        if (wanted)
                bufferevent_enable(c->bev, EV_READ);
        else
                bufferevent_disable(c->bev, EV_READ);
}
