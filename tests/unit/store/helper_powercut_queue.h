/* helper_powercut_queue.h — the queue's part of the workload: mail for elsewhere, and its rows. */
#ifndef HELPER_POWERCUT_QUEUE_H
#define HELPER_POWERCUT_QUEUE_H

#include "helper_powercut.h"

#include "mailserver/store/store.h"

/* QUEUE: the content of step `number` is to go to QUEUE_RECIPIENTS addresses. */
enum err queue_message(struct store_txn *tx, int number, int64_t account, int64_t content);
/* DEFER: the first row was tried in vain. */
enum err queue_defer(struct store_txn *tx, int number);
/* SENT, and a part of REPORT: the first row goes. ERR_NOTFOUND: there is none. */
enum err queue_sent(struct store_txn *tx);
/* What is there, into ret->queue; ERR_CORRUPT: it does not add up. */
enum err queue_look(struct store_txn *tx, struct model *ret);
/* How many recipients the account has written to. */
enum err queue_count_sent(struct store_txn *tx, int64_t account, int *ret_n);

#endif
