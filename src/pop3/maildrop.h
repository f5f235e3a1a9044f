/*
 * maildrop.h — INBOX as it was at login, and what has been marked deleted.
 *
 * The numbers of messages stay for the whole session (RFC 1939 5), whatever
 * arrives or is expunged elsewhere meanwhile.
 */
#ifndef POP3_MAILDROP_H
#define POP3_MAILDROP_H

#include "mailserver/store/message.h"

/* The size of a message that is sent as a surrogate (surrogate.h). */
struct maildrop_surrogate {
        size_t index;
        int64_t size;
};

struct maildrop {
        struct store_snapshot snapshot;
        uint8_t *deleted; /* a bit a message; NULL while none is marked */
        size_t n_deleted;
        int64_t octets;                        /* of the messages not marked, as RETR sends them */
        struct maildrop_surrogate *surrogates; /* by index */
        size_t n_surrogates, cap_surrogates;
};

/* Store reader. The account's INBOX; surrogates and octets are still to be found out. */
MUST_CHECK enum err maildrop_open(struct store_txn *tx, int64_t account, struct maildrop *ret_drop);
/* In order of index. */
void maildrop_add_surrogate(struct maildrop *d, const struct maildrop_surrogate *one);
/* Sets d->octets. */
void maildrop_sum(struct maildrop *d);
void maildrop_done(struct maildrop *d);

static inline size_t maildrop_count(const struct maildrop *d)
{
        return d->snapshot.n;
}
/* Octets RETR sends, stuffing apart. */
int64_t maildrop_size(const struct maildrop *d, size_t index);
/* It is sent as a surrogate. */
bool maildrop_is_surrogate(const struct maildrop *d, size_t index);
bool maildrop_is_deleted(const struct maildrop *d, size_t index);
/* The first behind `index` that is not; maildrop_count if there is none. */
size_t maildrop_next(const struct maildrop *d, size_t index);
void maildrop_delete(struct maildrop *d, size_t index);
/* Takes back all marks. */
void maildrop_reset(struct maildrop *d);
/* Its unique-id: RFC 1939 7, 1 to 70 printable octets. */
void maildrop_uidl(const struct maildrop *d, size_t index, struct buf *out);
/* The UIDs of the marked messages, ascending; the caller's, by mem_free. */
uint32_t *maildrop_deleted_uids(const struct maildrop *d, size_t *ret_n);

#endif
