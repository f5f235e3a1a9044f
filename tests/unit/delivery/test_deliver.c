/* test_deliver.c — from the envelope to mailboxes, over a real store. */
#include "helper_sink.h"
#include "message.h"

#include "mailserver/core/log.h"
#include "mailserver/core/task.h"
#include "mailserver/store/message.h"
#include "mailserver/store/store.h"

#include <check.h>
#include <stdlib.h>

#define RECEIVED "Received: from c ([192.0.2.1])\r\n\tby mail.example.org with ESMTP id x; now\r\n"
#define FIELDS   "Date: today\r\nMessage-ID: <x@y>\r\n"
#define MESSAGE  "From: s@example.net\r\n" FIELDS "\r\nhello\r\n"

static struct test_sink t;

static void setup(void)
{
        test_sink_start(&t);
}

static void teardown(void)
{
        test_sink_stop(&t);
}

/* ---- recipients and senders ---- */

static const struct {
        const char *address, *enhanced;
        int code;
} recipients[] = {
        {"bob@example.org",                "2.1.5", 250},
        { "BOB@Example.Org",               "2.1.5", 250},
        { "bob+lists@example.org",         "2.1.5", 250},
        { "team@example.org",              "2.1.5", 250},
        { "postmaster",                    "2.1.5", 250},
        { "postmaster@example.org",        "2.1.5", 250},
        { "abuse@example.org",             "2.1.5", 250},
        { "nobody@example.org",            "5.1.1", 550},
        { "bob%elsewhere.net@example.org", "5.1.1", 550},
        { "bob@elsewhere.net@example.org", "5.1.1", 550},
        { "elsewhere.net!bob@example.org", "5.1.1", 550},
        { "bob@elsewhere.net",             "5.7.1", 550},
        { "bob@sub.example.org",           "5.7.1", 550},
        { "bob@[127.0.0.1]",               "5.7.1", 550},
};

START_TEST(recipients_are_ours_or_refused)
{
        ck_assert_str_eq(test_sink_rcpt(&t, 0, recipients[_i].address, 0), recipients[_i].enhanced);
        ck_assert_int_eq(t.reply.code, recipients[_i].code);
}
END_TEST

START_TEST(who_is_logged_in_hears_that_other_servers_must_wait)
{
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "bob@elsewhere.net", 0), "5.7.1");
        ck_assert(strstr(t.reply_text, "yet"));
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "bob@elsewhere.net", 0), "5.7.1");
        ck_assert(!strstr(t.reply_text, "yet"));
}
END_TEST

START_TEST(a_full_mailbox_puts_the_sender_off)
{
        test_sink_quota(&t, t.bob, 1000);
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "bob@example.org", 900), "2.1.5");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "bob@example.org", 1001), "4.2.2");
        ck_assert_int_eq(t.reply.code, 452);
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "sales@example.org", 1001), "4.2.2");
}
END_TEST

START_TEST(an_alias_is_full_when_all_behind_it_are)
{
        test_sink_quota(&t, t.bob, 1000);
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "team@example.org", 2000), "2.1.5");
        test_sink_quota(&t, t.alice, 1000);
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "team@example.org", 2000), "4.2.2");
}
END_TEST

static const struct {
        const char *address, *enhanced;
} senders[] = {
        {"alice@example.org",    "2.1.0"},
        { "ALICE@example.org",   "2.1.0"},
        { "alice+x@example.org", "2.1.0"},
        { "team@example.org",    "2.1.0"},
        { "bob@example.org",     "5.7.1"},
        { "sales@example.org",   "5.7.1"},
        { "nobody@example.org",  "5.7.1"},
        { "alice@example.net",   "5.7.1"},
        { "alice@[127.0.0.1]",   "5.7.1"},
        { "a@b@c",               "5.7.1"},
};

START_TEST(senders_are_the_accounts_addresses)
{
        ck_assert_str_eq(test_sink_sender(&t, t.alice, senders[_i].address), senders[_i].enhanced);
        ck_assert_int_eq(t.reply.code, senders[_i].enhanced[0] == '2' ? 250 : 553);
}
END_TEST

/* ---- messages from elsewhere ---- */

START_TEST(a_message_arrives_octet_for_octet_behind_its_trace)
{
        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net", "bob@example.org", MESSAGE),
                         "2.0.0");
        ck_assert_str_eq(t.reply_text, "Stored as the-id");
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 1);
        ck_assert_str_eq(test_sink_message(&t, t.bob, 0),
                         "Return-Path: <s@example.net>\r\n"
                         "Delivered-To: bob@example.org\r\n" RECEIVED MESSAGE);
}
END_TEST

START_TEST(a_message_of_nothing_and_one_without_a_header_arrive_too)
{
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", ""), "2.0.0");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", "hello"), "2.0.0");
        ck_assert_str_eq(test_sink_message(&t, t.bob, 0),
                         "Return-Path: <>\r\nDelivered-To: bob@example.org\r\n" RECEIVED);
        ck_assert_str_eq(test_sink_message(&t, t.bob, 1),
                         "Return-Path: <>\r\nDelivered-To: bob@example.org\r\n" RECEIVED "hello");
}
END_TEST

START_TEST(everyone_gets_it_once_whatever_led_there)
{
        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net",
                                           "sales@example.org bob+x@example.org team@example.org "
                                           "bob@example.org carol@example.org",
                                           MESSAGE),
                         "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.alice), 1);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 1);
        ck_assert_uint_eq(test_sink_count(&t, t.carol), 1);
        ck_assert(strstr(test_sink_message(&t, t.alice, 0), "Delivered-To: alice@example.org\r\n"));
        ck_assert(strstr(test_sink_message(&t, t.bob, 0), "Delivered-To: bob@example.org\r\n"));
}
END_TEST

START_TEST(what_was_accepted_is_stored_even_over_quota)
{
        test_sink_quota(&t, t.bob, 1);
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", MESSAGE), "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 1);
}
END_TEST

START_TEST(mail_from_elsewhere_keeps_its_header)
{
        static const char header[] = "Bcc: x\r\nReturn-Path: <y@z>\r\nno field\r\n\r\n";

        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", header), "2.0.0");
        ck_assert(strstr(test_sink_message(&t, t.bob, 0), header));
}
END_TEST

START_TEST(a_recipient_who_has_gone_since_is_told)
{
        test_sink_remove_account(&t, t.carol);
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "carol@example.org", MESSAGE), "5.1.1");
        ck_assert_int_eq(t.reply.code, 550);
}
END_TEST

START_TEST(one_of_several_who_has_gone_makes_the_sender_try_again)
{
        test_sink_remove_account(&t, t.carol);
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org carol@example.org", MESSAGE),
                         "4.2.1");
        ck_assert_int_eq(t.reply.code, 451);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 0);
}
END_TEST

/* ---- loops ---- */

START_TEST(a_message_that_was_in_the_mailbox_before_is_a_loop)
{
        static const char message[] = "Delivered-To: Bob@Example.ORG\r\n" MESSAGE;

        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", message), "5.4.6");
        ck_assert_int_eq(t.reply.code, 554);
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob+x@example.org", message), "5.4.6");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "team@example.org", message), "5.4.6");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "carol@example.org", message), "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.alice) + test_sink_count(&t, t.bob), 0);
}
END_TEST

START_TEST(our_own_trace_is_known_again)
{
        AUTO_BUF(again, BUF_MAX);

        test_sink_deliver(&t, 0, "", "team@example.org", MESSAGE);
        buf_addf(&again, "%s", test_sink_message(&t, t.bob, 0));
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "sales@example.org", again.ptr), "5.4.6");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "alice@example.org", again.ptr), "2.0.0");
}
END_TEST

START_TEST(a_message_that_passed_too_many_servers_is_a_loop)
{
        AUTO_BUF(message, BUF_MAX);

        for (int i = 0; i < 100; i++)
                buf_addf(&message, "Received: from %d\r\n", i);
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", message.ptr), "2.0.0");
        buf_addf(&message, "Received: one more\r\n");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", "bob@example.org", message.ptr), "5.4.6");
        ck_assert_int_eq(t.reply.code, 554);
}
END_TEST

/* ---- submissions ---- */

START_TEST(a_submission_is_mended_behind_our_received)
{
        ck_assert_str_eq(
                test_sink_deliver(&t, t.alice, "alice@example.org", "bob@example.org",
                                  "From: alice@example.org\r\nBcc: carol\r\n\r\nhello\r\n"),
                "2.0.0");
        const char *text = test_sink_message(&t, t.bob, 0);

        ck_assert(slice_starts(slice_of(text),
                               SLICE("Return-Path: <alice@example.org>\r\n"
                                     "Delivered-To: bob@example.org\r\n" RECEIVED "Date: ")));
        ck_assert(strstr(text, "\r\nMessage-ID: <the-id@mail.example.org>\r\n"
                               "From: alice@example.org\r\n\r\nhello\r\n"));
        ck_assert(!strstr(text, "carol"));
}
END_TEST

static const struct {
        const char *name, *fields, *enhanced;
} submissions[] = {
        {"the account's address",    "From: A <alice+x@Example.ORG>\r\n" FIELDS,                      "2.0.0"},
        { "an alias of the account", "From: team@example.org\r\n" FIELDS,                             "2.0.0"},
        { "another's address",       "From: bob@example.org\r\n" FIELDS,                              "5.7.1"},
        { "another's among them",    "From: alice@example.org, bob@example.org\r\n" FIELDS,           "5.7.1"},
        { "another's as Sender",     "From: alice@example.org\r\nSender: bob@example.org\r\n" FIELDS,
         "5.7.1"                                                                                             },
        { "elsewhere's",             "From: alice@example.net\r\n" FIELDS,                            "5.7.1"},
        { "no domain",               "From: alice\r\n" FIELDS,                                        "5.7.1"},
        { "nobody",                  FIELDS,                                                          "5.6.0"},
};

START_TEST(no_one_writes_in_anothers_name)
{
        AUTO_BUF(message, BUF_MAX);

        buf_addf(&message, "%s\r\nhello\r\n", submissions[_i].fields);
        test_sink_deliver(&t, t.alice, "alice@example.org", "bob@example.org", message.ptr);
        ck_assert_msg(!strcmp(t.reply.enhanced, submissions[_i].enhanced), "%s: %s",
                      submissions[_i].name, t.reply.enhanced);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), submissions[_i].enhanced[0] == '2');
}
END_TEST

/* ---- clients that go ---- */

START_TEST(a_client_that_goes_before_the_writer_has_it_is_forgotten)
{
        struct smtp_delivery *d = test_sink_delivery(&t, 0, "", "bob@example.org", MESSAGE);

        delivery_sink_ops.deliver(t.sink, d);
        ck_assert_uint_eq(store_run_waiting(t.store, STORE_WORK), 1);
        d->owner = NULL;
        test_sink_settle(&t);
        ck_assert_int_eq(t.answers, 0);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 0);
}
END_TEST

START_TEST(once_the_writer_has_it_it_is_stored)
{
        struct smtp_delivery *d = test_sink_delivery(&t, 0, "", "bob@example.org", MESSAGE);

        delivery_sink_ops.deliver(t.sink, d);
        store_run_waiting(t.store, STORE_WORK);
        task_hub_collect(t.hub);
        d->owner = NULL;
        test_sink_settle(&t);
        ck_assert_int_eq(t.answers, 0);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 1);
}
END_TEST

/* ---- the writer that prepares, too ---- */

struct writing {
        struct delivery_message m;
        enum err result;
        bool undo; /* what it did is rolled back */
};

static enum err write_it(struct store_txn *tx, void *arg)
{
        struct writing *w = arg;

        w->result = delivery_write_work(&w->m.task, tx);
        return w->undo ? ERR_IO : w->result;
}

static const struct {
        const char *message;
        enum err result;
        const char *enhanced;
        size_t stored;
} written[] = {
        {"From: alice@example.org\r\n\r\nhello\r\n", ERR_OK,     NULL,    1},
        { "X: y\r\n" FIELDS "\r\nno From\r\n",       ERR_DENIED, "5.6.0", 0},
};

START_TEST(a_message_the_writer_prepares_is_prepared_once_however_often_written)
{
        struct writing w = {
                .m = {.sink = t.sink, .rules = delivery_rules_ref(t.sink->rules)}
        };

        w.m.d = test_sink_delivery(&t, t.alice, "alice@example.org", "bob@example.org",
                                   written[_i].message);
        w.undo = true;
        ck_assert(test_sink_run(&t, write_it, &w));
        ck_assert_int_eq(w.result, written[_i].result);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 0);
        w.undo = false;
        ck_assert_int_eq(test_sink_run(&t, write_it, &w), written[_i].result);
        if (written[_i].enhanced)
                ck_assert_str_eq(w.m.refusal.enhanced, written[_i].enhanced);
        ck_assert_uint_eq(w.m.stored, written[_i].stored);
        ck_assert_uint_eq(test_sink_count(&t, t.bob), written[_i].stored);
        delivery_message_done(&w.m);
}
END_TEST

/* ---- reloads ---- */

START_TEST(a_task_keeps_the_options_it_began_with)
{
        char minus[] = "-";
        struct delivery_config config = t.config;

        config.subaddress_separators = minus;
        delivery_sink_ops.deliver(t.sink,
                                  test_sink_delivery(&t, 0, "", "bob+x@example.org", MESSAGE));
        delivery_set_config(t.sink, &config);
        test_sink_settle(&t);
        ck_assert_str_eq(t.reply.enhanced, "2.0.0");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "bob+x@example.org", 0), "5.1.1");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "bob-x@example.org", 0), "2.1.5");
}
END_TEST

static void no_log(enum log_level level, const char *line)
{
        (void)level;
        ck_assert(line[0]);
}

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        const TTest *const tests[] = {
                who_is_logged_in_hears_that_other_servers_must_wait,
                a_full_mailbox_puts_the_sender_off,
                an_alias_is_full_when_all_behind_it_are,
                a_message_arrives_octet_for_octet_behind_its_trace,
                a_message_of_nothing_and_one_without_a_header_arrive_too,
                everyone_gets_it_once_whatever_led_there,
                what_was_accepted_is_stored_even_over_quota,
                mail_from_elsewhere_keeps_its_header,
                a_recipient_who_has_gone_since_is_told,
                one_of_several_who_has_gone_makes_the_sender_try_again,
                a_message_that_was_in_the_mailbox_before_is_a_loop,
                our_own_trace_is_known_again,
                a_message_that_passed_too_many_servers_is_a_loop,
                a_submission_is_mended_behind_our_received,
                a_client_that_goes_before_the_writer_has_it_is_forgotten,
                once_the_writer_has_it_it_is_stored,
                a_task_keeps_the_options_it_began_with,
        };
        Suite *s = suite_create("delivery");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        log_set_sink(no_log);
        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        ADD_TABLE(tc, recipients_are_ours_or_refused, recipients);
        ADD_TABLE(tc, senders_are_the_accounts_addresses, senders);
        ADD_TABLE(tc, no_one_writes_in_anothers_name, submissions);
        ADD_TABLE(tc, a_message_the_writer_prepares_is_prepared_once_however_often_written,
                  written);
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
                tcase_add_test(tc, tests[i]);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
