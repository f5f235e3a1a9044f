/* test_remember.c — which logins are known again, and for how long. */
#include "remember.h"

#include <check.h>
#include <stdlib.h>

enum { ALICE = 7, BOB = 8 };

static struct remember *remember;

static void setup(void)
{
        remember = remember_new(4);
        remember_put(remember, ALICE, SLICE("verifiers"), SLICE("secret"), 1000);
}

static void teardown(void)
{
        remember_free(remember);
}

static const struct {
        const char *name;
        int64_t account, now_ms;
        const char *verifiers, *password;
        bool known;
} lookups[] = {
        {"the same login",                       ALICE, 0,    "verifiers",  "secret", true },
        { "just before its time is over",        ALICE, 999,  "verifiers",  "secret", true },
        { "when its time is over",               ALICE, 1000, "verifiers",  "secret", false},
        { "another password",                    ALICE, 0,    "verifiers",  "secreT", false},
        { "another account",                     BOB,   0,    "verifiers",  "secret", false},
        { "the password has been changed since", ALICE, 0,    "verifiers2", "secret", false},
        { "the same octets, cut elsewhere",      ALICE, 0,    "verifierss", "ecret",  false},
};

START_TEST(a_login_is_known_again_only_as_it_was)
{
        ck_assert_msg(remember_has(remember, lookups[_i].account, slice_of(lookups[_i].verifiers),
                                   slice_of(lookups[_i].password),
                                   lookups[_i].now_ms) == lookups[_i].known,
                      "%s", lookups[_i].name);
}
END_TEST

START_TEST(a_wrong_password_does_not_make_the_right_one_forgotten)
{
        ck_assert(!remember_has(remember, ALICE, SLICE("verifiers"), SLICE("guess"), 0));
        ck_assert(remember_has(remember, ALICE, SLICE("verifiers"), SLICE("secret"), 0));
}
END_TEST

START_TEST(forgetting_an_account_forgets_only_that_one)
{
        remember_put(remember, BOB, SLICE("v"), SLICE("p"), 1000);
        remember_forget(remember, ALICE);
        remember_forget(remember, ALICE);
        ck_assert(!remember_has(remember, ALICE, SLICE("verifiers"), SLICE("secret"), 0));
        ck_assert(remember_has(remember, BOB, SLICE("v"), SLICE("p"), 0));
}
END_TEST

START_TEST(a_full_table_gives_up_the_login_used_longest_ago)
{
        for (int64_t account = 100; account < 103; account++)
                remember_put(remember, account, SLICE("v"), SLICE("p"), 1000);
        ck_assert(remember_has(remember, ALICE, SLICE("verifiers"), SLICE("secret"), 0));
        remember_put(remember, 103, SLICE("v"), SLICE("p"), 1000);
        ck_assert(remember_has(remember, ALICE, SLICE("verifiers"), SLICE("secret"), 0));
        ck_assert(!remember_has(remember, 100, SLICE("v"), SLICE("p"), 0));
        ck_assert(remember_has(remember, 101, SLICE("v"), SLICE("p"), 0));
        ck_assert(remember_has(remember, 103, SLICE("v"), SLICE("p"), 0));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("remember");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, a_login_is_known_again_only_as_it_was, 0,
                            (int)(sizeof lookups / sizeof *lookups));
        tcase_add_test(tc, a_wrong_password_does_not_make_the_right_one_forgotten);
        tcase_add_test(tc, forgetting_an_account_forgets_only_that_one);
        tcase_add_test(tc, a_full_table_gives_up_the_login_used_longest_ago);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
