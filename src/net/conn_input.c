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
#include <sys/ioctl.h>
#include <sys/socket.h>

static struct evbuffer *input_of(struct conn *c)
{
        return c->pack ? conn_pack_input(c) : bufferevent_get_input(conn_bev(c));
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
        if (!c->bev)
                return CONN_MORE; /* it rests: nothing has come, and no end either */
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

        if (!c->bev)
                return SLICE("");
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

/*
 * A message in the clear would take a turn of the loop for each 4 KiB. Reads no more than is there, so
 * that errors and the end stay libevent's to find, and no room is held for nothing; and not
 * while a line is borrowed, which would move.
 */
void conn_input_more(struct conn *c)
{
        struct evbuffer *in = bufferevent_get_input(conn_bev(c));
        size_t n = evbuffer_get_length(in), room;
        struct evbuffer_iovec space;
        ssize_t got = 0;
        int waiting = 0;

        if (c->tls || c->handshaking || c->starttls || !c->reading || c->line_octets ||
            n < CONN_READ_OCTETS || n >= CONN_INPUT_MAX || ioctl(c->fd, FIONREAD, &waiting) ||
            waiting <= 0)
                return;
        room = CONN_INPUT_MAX - n < (size_t)waiting ? CONN_INPUT_MAX - n : (size_t)waiting;
        /* libevent lets nobody else add to the input by mistake. */
        evbuffer_unfreeze(in, 0);
        if (evbuffer_reserve_space(in, (ev_ssize_t)room, &space, 1) == 1)
                got = recv(c->fd, space.iov_base, room, MSG_DONTWAIT);
        if (got > 0) {
                space.iov_len = (size_t)got;
                evbuffer_commit_space(in, &space, 1);
        }
        evbuffer_freeze(in, 0);
}

void conn_input_adjust(struct conn *c)
{
        bool full = conn_input_waiting(c) >= CONN_INPUT_MAX;
        bool wanted = !c->eof && !c->closing && !c->starttls && !full;
        struct bufferevent *bev;

        if (wanted == c->reading)
                return;
        bev = conn_bev(c); /* a new one reads */
        c->reading = wanted;
        if (wanted)
                bufferevent_enable(bev, EV_READ);
        else
                bufferevent_disable(bev, EV_READ);
}
