/*
 * fetch.h — rows of messages with what was rendered when they were stored.
 *
 * STORE_READ. One sequential read of rows in order of UID; nothing is parsed.
 */
#ifndef MAILSERVER_STORE_FETCH_H
#define MAILSERVER_STORE_FETCH_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/store.h"

/* Without any of them a row has its UID, flags and MODSEQ; with any, what of it is not said below, too. */
enum store_fetch_item {
        STORE_FETCH_CONTENT = 1u << 0, /* envelope, bodystructure, body, preview … of the row */
        STORE_FETCH_HEADER = 1u << 1,  /* the header block */
        STORE_FETCH_PARTS = 1u << 2,   /* the part table: mime/parts.h */
        STORE_FETCH_BODY = 1u << 3,    /* the body's octets where they are in the database */
        STORE_FETCH_KEYS = 1u << 5,    /* what SEARCH, SORT and THREAD compare */
        STORE_FETCH_EMAIL_ID = 1u << 6,
        STORE_FETCH_SHORT = 1u << 4, /* the same, but none of more than STORE_FETCH_SHORT_OCTETS */
        STORE_FETCH_ROW = 1u << 7,   /* nothing more: dates, content and size */
};
enum { STORE_FETCH_SHORT_OCTETS = 64 << 10, STORE_EMAIL_ID_OCTETS = 40 };

/* Borrowed until the callback returns. */
struct store_fetch_row {
        uint32_t uid;
        uint64_t flags;
        int64_t modseq, internal_date_us, save_date_us, content;
        int64_t size; /* trace, header and body */
        /* With any of STORE_FETCH_HEADER, _PARTS, _BODY and _SHORT; else empty */
        struct slice trace;
        /* STORE_FETCH_CONTENT */
        int64_t header_size; /* without the trace */
        struct slice envelope, bodystructure, body, preview;
        /* STORE_FETCH_KEYS; the texts are as mime/keys.h has them */
        int64_t sent_us, sent_day; /* INT64_MIN: the mail does not say */
        bool reply;                /* by its subject */
        int64_t thread_id;         /* RFC 8474 5.2: equal for messages of one thread */
        struct slice base_subject, from, to, cc, display_from, display_to, message_id, references;
        /* STORE_FETCH_EMAIL_ID: hexadecimal; of all that never changes, so that it is the same where
         * content, trace and internal date are: RFC 8474 5.1 */
        struct slice email_id;
        /* STORE_FETCH_HEADER: without the trace */
        struct slice header;
        /* STORE_FETCH_PARTS: offsets count from behind the trace */
        struct slice parts;
        /* The body: .ptr NULL when it is a blob or not short: read it with store_message_read */
        struct slice octets;
};
/* False stops the walk. */
typedef bool store_fetch_fn(void *arg, const struct store_fetch_row *row);
/* Calls fn for each message of `uids` that is there, from UID `from` on, in order. */
MUST_CHECK enum err store_fetch(struct store_txn *tx, int64_t mailbox, const struct uid_set *uids,
                                uint32_t from, unsigned items, store_fetch_fn *fn, void *arg);

#endif
