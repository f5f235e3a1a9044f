/*
 * test_session_life.c — what a session does with time, limits, TLS, a slow disk, and
 * clients that go in the middle of something.
 */
#include "helper_session.h"

#include "mailserver/core/log.h"

#include <check.h>
#include <stdlib.h>

static struct fake f;

static void setup(void)
{
        f = (struct fake){ 0 };
}

static void teardown(void)
{
        fake_close(&f);
}

static void send(const char *text)
{
        fake_send(&f, slice_of(text));
}

/* Everything that was said since the last look. */
static void hears(const char *text)
{
        ck_assert_str_eq(fake_heard(&f), text);
}

static void hears_with(const char *part)
{
        const char *heard = fake_heard(&f);

        ck_assert_msg(strstr(heard, part), "%s not in:\n%s", part, heard);
}

static void open_at(bool submits)
{
        f.submission = submits;
        fake_open(&f);
        fake_heard(&f);
}

/* A transaction with one recipient. */
static void open_transaction(void)
{
        open_at(false);
        send("EHLO c\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<bob@example.org>\r\n");
        fake_heard(&f);
}

static void open_data(void)
{
        open_transaction();
        send("DATA\r\n");
        fake_heard(&f);
}

/* ---- what is handed on ---- */

START_TEST(the_message_is_handed_on_whole_with_received_before_it)
{
        open_transaction();
        send("RCPT TO:<\"al ice\"@example.org>\r\nDATA\r\nSubject: "
             "x\r\n\r\n..dots\r\nbare\n.\r\n.\r\n");
        ck_assert_uint_eq(f.n_messages, 1);
        ck_assert_str_eq(f.messages[0].sender, "s@example.net");
        ck_assert_str_eq(f.messages[0].recipients, "bob@example.org,al ice@example.org");
        ck_assert_str_eq(f.messages[0].content.ptr, "Subject: x\r\n\r\n.dots\r\nbare\r\n.\r\n");
        ck_assert_int_eq(f.messages[0].account, 0);
        ck_assert(strstr(f.messages[0].received.ptr,
                         "Received: from c ([192.0.2.1])\r\n\tby mail.example.org with ESMTP id "));
        ck_assert(!strstr(f.messages[0].received.ptr, "\tfor "));
}
END_TEST

START_TEST(a_single_recipient_is_named_in_received)
{
        open_data();
        send(".\r\n");
        ck_assert(strstr(f.messages[0].received.ptr, "\r\n\tfor <bob@example.org>;\r\n\t"));
}
END_TEST

START_TEST(the_parameters_of_mail_are_handed_on)
{
        open_at(false);
        send("EHLO c\r\nMAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<bob@example.org>\r\n"
             "BDAT 2 LAST\r\nhi");
        ck_assert_uint_eq(f.n_messages, 1);
        ck_assert(f.messages[0].eight_bit && f.messages[0].smtputf8);
        ck_assert_str_eq(f.messages[0].sender, "");
        ck_assert_str_eq(f.messages[0].content.ptr, "hi");
        ck_assert(strstr(f.messages[0].received.ptr, " with UTF8SMTP id "));
}
END_TEST

START_TEST(a_line_end_may_fall_between_two_chunks)
{
        open_transaction();
        send("BDAT 2\r\na\rBDAT 3\r\n\nb\rBDAT 2 LAST\r\nc\r");
        ck_assert_str_eq(f.messages[0].content.ptr, "a\r\nb\r\nc\r\n");
}
END_TEST

START_TEST(a_delivery_that_is_refused_ends_the_transaction)
{
        open_data();
        f.delivery_reply = (struct smtp_reply){ 550, "5.7.1", "Not yours" };
        send(".\r\nMAIL FROM:<>\r\n");
        hears("550 5.7.1 Not yours\r\n250 2.1.0 Sender ok\r\n");
        ck_assert_uint_eq(f.n_messages, 0);
}
END_TEST

/* ---- TLS and login ---- */

START_TEST(tls_forgets_what_was_said_and_drops_what_came_along)
{
        f.tls_possible = true;
        open_at(false);
        send("EHLO c\r\n");
        hears_with("250-STARTTLS\r\n");
        send("MAIL FROM:<>\r\nSTARTTLS\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
        hears("250 2.1.0 Sender ok\r\n220 2.0.0 Go ahead\r\n");
        fake_shake_hands(&f);
        hears("");
        send("MAIL FROM:<>\r\nEHLO c\r\n");
        hears_with("503 5.5.1 Say EHLO first\r\n250-mail.example.org\r\n");
        send("EHLO c\r\nRCPT TO:<bob@example.org>\r\nSTARTTLS\r\n");
        hears_with("250 HELP\r\n503 5.5.1 Say MAIL first\r\n503 5.5.1 TLS is active already\r\n");
        send("EHLO c\r\n");
        ck_assert(!strstr(fake_heard(&f), "STARTTLS"));
        send("MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n");
        ck_assert(strstr(f.messages[0].received.ptr, " with ESMTPS id "));
        ck_assert(strstr(f.messages[0].received.ptr,
                         "\r\n\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3, 256 bits);\r\n"));
}
END_TEST

START_TEST(where_tls_can_be_had_login_needs_it)
{
        f.tls_possible = true;
        open_at(true);
        send("EHLO c\r\n");
        ck_assert(!strstr(fake_heard(&f), "AUTH"));
        send("AUTH PLAIN good\r\nMAIL FROM:<>\r\n");
        hears("538 5.7.11 Encryption required: say STARTTLS first\r\n"
              "530 5.7.0 Say STARTTLS, then AUTH first\r\n");
        send("STARTTLS\r\n");
        fake_shake_hands(&f);
        fake_heard(&f);
        send("EHLO c\r\n");
        hears_with("250-AUTH PLAIN LOGIN\r\n");
        send("MAIL FROM:<>\r\nAUTH PLAIN good\r\nMAIL FROM:<alice@example.org>\r\n"
             "RCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n");
        hears("530 5.7.0 Authentication required\r\n235 2.7.0 Authentication successful\r\n"
              "250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n"
              "354 Send the message, then a line with a single dot\r\n250 2.0.0 Stored\r\n");
        ck_assert_int_eq(f.logged_in, 7);
        ck_assert_int_eq(f.messages[0].account, 7);
        ck_assert(strstr(f.messages[0].received.ptr, " with ESMTPSA id "));
}
END_TEST

START_TEST(starttls_behind_a_login_logs_out)
{
        open_at(true);
        send("EHLO c\r\nAUTH PLAIN good\r\n");
        f.tls_possible = true;
        send("STARTTLS\r\n");
        fake_shake_hands(&f);
        fake_heard(&f);
        ck_assert_int_eq(f.logged_in, 0);
        send("EHLO c\r\nMAIL FROM:<>\r\n");
        hears_with("530 5.7.0 Authentication required\r\n");
}
END_TEST

START_TEST(too_many_connections_of_an_account_leave_it_logged_out)
{
        f.account_full = true;
        open_at(true);
        send("HELO c\r\nAUTH PLAIN good\r\nMAIL FROM:<>\r\n");
        hears("250 mail.example.org\r\n454 4.7.0 Too many connections of this account\r\n"
              "530 5.7.0 Authentication required\r\n");
}
END_TEST

START_TEST(lines_of_auth_may_be_long_and_no_longer)
{
        char line[20000];

        open_at(true);
        memset(line, 'x', sizeof line);
        memcpy(line, "AUTH PLAIN ", 11);
        send("HELO c\r\n");
        fake_heard(&f);
        fake_send(&f, (struct slice){ line, 12288 });
        send("\r\n");
        hears("501 5.5.2 Malformed authentication data\r\n");
        send("AUTH LOGIN\r\n");
        fake_heard(&f);
        fake_send(&f, (struct slice){ line, 12289 });
        send("\r\nNOOP\r\n");
        hears("500 5.5.6 Authentication line is too long\r\n250 2.0.0 Nothing done\r\n");
        memcpy(line, "NOOP ", 5);
        fake_send(&f, (struct slice){ line, 2049 });
        send("\r\nNOOP\r\n");
        hears("500 5.5.2 Line too long\r\n250 2.0.0 Nothing done\r\n");
}
END_TEST

START_TEST(on_port_25_no_line_may_be_longer_than_max_line)
{
        char line[4096];

        open_at(false);
        memset(line, 'x', sizeof line);
        memcpy(line, "NOOP ", 5);
        fake_send(&f, (struct slice){ line, 2048 });
        send("\r\n");
        hears("250 2.0.0 Nothing done\r\n");
        fake_send(&f, (struct slice){ line, 2049 });
        send("\r\nNOOP\r\n");
        hears("500 5.5.2 Line too long\r\n250 2.0.0 Nothing done\r\n");
}
END_TEST

/* ---- one command in flight ---- */

START_TEST(what_is_pipelined_waits_for_the_answer)
{
        open_at(false);
        f.hold = true;
        send("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<unknown@example.org>\r\nNOOP\r\n"
             "RCPT TO:<bob@example.org>\r\nQUIT\r\n");
        hears_with("250 2.1.0 Sender ok\r\n");
        ck_assert(!fake_waits(&f)); /* it is we who work: no time-out */
        fake_answer(&f);
        hears("550 5.1.1 No such user here\r\n250 2.0.0 Nothing done\r\n");
        fake_answer(&f);
        hears("250 2.1.5 Recipient ok\r\n221 2.0.0 mail.example.org Bye\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_client_that_goes_while_a_question_is_out_is_forgotten)
{
        static const char *const questions[] = { "MAIL FROM:<alice@example.org>\r\n",
                                                 "AUTH PLAIN good\r\n" };

        open_at(true);
        f.hold = true;
        send("HELO c\r\n");
        send(questions[1]);
        fake_answer(&f);
        send(questions[0]);
        hears_with("235 ");
        fake_close(&f); /* frees the question when it comes back */
        f = (struct fake){ 0 };
        open_at(true);
        f.hold = true;
        send("HELO c\r\nAUTH PLAIN good\r\n");
}
END_TEST

START_TEST(a_client_that_goes_while_its_message_is_stored_is_not_answered)
{
        open_data();
        f.hold = true;
        send("x\r\n.\r\n");
        fake_send_eof(&f);
        ck_assert(!fake_closing(&f)); /* half-closed: it may still listen */
        fake_answer(&f);
        hears("250 2.0.0 Stored\r\n");
        ck_assert(fake_closing(&f));
        ck_assert_uint_eq(f.n_messages, 1);
}
END_TEST

START_TEST(a_reset_while_a_message_is_stored_forgets_only_the_answer)
{
        open_data();
        f.hold = true;
        send("x\r\n.\r\n");
        smtp_handler.closed(f.conn, f.session);
        f.session = NULL;
        fake_answer(&f);
        ck_assert_uint_eq(f.n_messages, 1);
        hears("");
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answers)
{
        open_at(false);
        send("EHLO c\r\nNOOP\r\nMAIL FROM:<>\r\nRC");
        fake_send_eof(&f);
        hears_with("250 2.0.0 Nothing done\r\n250 2.1.0 Sender ok\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_message_without_its_end_is_no_message)
{
        open_data();
        send("x\r\n.\r");
        fake_send_eof(&f);
        ck_assert(fake_closing(&f));
        ck_assert_uint_eq(f.n_messages, 0);
        hears("");
}
END_TEST

START_TEST(a_chunk_cut_off_is_no_message)
{
        open_transaction();
        send("BDAT 5 LAST\r\nabcd");
        fake_send_eof(&f);
        ck_assert(fake_closing(&f));
        ck_assert_uint_eq(f.n_messages, 0);
}
END_TEST

/* ---- the end ---- */

START_TEST(a_server_that_stops_says_so)
{
        open_transaction();
        fake_stop(&f, "Server is stopping");
        hears("421 4.3.2 mail.example.org Server is stopping\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(it_does_not_wait_for_the_rest_of_a_message)
{
        open_data();
        send("x\r\n");
        fake_stop(&f, "Server is stopping");
        hears("421 4.3.2 mail.example.org Server is stopping\r\n");
        ck_assert(fake_closing(&f));
        ck_assert_uint_eq(f.n_messages, 0);
}
END_TEST

START_TEST(a_message_that_has_arrived_is_answered_before)
{
        open_data();
        f.hold = true;
        send("x\r\n.\r\nNOOP\r\n");
        fake_stop(&f, "Server is stopping");
        ck_assert(!fake_closing(&f));
        fake_answer(&f);
        hears("250 2.0.0 Stored\r\n421 4.3.2 mail.example.org Server is stopping\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_question_that_is_out_is_not_waited_for)
{
        open_at(false);
        f.hold = true;
        send("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n");
        fake_heard(&f);
        fake_stop(&f, "Server is stopping");
        hears("421 4.3.2 mail.example.org Server is stopping\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_client_that_says_nothing_is_sent_away)
{
        open_transaction();
        fake_time_out(&f);
        hears("421 4.4.2 mail.example.org Timed out waiting for you\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(content_has_to_make_progress_for_more_time)
{
        char octets[4096];
        size_t waited;

        open_data();
        memset(octets, 'x', sizeof octets);
        waited = fake_waited(&f);
        fake_send(&f, (struct slice){ octets, 4095 });
        ck_assert_uint_eq(fake_waited(&f), waited);
        send("x");
        ck_assert_uint_eq(fake_waited(&f), waited + 1);
        send("x");
        ck_assert_uint_eq(fake_waited(&f), waited + 1);
        ck_assert(fake_waits(&f));
}
END_TEST

/* ---- limits ---- */

START_TEST(too_many_errors_end_the_session)
{
        open_at(false);
        f.config.max_errors = 3;
        send("A\r\nB\r\nNOOP\r\nC\r\nNOOP\r\n");
        hears("500 5.5.2 Command not recognized\r\n500 5.5.2 Command not recognized\r\n"
              "250 2.0.0 Nothing done\r\n500 5.5.2 Command not recognized\r\n"
              "421 4.7.0 mail.example.org Too many errors\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_message_that_is_stored_forgives_errors)
{
        open_at(false);
        f.config.max_errors = 3;
        send("HELO c\r\nA\r\nB\r\nMAIL FROM:<>\r\nRCPT "
             "TO:<bob@example.org>\r\nDATA\r\n.\r\nA\r\nB\r\n");
        ck_assert(!fake_closing(&f));
        send("C\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(too_many_unknown_recipients_end_the_session)
{
        open_at(false);
        f.config.max_errors = 1;
        f.config.max_unknown_recipients = 2;
        send("HELO c\r\nMAIL FROM:<>\r\n");
        fake_heard(&f);
        send("RCPT TO:<unknown1@example.org>\r\nRCPT TO:<unknown2@example.org>\r\nNOOP\r\n");
        hears("550 5.1.1 No such user here\r\n550 5.1.1 No such user here\r\n"
              "421 4.7.0 mail.example.org Too many unknown recipients\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(recipients_over_the_limit_are_put_off)
{
        open_transaction();
        f.config.max_recipients = 2;
        send("RCPT TO:<bob@example.org>\r\nRCPT TO:<carol@example.org>\r\nDATA\r\n.\r\n");
        hears("250 2.1.5 Recipient ok\r\n452 4.5.3 Too many recipients\r\n"
              "354 Send the message, then a line with a single dot\r\n250 2.0.0 Stored\r\n");
        ck_assert_str_eq(f.messages[0].recipients, "bob@example.org,bob@example.org");
}
END_TEST

START_TEST(messages_over_the_limit_need_another_connection)
{
        open_data();
        f.config.max_messages = 1;
        send(".\r\nMAIL FROM:<>\r\nNOOP\r\n");
        hears("250 2.0.0 Stored\r\n421 4.7.0 Too many messages in one connection\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

START_TEST(a_message_over_the_limit_is_read_to_its_end_and_refused)
{
        open_data();
        f.session->txn->reader.max_octets = 10;
        send("12345678\r\nQUIT\r\n.\r\nNOOP\r\n");
        hears("552 5.3.4 Message is larger than this server accepts\r\n250 2.0.0 Nothing done\r\n");
        ck_assert_uint_eq(f.n_spools, 0);
}
END_TEST

START_TEST(a_chunk_over_the_limit_is_read_to_its_end_and_refused)
{
        open_transaction();
        f.config.max_message_size = 10;
        send("BDAT 8\r\n12345678BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
        hears("250 2.0.0 8 octets received\r\n"
              "552 5.3.4 Message is larger than this server accepts\r\n"
              "503 5.5.1 The transaction has failed; say RSET\r\n250 2.0.0 Nothing done\r\n");
        ck_assert_uint_eq(f.n_spools, 0);
}
END_TEST

START_TEST(bare_line_ends_are_rejected_where_the_operator_wants_it)
{
        open_at(false);
        f.config.bare_newline = SMTP_BARE_NEWLINE_REJECT;
        send("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na\nb\r\n.\r\n");
        hears_with("554 5.6.0 Lines must end with CR LF\r\n");
        send("NOOP\nNOOP\r\n");
        hears("421 4.5.2 mail.example.org Lines must end with CR LF\r\n");
        ck_assert(fake_closing(&f));
}
END_TEST

/* ---- disk and sink ---- */

START_TEST(a_low_disk_refuses_at_mail)
{
        f.disk_low = true;
        open_at(false);
        send("HELO c\r\nMAIL FROM:<>\r\n");
        hears("250 mail.example.org\r\n452 4.3.1 Not enough storage, try again later\r\n");
}
END_TEST

START_TEST(a_busy_sink_refuses_for_now)
{
        f.sink_busy = true;
        open_at(true);
        send("HELO c\r\nAUTH PLAIN good\r\nMAIL FROM:<alice@example.org>\r\nMAIL FROM:<>\r\n"
             "RCPT TO:<bob@example.org>\r\n");
        hears("250 mail.example.org\r\n235 2.7.0 Authentication successful\r\n"
              "451 4.3.2 Too busy, try again later\r\n250 2.1.0 Sender ok\r\n"
              "451 4.3.2 Too busy, try again later\r\n");
}
END_TEST

START_TEST(a_full_disk_refuses_behind_the_data)
{
        open_data();
        f.spool_fails = true;
        send("x\r\n.\r\nNOOP\r\n");
        hears("452 4.3.1 Not enough storage, try again later\r\n250 2.0.0 Nothing done\r\n");
}
END_TEST

START_TEST(a_full_disk_refuses_behind_the_chunk)
{
        open_transaction();
        f.spool_fails = true;
        send("BDAT 1\r\nxBDAT 1 LAST\r\nx");
        hears("452 4.3.1 Not enough storage, try again later\r\n"
              "503 5.5.1 The transaction has failed; say RSET\r\n");
}
END_TEST

START_TEST(while_the_spool_is_full_nothing_is_read_and_nobody_is_timed)
{
        open_data();
        f.spool_stalls = true;
        send("x\r\n.\r\nNOOP\r\n");
        hears("");
        ck_assert(!fake_waits(&f));
        fake_spool_drain(&f);
        hears("250 2.0.0 Stored\r\n250 2.0.0 Nothing done\r\n");
        ck_assert_str_eq(f.messages[0].content.ptr, "x\r\n");
}
END_TEST

START_TEST(the_last_block_is_waited_for)
{
        open_data();
        send("x\r\n.\r");
        f.spool_stalls = true;
        f.session->txn->reader.state = SMTP_DATA_END; /* as if the LF had come with a full spool */
        f.session->state = SMTP_STATE_STORING;
        send("");
        hears("");
        fake_spool_drain(&f);
        hears("250 2.0.0 Stored\r\n");
}
END_TEST

START_TEST(a_block_that_cannot_be_written_refuses_the_message)
{
        open_data();
        f.spool_stalls = true;
        send("x\r\n.\r\n");
        f.spool_fails = true;
        fake_spool_drain(&f);
        hears("452 4.3.1 Not enough storage, try again later\r\n");
        ck_assert_uint_eq(f.n_messages, 0);
}
END_TEST

static void no_log(enum log_level level, const char *line)
{
        (void)level;
        ck_assert(line[0]);
}

int main(void)
{
        const TTest *const tests[] = {
                the_message_is_handed_on_whole_with_received_before_it,
                a_single_recipient_is_named_in_received,
                the_parameters_of_mail_are_handed_on,
                a_line_end_may_fall_between_two_chunks,
                a_delivery_that_is_refused_ends_the_transaction,
                tls_forgets_what_was_said_and_drops_what_came_along,
                where_tls_can_be_had_login_needs_it,
                starttls_behind_a_login_logs_out,
                too_many_connections_of_an_account_leave_it_logged_out,
                lines_of_auth_may_be_long_and_no_longer,
                on_port_25_no_line_may_be_longer_than_max_line,
                what_is_pipelined_waits_for_the_answer,
                a_client_that_goes_while_a_question_is_out_is_forgotten,
                a_client_that_goes_while_its_message_is_stored_is_not_answered,
                a_reset_while_a_message_is_stored_forgets_only_the_answer,
                a_half_closed_client_gets_its_answers,
                a_message_without_its_end_is_no_message,
                a_chunk_cut_off_is_no_message,
                a_server_that_stops_says_so,
                it_does_not_wait_for_the_rest_of_a_message,
                a_message_that_has_arrived_is_answered_before,
                a_question_that_is_out_is_not_waited_for,
                a_client_that_says_nothing_is_sent_away,
                content_has_to_make_progress_for_more_time,
                too_many_errors_end_the_session,
                a_message_that_is_stored_forgives_errors,
                too_many_unknown_recipients_end_the_session,
                recipients_over_the_limit_are_put_off,
                messages_over_the_limit_need_another_connection,
                a_message_over_the_limit_is_read_to_its_end_and_refused,
                a_chunk_over_the_limit_is_read_to_its_end_and_refused,
                bare_line_ends_are_rejected_where_the_operator_wants_it,
                a_low_disk_refuses_at_mail,
                a_busy_sink_refuses_for_now,
                a_full_disk_refuses_behind_the_data,
                a_full_disk_refuses_behind_the_chunk,
                while_the_spool_is_full_nothing_is_read_and_nobody_is_timed,
                the_last_block_is_waited_for,
                a_block_that_cannot_be_written_refuses_the_message,
        };
        Suite *s = suite_create("smtp session life");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        log_set_sink(no_log);
        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
                tcase_add_test(tc, tests[i]);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
