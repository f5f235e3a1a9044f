/* mailbox_task.h — what the commands about names of mailboxes share. */
#ifndef IMAP_MAILBOX_TASK_H
#define IMAP_MAILBOX_TASK_H

#include "command.h"

#include "mailserver/store/mailbox.h"

struct imap_mailbox_task {
        struct task task;
        int64_t account;
        char *name; /* owned */
        char *to;   /* owned; RENAME */
        enum store_special_use use;
        bool subscribed;
        int64_t mailbox; /* set by work: that which has gone */
};

struct imap_mailbox_task *imap_mailbox_task_new(struct imap_cmd *cmd,
                                                const struct task_class *class, struct slice name);
/* For task_class.drop. */
void imap_mailbox_task_drop(struct task *t);
/* For task_class.done: "… completed", or what the error means. */
void imap_mailbox_task_done(struct task *t);
/* A name for a new mailbox: without the "/" with which clients announce names below it. */
struct slice imap_new_name(struct slice name);
/* Worker: makes the levels above `name` that do not exist: RFC 9051 6.3.4, 6.3.6. */
MUST_CHECK enum err imap_create_parents(struct store_txn *tx, int64_t account, struct slice name);

#endif
