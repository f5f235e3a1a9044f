/*
 * command.h — what a command of IMAP is, and what it may use.
 *
 * `start` runs on the loop with arguments ready to read. It either replies and
 * returns IMAP_FINISHED, or submits a task (or starts to produce output) and
 * returns IMAP_WAITING; then a later imap_reply… finishes the command. After the
 * tagged reply the session tells what has changed in the view, as far as this
 * command allows, before the tagged line goes out, and reads the next command:
 * nobody calls "next".
 */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include "args.h"
#include "session.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/task.h"
#include "mailserver/store/store.h"

enum imap_flow { IMAP_FINISHED, IMAP_WAITING };

struct imap_command {
        const char *name;   /* upper case, without UID */
        unsigned states;    /* enum imap_state, or-ed; the dispatcher enforces it */
        bool has_uid_form;  /* "UID FETCH" */
        bool needs_numbers; /* message numbers in it or its answer: no EXPUNGE is told before its
                             * tagged reply (RFC 9051 7.5.1); the UID forms are free of it */
        const char *capability; /* its word in CAPABILITY, or NULL */
        const char *rfc;
        enum imap_flow (*start)(struct imap_cmd *cmd, struct imap_args *args);
};

/* Sorted by name; NULL-terminated. The only list of commands: command_table.c. */
extern const struct imap_command *const imap_commands[];

/* The command in hand: one a session. */
struct imap_cmd {
        struct imap_session *session;
        const struct imap_command *def;
        struct slice tag;
        bool uid;             /* the UID form */
        struct arena arena;   /* of its arguments; until the tagged reply */
        struct task *task;    /* in flight, or NULL */
};

/* ---- replies: reply.c ---- */

enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD };
/* The tagged reply; `code` without brackets, or NULL. Ends the command. */
enum imap_flow imap_reply(struct imap_cmd *cmd, enum imap_status status, const char *code,
                          const char *text);
/* What an error of the store means to a client. */
enum imap_flow imap_reply_err(struct imap_cmd *cmd, enum err err);
/* BAD, with what was wanted. */
enum imap_flow imap_bad_args(struct imap_cmd *cmd, const struct imap_args *args);
/* "* …" CRLF. */
void imap_untagged(struct imap_cmd *cmd, const char *fmt, ...) PRINTF(2, 3);
void imap_write(struct imap_cmd *cmd, struct slice octets);
/* Moves the bytes to the connection. */
void imap_write_take(struct imap_cmd *cmd, struct buf *octets);
/* A string as the client may be sent it: quoted, or a literal. For mailbox names: imap_put_mailbox. */
void imap_put_string(struct buf *out, struct slice s);
/* A mailbox name, in modified UTF-7 or UTF-8 as the session has it, as an astring. */
void imap_put_mailbox(const struct imap_session *s, struct buf *out, struct slice name);
/* "(\Seen $Forwarded)" with the session's keyword names. */
void imap_put_flags(const struct imap_session *s, struct buf *out, uint64_t flags, bool recent);

/* ---- tasks ---- */

/* Submits with the command as owner. On ERR_BUSY drops it and answers NO [UNAVAILABLE]. */
enum imap_flow imap_submit(struct imap_cmd *cmd, enum store_lane lane, struct task *t);
/* At the start of a task's done. */
struct imap_cmd *imap_task_owner(struct task *t);
/* Submits now, or when the output has drained below low water; for tasks kept in done. */
void imap_submit_when_drained(struct imap_cmd *cmd, enum store_lane lane, struct task *t);

/* ---- what commands ask of the session ---- */

int64_t imap_account(const struct imap_cmd *cmd);
/* The selected mailbox; 0: none. */
int64_t imap_selected(const struct imap_cmd *cmd);
/* EXAMINE: nothing may change. */
bool imap_read_only(const struct imap_cmd *cmd);
/* The set as UIDs of the view, by the form of the command (numbers or UIDs). ERR_SYNTAX: a message
 * number that is not there (BAD); UIDs that are not there are left out. */
MUST_CHECK enum err imap_set_uids(struct imap_cmd *cmd, const struct imap_set *set,
                                  struct uid_set *ret_uids);
/* Message number of a UID in the view; 0: not there (expunged and told). */
uint32_t imap_number_of(const struct imap_session *s, uint32_t uid);

#endif
