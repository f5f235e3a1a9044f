/*
 * command.h — what a command is, and what one may call.
 *
 * `start` runs on the loop with the arguments still to be parsed. It replies
 * and returns SMTP_FINISHED, or asks somebody and returns SMTP_WAITING: then the
 * answer replies and calls smtp_finish. No one reads the next command before.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "session.h"

enum smtp_flow { SMTP_FINISHED, SMTP_WAITING };

/* What must have happened before; the dispatcher sees to it. */
enum smtp_needs {
        SMTP_NEEDS_HELO = 1u << 0,
        SMTP_NEEDS_AUTH = 1u << 1,       /* where mail is submitted: a login */
        SMTP_NEEDS_MAIL = 1u << 2,       /* an open transaction */
        SMTP_NEEDS_RCPT = 1u << 3,       /* with a recipient */
        SMTP_NEEDS_NO_MAIL = 1u << 4,    /* none open */
        SMTP_NEEDS_NO_CONTENT = 1u << 5, /* no BDAT in it, failed or not */
        SMTP_NEEDS_NO_ARGS = 1u << 6,
};

struct smtp_command {
        const char *verb;
        const char *syntax; /* for HELP; NULL: known and not implemented (502) */
        const char *rfc;
        unsigned needs; /* enum smtp_needs */
        enum smtp_flow (*start)(struct smtp_session *s, struct slice args);
};

/* The only list, sorted by verb; NULL-terminated. */
extern const struct smtp_command *const smtp_commands[];
/* NULL: there is no such verb. */
const struct smtp_command *smtp_command_find(struct slice verb);

extern const struct smtp_command smtp_cmd_auth, smtp_cmd_bdat, smtp_cmd_data, smtp_cmd_ehlo,
        smtp_cmd_etrn, smtp_cmd_expn, smtp_cmd_helo, smtp_cmd_help, smtp_cmd_mail, smtp_cmd_noop,
        smtp_cmd_quit, smtp_cmd_rcpt, smtp_cmd_rset, smtp_cmd_saml, smtp_cmd_send, smtp_cmd_soml,
        smtp_cmd_starttls, smtp_cmd_turn, smtp_cmd_vrfy;

/* A service extension, as EHLO lists it: RFC 5321 2.2. */
struct smtp_extension {
        const char *keyword;
        bool (*offered)(const struct smtp_session *s);                    /* NULL: always */
        void (*arguments)(const struct smtp_session *s, struct buf *out); /* NULL: none */
};
/* In the order of the reply; the last has no keyword. */
extern const struct smtp_extension smtp_extensions[];

/* ---- replies ---- */

/* One line. `enhanced` NULL: none, as RFC 2034 4 has it for greeting, HELO and 3xx. Counts 5xx. */
enum smtp_flow smtp_reply(struct smtp_session *s, int code, const char *enhanced, const char *text);
enum smtp_flow smtp_reply_with(struct smtp_session *s, const struct smtp_reply *reply);
enum smtp_flow smtp_reply_err(struct smtp_session *s, enum err err);
/* 421, and then the end: RFC 5321 3.8. */
enum smtp_flow smtp_reply_closing(struct smtp_session *s, const char *enhanced, const char *text);

/* The answer to SMTP_WAITING has been written: on with the next command. */
void smtp_finish(struct smtp_session *s);
/* Why a command may not be used now, or NULL: RFC 5321 4.1.4, RFC 4954 6. */
const struct smtp_reply *smtp_missing(const struct smtp_session *s, unsigned needs);

/* A command's next lines, while AUTH is in progress (state SMTP_STATE_AUTH). */
void smtp_auth_line(struct smtp_session *s, struct slice line);
void smtp_auth_line_too_long(struct smtp_session *s);
/* "PLAIN LOGIN …" for this client; nothing when no login is offered. */
void smtp_auth_mechanisms(const struct smtp_session *s, struct buf *out);
bool smtp_auth_offered(const struct smtp_session *s);
/* Nobody logged in any more: STARTTLS. */
void smtp_auth_reset(struct smtp_session *s);

#endif
