/*
 * cmd_idle.c — IDLE: RFC 9051 6.3.13, once RFC 2177.
 *
 * Until DONE what changes is told as it happens (view_update.c), and now and
 * then a line that says nothing, so that what stands between does not forget
 * the connection.
 */
#include "session_impl.h"

static void keep_alive(void *arg)
{
        struct imap_session *s = arg;

        conn_write(s->conn, SLICE("* OK Still here\r\n"));
        imap_view_push(s);
        timer_set(&s->timer, conn_loop(s->conn), s->server->config->idle_interval_ms, keep_alive,
                  s);
}

static void got_line(struct imap_cmd *cmd, const struct slice *line)
{
        if (line && slice_eq_word(slice_trim(*line), SLICE("DONE")))
                imap_reply(cmd, IMAP_OK, NULL, "IDLE completed");
        else
                imap_reply(cmd, IMAP_BAD, NULL, "IDLE wants DONE");
}

static enum imap_flow idle_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;

        if (imap_arg_end(args))
                return imap_bad_args(cmd, args);
        imap_ask_line(cmd, SLICE("idling"), got_line);
        timer_done(&s->progress_timer); /* of a command before: those who wait are many */
        s->idling = true;
        timer_set(&s->timer, conn_loop(s->conn), s->server->config->idle_interval_ms, keep_alive,
                  s);
        imap_view_push(s);
        return IMAP_WAITING;
}

const struct imap_command imap_cmd_idle = {
        .name = "IDLE",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.13",
        .help = "Waits, and is told at once what changes in the mailbox.",
        .start = idle_start,
};
