/*
 * turns.h — whose mail to a destination goes next: interactive before bulk,
 * and within each the accounts by turns, so that one account's thousand letters
 * do not stand before another's one.
 */
#ifndef QUEUE_TURNS_H
#define QUEUE_TURNS_H

#include "mailserver/core/list.h"

#include <stdint.h>

/* Embedded in what waits. */
struct turn {
        struct list link;
        int64_t account;
        bool bulk;
};
struct turns {
        struct list accounts[2]; /* struct turns_account; [1]: bulk */
        size_t n;
};
void turns_init(struct turns *t);
/* At the end of its account's line; or back to its head, and the account's turn with it. */
void turns_put(struct turns *t, struct turn *turn);
void turns_put_back(struct turns *t, struct turn *turn);
/* NULL when nothing waits. */
struct turn *turns_take(struct turns *t);
/* What would be taken. */
struct turn *turns_next(const struct turns *t);
/* Out of the line, if it is in it. */
void turns_remove(struct turns *t, struct turn *turn);
/* How many of the account's wait. */
size_t turns_waiting(const struct turns *t, bool bulk, int64_t account);
/* Something waits for which `same` is true; NULL: nothing. */
struct turn *turns_find(struct turns *t, bool bulk, int64_t account,
                        bool (*same)(struct turn *turn, const void *arg), const void *arg);

#endif
