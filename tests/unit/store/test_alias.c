/* test_alias.c — aliases: adding, removing, listing, and what they may point to. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void setup(void)
{
        ops_start();
        ops_account("alice@example.org");
        ops_account("bob@example.org");
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("example.net")), ERR_OK);
}

static enum err add(const char *address, const char *target)
{
        struct slice one = slice_of(target);

        return store_alias_add(&ops.tx, slice_of(address), &one, 1, NULL);
}

static enum err remove_one(const char *address, const char *target)
{
        struct slice one = slice_of(target);

        return store_alias_remove(&ops.tx, slice_of(address), &one, 1);
}

static enum err print_alias(void *arg, struct slice address, struct slice target)
{
        return buf_printf(arg, SLICE_FMT " " SLICE_FMT "\n", SLICE_ARG(address), SLICE_ARG(target));
}

static void expect_list(const char *expected)
{
        AUTO_BUF(out, BUF_MAX);

        ck_assert_int_eq(store_alias_list(&ops.tx, SLICE(""), print_alias, &out), ERR_OK);
        ck_assert_str_eq(out.ptr ? out.ptr : "", expected);
}

/* ---- adding ---- */

static const struct {
        const char *name, *address, *target;
        enum err err;
        const char *says; /* in the error's text */
} additions[] = {
        {"to an account",                              "sales@example.org",      "alice@example.org", ERR_OK,       ""                     },
        { "in another of our domains",                 "sales@example.net",      "alice@example.org", ERR_OK,       ""                     },
        { "however it is written",                     "SALES@Example.ORG",      "Alice@EXAMPLE.org", ERR_OK,       ""                     },
        { "a catch-all",                               "@example.org",           "alice@example.org", ERR_OK,       ""                     },
        { "postmaster",                                "postmaster@example.org", "alice@example.org", ERR_OK,       ""                     },
        { "an account's address",                      "bob@example.org",        "alice@example.org", ERR_EXISTS,
         "bob@example.org: an account has this address"                                                                                    },
        { "in a domain that is not ours",              "sales@example.com",      "alice@example.org", ERR_NOTFOUND,
         "example.com: no such domain here"                                                                                                },
        { "a catch-all for a domain that is not ours", "@example.com",           "alice@example.org",
         ERR_NOTFOUND,                                                                                              "example.com"          },
        { "to nobody",                                 "sales@example.org",      "carol@example.org", ERR_NOTFOUND,
         "carol@example.org: no such account or alias"                                                                                     },
        { "to somewhere else",                         "sales@example.org",      "alice@example.com", ERR_OK,       ""                     },
        { "to a literal address",                      "sales@example.org",      "alice@[192.0.2.1]", ERR_SYNTAX,
         "not an address"                                                                                                                  },
        { "to what needs quotes elsewhere",            "sales@example.org",      "a b@example.com",   ERR_SYNTAX,
         "not an address"                                                                                                                  },
        { "to nobody elsewhere",                       "sales@example.org",      "@example.com",      ERR_SYNTAX,
         "not an address"                                                                                                                  },
        { "to a catch-all",                            "sales@example.org",      "@example.org",      ERR_SYNTAX,
         "@example.org: not an address"                                                                                                    },
        { "to itself",                                 "sales@example.org",      "sales@example.org", ERR_NOTFOUND, "no such account"      },
        { "no address",                                "sales",                  "alice@example.org", ERR_SYNTAX,   "sales: not an address"},
        { "what would need quotes",                    "sa les@example.org",     "alice@example.org", ERR_SYNTAX,
         "not an address"                                                                                                                  },
        { "no domain",                                 "@",                      "alice@example.org", ERR_SYNTAX,   "not an address"       },
        { "nothing",                                   "",                       "alice@example.org", ERR_SYNTAX,   "not an address"       },
};

START_TEST(an_alias_points_to_what_is_there)
{
        struct slice target = slice_of(additions[_i].target);
        struct error error = { 0 };
        enum err err =
                store_alias_add(&ops.tx, slice_of(additions[_i].address), &target, 1, &error);

        ck_assert_msg(err == additions[_i].err, "%s: %s", additions[_i].name, err_name(err));
        ck_assert_msg(error.code == err && strstr(error.text, additions[_i].says), "%s: %s",
                      additions[_i].name, error.text);
}
END_TEST

START_TEST(targets_add_up_and_count_once)
{
        struct slice both[] = { SLICE("bob@example.org"), SLICE("alice@example.org"),
                                SLICE("BOB@example.org") };

        ck_assert_int_eq(add("all@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("ALL@example.org"), both, 3, NULL), ERR_OK);
        expect_list("all@example.org alice@example.org\nall@example.org bob@example.org\n");
}
END_TEST

START_TEST(an_alias_may_point_to_an_alias_and_in_a_circle)
{
        ck_assert_int_eq(add("sales@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(add("shop@example.org", "sales@example.org"), ERR_OK);
        ck_assert_int_eq(add("sales@example.org", "shop@example.org"), ERR_OK);
        ck_assert_int_eq(add("sales@example.org", "sales@example.org"), ERR_SYNTAX);
}
END_TEST

START_TEST(an_alias_needs_a_target)
{
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("a@example.org"), NULL, 0, NULL),
                         ERR_SYNTAX);
}
END_TEST

START_TEST(an_alias_has_at_most_a_thousand_targets)
{
        struct error error = { 0 };
        struct slice alice = SLICE("alice@example.org");

        ops_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                " INSERT INTO alias SELECT d.id, 'all', 'u' || i || '@example.org' FROM n, domain d"
                " WHERE d.name = 'example.org'");
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("all@example.org"), &alice, 1, &error),
                         ERR_LIMIT);
        ck_assert_str_eq(error.text, "all@example.org: more than 1000 targets");
}
END_TEST

START_TEST(aliases_are_listed_by_domain_and_address)
{
        AUTO_BUF(out, BUF_MAX);

        ck_assert_int_eq(add("z@example.org", "bob@example.org"), ERR_OK);
        ck_assert_int_eq(add("a@example.org", "bob@example.org"), ERR_OK);
        ck_assert_int_eq(add("a@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(add("@example.net", "alice@example.org"), ERR_OK);
        expect_list("@example.net alice@example.org\n"
                    "a@example.org alice@example.org\n"
                    "a@example.org bob@example.org\n"
                    "z@example.org bob@example.org\n");
        ck_assert_int_eq(store_alias_list(&ops.tx, SLICE("Example.NET"), print_alias, &out),
                         ERR_OK);
        ck_assert_str_eq(out.ptr, "@example.net alice@example.org\n");
        ck_assert_int_eq(store_alias_list(&ops.tx, SLICE("example.com"), print_alias, &out),
                         ERR_NOTFOUND);
}
END_TEST

/* ---- removing ---- */

START_TEST(a_target_goes_or_the_whole_alias)
{
        struct slice both[] = { SLICE("alice@example.org"), SLICE("bob@example.org") };

        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("all@example.org"), both, 2, NULL), ERR_OK);
        ck_assert_int_eq(remove_one("ALL@example.org", "Alice@example.org"), ERR_OK);
        expect_list("all@example.org bob@example.org\n");
        ck_assert_int_eq(remove_one("all@example.org", "alice@example.org"), ERR_NOTFOUND);
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("all@example.org"), both, 2, NULL), ERR_OK);
        ck_assert_int_eq(store_alias_remove(&ops.tx, SLICE("all@example.org"), NULL, 0), ERR_OK);
        expect_list("");
        ck_assert_int_eq(store_alias_remove(&ops.tx, SLICE("all@example.org"), NULL, 0),
                         ERR_NOTFOUND);
        ck_assert_int_eq(store_alias_remove(&ops.tx, SLICE("all@example.com"), NULL, 0),
                         ERR_NOTFOUND);
        ck_assert_int_eq(store_alias_remove(&ops.tx, SLICE("all"), NULL, 0), ERR_SYNTAX);
}
END_TEST

START_TEST(a_catch_all_goes_without_the_others)
{
        ck_assert_int_eq(add("@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(add("a@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(store_alias_remove(&ops.tx, SLICE("@example.org"), NULL, 0), ERR_OK);
        expect_list("a@example.org alice@example.org\n");
}
END_TEST

START_TEST(what_pointed_only_to_an_alias_goes_with_it)
{
        ck_assert_int_eq(add("one@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(add("two@example.org", "one@example.org"), ERR_OK);
        ck_assert_int_eq(add("three@example.org", "two@example.org"), ERR_OK);
        ck_assert_int_eq(add("three@example.org", "bob@example.org"), ERR_OK);
        ck_assert_int_eq(remove_one("one@example.org", "alice@example.org"), ERR_OK);
        expect_list("three@example.org bob@example.org\n");
}
END_TEST

START_TEST(an_address_elsewhere_keeps_its_local_part_as_it_is)
{
        ck_assert_int_eq(add("sales@example.org", "Joe.X@Example.COM"), ERR_OK);
        ck_assert_int_eq(add("sales@example.org", "Joe.X@b\xc3\xbc"
                                                  "cher.example"),
                         ERR_OK);
        expect_list("sales@example.org Joe.X@example.com\n"
                    "sales@example.org Joe.X@xn--bcher-kva.example\n");
        ck_assert_int_eq(remove_one("sales@example.org", "joe.x@example.com"), ERR_NOTFOUND);
        ck_assert_int_eq(remove_one("sales@example.org", "Joe.X@example.com"), ERR_OK);
        expect_list("sales@example.org Joe.X@xn--bcher-kva.example\n");
}
END_TEST

START_TEST(what_is_elsewhere_stays_when_targets_here_go)
{
        ck_assert_int_eq(add("all@example.org", "joe@example.com"), ERR_OK);
        ck_assert_int_eq(add("one@example.org", "alice@example.org"), ERR_OK);
        ck_assert_int_eq(add("all@example.org", "one@example.org"), ERR_OK);
        ck_assert_int_eq(remove_one("one@example.org", "alice@example.org"), ERR_OK);
        expect_list("all@example.org joe@example.com\n");
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store alias");
        TCase *tc = tcase_create("alias");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, an_alias_points_to_what_is_there, 0, ops_rows(additions));
        tcase_add_test(tc, targets_add_up_and_count_once);
        tcase_add_test(tc, an_alias_may_point_to_an_alias_and_in_a_circle);
        tcase_add_test(tc, an_alias_needs_a_target);
        tcase_add_test(tc, an_alias_has_at_most_a_thousand_targets);
        tcase_add_test(tc, aliases_are_listed_by_domain_and_address);
        tcase_add_test(tc, a_target_goes_or_the_whole_alias);
        tcase_add_test(tc, a_catch_all_goes_without_the_others);
        tcase_add_test(tc, what_pointed_only_to_an_alias_goes_with_it);
        tcase_add_test(tc, an_address_elsewhere_keeps_its_local_part_as_it_is);
        tcase_add_test(tc, what_is_elsewhere_stays_when_targets_here_go);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
