/* test_client.c — messages to other servers: what is said, in which order, and what comes of it. */
#include "client_impl.h"
#include "helper_peer.h"

#include "mailserver/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define HELLO                                                                                      \
        "S: 220 mx.example ESMTP\n"                                                                \
        "C: EHLO me.example\n"
#define PLAIN_HELLO                                                                                \
        HELLO "S: 250 mx.example\n"                                                                \
              "READY\n"
#define PIPELINING                                                                                 \
        HELLO "S: 250-mx.example\n"                                                                \
              "S: 250-PIPELINING\n"                                                                \
              "S: 250 8BITMIME\n"                                                                  \
              "READY\n"

static const char *const one[] = { "bob@example.org", NULL };
static const char *const three[] = { "a@example.org", "b@example.org", "c@example.org", NULL };

static void begin(struct trial *t, const char *const *recipients, const char *content)
{
        trial_open(t);
        trial_message(t, "alice@example.net", recipients, content);
        trial_connect(t);
}

START_TEST(a_message_goes_step_by_step_to_a_server_that_offers_nothing)
{
        struct trial t;

        begin(&t, one, "Subject: x\r\n\r\nhello\r\n");
        trial_run(&t, PLAIN_HELLO "SEND\n"
                                  "C: MAIL FROM:<alice@example.net>\n"
                                  "QUIET\n"
                                  "S: 250 ok\n"
                                  "C: RCPT TO:<bob@example.org>\n"
                                  "QUIET\n"
                                  "S: 250 ok\n"
                                  "C: DATA\n"
                                  "S: 354 go\n"
                                  "C: Subject: x\n"
                                  "C: \n"
                                  "C: hello\n"
                                  "C: .\n"
                                  "S: 250 2.6.0 taken as 123\n"
                                  "SENT\n");
        trial_expect_reply(&t, 0, 250, "2.6.0", "2.6.0 taken as 123");
        ck_assert(!t.recipients[0].reply.ours);
        ck_assert(smtp_client_reply_good(&t.recipients[0].reply));
        smtp_client_close(t.client);
        t.client = NULL;
        trial_run(&t, "C: QUIT\n"
                      "EOF\n");
        trial_close(&t);
}
END_TEST

START_TEST(the_envelope_leaves_at_once_where_pipelining_is_offered)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "C: MAIL FROM:<alice@example.net>\n"
                                 "C: RCPT TO:<a@example.org>\n"
                                 "C: RCPT TO:<b@example.org>\n"
                                 "C: RCPT TO:<c@example.org>\n"
                                 "C: DATA\n"
                                 "QUIET\n"
                                 "S: 250 ok\n"
                                 "S: 250 ok\n"
                                 "S: 550 5.1.1 who is b?\n"
                                 "S: 452 too many\n"
                                 "QUIET\n"
                                 "S: 354 go\n"
                                 "C: x\n"
                                 "C: .\n"
                                 "S: 250 done\n"
                                 "SENT\n");
        trial_expect_reply(&t, 0, 250, "2.0.0", "done");
        trial_expect_reply(&t, 1, 550, "5.1.1", "5.1.1 who is b?");
        trial_expect_reply(&t, 2, 452, "4.0.0", "too many");
        ck_assert(smtp_client_reply_permanent(&t.recipients[1].reply));
        ck_assert(!smtp_client_reply_permanent(&t.recipients[2].reply));
        trial_close(&t);
}
END_TEST

START_TEST(all_replies_in_one_piece_are_as_good_as_one_at_a_time)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "C: MAIL FROM:<alice@example.net>\n"
                                 "S! 250 ok\\r\\n250 ok\\r\\n250 ok\\n250 ok\\r\\n354 go\\r\\n\n"
                                 "C: RCPT TO:<a@example.org>\n"
                                 "C: RCPT TO:<b@example.org>\n"
                                 "C: RCPT TO:<c@example.org>\n"
                                 "C: DATA\n"
                                 "C: x\n"
                                 "C: .\n"
                                 "S: 250 done\n"
                                 "SENT\n");
        trial_expect_reply(&t, 2, 250, "2.0.0", "done");
        trial_close(&t);
}
END_TEST

START_TEST(replies_that_come_octet_by_octet_are_the_same)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        t.trickle = true;
        trial_run(&t, PIPELINING "SEND\n"
                                 "S: 250 ok\n"
                                 "S: 250-more\n"
                                 "S: 250 ok\n"
                                 "S: 550-5.1.1 who\n"
                                 "S: 550 5.1.1 is b?\n"
                                 "S: 250\n"
                                 "S: 354 go\n"
                                 "C: MAIL FROM:<alice@example.net>\n"
                                 "C: RCPT TO:<a@example.org>\n"
                                 "C: RCPT TO:<b@example.org>\n"
                                 "C: RCPT TO:<c@example.org>\n"
                                 "C: DATA\n"
                                 "C: x\n"
                                 "C: .\n"
                                 "S: 250 2.0.0 done\n"
                                 "SENT\n");
        trial_expect_reply(&t, 0, 250, "2.0.0", "2.0.0 done");
        trial_expect_reply(&t, 1, 550, "5.1.1", "5.1.1 who is b?");
        trial_close(&t);
}
END_TEST

/* Their commands are more than the output holds. */
START_TEST(thousands_of_recipients_are_pipelined_within_bounds)
{
        enum { MANY = 5000 };
        struct trial t;
        struct smtp_client_recipient *many = mem_alloc_array(MANY, sizeof *many);
        char(*names)[64] = mem_alloc_array(MANY, sizeof *names);

        begin(&t, one, "x\r\n");
        for (size_t i = 0; i < MANY; i++) {
                snprintf(names[i], sizeof names[i], "somebody-with-a-long-name-%zu@example.org", i);
                many[i].address = names[i];
        }
        t.message.recipients = many;
        t.message.n = MANY;
        trial_run(&t, PIPELINING "SEND\n");
        ck_assert_uint_lt(t.client->transfer.next_rcpt, MANY / 2);
        trial_run(&t, "C: MAIL FROM:<alice@example.net>\n");
        trial_run(&t, "S: 250 ok\n");
        for (size_t i = 0; i < MANY; i++)
                trial_run(&t, i % 2 ? "C~ RCPT TO:<somebody\nS: 250 ok\n"
                                    : "C~ RCPT TO:<somebody\nS: 550 5.1.1 no\n");
        trial_run(&t, "C: DATA\nS: 354 go\nC: x\nC: .\nS: 250 done\nSENT\n");
        for (size_t i = 0; i < MANY; i++)
                ck_assert_int_eq(many[i].reply.code, i % 2 ? 250 : 550);
        trial_close(&t);
        mem_free(many);
        mem_free(names);
}
END_TEST

START_TEST(nobody_left_ends_without_data)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PLAIN_HELLO "SEND\n"
                                  "C: MAIL FROM:<alice@example.net>\n"
                                  "S: 250 ok\n"
                                  "C: RCPT TO:<a@example.org>\n"
                                  "S: 550 no a\n"
                                  "C: RCPT TO:<b@example.org>\n"
                                  "S: 450 no b\n"
                                  "C: RCPT TO:<c@example.org>\n"
                                  "S: 550 no c\n"
                                  "SENT\n"
                                  "QUIET\n");
        trial_expect_reply(&t, 1, 450, "4.0.0", "no b");
        ck_assert_uint_eq(t.reads, 0);
        /* The transaction is open still. */
        trial_message(&t, "alice@example.net", one, "y\r\n");
        trial_run(&t, "SEND\n"
                      "C: RSET\n"
                      "QUIET\n"
                      "S: 250 ok\n"
                      "C: MAIL FROM:<alice@example.net>\n"
                      "S: 451 4.7.1 greylisted\n"
                      "SENT\n");
        trial_expect_reply(&t, 0, 451, "4.7.1", "4.7.1 greylisted");
        trial_close(&t);
}
END_TEST

START_TEST(nobody_left_and_354_is_answered_by_a_lone_dot)
{
        struct trial t;

        begin(&t, one, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "C: MAIL FROM:<alice@example.net>\n"
                                 "C: RCPT TO:<bob@example.org>\n"
                                 "C: DATA\n"
                                 "S: 250 ok\n"
                                 "S: 550 5.1.1 no\n"
                                 "S: 354 go\n"
                                 "C: .\n"
                                 "S: 554 no valid recipients\n"
                                 "SENT\n");
        trial_expect_reply(&t, 0, 550, "5.1.1", "5.1.1 no");
        ck_assert_uint_eq(t.reads, 0);
        trial_close(&t);
}
END_TEST

START_TEST(a_refused_mail_is_everybodys_reply)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "C: MAIL FROM:<alice@example.net>\n"
                                 "C: RCPT TO:<a@example.org>\n"
                                 "C: RCPT TO:<b@example.org>\n"
                                 "C: RCPT TO:<c@example.org>\n"
                                 "C: DATA\n"
                                 "S: 550 5.7.1 not you\n"
                                 "S: 503 first MAIL\n"
                                 "S: 503 first MAIL\n"
                                 "S: 503 first MAIL\n"
                                 "S: 503 first RCPT\n"
                                 "SENT\n");
        for (size_t i = 0; i < 3; i++)
                trial_expect_reply(&t, i, 550, "5.7.1", "5.7.1 not you");
        trial_message(&t, "alice@example.net", one, "y\r\n");
        trial_run(&t, "SEND\n"
                      "C: MAIL FROM:<alice@example.net>\n");
        trial_close(&t);
}
END_TEST

START_TEST(data_may_be_refused)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "S: 250 ok\n"
                                 "S: 250 ok\n"
                                 "S: 550 5.1.1 no\n"
                                 "S: 250 ok\n"
                                 "S: 451 4.3.2 not now\n"
                                 "SENT\n");
        trial_expect_reply(&t, 0, 451, "4.3.2", "4.3.2 not now");
        trial_expect_reply(&t, 1, 550, "5.1.1", "5.1.1 no");
        trial_close(&t);
}
END_TEST

START_TEST(messages_follow_each_other_on_one_connection)
{
        struct trial t;

        begin(&t, one, "x\r\n");
        trial_run(&t, PLAIN_HELLO);
        for (int i = 0; i < 3; i++) {
                trial_message(&t, "alice@example.net", one, "x\r\n");
                trial_run(&t, "SEND\n"
                              "C: MAIL FROM:<alice@example.net>\n"
                              "S: 250 ok\n"
                              "C: RCPT TO:<bob@example.org>\n"
                              "S: 250 ok\n"
                              "C: DATA\n"
                              "S: 354 go\n"
                              "C: x\n"
                              "C: .\n"
                              "S: 250 done\n"
                              "SENT\n");
        }
        trial_close(&t);
}
END_TEST

static void check_parameters(const char *offer, const char *mail, const char *rcpt)
{
        struct trial t;
        AUTO_BUF(script, 4096);

        begin(&t, one, "x\r\n");
        t.message.eight_bit = true;
        t.message.envid = "id+2B1";
        t.message.ret = "HDRS";
        t.recipients[0].notify = "SUCCESS,FAILURE";
        t.recipients[0].orcpt = "rfc822;bob@example.org";
        buf_addf(&script, HELLO "S: 250-mx\nS: 250-8BITMIME\nS: 250 %s\nREADY\nSEND\nC: %s\n",
                 offer, mail);
        buf_addf(&script, "S: 250 ok\nC: %s\nS: 250 ok\n", rcpt);
        trial_run(&t, script.ptr);
        trial_close(&t);
}

START_TEST(parameters_are_used_where_they_are_offered)
{
        check_parameters("HELP", "MAIL FROM:<alice@example.net> BODY=8BITMIME",
                         "RCPT TO:<bob@example.org>");
        check_parameters("size 1000000", "MAIL FROM:<alice@example.net> SIZE=3 BODY=8BITMIME",
                         "RCPT TO:<bob@example.org>");
        check_parameters("SIZE", "MAIL FROM:<alice@example.net> SIZE=3 BODY=8BITMIME",
                         "RCPT TO:<bob@example.org>");
        check_parameters("DSN", "MAIL FROM:<alice@example.net> BODY=8BITMIME RET=HDRS ENVID=id+2B1",
                         "RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE "
                         "ORCPT=rfc822;bob@example.org");
        check_parameters("SMTPUTF8", "MAIL FROM:<alice@example.net> BODY=8BITMIME",
                         "RCPT TO:<bob@example.org>");
}
END_TEST

/* What is asked for a recipient whose address was in Unicode: RFC 6533 3. */
static void check_orcpt(const char *offer, bool smtputf8, const char *mail, const char *rcpt)
{
        struct trial t;
        AUTO_BUF(script, 4096);

        begin(&t, one, "x\r\n");
        t.message.smtputf8 = smtputf8;
        t.recipients[0].orcpt = "utf-8;b\xc3\xb6+b@example.org";
        buf_addf(&script, HELLO "S: 250-mx\nS: 250-DSN\nS: 250 %s\nREADY\nSEND\nC: %s\n", offer,
                 mail);
        buf_addf(&script, "S: 250 ok\nC: %s\nS: 250 ok\n", rcpt);
        trial_run(&t, script.ptr);
        trial_close(&t);
}

START_TEST(an_original_recipient_in_unicode_is_passed_on_as_the_message_may_have_it)
{
        check_orcpt("SMTPUTF8", true, "MAIL FROM:<alice@example.net> SMTPUTF8",
                    "RCPT TO:<bob@example.org> ORCPT=utf-8;b\xc3\xb6+b@example.org");
        check_orcpt("SMTPUTF8", false, "MAIL FROM:<alice@example.net>",
                    "RCPT TO:<bob@example.org> ORCPT=utf-8;b\\x{F6}\\x{2B}b@example.org");
        check_orcpt("HELP", false, "MAIL FROM:<alice@example.net>",
                    "RCPT TO:<bob@example.org> ORCPT=utf-8;b\\x{F6}\\x{2B}b@example.org");
}
END_TEST

START_TEST(parameters_cannot_smuggle_words_in)
{
        struct trial t;

        begin(&t, one, "x\r\n");
        t.message.envid = "a SIZE=1";
        t.message.ret = "FULL\r\nRSET";
        t.recipients[0].orcpt = "rfc822;b\xc3\xb6";
        trial_run(&t, HELLO "S: 250-mx\n"
                            "S: 250 DSN\n"
                            "READY\n"
                            "SEND\n"
                            "C: MAIL FROM:<alice@example.net>\n"
                            "S: 250 ok\n"
                            "C: RCPT TO:<bob@example.org>\n");
        trial_close(&t);
}
END_TEST

START_TEST(addresses_are_quoted_and_null_senders_stay_null)
{
        static const char *const odd[] = { "b ob@example.org", "x\r\nRSET@example.org",
                                           "y@exam ple.org",   "",
                                           "z@a>b.example",    NULL };
        struct trial t;

        begin(&t, odd, "x\r\n");
        t.message.sender = "";
        trial_run(&t, PLAIN_HELLO "SEND\n"
                                  "C: MAIL FROM:<>\n"
                                  "S: 250 ok\n"
                                  "C: RCPT TO:<\"b ob\"@example.org>\n"
                                  "S: 550 no\n"
                                  "SENT\n"
                                  "QUIET\n");
        for (size_t i = 1; i < 5; i++)
                trial_expect_reply(&t, i, 553, "5.1.3", "the address cannot be sent by SMTP");
        ck_assert(t.recipients[1].reply.ours);
        trial_close(&t);
}
END_TEST

static const struct {
        const char *name, *offer;
        int64_t size;
        bool eight_bit, smtputf8;
        int code;
        const char *status;
} beforehand[] = {
        {"a message larger than SIZE",  "SIZE 1000", 1001, false, false, 552, "5.3.4"},
        { "8-bit without 8BITMIME",     "SIZE 0",    5000, true,  false, 554, "5.6.3"},
        { "SMTPUTF8 without the offer", "8BITMIME",  5,    true,  true,  550, "5.6.7"},
};

START_TEST(what_cannot_be_sent_is_refused_without_a_command)
{
        struct trial t;
        AUTO_BUF(script, 1024);

        begin(&t, one, "x\r\n");
        t.message.size = beforehand[_i].size;
        t.message.eight_bit = beforehand[_i].eight_bit;
        t.message.smtputf8 = beforehand[_i].smtputf8;
        buf_addf(&script, HELLO "S: 250-mx\nS: 250 %s\nREADY\nSEND\nSENT\nQUIET\n",
                 beforehand[_i].offer);
        trial_run(&t, script.ptr);
        ck_assert_int_eq(t.recipients[0].reply.code, beforehand[_i].code);
        ck_assert_str_eq(t.recipients[0].reply.status, beforehand[_i].status);
        ck_assert(t.recipients[0].reply.ours);
        ck_assert_uint_eq(t.failed, 0);
        /* And the connection can be used. */
        trial_message(&t, "alice@example.net", one, "y\r\n");
        t.message.eight_bit = t.message.smtputf8 = false;
        trial_run(&t, "SEND\n"
                      "C~ MAIL FROM:<alice@example.net>\n");
        trial_close(&t);
}
END_TEST

START_TEST(international_addresses_need_smtputf8_and_the_others_go)
{
        static const char *const mixed[] = { "j\xc3\xb6rg@example.org", "bob@example.org", NULL };
        struct trial t;

        begin(&t, mixed, "x\r\n");
        trial_run(&t, PLAIN_HELLO "SEND\n"
                                  "C: MAIL FROM:<alice@example.net>\n"
                                  "S: 250 ok\n"
                                  "C: RCPT TO:<bob@example.org>\n"
                                  "S: 550 no\n"
                                  "SENT\n");
        ck_assert_str_eq(t.recipients[0].reply.status, "5.6.7");
        trial_close(&t);
        begin(&t, mixed, "x\r\n");
        trial_run(&t, HELLO "S: 250-mx\n"
                            "S: 250 SMTPUTF8\n"
                            "READY\n"
                            "SEND\n"
                            "C: MAIL FROM:<alice@example.net> SMTPUTF8\n"
                            "S: 250 ok\n"
                            "C: RCPT TO:<j\xc3\xb6rg@example.org>\n");
        trial_close(&t);
}
END_TEST

START_TEST(ehlo_falls_back_to_helo)
{
        struct trial t;

        begin(&t, one, "x\r\n");
        trial_run(&t, HELLO "S: 502 what?\n"
                            "C: HELO me.example\n"
                            "S: 250 mx\n"
                            "READY\n"
                            "SEND\n"
                            "C: MAIL FROM:<alice@example.net>\n");
        trial_close(&t);
}
END_TEST

START_TEST(a_552_for_a_recipient_means_too_many_unless_it_says_otherwise)
{
        struct trial t;

        begin(&t, three, "x\r\n");
        trial_run(&t, PIPELINING "SEND\n"
                                 "S: 250 ok\n"
                                 "S: 552 too many\n"
                                 "S: 552 5.2.2 mailbox full\n"
                                 "S: 552 5.5.3 too many\n"
                                 "S: 503 nobody\n"
                                 "SENT\n");
        trial_expect_reply(&t, 0, 452, "4.5.3", "too many");
        trial_expect_reply(&t, 1, 552, "5.2.2", "5.2.2 mailbox full");
        trial_expect_reply(&t, 2, 452, "4.5.3", "5.5.3 too many");
        trial_close(&t);
}
END_TEST

START_TEST(lmtp_has_a_reply_for_each_recipient)
{
        struct trial t;

        trial_open(&t);
        t.params.lmtp = true;
        trial_message(&t, "alice@example.net", three, "x\r\n");
        trial_connect(&t);
        trial_run(&t, "S: 220 lmtp\n"
                      "C: LHLO me.example\n"
                      "S: 250-lmtp\n"
                      "S: 250-CHUNKING\n"
                      "S: 250 PIPELINING\n"
                      "READY\n"
                      "SEND\n"
                      "C: MAIL FROM:<alice@example.net>\n"
                      "C: RCPT TO:<a@example.org>\n"
                      "C: RCPT TO:<b@example.org>\n"
                      "C: RCPT TO:<c@example.org>\n"
                      "QUIET\n"
                      "S: 250 ok\n"
                      "S: 250 ok\n"
                      "S: 550 5.1.1 no b\n"
                      "S: 250 ok\n"
                      "C: DATA\n"
                      "S: 354 go\n"
                      "C: x\n"
                      "C: .\n"
                      "S: 250 2.1.5 a has it\n"
                      "S: 452 4.2.2 c is full\n"
                      "SENT\n");
        trial_expect_reply(&t, 0, 250, "2.1.5", "2.1.5 a has it");
        trial_expect_reply(&t, 1, 550, "5.1.1", "5.1.1 no b");
        trial_expect_reply(&t, 2, 452, "4.2.2", "4.2.2 c is full");
        trial_close(&t);
}
END_TEST

START_TEST(closing_from_within_a_callback_is_safe)
{
        struct trial t;

        begin(&t, one, "x\r\n");
        t.close_at_sent = true;
        trial_run(&t, PLAIN_HELLO "SEND\n"
                                  "C: MAIL FROM:<alice@example.net>\n"
                                  "S: 550 no\n"
                                  "SENT\n"
                                  "C: QUIT\n"
                                  "EOF\n");
        ck_assert_ptr_null(t.client);
        trial_close(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client");
        TCase *tc = tcase_create("client");

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, a_message_goes_step_by_step_to_a_server_that_offers_nothing);
        tcase_add_test(tc, the_envelope_leaves_at_once_where_pipelining_is_offered);
        tcase_add_test(tc, all_replies_in_one_piece_are_as_good_as_one_at_a_time);
        tcase_add_test(tc, replies_that_come_octet_by_octet_are_the_same);
        tcase_add_test(tc, thousands_of_recipients_are_pipelined_within_bounds);
        tcase_add_test(tc, nobody_left_ends_without_data);
        tcase_add_test(tc, nobody_left_and_354_is_answered_by_a_lone_dot);
        tcase_add_test(tc, a_refused_mail_is_everybodys_reply);
        tcase_add_test(tc, data_may_be_refused);
        tcase_add_test(tc, messages_follow_each_other_on_one_connection);
        tcase_add_test(tc, parameters_are_used_where_they_are_offered);
        tcase_add_test(tc,
                       an_original_recipient_in_unicode_is_passed_on_as_the_message_may_have_it);
        tcase_add_test(tc, parameters_cannot_smuggle_words_in);
        tcase_add_test(tc, addresses_are_quoted_and_null_senders_stay_null);
        tcase_add_loop_test(tc, what_cannot_be_sent_is_refused_without_a_command, 0,
                            sizeof beforehand / sizeof beforehand[0]);
        tcase_add_test(tc, international_addresses_need_smtputf8_and_the_others_go);
        tcase_add_test(tc, ehlo_falls_back_to_helo);
        tcase_add_test(tc, a_552_for_a_recipient_means_too_many_unless_it_says_otherwise);
        tcase_add_test(tc, lmtp_has_a_reply_for_each_recipient);
        tcase_add_test(tc, closing_from_within_a_callback_is_safe);
        suite_add_tcase(s, tc);
        return run_client_suite(s);
}
