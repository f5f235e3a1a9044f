/* shares.h — how many of the rows in memory are of each account. */
#ifndef QUEUE_SHARES_H
#define QUEUE_SHARES_H

#include <stddef.h>
#include <stdint.h>

enum { SHARES_BUCKETS = 1024 };

/* Zero is empty. An account without rows takes no memory. */
struct shares {
        struct share *buckets[SHARES_BUCKETS];
};
void shares_done(struct shares *s);
void shares_add(struct shares *s, int64_t account);
/* One less of an account that has some. */
void shares_drop(struct shares *s, int64_t account);
size_t shares_of(const struct shares *s, int64_t account);

#endif
