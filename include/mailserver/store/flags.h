/*
 * flags.h — system flags and keywords of messages: RFC 9051 2.3.2.
 *
 * A message's flags are one 64-bit number: STORE_FLAG_… (message.h) below bit 8,
 * keywords above, numbered for each account by its keyword table. Keywords
 * compare without ASCII case and keep the case they were first given.
 */
#ifndef MAILSERVER_STORE_FLAGS_H
#define MAILSERVER_STORE_FLAGS_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/store.h"

enum { STORE_KEYWORD_FIRST_BIT = 8, STORE_KEYWORD_BITS = 63, STORE_KEYWORD_MAX_OCTETS = 100 };

/* Most accounts have none: then it holds no room for them. Owned. */
struct store_keywords {
        char **names; /* names[bit] for the bits in use, NULL elsewhere; NULL: none is */
};
/* NULL: the bit has no name. */
static inline const char *store_keyword_name(const struct store_keywords *k, unsigned bit)
{
        return k->names ? k->names[bit] : NULL;
}
void store_keywords_done(struct store_keywords *k);
MUST_CHECK enum err store_keywords_get(struct store_txn *tx, int64_t account,
                                       struct store_keywords *ret_keywords);
/* The bit of a keyword. Makes it (STORE_WRITE) when `create`: ERR_LIMIT when all bits are in use.
 * ERR_NOTFOUND without `create`. */
MUST_CHECK enum err store_keyword_bit(struct store_txn *tx, int64_t account, struct slice name,
                                      bool create, unsigned *ret_bit);

enum store_flags_op { STORE_FLAGS_SET, STORE_FLAGS_ADD, STORE_FLAGS_REMOVE };
/*
 * STORE_WRITE, set-based. Those of `uids` that are there; only rows whose flags really change
 * get the new MODSEQ (one for the call). \Deleted counts and unseen of the mailbox follow.
 * Messages changed after the MODSEQ unchanged_since are left alone and returned in *ret_modified
 * (RFC 7162 3.1.3), which may be NULL with STORE_UNCONDITIONAL. 0 leaves all alone but those that
 * have none of the keywords named. *ret_modseq is 0 when nothing changed. ERR_NOTFOUND: no such
 * mailbox.
 */
#define STORE_UNCONDITIONAL (-1)
MUST_CHECK enum err store_flags_change(struct store_txn *tx, int64_t mailbox,
                                       const struct uid_set *uids, enum store_flags_op op,
                                       uint64_t flags, int64_t unchanged_since,
                                       struct uid_set *ret_modified, int64_t *ret_modseq);
/* What a client was told of a message. */
struct store_flags_told {
        uint32_t uid;
        int64_t modseq;
        uint64_t flags;
};
/*
 * Of these messages those that were changed after the MODSEQ `since`, but none of whose flags
 * `touched` is other than it was told: added to *out. RFC 7162 3.1.12.
 */
MUST_CHECK enum err store_flags_untouched(struct store_txn *tx, int64_t mailbox,
                                          const struct store_flags_told *told, size_t n,
                                          int64_t since, uint64_t touched, struct uid_set *out);
/* Those of `uids` that arrived or were changed after the MODSEQ `since`, added to *out. */
MUST_CHECK enum err store_flags_changed_since(struct store_txn *tx, int64_t mailbox,
                                              const struct uid_set *uids, int64_t since,
                                              struct uid_set *out);

#endif
