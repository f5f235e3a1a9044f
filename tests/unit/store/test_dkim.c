/* test_dkim.c — keys of domains and policies of others, kept. */
#include "helper_ops.h"

#include "mailserver/store/account.h"
#include "mailserver/store/dkim.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define DOMAIN SLICE("example.org")

static void setup(void)
{
        ops_start();
        ops_account("alice@example.org");
}

static struct store_dkim_key key_of(const char *selector, int64_t created_us)
{
        return (struct store_dkim_key){
                .selector = slice_of(selector),
                .algorithm = 1,
                .pem = SLICE("PEM"),
                .active = true,
                .created_us = created_us,
        };
}

static enum err add_key(const char *selector, int64_t created_us)
{
        struct store_dkim_key key = key_of(selector, created_us);

        return store_dkim_add(&ops.tx, DOMAIN, &key);
}

static enum err add_waiting(const char *selector, int64_t created_us)
{
        struct store_dkim_key key = key_of(selector, created_us);

        key.active = false;
        key.waiting = true;
        return store_dkim_add(&ops.tx, DOMAIN, &key);
}

static enum err print(void *arg, const struct store_dkim_key *key)
{
        ck_assert(slice_eq(key->pem, SLICE("PEM")));
        ck_assert_int_eq(key->algorithm, 1);
        buf_addf(arg, SLICE_FMT "%s", SLICE_ARG(key->selector),
                 key->active    ? "+"
                 : key->waiting ? "?"
                                : "-");
        if (key->retired_us)
                buf_addf(arg, "%lld", (long long)key->retired_us);
        buf_addf(arg, " ");
        return ERR_OK;
}

static void check_keys(const char *wants)
{
        AUTO_BUF(out, 4096);

        ck_assert_int_eq(store_dkim_list(&ops.tx, DOMAIN, print, &out), ERR_OK);
        ck_assert(slice_eq(buf_slice(&out), slice_of(wants)));
}

START_TEST(keys_are_added_retired_and_removed)
{
        ck_assert_int_eq(add_key("b", 2), ERR_OK);
        ck_assert_int_eq(add_key("a", 1), ERR_OK);
        ck_assert_int_eq(add_key("a", 3), ERR_EXISTS);
        check_keys("a+ b+ ");
        ck_assert_int_eq(add_waiting("c", 4), ERR_OK);
        check_keys("a+ b+ c? ");
        ck_assert_int_eq(store_dkim_activate(&ops.tx, DOMAIN, 70), ERR_OK);
        check_keys("a-70 b-70 c+ ");
        ck_assert_int_eq(store_dkim_remove(&ops.tx, DOMAIN, SLICE("b")), ERR_OK);
        ck_assert_int_eq(store_dkim_remove(&ops.tx, DOMAIN, SLICE("b")), ERR_NOTFOUND);
        check_keys("a-70 c+ ");
}
END_TEST

START_TEST(only_keys_that_wait_are_activated)
{
        ck_assert_int_eq(store_dkim_activate(&ops.tx, DOMAIN, 7), ERR_NOTFOUND);
        ck_assert_int_eq(add_waiting("a", 1), ERR_OK);
        ck_assert_int_eq(store_dkim_activate(&ops.tx, SLICE("other.org"), 8), ERR_NOTFOUND);
        check_keys("a? ");
        ck_assert_int_eq(store_dkim_activate(&ops.tx, DOMAIN, 9), ERR_OK);
        check_keys("a+ ");
}
END_TEST

START_TEST(keys_of_a_store_that_did_not_note_the_time_are_retired_all_the_same)
{
        ck_assert_int_eq(add_key("a", 1), ERR_OK);
        ck_assert_int_eq(add_key("b", 2), ERR_OK);
        ops_sql("UPDATE dkim_key SET state = 0 WHERE selector = 'a'");
        ops_make_older(4);
        check_keys("a- b+ ");
}
END_TEST

START_TEST(keys_are_of_our_domains_and_not_too_many)
{
        struct store_dkim_key key = key_of("x", 1);
        char selector[16];

        ck_assert_int_eq(store_dkim_add(&ops.tx, SLICE("other.org"), &key), ERR_NOTFOUND);
        for (int i = 0; i < STORE_DKIM_KEYS_MAX; i++) {
                snprintf(selector, sizeof selector, "s%d", i);
                ck_assert_int_eq(add_key(selector, i), ERR_OK);
        }
        ck_assert_int_eq(add_key("more", 99), ERR_LIMIT);
}
END_TEST

START_TEST(keys_go_with_their_domain)
{
        ck_assert_int_eq(add_key("a", 1), ERR_OK);
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("b.org")), ERR_OK);
        ops_sql("UPDATE dkim_key SET domain = 'b.org'");
        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("b.org")), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM dkim_key"), 0);
}
END_TEST

static enum err get(int64_t now_us, const char *id, const char *policy, int64_t fetched_us)
{
        AUTO_BUF(got_id, 256);
        AUTO_BUF(got_policy, 256);
        int64_t got_fetched_us;
        enum err err = store_sts_get(&ops.tx, SLICE("away.org"), now_us, &got_id, &got_policy,
                                     &got_fetched_us);

        if (!err) {
                ck_assert_str_eq(got_id.ptr, id);
                ck_assert_str_eq(got_policy.ptr, policy);
                ck_assert_int_eq(got_fetched_us, fetched_us);
        }
        return err;
}

START_TEST(a_policy_holds_until_it_ends)
{
        ck_assert_int_eq(get(1, "", "", 0), ERR_NOTFOUND);
        ck_assert_int_eq(store_sts_put(&ops.tx, SLICE("away.org"), SLICE("1"), SLICE("P"), 1, 10),
                         ERR_OK);
        ck_assert_int_eq(get(9, "1", "P", 1), ERR_OK);
        ck_assert_int_eq(get(10, "", "", 0), ERR_NOTFOUND);
        ck_assert_int_eq(store_sts_put(&ops.tx, SLICE("away.org"), SLICE("2"), SLICE("Q"), 9, 20),
                         ERR_OK);
        ck_assert_int_eq(get(10, "2", "Q", 9), ERR_OK);
        ck_assert_int_eq(store_sts_expire(&ops.tx, 20), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM mta_sts"), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store dkim");
        TCase *tc = tcase_create("dkim");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, keys_are_added_retired_and_removed);
        tcase_add_test(tc, only_keys_that_wait_are_activated);
        tcase_add_test(tc, keys_of_a_store_that_did_not_note_the_time_are_retired_all_the_same);
        tcase_add_test(tc, keys_are_of_our_domains_and_not_too_many);
        tcase_add_test(tc, keys_go_with_their_domain);
        tcase_add_test(tc, a_policy_holds_until_it_ends);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
