/*
 * helper_ops.h — a store with one write transaction open, so that tests of the
 * operations can call them one after the other.
 *
 *      tcase_add_checked_fixture(tc, ops_start, ops_stop);
 *
 *      ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("example.org")), ERR_OK);
 */
#ifndef HELPER_OPS_H
#define HELPER_OPS_H

#include "helper_store.h"
#include "txn.h"

struct ops {
        struct test_store store;
        struct store_txn tx;
};
extern struct ops ops;

void ops_start(void);
void ops_stop(void);
/* Commits as the writer would, and begins the next one. */
void ops_commit(void);
/* Commits, closes the store, opens it again. */
void ops_reopen(void);
/* The same, and in between the store is one of an older version. */
void ops_make_older(int version);
/* As the writer does for a task that fails. */
void ops_rollback(void);

/* What housekeeping does in time, at once. */
void ops_housekeeping(void);

/* The one number a SELECT gives; `sql` is a literal. */
int64_t ops_int(const char *sql);
void ops_sql(const char *sql);
/* Changes of this kind the transaction has told so far; `ret_last` may be NULL. */
size_t ops_changes(enum store_change_kind kind, struct store_change *ret_last);

/* Adds the account, and its domain if it is not there. */
int64_t ops_account(const char *name);
int64_t ops_mailbox(int64_t account, const char *name);
/* A draft of these octets, as the network would bring them. */
struct store_draft *ops_draft(struct slice octets);
/* A content of them; its draft is gone. */
int64_t ops_content(struct slice octets);
/* A message with a content of its own, without trace and flags; its UID. */
uint32_t ops_message(int64_t mailbox, struct slice octets);

/* The rows of a table, for tcase_add_loop_test. */
#define ops_rows(table) ((int)(sizeof(table) / sizeof *(table)))

#endif
