/*
 * message.h — content stored once, and the messages that refer to it.
 *
 * A draft is a message ready to be stored: parsed, rendered, hashed, and, when
 * large, on disk under its blob name. Making one blocks and needs no
 * transaction; adding it is rows only.
 *
 * A message's octets are its trace (what differs per recipient: Return-Path,
 * Delivered-To), then the shared header, then the shared body. Its size, and
 * every offset here, counts all three.
 */
#ifndef MAILSERVER_STORE_MESSAGE_H
#define MAILSERVER_STORE_MESSAGE_H

#include "mailserver/core/buf.h"
#include "mailserver/store/store.h"

struct spool;
struct store_draft;

/* System flags: bits of message.flags; keywords take the bits above: flags.h. */
enum store_flag {
        STORE_FLAG_SEEN = 1u << 0,
        STORE_FLAG_ANSWERED = 1u << 1,
        STORE_FLAG_FLAGGED = 1u << 2,
        STORE_FLAG_DELETED = 1u << 3,
        STORE_FLAG_DRAFT = 1u << 4,
};

/*
 * STORE_WORK; STORE_WRITE for what store_writer_drafts() allows. Takes the spool, whatever comes of it. ERR_FULL, ERR_IO. A blob is
 * synced and has its name when this returns.
 */
MUST_CHECK enum err store_draft_new(struct store *s, struct spool *spool,
                                    struct store_draft **ret_draft, struct error *reterr);
/* STORE_WORK or STORE_WRITE. A small message of our own making: copied, and kept in a row. */
struct store_draft *store_draft_of(struct store *s, struct slice message);
/* Any thread. A blob that no committed row refers to is removed by a worker. */
void store_draft_free(struct store_draft *d);
int64_t store_draft_size(const struct store_draft *d);

/*
 * STORE_WRITE. Once a draft, inside the transaction of the messages that refer to it: a work that
 * finds no mailbox for it fails, so that no content without a message is committed.
 */
MUST_CHECK enum err store_content_add(struct store_txn *tx, struct store_draft *draft,
                                      int64_t *ret_content);

struct store_message_new {
        struct slice trace; /* whole fields with CRLF, or empty */
        uint64_t flags;
        int64_t internal_date_us;
};
/*
 * STORE_WRITE. Counts into the mailbox and the account; quota was the caller's to check.
 * ERR_NOTFOUND: no such mailbox, or content; then nothing is changed, and the caller may go on with
 * another mailbox.
 */
MUST_CHECK enum err store_message_add(struct store_txn *tx, int64_t mailbox, int64_t content,
                                      const struct store_message_new *message, uint32_t *ret_uid);

/* ---- a mailbox as it is now: POP3's snapshot ---- */

struct store_snapshot_item {
        uint32_t uid;
        bool header_8bit; /* an octet above 0x7f in its trace or a header: RFC 6856 */
        int64_t size;
        char *uidl; /* one kept from another server; NULL: "<uidvalidity>.<uid>" in hex */
};
struct store_snapshot {
        int64_t mailbox;
        uint32_t uidvalidity;
        struct store_snapshot_item *items; /* by uid */
        size_t n;
};
MUST_CHECK enum err store_snapshot_take(struct store_txn *tx, int64_t mailbox,
                                        struct store_snapshot *ret_snapshot);
void store_snapshot_done(struct store_snapshot *snapshot);

/*
 * Octets [offset, offset + max) of a message, appended to *out (up to its
 * ceiling); nothing at the end. Messages expunged within their grace are still
 * read: a client half-way through one gets the rest. ERR_NOTFOUND; ERR_CORRUPT.
 */
MUST_CHECK enum err store_message_read(struct store_txn *tx, int64_t mailbox, uint32_t uid,
                                       int64_t offset, size_t max, struct buf *out);

/* Octets of a message, its trace too. ERR_NOTFOUND. */
MUST_CHECK enum err store_message_size(struct store_txn *tx, int64_t mailbox, uint32_t uid,
                                       int64_t *ret_octets);

/* STORE_WRITE. Those of `uids` (ascending) that are still there are expunged, the rest skipped. */
MUST_CHECK enum err store_message_expunge(struct store_txn *tx, int64_t mailbox,
                                          const uint32_t *uids, size_t n, size_t *ret_expunged);

#endif
