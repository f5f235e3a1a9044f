/*
 * command.h — what a command of POP3 is, and what it may use.
 *
 * `start` runs on the loop with the arguments as they came. It either replies
 * and returns, or it makes the session busy (a task, a login, a long answer)
 * and replies later; then pop3_finish reads the next line. Commands never run
 * side by side: pipelined lines wait in the input.
 */
#ifndef POP3_COMMAND_H
#define POP3_COMMAND_H

#include "line.h"
#include "session.h"

#include "mailserver/core/buf.h"

struct pop3_command {
        const char *verb; /* upper case */
        unsigned states;  /* enum pop3_state, or-ed; the dispatcher enforces it */
        const char *rfc;
        /* Its line in CAPA, or NULL. With capability_of the words behind it, or none at all. */
        const char *capability;
        /* Appends the arguments; false: the capability is not there for this connection now. */
        bool (*capability_of)(struct pop3_session *s, struct buf *out);
        void (*start)(struct pop3_session *s, struct slice args);
};

/* Sorted by verb; NULL-terminated. The only list of commands. */
extern const struct pop3_command *const pop3_commands[];
extern const size_t pop3_n_commands;
/* ASCII case ignored. NULL if there is none. */
const struct pop3_command *pop3_command_find(struct slice verb);

extern const struct pop3_command pop3_cmd_auth, pop3_cmd_capa, pop3_cmd_dele, pop3_cmd_lang,
        pop3_cmd_list, pop3_cmd_noop, pop3_cmd_pass, pop3_cmd_quit, pop3_cmd_retr, pop3_cmd_rset,
        pop3_cmd_stat, pop3_cmd_stls, pop3_cmd_top, pop3_cmd_uidl, pop3_cmd_user, pop3_cmd_utf8;

/* ---- replies: reply.c ---- */

/* "+OK text". */
void pop3_ok(struct pop3_session *s, const char *fmt, ...) PRINTF(2, 3);
/* "-ERR [code] text"; code NULL: none. */
void pop3_err(struct pop3_session *s, const char *code, const char *text);
/* The same for a line that cannot be obeyed; too many of them end the session. */
void pop3_bad(struct pop3_session *s, const char *code, const char *text);
/* What an error of the store means to a client: RFC 3206. */
void pop3_fail(struct pop3_session *s, enum err err);

/* ---- for commands that reply later: session.c ---- */

/* Until pop3_finish no line is read. */
void pop3_busy(struct pop3_session *s);
/*
 * Submits with the session as owner; it is busy after. On ERR_BUSY the task has
 * been dropped, the reply made, and the session is not busy.
 */
void pop3_submit(struct pop3_session *s, enum store_lane lane, struct task *t);
/* At the start of a task's done: its session, which no longer waits for it. */
struct pop3_session *pop3_task_owner(struct task *t);
/* The command has been answered: the next line. */
void pop3_finish(struct pop3_session *s);
/*
 * A long answer: `produce` writes a piece each time it is called, until it
 * calls pop3_produced or makes the session busy; never while output is full.
 */
void pop3_produce(struct pop3_session *s, void (*produce)(struct pop3_session *s));
void pop3_produced(struct pop3_session *s);

/* ---- arguments ---- */

/* The number of a message that is there and not marked deleted; else -ERR has been sent. */
bool pop3_arg_message(struct pop3_session *s, struct slice *args, size_t *ret_index);
/* Nothing may follow; else -ERR has been sent. */
bool pop3_arg_none(struct pop3_session *s, struct slice args);

/* ---- logging in: login.c ---- */

struct auth_client;
/* What auth wants to know of this connection; `binding` is filled and borrowed. */
void pop3_auth_client(struct pop3_session *s, struct buf *binding, struct auth_client *ret_client);
/* May a password be sent on this connection? */
bool pop3_auth_offered(struct pop3_session *s);
/* The refusal where it may not: says what to do. */
void pop3_auth_refuse(struct pop3_session *s);
/* Begins an exchange; the session is busy until its outcome has been answered. */
struct auth_exchange *pop3_auth_begin(struct pop3_session *s);
/* A line that belongs to the exchange. */
void pop3_auth_line(struct pop3_session *s, struct slice line);
void pop3_auth_cancel(struct pop3_session *s, const char *text);

#endif
