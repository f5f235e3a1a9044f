/* helper_store.c — a store in a temporary directory. */
#include "helper_store.h"

#include "txn.h"

#include "mailserver/core/loop.h"
#include "mailserver/store/db.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void test_store_prepare(struct test_store *t, enum test_store_kind kind)
{
        const struct conf_section sections[] = {
                {&store_conf_table, &t->config },
                { 0               }
        };

        *t = (struct test_store){ .kind = kind };
        conf_defaults(sections);
        snprintf(t->dir, sizeof t->dir, "/tmp/test-store-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(t->dir));
        if (kind == TEST_STORE_INLINE)
                return;
        t->loop = loop_new();
        t->hub = task_hub_new(t->loop);
}

enum err test_store_try_open(struct test_store *t, struct error *reterr)
{
        struct store_params params = {
                .config = &t->config,
                .data_dir = t->dir,
                .hub = t->hub,
                .loop = t->loop,
                .inline_lanes = t->kind != TEST_STORE_THREADED,
                .create = true,
                .fatal = t->fatal,
                .files = t->files,
                .vfs = t->vfs,
        };

        return store_open(&params, &t->store, reterr);
}

void test_store_open(struct test_store *t)
{
        struct error error = { 0 };
        enum err err = test_store_try_open(t, &error);

        ck_assert_msg(err == ERR_OK, "store_open: %s: %s", err_name(err), error.text);
}

void test_store_start(struct test_store *t, enum test_store_kind kind)
{
        test_store_prepare(t, kind);
        test_store_open(t);
}

void test_store_close(struct test_store *t)
{
        store_close(t->store);
        t->store = NULL;
}

void test_store_reopen(struct test_store *t)
{
        test_store_close(t);
        test_store_open(t);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
        (void)st;
        (void)type;
        (void)where;
        return remove(path);
}

void test_store_remove_dir(const char *dir)
{
        nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void test_store_stop(struct test_store *t)
{
        test_store_close(t);
        task_hub_free(t->hub);
        loop_free(t->loop);
        test_store_remove_dir(t->dir);
}

/* ---- running ---- */

struct run {
        struct task task;
        test_store_fn *fn;
        void *arg;
        enum err result;
        int done;
};

static enum err run_work(struct task *t, struct store_txn *tx)
{
        struct run *r = container_of(t, struct run, task);

        return r->fn(tx, r->arg);
}

static void run_done(struct task *t)
{
        struct run *r = container_of(t, struct run, task);

        r->result = t->result;
        r->done = 1;
}

/* It lives on the stack of test_store_run. */
static void run_drop(struct task *t)
{
        (void)t;
}

static const struct task_class run_class = { "test", run_work, run_done, run_drop };

enum err test_store_run(struct test_store *t, enum store_lane lane, test_store_fn *fn, void *arg)
{
        struct run r = {
                .task = {.class = &run_class, .owner = t},
                  .fn = fn, .arg = arg
        };

        if (t->kind == TEST_STORE_INLINE)
                return store_run(t->store, lane, &r.task);
        ck_assert_int_eq(store_submit(t->store, 0, lane, &r.task), ERR_OK);
        if (t->kind == TEST_STORE_INLINE_HUB)
                test_store_settle(t);
        test_store_wait(t, &r.done, 1);
        /* The drop that follows the done is over, too: the hub answers a whole batch at once. */
        return r.result;
}

void test_store_wait(struct test_store *t, const int *count, int n)
{
        while (*count < n)
                loop_turn(t->loop, true);
}

void test_store_settle(struct test_store *t)
{
        size_t n;

        do {
                n = 0;
                for (int lane = STORE_READ; lane <= STORE_WORK; lane++)
                        n += store_run_waiting(t->store, (enum store_lane)lane);
                task_hub_collect(t->hub);
        } while (n);
}

static enum err run_sql(struct store_txn *tx, void *arg)
{
        return db_exec(tx->db, arg, NULL);
}

enum err test_store_sql(struct test_store *t, const char *sql)
{
        /* Only read. */
        return test_store_run(t, STORE_WRITE, run_sql, (void *)(uintptr_t)sql);
}

/* Undoes the step that led to each version, the last first: src/store/schema.c. */
static const struct {
        int version; /* that the store then has */
        const char *sql;
} undo[] = {
        {4,  "ALTER TABLE content ADD COLUMN sent_us INTEGER;"
             "ALTER TABLE content ADD COLUMN base_subject TEXT NOT NULL DEFAULT '';"
             "ALTER TABLE content ADD COLUMN message_id TEXT NOT NULL DEFAULT '';"
             "ALTER TABLE content ADD COLUMN reference_ids TEXT NOT NULL DEFAULT '';"
             "DROP TABLE content_key; DROP INDEX queue_message_by_account;"
             "ALTER TABLE message RENAME TO message_after;"
             "CREATE TABLE message (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
             " content INTEGER NOT NULL, size INTEGER NOT NULL, flags INTEGER NOT NULL,"
             " modseq INTEGER NOT NULL, internal_date_us INTEGER NOT NULL,"
             " save_date_us INTEGER NOT NULL, trace BLOB NOT NULL, uidl TEXT,"
             " PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;"
             "INSERT INTO message SELECT mailbox, uid, m.content, size, flags, modseq,"
             " internal_date_us, save_date_us, coalesce(octets, x''), uidl FROM message_after m"
             " LEFT JOIN content_trace t ON t.content = m.content AND t.n = m.trace;"
             "DROP TABLE message_after;"
             "ALTER TABLE expunged RENAME TO expunged_after;"
             "CREATE TABLE expunged (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL,"
             " modseq INTEGER NOT NULL, content INTEGER, size INTEGER NOT NULL,"
             " flags INTEGER NOT NULL, internal_date_us INTEGER NOT NULL, trace BLOB NOT NULL,"
             " expunged_us INTEGER NOT NULL, PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;"
             "CREATE INDEX expunged_by_time ON expunged(expunged_us) WHERE content IS NOT NULL;"
             "INSERT INTO expunged SELECT m.mailbox, uid, m.modseq, m.content, size, flags,"
             " internal_date_us, coalesce(octets, x''), coalesce(x.expunged_us, 1)"
             " FROM expunged_after m"
             " LEFT JOIN content_trace t ON t.content = m.content AND t.n = m.trace"
             " LEFT JOIN expunge x ON x.mailbox = m.mailbox AND x.modseq = m.modseq;"
             "DROP TABLE expunged_after; DROP TABLE expunge; DROP TABLE content_trace;"
             "ALTER TABLE dkim_key RENAME COLUMN state TO active;"
             "ALTER TABLE dkim_key DROP COLUMN retired_us"                    },
        { 3, "DROP TABLE queue_attempt; DROP TABLE queue; DROP TABLE queue_message;"
             "DROP TABLE queue_sent; DROP TABLE dkim_key; DROP TABLE mta_sts"},
        { 2, "ALTER TABLE content ADD COLUMN refs INTEGER NOT NULL DEFAULT 0;"
             "UPDATE content SET refs = (SELECT r.refs FROM content_refs r"
             " WHERE r.content = content.id);"
             "DROP TABLE content_refs"                                       },
        { 1, "DROP TABLE ban"                                                            },
};

enum err test_store_make_older(struct test_store *t, int version)
{
        char identity[64];
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < sizeof undo / sizeof *undo && undo[i].version >= version;
             i++)
                err = test_store_sql(t, undo[i].sql);
        snprintf(identity, sizeof identity, "PRAGMA user_version = %d", version);
        return err ? err : test_store_sql(t, identity);
}

struct number {
        const char *sql;
        int64_t value;
        bool found;
};

static enum err read_number(struct store_txn *tx, void *arg)
{
        struct number *n = arg;
        struct db_stmt *q = db_prepare(tx->db, n->sql);

        n->found = db_step(q) == DB_ROW;
        if (n->found)
                n->value = db_column_int(q, 0);
        return db_finish(q);
}

int64_t test_store_int(struct test_store *t, const char *sql)
{
        struct number n = { .sql = sql };

        ck_assert_int_eq(test_store_run(t, STORE_WRITE, read_number, &n), ERR_OK);
        ck_assert_msg(n.found, "no row: %s", sql);
        return n.value;
}
