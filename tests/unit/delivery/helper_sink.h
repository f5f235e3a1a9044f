/*
 * helper_sink.h — a sink over a store in a temporary directory.
 *
 * Domain example.org; accounts alice, bob and carol; aliases team (alice, bob),
 * sales (bob), away (joe@away.org) and both (carol, joe@away.org). Tasks run when the helper says
 * so, on this thread.
 */
#ifndef HELPER_SINK_H
#define HELPER_SINK_H

#include "sink.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/buf.h"
#include "mailserver/store/queue.h"

struct test_sink {
        char dir[64];
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        struct smtp_sink *sink;
        struct delivery_config config;
        int64_t alice, bob, carol;
        struct buf text; /* what test_sink_message gave */
        struct arena arena;

        struct smtp_reply reply; /* the last */
        char reply_text[256];
        int answers;
};

void test_sink_start(struct test_sink *t);
void test_sink_stop(struct test_sink *t);

typedef enum err test_sink_fn(struct store_txn *tx, void *arg);
/* Runs fn as a write task; its result. */
enum err test_sink_run(struct test_sink *t, test_sink_fn *fn, void *arg);
/* Mail for other servers is taken, from now on. */
void test_sink_outbound(struct test_sink *t);
void test_sink_quota(struct test_sink *t, int64_t account, int64_t octets);
void test_sink_remove_account(struct test_sink *t, int64_t account);

/* The questions; the reply's enhanced code, and t->reply. `account` 0: port 25. */
const char *test_sink_rcpt(struct test_sink *t, int64_t account, const char *address, int64_t size);
const char *test_sink_sender(struct test_sink *t, int64_t account, const char *address);

/* A question that is to be changed before it is asked, and its asking. */
struct smtp_rcpt_check *test_sink_rcpt_new(struct test_sink *t, int64_t account,
                                           const char *address);
const char *test_sink_rcpt_ask(struct test_sink *t, struct smtp_rcpt_check *check);

/* A delivery not yet handed over: recipients separated by spaces; `message` without our Received. */
struct smtp_delivery *test_sink_delivery(struct test_sink *t, int64_t account, const char *sender,
                                         const char *recipients, const char *message);
/* The whole of it: made, handed over, answered. */
const char *test_sink_deliver(struct test_sink *t, int64_t account, const char *sender,
                              const char *recipients, const char *message);
const char *test_sink_hand_over(struct test_sink *t, struct smtp_delivery *d);
/* Runs every lane until nothing waits. */
void test_sink_settle(struct test_sink *t);

/* How many messages INBOX has, and the text of the n-th (from 0), until the next call. */
size_t test_sink_count(struct test_sink *t, int64_t account);
const char *test_sink_message(struct test_sink *t, int64_t account, size_t n);

/* The queue, a row a line: "<sender> address domain\n"; until the next call. */
const char *test_sink_queue(struct test_sink *t);
/* A row of it, from 0: its strings live until the next call, t->text has what would be sent. */
struct store_queue_row test_sink_row(struct test_sink *t, size_t n);

#endif
