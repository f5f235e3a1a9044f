/* test_password.c — USER/PASS, PLAIN and LOGIN against a real store. */
#include "helper_auth.h"

#include "mailserver/core/log.h"
#include "mailserver/core/task.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct house house;
static struct net_address afar;

static void setup(void)
{
        house_open(&house);
        afar = house_address("192.0.2.1");
}

static void teardown(void)
{
        house_close(&house);
}

/* ---- who gets in ---- */

static const struct {
        const char *what, *name, *password;
        enum auth_outcome outcome;
} logins[] = {
        {"a full name",                       "bob@example.org",   "secret of bob",   AUTH_OK    },
        { "a local part only one domain has", "bob",               "secret of bob",   AUTH_OK    },
        { "in another case",                  "BOB@Example.ORG",   "secret of bob",   AUTH_OK    },
        { "a local part two domains have",    "alice",             "secret of alice", AUTH_FAILED},
        { "the other alice",                  "alice@example.net", "secret of alice", AUTH_OK    },
        { "a wrong password",                 "bob@example.org",   "secret",          AUTH_FAILED},
        { "an empty password",                "bob@example.org",   "",                AUTH_FAILED},
        { "an unknown user",                  "eve@example.org",   "secret of eve",   AUTH_FAILED},
        { "an unknown domain",                "bob@example.com",   "secret of bob",   AUTH_FAILED},
        { "no name",                          "",                  "secret",          AUTH_FAILED},
        { "not a name",                       "bob@@",             "secret of bob",   AUTH_FAILED},
        { "a disabled account",               "carol@example.org", "secret of carol", AUTH_FAILED},
        { "an account without a password",    "dave@example.org",  "",                AUTH_FAILED},
};

START_TEST(a_password_lets_in_whose_it_is)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_msg(attempt_password(&a, logins[_i].name, logins[_i].password) ==
                              logins[_i].outcome,
                      "%s", logins[_i].what);
        if (logins[_i].outcome == AUTH_OK) {
                ck_assert_int_gt(auth_exchange_account(a.exchange), 0);
                ck_assert_msg(strstr(auth_exchange_name(a.exchange), "@example."), "%s",
                              auth_exchange_name(a.exchange));
        }
        attempt_end(&a);
}
END_TEST

/* ---- PLAIN ---- */

#define BYTES(literal)                                                                             \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }
static const struct {
        const char *what;
        struct slice message;
        enum auth_outcome outcome;
} plains[] = {
        {"no authzid",                     BYTES("\0bob@example.org\0secret of bob"),      AUTH_OK       },
        { "the same authzid",              BYTES("bob\0bob\0secret of bob"),               AUTH_OK       },
        { "the account's name as authzid", BYTES("Bob@example.org\0bob\0secret of bob"),   AUTH_OK       },
        { "someone else's authzid",        BYTES("alice@example.org\0bob\0secret of bob"), AUTH_FAILED   },
        { "a wrong password",              BYTES("\0bob@example.org\0secret"),             AUTH_FAILED   },
        { "nothing",                       BYTES(""),                                      AUTH_MALFORMED},
        { "no separators",                 BYTES("bob secret"),                            AUTH_MALFORMED},
        { "one separator",                 BYTES("\0bob"),                                 AUTH_MALFORMED},
        { "a NUL in the password",         BYTES("\0bob\0secret of bob\0more"),            AUTH_MALFORMED},
};

START_TEST(plain_says_who_and_why_in_one_message)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_msg(attempt_start(&a, "plain", plains[_i].message) == plains[_i].outcome,
                      "%s, with initial response", plains[_i].what);
        ck_assert_str_eq(auth_exchange_mechanism(a.exchange), "PLAIN");
        attempt_end(&a);

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "PLAIN", (struct slice){ 0 }), AUTH_CHALLENGE);
        ck_assert_str_eq(auth_exchange_challenge(a.exchange), "");
        ck_assert_msg(attempt_respond(&a, plains[_i].message) == plains[_i].outcome,
                      "%s, after the challenge", plains[_i].what);
        attempt_end(&a);
}
END_TEST

/* ---- LOGIN ---- */

START_TEST(login_asks_for_name_and_password)
{
        struct auth_client client = house_client();
        struct attempt a;
        AUTO_BUF(challenge, 64);

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "LOGIN", (struct slice){ 0 }), AUTH_CHALLENGE);
        attempt_challenge(&a, &challenge);
        ck_assert_str_eq(challenge.ptr, "Username:");
        ck_assert_int_eq(attempt_respond(&a, SLICE("bob")), AUTH_CHALLENGE);
        attempt_challenge(&a, &challenge);
        ck_assert_str_eq(challenge.ptr, "Password:");
        ck_assert_int_eq(attempt_respond(&a, SLICE("secret of bob")), AUTH_OK);
        ck_assert_str_eq(auth_exchange_name(a.exchange), "bob@example.org");
        attempt_end(&a);
}
END_TEST

START_TEST(login_takes_the_name_as_initial_response)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "LOGIN", SLICE("bob")), AUTH_CHALLENGE);
        ck_assert_int_eq(attempt_respond(&a, SLICE("wrong")), AUTH_FAILED);
        attempt_end(&a);
        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "LOGIN", SLICE("")), AUTH_MALFORMED);
        attempt_end(&a);
}
END_TEST

/* ---- what is not a SASL message at all ---- */

static const struct {
        const char *what, *line;
        enum auth_outcome outcome;
} lines[] = {
        {"the client gives up",                                "*",      AUTH_ABORTED  },
        { "not base64",                                        "!!!!",   AUTH_MALFORMED},
        { "cut base64",                                        "AGJv",   AUTH_MALFORMED},
        { "padding missing",                                   "AGJvYg", AUTH_MALFORMED},
        { "an equals sign where there is no initial response", "=",      AUTH_MALFORMED},
        { "nothing",                                           "",       AUTH_MALFORMED},
};

START_TEST(a_line_that_is_no_answer_ends_the_attempt)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start_raw(&a, "PLAIN", NULL), AUTH_CHALLENGE);
        ck_assert_msg(attempt_respond_raw(&a, lines[_i].line) == lines[_i].outcome, "%s",
                      lines[_i].what);
        attempt_end(&a);
}
END_TEST

START_TEST(an_initial_response_must_be_base64)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start_raw(&a, "PLAIN", "!!!!"), AUTH_MALFORMED);
        attempt_end(&a);
}
END_TEST

START_TEST(a_name_or_a_password_beyond_measure_is_refused)
{
        struct auth_client client = house_client();
        char long_text[2000];

        memset(long_text, 'a', sizeof long_text - 1);
        long_text[sizeof long_text - 1] = '\0';
        ck_assert_int_eq(log_in(&house, &client, "bob", long_text), AUTH_FAILED);
        ck_assert_int_eq(log_in(&house, &client, long_text, "secret"), AUTH_FAILED);
}
END_TEST

/* ---- what is offered to whom ---- */

static const struct {
        const char *what;
        bool loopback, tls;
        const char *binding_type, *mechanisms;
} offers[] = {
        {"from afar in the clear",       false, false, NULL,           ""                                     },
        { "on loopback in the clear",    true,  false, NULL,           "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1"},
        { "under TLS",                   false, true,  NULL,           "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1"},
        { "under TLS that can be bound", false, true,  "tls-exporter",
         "PLAIN LOGIN SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1"                          },
};

START_TEST(mechanisms_depend_on_how_the_client_is_connected)
{
        struct auth_client client = house_client();
        AUTO_BUF(mechanisms, 256);
        struct attempt a;

        if (!offers[_i].loopback)
                client.peer = &afar;
        client.tls = offers[_i].tls;
        client.binding_type = offers[_i].binding_type;
        client.binding = SLICE("0123456789abcdef");
        auth_mechanisms(house.auth, &client, &mechanisms);
        ck_assert_msg(slice_eq(buf_slice(&mechanisms), slice_of(offers[_i].mechanisms)), "%s: %s",
                      offers[_i].what, mechanisms.ptr);
        ck_assert_int_eq(auth_offered(house.auth, &client), *offers[_i].mechanisms != '\0');

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "PLAIN", SLICE("\0bob\0secret of bob")),
                         *offers[_i].mechanisms ? AUTH_OK : AUTH_NO_MECHANISM);
        attempt_end(&a);
        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "SCRAM-SHA-1-PLUS", (struct slice){ 0 }),
                         strstr(offers[_i].mechanisms, "PLUS") ? AUTH_CHALLENGE
                                                               : AUTH_NO_MECHANISM);
        attempt_end(&a);
}
END_TEST

START_TEST(an_unknown_mechanism_is_refused)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_start(&a, "CRAM-MD5", (struct slice){ 0 }), AUTH_NO_MECHANISM);
        attempt_end(&a);
}
END_TEST

/* ---- remembering ---- */

static char last_line[2048];

static void keep_line(enum log_level level, const char *line)
{
        (void)level;
        snprintf(last_line, sizeof last_line, "%s", line);
}

START_TEST(a_good_login_is_remembered_until_it_is_forgotten)
{
        struct auth_client client = house_client();
        struct attempt a;

        log_set_sink(keep_line);
        attempt_begin(&a, &house, &client);
        ck_assert_int_eq(attempt_password(&a, "bob", "secret of bob"), AUTH_OK);
        ck_assert(strstr(last_line, "reason=password") != NULL);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        ck_assert(strstr(last_line, "reason=remembered") != NULL);
        auth_forget(house.auth, auth_exchange_account(a.exchange));
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        ck_assert(strstr(last_line, "reason=password") != NULL);
        attempt_end(&a);
}
END_TEST

START_TEST(a_changed_password_is_not_let_in_by_memory)
{
        struct auth_client client = house_client();

        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        house_set_password(&house, "bob", "another");
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_FAILED);
        ck_assert_int_eq(log_in(&house, &client, "bob", "another"), AUTH_OK);
}
END_TEST

START_TEST(the_log_names_the_outcome_and_never_the_password)
{
        struct auth_client client = house_client();

        log_set_sink(keep_line);
        ck_assert_int_eq(log_in(&house, &client, "bob", "Tr0ub4dor"), AUTH_FAILED);
        ck_assert_str_eq(last_line, "c=1f3 auth failed protocol=test mechanism=USER "
                                    "account=bob@example.org address=127.0.0.1 "
                                    "reason=wrong_password");
        ck_assert_int_eq(log_in(&house, &client, "eve\n", "Tr0ub4dor"), AUTH_FAILED);
        ck_assert_str_eq(last_line, "c=1f3 auth failed protocol=test mechanism=USER "
                                    "account=eve\\x0a address=127.0.0.1 reason=unknown_user");
}
END_TEST

/* ---- clients that leave, queues that fill ---- */

static const char *const moments[] = { "auth lookup", "auth hash" };

START_TEST(a_client_may_leave_while_a_worker_is_at_it)
{
        struct auth_client client = house_client();
        struct attempt a;

        task_hub_hold(house.hub, moments[_i]);
        attempt_begin(&a, &house, &client);
        auth_exchange_password(a.exchange, SLICE("bob"), SLICE("secret of bob"));
        while (!task_hub_held(house.hub))
                loop_turn(house.loop, true);
        attempt_end(&a);
        task_hub_release(house.hub);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        ck_assert(!a.answered);
}
END_TEST

START_TEST(a_client_may_leave_before_it_is_told)
{
        struct auth_client client = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &client);
        auth_exchange_start(a.exchange, SLICE("NONE"), (struct slice){ 0 });
        attempt_end(&a);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        ck_assert(!a.answered);
}
END_TEST

START_TEST(logins_beyond_the_queue_are_told_to_come_again)
{
        enum { N = 40 };
        struct auth_client client = house_client();
        struct attempt attempts[N];
        size_t unavailable = 0;

        for (size_t i = 0; i < N; i++) {
                attempt_begin(&attempts[i], &house, &client);
                auth_exchange_password(attempts[i].exchange, SLICE("bob"), SLICE("secret of bob"));
        }
        for (size_t i = 0; i < N; i++) {
                while (!attempts[i].answered)
                        loop_turn(house.loop, true);
                ck_assert(attempts[i].outcome == AUTH_OK ||
                          attempts[i].outcome == AUTH_UNAVAILABLE);
                unavailable += attempts[i].outcome == AUTH_UNAVAILABLE;
                attempt_end(&attempts[i]);
        }
        ck_assert_uint_gt(unavailable, 0);
        ck_assert_uint_lt(unavailable, N);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
}
END_TEST

/* RFC 4616 2: by SASLprep these are alice and bob. */
static const struct {
        const char *name, *password;
} prepared[] = {
        {"\xef\xbd\x82\xef\xbd\x8f\xef\xbd\x82", "secret of bob"  }, /* wide letters */
        { "b\xc2\xadob",                         "secret of bob"  }, /* a soft hyphen */
        { "\xef\xbd\x82ob@example.org",          "secret of bob"  },
        { "\xef\xbc\xa1lice@example.org",        "secret of alice"},
};

START_TEST(a_name_is_prepared)
{
        struct auth_client client = house_client();

        ck_assert_int_eq(log_in(&house, &client, prepared[_i].name, prepared[_i].password),
                         AUTH_OK);
        ck_assert_int_eq(log_in(&house, &client, prepared[_i].name, "wrong"), AUTH_FAILED);
}
END_TEST

START_TEST(answers_to_failures_from_afar_are_held_back)
{
        struct auth_config config = house_auth_config;
        struct auth_client client = house_client();
        struct attempt a;

        config.failure_delay_ms = config.failure_delay_max_ms = 3600000;
        auth_set_config(house.auth, &config);
        client.peer = &afar;
        client.tls = true;
        log_set_sink(keep_line);
        attempt_begin(&a, &house, &client);
        auth_exchange_password(a.exchange, SLICE("bob"), SLICE("wrong"));
        *last_line = '\0';
        while (!strstr(last_line, "wrong_password"))
                loop_turn(house.loop, true);
        /* Decided, and not told for an hour; the next turns bring nothing. */
        for (int i = 0; i < 10; i++)
                loop_turn(house.loop, false);
        ck_assert(!a.answered);
        attempt_end(&a);
}
END_TEST

/* A guesser who leaves without the answer, and comes again at once. */
START_TEST(a_new_connection_does_not_come_before_its_turn)
{
        struct auth_config config = house_auth_config;
        struct auth_client client = house_client(), near = house_client();
        struct attempt a;

        config.failure_delay_ms = config.failure_delay_max_ms = 3600000;
        auth_set_config(house.auth, &config);
        client.peer = &afar;
        client.tls = true;
        log_set_sink(keep_line);
        attempt_begin(&a, &house, &client);
        auth_exchange_password(a.exchange, SLICE("bob"), SLICE("wrong"));
        *last_line = '\0';
        while (!strstr(last_line, "wrong_password"))
                loop_turn(house.loop, true);
        attempt_end(&a);

        attempt_begin(&a, &house, &client);
        auth_exchange_password(a.exchange, SLICE("bob"), SLICE("secret of bob"));
        do {
                loop_turn(house.loop, false);
        } while (task_hub_outstanding(house.hub));
        for (int i = 0; i < 10; i++)
                loop_turn(house.loop, false);
        ck_assert(!a.answered);
        attempt_end(&a);

        /* Who was let in a moment ago is known, and need not wait. */
        ck_assert_int_eq(log_in(&house, &near, "bob", "secret of bob"), AUTH_OK);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("password");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_test(tc, a_new_connection_does_not_come_before_its_turn);
        tcase_set_timeout(tc, 0);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, a_password_lets_in_whose_it_is, 0,
                            (int)(sizeof logins / sizeof *logins));
        tcase_add_loop_test(tc, plain_says_who_and_why_in_one_message, 0,
                            (int)(sizeof plains / sizeof *plains));
        tcase_add_test(tc, login_asks_for_name_and_password);
        tcase_add_test(tc, login_takes_the_name_as_initial_response);
        tcase_add_loop_test(tc, a_line_that_is_no_answer_ends_the_attempt, 0,
                            (int)(sizeof lines / sizeof *lines));
        tcase_add_test(tc, an_initial_response_must_be_base64);
        tcase_add_test(tc, a_name_or_a_password_beyond_measure_is_refused);
        tcase_add_loop_test(tc, mechanisms_depend_on_how_the_client_is_connected, 0,
                            (int)(sizeof offers / sizeof *offers));
        tcase_add_test(tc, an_unknown_mechanism_is_refused);
        tcase_add_test(tc, a_good_login_is_remembered_until_it_is_forgotten);
        tcase_add_test(tc, a_changed_password_is_not_let_in_by_memory);
        tcase_add_test(tc, the_log_names_the_outcome_and_never_the_password);
        tcase_add_loop_test(tc, a_client_may_leave_while_a_worker_is_at_it, 0,
                            (int)(sizeof moments / sizeof *moments));
        tcase_add_test(tc, a_client_may_leave_before_it_is_told);
        tcase_add_test(tc, logins_beyond_the_queue_are_told_to_come_again);
        tcase_add_loop_test(tc, a_name_is_prepared, 0, (int)(sizeof prepared / sizeof *prepared));
        tcase_add_test(tc, answers_to_failures_from_afar_are_held_back);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
