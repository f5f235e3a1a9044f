/*
 * helper_store.h — a store in a temporary directory, for one test.
 *
 *      struct test_store t;
 *
 *      test_store_start(&t, TEST_STORE_INLINE);
 *      ck_assert_int_eq(test_store_run(&t, STORE_WRITE, add_domain, &name), ERR_OK);
 *      test_store_stop(&t);
 */
#ifndef HELPER_STORE_H
#define HELPER_STORE_H

#include "mailserver/store/store.h"

enum test_store_kind {
        TEST_STORE_INLINE,     /* no hub: test_store_run only */
        TEST_STORE_INLINE_HUB, /* store_submit, then store_run_waiting and test_store_collect */
        TEST_STORE_THREADED,
};

struct test_store {
        enum test_store_kind kind;
        char dir[64];
        struct store_config config; /* the defaults; change before test_store_open */
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        void (*fatal)(const char *what);
        const struct file_ops *files;
        const char *vfs;
};

/* Makes the directory and opens the store. Fails the test if that fails. */
void test_store_start(struct test_store *t, enum test_store_kind kind);
/* The same in two steps: t->config and the rest may be changed in between. */
void test_store_prepare(struct test_store *t, enum test_store_kind kind);
void test_store_open(struct test_store *t);
/* Only that, as store_open says. */
enum err test_store_try_open(struct test_store *t, struct error *reterr);
void test_store_close(struct test_store *t);
void test_store_reopen(struct test_store *t);
/* Closes, and removes the directory. */
void test_store_stop(struct test_store *t);

/* With all that is in it. */
void test_store_remove_dir(const char *dir);

/* Runs fn in a lane, and waits for its result (with a hub: for its done). */
typedef enum err test_store_fn(struct store_txn *tx, void *arg);
enum err test_store_run(struct test_store *t, enum store_lane lane, test_store_fn *fn, void *arg);
/* Runs SQL as a write task: to look at what no operation shows, or to damage it. */
enum err test_store_sql(struct test_store *t, const char *sql);
/* Gives it the tables of an older version, and so does again what each step since has done. */
enum err test_store_make_older(struct test_store *t, int version);
/* The one number a SELECT gives. Fails the test if it gives none. */
int64_t test_store_int(struct test_store *t, const char *sql);

/* Turns the loop until *count has reached n: what is waited for must come. */
void test_store_wait(struct test_store *t, const int *count, int n);
/* Inline with a hub: runs what waits in every lane, and answers it, until nothing is left. */
void test_store_settle(struct test_store *t);

#endif
