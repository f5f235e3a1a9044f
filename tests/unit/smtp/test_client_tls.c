/*
 * test_client_tls.c — STARTTLS and AUTH of the SMTP client. What certificates are worth is
 * tested with net's client; here it is when TLS begins, and what is forgotten with it.
 */
#include "helper_peer.h"

#include "mailserver/core/text.h"

#include <gsasl.h>
#include <stdlib.h>

static const char *const one[] = { "bob@example.org", NULL };

#define EHLO     "S: 220 mx\nC: EHLO me.example\n"
#define STARTTLS EHLO "S: 250-mx\nS: 250-PIPELINING\nS: 250 STARTTLS\nC: STARTTLS\n"

static void begin(struct trial *t, enum smtp_client_tls mode)
{
        trial_open(t);
        t->params.tls = mode;
        trial_message(t, "alice@example.net", one, "x\r\n");
        trial_connect(t);
}

START_TEST(offers_made_in_the_clear_are_forgotten)
{
        struct trial t;
        struct net_client_tls tls;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S: 220 go\n"
                               "TLS\n"
                               "C: EHLO me.example\n"
                               "S: 250-mx\n"
                               "S: 250 STARTTLS\n"
                               "READY\n"
                               "SEND\n"
                               "C: MAIL FROM:<alice@example.net>\n"
                               "QUIET\n");
        ck_assert_str_eq(t.sni, "mx.example");
        smtp_client_tls_info(t.client, &tls);
        ck_assert_str_eq(tls.version, "TLSv1.3");
        ck_assert_str_eq(tls.how, "unverified");
        ck_assert(!tls.verified);
        ck_assert_str_eq(smtp_client_peer_text(t.client), "127.0.0.1");
        trial_close(&t);
}
END_TEST

START_TEST(quit_is_said_over_tls)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S: 220 go\nTLS\nC: EHLO me.example\nS: 250 mx\nREADY\n");
        smtp_client_close(t.client);
        t.client = NULL;
        trial_run(&t, "C: QUIT\nEOF\n");
        ck_assert_int_eq(SSL_get_shutdown(t.ssl), SSL_RECEIVED_SHUTDOWN);
        trial_close(&t);
}
END_TEST

START_TEST(tls_is_left_alone_when_it_is_not_wanted)
{
        struct trial t;

        begin(&t, SMTP_TLS_NONE);
        trial_run(&t, EHLO "S: 250-mx\nS: 250 STARTTLS\nREADY\nQUIET\n");
        trial_close(&t);
}
END_TEST

START_TEST(opportunistic_goes_on_when_starttls_is_refused)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S: 454 not now\nREADY\nSEND\nC: MAIL FROM:<alice@example.net>\n");
        trial_close(&t);
}
END_TEST

static const struct {
        const char *name, *script, *words;
} downgrades[] = {
        {"not offered",               EHLO "S: 250-mx\nS: 250 XSTARTTLS\n", "does not offer TLS"           },
        { "refused for now",          STARTTLS "S: 454 4.7.0 not now\n",    "refuses it: 454 4.7.0 not now"},
        { "refused for good",         STARTTLS "S: 502 what?\n",            "refuses it: 502 what?"        },
        { "offered in the name only", EHLO "S: 250 STARTTLS\n",             "does not offer TLS"           },
};

START_TEST(required_tls_cannot_be_downgraded)
{
        struct trial t;

        begin(&t, SMTP_TLS_REQUIRED);
        trial_run(&t, downgrades[_i].script);
        /* Nothing of it is permanent: the mail waits. */
        trial_expect_failure(&t, strstr(downgrades[_i].script, "C: STARTTLS") ? "tls" : "ehlo", 0,
                             "4.7.4", downgrades[_i].words);
        trial_close(&t);
}
END_TEST

START_TEST(required_tls_does_not_fall_back_to_helo)
{
        struct trial t;

        begin(&t, SMTP_TLS_REQUIRED);
        trial_run(&t, EHLO "S: 502 what?\n");
        trial_expect_failure(&t, "ehlo", 502, "5.0.0", "what?");
        trial_close(&t);
}
END_TEST

START_TEST(plaintext_behind_220_fails_the_connection)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S! 220 go\\r\\n250 injected\\r\\n\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "more in the clear before TLS");
        trial_close(&t);
        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S! 220 go\\r\\n2\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "more in the clear before TLS");
        trial_close(&t);
}
END_TEST

START_TEST(an_answer_before_the_question_fails_the_connection)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, "S! 220 mx\\r\\n250-mx\\r\\n250 STARTTLS\\r\\n220 go\\r\\n\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "more in the clear before TLS");
        trial_close(&t);
}
END_TEST

START_TEST(a_failed_handshake_is_told_as_tls)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S: 220 go\nS: what is this octet salad?\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "TLS handshake failed: ");
        trial_close(&t);
        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        trial_run(&t, STARTTLS "S: 220 go\nCLOSE\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "TLS handshake failed: ");
        trial_close(&t);
        trial_open(&t);
        t.config.tls_timeout_ms = 50;
        trial_message(&t, "alice@example.net", one, "x\r\n");
        trial_connect(&t);
        trial_run(&t, STARTTLS "S: 220 go\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "the server took too long");
        trial_close(&t);
}
END_TEST

START_TEST(tls_1_2_is_the_least)
{
        struct trial t;
        struct net_client_tls tls;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        t.tls_max = TLS1_2_VERSION;
        trial_run(&t, STARTTLS "S: 220 go\nTLS\nC: EHLO me.example\nS: 250 mx\nREADY\n");
        smtp_client_tls_info(t.client, &tls);
        ck_assert_str_eq(tls.version, "TLSv1.2");
        trial_close(&t);
        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        t.tls_max = TLS1_1_VERSION;
        trial_run(&t, STARTTLS "S: 220 go\nTLSFAIL\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "TLS handshake failed: ");
        trial_close(&t);
}
END_TEST

/* Weak keys are better than none at all, where nothing is verified anyway. */
START_TEST(weak_keys_are_good_enough_for_opportunism_only)
{
        struct trial t;

        begin(&t, SMTP_TLS_OPPORTUNISTIC);
        t.rsa_bits = 1024;
        trial_run(&t, STARTTLS "S: 220 go\nTLS\nC: EHLO me.example\nS: 250 mx\nREADY\n");
        trial_close(&t);
        trial_open(&t);
        t.params.tls = SMTP_TLS_REQUIRED;
        t.params.tls_params.verify = NET_VERIFY_PKIX;
        t.rsa_bits = 1024;
        trial_message(&t, "alice@example.net", one, "x\r\n");
        trial_connect(&t);
        trial_run(&t, STARTTLS "S: 220 go\nTLSFAIL\n");
        trial_expect_failure(&t, "tls", 0, "4.7.5", "TLS handshake failed: certificate");
        trial_close(&t);
}
END_TEST

START_TEST(implicit_tls_begins_at_once)
{
        struct trial t;

        begin(&t, SMTP_TLS_IMPLICIT);
        trial_run(&t, "TLS\n" EHLO "S: 250-mx\nS: 250 STARTTLS\nREADY\nQUIET\n");
        trial_close(&t);
}
END_TEST

START_TEST(large_content_goes_over_tls)
{
        struct trial t;

        begin(&t, SMTP_TLS_IMPLICIT);
        for (int i = 0; i < 20000; i++)
                buf_add(&t.content,
                        SLICE("a line of some octets that somebody is going to read\r\n"));
        t.message.size = (int64_t)t.content.len;
        trial_run(&t, "TLS\n" EHLO "S: 250 mx\nREADY\nSEND\n"
                      "C: MAIL FROM:<alice@example.net>\nS: 250 ok\n"
                      "C: RCPT TO:<bob@example.org>\nS: 250 ok\n"
                      "C: DATA\nS: 354 go\nDRAIN\nS: 250 ok\nSENT\n");
        ck_assert_uint_eq(t.drained, t.content.len);
        trial_close(&t);
}
END_TEST

/* ---- AUTH ---- */

static void begin_auth(struct trial *t, const char *offer)
{
        AUTO_BUF(script, 1024);

        trial_open(t);
        t->params.tls = SMTP_TLS_IMPLICIT;
        t->params.username = "alice";
        t->params.password = "secret";
        trial_message(t, "alice@example.net", one, "x\r\n");
        trial_connect(t);
        buf_addf(&script, "TLS\n" EHLO "S: 250-mx\nS: 250 %s\n", offer);
        trial_run(t, script.ptr);
}

START_TEST(plain_goes_with_the_command)
{
        struct trial t;

        begin_auth(&t, "AUTH LOGIN PLAIN");
        trial_run(&t, "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
                      "S: 235 2.7.0 welcome\n"
                      "READY\n");
        trial_close(&t);
        begin_auth(&t, "AUTH PLAIN");
        trial_run(&t, "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
                      "S: 334 \n"
                      "C: AGFsaWNlAHNlY3JldA==\n"
                      "S: 235 2.7.0 welcome\n"
                      "READY\n");
        trial_close(&t);
}
END_TEST

START_TEST(login_is_two_answers)
{
        struct trial t;

        begin_auth(&t, "AUTH=LOGIN");
        trial_run(&t, "C: AUTH LOGIN\n"
                      "S: 334 VXNlcm5hbWU6\n"
                      "C: YWxpY2U=\n"
                      "S: 334 UGFzc3dvcmQ6\n"
                      "C: c2VjcmV0\n"
                      "S: 235 ok\n"
                      "READY\n");
        trial_close(&t);
}
END_TEST

START_TEST(a_refused_login_is_told_with_the_servers_words)
{
        struct trial t;

        begin_auth(&t, "AUTH PLAIN");
        trial_run(&t, "C~ AUTH PLAIN\n"
                      "S: 535 5.7.8 wrong\n");
        trial_expect_failure(&t, "auth", 535, "5.7.8", "5.7.8 wrong");
        trial_close(&t);
}
END_TEST

START_TEST(endless_challenges_are_cancelled)
{
        struct trial t;

        begin_auth(&t, "AUTH PLAIN LOGIN");
        trial_run(&t, "C~ AUTH PLAIN\n"
                      "S: 334 \n"
                      "C~ AGFs\n"
                      "S: 334 \n"
                      "C: *\n"
                      "S: 501 cancelled\n"
                      "C: AUTH LOGIN\n"
                      "S: 334 x\n"
                      "C: YWxpY2U=\n"
                      "S: 334 x\n"
                      "C: c2VjcmV0\n"
                      "S: 334 x\n"
                      "C: *\n"
                      "S: 334 x\n");
        trial_expect_failure(&t, "auth", 0, "4.5.0", "not the answer");
        trial_close(&t);
}
END_TEST

START_TEST(a_mechanism_that_is_taken_back_is_left_out)
{
        struct trial t;

        begin_auth(&t, "AUTH PLAIN LOGIN");
        trial_run(&t, "C~ AUTH PLAIN\n"
                      "S: 504 5.5.4 unknown\n"
                      "C: AUTH LOGIN\n"
                      "S: 504 5.5.4 unknown\n");
        trial_expect_failure(&t, "auth", 0, "4.7.0", "no login that is known here");
        trial_close(&t);
}
END_TEST

START_TEST(nothing_to_log_in_with_is_a_failure)
{
        struct trial t;

        begin_auth(&t, "AUTH GSSAPI");
        trial_expect_failure(&t, "auth", 0, "4.7.0", "no login that is known here");
        trial_close(&t);
}
END_TEST

START_TEST(no_password_is_sent_in_the_clear)
{
        struct trial t;

        trial_open(&t);
        t.params.username = "alice";
        t.params.password = "secret";
        trial_message(&t, "alice@example.net", one, "x\r\n");
        trial_connect(&t);
        trial_run(&t, EHLO "S: 250-mx\nS: 250 AUTH PLAIN\nQUIET\n");
        trial_expect_failure(&t, "auth", 0, "4.7.0", "no login without TLS");
        trial_close(&t);
}
END_TEST

/* ---- SCRAM: libgsasl's server answers ---- */

static int scram_property(Gsasl *g, Gsasl_session *s, Gsasl_property property)
{
        (void)g;
        if (property != GSASL_PASSWORD)
                return GSASL_NO_CALLBACK;
        gsasl_property_set(s, GSASL_PASSWORD, "secret");
        return GSASL_OK;
}

/* The next line of the client behind `before`, decoded. */
static void read_message(struct trial *t, const char *before, struct buf *out)
{
        struct slice line;

        while (slice_find(buf_slice(&t->in), '\n') < 0) {
                char some[4096];
                int n = SSL_read(t->ssl, some, sizeof some);

                if (n > 0)
                        buf_add(&t->in, (struct slice){ some, (size_t)n });
                else
                        trial_turn(t);
        }
        line = buf_slice(&t->in);
        ck_assert(slice_skip_word(&line, slice_of(before)));
        line = slice_head(line, (size_t)slice_find(line, '\r'));
        buf_clear(out);
        ck_assert_msg(text_base64_decode(line, out) == ERR_OK, SLICE_FMT, SLICE_ARG(line));
        buf_clear(&t->in);
}

static void send_challenge(struct trial *t, struct slice message)
{
        AUTO_BUF(script, 4096);

        buf_add(&script, SLICE("S: 334 "));
        ck_assert(text_base64_encode(message, &script) == ERR_OK);
        buf_addc(&script, '\n');
        trial_run(t, script.ptr);
}

START_TEST(scram_proves_both_sides)
{
        Gsasl *gsasl = NULL;
        Gsasl_session *session = NULL;
        AUTO_BUF(message, 4096);
        const char *before = "AUTH SCRAM-SHA-256 ";
        struct trial t;
        int rc;

        ck_assert_int_eq(gsasl_init(&gsasl), GSASL_OK);
        gsasl_callback_set(gsasl, scram_property);
        ck_assert_int_eq(gsasl_server_start(gsasl, "SCRAM-SHA-256", &session), GSASL_OK);
        begin_auth(&t, "AUTH PLAIN SCRAM-SHA-256");
        do {
                char *out = NULL;
                size_t len = 0;

                read_message(&t, before, &message);
                rc = gsasl_step(session, message.ptr, message.len, &out, &len);
                ck_assert(rc == GSASL_OK || rc == GSASL_NEEDS_MORE);
                send_challenge(&t, (struct slice){ out, len });
                gsasl_free(out);
                before = "";
        } while (rc == GSASL_NEEDS_MORE);
        trial_run(&t, "C: \n"
                      "S: 235 2.7.0 welcome\n"
                      "READY\n");
        gsasl_finish(session);
        gsasl_done(gsasl);
        trial_close(&t);
}
END_TEST

START_TEST(a_server_that_does_not_prove_itself_is_not_believed)
{
        AUTO_BUF(message, 4096);
        struct trial t;

        begin_auth(&t, "AUTH SCRAM-SHA-256");
        read_message(&t, "AUTH SCRAM-SHA-256 ", &message);
        trial_run(&t, "S: 235 2.7.0 welcome\n");
        trial_expect_failure(&t, "auth", 0, "4.7.0", "did not prove");
        trial_close(&t);
}
END_TEST

START_TEST(too_many_iterations_are_not_computed)
{
        static const char *const counts[] = { "1000001",    "0",
                                              "4294967295", "99999999999999999999999",
                                              "x",          "" };

        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
                AUTO_BUF(message, 4096);
                AUTO_BUF(first, 4096);
                struct slice nonce;
                struct trial t;

                begin_auth(&t, "AUTH PLAIN SCRAM-SHA-256");
                read_message(&t, "AUTH SCRAM-SHA-256 ", &message);
                nonce = buf_slice(&message);
                nonce = slice_from(nonce, (size_t)slice_rfind(nonce, ',') + 1);
                buf_addf(&first, SLICE_FMT "xyz,s=QSXCR+Q6sek8bf92,i=%s", SLICE_ARG(nonce),
                         counts[i]);
                send_challenge(&t, buf_slice(&first));
                trial_run(&t, "C: *\n"
                              "S: 501 cancelled\n"
                              "C~ AUTH PLAIN \n");
                trial_close(&t);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client, TLS and AUTH");
        TCase *tc = tcase_create("tls");

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, offers_made_in_the_clear_are_forgotten);
        tcase_add_test(tc, quit_is_said_over_tls);
        tcase_add_test(tc, tls_is_left_alone_when_it_is_not_wanted);
        tcase_add_test(tc, opportunistic_goes_on_when_starttls_is_refused);
        tcase_add_loop_test(tc, required_tls_cannot_be_downgraded, 0,
                            sizeof downgrades / sizeof downgrades[0]);
        tcase_add_test(tc, required_tls_does_not_fall_back_to_helo);
        tcase_add_test(tc, plaintext_behind_220_fails_the_connection);
        tcase_add_test(tc, an_answer_before_the_question_fails_the_connection);
        tcase_add_test(tc, a_failed_handshake_is_told_as_tls);
        tcase_add_test(tc, tls_1_2_is_the_least);
        tcase_add_test(tc, weak_keys_are_good_enough_for_opportunism_only);
        tcase_add_test(tc, implicit_tls_begins_at_once);
        tcase_add_test(tc, large_content_goes_over_tls);
        suite_add_tcase(s, tc);
        tc = tcase_create("auth");
        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, plain_goes_with_the_command);
        tcase_add_test(tc, login_is_two_answers);
        tcase_add_test(tc, a_refused_login_is_told_with_the_servers_words);
        tcase_add_test(tc, endless_challenges_are_cancelled);
        tcase_add_test(tc, a_mechanism_that_is_taken_back_is_left_out);
        tcase_add_test(tc, nothing_to_log_in_with_is_a_failure);
        tcase_add_test(tc, no_password_is_sent_in_the_clear);
        tcase_add_test(tc, scram_proves_both_sides);
        tcase_add_test(tc, a_server_that_does_not_prove_itself_is_not_believed);
        tcase_add_test(tc, too_many_iterations_are_not_computed);
        suite_add_tcase(s, tc);
        return run_client_suite(s);
}
