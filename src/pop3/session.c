/*
 * session.c — reading lines, finding their commands, and what happens between.
 *
 * pop3_session_run is called whenever something may have become possible: input,
 * drained output, an answered task. It goes on until there is nothing to do.
 */
#include "command.h"

#include "mailserver/core/log.h"

void pop3_session_reset(struct pop3_session *s)
{
        auth_exchange_free(s->exchange);
        s->exchange = NULL;
        s->exchange_reads = false;
        mem_free(s->user);
        s->user = NULL;
        s->utf8 = false;
        s->busy = s->waiting = false;
}

/* ---- the peer's time ---- */

static void wait_for_peer(struct pop3_session *s)
{
        const struct pop3_config *config = s->server->config;

        /* Not anew for each octet: the time is for a whole line. */
        if (s->waiting)
                return;
        s->waiting = true;
        conn_wait(s->conn,
                  s->state == POP3_AUTHORIZATION ? config->login_timeout_ms : config->timeout_ms);
}

static void stop_waiting(struct pop3_session *s)
{
        if (!s->waiting)
                return;
        s->waiting = false;
        conn_wait_off(s->conn);
}

/* ---- commands ---- */

static void run_command(struct pop3_session *s, struct slice line)
{
        struct pop3_line parsed = pop3_line_parse(line);
        const struct pop3_command *command = pop3_command_find(parsed.verb);

        /* What is too long for a command may be an initial response: RFC 5034 4. */
        if (line.len > (size_t)s->server->config->max_line - 2 && command != &pop3_cmd_auth)
                pop3_bad(s, NULL, "Line too long");
        else if (!command)
                pop3_bad(s, NULL, "Unknown command");
        else if (!(command->states & s->state))
                pop3_bad(s, NULL,
                         s->state == POP3_AUTHORIZATION ? "Log in first"
                                                        : "Not possible after login");
        else
                command->start(s, parsed.args);
}

static void take_line(struct pop3_session *s, struct slice line)
{
        if (s->exchange_reads)
                pop3_auth_line(s, line);
        else
                run_command(s, line);
}

static void line_too_long(struct pop3_session *s)
{
        if (s->exchange_reads)
                pop3_auth_cancel(s, "Line too long");
        else
                pop3_bad(s, NULL, "Line too long");
}

/* False: there is none to be had now. */
static bool read_line(struct pop3_session *s)
{
        size_t max = s->state == POP3_AUTHORIZATION ? POP3_AUTH_LINE
                                                    : (size_t)s->server->config->max_line;
        struct slice line;
        bool bare;

        if (!conn_budget(s->conn, 0))
                return false;
        switch (conn_read_line(s->conn, max - 2, &line, &bare)) {
        case CONN_LINE:
                stop_waiting(s);
                take_line(s, line);
                return true;
        case CONN_TOO_LONG:
                stop_waiting(s);
                line_too_long(s);
                return true;
        case CONN_MORE:
                wait_for_peer(s);
                return false;
        case CONN_EOF:
                conn_close(s->conn);
                return false;
        }
        return false;
}

static void say_goodbye(struct pop3_session *s)
{
        pop3_err(s, "SYS/TEMP", s->stop_reason);
        s->end = "stopped";
        conn_close(s->conn);
}

void pop3_session_run(struct pop3_session *s)
{
        while (!s->busy && !conn_closing(s->conn)) {
                if (s->produce) {
                        if (conn_output_full(s->conn))
                                return;
                        s->produce(s);
                } else if (s->stop_reason) {
                        say_goodbye(s);
                } else if (!read_line(s)) {
                        return;
                }
        }
}

/* ---- answering later ---- */

void pop3_busy(struct pop3_session *s)
{
        s->busy = true;
}

void pop3_submit(struct pop3_session *s, enum store_lane lane, struct task *t)
{
        enum err err;

        t->owner = s;
        err = store_submit(s->server->store, s->account, lane, t);
        if (err) {
                t->class->drop(t);
                pop3_fail(s, err);
                return;
        }
        s->task = t;
        pop3_busy(s);
}

struct pop3_session *pop3_task_owner(struct task *t)
{
        struct pop3_session *s = t->owner;

        s->task = NULL;
        return s;
}

void pop3_finish(struct pop3_session *s)
{
        s->busy = false;
        conn_resume(s->conn);
}

void pop3_produce(struct pop3_session *s, void (*produce)(struct pop3_session *s))
{
        s->produce = produce;
}

void pop3_produced(struct pop3_session *s)
{
        s->produce = NULL;
}

/* ---- arguments ---- */

bool pop3_arg_message(struct pop3_session *s, struct slice *args, size_t *ret_index)
{
        uint32_t number;

        if (!pop3_arg_number(args, &number))
                pop3_bad(s, NULL, "A message number is missing");
        else if (number == 0 || number > maildrop_count(&s->drop))
                pop3_err(s, NULL, "No such message");
        else if (maildrop_is_deleted(&s->drop, number - 1))
                pop3_err(s, NULL, "The message is marked deleted");
        else {
                *ret_index = number - 1;
                return true;
        }
        return false;
}

bool pop3_arg_none(struct pop3_session *s, struct slice args)
{
        if (pop3_arg_end(args))
                return true;
        pop3_bad(s, NULL, "Too many arguments");
        return false;
}
