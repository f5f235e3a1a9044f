/* status.h — what STATUS tells of a mailbox: RFC 9051 6.3.11; for STATUS, and for LIST (RFC 5819). */
#ifndef IMAP_STATUS_H
#define IMAP_STATUS_H

#include "args.h"

#include "mailserver/store/mailbox.h"

struct imap_server;

enum imap_status_item {
        IMAP_STATUS_MESSAGES = 1u << 0,
        IMAP_STATUS_RECENT = 1u << 1, /* RFC 3501 */
        IMAP_STATUS_UIDNEXT = 1u << 2,
        IMAP_STATUS_UIDVALIDITY = 1u << 3,
        IMAP_STATUS_UNSEEN = 1u << 4,
        IMAP_STATUS_DELETED = 1u << 5,
        IMAP_STATUS_SIZE = 1u << 6,
        IMAP_STATUS_APPENDLIMIT = 1u << 7,      /* RFC 7889 3.2 */
        IMAP_STATUS_MAILBOXID = 1u << 8,        /* RFC 8474 4.3 */
        IMAP_STATUS_HIGHESTMODSEQ = 1u << 9,    /* RFC 7162 3.1.7; enables CONDSTORE */
        IMAP_STATUS_DELETED_STORAGE = 1u << 10, /* RFC 9208 4.1.4 */
};

struct imap_status_counts {
        int64_t mailbox; /* its id */
        int64_t messages, recent, uidnext, uidvalidity, unseen, deleted, size, highestmodseq;
        int64_t deleted_size; /* once imap_status_add_up has found it */
};

/* "(MESSAGES UIDNEXT …)" */
MUST_CHECK enum err imap_status_parse(struct imap_args *args, unsigned *ret_items);
/* STORE_READ. ERR_NOTFOUND. */
MUST_CHECK enum err imap_status_read(struct store_txn *tx, int64_t mailbox, unsigned items,
                                     struct imap_status_counts *ret_counts);
/* STORE_READ. Of the items that are asked for, those that are not kept but added up. */
MUST_CHECK enum err imap_status_add_up(struct store_txn *tx, unsigned items,
                                       struct imap_status_counts *counts);
void imap_status_of(const struct store_mailbox *mailbox, struct imap_status_counts *ret_counts);
/* " (MESSAGES 3 …)" CRLF. Loop thread. */
void imap_status_put(struct buf *out, unsigned items, const struct imap_status_counts *counts,
                     const struct imap_server *server);

#endif
