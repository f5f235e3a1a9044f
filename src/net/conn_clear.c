/*
 * conn_clear.c — the socket of a connection in the clear.
 *
 * Most connections of a mail server wait: in IDLE, or for a command that comes in some minutes. So
 * what one holds beside struct conn is what of its octets is in hand: those that have come and
 * were not read (c->in), and those that the kernel has not taken yet (c->unsent). Between commands
 * there are none, and neither are the buffers. The socket is watched (watch.h) for what is wanted:
 *
 *      to read    unless enough waits to be read, or nothing more is
 *      to write   while something is unsent; what is written leaves by send() first (conn_output.c)
 *
 * In TLS all of that is a bufferevent's, which owns the SSL, too: conn_tls.c.
 */
#include "conn_impl.h"
#include "watch.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

/* ---- buffers, in TLS or not ---- */

size_t conn_received(const struct conn *c)
{
        if (c->bev)
                return evbuffer_get_length(bufferevent_get_input(c->bev));
        return c->in ? evbuffer_get_length(c->in) : 0;
}

size_t conn_unsent(const struct conn *c)
{
        if (c->bev)
                return evbuffer_get_length(bufferevent_get_output(c->bev));
        return c->unsent ? evbuffer_get_length(c->unsent) : 0;
}

static struct evbuffer *made(struct evbuffer **buffer)
{
        if (!*buffer)
                *buffer = evbuffer_new();
        assert(*buffer); /* fails only for want of memory */
        return *buffer;
}

struct evbuffer *conn_wire_input(struct conn *c)
{
        return c->bev ? bufferevent_get_input(c->bev) : made(&c->in);
}

struct evbuffer *conn_wire_output(struct conn *c)
{
        return c->bev ? bufferevent_get_output(c->bev) : made(&c->unsent);
}

static void free_buffer(struct evbuffer **buffer)
{
        if (*buffer)
                evbuffer_free(*buffer);
        *buffer = NULL;
}

/* ---- the socket ---- */

/*
 * All at once, up to CONN_INPUT_MAX in all, by way of memory that all connections share: so that
 * room is made for what has come and no more, and a message takes no turn of the loop for each piece.
 */
static void receive(struct conn *c)
{
        size_t waiting = conn_received(c);
        ssize_t n;
        int failed;

        assert(waiting < CONN_INPUT_MAX); /* else it would not be read */
        n = recv(c->fd, c->server->scratch, CONN_INPUT_MAX - waiting, MSG_DONTWAIT);
        if (n > 0) {
                failed = evbuffer_add(made(&c->in), c->server->scratch, (size_t)n);
                assert(!failed); /* only for want of memory */
                conn_input_came(c);
        } else if (n == 0) {
                conn_input_ended(c);
        } else if (errno != EAGAIN && errno != EINTR) {
                conn_lost(c);
        }
}

static void send_waiting(struct conn *c)
{
        if (evbuffer_write(c->unsent, c->fd) < 0 && errno != EAGAIN && errno != EINTR)
                conn_lost(c);
        else
                conn_output_drained(c);
}

void conn_clear_ready(void *conn, unsigned what)
{
        struct conn *c = conn;

        conn_enter(c);
        if (what & WATCH_WRITE && c->writing)
                send_waiting(c);
        /* What comes once TLS is asked for is not for us to read: it may be of the handshake. */
        if (what & WATCH_READ && c->reading && !c->starttls && !conn_closing(c))
                receive(c);
        conn_leave(c);
}

static unsigned watched(const struct conn *c)
{
        return (c->reading ? WATCH_READ : 0u) | (c->writing ? WATCH_WRITE : 0u);
}

static bool watch(struct conn *c, bool read, bool write)
{
        unsigned before = watched(c);

        c->reading = read;
        c->writing = write;
        return watch_set(c->server->clear, c->fd, c, before, watched(c));
}

void conn_clear_settle(struct conn *c, bool reads)
{
        bool writes = conn_unsent(c) > 0;

        if (c->in && !evbuffer_get_length(c->in))
                free_buffer(&c->in);
        if (!writes)
                free_buffer(&c->unsent);
        if (watch(c, reads, writes))
                return;
        c->reading = c->writing = false;
        conn_lost(c);
        loop_later(c->server->loop, &c->job);
}

void conn_clear_stop(struct conn *c)
{
        bool stopped = watch(c, false, false);

        assert(stopped); /* it was watched, and is open */
        free_buffer(&c->in);
        free_buffer(&c->unsent);
}
