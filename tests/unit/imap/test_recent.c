/* test_recent.c — who was the first to be told of a message, before and after the store knows. */
#include "recent.h"

#include "mailserver/core/loop.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALICE = 1, INBOX = 7, OTHERS = 1000 };

static char dir[64];
static struct loop *loop;
static struct task_hub *hub;
static struct store *store;
static struct imap_recents all;

/* With lanes that run when told to: nothing is written behind a test's back. */
static void set_up(void)
{
        static struct store_config config;
        const struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct error error = { 0 };

        snprintf(dir, sizeof dir, "/tmp/test-recent-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        conf_defaults(sections);
        loop = loop_new();
        hub = task_hub_new(loop);
        const struct store_params params = {
                .config = &config,
                .data_dir = dir,
                .hub = hub,
                .loop = loop,
                .inline_lanes = true,
                .create = true,
        };
        ck_assert_msg(store_open(&params, &store, &error) == ERR_OK, "%s", error.text);
        imap_recents_init(&all, store);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
        (void)st;
        (void)type;
        (void)where;
        return remove(path);
}

static void tear_down(void)
{
        imap_recents_done(&all);
        store_close(store);
        task_hub_free(hub);
        loop_free(loop);
        nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* How many writes waited; all of them are answered. */
static size_t write_all(void)
{
        size_t n, sum = 0;

        while ((n = store_run_waiting(store, STORE_WRITE))) {
                sum += n;
                task_hub_collect(hub);
        }
        return sum;
}

/* A session opens the mailbox, is told of all below `uidnext` as recent from what it returns on, and
 * stays. */
static uint32_t open_mailbox(int64_t mailbox, uint32_t uidnext, struct imap_recent **ret_recent)
{
        /* Each has read the mailbox before the store knew of any. */
        const uint32_t as_read = 1;
        uint32_t from;

        *ret_recent = imap_recent_get(&all, ALICE, mailbox);
        from = imap_recent_from(*ret_recent, as_read);
        imap_recent_take(*ret_recent, uidnext);
        return from;
}

/* And leaves at once. */
static uint32_t visit(int64_t mailbox, uint32_t uidnext)
{
        struct imap_recent *r;
        uint32_t from = open_mailbox(mailbox, uidnext, &r);

        imap_recent_put(r);
        return from;
}

START_TEST(the_first_is_told_and_those_beside_it_are_not)
{
        struct imap_recent *first, *second;

        ck_assert_uint_eq(open_mailbox(INBOX, 5, &first), 1);
        ck_assert_uint_eq(open_mailbox(INBOX, 6, &second), 5);
        ck_assert_int_eq(imap_recent_count(&all, INBOX, 6, 8), 2);
        ck_assert_int_eq(imap_recent_count(&all, INBOX + 1, 6, 8), 6);
        imap_recent_put(first);
        imap_recent_put(second);
}
END_TEST

START_TEST(who_read_the_mailbox_before_the_store_was_told_is_not_told_again)
{
        static const struct {
                const char *name;
                bool written; /* between the two */
        } cases[] = {
                {"the store knows, and the first has left", true },
                { "the store has yet to be told",           false},
        };

        ck_assert_uint_eq(visit(INBOX, 5), 1);
        if (cases[_i].written)
                ck_assert_uint_eq(write_all(), 1);
        ck_assert_msg(visit(INBOX, 5) == 5, "%s", cases[_i].name);
        ck_assert_uint_eq(write_all(), cases[_i].written ? 0 : 1);
}
END_TEST

START_TEST(what_is_taken_while_a_write_is_on_its_way_goes_with_the_next)
{
        struct imap_recent *r;

        open_mailbox(INBOX, 5, &r);
        imap_recent_take(r, 6);
        imap_recent_take(r, 7);
        ck_assert_uint_eq(write_all(), 2);
        imap_recent_put(r);
        ck_assert_uint_eq(write_all(), 0);
}
END_TEST

START_TEST(of_many_mailboxes_that_were_left_the_oldest_are_forgotten)
{
        ck_assert_uint_eq(visit(INBOX, 5), 1);
        write_all();
        for (int64_t i = 1; i < IMAP_RECENT_LATE; i++)
                visit(OTHERS + i, 5);
        write_all();
        /* As many as are kept: the first is among them, and by this visit the youngest. */
        ck_assert_uint_eq(visit(INBOX, 5), 5);
        visit(OTHERS, 5);
        write_all();
        ck_assert_uint_eq(all.n_late, IMAP_RECENT_LATE);
        ck_assert_uint_eq(visit(INBOX, 5), 5);
        ck_assert_uint_eq(visit(OTHERS + 1, 5), 1);
}
END_TEST

START_TEST(one_that_is_open_is_never_forgotten)
{
        struct imap_recent *r;

        visit(INBOX, 5);
        open_mailbox(INBOX, 5, &r);
        for (int64_t i = 0; i < IMAP_RECENT_LATE; i++)
                visit(OTHERS + i, 5);
        write_all();
        ck_assert_uint_eq(visit(INBOX, 5), 5);
        imap_recent_put(r);
}
END_TEST

START_TEST(what_is_open_or_on_its_way_may_outlive_the_server)
{
        struct imap_recent *r;

        open_mailbox(INBOX, 5, &r);
        visit(OTHERS, 5);
        imap_recents_done(&all);
        write_all();
        imap_recent_take(r, 9);
        ck_assert_uint_eq(write_all(), 0);
        imap_recent_put(r);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap recent");
        TCase *tc = tcase_create("recent");
        SRunner *r;
        int failed;

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, the_first_is_told_and_those_beside_it_are_not);
        tcase_add_loop_test(tc, who_read_the_mailbox_before_the_store_was_told_is_not_told_again, 0,
                            2);
        tcase_add_test(tc, what_is_taken_while_a_write_is_on_its_way_goes_with_the_next);
        tcase_add_test(tc, of_many_mailboxes_that_were_left_the_oldest_are_forgotten);
        tcase_add_test(tc, one_that_is_open_is_never_forgotten);
        tcase_add_test(tc, what_is_open_or_on_its_way_may_outlive_the_server);
        suite_add_tcase(s, tc);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
