/*
 * test_writer.c — group commit: how many commits, what a failing task does to the
 * others, in which order, and when anyone is answered.
 */
#include "helper_memfs.h"
#include "helper_store.h"
#include "txn.h"

#include "mailserver/core/loop.h"
#include "mailserver/store/db.h"

#include <check.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 200 };

/* ---- tasks that note what happened to them ---- */

struct note;
typedef enum err note_fn(struct store_txn *tx, struct note *n);

struct note {
        struct task task;
        note_fn *fn;
        int64_t value;
        int runs; /* of work */
        int done; /* the how manieth to be answered, from 1 */
        enum err result;
};

static int answered;
static char fatal_text[200];

static enum err note_work(struct task *t, struct store_txn *tx)
{
        struct note *n = container_of(t, struct note, task);

        n->runs++;
        return n->fn(tx, n);
}

static void note_done(struct task *t)
{
        struct note *n = container_of(t, struct note, task);

        n->done = ++answered;
        n->result = t->result;
}

static void note_drop(struct task *t)
{
        (void)t;
}

static const struct task_class note_class = { "note", note_work, note_done, note_drop };

static enum err insert(struct store_txn *tx, struct note *n)
{
        struct db_stmt *q = db_prepare(tx->db, "INSERT INTO counter(name, value) VALUES ($1, $2)");
        char name[32];

        snprintf(name, sizeof name, "n%lld", (long long)n->value);
        db_bind_text(q, 1, slice_of(name));
        db_bind_int(q, 2, n->value);
        return db_run(q);
}

static enum err insert_and_fail(struct store_txn *tx, struct note *n)
{
        ck_assert_int_eq(insert(tx, n), ERR_OK);
        txn_change_mailbox(tx, 1, n->value, 1, 0, 0);
        return ERR_QUOTA;
}

static enum err break_constraint(struct store_txn *tx, struct note *n)
{
        enum err err = insert(tx, n);

        return err ? err : insert(tx, n);
}

/* What SQLite does by itself when the disk is full: nothing of the transaction is left. */
static enum err lose_transaction(struct store_txn *tx, struct note *n)
{
        (void)n;
        ck_assert_int_eq(db_exec(tx->db, "ROLLBACK", NULL), ERR_OK);
        return ERR_FULL;
}

static enum err lose_transaction_silently(struct store_txn *tx, struct note *n)
{
        lose_transaction(tx, n);
        return ERR_OK;
}

/* The same, but only in company. */
static enum err lose_transaction_once(struct store_txn *tx, struct note *n)
{
        return n->runs == 1 ? lose_transaction(tx, n) : insert(tx, n);
}

static void submit(struct test_store *t, struct note *n, int64_t key, note_fn *fn, int64_t value)
{
        *n = (struct note){
                .task = {.class = &note_class, .owner = t},
                  .fn = fn, .value = value
        };
        ck_assert_int_eq(store_submit(t->store, key, STORE_WRITE, &n->task), ERR_OK);
}

static int64_t rows(struct test_store *t)
{
        return test_store_int(t, "SELECT count(*) FROM counter WHERE name LIKE 'n%'");
}

static struct store_stats stats(struct test_store *t)
{
        struct store_stats s;

        store_get_stats(t->store, &s);
        return s;
}

static void note_fatal(const char *what)
{
        snprintf(fatal_text, sizeof fatal_text, "%s", what);
}

static void setup(void)
{
        answered = 0;
        fatal_text[0] = '\0';
}

/* ---- one group ---- */

START_TEST(what_waits_shares_one_commit)
{
        struct test_store t;
        struct note notes[MANY];

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        for (int i = 0; i < MANY; i++)
                submit(&t, &notes[i], i % 7, insert, i);
        ck_assert_uint_eq(store_run_waiting(t.store, STORE_WRITE), MANY);
        ck_assert_int_eq(stats(&t).commits, 1);
        ck_assert_int_eq(stats(&t).write_tasks, MANY);
        ck_assert_int_eq(answered, 0);
        task_hub_collect(t.hub);
        ck_assert_int_eq(answered, MANY);
        for (int i = 0; i < MANY; i++) {
                ck_assert_int_eq(notes[i].result, ERR_OK);
                ck_assert_int_eq(notes[i].runs, 1);
        }
        ck_assert_int_eq(rows(&t), MANY);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_group_is_no_larger_than_configured)
{
        struct test_store t;
        struct note notes[10];

        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        t.config.batch_tasks = 4;
        test_store_open(&t);
        for (int i = 0; i < 10; i++)
                submit(&t, &notes[i], i, insert, i);
        store_run_waiting(t.store, STORE_WRITE);
        ck_assert_int_eq(stats(&t).commits, 3);
        test_store_settle(&t);
        test_store_stop(&t);
}
END_TEST

static const struct {
        const char *name;
        note_fn *fn;
        enum err result;
        int64_t reruns;
} failures[] = {
        {"an error of its own",                     insert_and_fail,           ERR_QUOTA,  0},
        { "a statement that fails",                 break_constraint,          ERR_EXISTS, 0},
        { "the whole transaction lost",             lose_transaction,          ERR_FULL,   1},
        { "the transaction lost, and nothing said", lose_transaction_silently, ERR_IO,     1},
};

START_TEST(a_failing_task_leaves_its_group_unharmed)
{
        struct test_store t;
        struct note notes[5];

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        for (int i = 0; i < 5; i++)
                submit(&t, &notes[i], i, i == 2 ? failures[_i].fn : insert, i);
        test_store_settle(&t);
        for (int i = 0; i < 5; i++)
                ck_assert_msg(notes[i].result == (i == 2 ? failures[_i].result : ERR_OK),
                              "%s: %d: %s", failures[_i].name, i, err_name(notes[i].result));
        ck_assert_int_eq(rows(&t), 4);
        ck_assert_int_eq(stats(&t).batches_rerun, failures[_i].reruns);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_lost_group_is_run_again_one_by_one)
{
        struct test_store t;
        struct note notes[5];

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        for (int i = 0; i < 5; i++)
                submit(&t, &notes[i], i, i == 3 ? lose_transaction_once : insert, i);
        test_store_settle(&t);
        for (int i = 0; i < 5; i++) {
                ck_assert_int_eq(notes[i].result, ERR_OK);
                /* The last had not been tried when the group was lost. */
                ck_assert_int_eq(notes[i].runs, i < 4 ? 2 : 1);
        }
        ck_assert_int_eq(rows(&t), 5);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_task_that_is_cancelled_is_done_all_the_same)
{
        struct test_store t;
        struct note note;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        submit(&t, &note, 1, insert, 1);
        task_cancel(&note.task);
        test_store_settle(&t);
        ck_assert_int_eq(answered, 0);
        ck_assert_int_eq(rows(&t), 1);
        test_store_stop(&t);
}
END_TEST

static enum err set_flag(struct store_txn *tx, void *arg)
{
        txn_set_on_commit(tx, arg);
        return ERR_OK;
}

static enum err set_flag_and_fail(struct store_txn *tx, void *arg)
{
        txn_set_on_commit(tx, arg);
        return ERR_QUOTA;
}

START_TEST(flags_are_set_by_the_commit_only)
{
        struct test_store t;
        bool kept = false, lost = false;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, set_flag, &kept), ERR_OK);
        ck_assert(kept);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, set_flag_and_fail, &lost), ERR_QUOTA);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, set_flag, &kept), ERR_OK);
        ck_assert(!lost);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_failure_brings_the_databases_words)
{
        struct test_store t;
        struct note note;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        submit(&t, &note, 1, break_constraint, 1);
        test_store_settle(&t);
        ck_assert_int_eq(note.task.error.code, ERR_EXISTS);
        ck_assert_ptr_nonnull(strstr(note.task.error.text, "UNIQUE"));
        test_store_stop(&t);
}
END_TEST

/* ---- threads ---- */

static sem_t all_are_there;

static enum err wait_for_all(struct store_txn *tx, struct note *n)
{
        (void)tx;
        (void)n;
        while (sem_wait(&all_are_there))
                continue;
        return ERR_OK;
}

START_TEST(what_gathers_while_the_writer_is_busy_shares_one_commit)
{
        struct test_store t;
        struct note first, notes[MANY];

        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.batch_ms = 60000; /* a slow machine is none of this test's business */
        test_store_open(&t);
        sem_init(&all_are_there, 0, 0);
        submit(&t, &first, 0, wait_for_all, 0);
        for (int i = 0; i < MANY; i++)
                submit(&t, &notes[i], i % 10, insert, i);
        sem_post(&all_are_there);
        test_store_wait(&t, &answered, MANY + 1);
        /* The first alone, or with some of the others; then what is left. */
        ck_assert_int_le(stats(&t).commits, 2);
        ck_assert_int_eq(rows(&t), MANY);
        test_store_stop(&t);
        sem_destroy(&all_are_there);
}
END_TEST

static sem_t has_begun;

static enum err begin_and_wait_for_all(struct store_txn *tx, struct note *n)
{
        sem_post(&has_begun);
        return wait_for_all(tx, n);
}

START_TEST(the_writer_makes_no_blobs)
{
        struct test_store t;

        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.small_message = 1 << 20;
        t.config.blob_threshold = 4096;
        test_store_open(&t);
        ck_assert(store_writer_drafts(t.store, 4096));
        ck_assert(!store_writer_drafts(t.store, 4097));
        test_store_stop(&t);
}
END_TEST

START_TEST(the_writer_makes_drafts_of_small_messages_while_few_tasks_wait)
{
        struct test_store t;
        struct note first, notes[2];

        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.small_message = 1000;
        t.config.small_waiting = 2;
        test_store_open(&t);
        sem_init(&has_begun, 0, 0);
        sem_init(&all_are_there, 0, 0);
        submit(&t, &first, 0, begin_and_wait_for_all, 0);
        sem_wait(&has_begun);
        ck_assert(store_writer_drafts(t.store, 1000));
        ck_assert(!store_writer_drafts(t.store, 1001));
        submit(&t, &notes[0], 1, insert, 1);
        ck_assert(store_writer_drafts(t.store, 1000));
        submit(&t, &notes[1], 2, insert, 2);
        ck_assert(!store_writer_drafts(t.store, 1000));
        sem_post(&all_are_there);
        test_store_wait(&t, &answered, 3);
        test_store_stop(&t);
        sem_destroy(&all_are_there);
        sem_destroy(&has_begun);
}
END_TEST

START_TEST(what_comes_while_a_group_runs_joins_it)
{
        struct test_store t;
        struct note first, second, third, notes[MANY];

        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.batch_ms = 60000;
        test_store_open(&t);
        sem_init(&all_are_there, 0, 0);
        sem_init(&has_begun, 0, 0);
        submit(&t, &first, 0, begin_and_wait_for_all, 0);
        sem_wait(&has_begun);
        submit(&t, &second, 1, begin_and_wait_for_all, 0);
        submit(&t, &third, 2, insert, MANY);
        sem_post(&all_are_there); /* the first ends; the others are the next group */
        sem_wait(&has_begun);
        for (int i = 0; i < MANY; i++)
                submit(&t, &notes[i], i % 10, insert, i);
        sem_post(&all_are_there);
        test_store_wait(&t, &answered, MANY + 3);
        ck_assert_int_eq(stats(&t).commits, 2);
        ck_assert_int_eq(rows(&t), MANY + 1);
        test_store_stop(&t);
        sem_destroy(&all_are_there);
        sem_destroy(&has_begun);
}
END_TEST

static int64_t order[MANY];
static int ordered;

static enum err note_order(struct store_txn *tx, struct note *n)
{
        (void)tx;
        order[ordered++] = n->value; /* the writer's thread; read after the answers */
        return ERR_OK;
}

START_TEST(tasks_of_one_key_run_in_the_order_they_came)
{
        struct test_store t;
        struct note notes[MANY];
        int64_t last[4] = { -1, -1, -1, -1 };

        ordered = 0;
        test_store_prepare(&t, TEST_STORE_THREADED);
        t.config.batch_tasks = 7;
        test_store_open(&t);
        for (int i = 0; i < MANY; i++)
                submit(&t, &notes[i], i % 4, note_order, i);
        test_store_wait(&t, &answered, MANY);
        ck_assert_int_eq(ordered, MANY);
        for (int i = 0; i < MANY; i++) {
                ck_assert_int_gt(order[i], last[order[i] % 4]);
                last[order[i] % 4] = order[i];
        }
        test_store_stop(&t);
}
END_TEST

START_TEST(closing_finishes_and_answers_what_waits)
{
        struct test_store t;
        struct note notes[MANY];

        test_store_start(&t, TEST_STORE_THREADED);
        for (int i = 0; i < MANY; i++)
                submit(&t, &notes[i], i, insert, i);
        test_store_close(&t);
        ck_assert_int_eq(answered, MANY);
        test_store_open(&t);
        ck_assert_int_eq(rows(&t), MANY);
        test_store_stop(&t);
}
END_TEST

static enum err read_value(struct store_txn *tx, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT value FROM counter WHERE name = 'n7'");

        if (db_step(q) == DB_ROW)
                *(int64_t *)arg = db_column_int(q, 0);
        return db_finish(q);
}

static enum err write_in_reader(struct store_txn *tx, void *arg)
{
        (void)arg;
        return db_run(db_prepare(tx->db, "DELETE FROM counter"));
}

START_TEST(readers_see_what_was_answered_and_cannot_write)
{
        struct test_store t;
        struct note note;
        int64_t value = 0;

        test_store_start(&t, TEST_STORE_THREADED);
        submit(&t, &note, 1, insert, 7);
        test_store_wait(&t, &note.done, 1);
        ck_assert_int_eq(test_store_run(&t, STORE_READ, read_value, &value), ERR_OK);
        ck_assert_int_eq(value, 7);
        ck_assert_int_eq(test_store_run(&t, STORE_READ, write_in_reader, NULL), ERR_DENIED);
        ck_assert_int_eq(rows(&t), 1);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_full_lane_says_busy_and_leaves_the_task)
{
        struct test_store t;
        struct note first, second;

        test_store_prepare(&t, TEST_STORE_INLINE_HUB);
        t.config.max_waiting_per_account = 1;
        test_store_open(&t);
        submit(&t, &first, 1, insert, 1);
        second = (struct note){ .task = { .class = &note_class }, .fn = insert, .value = 2 };
        ck_assert_int_eq(store_submit(t.store, 1, STORE_WRITE, &second.task), ERR_BUSY);
        ck_assert_uint_eq(stats(&t).waiting_write, 1);
        test_store_settle(&t);
        ck_assert_int_eq(rows(&t), 1);
        test_store_stop(&t);
}
END_TEST

/* ---- the disk fails ---- */

static void start_on_memfs(struct test_store *t)
{
        memfs_start();
        test_store_prepare(t, TEST_STORE_INLINE_HUB);
        t->files = &memfs_file_ops;
        t->vfs = MEMFS_VFS;
        t->fatal = note_fatal;
        test_store_open(t);
}

static void stop_on_memfs(struct test_store *t)
{
        test_store_stop(t);
        memfs_stop();
}

/* Runs one group of three over a disk where the n-th operation goes wrong; false: it had fewer. */
static bool run_over_fault(enum memfs_fault fault, int64_t n, struct note notes[3])
{
        struct test_store t;
        int64_t stored;
        bool happened;

        start_on_memfs(&t);
        memfs_set_fault(fault, n);
        for (int i = 0; i < 3; i++)
                submit(&t, &notes[i], i, insert, i);
        test_store_settle(&t);
        happened = memfs_fault_happened();
        memfs_set_fault(MEMFS_FINE, 0);
        if (!fatal_text[0]) {
                stored = 0;
                for (int i = 0; i < 3; i++)
                        stored += notes[i].result == ERR_OK;
                ck_assert_int_eq(rows(&t), stored);
        }
        stop_on_memfs(&t);
        return happened;
}

START_TEST(what_fails_once_is_tried_again_alone)
{
        struct note notes[3];
        int rerun = 0;

        for (int64_t n = 1; run_over_fault(MEMFS_EIO, n, notes); n++) {
                if (!fatal_text[0]) {
                        rerun++;
                        for (int i = 0; i < 3; i++)
                                ck_assert_int_eq(notes[i].result, ERR_OK);
                } else {
                        for (int i = 0; i < 3; i++)
                                ck_assert_int_ne(notes[i].result, ERR_OK);
                }
                fatal_text[0] = '\0';
        }
        ck_assert_int_gt(rerun, 0);
}
END_TEST

START_TEST(a_failed_sync_is_fatal_and_nobody_is_told_ok)
{
        struct note notes[3];
        int fatal = 0;

        for (int64_t n = 1; run_over_fault(MEMFS_EIO, n, notes); n++) {
                fatal += fatal_text[0] != '\0';
                fatal_text[0] = '\0';
        }
        ck_assert_int_gt(fatal, 0);
}
END_TEST

/* In a process of its own; the result of waitpid. */
static int status_after_fault(int64_t n)
{
        struct test_store t;
        struct note note;
        int status = 0;
        pid_t child = fork();

        if (child) {
                ck_assert_int_eq(waitpid(child, &status, 0), child);
                return status;
        }
        start_on_memfs(&t);
        ck_assert_int_eq(rmdir(t.dir), 0); /* the disk is in memory: nothing was made there */
        test_store_close(&t);
        t.fatal = NULL;
        test_store_open(&t);
        memfs_set_fault(MEMFS_EIO, n);
        submit(&t, &note, 1, insert, 1);
        test_store_settle(&t);
        _exit(memfs_fault_happened() ? 0 : 1);
}

START_TEST(by_default_a_failed_sync_ends_the_process_with_a_status_of_its_own)
{
        int ended = 0, status;

        for (int64_t n = 1;; n++) {
                status = status_after_fault(n);
                ck_assert(WIFEXITED(status));
                if (WEXITSTATUS(status) == 1)
                        break;
                ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 70);
                ended += WEXITSTATUS(status) == 70;
        }
        ck_assert_int_gt(ended, 0);
}
END_TEST

START_TEST(a_full_disk_is_said_to_be_full)
{
        struct note notes[3];
        int full = 0;

        for (int64_t n = 1; run_over_fault(MEMFS_FULL, n, notes); n++) {
                ck_assert_str_eq(fatal_text, "");
                for (int i = 0; i < 3; i++) {
                        ck_assert(notes[i].result == ERR_OK || notes[i].result == ERR_FULL);
                        full += notes[i].result == ERR_FULL;
                }
        }
        ck_assert_int_gt(full, 0);
}
END_TEST

static void add_tests(TCase *tc)
{
        tcase_add_test(tc, what_waits_shares_one_commit);
        tcase_add_test(tc, a_group_is_no_larger_than_configured);
        tcase_add_loop_test(tc, a_failing_task_leaves_its_group_unharmed, 0,
                            (int)(sizeof failures / sizeof *failures));
        tcase_add_test(tc, a_lost_group_is_run_again_one_by_one);
        tcase_add_test(tc, a_task_that_is_cancelled_is_done_all_the_same);
        tcase_add_test(tc, flags_are_set_by_the_commit_only);
        tcase_add_test(tc, a_failure_brings_the_databases_words);
        tcase_add_test(tc, what_gathers_while_the_writer_is_busy_shares_one_commit);
        tcase_add_test(tc, the_writer_makes_drafts_of_small_messages_while_few_tasks_wait);
        tcase_add_test(tc, the_writer_makes_no_blobs);
        tcase_add_test(tc, what_comes_while_a_group_runs_joins_it);
        tcase_add_test(tc, tasks_of_one_key_run_in_the_order_they_came);
        tcase_add_test(tc, closing_finishes_and_answers_what_waits);
        tcase_add_test(tc, readers_see_what_was_answered_and_cannot_write);
        tcase_add_test(tc, a_full_lane_says_busy_and_leaves_the_task);
        tcase_add_test(tc, what_fails_once_is_tried_again_alone);
        tcase_add_test(tc, a_failed_sync_is_fatal_and_nobody_is_told_ok);
        tcase_add_test(tc, by_default_a_failed_sync_ends_the_process_with_a_status_of_its_own);
        tcase_add_test(tc, a_full_disk_is_said_to_be_full);
}

int main(void)
{
        Suite *s = suite_create("writer");
        TCase *tc = tcase_create("writer");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_checked_fixture(tc, setup, NULL);
        add_tests(tc);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
