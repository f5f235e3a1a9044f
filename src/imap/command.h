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
        bool by_number;     /* without UID it names messages by their numbers: RFC 9586 3 */
        bool needs_numbers; /* message numbers in it or its answer: no EXPUNGE is told before its
                             * tagged reply (RFC 9051 7.5.1); the UID forms are free of it */
        const char *rfc;
        const char *help; /* a sentence for docs/commands.md */
        enum imap_flow (*start)(struct imap_cmd *cmd, struct imap_args *args);
};

/* Sorted by name; NULL-terminated. The only list of commands: command_table.c. */
extern const struct imap_command *const imap_commands[];
extern const size_t imap_n_commands;
/* ASCII case ignored. NULL if there is none. */
const struct imap_command *imap_command_find(struct slice name);

/* A word of CAPABILITY: RFC 9051 7.2.2. */
struct imap_capability {
        const char *word;
        unsigned states; /* enum imap_state in which it is told, or-ed */
        const char *rfc;
        const char *help;                   /* a sentence for docs/commands.md */
        const struct imap_command *command; /* the one it belongs to, or NULL */
        /* Whether this connection is told now, and what stands behind the word; NULL: it is. */
        bool (*put)(const struct imap_session *s, struct buf *out);
};
/* The only list of them, in the order they are told; the last has no word: capability_table.c. */
extern const struct imap_capability imap_capabilities[];

/* Defined in cmd_….c; a command exists once command_table.c lists it. */
/* clang-format off */
extern const struct imap_command
        imap_cmd_append,
        imap_cmd_authenticate,
        imap_cmd_cancelupdate,
        imap_cmd_capability,
        imap_cmd_check,
        imap_cmd_close,
        imap_cmd_compress,
        imap_cmd_copy,
        imap_cmd_create,
        imap_cmd_delete,
        imap_cmd_enable,
        imap_cmd_esearch,
        imap_cmd_examine,
        imap_cmd_expunge,
        imap_cmd_fetch,
        imap_cmd_getquota,
        imap_cmd_getquotaroot,
        imap_cmd_id,
        imap_cmd_idle,
        imap_cmd_list,
        imap_cmd_login,
        imap_cmd_logout,
        imap_cmd_lsub,
        imap_cmd_move,
        imap_cmd_namespace,
        imap_cmd_noop,
        imap_cmd_rename,
        imap_cmd_replace,
        imap_cmd_search,
        imap_cmd_select,
        imap_cmd_setquota,
        imap_cmd_sort,
        imap_cmd_starttls,
        imap_cmd_status,
        imap_cmd_store,
        imap_cmd_subscribe,
        imap_cmd_thread,
        imap_cmd_unauthenticate,
        imap_cmd_unselect,
        imap_cmd_unsubscribe;
/* clang-format on */

/* How far it is: progress.h. */
struct imap_progress {
        int64_t told_ms; /* when it was last said, or the work began; 0: it has not begun */
        uint64_t done;
        uint64_t goal;  /* 0: not known */
        bool silenced;  /* the command has begun to answer */
        bool has_count; /* `done` is known */
};

/* The command in hand: one a session. */
struct imap_cmd {
        struct imap_session *session;
        const struct imap_command *def;
        struct slice tag;
        bool uid;           /* the UID form */
        bool has_numbers;   /* which has message numbers all the same: UID SEARCH */
        struct arena arena; /* of its arguments; until the tagged reply */
        struct task *task;  /* in flight, or NULL */
        struct imap_progress progress;
        void *data; /* the command's own, for as long as it is in hand */
        /* Set by the command: called once, last, however it ends (the client's leaving too). */
        void (*end)(struct imap_cmd *cmd);
};

/* ---- replies: reply.c ---- */

enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD };
/* The tagged reply; `code` without brackets, or NULL. Ends the command. */
enum imap_flow imap_reply(struct imap_cmd *cmd, enum imap_status status, const char *code,
                          const char *text);
/* What an error of the store means to a client. */
enum imap_flow imap_reply_err(struct imap_cmd *cmd, enum err err);
/* More messages than COPY or APPEND takes: RFC 9738. */
enum imap_flow imap_reply_too_many(struct imap_cmd *cmd, int64_t max);
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
/* The two above without a session, for workers. `utf8`: the names are not in modified UTF-7. */
void imap_put_mailbox_as(struct buf *out, struct slice name, bool utf8);
void imap_put_flags_as(const struct store_keywords *keywords, struct buf *out, uint64_t flags,
                       bool recent);
/* Names on the wire are UTF-8: IMAP4rev2 or UTF8=ACCEPT is enabled. */
bool imap_is_utf8(const struct imap_session *s);

/* ---- tasks ---- */

/* Submits with the command as owner. On ERR_BUSY drops it and answers NO [UNAVAILABLE]. */
enum imap_flow imap_submit(struct imap_cmd *cmd, enum store_lane lane, struct task *t);
/* At the start of a task's done. */
struct imap_cmd *imap_task_owner(struct task *t);
/* Submits now, or when the output has drained below low water; for tasks kept in done. */
void imap_submit_when_drained(struct imap_cmd *cmd, enum store_lane lane, struct task *t);

/* ---- a literal that is not gathered: APPEND's messages ----
 *
 * APPEND is started when the header of its message's literal has come: its arguments end with it,
 * for imap_arg_literal to take. The command either replies (then the session says no "+", and drops
 * what comes all the same), or calls imap_stream and returns IMAP_WAITING; it may reply at any later
 * time, likewise. What the arguments gave stays valid until the tagged reply.
 */
struct imap_stream {
        /* Some of the literal; how many octets were taken. Less than all: imap_stream_resume asks
         * for the rest to be given again. */
        size_t (*octets)(struct imap_cmd *cmd, struct slice octets);
        /* The literal is whole. `args` is what follows it in the command: nothing, ")", or more
         * that ends with the header of the next literal. Like imap_command.start. */
        enum imap_flow (*rest)(struct imap_cmd *cmd, struct imap_args *args);
};
/* Begins to read the literal; a "+" is sent if the client waits for it. `stream` is static. */
void imap_stream(struct imap_cmd *cmd, const struct imap_literal *literal,
                 const struct imap_stream *stream);
void imap_stream_resume(struct imap_cmd *cmd);

/* ---- lines that belong to the command in hand: AUTHENTICATE, IDLE ---- */

/* Sends "+ text" and gives the next line to fn, which replies or asks again; NULL line: too long. */
void imap_ask_line(struct imap_cmd *cmd, struct slice text,
                   void (*fn)(struct imap_cmd *cmd, const struct slice *line));

/* ---- what commands ask of the session ---- */

int64_t imap_account(const struct imap_cmd *cmd);
/* The selected mailbox; 0: none. */
int64_t imap_selected(const struct imap_cmd *cmd);
/* EXAMINE: nothing may change. */
bool imap_read_only(const struct imap_cmd *cmd);
/* The set as UIDs of the view, by the form of the command (numbers or UIDs). ERR_SYNTAX: a message
 * number that is not there (BAD). UIDs that are not there are left out, but for those between two
 * messages that follow each other. */
MUST_CHECK enum err imap_set_uids(struct imap_cmd *cmd, const struct imap_set *set,
                                  struct uid_set *ret_uids);
/* The same of UIDs, whether or not they are in the view, but not above what it may have: "*" is the
 * last that was given. For what has vanished. */
void imap_set_all_uids(struct imap_cmd *cmd, const struct imap_set *set, struct uid_set *ret_uids);
/* Those of `uids` that are in the view. */
void imap_view_known(const struct imap_session *s, const struct uid_set *uids,
                     struct uid_set *ret_known);
/* Message number of a UID in the view; 0: not there (expunged and told). */
uint32_t imap_number_of(const struct imap_session *s, uint32_t uid);
/* A message is \Recent in this view. */
bool imap_is_recent(const struct imap_session *s, uint32_t uid);
/* As far as is known, the mailbox holds what its client was told, no more and no less. */
bool imap_view_is_current(const struct imap_session *s);
/*
 * The client knows the flags of these messages as they were at `modseq` (an answer to FETCH or
 * STORE has told): this change is not told again. With `but` (STORE .SILENT) it made them so, and
 * knows no MODSEQ; not so of those in `but`: others had changed them before, and that is told with
 * this change or never.
 */
void imap_flags_told(struct imap_cmd *cmd, const struct uid_set *uids, const struct uid_set *but,
                     int64_t modseq);
/* What was said so since the last tagged reply is not true: it is told before the next. */
void imap_flags_untold(struct imap_cmd *cmd);
/*
 * FLAGS and PERMANENTFLAGS anew, if the session does not know all of the account's keywords: takes
 * their names.
 */
void imap_tell_keywords(struct imap_cmd *cmd, struct store_keywords *keywords);
/* The selected mailbox is this one's no longer: "* OK [CLOSED]" is sent. For SELECT, CLOSE, DELETE. */
void imap_close_mailbox(struct imap_session *s, bool say_so);

#endif
