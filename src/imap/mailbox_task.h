/* mailbox_task.h — what the commands about names of mailboxes share. */
#ifndef IMAP_MAILBOX_TASK_H
#define IMAP_MAILBOX_TASK_H

#include "command.h"

#include "mailserver/store/mailbox.h"

struct imap_mailbox_task {
        struct task task;
        int64_t account;
        char *name;      /* owned */
        char *supplied;  /* owned; `name` as the client wrote it */
        char *to;        /* owned; RENAME */
        bool other_form; /* the client wrote `name`, or `to`, in another form than it is stored */
        enum store_special_use use;
        bool subscribed;
        int64_t mailbox;      /* set by work: that which has gone, or was made */
        uint32_t uidvalidity; /* set by work: of the one that was made */
        bool has_children;    /* set by work: there is no such mailbox, but some below it */
        int64_t max_mailboxes, max_levels, max_octets;
};

/* The next argument, a name. */
struct imap_mailbox_arg {
        struct slice name, supplied;
};
MUST_CHECK enum err imap_mailbox_arg_read(struct imap_args *args, struct imap_mailbox_arg *ret_arg);
/* For a new mailbox: without the "/" with which clients announce names below it, which is ignored
 * (RFC 9051 6.3.4). */
void imap_mailbox_arg_new(struct imap_mailbox_arg *arg);
/* A name a mailbox may have: not too long, nor with too many levels. */
bool imap_mailbox_arg_fits(const struct imap_cmd *cmd, const struct imap_mailbox_arg *arg);

struct imap_mailbox_task *imap_mailbox_task_new(struct imap_cmd *cmd,
                                                const struct task_class *class,
                                                const struct imap_mailbox_arg *arg);
/* For task_class.drop. */
void imap_mailbox_task_drop(struct task *t);
/* For task_class.done: "… completed", or what the error means. */
void imap_mailbox_task_done(struct task *t);
/*
 * "* LIST (…) "/" name ("OLDNAME" (supplied))", for clients of IMAP4rev2 that wrote a name in another
 * form than the one it has: RFC 9051 6.3.9.7.
 */
void imap_tell_old_name(struct imap_cmd *cmd, const char *attributes, struct slice name,
                        struct slice supplied);
/* There is no mailbox to put messages into: NO [TRYCREATE], if there can be one. */
enum imap_flow imap_reply_no_destination(struct imap_cmd *cmd, struct slice name);
/* Worker: makes the levels above `name` that do not exist: RFC 9051 6.3.4, 6.3.6. */
MUST_CHECK enum err imap_create_parents(struct store_txn *tx, int64_t account, struct slice name);
/* Worker, after mailboxes were made: ERR_LIMIT when there are too many, and more than `before`. */
MUST_CHECK enum err imap_check_count(const struct imap_mailbox_task *m, struct store_txn *tx,
                                     int64_t before);

#endif
