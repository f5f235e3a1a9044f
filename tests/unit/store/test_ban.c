/* test_ban.c — bans as the store keeps them. */
#include "helper_store.h"
#include "schema.h"

#include "mailserver/store/ban.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static struct test_store t;

static void setup(void)
{
        test_store_start(&t, TEST_STORE_INLINE);
}

static void teardown(void)
{
        test_store_stop(&t);
}

static struct store_ban ban_of(const char *network, const char *name, int64_t since_us)
{
        return (struct store_ban){
                .network = slice_of(network),
                .name = slice_of(name),
                .reason = SLICE("failed logins"),
                .failures = 20,
                .times = 1,
                .since_us = since_us,
                .until_us = since_us + 60 * SECOND,
                .forget_us = since_us + 3600 * SECOND,
        };
}

static enum err put(struct store_txn *tx, void *arg)
{
        const struct store_ban *ban = arg;
        enum err err = store_ban_expire(tx, ban->since_us);

        return err ? err : store_ban_put(tx, ban);
}

static enum err put_ban(const struct store_ban *ban)
{
        return test_store_run(&t, STORE_WRITE, put, (void *)(uintptr_t)ban);
}

static enum err clear_network(struct store_txn *tx, void *arg)
{
        return store_ban_clear_network(tx, slice_of(arg));
}

static enum err clear_name(struct store_txn *tx, void *arg)
{
        return store_ban_clear_name(tx, slice_of(arg));
}

static enum err clear_everywhere(struct store_txn *tx, void *arg)
{
        (void)arg;
        return store_ban_clear_everywhere(tx);
}

static enum err clear_all(struct store_txn *tx, void *arg)
{
        (void)arg;
        return store_ban_clear_all(tx);
}

/* "network name times" each, with a comma between. */
static enum err list_one(void *arg, const struct store_ban *ban)
{
        struct buf *out = arg;

        buf_addf(out, "%s" SLICE_FMT " " SLICE_FMT " %d", out->len ? "," : "",
                 SLICE_ARG(ban->network), SLICE_ARG(ban->name), (int)ban->times);
        return ERR_OK;
}

static enum err list_all(struct store_txn *tx, void *arg)
{
        return store_ban_list(tx, list_one, arg);
}

static void assert_bans(const char *expected)
{
        AUTO_BUF(list, 4096);

        ck_assert_int_eq(test_store_run(&t, STORE_READ, list_all, &list), ERR_OK);
        ck_assert_str_eq(buf_slice(&list).ptr, expected);
}

START_TEST(bans_are_kept_in_the_order_they_began)
{
        struct store_ban pair = ban_of("192.0.2.1", "alice@example.org", 2 * SECOND);
        struct store_ban address = ban_of("2001:db8::/64", "", SECOND);

        ck_assert_int_eq(put_ban(&pair), ERR_OK);
        ck_assert_int_eq(put_ban(&address), ERR_OK);
        test_store_reopen(&t);
        assert_bans("2001:db8::/64  1,192.0.2.1 alice@example.org 1");
}
END_TEST

START_TEST(a_longer_one_replaces_the_last)
{
        struct store_ban ban = ban_of("192.0.2.1", "", SECOND);

        ck_assert_int_eq(put_ban(&ban), ERR_OK);
        ban.times = 2;
        ck_assert_int_eq(put_ban(&ban), ERR_OK);
        assert_bans("192.0.2.1  2");
}
END_TEST

START_TEST(an_administrators_gives_way_to_an_administrators_only)
{
        struct store_ban ours = ban_of("192.0.2.1", "", SECOND), manual = ours;

        manual.manual = true;
        manual.times = 7;
        ck_assert_int_eq(put_ban(&ours), ERR_OK);
        ck_assert_int_eq(put_ban(&manual), ERR_OK);
        ck_assert_int_eq(put_ban(&ours), ERR_OK);
        assert_bans("192.0.2.1  7");
        manual.times = 8;
        ck_assert_int_eq(put_ban(&manual), ERR_OK);
        assert_bans("192.0.2.1  8");
}
END_TEST

START_TEST(what_is_over_is_forgotten_with_the_next)
{
        struct store_ban early = ban_of("192.0.2.1", "", SECOND);
        struct store_ban still = ban_of("192.0.2.2", "", 2 * SECOND);
        struct store_ban late = ban_of("192.0.2.3", "", early.forget_us);

        ck_assert_int_eq(put_ban(&early), ERR_OK);
        ck_assert_int_eq(put_ban(&still), ERR_OK);
        ck_assert_int_eq(put_ban(&late), ERR_OK);
        assert_bans("192.0.2.2  1,192.0.2.3  1");
}
END_TEST

START_TEST(they_are_lifted_by_network_by_name_everywhere_and_all)
{
        static const struct {
                test_store_fn *fn;
                const char *arg;
                enum err err;
                const char *left;
        } steps[] = {
                {clear_network,     "192.0.2.9", ERR_NOTFOUND,
                 "192.0.2.1  1,192.0.2.1 a 1,192.0.2.2 "
                  "b 1, c 1, d 1"                                                       },
                { clear_network,    "192.0.2.1", ERR_OK,       "192.0.2.2 b 1, c 1, d 1"},
                { clear_name,       "c",         ERR_OK,       "192.0.2.2 b 1, d 1"     },
                { clear_name,       "c",         ERR_NOTFOUND, "192.0.2.2 b 1, d 1"     },
                { clear_everywhere, "",          ERR_OK,       "192.0.2.2 b 1"          },
                { clear_all,        "",          ERR_OK,       ""                       },
                { clear_all,        "",          ERR_OK,       ""                       },
        };
        struct store_ban bans[] = {
                ban_of("192.0.2.1", "", 1),  ban_of("192.0.2.1", "a", 2),
                ban_of("192.0.2.2", "b", 3), ban_of("", "c", 4),
                ban_of("", "d", 5),
        };

        for (size_t i = 0; i < sizeof bans / sizeof *bans; i++)
                ck_assert_int_eq(put_ban(&bans[i]), ERR_OK);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                ck_assert_int_eq(test_store_run(&t, STORE_WRITE, steps[i].fn,
                                                (void *)(uintptr_t)steps[i].arg),
                                 steps[i].err);
                assert_bans(steps[i].left);
        }
}
END_TEST

/* ---- bounds ---- */

struct flood {
        int n;
        bool manual;
};

static enum err put_flood(struct store_txn *tx, void *arg)
{
        const struct flood *flood = arg;
        enum err err = ERR_OK;

        for (int i = 0; i < flood->n && !err; i++) {
                char network[32];
                struct store_ban ban = ban_of(network, "", 1000 + i);

                snprintf(network, sizeof network, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
                ban.network = slice_of(network);
                ban.manual = flood->manual;
                err = store_ban_put(tx, &ban);
        }
        return err ? err : store_ban_expire(tx, 1);
}

START_TEST(a_flood_drives_out_those_nearest_to_their_end_and_no_administrators)
{
        struct flood flood = { STORE_BANS_MAX + 10, false };
        struct store_ban manual = ban_of("192.0.2.1", "", 1), long_one = ban_of("192.0.2.2", "", 1);

        manual.manual = true;
        long_one.forget_us *= 10;
        ck_assert_int_eq(put_ban(&manual), ERR_OK);
        ck_assert_int_eq(put_ban(&long_one), ERR_OK);
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, put_flood, &flood), ERR_OK);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM ban"), STORE_BANS_MAX + 1);
        ck_assert_int_eq(
                test_store_int(&t, "SELECT count(*) FROM ban WHERE network LIKE '192.0.2.%'"), 2);
        ck_assert_int_eq(test_store_int(&t, "SELECT min(since_us) FROM ban WHERE network LIKE "
                                            "'10.%'"),
                         1000 + 11);
}
END_TEST

START_TEST(administrators_have_a_limit)
{
        struct flood most = { STORE_BANS_MANUAL_MAX, true };
        struct store_ban one = ban_of("192.0.2.1", "", 5000), again = ban_of("10.0.0.0", "", 5000);

        one.manual = again.manual = true;
        ck_assert_int_eq(test_store_run(&t, STORE_WRITE, put_flood, &most), ERR_OK);
        ck_assert_int_eq(put_ban(&one), ERR_LIMIT);
        ck_assert_int_eq(put_ban(&again), ERR_OK);
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM ban"), STORE_BANS_MANUAL_MAX);
}
END_TEST

/* ---- older stores ---- */

START_TEST(a_store_of_version_1_gets_the_table)
{
        struct store_ban ban = ban_of("192.0.2.1", "", SECOND);
        char copy[160];

        ck_assert_int_eq(test_store_make_older(&t, 1), ERR_OK);
        test_store_reopen(&t);
        ck_assert_int_eq(put_ban(&ban), ERR_OK);
        assert_bans("192.0.2.1  1");
        snprintf(copy, sizeof copy, "%s/mail.db.before-%d", t.dir, schema_current.version);
        ck_assert_int_eq(access(copy, F_OK), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("ban");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 300);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, bans_are_kept_in_the_order_they_began);
        tcase_add_test(tc, a_longer_one_replaces_the_last);
        tcase_add_test(tc, an_administrators_gives_way_to_an_administrators_only);
        tcase_add_test(tc, what_is_over_is_forgotten_with_the_next);
        tcase_add_test(tc, they_are_lifted_by_network_by_name_everywhere_and_all);
        tcase_add_test(tc, a_flood_drives_out_those_nearest_to_their_end_and_no_administrators);
        tcase_add_test(tc, administrators_have_a_limit);
        tcase_add_test(tc, a_store_of_version_1_gets_the_table);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
