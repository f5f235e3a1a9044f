/*
 * source.h — a message of the store as RETR and TOP send it: a surrogate where
 * the client needs one, cut off after the lines it asked for, dots stuffed.
 *
 * It is read piece by piece, each in a read transaction of its own; between two
 * of them nothing is held but where it stopped.
 */
#ifndef POP3_SOURCE_H
#define POP3_SOURCE_H

#include "dots.h"
#include "maildrop.h"
#include "surrogate.h"

#include "mailserver/store/fetch.h"

/*
 * Octets read at once, and what they can become: stuffing adds half at most, and encoded-words make
 * nine times of a header that is folded behind each octet, none of them ASCII.
 */
enum { POP3_SOURCE_CHUNK = 64 << 10, POP3_SOURCE_OUT_MAX = 1 << 20 };

/* Which message, and how much of it. */
struct pop3_request {
        size_t index;
        bool is_top;
        uint32_t lines; /* of the body, for TOP */
        /* from the maildrop */
        bool is_surrogate;
        uint32_t uid;
        int64_t mailbox, size;
};
/* All of it. */
struct pop3_request pop3_request_of(const struct maildrop *drop, size_t index);
/* The first lines of both, or all of both. */
bool pop3_request_is_alike(const struct pop3_request *a, const struct pop3_request *b);

struct pop3_source {
        struct pop3_request request;
        int64_t offset; /* in the message as it is stored */
        bool ended;     /* all of it has been put out, and the final dot behind it */
        struct pop3_top top;
        struct pop3_surrogate surrogate;
        struct pop3_dots dots;
};

void pop3_source_init(struct pop3_source *s, const struct pop3_request *request);
void pop3_source_done(struct pop3_source *s);
/*
 * Store reader. Reads up to `max` octets of the message, a chunk at most, and appends what is sent
 * of them. ERR_NOTFOUND, ERR_CORRUPT and others of the store; ERR_LIMIT: *out is full.
 */
MUST_CHECK enum err pop3_source_read(struct pop3_source *s, struct store_txn *tx, size_t max,
                                     struct buf *out);
/*
 * All of it at once, from a row with STORE_FETCH_HEADER and STORE_FETCH_SHORT. ERR_CORRUPT: it is
 * not all there; what there is has been appended.
 */
MUST_CHECK enum err pop3_source_take_row(struct pop3_source *s, const struct store_fetch_row *row,
                                         struct buf *out);

#endif
