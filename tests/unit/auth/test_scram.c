/* test_scram.c — SCRAM and SCRAM-PLUS against libgsasl's client: RFC 5802, RFC 7677. */
#include "helper_auth.h"

#include "mailserver/core/task.h"
#include "mailserver/core/text.h"

#include <check.h>
#include <gsasl.h>
#include <stdlib.h>

static struct house house;
static Gsasl *gsasl;

/* ---- the client ---- */

struct client {
        const char *name, *password, *authzid, *binding; /* binding in base64 */
        Gsasl_property binding_property;
};

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
        if (!value)
                return GSASL_NO_CALLBACK;
        return gsasl_property_set(session, property, value);
}

static int client_callback(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
        const struct client *c = gsasl_session_hook_get(session);

        (void)ctx;
        if (c->binding && property == c->binding_property)
                return give(session, property, c->binding);
        switch (property) {
        case GSASL_AUTHID:
                return give(session, property, c->name);
        case GSASL_PASSWORD:
                return give(session, property, c->password);
        case GSASL_AUTHZID:
                return give(session, property, c->authzid);
        default:
                return GSASL_NO_CALLBACK;
        }
}

static void setup(void)
{
        house_open(&house);
        ck_assert_int_eq(gsasl_init(&gsasl), GSASL_OK);
        gsasl_callback_set(gsasl, client_callback);
}

static void teardown(void)
{
        gsasl_done(gsasl);
        house_close(&house);
}

/* The client's next message for what the server has said. False: the client is not content. */
static bool client_step(Gsasl_session *session, struct slice said, struct buf *out)
{
        char *octets = NULL;
        size_t len = 0;
        int rc = gsasl_step(session, said.ptr, said.len, &octets, &len);

        buf_clear(out);
        if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
                return false;
        buf_add(out, (struct slice){ octets ? octets : "", len });
        gsasl_free(octets);
        return true;
}

/* The whole conversation; what the server says at its end. */
static enum auth_outcome converse(struct attempt *a, const char *mechanism, struct client *c,
                                  bool initial)
{
        Gsasl_session *session;
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(said, BUF_MAX);
        enum auth_outcome outcome;

        ck_assert_int_eq(gsasl_client_start(gsasl, mechanism, &session), GSASL_OK);
        gsasl_session_hook_set(session, c);
        if (initial) {
                ck_assert(client_step(session, SLICE(""), &message));
                outcome = attempt_start(a, mechanism, buf_slice(&message));
        } else {
                outcome = attempt_start(a, mechanism, (struct slice){ 0 });
        }
        while (outcome == AUTH_CHALLENGE) {
                attempt_challenge(a, &said);
                /* The client checks the server's signature in the last step. */
                ck_assert(client_step(session, buf_slice(&said), &message));
                outcome = attempt_respond(a, buf_slice(&message));
        }
        gsasl_finish(session);
        return outcome;
}

static const struct {
        const char *what;
        struct client client;
        enum auth_outcome outcome;
} logins[] = {
        {"the right password",      { "bob@example.org", "secret of bob", 0, 0, 0 },       AUTH_OK    },
        { "a local part alone",     { "bob", "secret of bob", 0, 0, 0 },                   AUTH_OK    },
        { "the account as authzid", { "bob", "secret of bob", "bob@example.org", 0, 0 },   AUTH_OK    },
        { "another authzid",        { "bob", "secret of bob", "alice@example.org", 0, 0 }, AUTH_FAILED},
        { "a wrong password",       { "bob@example.org", "secret", 0, 0, 0 },              AUTH_FAILED},
        { "an unknown user",        { "eve@example.org", "secret", 0, 0, 0 },              AUTH_FAILED},
        { "a disabled account",     { "carol@example.org", "secret of carol", 0, 0, 0 },   AUTH_FAILED},
        { "no password set",        { "dave@example.org", "secret", 0, 0, 0 },             AUTH_FAILED},
};

static const char *const mechanisms[] = { "SCRAM-SHA-256", "SCRAM-SHA-1" };

START_TEST(a_proof_lets_in_whose_it_is)
{
        struct auth_client connected = house_client();
        struct client c = logins[_i].client;

        for (size_t m = 0; m < sizeof mechanisms / sizeof *mechanisms; m++) {
                for (int initial = 0; initial < 2; initial++) {
                        struct attempt a;

                        attempt_begin(&a, &house, &connected);
                        ck_assert_msg(converse(&a, mechanisms[m], &c, initial) ==
                                              logins[_i].outcome,
                                      "%s, %s", logins[_i].what, mechanisms[m]);
                        if (logins[_i].outcome == AUTH_OK)
                                ck_assert_str_eq(auth_exchange_name(a.exchange), "bob@example.org");
                        attempt_end(&a);
                }
        }
}
END_TEST

#define HERE "dGhpcyBUTFMgc2Vzc2lvbg==" /* "this TLS session" */
static const struct {
        const char *what, *mechanism, *type;
        struct client client;
        enum auth_outcome outcome;
} bindings[] = {
        {"bound by TLS 1.3",
         "SCRAM-SHA-256-PLUS", "tls-exporter",
         { "bob", "secret of bob", 0, HERE, GSASL_CB_TLS_EXPORTER },
         AUTH_OK    },
        { "bound by TLS 1.2",
         "SCRAM-SHA-256-PLUS", "tls-unique",
         { "bob", "secret of bob", 0, HERE, GSASL_CB_TLS_UNIQUE },
         AUTH_OK    },
        { "bound, SHA-1",
         "SCRAM-SHA-1-PLUS",   "tls-exporter",
         { "bob", "secret of bob", 0, HERE, GSASL_CB_TLS_EXPORTER },
         AUTH_OK    },
        { "another session's binding",
         "SCRAM-SHA-256-PLUS", "tls-exporter",
         { "bob", "secret of bob", 0, "b3RoZXI=", GSASL_CB_TLS_EXPORTER },
         AUTH_FAILED},
        { "the wrong type of binding",
         "SCRAM-SHA-256-PLUS", "tls-exporter",
         { "bob", "secret of bob", 0, HERE, GSASL_CB_TLS_UNIQUE },
         AUTH_FAILED},
        { "not bound where it could be",
         "SCRAM-SHA-256",      "tls-exporter",
         { "bob", "secret of bob", 0, 0, 0 },
         AUTH_OK    },
};

START_TEST(plus_binds_the_proof_to_the_tls_session)
{
        struct auth_client connected = house_client();
        struct client c = bindings[_i].client;
        struct attempt a;

        connected.tls = true;
        connected.binding_type = bindings[_i].type;
        connected.binding = SLICE("this TLS session");
        attempt_begin(&a, &house, &connected);
        ck_assert_msg(converse(&a, bindings[_i].mechanism, &c, true) == bindings[_i].outcome, "%s",
                      bindings[_i].what);
        attempt_end(&a);
}
END_TEST

static const struct {
        const char *what, *mechanism, *message;
        enum auth_outcome outcome;
} firsts[] = {
        {"well formed",                                      "SCRAM-SHA-256",      "n,,n=bob,r=abcdefgh",              AUTH_CHALLENGE},
        { "made to believe there is no binding: RFC 5802 6", "SCRAM-SHA-256",      "y,,n=bob,r=abcdefgh",
         AUTH_FAILED                                                                                                                 },
        { "bound without -PLUS",                             "SCRAM-SHA-256",      "p=tls-exporter,,n=bob,r=abcdefgh",
         AUTH_MALFORMED                                                                                                              },
        { "-PLUS without a binding",                         "SCRAM-SHA-256-PLUS", "n,,n=bob,r=abcdefgh",              AUTH_FAILED   },
        { "nothing",                                         "SCRAM-SHA-256",      "",                                 AUTH_MALFORMED},
        { "no nonce",                                        "SCRAM-SHA-256",      "n,,n=bob",                         AUTH_MALFORMED},
        { "no name",                                         "SCRAM-SHA-256",      "n,,n=,r=abcdefgh",                 AUTH_MALFORMED},
        { "no header",                                       "SCRAM-SHA-256",      "n=bob,r=abcdefgh",                 AUTH_MALFORMED},
        { "noise",                                           "SCRAM-SHA-256",      "\x01\x02\xff",                     AUTH_MALFORMED},
};

START_TEST(client_first_is_read_strictly)
{
        struct auth_client connected = house_client();
        struct attempt a;

        connected.tls = true;
        connected.binding_type = "tls-exporter";
        connected.binding = SLICE("this TLS session");
        attempt_begin(&a, &house, &connected);
        ck_assert_msg(attempt_start(&a, firsts[_i].mechanism, slice_of(firsts[_i].message)) ==
                              firsts[_i].outcome,
                      "%s", firsts[_i].what);
        attempt_end(&a);
}
END_TEST

static const struct {
        const char *what, *message;
        enum auth_outcome outcome;
} finals[] = {
        {"nothing",        "",                                            AUTH_MALFORMED},
        { "noise",         "nonsense",                                    AUTH_MALFORMED},
        { "another nonce",
         "c=biws,r=other,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", AUTH_FAILED   },
};

START_TEST(client_final_is_read_strictly)
{
        struct auth_client connected = house_client();
        struct attempt a;

        attempt_begin(&a, &house, &connected);
        ck_assert_int_eq(attempt_start(&a, "SCRAM-SHA-256", SLICE("n,,n=bob,r=abcdefgh")),
                         AUTH_CHALLENGE);
        ck_assert_msg(attempt_respond(&a, slice_of(finals[_i].message)) == finals[_i].outcome, "%s",
                      finals[_i].what);
        attempt_end(&a);
}
END_TEST

START_TEST(after_server_final_the_client_has_nothing_more_to_say)
{
        struct auth_client connected = house_client();
        struct client c = { "bob", "secret of bob", 0, 0, 0 };
        static const struct {
                const char *line;
                enum auth_outcome outcome;
        } ends[] = {
                {"",          AUTH_OK       },
                { "*",        AUTH_ABORTED  },
                { "bW9yZQ==", AUTH_MALFORMED}
        };

        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
                Gsasl_session *session;
                AUTO_BUF(message, BUF_MAX);
                AUTO_BUF(said, BUF_MAX);
                struct attempt a;

                ck_assert_int_eq(gsasl_client_start(gsasl, "SCRAM-SHA-256", &session), GSASL_OK);
                gsasl_session_hook_set(session, &c);
                attempt_begin(&a, &house, &connected);
                ck_assert(client_step(session, SLICE(""), &message));
                ck_assert_int_eq(attempt_start(&a, "SCRAM-SHA-256", buf_slice(&message)),
                                 AUTH_CHALLENGE);
                attempt_challenge(&a, &said);
                ck_assert(client_step(session, buf_slice(&said), &message));
                ck_assert_int_eq(attempt_respond(&a, buf_slice(&message)), AUTH_CHALLENGE);
                ck_assert_int_eq(attempt_respond_raw(&a, ends[i].line), ends[i].outcome);
                attempt_end(&a);
                gsasl_finish(session);
        }
}
END_TEST

static void turn_until_idle(void)
{
        for (int idle = 0; idle < 10; idle = task_hub_outstanding(house.hub) ? 0 : idle + 1)
                loop_turn(house.loop, false);
}

START_TEST(a_proof_is_not_looked_at_before_its_turn)
{
        struct auth_config config = house_auth_config;
        struct net_address address = house_address("192.0.2.1");
        struct auth_client afar = house_client();
        struct client c = { "bob@example.org", "secret of bob", 0, 0, 0 };
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(said, BUF_MAX);
        Gsasl_session *session;
        struct attempt a;

        config.failure_delay_ms = config.failure_delay_max_ms = 3600000;
        auth_set_config(house.auth, &config);
        afar.peer = &address;
        afar.tls = true;
        attempt_begin(&a, &house, &afar);
        auth_exchange_password(a.exchange, SLICE("bob"), SLICE("wrong"));
        turn_until_idle();
        ck_assert(!a.answered);
        attempt_end(&a);

        ck_assert_int_eq(gsasl_client_start(gsasl, "SCRAM-SHA-256", &session), GSASL_OK);
        gsasl_session_hook_set(session, &c);
        attempt_begin(&a, &house, &afar);
        ck_assert(client_step(session, SLICE(""), &message));
        ck_assert_int_eq(attempt_start(&a, "SCRAM-SHA-256", buf_slice(&message)), AUTH_CHALLENGE);
        attempt_challenge(&a, &said);
        ck_assert(client_step(session, buf_slice(&said), &message));
        buf_clear(&said);
        ck_assert(!text_base64_encode(buf_slice(&message), &said));
        auth_exchange_respond(a.exchange, buf_slice(&said));
        turn_until_idle();
        ck_assert(!a.answered);
        attempt_end(&a);
        gsasl_finish(session);
}
END_TEST

/* The salt and iterations a stranger is shown for this name. */
static void shown(const char *mechanism, const char *name, struct buf *out)
{
        struct auth_client connected = house_client();
        AUTO_BUF(message, 256);
        AUTO_BUF(said, BUF_MAX);
        struct slice rest, nonce;
        struct attempt a;

        buf_addf(&message, "n,,n=%s,r=abcdefgh", name);
        attempt_begin(&a, &house, &connected);
        ck_assert_int_eq(attempt_start(&a, mechanism, buf_slice(&message)), AUTH_CHALLENGE);
        attempt_challenge(&a, &said);
        rest = buf_slice(&said);
        ck_assert(slice_cut(&rest, ',', &nonce));
        buf_clear(out);
        buf_add(out, rest);
        attempt_end(&a);
}

START_TEST(an_unknown_user_is_shown_the_same_salt_each_time_and_after_a_restart)
{
        AUTO_BUF(once, 256);
        AUTO_BUF(again, 256);

        shown("SCRAM-SHA-256", "eve@example.org", &once);
        shown("SCRAM-SHA-256", "eve@example.org", &again);
        ck_assert_str_eq(once.ptr, again.ptr);
        house_reopen(&house);
        shown("SCRAM-SHA-256", "eve@example.org", &again);
        ck_assert_str_eq(once.ptr, again.ptr);
}
END_TEST

static const struct {
        const char *what, *one, *other;
        bool same;
} salts[] = {
        {"an account by any of its spellings", "bob@example.org",   "BOB@example.org",     true },
        { "an account by its local part",      "bob@example.org",   "bob",                 true },
        { "nobody by any spelling",            "eve@example.org",   "EVE@Example.org",     true },
        { "two people",                        "alice@example.org", "bob@example.org",     false},
        { "two nobodies",                      "eve@example.org",   "mallory@example.org", false},
        { "two without a password",            "dave@example.org",  "eve@example.org",     false},
        { "one without a password",            "dave@example.org",  "dave",                true },
};

START_TEST(salts_do_not_tell_who_has_an_account)
{
        AUTO_BUF(one, 256);
        AUTO_BUF(other, 256);

        shown("SCRAM-SHA-256", salts[_i].one, &one);
        shown("SCRAM-SHA-256", salts[_i].other, &other);
        ck_assert_msg(slice_eq(buf_slice(&one), buf_slice(&other)) == salts[_i].same, "%s: %s %s",
                      salts[_i].what, one.ptr, other.ptr);
        ck_assert_uint_eq(one.len, other.len);
}
END_TEST

static bool same_salt(const char *one, const char *other)
{
        AUTO_BUF(first, 256);
        AUTO_BUF(second, 256);

        shown("SCRAM-SHA-256", one, &first);
        shown("SCRAM-SHA-256", other, &second);
        return slice_eq(buf_slice(&first), buf_slice(&second));
}

/* Else it would tell which names are somebody's: those have the salt of their own domain. */
START_TEST(a_bare_name_has_the_salt_of_one_domain_whether_it_is_somebodys_or_not)
{
        static const char *const names[] = { "alice",  "bob",   "carol",   "dave",
                                             "Eve",    "frank", "grace",   "heidi",
                                             "ivan",   "judy",  "mallory", "niaj",
                                             "olivia", "peggy", "rupert",  "sybil" };
        unsigned strangers_of_net = 0;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                AUTO_BUF(org, 256);
                AUTO_BUF(net, 256);
                bool as_org, as_net;

                buf_addf(&org, "%s@example.org", names[i]);
                buf_addf(&net, "%s@example.net", names[i]);
                as_org = same_salt(names[i], org.ptr);
                as_net = same_salt(names[i], net.ptr);
                ck_assert_msg(as_org != as_net, "%s", names[i]);
                strangers_of_net += i >= 4 && as_net;
        }
        ck_assert_uint_gt(strangers_of_net, 0);
        ck_assert_uint_lt(strangers_of_net, 12);
}
END_TEST

START_TEST(the_salts_of_two_mechanisms_differ_for_nobody_as_for_somebody)
{
        static const char *const names[] = { "bob@example.org", "eve@example.org" };

        for (size_t i = 0; i < 2; i++) {
                AUTO_BUF(one, 256);
                AUTO_BUF(other, 256);

                shown("SCRAM-SHA-256", names[i], &one);
                shown("SCRAM-SHA-1", names[i], &other);
                ck_assert_str_ne(one.ptr, other.ptr);
        }
}
END_TEST

static const char *const moments[] = { "auth secret", "auth scram" };

START_TEST(a_client_may_leave_while_a_worker_is_at_it)
{
        struct auth_client connected = house_client();
        struct client c = { "bob", "secret of bob", 0, 0, 0 };
        struct attempt a;

        task_hub_hold(house.hub, moments[_i]);
        attempt_begin(&a, &house, &connected);
        auth_exchange_start(a.exchange, SLICE("SCRAM-SHA-256"),
                            SLICE("biwsbj1ib2Iscj1hYmNkZWZnaA=="));
        while (!task_hub_held(house.hub))
                loop_turn(house.loop, true);
        attempt_end(&a);
        task_hub_release(house.hub);
        attempt_begin(&a, &house, &connected);
        ck_assert_int_eq(converse(&a, "SCRAM-SHA-256", &c, true), AUTH_OK);
        attempt_end(&a);
}
END_TEST

START_TEST(a_task_that_comes_back_after_auth_has_gone_is_only_dropped)
{
        struct auth_client connected = house_client();
        struct attempt a;

        task_hub_hold(house.hub, "auth scram");
        attempt_begin(&a, &house, &connected);
        auth_exchange_start(a.exchange, SLICE("SCRAM-SHA-256"),
                            SLICE("biwsbj1ib2Iscj1hYmNkZWZnaA=="));
        while (!task_hub_held(house.hub))
                loop_turn(house.loop, true);
        attempt_end(&a);
        house_reopen(&house); /* frees auth, then the store, then the hub with the task */
        ck_assert(!a.answered);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("scram");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, a_proof_lets_in_whose_it_is, 0,
                            (int)(sizeof logins / sizeof *logins));
        tcase_add_loop_test(tc, plus_binds_the_proof_to_the_tls_session, 0,
                            (int)(sizeof bindings / sizeof *bindings));
        tcase_add_loop_test(tc, client_first_is_read_strictly, 0,
                            (int)(sizeof firsts / sizeof *firsts));
        tcase_add_loop_test(tc, client_final_is_read_strictly, 0,
                            (int)(sizeof finals / sizeof *finals));
        tcase_add_test(tc, after_server_final_the_client_has_nothing_more_to_say);
        tcase_add_test(tc, an_unknown_user_is_shown_the_same_salt_each_time_and_after_a_restart);
        tcase_add_loop_test(tc, salts_do_not_tell_who_has_an_account, 0,
                            (int)(sizeof salts / sizeof *salts));
        tcase_add_test(tc, a_proof_is_not_looked_at_before_its_turn);
        tcase_add_test(tc, a_bare_name_has_the_salt_of_one_domain_whether_it_is_somebodys_or_not);
        tcase_add_test(tc, the_salts_of_two_mechanisms_differ_for_nobody_as_for_somebody);
        tcase_add_loop_test(tc, a_client_may_leave_while_a_worker_is_at_it, 0,
                            (int)(sizeof moments / sizeof *moments));
        tcase_add_test(tc, a_task_that_comes_back_after_auth_has_gone_is_only_dropped);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
