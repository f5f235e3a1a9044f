/*
 * test_client_faults.c — hostile and broken servers: in each state each fault ends the
 * connection, once, with words that say what happened.
 */
#include "client_impl.h"
#include "helper_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { SHORT_MS = 20, MAX_LINE = 600, MAX_LINES = 40 };

static const char *const two[] = { "a@example.org", "b@example.org", NULL };

#define GREETING "S: 220 mx\n"
#define EHLO     GREETING "C: EHLO me.example\n"
#define READY    EHLO "S: 250 mx\nREADY\nSEND\n"
#define MAIL     READY "C: MAIL FROM:<alice@example.net>\n"
#define RCPT     MAIL "S: 250 ok\nC: RCPT TO:<a@example.org>\n"
#define RCPT2    RCPT "S: 550 5.1.1 no a\nC: RCPT TO:<b@example.org>\n"
#define DATA     RCPT2 "S: 250 ok\nC: DATA\n"
#define END      DATA "S: 354 go\nC: x\nC: .\n"
#define RESET                                                                                      \
        MAIL "S: 250 ok\nC: RCPT TO:<a@example.org>\nS: 550 no\nC: RCPT TO:<b@example.org>\n"      \
             "S: 550 no\nSENT\nSEND\nC: RSET\n"

static const struct state {
        const char *stage, *script;
        bool message;    /* one is in hand */
        bool after_data; /* and may have been taken */
        bool refusable;  /* 5xx here is the message's end, not the connection's */
} states[] = {
        {"greeting",     "",                                               false, false, false},
        { "ehlo",        EHLO,                                             false, false, false},
        { "ehlo",        EHLO "S: 500 what?\nC: HELO me.example\n",        false, false, false},
        { "tls",         EHLO "S: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\n", false, false, false},
        { "mail",        MAIL,                                             true,  false, true },
        { "rcpt",        RCPT,                                             true,  false, true },
        { "rcpt",        RCPT2,                                            true,  false, true },
        { "data",        DATA,                                             true,  false, true },
        { "end of data", END,                                              true,  true,  true },
        { "reset",       RESET,                                            true,  false, false},
};

static const struct fault {
        const char *name, *script, *status, *words;
        int code;
} faults[] = {
        {"a stall",             "WAIT\n",                            "4.4.2", "waited in vain for",           0  },
        { "a stall in a line",  "S! 25\nWAIT\n",                     "4.4.2", "waited in vain for",           0  },
        { "a stall in a reply", "S: 250-a\nWAIT\n",                  "4.4.2", "waited in vain for",           0  },
        { "closing",            "CLOSE\nWAIT\n",                     "4.4.2", "server closed the connection", 0  },
        { "closing in a reply", "S! 250-a\\r\\n250\nCLOSE\nWAIT\n",  "4.4.2",
         "server closed the connection",                                                                      0  },
        { "421",                "S: 421 4.3.2 going down\nWAIT\n",   "4.3.2", "4.3.2 going down",             421},
        { "421 and closing",    "S: 421 bye\nCLOSE\nWAIT\n",         "4.0.0", "bye",                          421},
        { "words",              "S: hello there\nWAIT\n",            "4.5.0", "no reply: hello there",        0  },
        { "an empty line",      "S: \nWAIT\n",                       "4.5.0", "no reply",                     0  },
        { "NULs",               "S! \\0\\0\\0\\r\\n\nWAIT\n",        "4.5.0", "no reply: \\x00\\x00",         0  },
        { "another code",       "S! 250-a\\r\\n354 b\\r\\n\nWAIT\n", "4.5.0", "different codes",              0  },
        { "a code of no class", "S: 199 hm\nWAIT\n",                 "4.5.0", "no reply: 199",                0  },
};

static int64_t *time_of(struct trial *t, const char *stage)
{
        if (strcmp(stage, "greeting") == 0)
                return &t->config.greeting_timeout_ms;
        if (strcmp(stage, "data") == 0)
                return &t->config.data_timeout_ms;
        if (strcmp(stage, "end of data") == 0)
                return &t->config.data_end_timeout_ms;
        return &t->config.command_timeout_ms;
}

static void begin(struct trial *t, const struct state *s)
{
        trial_open(t);
        t->config.max_reply_line = MAX_LINE;
        t->config.max_reply_lines = MAX_LINES;
        trial_message(t, "alice@example.net", two, "x\r\n");
        trial_connect(t);
        trial_run(t, s->script);
}

/* The time of this state is short from here on: all that came before had plenty. */
static void make_short(struct trial *t, const char *stage)
{
        while (t->client->state == SMTP_CLIENT_CONNECT)
                trial_turn(t);
        *time_of(t, stage) = SHORT_MS;
        smtp_client_await(t->client);
}

static void check(const struct state *s, const struct fault *f)
{
        struct trial t;

        begin(&t, s);
        if (strstr(f->name, "stall"))
                make_short(&t, s->stage);
        trial_run(&t, f->script);
        trial_expect_failure(&t, s->stage, f->code, f->status, f->words);
        ck_assert_uint_eq(t.sent, 0);
        ck_assert_msg(!strstr(t.failure_text, "it may have been delivered") ==
                              !(s->after_data && f->code == 0),
                      "%s, %s: %s", s->stage, f->name, t.failure_text);
        if (s->message && strcmp(s->stage, "rcpt") && strcmp(s->stage, "mail") &&
            strcmp(s->stage, "reset")) {
                /* Who was refused before knows it; the other has what failed says. */
                trial_expect_reply(&t, 0, 550, "5.1.1", "5.1.1 no a");
                ck_assert_ptr_null(t.recipients[1].reply.text);
        }
        trial_close(&t);
}

START_TEST(each_fault_in_each_state_ends_with_words)
{
        for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
                check(&states[_i], &faults[i]);
}
END_TEST

START_TEST(endless_lines_and_replies_end)
{
        const struct state *s = &states[_i];
        AUTO_BUF(line, 4096);
        AUTO_BUF(lines, 4096);
        struct trial t;

        buf_add(&line, SLICE("S! 250 "));
        for (int i = 0; i <= MAX_LINE; i++)
                buf_addc(&line, 'x');
        buf_add(&line, SLICE("\nWAIT\n"));
        for (int i = 0; i <= MAX_LINES; i++)
                buf_add(&lines, SLICE("S: 250-\n"));
        buf_add(&lines, SLICE("WAIT\n"));
        begin(&t, s);
        trial_run(&t, line.ptr);
        trial_expect_failure(&t, s->stage, 0, "4.5.0", "a line of more than 600 octets");
        trial_close(&t);
        begin(&t, s);
        trial_run(&t, lines.ptr);
        trial_expect_failure(&t, s->stage, 0, "4.5.0", "no end");
        trial_close(&t);
}
END_TEST

START_TEST(a_refusal_ends_what_it_refuses)
{
        const struct state *s = &states[_i];
        struct trial t;

        begin(&t, s);
        trial_run(&t, "S: 554 5.7.1 we do not like you\n");
        if (s->refusable) {
                while (t.sent == 0 && t.failed == 0 && strcmp(s->stage, "rcpt"))
                        trial_turn(&t);
                ck_assert_uint_eq(t.failed, 0);
        } else if (strcmp(s->stage, "reset") == 0) {
                trial_expect_failure(&t, "reset", 0, "4.5.0", "we do not like you");
        } else if (strcmp(s->script, EHLO) == 0) {
                trial_run(&t, "C: HELO me.example\n");
        } else if (strcmp(s->stage, "tls") == 0) {
                /* Opportunistic: on in the clear. */
                trial_run(&t, "READY\n");
        } else {
                trial_expect_failure(&t, s->stage, 554, "5.7.1", "5.7.1 we do not like you");
                ck_assert(!t.failure.ours);
                smtp_client_close(t.client);
                t.client = NULL;
                trial_run(&t, "C: QUIT\nEOF\n");
        }
        trial_close(&t);
}
END_TEST

/* A transaction that is not finished is dropped, and a QUIT in it would be a lie. */
START_TEST(closing_in_any_state_is_at_once_and_silent)
{
        struct trial t;

        begin(&t, &states[_i]);
        smtp_client_close(t.client);
        t.client = NULL;
        trial_run(&t, "EOF\n");
        ck_assert_uint_eq(t.failed, 0);
        trial_close(&t);
}
END_TEST

/* ---- what has no place in the table ---- */

START_TEST(a_silent_server_is_left_without_any_help)
{
        struct trial t;

        trial_open(&t);
        t.config.greeting_timeout_ms = SHORT_MS;
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_expect_failure(&t, "greeting", 0, "4.4.2", "waited in vain for the greeting");
        trial_close(&t);
}
END_TEST

START_TEST(a_banner_of_gigabytes_is_not_read)
{
        static char much[65536];
        struct trial t;
        size_t taken = 0;

        memset(much, 'x', sizeof much);
        trial_open(&t);
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        for (int i = 0; i < 4096 && !t.failed; i++) {
                ssize_t n = send(t.fd, much, sizeof much, MSG_NOSIGNAL);

                taken += n > 0 ? (size_t)n : 0;
                trial_turn(&t);
        }
        trial_expect_failure(&t, "greeting", 0, "4.5.0", "a line of more than");
        ck_assert_uint_lt(taken, sizeof much * 4096);
        trial_close(&t);
}
END_TEST

START_TEST(a_word_while_nothing_is_asked_ends_the_connection)
{
        struct trial t;

        trial_open(&t);
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_run(&t, EHLO "S: 250 mx\nREADY\n"
                           "S: 250 hello?\n");
        trial_expect_failure(&t, "idle", 0, "4.5.0", "unasked: 250 hello?");
        trial_close(&t);
}
END_TEST

START_TEST(an_idle_connection_may_be_ended_by_421_or_without_a_word)
{
        struct trial t;

        trial_open(&t);
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_run(&t, EHLO "S: 250 mx\nREADY\nS: 421 4.4.2 idle too long\n");
        trial_expect_failure(&t, "idle", 421, "4.4.2", "idle too long");
        trial_close(&t);
        trial_open(&t);
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_run(&t, EHLO "S: 250 mx\nREADY\nCLOSE\n");
        trial_expect_failure(&t, "idle", 0, "4.4.2", "closed the connection");
        trial_close(&t);
}
END_TEST

/* The server refuses in the midst of a large message, and closes without reading the rest. */
static void check_refusal_within(enum smtp_client_tls tls, bool says_goodbye)
{
        struct trial t;

        trial_open(&t);
        t.params.tls = tls;
        t.says_goodbye = says_goodbye;
        trial_message(&t, "alice@example.net", two, "");
        for (int i = 0; i < 200000; i++)
                buf_add(&t.content,
                        SLICE("a line of some octets that nobody is going to read\r\n"));
        t.message.size = (int64_t)t.content.len;
        trial_connect(&t);
        if (tls == SMTP_TLS_IMPLICIT)
                trial_run(&t, "TLS\n");
        trial_run(&t, DATA "S: 354 go\n"
                           "C~ a line\n"
                           "S: 552 5.3.4 that is enough\n"
                           "CLOSE\n");
        trial_expect_failure(&t, "content", 552, "5.3.4", "5.3.4 that is enough");
        trial_close(&t);
}

START_TEST(a_refusal_within_the_content_is_heard)
{
        check_refusal_within(SMTP_TLS_NONE, false);
        check_refusal_within(SMTP_TLS_IMPLICIT, false);
        check_refusal_within(SMTP_TLS_IMPLICIT, true);
}
END_TEST

START_TEST(a_server_that_takes_nothing_is_left)
{
        struct trial t;

        trial_open(&t);
        t.config.stall_timeout_ms = t.config.data_block_timeout_ms = 200;
        trial_message(&t, "alice@example.net", two, "");
        for (int i = 0; i < 300000; i++)
                buf_add(&t.content,
                        SLICE("a line of some octets that nobody is going to read\r\n"));
        t.message.size = (int64_t)t.content.len;
        trial_connect(&t);
        trial_run(&t, DATA "S: 354 go\n"
                           "WAIT\n");
        ck_assert_str_eq(t.stage, "content");
        ck_assert_str_eq(t.failure.status, "4.4.2");
        ck_assert_ptr_null(strstr(t.failure_text, "may have been delivered"));
        trial_close(&t);
}
END_TEST

START_TEST(replies_of_the_wrong_kind_end_the_connection)
{
        static const struct {
                const char *script, *answer, *stage;
        } wrong[] = {
                {"",     "S: 354 go\n", "greeting"   },
                { EHLO,  "S: 334 hm\n", "ehlo"       },
                { MAIL,  "S: 354 go\n", "mail"       },
                { RCPT,  "S: 354 go\n", "rcpt"       },
                { DATA,  "S: 250 ok\n", "data"       },
                { END,   "S: 354 go\n", "end of data"},
                { RESET, "S: 451 hm\n", "reset"      },
        };

        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct trial t;

                trial_open(&t);
                trial_message(&t, "alice@example.net", two, "x\r\n");
                trial_connect(&t);
                trial_run(&t, wrong[i].script);
                trial_run(&t, wrong[i].answer);
                trial_expect_failure(&t, wrong[i].stage, 0, "4.5.0", "not the answer");
                trial_close(&t);
        }
}
END_TEST

#define LMTP_TO_THE_END                                                                            \
        "S: 220 lmtp\nC: LHLO me.example\nS: 250 lmtp\nREADY\nSEND\n"                              \
        "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n"

static void begin_lmtp(struct trial *t)
{
        trial_open(t);
        t->params.lmtp = true;
        trial_message(t, "alice@example.net", two, "x\r\n");
        trial_connect(t);
}

START_TEST(lmtp_keeps_the_replies_that_came_before_the_end)
{
        struct trial t;

        begin_lmtp(&t);
        trial_run(&t, LMTP_TO_THE_END "S: 250 2.1.5 a has it\nCLOSE\n");
        trial_expect_failure(&t, "end of data", 0, "4.4.2", "may have been delivered");
        trial_expect_reply(&t, 0, 250, "2.1.5", "2.1.5 a has it");
        ck_assert_ptr_null(t.recipients[1].reply.text);
        trial_close(&t);
}
END_TEST

START_TEST(lmtp_says_421_of_one_recipient_and_goes_on)
{
        struct trial t;

        begin_lmtp(&t);
        trial_run(&t, LMTP_TO_THE_END "S: 421 4.3.2 a later\nS: 250 2.1.5 b has it\nSENT\n");
        trial_expect_reply(&t, 0, 421, "4.3.2", "4.3.2 a later");
        trial_expect_reply(&t, 1, 250, "2.1.5", "2.1.5 b has it");
        trial_close(&t);
}
END_TEST

/* It has answered for all, and ends with that: with 421, or without a word. */
static void check_last_word(const char *answer, int code, const char *status, const char *text)
{
        static const char *const ends[] = { "CLOSE\n", "S: 421 4.3.2 bye\n" };

        for (size_t i = 0; i < 2; i++) {
                char script[1000];
                struct trial t;

                trial_open(&t);
                t.piece = 10;
                trial_message(&t, "alice@example.net", two, "0123456789abcdefghijklmnopqrst");
                trial_connect(&t);
                snprintf(script, sizeof script, "%s%s", answer, ends[i]);
                trial_run(&t, script);
                while (!t.failed)
                        trial_turn(&t);
                trial_expect_reply(&t, 0, code, status, text);
                trial_expect_reply(&t, 1, code, status, text);
                trial_close(&t);
        }
}

START_TEST(a_refusal_holds_though_the_server_ends_with_it)
{
        check_last_word(EHLO "S: 250-mx\nS: 250 PIPELINING\nREADY\nSEND\n"
                             "C: MAIL FROM:<alice@example.net>\nS: 554 5.7.1 not you\n",
                        554, "5.7.1", "5.7.1 not you");
        check_last_word(MAIL "S: 451 4.7.1 not now\n", 451, "4.7.1", "4.7.1 not now");
        check_last_word(EHLO "S: 250-mx\nS: 250-CHUNKING\nS: 250 PIPELINING\nREADY\nSEND\n"
                             "C: MAIL FROM:<alice@example.net>\n"
                             "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 552 5.3.4 too much\n",
                        552, "5.3.4", "5.3.4 too much");
}
END_TEST

START_TEST(why_ehlo_was_refused_is_told_though_helo_has_no_answer)
{
        struct trial t;

        trial_open(&t);
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_run(&t, EHLO "S: 550 5.7.1 not you\nCLOSE\nWAIT\n");
        trial_expect_failure(&t, "ehlo", 0, "4.4.2", "; EHLO was answered: 550 5.7.1 not you");
        trial_close(&t);
}
END_TEST

START_TEST(lmtp_has_no_helo_to_fall_back_to)
{
        struct trial t;

        trial_open(&t);
        t.params.lmtp = true;
        trial_message(&t, "alice@example.net", two, "x\r\n");
        trial_connect(&t);
        trial_run(&t, "S: 220 lmtp\nS: 500 what?\n");
        trial_expect_failure(&t, "ehlo", 500, "5.0.0", "what?");
        trial_close(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client, faults");
        TCase *tc = tcase_create("faults");
        int n = sizeof states / sizeof states[0];

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, each_fault_in_each_state_ends_with_words, 0, n);
        tcase_add_loop_test(tc, endless_lines_and_replies_end, 0, n);
        tcase_add_loop_test(tc, a_refusal_ends_what_it_refuses, 0, n);
        tcase_add_loop_test(tc, closing_in_any_state_is_at_once_and_silent, 0, n);
        tcase_add_test(tc, a_silent_server_is_left_without_any_help);
        tcase_add_test(tc, a_banner_of_gigabytes_is_not_read);
        tcase_add_test(tc, a_word_while_nothing_is_asked_ends_the_connection);
        tcase_add_test(tc, an_idle_connection_may_be_ended_by_421_or_without_a_word);
        tcase_add_test(tc, a_refusal_within_the_content_is_heard);
        tcase_add_test(tc, a_server_that_takes_nothing_is_left);
        tcase_add_test(tc, replies_of_the_wrong_kind_end_the_connection);
        tcase_add_test(tc, lmtp_keeps_the_replies_that_came_before_the_end);
        tcase_add_test(tc, lmtp_says_421_of_one_recipient_and_goes_on);
        tcase_add_test(tc, a_refusal_holds_though_the_server_ends_with_it);
        tcase_add_test(tc, why_ehlo_was_refused_is_told_though_helo_has_no_answer);
        tcase_add_test(tc, lmtp_has_no_helo_to_fall_back_to);
        suite_add_tcase(s, tc);
        return run_client_suite(s);
}
