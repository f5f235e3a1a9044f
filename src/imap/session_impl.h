/*
 * session_impl.h — a session from inside: session.c, reply.c, stream.c, view_update.c, and the
 * commands that change its state.
 *
 *      gather ─► command [start … reply] ─► what has changed in the view ─► tagged reply ─► gather
 *
 * What a session waits for is always one thing: octets for gather, octets or a
 * line for the command in hand, a task, or room in the output.
 */
#ifndef IMAP_SESSION_IMPL_H
#define IMAP_SESSION_IMPL_H

#include "command.h"
#include "context.h"
#include "flag_memory.h"
#include "gather.h"
#include "profile.h"
#include "progress.h"

#include "mailserver/core/loop.h"

enum {
        IMAP_LOGIN_LINE = 16384,    /* of a line before login: room for a SASL response */
        IMAP_LOGIN_LITERALS = 8192, /* of literals before login */
        IMAP_RETRY_MS = 20,         /* the store was busy in the middle of an answer */
};

/* What has changed in a view, on its way to the client: view_update.c. */
struct imap_update;

/* The client knows the flags of these as they were at modseq. */
struct imap_told {
        struct uid_set uids, but; /* those of `uids` that are not in `but` */
        int64_t modseq;
        bool silent; /* it made them so, and was not told the MODSEQ */
};

/* A selected mailbox. */
struct imap_mailbox {
        struct imap_session *session; /* borrowed; NULL before it is open */
        struct store_view view;
        struct store_watcher watcher;
        struct store_keywords keywords;
        bool read_only;
        bool dirty;                    /* something may have changed since view.modseq */
        bool unknown;                  /* and `pending` does not say all of it */
        bool other;                    /* and it is more than what happened to messages */
        struct store_change pending;   /* if dirty: what the watcher was told, as one */
        int64_t reading;               /* the MODSEQ `task` reads up to */
        struct uid_set withheld;       /* expunged, still in the view */
        struct imap_flag_memory flags; /* kept for clients that know CONDSTORE */
        int64_t withheld_since;        /* when there are such: all up to this MODSEQ was told */
        int64_t sent_modseq;           /* the largest in an answer since the last tagged reply */
        int64_t owed_modseq;           /* the client saw it too early, and was told so; 0: none */
        struct imap_recent *first;     /* who was told first; counted */
        struct uid_set recent;         /* UIDs this session was told of first */
        struct imap_told *told;        /* owned; imap_flags_told, ascending MODSEQs */
        size_t n_told;
        struct uid_set saved;          /* "$" */
        struct imap_contexts contexts; /* results that are kept up to date */
        struct imap_update *update;    /* owned; being told */
        struct task *task;             /* an update being read */
        char *label;                   /* "selected INBOX" */
};

struct imap_session {
        struct conn *conn;
        struct imap_server *server;
        enum imap_state state;
        unsigned enabled; /* enum imap_enabled, or-ed */
        int64_t account;
        const struct imap_profile *profile; /* which program it is; NULL: none we know */
        unsigned errors;

        struct imap_gather gather;
        struct imap_cmd cmd;
        bool in_hand : 1;  /* cmd is one */
        bool replied : 1;  /* its tagged line is in `tagged`, and waits for the view */
        bool finished : 1; /* its tagged line is out */
        bool running : 1;  /* in imap_session_run */
        bool waiting : 1;  /* the peer's time is running */
        bool idling : 1;   /* IDLE: changes are told as they come */
        bool literal_paused : 1;
        bool said_id : 1;      /* ID was said */
        bool no_compress : 1;  /* by a client that is not to be told of it */
        bool opening : 1;      /* SELECT has opened the mailbox, and may still fail */
        bool says_highest : 1; /* HIGHESTMODSEQ belongs into the tagged line */
        struct buf tagged;

        /* of the command in hand */
        void (*line)(struct imap_cmd *cmd, const struct slice *line);
        const struct imap_stream *stream;
        uint64_t stream_left;
        size_t stream_progress; /* octets since the peer's time last began */
        bool stream_pending;    /* the header of a literal has come, which may follow unasked */
        struct imap_literal literal;
        struct task *parked; /* owned: waits for room in the output */
        enum store_lane parked_lane;
        struct timer timer;             /* retry; keep-alive of IDLE */
        struct timer progress_timer;    /* progress.h */
        struct auth_exchange *exchange; /* owned */

        struct imap_mailbox *mailbox;   /* owned; NULL: none is selected */
        struct imap_appended *appended; /* owned; imap_session_appended */
        char *stop_reason;              /* owned; the server stops: after the command in hand */
        const char *end;                /* how it ended, for the log */
        int64_t n_commands;
};

/* Something may have become possible: does all that can be done now. */
void imap_session_run(struct imap_session *s);
/* The same later, from outside of it. */
void imap_session_wake(struct imap_session *s);
void imap_session_stop(struct imap_session *s, const char *reason);
/* Forgets who was logging in: after STARTTLS. */
void imap_session_reset(struct imap_session *s);
/* Not logged in any more, and nothing is left of what was enabled or open: RFC 8437. */
void imap_session_log_out(struct imap_session *s);
/* Ends the command in hand, replied or not. */
void imap_command_end(struct imap_session *s);
/* "* BYE text", and the connection closes. */
void imap_bye(struct imap_session *s, const char *code, const char *text);
/* One more command that cannot be obeyed; true: it was one too many, and the connection closes. */
bool imap_count_error(struct imap_session *s);

/* The peer's time runs anew, or not at all. */
void imap_wait_for_peer(struct imap_session *s);
void imap_stop_waiting(struct imap_session *s);

/* ---- stream.c ---- */

/* Gives octets of the literal to the command. False: there is nothing to do now. */
bool imap_stream_step(struct imap_session *s);
/* Skips what is still to come of the command in hand, which has replied. */
void imap_stream_skip(struct imap_session *s);

/* ---- view.c ---- */

/* Takes the mailbox; it is watched from here on. */
void imap_open_mailbox(struct imap_session *s, struct imap_mailbox *m);
void imap_mailbox_free(struct imap_mailbox *m);
/* What imap_flags_told has said of this change; NULL: nothing. */
const struct imap_told *imap_was_told(const struct imap_mailbox *m, uint32_t uid, int64_t modseq);
void imap_forget_told(struct imap_mailbox *m);
/* Those of `first` to `last` that nobody was told of are this session's recent ones. */
void imap_told_first(struct imap_session *s, uint32_t first, uint32_t last);
/* How many messages are \Recent. */
size_t imap_count_recent(const struct imap_session *s);

/* ---- modseq.c ---- */

/* Before the tagged line: HIGHESTMODSEQ where the client could draw a wrong conclusion. */
void imap_modseq_settle(struct imap_session *s);

/* ---- view_update.c ---- */

/* The command in hand has replied: tells what has changed, then sends its tagged line. */
void imap_view_settle(struct imap_session *s);
/* In IDLE: tells what has changed if nothing is being told. */
void imap_view_push(struct imap_session *s);
/*
 * IDLE: tells of messages that arrived from what the change says, before whoever sent them is
 * answered. False: it must be read.
 */
bool imap_view_advance(struct imap_session *s, const struct store_change *change);
/* Writes what there is room for; false: nothing is being told. */
bool imap_view_step(struct imap_session *s);
void imap_update_free(struct imap_update *u);
/* All that had changed is told, contexts too. */
void imap_view_told(struct imap_session *s);
/* "* FLAGS" and PERMANENTFLAGS. */
void imap_put_mailbox_flags(const struct imap_session *s, struct buf *out);

/* ---- login.c ---- */

/* What auth wants to know of this connection; `binding` is filled and borrowed. */
void imap_auth_client(const struct imap_session *s, struct buf *binding,
                      struct auth_client *ret_client);
bool imap_auth_offered(const struct imap_session *s);
/* Begins an exchange; the command in hand is answered by its outcome. */
struct auth_exchange *imap_auth_begin(struct imap_cmd *cmd);

/* ---- capability.c ---- */

/* "IMAP4rev1 …", of capability_table.c what this connection may be told now. */
void imap_put_capability(const struct imap_session *s, struct buf *out);
/* The bit (enum imap_enabled) of a word for ENABLE; 0: none. */
unsigned imap_extension_bit(struct slice word);
/* " WORD" for each bit. */
void imap_put_extensions(unsigned bits, struct buf *out);

#endif
