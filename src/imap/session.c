/*
 * session.c — one step after the other: what is next for this client.
 *
 * imap_session_run is called whenever something may have become possible: input,
 * drained output, an answered task. It goes on until there is nothing to do.
 */
#include "session_impl.h"

#include "mailserver/core/log.h"

#include <assert.h>

/* ---- the peer's time ---- */

void imap_wait_for_peer(struct imap_session *s)
{
        const struct imap_config *config = s->server->config;

        /* Not anew for each octet: the time is for a whole command. */
        if (s->waiting)
                return;
        s->waiting = true;
        conn_wait(s->conn, s->state == IMAP_NOT_AUTHENTICATED ? config->login_timeout_ms
                                                              : config->timeout_ms);
}

void imap_stop_waiting(struct imap_session *s)
{
        if (!s->waiting)
                return;
        s->waiting = false;
        conn_wait_off(s->conn);
}

/* ---- the end of a command, and of a session ---- */

void imap_command_end(struct imap_session *s)
{
        struct imap_cmd *cmd = &s->cmd;

        if (!s->in_hand)
                return;
        if (cmd->end)
                cmd->end(cmd);
        task_cancel(cmd->task);
        if (s->parked)
                s->parked->class->drop(s->parked);
        auth_exchange_free(s->exchange);
        timer_done(&s->timer);
        arena_done(&cmd->arena);
        *cmd = (struct imap_cmd){ 0 };
        s->in_hand = s->replied = s->finished = s->idling = false;
        s->opening = s->says_highest = false;
        s->line = NULL;
        s->parked = NULL;
        s->exchange = NULL;
        imap_stream_skip(s);
        buf_done(&s->tagged);
}

void imap_bye(struct imap_session *s, const char *code, const char *text)
{
        if (code)
                conn_printf(s->conn, "* BYE [%s] %s\r\n", code, text);
        else
                conn_printf(s->conn, "* BYE %s\r\n", text);
        conn_close(s->conn);
}

bool imap_count_error(struct imap_session *s)
{
        if (++s->errors < s->server->config->max_errors)
                return false;
        s->end = "errors";
        imap_bye(s, NULL, "Too many errors, goodbye");
        return true;
}

void imap_session_reset(struct imap_session *s)
{
        auth_exchange_free(s->exchange);
        s->exchange = NULL;
        imap_gather_reset(&s->gather);
        s->waiting = false;
        s->profile = NULL;
        s->said_id = s->no_compress = false;
}

void imap_session_log_out(struct imap_session *s)
{
        enum err left;

        imap_close_mailbox(s, false);
        s->state = IMAP_NOT_AUTHENTICATED;
        s->enabled = 0;
        s->account = 0;
        mem_free(s->appended);
        s->appended = NULL;
        if (!s->said_id)
                s->profile = NULL;
        left = conn_set_account(s->conn, 0, SLICE(""));
        assert(!left);
}

static void stop_now(struct imap_session *s)
{
        s->end = "stopped";
        imap_bye(s, "UNAVAILABLE", s->stop_reason);
}

void imap_session_stop(struct imap_session *s, const char *reason)
{
        mem_free(s->stop_reason);
        s->stop_reason = mem_strdup(slice_of(reason ? reason : "The server stops"));
        /* What waits for its client has nothing to finish: IDLE, a login, half an upload. */
        if (s->line || s->exchange || s->stream)
                stop_now(s);
        else
                imap_session_run(s);
}

/* ---- finding the command ---- */

/* RFC 9051 9: tag. */
static bool is_tag(struct slice tag)
{
        for (size_t i = 0; i < tag.len; i++)
                if (tag.ptr[i] <= 0x20 || tag.ptr[i] >= 0x7f || strchr("(){%*\"\\+", tag.ptr[i]))
                        return false;
        return tag.len > 0;
}

static enum imap_flow refuse(struct imap_cmd *cmd, const char *text)
{
        return imap_reply(cmd, IMAP_BAD, NULL, text);
}

static enum imap_flow refuse_state(struct imap_cmd *cmd)
{
        switch (cmd->session->state) {
        case IMAP_NOT_AUTHENTICATED:
                return refuse(cmd, "Log in first");
        case IMAP_AUTHENTICATED:
                if (cmd->def->states & IMAP_SELECTED)
                        return refuse(cmd, "No mailbox is selected");
                return refuse(cmd, "Not possible after login");
        case IMAP_SELECTED:
        case IMAP_LOGOUT:
        case IMAP_ANY:
                break;
        }
        return refuse(cmd, "Not possible now");
}

static enum imap_flow start(struct imap_session *s, struct slice rest)
{
        struct imap_cmd *cmd = &s->cmd;
        struct slice name = slice_cut_piece(&rest, ' ');
        struct imap_args args = {
                .arena = &cmd->arena,
                .utf8 = imap_is_utf8(s),
                .uid_only = s->enabled & IMAP_ENABLED_UIDONLY,
        };

        if (slice_eq_word(name, SLICE("UID"))) {
                cmd->uid = true;
                name = slice_cut_piece(&rest, ' ');
        }
        cmd->def = imap_command_find(name);
        if (!cmd->def || (cmd->uid && !cmd->def->has_uid_form))
                return refuse(cmd, "Unknown command");
        if (!(cmd->def->states & s->state))
                return refuse_state(cmd);
        if (cmd->def->by_number && !cmd->uid && s->enabled & IMAP_ENABLED_UIDONLY)
                return imap_reply(cmd, IMAP_BAD, "UIDREQUIRED", "No message numbers after UIDONLY");
        /* The space before the arguments is theirs. */
        args.rest = rest.ptr > name.ptr + name.len ? (struct slice){ rest.ptr - 1, rest.len + 1 }
                                                   : rest;
        return cmd->def->start(cmd, &args);
}

static const struct imap_gather_limits *limits(const struct imap_session *s,
                                               struct imap_gather_limits *space)
{
        const struct imap_config *config = s->server->config;
        bool known = s->state != IMAP_NOT_AUTHENTICATED;

        space->max_line = known ? (size_t)config->max_line : IMAP_LOGIN_LINE;
        space->max_literals = known ? (size_t)config->max_literals : IMAP_LOGIN_LITERALS;
        return space;
}

/* A command is in hand from here on. Its octets move to its arena when they must outlive the line. */
static bool begin(struct imap_session *s, struct slice *ret_rest)
{
        struct imap_gather_limits space;
        struct slice rest = buf_slice(&s->gather.octets);

        limits(s, &space);
        s->in_hand = true;
        s->n_commands++;
        s->cmd.session = s;
        s->cmd.arena.max = 4 * (space.max_line + space.max_literals) + (64 << 10);
        if (s->stream_pending) {
                rest = arena_copy(&s->cmd.arena, rest);
                imap_gather_rest(&s->gather);
        }
        s->cmd.tag = slice_cut_piece(&rest, ' ');
        *ret_rest = rest;
        return is_tag(s->cmd.tag);
}

static void no_tag(struct imap_session *s)
{
        conn_write(s->conn, SLICE("* BAD No tag, or one with characters no tag has\r\n"));
        s->finished = true;
        imap_count_error(s);
}

static void run_command(struct imap_session *s)
{
        struct slice rest;

        if (begin(s, &rest))
                start(s, rest);
        else
                no_tag(s);
}

/* What has come of the command is the beginning of one that is possible now. */
static bool may_go_on(const struct imap_session *s)
{
        const struct imap_command *def;
        struct slice rest = buf_slice(&s->gather.octets);
        struct slice tag = slice_cut_piece(&rest, ' '), name = slice_cut_piece(&rest, ' ');
        bool uid = slice_eq_word(name, SLICE("UID"));

        def = imap_command_find(uid ? slice_cut_piece(&rest, ' ') : name);
        return is_tag(tag) && def && (!uid || def->has_uid_form) && def->states & s->state;
}

/* The command was skipped; what is left of it has its tag. */
static void refuse_gathered(struct imap_session *s, enum imap_gather_event event)
{
        struct slice rest;

        if (!begin(s, &rest))
                no_tag(s);
        else if (event == IMAP_GATHER_TOO_LONG)
                refuse(&s->cmd, "The command is too long");
        else
                imap_reply(&s->cmd, IMAP_NO, "TOOBIG", "The literal is too big");
}

static void gathered(struct imap_session *s, enum imap_gather_event event)
{
        switch (event) {
        case IMAP_GATHER_MORE:
                break;
        case IMAP_GATHER_SKIPPED:
                imap_gather_reset(&s->gather);
                break;
        case IMAP_GATHER_CONTINUE:
                /* RFC 9051 7.6: no literal is asked for that would be for nothing. */
                if (may_go_on(s))
                        conn_write(s->conn, SLICE("+ OK\r\n"));
                else
                        run_command(s);
                break;
        case IMAP_GATHER_STREAM:
                s->stream_pending = true;
                s->literal = s->gather.literal;
                run_command(s);
                break;
        case IMAP_GATHER_COMMAND:
                run_command(s);
                break;
        case IMAP_GATHER_TOO_LONG:
        case IMAP_GATHER_TOO_BIG:
                refuse_gathered(s, event);
                break;
        }
}

/* Some clients send one too many: profile.c. It is no command, and gives its sender no time. */
static bool is_empty_line(const struct imap_session *s, enum imap_gather_event event)
{
        return event == IMAP_GATHER_COMMAND && !s->gather.octets.len;
}

/* False: nothing complete has come. */
static bool gather(struct imap_session *s)
{
        struct imap_gather_limits space;
        enum imap_gather_event event;
        struct slice all, left;

        if (!conn_budget(s->conn, 0))
                return false;
        all = left = conn_peek(s->conn);
        if (!all.len) {
                if (conn_eof(s->conn))
                        conn_close(s->conn);
                else
                        imap_wait_for_peer(s);
                return false;
        }
        event = imap_gather_put(&s->gather, limits(s, &space), &left);
        conn_consume(s->conn, all.len - left.len);
        if (is_empty_line(s, event)) {
                imap_gather_reset(&s->gather);
                return true;
        }
        if (event != IMAP_GATHER_MORE)
                imap_stop_waiting(s);
        gathered(s, event);
        return true;
}

/* ---- a line that belongs to the command in hand ---- */

static bool read_line(struct imap_session *s)
{
        void (*fn)(struct imap_cmd * cmd, const struct slice *line) = s->line;
        struct slice line;
        bool bare;

        switch (conn_read_line(s->conn, IMAP_LOGIN_LINE, &line, &bare)) {
        case CONN_LINE:
                imap_stop_waiting(s);
                s->line = NULL;
                fn(&s->cmd, &line);
                return true;
        case CONN_TOO_LONG:
                imap_stop_waiting(s);
                s->line = NULL;
                fn(&s->cmd, NULL);
                return true;
        case CONN_MORE:
                imap_wait_for_peer(s);
                return false;
        case CONN_EOF:
                conn_close(s->conn);
                return false;
        }
        return false;
}

void imap_ask_line(struct imap_cmd *cmd, struct slice text,
                   void (*fn)(struct imap_cmd *cmd, const struct slice *line))
{
        struct imap_session *s = cmd->session;

        conn_printf(s->conn, "+ " SLICE_FMT "\r\n", SLICE_ARG(text));
        s->line = fn;
        imap_session_wake(s);
}

/* ---- tasks ---- */

enum imap_flow imap_submit(struct imap_cmd *cmd, enum store_lane lane, struct task *t)
{
        struct imap_session *s = cmd->session;
        enum err err;

        t->owner = cmd;
        err = store_submit(s->server->store, s->account, lane, t);
        if (err) {
                t->class->drop(t);
                imap_flags_untold(cmd); /* STORE: that was its answer */
                return imap_reply_err(cmd, err);
        }
        cmd->task = t;
        imap_progress_begin(s);
        return IMAP_WAITING;
}

struct imap_cmd *imap_task_owner(struct task *t)
{
        struct imap_cmd *cmd = t->owner;

        cmd->task = NULL;
        return cmd;
}

static void retry(void *arg)
{
        imap_session_run(arg);
}

/* False: not yet. */
static bool submit_parked(struct imap_session *s)
{
        struct task *t = s->parked;

        if (timer_pending(&s->timer) || conn_output_full(s->conn))
                return false;
        t->owner = &s->cmd;
        /* Half of the answer may be out: too late to say that the store is busy. */
        if (store_submit(s->server->store, s->account, s->parked_lane, t)) {
                timer_set(&s->timer, conn_loop(s->conn), IMAP_RETRY_MS, retry, s);
                return false;
        }
        s->parked = NULL;
        s->cmd.task = t;
        return false;
}

void imap_submit_when_drained(struct imap_cmd *cmd, enum store_lane lane, struct task *t)
{
        struct imap_session *s = cmd->session;

        s->parked = t;
        s->parked_lane = lane;
        submit_parked(s);
}

/* ---- step by step ---- */

void imap_session_wake(struct imap_session *s)
{
        if (!s->running)
                conn_resume(s->conn);
}

/* False: nothing more can be done now. */
static bool step(struct imap_session *s)
{
        if (s->mailbox && s->mailbox->update)
                return imap_view_step(s);
        if (s->in_hand && s->finished) {
                imap_command_end(s);
                return true;
        }
        if (s->in_hand && s->replied)
                return false;
        if (s->parked)
                return submit_parked(s);
        if (s->line)
                return read_line(s);
        if (s->stream)
                return imap_stream_step(s);
        if (s->in_hand)
                return false;
        if (s->stop_reason) {
                stop_now(s);
                return false;
        }
        return gather(s);
}

void imap_session_run(struct imap_session *s)
{
        if (s->running)
                return;
        s->running = true;
        while (!conn_closing(s->conn) && step(s))
                ;
        s->running = false;
}

/* ---- what commands may look at ---- */

struct imap_appended **imap_session_appended(struct imap_session *s)
{
        return &s->appended;
}

struct imap_server *imap_session_server(const struct imap_session *s)
{
        return s->server;
}

struct conn *imap_session_conn(const struct imap_session *s)
{
        return s->conn;
}

unsigned imap_session_enabled(const struct imap_session *s)
{
        return s->enabled;
}

bool imap_is_utf8(const struct imap_session *s)
{
        return (s->enabled & (IMAP_ENABLED_REV2 | IMAP_ENABLED_UTF8)) != 0;
}

int64_t imap_account(const struct imap_cmd *cmd)
{
        return cmd->session->account;
}
