/*
 * conn_output.c — bytes on their way to the peer.
 *
 * What a turn writes is gathered and leaves at its end: as one send() where
 * nothing waits and the connection is in the clear, else as one piece of
 * libevent's buffer, which on TLS is one record. Where the connection is
 * compressed, each piece is packed first, and the last of a turn is flushed, so
 * that the peer can read all that was said.
 */
#include "bev.h"
#include "conn_impl.h"

#include <stdarg.h>
#include <sys/socket.h>

/* What the kernel takes at once. The rest, and any error, is found when there is room again. */
static size_t send_now(struct conn *c, const char *octets, size_t len)
{
        ssize_t n;

        if (c->tls || c->handshaking || conn_unsent(c))
                return 0;
        n = send(c->fd, octets, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        return n > 0 ? (size_t)n : 0;
}

/* *octets is empty after; it keeps its room if all has left at once. */
static void put_on_wire(struct conn *c, struct buf *octets)
{
        size_t len = octets->len, sent = send_now(c, octets->ptr, len);
        bool was_empty = conn_unsent(c) == 0;

        c->octets_out += len;
        if (sent == len) {
                buf_clear(octets);
                return;
        }
        bev_add_take(conn_wire_output(c), buf_take(octets, NULL), sent, len - sent);
        if (was_empty)
                conn_watch_output(c);
}

/* Likewise. */
static void emit(struct conn *c, struct buf *octets)
{
        struct buf packed = BUF_INIT(BUF_MAX);

        if (!conn_packs_output(c)) {
                put_on_wire(c, octets);
                return;
        }
        conn_pack_output(c, buf_slice(octets), &packed);
        buf_clear(octets);
        if (packed.len)
                put_on_wire(c, &packed);
        buf_done(&packed);
}

/* What packing has kept back. */
static void emit_packed(struct conn *c)
{
        AUTO_BUF(packed, BUF_MAX);

        conn_pack_flush(c, &packed);
        if (packed.len)
                put_on_wire(c, &packed);
}

/* Pieces leave in the order they were written: what was gathered first. */
static void emit_gathered(struct conn *c)
{
        if (c->out.len)
                emit(c, &c->out);
        /* Nothing is held between commands. */
        buf_done(&c->out);
}

/* Something was added to what is gathered. */
static void gathered(struct conn *c)
{
        if (c->out.len >= CONN_GATHER_OCTETS)
                emit_gathered(c);
        conn_wake(c);
}

void conn_write(struct conn *c, struct slice octets)
{
        if (conn_closing(c))
                return;
        buf_add(&c->out, octets);
        gathered(c);
}

void conn_printf(struct conn *c, const char *fmt, ...)
{
        enum { A_REPLY = 200 };
        va_list args;
        enum err ignored;

        if (conn_closing(c))
                return;
        va_start(args, fmt);
        ignored = buf_reserve(&c->out, A_REPLY);
        if (!ignored)
                ignored = buf_vprintf(&c->out, fmt, args);
        va_end(args);
        (void)ignored;
        gathered(c);
}

void conn_write_take(struct conn *c, struct buf *octets)
{
        if (conn_closing(c) || octets->len < CONN_TAKE_OCTETS) {
                conn_write(c, buf_slice(octets));
                buf_done(octets);
                return;
        }
        emit_gathered(c);
        emit(c, octets);
        conn_wake(c);
}

void conn_gather(struct conn *c)
{
        c->gathering = true;
}

size_t conn_output_waiting(const struct conn *c)
{
        return c->out.len + conn_unsent(c);
}

bool conn_output_full(struct conn *c)
{
        if (conn_output_waiting(c) < (size_t)c->server->config->high_water)
                return false;
        c->want_drain = true;
        return true;
}

void conn_output_drained(struct conn *c)
{
        if (!c->want_drain || conn_output_waiting(c) > (size_t)c->server->config->high_water / 4)
                return;
        c->want_drain = false;
        if (!c->ready_wanted)
                conn_run_ready(c);
}

void conn_output_flush(struct conn *c)
{
        emit_gathered(c);
        if (conn_packs_output(c))
                emit_packed(c);
        /* All of it may have left at once, and then nobody else says so. */
        if (c->want_drain && conn_output_waiting(c) <= (size_t)c->server->config->high_water / 4)
                conn_resume(c);
}
