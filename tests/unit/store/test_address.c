/* test_address.c — which accounts an address means, and who may send as it. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t alice, bob, mary_ann;

static void add_alias(const char *address, const char *target)
{
        struct slice one = slice_of(target);

        ck_assert_msg(store_alias_add(&ops.tx, slice_of(address), &one, 1, NULL) == ERR_OK,
                      "%s -> %s", address, target);
}

/*
 * example.org: alice, bob, mary, mary-ann, al+exact; sales -> alice and bob; twice -> sales and
 * alice; alice+alias -> bob; deep1 -> alice, deep2 … deep11 -> the one before; circle1 -> circle2
 * and alice, circle2 -> circle1. example.net: carol; its catch-all -> bob. example.com: nobody.
 */
static void setup(void)
{
        char address[64], target[64];

        ops_start();
        alice = ops_account("alice@example.org");
        bob = ops_account("bob@example.org");
        ops_account("mary@example.org");
        mary_ann = ops_account("mary-ann@example.org");
        ops_account("al+exact@example.org");
        ops_account("carol@example.net");
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("example.com")), ERR_OK);
        add_alias("sales@example.org", "alice@example.org");
        add_alias("sales@example.org", "bob@example.org");
        add_alias("alice+alias@example.org", "bob@example.org");
        add_alias("@example.net", "bob@example.org");
        add_alias("circle1@example.org", "alice@example.org");
        add_alias("circle2@example.org", "circle1@example.org");
        add_alias("circle1@example.org", "circle2@example.org");
        add_alias("twice@example.org", "sales@example.org");
        add_alias("twice@example.org", "alice@example.org");
        add_alias("deep1@example.org", "alice@example.org");
        for (int i = 2; i <= 11; i++) {
                snprintf(address, sizeof address, "deep%d@example.org", i);
                snprintf(target, sizeof target, "deep%d@example.org", i - 1);
                add_alias(address, target);
        }
}

static const struct store_address_rules plus = { .separators = "+" };

static void print_targets(const struct store_targets *t, struct buf *out)
{
        for (size_t i = 0; i < t->n; i++)
                buf_addf(out, "%s%s%s%s", i ? " " : "", t->items[i].name,
                         t->items[i].detail ? " +" : "",
                         t->items[i].detail ? t->items[i].detail : "");
}

static void expect(const struct store_address_rules *rules, const char *name, const char *address,
                   enum err expected, const char *targets)
{
        AUTO(store_targets_done) struct store_targets t = { 0 };
        AUTO_BUF(text, BUF_MAX);
        enum err err = store_address_resolve(&ops.tx, rules, slice_of(address), &t);

        ck_assert_msg(err == expected, "%s: %s", name, err_name(err));
        print_targets(&t, &text);
        ck_assert_msg(slice_eq(buf_slice(&text), slice_of(targets)), "%s: %s", name, text.ptr);
}

static const struct {
        const char *name, *address;
        enum err err;
        const char *targets;
} resolutions[] = {
        {"an account",                                               "alice@example.org",                    ERR_OK,       "alice@example.org"                },
        { "in any case",                                             "ALICE@Example.ORG",                    ERR_OK,       "alice@example.org"                },
        { "an alias",                                                "sales@example.org",                    ERR_OK,       "alice@example.org bob@example.org"},
        { "an alias of an alias, each account once",                 "twice@example.org",                    ERR_OK,
         "alice@example.org bob@example.org"                                                                                                                  },
        { "a circle ends",                                           "circle2@example.org",                  ERR_OK,       "alice@example.org"                },
        { "ten aliases deep",                                        "deep10@example.org",                   ERR_OK,       "alice@example.org"                },
        { "too deep",                                                "deep11@example.org",                   ERR_LIMIT,    ""                                 },
        { "with a detail",                                           "alice+lists@example.org",              ERR_OK,       "alice@example.org +lists"         },
        { "with an empty detail",                                    "alice+@example.org",                   ERR_OK,       "alice@example.org +"              },
        { "with a detail of several parts",                          "alice+a+b@example.org",                ERR_OK,
         "alice@example.org +a+b"                                                                                                                             },
        { "an alias with a detail",                                  "sales+x@example.org",                  ERR_OK,
         "alice@example.org +x bob@example.org +x"                                                                                                            },
        { "an account whose name has a separator",                   "al+exact@example.org",                 ERR_OK,
         "al+exact@example.org"                                                                                                                               },
        { "that account with a detail",                              "al+exact+x@example.org",               ERR_OK,
         "al+exact@example.org +x"                                                                                                                            },
        { "an alias before a detail",                                "alice+alias@example.org",              ERR_OK,       "bob@example.org"                  },
        { "only a detail",                                           "+x@example.org",                       ERR_NOTFOUND, ""                                 },
        { "not a separator",                                         "alice-x@example.org",                  ERR_NOTFOUND, ""                                 },
        { "nobody",                                                  "nobody@example.org",                   ERR_NOTFOUND, ""                                 },
        { "nobody with a detail",                                    "nobody+x@example.org",                 ERR_NOTFOUND, ""                                 },
        { "not our domain",                                          "alice@elsewhere.example",              ERR_DENIED,   ""                                 },
        { "a subdomain of ours",                                     "alice@mail.example.org",               ERR_DENIED,   ""                                 },
        { "an address literal",                                      "alice@[127.0.0.1]",                    ERR_DENIED,   ""                                 },
        { "no domain at all",                                        "alice@",                               ERR_DENIED,   ""                                 },
        { "a percent hack",                                          "alice%elsewhere.example@example.org",  ERR_NOTFOUND, ""                                 },
        { "a percent hack to ourselves",                             "alice%example.org@example.org",        ERR_NOTFOUND, ""                                 },
        { "a quoted relay",                                          "alice@elsewhere.example@example.org",  ERR_NOTFOUND, ""                                 },
        { "a quoted relay to elsewhere",                             "alice@example.org@elsewhere.example",  ERR_DENIED,   ""                                 },
        { "a bang path",                                             "elsewhere.example!alice@example.org",  ERR_NOTFOUND, ""                                 },
        { "a source route",                                          "@elsewhere.example:alice@example.org", ERR_NOTFOUND, ""                                 },
        { "an account before the catch-all",                         "carol@example.net",                    ERR_OK,       "carol@example.net"                },
        { "a detail before the catch-all",                           "carol+x@example.net",                  ERR_OK,       "carol@example.net +x"             },
        { "the catch-all",                                           "whoever@example.net",                  ERR_OK,       "bob@example.org"                  },
        { "what can be nobody's name, in a domain with a catch-all",
         "a\x01"
          "b@example.net",                                                                                   ERR_NOTFOUND, ""                                 },
        { "no local part, in a domain with a catch-all",             "@example.net",                         ERR_NOTFOUND, ""                                 },
        { "no local part",                                           "@example.org",                         ERR_NOTFOUND, ""                                 },
        { "a name without a domain",                                 "alice",                                ERR_NOTFOUND, ""                                 },
        { "nothing",                                                 "",                                     ERR_NOTFOUND, ""                                 },
};

START_TEST(an_address_means_these_accounts)
{
        expect(&plus, resolutions[_i].name, resolutions[_i].address, resolutions[_i].err,
               resolutions[_i].targets);
}
END_TEST

START_TEST(separators_are_what_the_rules_say)
{
        const struct store_address_rules none = { .separators = "" };
        const struct store_address_rules unset = { 0 };
        const struct store_address_rules two = { .separators = "+-" };

        expect(&none, "none", "alice+x@example.org", ERR_NOTFOUND, "");
        expect(&unset, "unset", "alice+x@example.org", ERR_NOTFOUND, "");
        expect(&two, "either", "alice-x@example.org", ERR_OK, "alice@example.org +x");
        expect(&two, "both", "alice+x-y@example.org", ERR_OK, "alice@example.org +x-y");
        expect(&two, "the longest name", "mary-ann+x@example.org", ERR_OK,
               "mary-ann@example.org +x");
        expect(&two, "the longest there is", "mary-beth+x@example.org", ERR_OK,
               "mary@example.org +beth+x");
}
END_TEST

/* ---- postmaster and abuse ---- */

static const struct {
        const char *name, *postmaster, *address;
        enum err err;
        const char *targets;
} roles[] = {
        {"the domain's oldest account",                   NULL,                "postmaster@example.org",       ERR_OK,
         "alice@example.org"                                                                                                                    },
        { "empty is as unset",                            "",                  "Abuse@example.org",            ERR_OK,       "alice@example.org"},
        { "before the catch-all",                         NULL,                "POSTMASTER@example.net",       ERR_OK,       "carol@example.net"},
        { "the store's oldest where the domain has none", NULL,                "postmaster@example.com",       ERR_OK,
         "alice@example.org"                                                                                                                    },
        { "the one that is named",                        "bob@example.org",   "postmaster@example.net",       ERR_OK,
         "bob@example.org"                                                                                                                      },
        { "an alias that is named",                       "sales@example.org", "abuse@example.com",            ERR_OK,
         "alice@example.org bob@example.org"                                                                                                    },
        { "one that is not there",                        "gone@example.org",  "postmaster@example.net",       ERR_OK,
         "carol@example.net"                                                                                                                    },
        { "one that is no address",                       "postmaster",        "postmaster@example.net",       ERR_OK,
         "carol@example.net"                                                                                                                    },
        { "without a domain",                             NULL,                "PostMaster",                   ERR_OK,       "alice@example.org"},
        { "without a domain, named",                      "bob@example.org",   "postmaster",                   ERR_OK,       "bob@example.org"  },
        { "abuse has a domain",                           NULL,                "abuse",                        ERR_NOTFOUND, ""                 },
        { "elsewhere is not ours",                        NULL,                "postmaster@elsewhere.example", ERR_DENIED,   ""                 },
        { "webmaster is nobody special",                  NULL,                "webmaster@example.org",        ERR_NOTFOUND, ""                 },
};

START_TEST(postmaster_and_abuse_always_have_someone)
{
        const struct store_address_rules rules = { .separators = "+",
                                                   .postmaster = roles[_i].postmaster };

        expect(&rules, roles[_i].name, roles[_i].address, roles[_i].err, roles[_i].targets);
}
END_TEST

START_TEST(whoever_claims_postmaster_has_it)
{
        const struct store_address_rules rules = { .postmaster = "alice@example.org" };

        add_alias("postmaster@example.org", "bob@example.org");
        expect(&rules, "alias", "postmaster@example.org", ERR_OK, "bob@example.org");
        ops_account("abuse@example.org");
        expect(&rules, "account", "abuse@example.org", ERR_OK, "abuse@example.org");
}
END_TEST

START_TEST(an_empty_store_has_no_postmaster)
{
        ops_sql("DELETE FROM alias; DELETE FROM mailbox; DELETE FROM subscription; DELETE FROM "
                "account;");
        expect(&plus, "domain", "postmaster@example.org", ERR_NOTFOUND, "");
        expect(&plus, "alone", "postmaster", ERR_NOTFOUND, "");
}
END_TEST

START_TEST(a_circle_that_reaches_nobody_is_nobody)
{
        add_alias("x@example.com", "alice@example.org");
        add_alias("y@example.com", "x@example.com");
        add_alias("x@example.com", "y@example.com");
        ops_sql("DELETE FROM alias WHERE target = 'alice@example.org' AND local = 'x'");
        expect(&plus, "circle", "x@example.com", ERR_NOTFOUND, "");
}
END_TEST

START_TEST(a_disabled_account_still_gets_mail)
{
        ck_assert_int_eq(store_account_set_disabled(&ops.tx, alice, true), ERR_OK);
        expect(&plus, "disabled", "alice@example.org", ERR_OK, "alice@example.org");
}
END_TEST

/* ---- how many ---- */

static void add_crowd(int n)
{
        struct db_stmt *q = db_prepare(
                ops.tx.db,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
                " INSERT INTO account (domain, local, name, verifiers, created_us)"
                " SELECT d.id, 'u' || i, 'u' || i || '@example.com', '', 0 FROM n, domain d"
                " WHERE d.name = 'example.com'");

        db_bind_int(q, 1, n);
        ck_assert_int_eq(db_run(q), ERR_OK);
        ops_sql("INSERT INTO alias SELECT d.id, 'crowd', a.name FROM account a"
                " JOIN domain d ON d.id = a.domain WHERE d.name = 'example.com'");
}

START_TEST(a_thousand_targets_are_possible_and_no_more)
{
        struct store_targets t = { 0 };

        add_crowd(1000);
        ck_assert_int_eq(store_address_resolve(&ops.tx, &plus, SLICE("crowd@example.com"), &t),
                         ERR_OK);
        ck_assert_uint_eq(t.n, 1000);
        store_targets_done(&t);
        add_alias("more@example.com", "crowd@example.com");
        add_alias("more@example.com", "alice@example.org");
        expect(&plus, "one more", "more@example.com", ERR_LIMIT, "");
}
END_TEST

/* ---- sending ---- */

static const struct {
        const char *name, *address;
        enum err err;
} senders[] = {
        {"its own name",                    "alice@example.org",       ERR_OK    },
        { "in any case",                    "Alice@EXAMPLE.org",       ERR_OK    },
        { "with a detail",                  "alice+x@example.org",     ERR_OK    },
        { "an alias of it",                 "sales@example.org",       ERR_OK    },
        { "an alias of it with a detail",   "sales+x@example.org",     ERR_OK    },
        { "an alias of an alias of it",     "deep5@example.org",       ERR_OK    },
        { "someone else",                   "bob@example.org",         ERR_DENIED},
        { "someone else's alias",           "alice+alias@example.org", ERR_DENIED},
        { "someone else's catch-all",       "whoever@example.net",     ERR_DENIED},
        { "nobody",                         "nobody@example.org",      ERR_DENIED},
        { "an alias that leads too far",    "deep11@example.org",      ERR_DENIED},
        { "postmaster, whose mail it gets", "postmaster@example.org",  ERR_DENIED},
        { "postmaster alone",               "postmaster",              ERR_DENIED},
        { "another domain",                 "alice@elsewhere.example", ERR_DENIED},
        { "not an address",                 "alice",                   ERR_DENIED},
        { "nothing",                        "",                        ERR_DENIED},
};

START_TEST(an_account_sends_as_itself_and_its_aliases)
{
        ck_assert_msg(store_address_may_send(&ops.tx, &plus, alice,
                                             slice_of(senders[_i].address)) == senders[_i].err,
                      "%s", senders[_i].name);
}
END_TEST

START_TEST(the_target_of_a_catch_all_sends_as_whoever_is_nobody_else)
{
        ck_assert_int_eq(store_address_may_send(&ops.tx, &plus, bob, SLICE("whoever@example.net")),
                         ERR_OK);
        ck_assert_int_eq(store_address_may_send(&ops.tx, &plus, bob, SLICE("carol@example.net")),
                         ERR_DENIED);
        ck_assert_int_eq(
                store_address_may_send(&ops.tx, &plus, mary_ann, SLICE("whoever@example.net")),
                ERR_DENIED);
}
END_TEST

/* ---- elsewhere ---- */

static const struct {
        const char *name, *address, *says;
} forwards[] = {
        {"an alias that leads elsewhere",    "joe@example.org",        "joe@away.org<joe@example.org\n"},
        { "and here as well",                "both@example.org",
         "alice@example.org\njoe@away.org<both@example.org\n"                                          },
        { "by way of another, once",         "Twice.Away@EXAMPLE.org",
         "joe@away.org<twice.away@example.org\n"                                                       },
        { "with a detail",                   "joe+x@example.org",      "joe@away.org<joe@example.org\n"},
        { "a catch-all names who was meant", "Some.One@example.com",
         "joe@away.org<some.one@example.com\n"                                                         },
};

START_TEST(an_alias_sends_mail_on)
{
        AUTO(store_targets_done) struct store_targets targets = { 0 };
        AUTO_BUF(says, BUF_MAX);

        add_alias("joe@example.org", "joe@away.org");
        add_alias("both@example.org", "joe@example.org");
        add_alias("both@example.org", "alice@example.org");
        add_alias("twice.away@example.org", "joe@example.org");
        add_alias("twice.away@example.org", "joe@away.org");
        add_alias("@example.com", "joe@away.org");
        ck_assert_int_eq(
                store_address_resolve(&ops.tx, &plus, slice_of(forwards[_i].address), &targets),
                ERR_OK);
        for (size_t i = 0; i < targets.n; i++)
                buf_addf(&says, "%s\n", targets.items[i].name);
        for (size_t i = 0; i < targets.n_remotes; i++)
                buf_addf(&says, "%s<%s\n", targets.remotes[i].address, targets.remotes[i].via);
        ck_assert_msg(!strcmp(says.ptr, forwards[_i].says), "%s: %s", forwards[_i].name, says.ptr);
}
END_TEST

START_TEST(to_be_sent_on_gives_no_right_to_send)
{
        add_alias("joe@example.org", "joe@away.org");
        ck_assert_int_eq(store_address_may_send(&ops.tx, &plus, alice, SLICE("joe@example.org")),
                         ERR_DENIED);
}
END_TEST

static const struct {
        const char *address, *stored; /* NULL: ERR_SYNTAX */
} elsewhere[] = {
        {"Joe@Away.ORG",           "Joe@away.org"                   },
        { "a b@away.org",          "a b@away.org"                   },
        { "j\xc3\xb6@b\xc3\xbc"
          "cher.example", "j\xc3\xb6@xn--bcher-kva.example"},
        { "joe@[192.0.2.1]",       NULL                             },
        { "joe@-away.org",         NULL                             },
        { "joe@away..org",         NULL                             },
        { "@away.org",             NULL                             },
        { "joe",                   NULL                             },
        { "joe@",                  NULL                             },
};

START_TEST(an_address_elsewhere_needs_a_domain)
{
        AUTO_BUF(out, BUF_MAX);
        enum err err = store_address_remote(slice_of(elsewhere[_i].address), &out);

        ck_assert_int_eq(err, elsewhere[_i].stored ? ERR_OK : ERR_SYNTAX);
        if (!err)
                ck_assert_str_eq(out.ptr, elsewhere[_i].stored);
}
END_TEST

START_TEST(ours_is_what_is_in_our_domains)
{
        bool ours;

        ck_assert_int_eq(store_address_is_ours(&ops.tx, SLICE("x@Example.ORG"), &ours), ERR_OK);
        ck_assert(ours);
        ck_assert_int_eq(store_address_is_ours(&ops.tx, SLICE("postmaster"), &ours), ERR_OK);
        ck_assert(ours);
        ck_assert_int_eq(store_address_is_ours(&ops.tx, SLICE("x@sub.example.org"), &ours), ERR_OK);
        ck_assert(!ours);
        ck_assert_int_eq(store_address_is_ours(&ops.tx, SLICE("x@[127.0.0.1]"), &ours), ERR_OK);
        ck_assert(!ours);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store address");
        TCase *tc = tcase_create("address");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_loop_test(tc, an_address_means_these_accounts, 0, ops_rows(resolutions));
        tcase_add_test(tc, separators_are_what_the_rules_say);
        tcase_add_loop_test(tc, postmaster_and_abuse_always_have_someone, 0, ops_rows(roles));
        tcase_add_test(tc, whoever_claims_postmaster_has_it);
        tcase_add_test(tc, an_empty_store_has_no_postmaster);
        tcase_add_test(tc, a_circle_that_reaches_nobody_is_nobody);
        tcase_add_test(tc, a_disabled_account_still_gets_mail);
        tcase_add_test(tc, a_thousand_targets_are_possible_and_no_more);
        tcase_add_loop_test(tc, an_account_sends_as_itself_and_its_aliases, 0, ops_rows(senders));
        tcase_add_test(tc, the_target_of_a_catch_all_sends_as_whoever_is_nobody_else);
        tcase_add_loop_test(tc, an_alias_sends_mail_on, 0, ops_rows(forwards));
        tcase_add_test(tc, to_be_sent_on_gives_no_right_to_send);
        tcase_add_loop_test(tc, an_address_elsewhere_needs_a_domain, 0, ops_rows(elsewhere));
        tcase_add_test(tc, ours_is_what_is_in_our_domains);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
