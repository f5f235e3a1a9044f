/* test_events.c — watchers are told what was committed, before anyone is answered. */
#include "helper_store.h"
#include "txn.h"

#include <check.h>
#include <stdlib.h>

enum { MOST = 64 };

/* What happened, in order: changes seen by watchers, and tasks answered (kind -1). */
static struct event {
        int kind;
        int64_t account, mailbox, modseq;
        const void *who;
} events[MOST];
static int n_events;

static void note(int kind, const struct store_change *c, const void *who)
{
        ck_assert_int_lt(n_events, MOST);
        events[n_events++] = (struct event){ kind, c ? c->account : 0, c ? c->mailbox : 0,
                                             c ? c->modseq : 0, who };
}

static void changed(struct store_watcher *w, const struct store_change *c)
{
        note((int)c->kind, c, w);
}

static void watch(struct test_store *t, struct store_watcher *w, int64_t mailbox)
{
        *w = (struct store_watcher){ .mailbox = mailbox, .changed = changed };
        store_watch(t->store, w);
}

/* ---- tasks that change ---- */

struct changer {
        struct task task;
        struct store_change changes[4];
        size_t n;
        enum err result;
};

static enum err changer_work(struct task *t, struct store_txn *tx)
{
        struct changer *c = container_of(t, struct changer, task);

        for (size_t i = 0; i < c->n; i++)
                txn_tell(tx, &c->changes[i]);
        return c->result;
}

static void changer_done(struct task *t)
{
        note(-1, NULL, t);
}

static void changer_drop(struct task *t)
{
        (void)t;
}

static const struct task_class changer_class = { "change", changer_work, changer_done,
                                                 changer_drop };

static void submit(struct test_store *t, struct changer *c, enum store_change_kind kind,
                   int64_t mailbox, int64_t modseq)
{
        *c = (struct changer){
                .task = {.class = &changer_class, .owner = t },
                .changes = { { .kind = kind, .account = 1, .mailbox = mailbox, .modseq = modseq }                     },
                .n = 1,
        };
        ck_assert_int_eq(store_submit(t->store, 1, STORE_WRITE, &c->task), ERR_OK);
}

static void setup(void)
{
        n_events = 0;
}

START_TEST(a_watcher_is_told_before_the_task_is_answered)
{
        struct test_store t;
        struct store_watcher w;
        struct changer c;

        test_store_start(&t, _i ? TEST_STORE_THREADED : TEST_STORE_INLINE_HUB);
        watch(&t, &w, 5);
        submit(&t, &c, STORE_CHANGE_MAILBOX, 5, 77);
        if (!_i)
                test_store_settle(&t);
        test_store_wait(&t, &n_events, 2);
        ck_assert_int_eq(events[0].kind, STORE_CHANGE_MAILBOX);
        ck_assert_int_eq(events[0].mailbox, 5);
        ck_assert_int_eq(events[0].account, 1);
        ck_assert_int_eq(events[0].modseq, 77);
        ck_assert_int_eq(events[1].kind, -1);
        store_unwatch(t.store, &w);
        test_store_stop(&t);
}
END_TEST

START_TEST(without_a_hub_they_are_told_at_once)
{
        struct test_store t;
        struct store_watcher w;
        struct changer c = { .task = { .class = &changer_class },
                             .changes = { { .kind = STORE_CHANGE_FOLDERS, .account = 3 } },
                             .n = 1 };

        test_store_start(&t, TEST_STORE_INLINE);
        watch(&t, &w, 0);
        ck_assert_int_eq(store_run(t.store, STORE_WRITE, &c.task), ERR_OK);
        ck_assert_int_eq(n_events, 1);
        ck_assert_int_eq(events[0].kind, STORE_CHANGE_FOLDERS);
        ck_assert_int_eq(events[0].account, 3);
        store_unwatch(t.store, &w);
        test_store_stop(&t);
}
END_TEST

START_TEST(each_hears_of_its_own_mailbox_and_one_of_everything)
{
        struct test_store t;
        struct store_watcher five, same_bucket, all;
        struct changer a, b;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        watch(&t, &five, 5);
        watch(&t, &same_bucket, 5 + 1024);
        watch(&t, &all, 0);
        submit(&t, &a, STORE_CHANGE_MAILBOX, 5, 1);
        submit(&t, &b, STORE_CHANGE_ACCOUNT, 0, 0);
        test_store_settle(&t);
        ck_assert_int_eq(n_events, 5); /* five, all, all, and two answers */
        for (int i = 0; i < n_events; i++)
                ck_assert_ptr_ne(events[i].who, &same_bucket);
        ck_assert_ptr_eq(events[0].who, &five);
        ck_assert_ptr_eq(events[1].who, &all);
        ck_assert_ptr_eq(events[2].who, &all);
        ck_assert_int_eq(events[2].kind, STORE_CHANGE_ACCOUNT);
        store_unwatch(t.store, &five);
        store_unwatch(t.store, &same_bucket);
        store_unwatch(t.store, &all);
        test_store_stop(&t);
}
END_TEST

START_TEST(the_changes_of_one_commit_come_as_one_with_the_largest_modseq)
{
        struct test_store t;
        struct store_watcher w;
        struct changer c[4];
        static const int64_t modseqs[] = { 10, 40, 30, 20 };

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        watch(&t, &w, 5);
        for (int i = 0; i < 4; i++)
                submit(&t, &c[i], STORE_CHANGE_MAILBOX, 5, modseqs[i]);
        test_store_settle(&t);
        ck_assert_int_eq(n_events, 5);
        ck_assert_int_eq(events[0].modseq, 40);
        ck_assert_int_eq(events[1].kind, -1);
        store_unwatch(t.store, &w);
        test_store_stop(&t);
}
END_TEST

static struct store_change arrived(int64_t since, int64_t modseq, uint32_t first, uint32_t uidnext)
{
        return (struct store_change){
                .modseq = modseq, .since = since, .first_uid = first, .uidnext = uidnext
        };
}

/* `first` 0: something happened that is neither an arrival nor a change of flags. */
static struct store_change flagged(int64_t modseq, uint32_t first, uint32_t last)
{
        return (struct store_change){
                .modseq = modseq, .since = modseq - 1, .flags_first = first, .flags_last = last
        };
}

/* first_uid and flags_first 0: not said, and none. */
static void merges(const char *name, struct store_change a, struct store_change b,
                   uint32_t first_uid, uint32_t uidnext, uint32_t flags_first, uint32_t flags_last)
{
        int64_t since = a.since;

        store_change_merge(&a, &b);
        ck_assert_msg(a.first_uid == first_uid, "%s", name);
        ck_assert_msg(!first_uid || a.uidnext == uidnext, "%s", name);
        ck_assert_msg(a.flags_first == flags_first, "%s", name);
        ck_assert_msg(a.flags_last == flags_last, "%s", name);
        ck_assert_int_eq(a.modseq, b.modseq);
        ck_assert_int_eq(a.since, since);
}

START_TEST(what_is_merged_says_all_that_happened)
{
        struct store_change one = arrived(7, 8, 3, 4);

        merges("arrivals", one, arrived(8, 10, 4, 6), 3, 6, 0, 0);
        merges("something unknown between them", one, arrived(9, 10, 4, 5), 0, 0, 1, UINT32_MAX);
        merges("an arrival between them", one, arrived(8, 10, 5, 6), 0, 0, 0, 0);
        merges("an arrival, then an expunge", one, flagged(9, 0, 0), 0, 0, 0, 0);
        merges("an expunge, then an arrival", flagged(7, 0, 0), one, 0, 0, 0, 0);
        merges("an arrival, then flags", one, flagged(9, 1, 2), 0, 0, 1, 2);
        merges("flags, then an expunge", flagged(8, 3, 4), flagged(9, 0, 0), 0, 0, 3, 4);
        merges("flags of two", flagged(8, 3, 4), flagged(9, 1, 2), 0, 0, 1, 4);
}
END_TEST

START_TEST(what_was_rolled_back_is_not_told)
{
        struct test_store t;
        struct store_watcher w;
        struct changer good, bad;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        watch(&t, &w, 0);
        submit(&t, &good, STORE_CHANGE_MAILBOX, 5, 1);
        submit(&t, &bad, STORE_CHANGE_MAILBOX, 5, 9);
        bad.result = ERR_QUOTA;
        test_store_settle(&t);
        ck_assert_int_eq(n_events, 3);
        ck_assert_int_eq(events[0].modseq, 1);
        store_unwatch(t.store, &w);
        test_store_stop(&t);
}
END_TEST

static struct store_watcher first, second;
static struct test_store *watched;

static void leave_both(struct store_watcher *w, const struct store_change *c)
{
        changed(w, c);
        store_unwatch(watched->store, &first);
        store_unwatch(watched->store, &second);
}

START_TEST(a_watcher_may_leave_and_take_others_with_it)
{
        struct test_store t;
        struct store_watcher third;
        struct changer c;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        watched = &t;
        watch(&t, &first, 5);
        watch(&t, &second, 5);
        watch(&t, &third, 5);
        first.changed = second.changed = leave_both;
        submit(&t, &c, STORE_CHANGE_MAILBOX, 5, 1);
        test_store_settle(&t);
        ck_assert_int_eq(n_events, 3);
        ck_assert_ptr_eq(events[0].who, &first);
        ck_assert_ptr_eq(events[1].who, &third);
        store_unwatch(t.store, &third);
        test_store_stop(&t);
}
END_TEST

START_TEST(changes_on_their_way_outlive_the_store)
{
        struct test_store t;
        struct store_watcher w;
        struct changer c;

        test_store_start(&t, TEST_STORE_INLINE_HUB);
        watch(&t, &w, 5);
        task_hub_hold(t.hub, "store change");
        submit(&t, &c, STORE_CHANGE_MAILBOX, 5, 1);
        test_store_settle(&t);
        ck_assert_uint_eq(task_hub_held(t.hub), 1);
        store_unwatch(t.store, &w);
        test_store_close(&t);
        task_hub_release(t.hub);
        task_hub_collect(t.hub);
        ck_assert_int_eq(n_events, 1); /* the answer only */
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("events");
        TCase *tc = tcase_create("events");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_checked_fixture(tc, setup, NULL);
        tcase_add_loop_test(tc, a_watcher_is_told_before_the_task_is_answered, 0, 2);
        tcase_add_test(tc, without_a_hub_they_are_told_at_once);
        tcase_add_test(tc, each_hears_of_its_own_mailbox_and_one_of_everything);
        tcase_add_test(tc, the_changes_of_one_commit_come_as_one_with_the_largest_modseq);
        tcase_add_test(tc, what_is_merged_says_all_that_happened);
        tcase_add_test(tc, what_was_rolled_back_is_not_told);
        tcase_add_test(tc, a_watcher_may_leave_and_take_others_with_it);
        tcase_add_test(tc, changes_on_their_way_outlive_the_store);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
