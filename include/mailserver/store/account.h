/*
 * account.h — domains and the accounts in them.
 *
 * Names are kept in one form: the domain as lower-case A-labels (RFC 5890), the
 * local part case-folded and NFC (so Alice@ and alice@ are one account). All
 * functions take names as people write them. Errors beside ERR_IO: ERR_SYNTAX
 * (not a name), ERR_NOTFOUND, ERR_EXISTS.
 */
#ifndef MAILSERVER_STORE_ACCOUNT_H
#define MAILSERVER_STORE_ACCOUNT_H

#include "mailserver/store/store.h"

struct store_account {
        int64_t id;
        char *name;      /* "alice@example.org", owned */
        char *verifiers; /* what auth made of the password: opaque here; owned; may be "" */
        bool disabled;   /* may not log in; mail still arrives */
        int64_t quota_octets, quota_messages; /* 0: none */
        int64_t used_octets, used_messages;
        int64_t created_us;
};
void store_account_done(struct store_account *a);

MUST_CHECK enum err store_domain_add(struct store_txn *tx, struct slice name);
/* ERR_EXISTS while accounts or aliases stand in it. */
MUST_CHECK enum err store_domain_remove(struct store_txn *tx, struct slice name);
typedef enum err store_domain_fn(void *arg, struct slice name, int64_t accounts, int64_t aliases);
MUST_CHECK enum err store_domain_list(struct store_txn *tx, store_domain_fn *fn, void *arg);
/* The names alone, at most `max`, the oldest first: nothing is counted. */
typedef enum err store_name_fn(void *arg, struct slice name);
MUST_CHECK enum err store_domain_names(struct store_txn *tx, size_t max, store_name_fn *fn,
                                       void *arg);

/* With INBOX, Drafts, Sent, Archive, Junk and Trash. ERR_NOTFOUND: no such domain. */
MUST_CHECK enum err store_account_add(struct store_txn *tx, struct slice name,
                                      struct slice verifiers, int64_t *ret_id);
/*
 * By full name, or by local part alone where only one domain has it
 * (ERR_LIMIT where several have).
 */
MUST_CHECK enum err store_account_find(struct store_txn *tx, struct slice name,
                                       struct store_account *ret_account);
MUST_CHECK enum err store_account_get(struct store_txn *tx, int64_t id,
                                      struct store_account *ret_account);
/* The next three end the account's sessions: STORE_CHANGE_ACCOUNT. */
MUST_CHECK enum err store_account_set_verifiers(struct store_txn *tx, int64_t id,
                                                struct slice verifiers);
MUST_CHECK enum err store_account_set_disabled(struct store_txn *tx, int64_t id, bool disabled);
/*
 * All its mail, too: nobody finds it any more, and housekeeping frees its space bit by bit. Aliases
 * that point to it lose that target.
 */
MUST_CHECK enum err store_account_remove(struct store_txn *tx, int64_t id);
MUST_CHECK enum err store_account_set_quota(struct store_txn *tx, int64_t id, int64_t octets,
                                            int64_t messages);
/* What may still come; INT64_MAX: there is no quota. Below 0 where it has been passed. */
struct store_room {
        int64_t octets, messages;
};
MUST_CHECK enum err store_account_room(struct store_txn *tx, int64_t id,
                                       struct store_room *ret_room);
/* Is there room for so many more? What is not more, or less, needs none. */
bool store_room_has(const struct store_room *room, int64_t octets, int64_t messages);
/* Would `octets` more in one message pass the quota? ERR_QUOTA if so. */
MUST_CHECK enum err store_account_check_quota(struct store_txn *tx, int64_t id, int64_t octets);
/* The same of so many messages. What is not more, or less, passes nothing. */
MUST_CHECK enum err store_account_check_room(struct store_txn *tx, int64_t id, int64_t octets,
                                             int64_t messages);
/* In order of name; `domain` empty: all. No listing may be begun inside the callback of the same. */
typedef enum err store_account_fn(void *arg, const struct store_account *account);
MUST_CHECK enum err store_account_list(struct store_txn *tx, struct slice domain,
                                       store_account_fn *fn, void *arg);

#endif
