/*
 * conn_timer.c — one timer a connection, moved as seldom as possible.
 *
 * Setting a deadline stores a number. The timer is left where it is unless it
 * would fire too late; when it fires early it looks at what is due and is set
 * anew. So a session that sets a deadline with every command costs the loop one
 * timer event a time-out, not one a command.
 */
#include "conn_impl.h"

#include "mailserver/core/log.h"

static void on_timer(void *arg);

static void arm(struct conn *c, int64_t due_ms)
{
        int64_t now = loop_now_ms(c->server->loop);

        if (c->timer_due_ms && c->timer_due_ms <= due_ms)
                return;
        timer_set(&c->timer, c->server->loop, due_ms > now ? due_ms - now : 0, on_timer, c);
        c->timer_due_ms = due_ms;
}

static int64_t probe_interval(const struct conn *c)
{
        return c->server->config->stall_timeout_ms / CONN_STALL_PROBES;
}

static bool output_waits(const struct conn *c)
{
        return conn_unsent(c) > 0;
}

/* What the kernel has taken of all that was written. */
static uint64_t taken(const struct conn *c)
{
        return c->octets_out - conn_unsent(c);
}

void conn_watch_output(struct conn *c)
{
        c->progress_ms = loop_now_ms(c->server->loop);
        c->taken_mark = taken(c);
        arm(c, c->progress_ms + probe_interval(c));
}

void conn_watch_pack(struct conn *c)
{
        arm(c, loop_now_ms(c->server->loop) + c->server->config->compress_rest_ms);
}

static void look_at_output(struct conn *c, int64_t now)
{
        if (!output_waits(c) || c->handshaking)
                return;
        if (taken(c) != c->taken_mark) {
                c->taken_mark = taken(c);
                c->progress_ms = now;
        } else if (now - c->progress_ms >= c->server->config->stall_timeout_ms) {
                conn_note(c, "output stalled");
                log_debug("c=%s net stalled waiting=%zu", c->id, conn_output_waiting(c));
                conn_abort(c);
        }
}

static void look_at_deadline(struct conn *c, int64_t now)
{
        if (!c->deadline_ms || now < c->deadline_ms || c->aborted)
                return;
        c->deadline_ms = 0;
        if (c->handshaking) {
                conn_tls_failed(c, "the client took too long");
        } else if (c->closing || c->starttls || !c->opened) {
                conn_note(c, "output not taken in time");
                conn_abort(c);
        } else {
                conn_note(c, "timed out");
                c->service->handler->timed_out(c, c->session);
        }
}

static void look_at_pack(struct conn *c, int64_t now)
{
        int64_t due_ms = conn_pack_rest(c, now);

        if (due_ms)
                arm(c, due_ms);
}

static void on_timer(void *arg)
{
        struct conn *c = arg;
        int64_t now = loop_now_ms(c->server->loop);

        c->timer_due_ms = 0;
        conn_enter(c);
        look_at_output(c, now);
        look_at_deadline(c, now);
        if (c->deadline_ms)
                arm(c, c->deadline_ms);
        if (output_waits(c))
                arm(c, now + probe_interval(c));
        look_at_pack(c, now);
        conn_leave(c);
}

void conn_deadline(struct conn *c, int64_t ms)
{
        c->deadline_ms = loop_now_ms(c->server->loop) + ms;
        arm(c, c->deadline_ms);
}

void conn_wait(struct conn *c, int64_t ms)
{
        /* It is the peer's turn: it must have all of ours. */
        c->gathering = false;
        /* Until TLS stands, or while closing, the time is ours to give. */
        if (!c->starttls && !c->handshaking && !conn_closing(c))
                conn_deadline(c, ms);
}

void conn_wait_off(struct conn *c)
{
        if (!c->starttls && !c->handshaking && !conn_closing(c))
                c->deadline_ms = 0;
}
