/* helper_ops.c — a store with one write transaction open. */
#include "helper_ops.h"

#include "blob.h"
#include "housekeeping.h"
#include "writer.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <check.h>

struct ops ops;

static void begin(void)
{
        ck_assert_int_eq(db_begin(ops.tx.db, DB_TXN_WRITE), ERR_OK);
        txn_begin_task(&ops.tx);
}

static void resume(void)
{
        ops.tx = (struct store_txn){
                .store = ops.store.store,
                .db = writer_db(ops.store.store->writer),
                .write = true,
        };
        begin();
}

void ops_start(void)
{
        test_store_start(&ops.store, TEST_STORE_INLINE);
        resume();
}

static void end(void)
{
        ops_commit();
        db_rollback(ops.tx.db);
        txn_done(&ops.tx);
}

void ops_reopen(void)
{
        end();
        test_store_reopen(&ops.store);
        resume();
}

void ops_make_older(int version)
{
        end();
        ck_assert_int_eq(test_store_make_older(&ops.store, version), ERR_OK);
        test_store_reopen(&ops.store);
        resume();
}

void ops_stop(void)
{
        db_rollback(ops.tx.db);
        txn_done(&ops.tx);
        test_store_stop(&ops.store);
}

void ops_commit(void)
{
        ck_assert_int_eq(db_commit(ops.tx.db), ERR_OK);
        for (size_t i = 0; i < ops.tx.n_flags; i++)
                *ops.tx.flags[i] = true;
        for (size_t i = 0; i < ops.tx.n_dead; i++)
                blob_remove(ops.tx.store, ops.tx.dead_blobs[i]);
        txn_clear(&ops.tx);
        begin();
}

void ops_rollback(void)
{
        db_rollback(ops.tx.db);
        txn_clear(&ops.tx);
        begin();
}

void ops_housekeeping(void)
{
        bool more = true;

        while (more)
                ck_assert_int_eq(housekeeping_slice(&ops.tx, clock_now_us(), &more), ERR_OK);
}

/* ---- looking ---- */

int64_t ops_int(const char *sql)
{
        struct db_stmt *q = db_prepare(ops.tx.db, sql);
        int64_t value;

        ck_assert_msg(db_step(q) == DB_ROW, "no row: %s", sql);
        value = db_column_int(q, 0);
        ck_assert_int_eq(db_finish(q), ERR_OK);
        return value;
}

void ops_sql(const char *sql)
{
        struct error error = { 0 };

        ck_assert_msg(db_exec(ops.tx.db, sql, &error) == ERR_OK, "%s: %s", sql, error.text);
}

size_t ops_changes(enum store_change_kind kind, struct store_change *ret_last)
{
        size_t n = 0;

        for (size_t i = 0; i < ops.tx.n_changes; i++) {
                if (ops.tx.changes[i].kind != kind)
                        continue;
                n++;
                if (ret_last)
                        *ret_last = ops.tx.changes[i];
        }
        return n;
}

/* ---- making ---- */

int64_t ops_account(const char *name)
{
        struct slice address = slice_of(name);
        ptrdiff_t at = slice_rfind(address, '@');
        enum err err = store_domain_add(&ops.tx, slice_from(address, (size_t)(at + 1)));
        int64_t id = 0;

        ck_assert(err == ERR_OK || err == ERR_EXISTS);
        err = store_account_add(&ops.tx, address, SLICE("verifiers"), &id);
        ck_assert_msg(err == ERR_OK, "%s: %s", name, err_name(err));
        return id;
}

int64_t ops_mailbox(int64_t account, const char *name)
{
        int64_t id = 0;

        ck_assert_int_eq(store_mailbox_find(&ops.tx, account, slice_of(name), &id), ERR_OK);
        return id;
}

static void ignore(void *owner)
{
        (void)owner;
}

struct store_draft *ops_draft(struct slice octets)
{
        struct spool *spool = spool_new(ops.store.store, NULL, ignore);
        struct store_draft *draft = NULL;
        struct error error = { 0 };

        spool_put(spool, octets);
        ck_assert(spool_finish(spool));
        spool_disown(spool);
        ck_assert_msg(store_draft_new(ops.store.store, spool, &draft, &error) == ERR_OK, "%s",
                      error.text);
        return draft;
}

int64_t ops_content(struct slice octets)
{
        struct store_draft *draft = ops_draft(octets);
        int64_t content = 0;

        ck_assert_int_eq(store_content_add(&ops.tx, draft, &content), ERR_OK);
        ops_commit(); /* its blob must not go with the draft */
        store_draft_free(draft);
        return content;
}

uint32_t ops_message(int64_t mailbox, struct slice octets)
{
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid = 0;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, ops_content(octets), &message, &uid),
                         ERR_OK);
        return uid;
}
