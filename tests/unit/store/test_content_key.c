/* test_content_key.c — what is compared, beside each content; and how an older store gets it. */
#include "helper_ops.h"

#include "mailserver/store/check.h"

#include <check.h>
#include <stdlib.h>

#define MAIL(id, rest) "Message-ID: <" id "@x>\r\n" rest "\r\nbody\r\n"

START_TEST(a_content_has_its_keys)
{
        ops_content(
                SLICE("Date: Fri, 2 Jan 1970 00:30:00 +0200\r\nSubject: Re: [x] L\xc3\xbcnch\r\n"
                      "From: =?utf-8?q?J=C3=BCrgen?= <juergen@x>, other@x\r\n"
                      "To: team: a@x;\r\nCc: Anne@x\r\n" MAIL("2", "References: <1@x>\r\n")));
        ck_assert_int_eq(
                ops_int("SELECT count(*) FROM content_key WHERE sent_us = 81000000000"
                        " AND sent_day = 1 AND reply = 1"
                        " AND base_subject = 'LU' || char(776) || 'NCH'"
                        " AND sort_from = 'JUERGEN' AND display_from = 'JU' || char(776) || 'RGEN'"
                        " AND sort_to = 'TEAM' AND display_to = 'TEAM' AND sort_cc = 'ANNE'"
                        " AND message_id = '<2@x>' AND reference_ids = '<1@x>'"),
                1);
}
END_TEST

static const struct {
        const char *name, *a, *b;
        bool same;
} threads[] = {
        {"a reply and what it replies to", MAIL("1", ""),    MAIL("2",                      "References: <1@x>\r\n"),
         true },
        { "two replies",                             MAIL("3",                                    "References: <1@x>\r\n"),
         MAIL("2",                      "References: <1@x> <9@x>\r\n"), true },
        { "a reply that says so by In-Reply-To",                         MAIL("1",   ""),     MAIL("2",            "In-Reply-To: <1@x>\r\n"),
         true },
        { "strangers",MAIL("1",   ""),MAIL("2",""), false },
        { "strangers of one subject",                               MAIL("1",                            "Subject: a\r\n"),                           MAIL("2",                                                   "Subject: a\r\n"),
         false },
        { "messages that have no id",                             "Subject: a\r\n\r\n",                                "Subject: b\r\n\r\n",                                     false                                                  },
};

START_TEST(a_thread_has_one_number)
{
        ops_content(slice_of(threads[_i].a));
        ops_content(slice_of(threads[_i].b));
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_key WHERE thread_id > 0"), 2);
        ck_assert_msg((ops_int("SELECT count(DISTINCT thread_id) FROM content_key") == 1) ==
                              threads[_i].same,
                      "%s", threads[_i].name);
}
END_TEST

#define KEYS_TOLD_APART                                                                            \
        "SELECT sum(length(base_subject || sort_from || message_id || reference_ids) * content"    \
        " + thread_id % 1000003 + sent_day + reply) FROM content_key"

START_TEST(a_store_of_version_4_gets_the_keys_of_its_mail)
{
        int64_t before;

        ops_content(
                SLICE("Date: 2 Jan 1971 00:30:00 +0200\r\nFrom: a@x\r\nSubject: Re: one\r\n" MAIL(
                        "1", "References: <0@x>\r\n")));
        ops_content(SLICE("Date: 3 Jan 1971 00:30:00 +0200\r\nFrom: bob@x\r\nSubject: two\r\n" MAIL(
                "2", "")));
        ops_content(SLICE("\r\n"));
        before = ops_int(KEYS_TOLD_APART);
        ops_make_older(4);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_key"), 3);
        ck_assert_int_eq(ops_int(KEYS_TOLD_APART), before);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content WHERE length(hash) = 32"), 3);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_key WHERE sent_us IS NULL"), 1);
}
END_TEST

static void ignore(void *arg, enum store_check_severity severity, const char *text)
{
        (void)arg;
        (void)severity;
        (void)text;
}

START_TEST(lost_keys_are_made_anew)
{
        static const struct store_check_options repair = { .repair = true };
        struct store_check_result result;

        ops_message(ops_mailbox(ops_account("alice@example.org"), "INBOX"),
                    SLICE("Subject: one\r\n\r\n"));
        ops_sql("DELETE FROM content_key");
        ck_assert_int_eq(store_check(&ops.tx, &repair, ignore, NULL, &result), ERR_OK);
        ck_assert_int_eq(result.repaired, 1);
        ck_assert_int_eq(ops_int("SELECT base_subject = 'ONE' FROM content_key"), 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store content key");
        TCase *tc = tcase_create("keys");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tc, ops_start, ops_stop);
        tcase_add_test(tc, a_content_has_its_keys);
        tcase_add_loop_test(tc, a_thread_has_one_number, 0, ops_rows(threads));
        tcase_add_test(tc, a_store_of_version_4_gets_the_keys_of_its_mail);
        tcase_add_test(tc, lost_keys_are_made_anew);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
