/* sending_limit.h — how many people elsewhere an account may write to. */
#ifndef DELIVERY_SENDING_LIMIT_H
#define DELIVERY_SENDING_LIMIT_H

#include "sink.h"

/*
 * Would `more` recipients elsewhere be too many for the account's hour or day? ERR_LIMIT, and
 * *ret_refusal says which.
 */
MUST_CHECK enum err sending_limit_check(struct store_txn *tx, const struct delivery_rules *rules,
                                        int64_t account, int64_t now_us, size_t more,
                                        struct smtp_reply *ret_refusal);

#endif
