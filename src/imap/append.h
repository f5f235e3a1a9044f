/*
 * append.h — messages on their way from an APPEND into a mailbox.
 *
 * One object, and at any moment one owner: the command while a literal comes in,
 * the store while a task of it runs.
 */
#ifndef IMAP_APPEND_H
#define IMAP_APPEND_H

#include "append_text.h"
#include "command.h"
#include "flag_list.h"

#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

/* What precedes a message in the command. */
struct imap_append_head {
        struct imap_flag_list flags; /* in append.arena */
        int64_t date_us;
        bool utf8; /* "UTF8 (~{n}": RFC 6855 4 */
        struct imap_literal literal;
};

struct imap_append_message {
        struct imap_append_head head;
        struct store_draft *draft; /* owned */
};

struct imap_append {
        struct task task;
        int64_t account;
        struct store *store;
        struct arena arena;
        char *mailbox;                /* owned */
        char *supplied;               /* owned; as the client wrote it */
        struct imap_append_head head; /* of the message in hand */
        struct spool *spool;          /* owned; of the message in hand, until it is prepared */
        struct imap_append_text text;
        bool finishing; /* all octets are there, the spool still writes */
        bool more;      /* another message follows: `head` is its already */
        struct imap_append_head coming;
        struct imap_append_message *messages; /* owned; ready to be stored */
        size_t n_messages, cap;
        int64_t octets;     /* of all messages, announced or ready */
        int64_t max_octets; /* of one message */

        /* REPLACE: RFC 8508 */
        int64_t selected;  /* the mailbox of the message that goes; 0: none goes */
        uint32_t replaced; /* its UID */

        /* set by the tasks */
        bool gone;               /* it is not there any more */
        enum err prepare_result; /* of the message in hand */
        int64_t room;            /* octets that the account has left */
        uint32_t uidvalidity;
        struct uid_set uids;
};

struct imap_append *imap_append_new(struct imap_cmd *cmd);
void imap_append_free(struct imap_append *a);
/* The rest of the command, from the name of the mailbox on. Takes `a`. */
enum imap_flow imap_append_start(struct imap_cmd *cmd, struct imap_args *args,
                                 struct imap_append *a);
/* The work of its tasks. Store reader: is there such a mailbox, and room for the messages? */
enum err imap_append_check(struct task *t, struct store_txn *tx);
/* Worker: makes of the spool one more of `messages`. prepare_result is ERR_DENIED where there are NULs
 * that no encoding can hide, ERR_LIMIT where it is too big once they are encoded. */
enum err imap_append_prepare(struct task *t, struct store_txn *tx);
/* Store writer: stores all messages, or none. The last is prepared, if no worker has done so. */
enum err imap_append_write(struct task *t, struct store_txn *tx);

#endif
