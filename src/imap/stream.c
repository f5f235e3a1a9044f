/*
 * stream.c — the literals that are not gathered: APPEND's messages, octet by octet.
 *
 *      header ─► imap_stream ─► octets … ─► rest of the command ─► (the next header ─► …)
 *
 * When the command has replied before all has come, what the client sends all
 * the same is skipped: a literal it did not wait with, and the end of the line.
 */
#include "session_impl.h"

/* Octets for which a client gets its time anew: what drips slower than that is as good as silent. */
enum { PROGRESS = 4096 };

void imap_stream(struct imap_cmd *cmd, const struct imap_literal *literal,
                 const struct imap_stream *stream)
{
        struct imap_session *s = cmd->session;

        if (literal->synchronising)
                conn_write(s->conn, SLICE("+ OK\r\n"));
        s->stream = stream;
        s->stream_left = literal->octets;
        s->stream_pending = false;
        s->stream_progress = 0;
        s->literal_paused = false;
        imap_gather_rest(&s->gather);
        imap_session_wake(s);
}

void imap_stream_resume(struct imap_cmd *cmd)
{
        cmd->session->literal_paused = false;
        imap_session_wake(cmd->session);
}

static bool more_wanted(struct imap_session *s)
{
        if (conn_eof(s->conn))
                conn_close(s->conn);
        else
                imap_wait_for_peer(s);
        return false;
}

static void note_progress(struct imap_session *s, size_t octets)
{
        s->stream_progress += octets;
        if (s->stream_progress < PROGRESS && !s->literal_paused && s->stream_left)
                return;
        s->stream_progress = 0;
        imap_stop_waiting(s);
}

static bool give_octets(struct imap_session *s, struct slice octets)
{
        size_t n = octets.len < s->stream_left ? octets.len : (size_t)s->stream_left;
        size_t taken;

        if (!conn_budget(s->conn, n))
                return false;
        taken = s->stream->octets(&s->cmd, slice_head(octets, n));
        if (s->replied || s->finished || !s->in_hand)
                return true;
        s->stream_left -= taken;
        conn_consume(s->conn, taken);
        s->literal_paused = taken < n;
        note_progress(s, taken);
        return !s->literal_paused;
}

/* What follows the literal, a line or more, has come. */
static void give_rest(struct imap_session *s, enum imap_gather_event event)
{
        const struct imap_stream *stream = s->stream;
        struct imap_args args = { .arena = &s->cmd.arena, .utf8 = imap_is_utf8(s) };

        s->stream = NULL;
        s->stream_pending = event == IMAP_GATHER_STREAM;
        s->literal = s->gather.literal;
        args.rest = arena_copy(&s->cmd.arena, buf_slice(&s->gather.octets));
        imap_gather_reset(&s->gather);
        if (!args.rest.ptr || event == IMAP_GATHER_TOO_LONG)
                imap_reply(&s->cmd, IMAP_BAD, NULL, "The command is too long");
        else
                stream->rest(&s->cmd, &args);
}

static bool gather_rest(struct imap_session *s, struct slice octets)
{
        struct imap_gather_limits limits = { .max_line = (size_t)s->server->config->max_line };
        struct slice left = octets;
        enum imap_gather_event event = imap_gather_put(&s->gather, &limits, &left);

        conn_consume(s->conn, octets.len - left.len);
        if (event == IMAP_GATHER_MORE)
                return true;
        imap_stop_waiting(s);
        give_rest(s, event);
        return true;
}

bool imap_stream_step(struct imap_session *s)
{
        struct slice octets;

        if (s->literal_paused)
                return false;
        octets = conn_peek(s->conn);
        if (!octets.len)
                return more_wanted(s);
        return s->stream_left ? give_octets(s, octets) : gather_rest(s, octets);
}

void imap_stream_skip(struct imap_session *s)
{
        if (s->stream)
                imap_gather_skip(&s->gather, s->stream_left);
        else if (s->stream_pending && !s->literal.synchronising)
                imap_gather_skip(&s->gather, s->literal.octets);
        else
                imap_gather_reset(&s->gather);
        s->stream = NULL;
        s->stream_pending = false;
        s->literal_paused = false;
}
