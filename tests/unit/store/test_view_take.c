/* test_view_take.c — a view is what the rows say, whatever is remembered of the mailbox. */
#include "engine.h"
#include "helper_ops.h"
#include "view_cache.h"

#include "mailserver/store/copy.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/message.h"
#include "mailserver/store/view.h"

#include <check.h>
#include <stdlib.h>

static int64_t alice, inbox, content;

static void setup(void)
{
        ops_start();
        alice = ops_account("alice@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        content = ops_content(SLICE("\r\n23456789"));
        ops_commit();
}

static void add(uint64_t flags)
{
        struct store_message_new message = { .trace = SLICE(""), .flags = flags };
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, inbox, content, &message, &uid), ERR_OK);
}

static void expunge(uint32_t first, uint32_t last)
{
        size_t n;

        for (uint32_t uid = first; uid <= last; uid++)
                ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &uid, 1, &n), ERR_OK);
}

static void set_flags(uint32_t first, uint32_t last, enum store_flags_op op)
{
        struct uid_range range = { first, last };
        const struct uid_set uids = { .ranges = &range, .n = 1 };
        int64_t modseq;

        ck_assert_int_eq(
                store_flags_change(&ops.tx, inbox, &uids, op, STORE_FLAG_SEEN, 0, NULL, &modseq),
                ERR_OK);
}

static enum err take_work(struct store_txn *tx, void *arg)
{
        return store_view_take(tx, inbox, arg);
}

/* As a session does it. */
static struct store_view take(void)
{
        struct store_view v = { 0 };

        ops_commit();
        ck_assert_int_eq(test_store_run(&ops.store, STORE_READ, take_work, &v), ERR_OK);
        return v;
}

/* What a look at every row says. */
static void is_right(const struct store_view *v)
{
        struct db_stmt *q = db_prepare(ops.tx.db, "SELECT uid, flags FROM message ORDER BY uid");
        struct uid_map messages = { 0 };
        uint32_t first_unseen = 0;

        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                uid_map_append(&messages, uid, uid);
                if (!first_unseen && !(db_column_int(q, 1) & STORE_FLAG_SEEN))
                        first_unseen = messages.n;
        }
        ck_assert_int_eq(db_finish(q), ERR_OK);
        ck_assert(uid_map_equal(&v->messages, &messages));
        ck_assert_uint_eq(v->first_unseen, first_unseen);
        ck_assert(v->exact);
        uid_map_done(&messages);
}

static void forget_expunged(void)
{
        ops_sql("DELETE FROM expunged;"
                "UPDATE mailbox SET expunged_floor = highestmodseq");
}

static void do_something(void)
{
        uint32_t next = (uint32_t)ops_int("SELECT uidnext FROM mailbox");
        uint32_t uid = 1 + (uint32_t)rand() % next;

        switch (rand() % 6) {
        case 0:
                expunge(uid, uid + 3);
                break;
        case 1:
                set_flags(uid, uid + 30, STORE_FLAGS_ADD);
                break;
        case 2:
                set_flags(uid, uid + 2, STORE_FLAGS_REMOVE);
                break;
        case 3:
                if (rand() % 5 == 0)
                        forget_expunged();
                break;
        default:
                for (int i = rand() % 100; i > 0; i--)
                        add(rand() % 4 ? STORE_FLAG_SEEN : 0);
        }
}

START_TEST(it_is_what_the_rows_say)
{
        srand((unsigned)_i + 1);
        for (int round = 0; round < 60; round++) {
                struct store_view v;

                for (int i = rand() % 3; i >= 0; i--)
                        do_something();
                v = take();
                is_right(&v);
                store_view_done(&v);
                if (rand() % 10 == 0)
                        ops_reopen(); /* nothing is remembered */
        }
}
END_TEST

struct survey_step {
        struct store_survey survey;
        size_t max_rows;
};

static enum err survey_work(struct store_txn *tx, void *arg)
{
        struct survey_step *s = arg;

        return store_survey_go_on(tx, inbox, s->max_rows, &s->survey);
}

static void go_on(struct survey_step *s)
{
        ops_commit();
        ck_assert_int_eq(test_store_run(&ops.store, STORE_READ, survey_work, s), ERR_OK);
}

/* At this MODSEQ, or none. */
static bool is_remembered(int64_t modseq)
{
        struct view_memory m = { 0 };
        bool known = view_cache_get(ops.store.store->view_cache, inbox, &m) && m.modseq == modseq;

        uid_map_done(&m.messages);
        return known;
}

START_TEST(a_survey_makes_it_known_a_few_rows_at_a_time)
{
        struct survey_step s = { .max_rows = 10 };
        struct store_view v;
        int steps = 0;

        for (int i = 0; i < 95; i++)
                add(0);
        expunge(3, 7);
        forget_expunged();
        ops_reopen();
        for (; !s.survey.over; steps++)
                go_on(&s);
        ck_assert_int_eq(steps, 10); /* ninety, and one to see that there are no more */
        ck_assert(is_remembered(ops_int("SELECT highestmodseq FROM mailbox")));
        v = take();
        is_right(&v);
        store_view_done(&v);
        /* Nothing to gain: it is known. */
        store_survey_done(&s.survey);
        go_on(&s);
        ck_assert(s.survey.over);
        store_survey_done(&s.survey);
}
END_TEST

START_TEST(a_small_mailbox_is_not_surveyed)
{
        struct survey_step s = { .max_rows = 10 };

        for (int i = 0; i < 10; i++)
                add(0);
        forget_expunged();
        ops_reopen();
        go_on(&s);
        ck_assert(s.survey.over);
        ck_assert(!is_remembered(ops_int("SELECT highestmodseq FROM mailbox")));
        store_survey_done(&s.survey);
}
END_TEST

/* Mail comes and goes meanwhile, and expunges are forgotten. */
START_TEST(what_happens_during_a_survey_is_not_lost)
{
        int remembered = 0;

        srand((unsigned)_i + 1);
        for (int i = 0; i < 60; i++)
                add(0);
        for (int round = 0; round < 10; round++) {
                struct survey_step s = { 0 };
                struct store_view v;

                do_something();
                forget_expunged();
                s.max_rows = 1 + (size_t)ops_int("SELECT messages FROM mailbox") / 6;
                ops_reopen();
                while (!s.survey.over) {
                        go_on(&s);
                        if (rand() % 2)
                                do_something();
                }
                remembered += is_remembered(ops_int("SELECT highestmodseq FROM mailbox"));
                v = take();
                is_right(&v);
                store_view_done(&v);
                store_survey_done(&s.survey);
        }
        ck_assert_int_gt(remembered, 2);
}
END_TEST

START_TEST(views_of_one_mailbox_share_their_memory)
{
        struct store_view first, second;

        for (int i = 0; i < 9; i++)
                add(0);
        expunge(4, 4);
        first = take();
        second = take();
        ck_assert_ptr_eq(first.messages.runs, second.messages.runs);
        store_view_done(&second);
        expunge(6, 6);
        second = take();
        ck_assert_ptr_ne(first.messages.runs, second.messages.runs);
        is_right(&second);
        /* The first is told the same and comes to the same. */
        uid_map_remove(&first.messages, &(struct uid_set){
                                                .ranges = &(struct uid_range){6, 6},
                                                   .n = 1
        });
        first.modseq = second.modseq;
        first.uidnext = second.uidnext;
        store_view_share(ops.store.store, &first);
        ck_assert_ptr_eq(first.messages.runs, second.messages.runs);
        store_view_done(&first);
        store_view_done(&second);
}
END_TEST

START_TEST(what_a_session_was_told_is_remembered_for_the_next)
{
        struct store_view first, second;

        add(0);
        first = take();
        add(0);
        add(0);
        ops_commit();
        uid_map_append(&first.messages, 2, 3);
        first.modseq = ops_int("SELECT highestmodseq FROM mailbox");
        first.uidnext = 4;
        store_view_share(ops.store.store, &first);
        second = take();
        ck_assert_ptr_eq(first.messages.runs, second.messages.runs);
        is_right(&second);
        store_view_done(&first);
        store_view_done(&second);
}
END_TEST

START_TEST(a_mailbox_whose_rows_do_not_add_up_is_read_whole)
{
        struct store_view v;

        for (int i = 0; i < 5; i++)
                add(STORE_FLAG_SEEN);
        v = take();
        store_view_done(&v);
        /* No operation does so: as if a row had been lost. */
        ops_sql("DELETE FROM message WHERE uid = 3; UPDATE mailbox SET messages = messages - 1,"
                " highestmodseq = highestmodseq + 1");
        v = take();
        is_right(&v);
        store_view_done(&v);
}
END_TEST

START_TEST(without_memory_every_view_is_read)
{
        struct store_view first, second;

        ops.store.config.view_cache = 0;
        ops_reopen();
        add(0);
        first = take();
        second = take();
        ck_assert_ptr_ne(first.messages.runs, second.messages.runs);
        is_right(&second);
        store_view_done(&first);
        store_view_done(&second);
}
END_TEST

/* ---- the memory itself ---- */

static bool is_known(struct view_cache *c, int64_t mailbox)
{
        struct view_memory m;
        bool known = view_cache_get(c, mailbox, &m);

        if (known)
                uid_map_done(&m.messages);
        return known;
}

static void put(struct view_cache *c, int64_t mailbox, int64_t modseq, uint32_t last)
{
        struct view_memory m = { .modseq = modseq, .uidnext = last + 1 };

        uid_map_append(&m.messages, 1, last);
        view_cache_put(c, mailbox, &m);
        uid_map_done(&m.messages);
}

START_TEST(the_least_recently_used_goes)
{
        enum { ROOM = 4000, MANY = 100 };
        struct view_cache *c = view_cache_new(ROOM);
        int kept = 0;

        for (int64_t mailbox = 1; mailbox <= MANY; mailbox++) {
                put(c, mailbox, 7, 9);
                ck_assert(is_known(c, 1)); /* so that it is used */
        }
        for (int64_t mailbox = 2; mailbox <= MANY; mailbox++) {
                bool known = is_known(c, mailbox);

                ck_assert_msg(known || !kept, "%lld is gone before an older one",
                              (long long)mailbox);
                kept += known;
        }
        ck_assert_int_gt(kept, 5);
        ck_assert_int_lt(kept, MANY / 2);
        view_cache_free(c);
}
END_TEST

START_TEST(older_news_change_nothing)
{
        struct view_cache *c = view_cache_new(1 << 20);
        struct view_memory m = { 0 };

        put(c, 1, 9, 90);
        put(c, 1, 8, 80);
        ck_assert(view_cache_get(c, 1, &m));
        ck_assert_int_eq(m.modseq, 9);
        ck_assert_uint_eq(m.messages.n, 90);
        ck_assert_uint_eq(m.uidnext, 91);
        uid_map_done(&m.messages);
        view_cache_free(c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store view_take");
        TCase *tc = tcase_create("view_take"), *memory = tcase_create("memory");
        SRunner *r;
        int failed;

        suite_add_tcase(s, tc);
        suite_add_tcase(s, memory);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, it_is_what_the_rows_say, 0, 10);
        tcase_add_test(tc, a_survey_makes_it_known_a_few_rows_at_a_time);
        tcase_add_test(tc, a_small_mailbox_is_not_surveyed);
        tcase_add_loop_test(tc, what_happens_during_a_survey_is_not_lost, 0, 5);
        tcase_add_test(tc, views_of_one_mailbox_share_their_memory);
        tcase_add_test(tc, what_a_session_was_told_is_remembered_for_the_next);
        tcase_add_test(tc, a_mailbox_whose_rows_do_not_add_up_is_read_whole);
        tcase_add_test(tc, without_memory_every_view_is_read);
        tcase_add_test(memory, the_least_recently_used_goes);
        tcase_add_test(memory, older_news_change_nothing);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
