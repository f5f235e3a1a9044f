/*
 * progress.c — see progress.h.
 *
 * The timer is set by the first command that submits a task and looks, when it fires, at whatever
 * command is in hand then: a session of short commands costs a timer an interval, not one each.
 */
#include "session_impl.h"

static void look(void *arg);

static void look_in(struct imap_session *s, int64_t ms)
{
        timer_set(&s->progress_timer, conn_loop(s->conn), ms, look, s);
}

/* In the middle of an answer no line can be said. */
static bool may_tell(const struct imap_session *s)
{
        return !s->cmd.progress.silenced && !s->replied && !s->finished && !s->line && !s->stream;
}

static void tell(struct imap_session *s)
{
        AUTO_BUF(out, BUF_MAX);

        imap_put_progress(&out, s->cmd.tag, &s->cmd.progress);
        conn_write(s->conn, buf_slice(&out));
}

static void look(void *arg)
{
        struct imap_session *s = arg;
        struct imap_progress *p = &s->cmd.progress;
        int64_t now = loop_now_ms(conn_loop(s->conn)), due;

        if (!s->in_hand || !p->told_ms || p->silenced) {
                timer_done(&s->progress_timer);
                return;
        }
        due = p->told_ms + s->server->config->progress_interval_ms;
        if (now >= due) {
                if (may_tell(s))
                        tell(s);
                p->told_ms = now;
                due = now + s->server->config->progress_interval_ms;
        }
        look_in(s, due - now);
}

void imap_progress_begin(struct imap_session *s)
{
        struct imap_progress *p = &s->cmd.progress;

        if (p->told_ms)
                return;
        p->told_ms = loop_now_ms(conn_loop(s->conn));
        if (!timer_pending(&s->progress_timer))
                look_in(s, s->server->config->progress_interval_ms);
}

void imap_progress_set(struct imap_cmd *cmd, uint64_t done, uint64_t goal)
{
        cmd->progress.done = goal && done > goal ? goal : done;
        cmd->progress.goal = goal;
        cmd->progress.has_count = true;
}

/* RFC 9585 5: (tag, or NIL) and (nothing known, or what is done, and of how much). */
void imap_put_progress(struct buf *out, struct slice tag, const struct imap_progress *p)
{
        buf_add(out, SLICE("* OK [INPROGRESS ("));
        /* It would end the code: RFC 9051 9 resp-text-code. */
        if (slice_find(tag, ']') < 0)
                buf_addf(out, "\"" SLICE_FMT "\"", SLICE_ARG(tag));
        else
                buf_add(out, SLICE("NIL"));
        if (p->has_count)
                buf_addf(out, " %llu", (unsigned long long)p->done);
        else
                buf_add(out, SLICE(" NIL"));
        if (p->has_count && p->goal)
                buf_addf(out, " %llu", (unsigned long long)p->goal);
        else
                buf_add(out, SLICE(" NIL"));
        buf_add(out, SLICE(")] Still at it\r\n"));
}
