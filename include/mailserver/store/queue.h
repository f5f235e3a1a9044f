/*
 * queue.h — mail for elsewhere, as rows: one a recipient, in the transaction
 * that stored the message.
 *
 * A row is `due` at next_attempt; while a daemon works on it, only that
 * daemon's memory says so, so a crash repeats at most the attempts in flight.
 * Rows refer to content, which lives as long as one of them. A report (a
 * message to the sender) and the change of the rows it reports are one
 * transaction of the caller.
 */
#ifndef MAILSERVER_STORE_QUEUE_H
#define MAILSERVER_STORE_QUEUE_H

#include "mailserver/store/store.h"

enum store_queue_notify { /* RFC 3461 4.1; none: the default, failure and delay */
                          STORE_NOTIFY_NEVER = 1u << 0,
                          STORE_NOTIFY_SUCCESS = 1u << 1,
                          STORE_NOTIFY_FAILURE = 1u << 2,
                          STORE_NOTIFY_DELAY = 1u << 3,
};
enum store_queue_flag {
        STORE_QUEUE_EIGHT_BIT = 1u << 0,  /* BODY=8BITMIME, or 8-bit octets in it */
        STORE_QUEUE_SMTPUTF8 = 1u << 1,   /* the envelope or a header needs it */
        STORE_QUEUE_RET_HDRS = 1u << 2,   /* RET=HDRS: reports carry the header only */
        STORE_QUEUE_RET_FULL = 1u << 3,   /* RET=FULL */
        STORE_QUEUE_BULK = 1u << 4,       /* after interactive mail */
        STORE_QUEUE_HELD = 1u << 5,       /* by an administrator: not tried */
        STORE_QUEUE_DELAY_TOLD = 1u << 6, /* the sender had a delay warning */
};

/* What all rows of one message share: a row of queue_message. */
struct store_queue_message {
        int64_t id; /* set by add */
        int64_t content;
        int64_t account;      /* of the submitter; 0: none (forwarded, a report) */
        const char *mail_id;  /* as in Received and in log lines */
        struct slice prepend; /* octets before the content: DKIM-Signature, Return-Path never */
        const char *sender;   /* "" for <>; SRS applied already */
        const char *envid;    /* RFC 3461 4.4, xtext decoded; NULL: none */
        unsigned flags;       /* enum store_queue_flag of the whole message */
        int64_t received_us, expires_us;
};
struct store_queue_recipient {
        const char *address; /* "local@domain" */
        const char *domain;  /* what routing goes by; lower case */
        const char *orcpt;   /* "rfc822;…" as given; NULL: none */
        unsigned notify;
        int64_t next_attempt_us;
};
/* STORE_WRITE. Takes a reference on the content. */
MUST_CHECK enum err store_queue_add(struct store_txn *tx, struct store_queue_message *message,
                                    const struct store_queue_recipient *recipients, size_t n);

/* A row as the scheduler reads it. Strings are the arena's. */
struct store_queue_row {
        int64_t id, message; /* of the row; of queue_message */
        int64_t content, account;
        const char *mail_id, *sender, *address, *domain, *orcpt, *envid;
        unsigned notify, flags;
        int64_t size; /* prepend and content */
        int64_t received_us, next_attempt_us, expires_us;
        unsigned attempts;
        const char *last_reply;  /* NULL: not tried yet */
        const char *last_status; /* "4.4.1" */
};
struct arena;
struct store_queue_rows {
        struct store_queue_row *items; /* the arena's */
        size_t n;
};
/* Rows not held and due at or before `due_us`, oldest due first; after (due, id) of the last page
 * when given; at most `max`. STORE_READ. */
MUST_CHECK enum err store_queue_due(struct store_txn *tx, int64_t due_us, int64_t after_due_us,
                                    int64_t after_id, size_t max, struct arena *arena,
                                    struct store_queue_rows *ret_rows);
/* When the first row not held is due after `from_us`; 0: none. STORE_READ. */
MUST_CHECK enum err store_queue_next(struct store_txn *tx, int64_t from_us, int64_t *ret_us);
/* What prepend and content are, as octets: like store_message_read. ERR_NOTFOUND: no such row. */
MUST_CHECK enum err store_queue_read(struct store_txn *tx, int64_t message, int64_t offset,
                                     size_t max, struct buf *out);
/* Size and where the header of the content ends, counted with prepend. */
MUST_CHECK enum err store_queue_sizes(struct store_txn *tx, int64_t message, int64_t *ret_size,
                                      int64_t *ret_header);

/* ---- after an attempt ---- */

struct store_queue_attempt {
        int64_t row;
        int64_t at_us;
        const char *mx, *ip; /* whom; "" if nobody was reached */
        const char *tls;     /* "TLSv1.3 TLS_AES_256_GCM_SHA384 dane"; "" without */
        const char *status;  /* enhanced, "4.7.1" */
        const char *reply;   /* the remote's words, escaped, one line; or ours */
};
/* Remembers the attempt (the last 10 of a row) and when to try next. ERR_NOTFOUND: it has gone. */
MUST_CHECK enum err store_queue_deferred(struct store_txn *tx,
                                         const struct store_queue_attempt *attempt,
                                         int64_t next_attempt_us, bool delay_told);
/* Delivered, bounced, or removed: the row goes, with the last one of a message that too. */
MUST_CHECK enum err store_queue_remove(struct store_txn *tx, int64_t row);

/* ---- for administrators ---- */

struct store_queue_select {
        int64_t row;                           /* 0: any */
        const char *domain, *sender, *mail_id; /* NULL: any */
        int64_t older_than_us;                 /* received before; 0: any */
};
/* In order of ids, after `after`; held ones too. */
MUST_CHECK enum err store_queue_list(struct store_txn *tx, const struct store_queue_select *select,
                                     int64_t after, size_t max, struct arena *arena,
                                     struct store_queue_rows *ret_rows);
typedef enum err store_queue_attempt_fn(void *arg, const struct store_queue_attempt *attempt);
MUST_CHECK enum err store_queue_attempts(struct store_txn *tx, int64_t row,
                                         store_queue_attempt_fn *fn, void *arg);
MUST_CHECK enum err store_queue_hold(struct store_txn *tx, int64_t row, bool hold);
MUST_CHECK enum err store_queue_retry_at(struct store_txn *tx, int64_t row, int64_t at_us);

/* Numbers for status: rows in all, held, and the oldest one's received_us. */
struct store_queue_counts {
        int64_t rows, held, oldest_us;
};
MUST_CHECK enum err store_queue_count(struct store_txn *tx, struct store_queue_counts *ret_counts);

/* Recipients an account has sent to since `since_us`: for its limits per hour and day. */
MUST_CHECK enum err store_queue_sent(struct store_txn *tx, int64_t account, int64_t since_us,
                                     int64_t *ret_recipients);

#endif
