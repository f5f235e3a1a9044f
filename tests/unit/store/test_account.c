/* test_account.c — domains and accounts: making, finding, changing, removing. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdlib.h>

/* ---- domains ---- */

START_TEST(a_domain_is_one_however_it_is_written)
{
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("B\xc3\x9c"
                                                         "CHER.example")),
                         ERR_OK);
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("xn--bcher-kva.EXAMPLE")), ERR_EXISTS);
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("not a domain")), ERR_SYNTAX);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM domain"), 1);
}
END_TEST

START_TEST(a_domain_goes_only_when_nothing_stands_in_it)
{
        int64_t alice = ops_account("alice@example.org");
        struct slice target = SLICE("alice@example.org");

        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("example.org")), ERR_EXISTS);
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("example.net")), ERR_OK);
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("sales@example.net"), &target, 1, NULL),
                         ERR_OK);
        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("example.net")), ERR_EXISTS);
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("example.net")), ERR_OK);
        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("Example.ORG")), ERR_OK);
        ck_assert_int_eq(store_domain_remove(&ops.tx, SLICE("example.org")), ERR_NOTFOUND);
}
END_TEST

static enum err print_domain(void *arg, struct slice name, int64_t accounts, int64_t aliases)
{
        return buf_printf(arg, SLICE_FMT " %lld %lld\n", SLICE_ARG(name), (long long)accounts,
                          (long long)aliases);
}

START_TEST(domains_are_listed_with_what_stands_in_them)
{
        AUTO_BUF(out, 1024);
        struct slice both[] = { SLICE("alice@example.org"), SLICE("bob@example.org") };

        ops_account("alice@example.org");
        ops_account("bob@example.org");
        ck_assert_int_eq(store_domain_add(&ops.tx, SLICE("example.net")), ERR_OK);
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("all@example.net"), both, 2, NULL), ERR_OK);
        ck_assert_int_eq(store_domain_list(&ops.tx, print_domain, &out), ERR_OK);
        ck_assert_str_eq(out.ptr, "example.net 0 1\nexample.org 2 0\n");
}
END_TEST

static enum err stop_here(void *arg, struct slice name, int64_t accounts, int64_t aliases)
{
        (void)name;
        (void)accounts;
        (void)aliases;
        ++*(int *)arg;
        return ERR_CANCELLED;
}

START_TEST(a_listing_stops_when_told_and_says_why)
{
        int calls = 0;

        ops_account("alice@example.org");
        ops_account("alice@example.net");
        ck_assert_int_eq(store_domain_list(&ops.tx, stop_here, &calls), ERR_CANCELLED);
        ck_assert_int_eq(calls, 1);
}
END_TEST

/* ---- making and finding ---- */

static const struct {
        const char *name, *account;
        enum err err;
} additions[] = {
        {"another",                    "bob@example.org",          ERR_OK      },
        { "the same",                  "alice@example.org",        ERR_EXISTS  },
        { "the same in capitals",      "ALICE@Example.ORG",        ERR_EXISTS  },
        { "an alias's address",        "sales@example.org",        ERR_EXISTS  },
        { "a domain that is not ours", "alice@example.net",        ERR_NOTFOUND},
        { "no domain",                 "alice",                    ERR_SYNTAX  },
        { "what would need quotes",    "al ice@example.org",       ERR_SYNTAX  },
        { "two at signs",              "al@ice@example.org",       ERR_SYNTAX  },
        { "empty",                     "",                         ERR_SYNTAX  },
        { "letters of the world",      "\xc3\x84rger@example.org", ERR_OK      },
};

START_TEST(an_account_has_a_name_of_its_own)
{
        struct slice target = SLICE("alice@example.org");
        int64_t id = -1;

        ops_account("alice@example.org");
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("sales@example.org"), &target, 1, NULL),
                         ERR_OK);
        ck_assert_msg(store_account_add(&ops.tx, slice_of(additions[_i].account), SLICE("v"),
                                        &id) == additions[_i].err,
                      "%s", additions[_i].name);
        ck_assert_msg((id == -1) == (additions[_i].err != ERR_OK), "%s", additions[_i].name);
}
END_TEST

START_TEST(a_new_account_is_what_was_asked_for)
{
        int64_t id = ops_account("Alice@Example.ORG");
        struct store_account a;

        ck_assert_int_eq(store_account_get(&ops.tx, id, &a), ERR_OK);
        ck_assert_int_eq(a.id, id);
        ck_assert_str_eq(a.name, "alice@example.org");
        ck_assert_str_eq(a.verifiers, "verifiers");
        ck_assert(!a.disabled);
        ck_assert_int_eq(a.quota_octets, 0);
        ck_assert_int_eq(a.used_messages, 0);
        ck_assert_int_gt(a.created_us, 0);
        store_account_done(&a);
        ck_assert_int_eq(store_account_get(&ops.tx, id + 1, &a), ERR_NOTFOUND);
}
END_TEST

static const struct {
        const char *name, *account;
        enum err err;
} lookups[] = {
        {"by full name",                            "alice@example.org", ERR_OK      },
        { "in any case",                            "ALICE@EXAMPLE.ORG", ERR_OK      },
        { "by local part, where one domain has it", "Alice",             ERR_OK      },
        { "by local part, where two have it",       "bob",               ERR_LIMIT   },
        { "one of these two",                       "bob@example.net",   ERR_OK      },
        { "nobody",                                 "carol@example.org", ERR_NOTFOUND},
        { "nobody's local part",                    "carol",             ERR_NOTFOUND},
        { "not a name",                             "a\nb",              ERR_SYNTAX  },
        { "nothing",                                "",                  ERR_SYNTAX  },
};

START_TEST(accounts_are_found_by_name)
{
        struct store_account a = { 0 };

        ops_account("alice@example.org");
        ops_account("bob@example.org");
        ops_account("bob@example.net");
        ck_assert_msg(store_account_find(&ops.tx, slice_of(lookups[_i].account), &a) ==
                              lookups[_i].err,
                      "%s", lookups[_i].name);
        ck_assert_msg(!a.name == !!lookups[_i].err, "%s", lookups[_i].name);
        store_account_done(&a);
}
END_TEST

static enum err print_account(void *arg, const struct store_account *a)
{
        return buf_printf(arg, "%s\n", a->name);
}

START_TEST(accounts_are_listed_by_name)
{
        AUTO_BUF(all, 1024);
        AUTO_BUF(of_one, 1024);

        ops_account("carol@example.org");
        ops_account("alice@example.org");
        ops_account("bob@example.net");
        ck_assert_int_eq(store_account_list(&ops.tx, SLICE(""), print_account, &all), ERR_OK);
        ck_assert_str_eq(all.ptr, "alice@example.org\nbob@example.net\ncarol@example.org\n");
        ck_assert_int_eq(store_account_list(&ops.tx, SLICE("EXAMPLE.org"), print_account, &of_one),
                         ERR_OK);
        ck_assert_str_eq(of_one.ptr, "alice@example.org\ncarol@example.org\n");
        ck_assert_int_eq(store_account_list(&ops.tx, SLICE("example.com"), print_account, &all),
                         ERR_NOTFOUND);
}
END_TEST

/* ---- changing ---- */

START_TEST(new_verifiers_and_disabling_end_the_sessions)
{
        int64_t id = ops_account("alice@example.org");
        struct store_change change = { 0 };
        struct store_account a;

        ck_assert_int_eq(store_account_set_verifiers(&ops.tx, id, SLICE("new")), ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_ACCOUNT, &change), 1);
        ck_assert_int_eq(change.account, id);
        ops_commit();
        ck_assert_int_eq(store_account_set_disabled(&ops.tx, id, true), ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_ACCOUNT, NULL), 1);
        ck_assert_int_eq(store_account_get(&ops.tx, id, &a), ERR_OK);
        ck_assert_str_eq(a.verifiers, "new");
        ck_assert(a.disabled);
        store_account_done(&a);
        ck_assert_int_eq(store_account_set_disabled(&ops.tx, id + 1, true), ERR_NOTFOUND);
        ck_assert_int_eq(store_account_set_verifiers(&ops.tx, id + 1, SLICE("")), ERR_NOTFOUND);
}
END_TEST

static const struct {
        const char *name;
        int64_t quota_octets, quota_messages, used_octets, used_messages, octets;
        enum err err;
} quotas[] = {
        {"none",                   0,    0,  1000, 1000, 1000000,   ERR_OK   },
        { "just fits",             1000, 0,  900,  1,    100,       ERR_OK   },
        { "one octet too many",    1000, 0,  900,  1,    101,       ERR_QUOTA},
        { "full",                  1000, 0,  1000, 1,    0,         ERR_OK   },
        { "overshot",              1000, 0,  1001, 1,    0,         ERR_QUOTA},
        { "the last message",      0,    10, 0,    9,    1000000,   ERR_OK   },
        { "one message too many",  0,    10, 0,    10,   1,         ERR_QUOTA},
        { "larger than the quota", 1000, 0,  0,    0,    INT64_MAX, ERR_QUOTA},
};

START_TEST(quota_is_usage_and_one_message_more)
{
        int64_t id = ops_account("alice@example.org");
        struct db_stmt *q =
                db_prepare(ops.tx.db, "UPDATE account SET used_octets = $1, used_messages = $2");

        db_bind_int(q, 1, quotas[_i].used_octets);
        db_bind_int(q, 2, quotas[_i].used_messages);
        ck_assert_int_eq(db_run(q), ERR_OK);
        ck_assert_int_eq(store_account_set_quota(&ops.tx, id, quotas[_i].quota_octets,
                                                 quotas[_i].quota_messages),
                         ERR_OK);
        ck_assert_msg(store_account_check_quota(&ops.tx, id, quotas[_i].octets) == quotas[_i].err,
                      "%s", quotas[_i].name);
}
END_TEST

static const struct {
        const char *name;
        int64_t used_octets, used_messages, octets, messages;
        enum err err;
} rooms[] = {
        {"room for both",              900,  9,  100,  1, ERR_OK   },
        { "an octet too many",         900,  9,  101,  1, ERR_QUOTA},
        { "a message too many",        0,    9,  0,    2, ERR_QUOTA},
        { "in place of one as large",  1000, 10, 0,    0, ERR_OK   },
        { "in place of a smaller one", 1000, 10, 1,    0, ERR_QUOTA},
        { "in place of a larger one",  1000, 10, -500, 0, ERR_OK   },
        { "overshot, but not by this", 2000, 20, 0,    0, ERR_OK   },
        { "overshot, and less of it",  2000, 20, -1,   0, ERR_OK   },
        { "overshot, and more of it",  2000, 20, 1,    0, ERR_QUOTA},
};

/* A quota of 1000 octets and 10 messages. */
START_TEST(what_takes_no_more_room_passes_no_quota)
{
        int64_t id = ops_account("alice@example.org");
        struct db_stmt *q =
                db_prepare(ops.tx.db, "UPDATE account SET used_octets = $1, used_messages = $2");

        db_bind_int(q, 1, rooms[_i].used_octets);
        db_bind_int(q, 2, rooms[_i].used_messages);
        ck_assert_int_eq(db_run(q), ERR_OK);
        ck_assert_int_eq(store_account_set_quota(&ops.tx, id, 1000, 10), ERR_OK);
        ck_assert_msg(store_account_check_room(&ops.tx, id, rooms[_i].octets, rooms[_i].messages) ==
                              rooms[_i].err,
                      "%s", rooms[_i].name);
}
END_TEST

START_TEST(a_quota_is_not_negative_and_somebodys)
{
        int64_t id = ops_account("alice@example.org");

        ck_assert_int_eq(store_account_set_quota(&ops.tx, id, -1, 0), ERR_SYNTAX);
        ck_assert_int_eq(store_account_set_quota(&ops.tx, id, 0, -1), ERR_SYNTAX);
        ck_assert_int_eq(store_account_set_quota(&ops.tx, id + 1, 0, 0), ERR_NOTFOUND);
        ck_assert_int_eq(store_account_check_quota(&ops.tx, id + 1, 0), ERR_NOTFOUND);
}
END_TEST

/* ---- removing ---- */

START_TEST(an_account_goes_with_all_its_mail)
{
        int64_t alice = ops_account("alice@example.org");
        int64_t inbox = ops_mailbox(alice, "INBOX");
        uint32_t uid = ops_message(inbox, SLICE("Subject: 1\r\n\r\none\r\n"));
        size_t n = 0;

        ops_message(inbox, SLICE("Subject: 2\r\n\r\ntwo\r\n"));
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &uid, 1, &n), ERR_OK);
        ops_commit();
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_ACCOUNT, NULL), 1);
        ck_assert_int_eq(ops_int("SELECT (SELECT count(*) FROM account) +"
                                 " (SELECT count(*) FROM mailbox) +"
                                 " (SELECT count(*) FROM message)"),
                         0);
        ck_assert_int_eq(ops_int("SELECT count(trace) FROM expunged"), 0);
        ops_commit();
        ops_housekeeping();
        ck_assert_int_eq(
                ops_int("SELECT (SELECT count(*) FROM account) +"
                        " (SELECT count(*) FROM mailbox) + (SELECT count(*) FROM message)"
                        " + (SELECT count(*) FROM expunged) + (SELECT count(*) FROM expunge) +"
                        " (SELECT count(*) FROM content) + (SELECT count(*) FROM content_refs) +"
                        " (SELECT count(*) FROM content_header) + (SELECT count(*) FROM "
                        "content_trace) +"
                        " (SELECT count(*) FROM content_body)"),
                0);
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_NOTFOUND);
}
END_TEST

START_TEST(what_others_have_of_its_mail_stays)
{
        int64_t alice = ops_account("alice@example.org"), bob = ops_account("bob@example.org");
        int64_t content = ops_content(SLICE("Subject: both\r\n\r\nhello\r\n"));
        struct store_message_new message = { .trace = SLICE("") };
        uint32_t uid;

        ck_assert_int_eq(
                store_message_add(&ops.tx, ops_mailbox(alice, "INBOX"), content, &message, &uid),
                ERR_OK);
        ck_assert_int_eq(
                store_message_add(&ops.tx, ops_mailbox(alice, "Archive"), content, &message, &uid),
                ERR_OK);
        ck_assert_int_eq(
                store_message_add(&ops.tx, ops_mailbox(bob, "INBOX"), content, &message, &uid),
                ERR_OK);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 3);
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        ops_housekeeping();
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM expunged"), 0);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM message"), 1);
}
END_TEST

START_TEST(aliases_lose_an_account_that_goes)
{
        int64_t alice = ops_account("alice@example.org");
        struct slice both[] = { SLICE("alice@example.org"), SLICE("bob@example.org") };
        struct slice sales = SLICE("sales@example.org");

        ops_account("bob@example.org");
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("all@example.org"), both, 2, NULL), ERR_OK);
        ck_assert_int_eq(store_alias_add(&ops.tx, sales, both, 1, NULL), ERR_OK);
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("shop@example.org"), &sales, 1, NULL),
                         ERR_OK);
        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM alias"), 1);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM alias WHERE target = 'bob@example.org'"), 1);
}
END_TEST

START_TEST(no_account_or_mailbox_gets_the_number_of_one_that_is_gone)
{
        int64_t alice = ops_account("alice@example.org"), again;
        int64_t trash = ops_mailbox(alice, "Trash");

        ck_assert_int_eq(store_account_remove(&ops.tx, alice), ERR_OK);
        again = ops_account("alice@example.org");
        ck_assert_int_gt(again, alice);
        ck_assert_int_gt(ops_mailbox(again, "INBOX"), trash);
}
END_TEST

static TCase *cases(const char *name)
{
        TCase *tc = tcase_create(name);

        tcase_add_checked_fixture(tc, ops_start, ops_stop);
        return tc;
}

int main(void)
{
        Suite *s = suite_create("store account");
        TCase *domains = cases("domains"), *accounts = cases("accounts"), *gone = cases("gone");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, domains);
        tcase_add_test(domains, a_domain_is_one_however_it_is_written);
        tcase_add_test(domains, a_domain_goes_only_when_nothing_stands_in_it);
        tcase_add_test(domains, domains_are_listed_with_what_stands_in_them);
        tcase_add_test(domains, a_listing_stops_when_told_and_says_why);
        suite_add_tcase(s, accounts);
        tcase_add_loop_test(accounts, an_account_has_a_name_of_its_own, 0, ops_rows(additions));
        tcase_add_test(accounts, a_new_account_is_what_was_asked_for);
        tcase_add_loop_test(accounts, accounts_are_found_by_name, 0, ops_rows(lookups));
        tcase_add_test(accounts, accounts_are_listed_by_name);
        tcase_add_test(accounts, new_verifiers_and_disabling_end_the_sessions);
        tcase_add_loop_test(accounts, quota_is_usage_and_one_message_more, 0, ops_rows(quotas));
        tcase_add_loop_test(accounts, what_takes_no_more_room_passes_no_quota, 0, ops_rows(rooms));
        tcase_add_test(accounts, a_quota_is_not_negative_and_somebodys);
        suite_add_tcase(s, gone);
        tcase_add_test(gone, an_account_goes_with_all_its_mail);
        tcase_add_test(gone, what_others_have_of_its_mail_stays);
        tcase_add_test(gone, aliases_lose_an_account_that_goes);
        tcase_add_test(gone, no_account_or_mailbox_gets_the_number_of_one_that_is_gone);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
