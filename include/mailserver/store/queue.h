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
        STORE_QUEUE_EIGHT_BIT = 1u << 0,  /* 8-bit octets in it */
        STORE_QUEUE_SMTPUTF8 = 1u << 1,   /* the envelope or a header needs it */
        STORE_QUEUE_RET_HDRS = 1u << 2,   /* RET=HDRS: reports carry the header only */
        STORE_QUEUE_RET_FULL = 1u << 3,   /* RET=FULL */
        STORE_QUEUE_BULK = 1u << 4,       /* after interactive mail */
        STORE_QUEUE_HELD = 1u << 5,       /* by an administrator: not tried */
        STORE_QUEUE_DELAY_TOLD = 1u << 6, /* the sender had a delay warning */
};

/* What all rows of one message share: a row of queue_message. */
struct store_queue_message {
        int64_t content;
        int64_t account;      /* of the submitter; 0: none (forwarded, a report) */
        const char *mail_id;  /* as in Received and in log lines */
        struct slice prepend; /* octets before the content: DKIM-Signature; whole fields */
        const char *sender;   /* "" for <>; SRS applied already */
        const char *envid;    /* RFC 3461 4.4, xtext as given; NULL: none */
        unsigned flags;       /* enum store_queue_flag of the whole message */
        int64_t received_us, expires_us;
};
struct store_queue_recipient {
        const char *address; /* "local@domain" */
        const char *domain;  /* what routing goes by; lower case */
        const char *orcpt;   /* "rfc822;…" as given; NULL: none */
        unsigned notify;     /* enum store_queue_notify */
};
/*
 * STORE_WRITE. Refers to the content once; all are due at once. ERR_NOTFOUND: no such content.
 */
MUST_CHECK enum err store_queue_add(struct store_txn *tx, const struct store_queue_message *message,
                                    const struct store_queue_recipient *recipients, size_t n);

/* A row as the scheduler reads it. Strings are the arena's. */
struct store_queue_row {
        int64_t id, message; /* of the row; of what its message's rows share */
        int64_t content, account;
        const char *mail_id, *sender, *address, *domain, *orcpt, *envid; /* the last two: or NULL */
        unsigned notify, flags;
        int64_t size; /* prepend and content */
        int64_t received_us, next_attempt_us, expires_us;
        unsigned attempts;
        const char *last_status, *last_reply; /* "4.4.1"; NULL: not tried yet */
};
struct arena;
struct store_queue_rows {
        struct store_queue_row *items; /* the arena's */
        size_t n;
};
/*
 * Rows not held and due at or before `due_us`, in order of (next_attempt_us, id), after that of
 * `after` (NULL: from the first), at most `max` and what the arena holds.
 */
struct store_queue_place {
        int64_t next_attempt_us, id;
};
#define STORE_QUEUE_FIRST ((struct store_queue_place){ INT64_MIN, INT64_MIN })
MUST_CHECK enum err store_queue_due(struct store_txn *tx, int64_t due_us,
                                    const struct store_queue_place *after, size_t max,
                                    struct arena *arena, struct store_queue_rows *ret_rows);
/* The same of one domain alone, from its first. */
MUST_CHECK enum err store_queue_due_of(struct store_txn *tx, struct slice domain, int64_t due_us,
                                       size_t max, struct arena *arena,
                                       struct store_queue_rows *ret_rows);
/* The same of one account, its oldest messages first. */
MUST_CHECK enum err store_queue_due_of_account(struct store_txn *tx, int64_t account,
                                               int64_t due_us, size_t max, struct arena *arena,
                                               struct store_queue_rows *ret_rows);
/* The least account above `after` (from INT64_MIN) that has mail here. ERR_NOTFOUND: none has. */
MUST_CHECK enum err store_queue_next_account(struct store_txn *tx, int64_t after,
                                             int64_t *ret_account);
/* When the first row not held is due after `from_us`; 0: none. */
MUST_CHECK enum err store_queue_next(struct store_txn *tx, int64_t from_us, int64_t *ret_us);
/* Octets of prepend and content: as store_message_read (message.h). ERR_NOTFOUND: it has gone. */
MUST_CHECK enum err store_queue_read(struct store_txn *tx, int64_t message, int64_t offset,
                                     size_t max, struct buf *out);
/* Appends what stands before the content: whole fields. ERR_NOTFOUND; ERR_LIMIT. */
MUST_CHECK enum err store_queue_prepend(struct store_txn *tx, int64_t message, struct buf *out);
/* What is to be done with a row that was read before, since much may have happened. */
enum store_queue_standing {
        STORE_QUEUE_GONE,
        STORE_QUEUE_WAITS,    /* held, or not due yet */
        STORE_QUEUE_DUE,      /* to be tried */
        STORE_QUEUE_GIVEN_UP, /* due, but not to be tried: store_queue_expire */
};
MUST_CHECK enum err store_queue_look(struct store_txn *tx, int64_t row, int64_t now_us,
                                     enum store_queue_standing *ret_standing);
/* The largest id of a row there is, or was: rows added later have larger ones. */
MUST_CHECK enum err store_queue_last(struct store_txn *tx, int64_t *ret_row);
/* How long all of it is, and where its header ends (the empty line included). */
MUST_CHECK enum err store_queue_sizes(struct store_txn *tx, int64_t message, int64_t *ret_size,
                                      int64_t *ret_header);

/* ---- after an attempt: STORE_WRITE ---- */

enum { STORE_QUEUE_ATTEMPTS_KEPT = 10, STORE_QUEUE_MAX_REPLY = 1000 };

struct store_queue_attempt {
        int64_t row;
        int64_t at_us;
        const char *mx, *ip; /* whom; "" if nobody was reached */
        const char *tls;     /* "TLSv1.3 TLS_AES_256_GCM_SHA384 dane"; "" without */
        const char *status;  /* enhanced, "4.7.1" */
        const char *reply;   /* the remote's words, escaped, one line; or ours; cut at MAX_REPLY */
};
/* Remembers the attempt (the last few of a row), and when to try next. ERR_NOTFOUND: it has gone. */
MUST_CHECK enum err store_queue_deferred(struct store_txn *tx,
                                         const struct store_queue_attempt *attempt,
                                         int64_t next_attempt_us);
/* Only remembers it: the next server is being tried. ERR_NOTFOUND. */
MUST_CHECK enum err store_queue_tried(struct store_txn *tx,
                                      const struct store_queue_attempt *attempt);
/* Only when to try next; nothing was tried. ERR_NOTFOUND. */
MUST_CHECK enum err store_queue_put_off(struct store_txn *tx, int64_t row, int64_t next_attempt_us);
/* The sender had a delay warning. */
MUST_CHECK enum err store_queue_set_delay_told(struct store_txn *tx, int64_t row);
/*
 * Delivered, bounced, or removed: the row goes, with the last one of a message what they shared.
 * ERR_NOTFOUND: it has gone.
 */
MUST_CHECK enum err store_queue_remove(struct store_txn *tx, int64_t row);
/*
 * Rows of a domain that are due before `until_us` wait until then, or until they expire, since the
 * destination has failed; those given up do not. At most `max` of them at one time, so that the writer is not held; how many.
 */
MUST_CHECK enum err store_queue_delay_domain(struct store_txn *tx, struct slice domain,
                                             int64_t until_us, size_t max, size_t *ret_n);

/* ---- for administrators ---- */

struct store_queue_select {
        int64_t row;                             /* 0: any */
        const char *domain, *sender, *recipient; /* whole, ASCII case ignored; NULL: any */
        const char *mail_id;
        int64_t received_before_us; /* 0: any */
};
/* In order of ids, after `after`; held ones too. Attempts are read by store_queue_attempts. */
MUST_CHECK enum err store_queue_list(struct store_txn *tx, const struct store_queue_select *select,
                                     int64_t after, size_t max, struct arena *arena,
                                     struct store_queue_rows *ret_rows);
/* The oldest first; what `attempt` points to is borrowed. */
typedef enum err store_queue_attempt_fn(void *arg, const struct store_queue_attempt *attempt);
MUST_CHECK enum err store_queue_attempts(struct store_txn *tx, int64_t row,
                                         store_queue_attempt_fn *fn, void *arg);
/* STORE_WRITE, all three; ERR_NOTFOUND: no such row. What is released is due at once. */
MUST_CHECK enum err store_queue_hold(struct store_txn *tx, int64_t row, bool hold, int64_t now_us);
/* Due at once, with its waiting time begun anew. */
MUST_CHECK enum err store_queue_retry(struct store_txn *tx, int64_t row, int64_t now_us);
/* Given up: due at once with expires_us 0; it is tried no more, and its sender hears so. */
MUST_CHECK enum err store_queue_expire(struct store_txn *tx, int64_t row, int64_t now_us);

/* ---- numbers ---- */

struct store_queue_counts {
        int64_t rows, held, due;
        int64_t oldest_us; /* received; 0: none */
};
MUST_CHECK enum err store_queue_count(struct store_txn *tx, int64_t now_us,
                                      struct store_queue_counts *ret_counts);
/* Recipients an account has written to in the 1 and 24 hours before now: its limits. */
MUST_CHECK enum err store_queue_sent(struct store_txn *tx, int64_t account, int64_t now_us,
                                     int64_t *ret_hour, int64_t *ret_day);

#endif
