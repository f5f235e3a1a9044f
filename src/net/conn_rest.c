/*
 * conn_rest.c — a connection on which nothing happens gives its buffers back.
 *
 * Most connections of a mail server wait: in IDLE, or for a command that comes in some minutes. A
 * bufferevent with its buffers would be a third of what each of them takes. So one that is in the
 * clear, has said nothing for rest_after, and of which nothing is left to be read or sent goes
 * without: its socket is only watched (watch.h), and c->bev is NULL.
 *
 *      [bufferevent] ─ nothing for rest_after ─► [rests] ─ octets, an end, an error ─► [bufferevent]
 *                                                   └ what is to be sent and does not leave at once ┘
 *
 * The session does not notice. What it writes leaves by send() as it would otherwise
 * (conn_output.c), time runs on (conn_timer.c), and whoever needs the buffers asks conn_bev, which
 * makes them again. In TLS the bufferevent owns the SSL, which is ten times its size: it stays.
 */
#include "bev.h"
#include "conn_impl.h"
#include "watch.h"

size_t conn_received(const struct conn *c)
{
        return c->bev ? evbuffer_get_length(bufferevent_get_input(c->bev)) : 0;
}

size_t conn_unsent(const struct conn *c)
{
        return c->bev ? evbuffer_get_length(bufferevent_get_output(c->bev)) : 0;
}

struct bufferevent *conn_bev(struct conn *c)
{
        if (!c->bev) {
                watch_remove(c->server->resting, c->fd);
                conn_attach_plain(c);
        }
        return c->bev;
}

void conn_awake(void *conn)
{
        struct conn *c = conn;

        conn_bev(c);
        c->woken = true;
}

/* Nothing is left that the bufferevent would be needed for, and nobody borrows from its buffers. */
static bool may_rest(const struct conn *c)
{
        return c->opened && c->reading && !c->woken && !c->tls && !c->handshaking && !c->starttls &&
               !conn_closing(c) && !conn_eof(c) && !c->ready_wanted && !c->want_drain &&
               !c->line_octets && !conn_output_waiting(c) && !conn_input_waiting(c) &&
               conn_pack_is_still(c);
}

static void rest(struct conn *c)
{
        if (!watch_add(c->server->resting, c->fd, c))
                return;
        bev_detach(c->bev);
        c->bev = NULL;
}

void conn_rest_settle(struct conn *c)
{
        int64_t after_ms = c->server->config->rest_after_ms;
        int64_t due_ms = c->last_input_ms + after_ms;

        if (!c->bev || !after_ms || !c->server->resting || !may_rest(c))
                return;
        /* Busy connections come here often: without asking for the time. */
        if (c->timer_due_ms && c->timer_due_ms <= due_ms)
                return;
        if (loop_now_ms(c->server->loop) < due_ms)
                conn_watch_rest(c, due_ms);
        else
                rest(c);
}
