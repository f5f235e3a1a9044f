/*
 * flag_list.h — flags as a client writes them: STORE's and APPEND's lists, RFC 9051 2.3.2.
 *
 * Read on the loop; the keywords' bits are found, or made, by the task that needs them.
 */
#ifndef IMAP_FLAG_LIST_H
#define IMAP_FLAG_LIST_H

#include "args.h"

#include "mailserver/store/flags.h"

struct imap_flag_list {
        uint64_t system;        /* enum store_flag */
        struct slice *keywords; /* in the arena that was given */
        size_t n;
};

/*
 * "(" flags ")", or with `bare` flags without brackets too. \Recent and flags that nobody
 * knows are ERR_SYNTAX; `arena` is where the keywords are copied to. ERR_LIMIT.
 */
MUST_CHECK enum err imap_flag_list_parse(struct imap_args *args, bool bare, struct arena *arena,
                                         struct imap_flag_list *ret_list);
/*
 * The flags as bits. With `create` (STORE_WRITE) keywords are made on demand, ERR_LIMIT when there
 * is no room for one; without, those that nobody has are left out.
 */
MUST_CHECK enum err imap_flag_list_bits(struct store_txn *tx, int64_t account,
                                        const struct imap_flag_list *list, bool create,
                                        uint64_t *ret_flags);

#endif
