/* test_conn_tls.c — connections over TLS: implicit, by STARTTLS, by name, across a reload. */
#include "conn_impl.h"
#include "helper_cert.h"
#include "helper_net.h"

#include "mailserver/core/log.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fixture f;
static struct cert_dir dir;
static SSL_CTX *ctx;
static char info_line[2048];
static unsigned info_lines;

static void keep_line(enum log_level level, const char *line)
{
        if (level != LOG_LEVEL_INFO)
                return;
        info_lines++;
        snprintf(info_line, sizeof info_line, "%s", line);
}

static void set_up(bool implicit)
{
        struct tls_set *set;

        info_lines = 0;
        log_set_sink(keep_line);
        cert_dir_open(&dir);
        cert_add(&dir, (struct cert_options){
                               .key = "EC", .names = "mail.example", .common = "ec-mail" });
        cert_add(&dir, (struct cert_options){
                               .key = "RSA", .names = "mail.example", .common = "rsa-mail" });
        cert_add(&dir, (struct cert_options){
                               .key = "EC", .names = "*.other.example", .common = "ec-other" });
        set = cert_set(&dir);
        fixture_open(&f, implicit);
        net_server_set_tls(f.server, set);
        tls_set_unref(set);
        ctx = SSL_CTX_new(TLS_client_method());
}

static void implicit(void)
{
        set_up(true);
}

static void starttls(void)
{
        set_up(false);
}

static void teardown(void)
{
        SSL_CTX_free(ctx);
        fixture_close(&f);
        cert_dir_close(&dir);
        log_set_sink(NULL);
}

static void assert_common_name(struct client *c, const char *wanted)
{
        X509 *cert = SSL_get1_peer_certificate(c->ssl);
        char name[64] = "";

        ck_assert_ptr_nonnull(cert);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
        X509_free(cert);
        ck_assert_str_eq(name, wanted);
}

START_TEST(an_implicit_tls_client_is_greeted_after_the_handshake)
{
        struct client c = client_connect(&f);
        int bits = 0;

        turn_until(&f, net_server_connections(f.server) == 1);
        ck_assert_uint_eq(f.opened, 0);
        ck_assert(client_tls(&c, ctx, "mail.example"));
        client_expect(&c, "hello\r\n");
        ck_assert(conn_is_tls(f.conn));
        ck_assert(!conn_may_start_tls(f.conn));
        ck_assert_str_eq(conn_tls_version(f.conn), "TLSv1.3");
        ck_assert_str_eq(conn_tls_cipher(f.conn, &bits),
                         SSL_CIPHER_standard_name(SSL_get_current_cipher(c.ssl)));
        ck_assert_int_ge(bits, 128);
        client_say(&c, "one\r\nQUIT\r\n");
        client_expect_close(&c, "=one\r\nbye\r\n");
        /* The end was said by close_notify, not only by TCP. */
        ck_assert_int_eq(SSL_get_shutdown(c.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        client_close(&c);
}
END_TEST

static const struct {
        const char *name, *host, *signatures, *common;
        int version;
} servings[] = {
        {"ECDSA first",                          "mail.example",      NULL,             "ec-mail",  0             },
        { "RSA for those who know nothing else", "mail.example",      "RSA-PSS+SHA256", "rsa-mail", 0             },
        { "the same in 1.2",                     "mail.example",      "RSA+SHA256",     "rsa-mail", TLS1_2_VERSION},
        { "another name",                        "pop.other.example", NULL,             "ec-other", 0             },
        { "another name in 1.2",                 "pop.other.example", NULL,             "ec-other", TLS1_2_VERSION},
        { "an unknown name",                     "www.test",          NULL,             "ec-mail",  0             },
        { "no name",                             NULL,                NULL,             "ec-mail",  0             },
};

START_TEST(the_certificate_fits_the_name_and_what_the_client_can_verify)
{
        char list[64];
        struct client c = client_connect(&f);

        if (servings[_i].signatures) {
                snprintf(list, sizeof list, "%s", servings[_i].signatures);
                ck_assert_int_eq(SSL_CTX_set1_sigalgs_list(ctx, list), 1);
        }
        if (servings[_i].version)
                SSL_CTX_set_max_proto_version(ctx, servings[_i].version);
        ck_assert_msg(client_tls(&c, ctx, servings[_i].host), "%s", servings[_i].name);
        assert_common_name(&c, servings[_i].common);
        client_expect(&c, "hello\r\n");
        client_close(&c);
}
END_TEST

START_TEST(old_versions_are_refused_and_the_reason_is_logged_once)
{
        struct client c = client_connect(&f);

        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
        ck_assert(!client_tls(&c, ctx, NULL));
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_uint_eq(f.opened, 0);
        ck_assert_uint_eq(info_lines, 1);
        ck_assert_msg(strstr(info_line, "reason=\"unsupported protocol\"") != NULL, "%s",
                      info_line);
        client_close(&c);
}
END_TEST

START_TEST(plain_text_on_a_tls_port_is_no_handshake)
{
        struct client c = client_connect(&f);

        client_say(&c, "EHLO client.example\r\n");
        turn_until(&f, info_lines == 1);
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_msg(strstr(info_line, "reason=\"wrong version number\"") != NULL, "%s",
                      info_line);
        client_close(&c);
}
END_TEST

START_TEST(a_client_that_leaves_during_the_handshake_is_noticed)
{
        struct client c = client_connect(&f);

        turn_until(&f, net_server_connections(f.server) == 1);
        client_close(&c);
        turn_until(&f, net_server_connections(f.server) == 0);
        ck_assert_uint_eq(info_lines, 1);
}
END_TEST

START_TEST(a_silent_client_is_given_the_handshake_timeout_only)
{
        struct client c;

        f.config.handshake_timeout_ms = 5;
        c = client_connect(&f);
        client_expect_close(&c, "");
        ck_assert_ptr_nonnull(strstr(info_line, "took too long"));
        ck_assert_uint_eq(net_server_connections(f.server), 0);
        client_close(&c);
}
END_TEST

START_TEST(a_tls_peer_that_has_said_close_notify_still_gets_its_answers)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "one\r\ntwo\r\n");
        SSL_shutdown(c.ssl);
        client_expect_close(&c, "=one\r\n=two\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_tls_peer_that_only_closes_tcp_still_gets_its_answers)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "MANY 20\r\none\r\n");
        shutdown(c.fd, SHUT_WR);
        while (c.in.len < 20 * CHUNK)
                if (!client_read(&c))
                        turn(&f);
        buf_consume(&c.in, 20 * CHUNK);
        client_expect_close(&c, "\r\ndone\r\n=one\r\n");
        client_close(&c);
}
END_TEST

/* To OpenSSL a write that fails behind the peer's end is one more end, each time anew. */
START_TEST(a_tls_peer_that_has_gone_while_it_was_answered_is_forgotten_at_once)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "HOLD\r\none\r\nHOLD\r\ntwo\r\n");
        turn_until(&f, f.lines == 1);
        client_close(&c);
        turn_until(&f, f.conn->eof);
        release(&f); /* the first answer is met by a reset, the second cannot be written */
        turn_until(&f, f.lines == 3);
        release(&f);
        turn_until(&f, net_server_connections(f.server) == 0);
}
END_TEST

START_TEST(a_stream_larger_than_the_input_buffer_never_stalls_on_tls)
{
        struct client c = client_connect(&f);
        char block[16384];

        memset(block, 'z', sizeof block);
        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "HOLD\r\nDATA 3276807\r\nodd, so");
        for (int i = 0; i < 10; i++)
                client_send(&c, (struct slice){ block, sizeof block });
        /* The session wakes when the ceiling has paused reading, in the middle of a record. */
        turn_until(&f, conn_received(f.conn) >= CONN_INPUT_MAX);
        ck_assert(!f.conn->reading);
        release(&f);
        for (int i = 10; i < 200; i++)
                client_send(&c, (struct slice){ block, sizeof block });
        client_expect(&c, "got 3276807\r\n");
        client_close(&c);
}
END_TEST

START_TEST(the_answers_of_one_turn_are_one_record)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "one\r\ntwo\r\nthree\r\n");
        /* A read gives what is in one record at most. */
        while (!client_read(&c))
                turn(&f);
        ck_assert_str_eq(c.in.ptr, "=one\r\n=two\r\n=three\r\n");
        client_close(&c);
}
END_TEST

START_TEST(many_octets_over_tls_arrive_whole)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "MANY 300\r\nQUIT\r\n");
        while (!c.eof)
                if (!client_read(&c))
                        turn(&f);
        ck_assert_uint_eq(c.in.len, 300 * CHUNK + strlen("\r\ndone\r\nbye\r\n"));
        client_close(&c);
}
END_TEST

START_TEST(a_peer_that_takes_no_output_is_cut_off_on_tls)
{
        struct client c = client_connect(&f);
        int small = 4096;

        f.config.stall_timeout_ms = 40;
        setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "MANY 4000\r\n");
        turn_until(&f, f.closed == 1);
        client_close(&c);
}
END_TEST

START_TEST(errors_that_others_leave_in_openssls_queue_do_no_harm)
{
        struct client c = client_connect(&f);

        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        client_say(&c, "one\r\n");
        ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
        turn_until(&f, f.lines == 1);
        turn(&f);
        client_expect(&c, "=one\r\n");
        client_say(&c, "two\r\n");
        client_expect(&c, "=two\r\n");
        client_close(&c);
}
END_TEST

START_TEST(tickets_resume_where_they_are_on_and_are_absent_where_they_are_off)
{
        SSL_SESSION *session;
        struct client c;

        f.service.tls_tickets = _i;
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
        c = client_connect(&f);
        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        session = SSL_get1_session(c.ssl);
        ck_assert_int_eq(SSL_SESSION_is_resumable(session) != 0, _i);
        client_say(&c, "QUIT\r\n");
        client_expect_close(&c, "bye\r\n");
        SSL_shutdown(c.ssl); /* else the client's library forgets the session */
        client_close(&c);

        c = client_connect(&f);
        ck_assert(client_tls_resume(&c, ctx, _i ? session : NULL));
        client_expect(&c, "hello\r\n");
        ck_assert_int_eq(SSL_session_reused(c.ssl), _i);
        SSL_SESSION_free(session);
        client_close(&c);
}
END_TEST

START_TEST(channel_binding_is_the_same_at_both_ends)
{
        struct client c = client_connect(&f);
        AUTO_BUF(binding, 64);
        const char *type = NULL;
        char ours[64];
        size_t n = 32;

        if (_i == 0)
                SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
        ck_assert(client_tls(&c, ctx, NULL));
        client_expect(&c, "hello\r\n");
        ck_assert(conn_tls_binding(f.conn, &type, &binding) == ERR_OK);
        if (_i == 0)
                n = SSL_get_finished(c.ssl, ours, sizeof ours);
        else
                SSL_export_keying_material(c.ssl, (unsigned char *)ours, n,
                                           "EXPORTER-Channel-Binding", 24, NULL, 0, 0);
        ck_assert_str_eq(type, _i == 0 ? "tls-unique" : "tls-exporter");
        ck_assert(n > 0 && slice_eq(buf_slice(&binding), (struct slice){ ours, n }) == true);
        client_close(&c);
}
END_TEST

START_TEST(connections_keep_the_certificates_they_began_with)
{
        struct client old = client_connect(&f), half = client_connect(&f), new;
        struct tls_set *set;

        ck_assert(client_tls(&old, ctx, "pop.other.example"));
        client_expect(&old, "hello\r\n");
        turn_until(&f, net_server_connections(f.server) == 2);
        /* Other certificates; the set in use is freed but for its connections. */
        cert_replace(
                &dir, 0,
                (struct cert_options){ .key = "EC", .names = "mail.example", .common = "new" });
        set = cert_set(&dir);
        net_server_set_tls(f.server, set);
        tls_set_unref(set);
        new = client_connect(&f);
        ck_assert(client_tls(&new, ctx, "mail.example"));
        assert_common_name(&new, "new");
        /* One whose handshake had not begun looks names up in the set it was made from. */
        ck_assert(client_tls(&half, ctx, "mail.example"));
        assert_common_name(&half, "ec-mail");
        client_say(&old, "still\r\n");
        client_expect(&old, "=still\r\n");
        client_close(&old);
        client_close(&half);
        client_close(&new);
}
END_TEST

START_TEST(without_certificates_a_tls_service_closes_and_starttls_is_not_offered)
{
        struct client c;

        net_server_set_tls(f.server, NULL);
        c = client_connect(&f);
        client_expect_close(&c, "");
        client_close(&c);
        f.service.implicit_tls = false;
        c = client_connect(&f);
        client_expect(&c, "hello\r\n");
        ck_assert(!conn_may_start_tls(f.conn));
        ck_assert_ptr_null(conn_tls_version(f.conn));
        client_close(&c);
}
END_TEST

/* ---- STARTTLS ---- */

START_TEST(starttls_changes_to_tls_on_the_same_connection)
{
        struct client c = client_connect(&f);
        AUTO_BUF(binding, 64);
        const char *type;
        char id[CONN_ID_SIZE];

        client_expect(&c, "hello\r\n");
        ck_assert(conn_may_start_tls(f.conn));
        ck_assert(conn_tls_binding(f.conn, &type, &binding) == ERR_NOTFOUND);
        snprintf(id, sizeof id, "%s", conn_id(f.conn));
        client_say(&c, "STARTTLS\r\n");
        client_expect(&c, "go\r\n");
        ck_assert(client_tls(&c, ctx, "pop.other.example"));
        assert_common_name(&c, "ec-other");
        client_say(&c, "one\r\n");
        client_expect(&c, "=one\r\n");
        ck_assert_uint_eq(f.tls_started, 1);
        ck_assert_uint_eq(f.opened, 1);
        ck_assert_str_eq(conn_id(f.conn), id);
        ck_assert(conn_is_tls(f.conn));
        client_say(&c, "QUIT\r\n");
        client_expect_close(&c, "bye\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_connection_that_waits_changes_to_tls)
{
        struct client c;

        c = client_connect(&f);
        client_expect(&c, "hello\r\n");
        turn_until(&f, holds_nothing(f.conn));
        conn_start_tls(f.conn);
        ck_assert(client_tls(&c, ctx, "mail.example"));
        client_say(&c, "one\r\n");
        client_expect(&c, "=one\r\n");
        ck_assert_uint_eq(f.tls_started, 1);
        client_close(&c);
}
END_TEST

START_TEST(what_was_pipelined_behind_starttls_is_never_answered)
{
        struct client c = client_connect(&f);
        AUTO_BUF(notes, 4096);

        client_expect(&c, "hello\r\n");
        client_say(&c, "STARTTLS\r\ninjected\r\nand more");
        client_expect(&c, "go\r\n");
        ck_assert(client_tls(&c, ctx, NULL));
        client_say(&c, "real\r\n");
        client_expect(&c, "=real\r\n");
        conn_print_notes(f.conn, &notes);
        ck_assert_ptr_nonnull(strstr(notes.ptr, "pipelined octets dropped before TLS"));
        client_close(&c);
}
END_TEST

START_TEST(a_large_answer_before_starttls_leaves_first)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        client_say(&c, "MANY 60\r\nSTARTTLS\r\n");
        while (c.in.len < 60 * CHUNK)
                if (!client_read(&c))
                        turn(&f);
        buf_consume(&c.in, 60 * CHUNK);
        client_expect(&c, "\r\ndone\r\ngo\r\n");
        ck_assert(client_tls(&c, ctx, NULL));
        client_say(&c, "one\r\n");
        client_expect(&c, "=one\r\n");
        client_close(&c);
}
END_TEST

START_TEST(a_client_that_never_shakes_hands_is_closed)
{
        struct client c;

        f.config.handshake_timeout_ms = 5;
        c = client_connect(&f);
        client_expect(&c, "hello\r\n");
        client_say(&c, "STARTTLS\r\n");
        client_expect_close(&c, "go\r\n");
        ck_assert_uint_eq(f.closed, 1);
        ck_assert_uint_eq(f.timed_out, 0);
        client_close(&c);
}
END_TEST

START_TEST(killing_in_the_middle_of_the_handshake_closes_at_once)
{
        struct client c = client_connect(&f);

        client_expect(&c, "hello\r\n");
        client_say(&c, "STARTTLS\r\n");
        client_expect(&c, "go\r\n");
        conn_kill(f.conn, "enough");
        ck_assert_uint_eq(f.stopping, 0);
        client_expect_close(&c, "");
        client_close(&c);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn over TLS");
        TCase *tc = tcase_create("implicit"), *start = tcase_create("starttls");

        tcase_add_checked_fixture(tc, implicit, teardown);
        tcase_add_checked_fixture(start, starttls, teardown);
        tcase_set_timeout(tc, 300);
        tcase_set_timeout(start, 300);
        suite_add_tcase(s, tc);
        suite_add_tcase(s, start);
        tcase_add_test(tc, an_implicit_tls_client_is_greeted_after_the_handshake);
        tcase_add_loop_test(tc, the_certificate_fits_the_name_and_what_the_client_can_verify, 0,
                            (int)(sizeof servings / sizeof *servings));
        tcase_add_test(tc, old_versions_are_refused_and_the_reason_is_logged_once);
        tcase_add_test(tc, plain_text_on_a_tls_port_is_no_handshake);
        tcase_add_test(tc, a_client_that_leaves_during_the_handshake_is_noticed);
        tcase_add_test(tc, a_silent_client_is_given_the_handshake_timeout_only);
        tcase_add_test(tc, a_tls_peer_that_has_said_close_notify_still_gets_its_answers);
        tcase_add_test(tc, a_tls_peer_that_only_closes_tcp_still_gets_its_answers);
        tcase_add_test(tc, a_tls_peer_that_has_gone_while_it_was_answered_is_forgotten_at_once);
        tcase_add_test(tc, a_stream_larger_than_the_input_buffer_never_stalls_on_tls);
        tcase_add_test(tc, the_answers_of_one_turn_are_one_record);
        tcase_add_test(tc, many_octets_over_tls_arrive_whole);
        tcase_add_test(tc, a_peer_that_takes_no_output_is_cut_off_on_tls);
        tcase_add_test(tc, errors_that_others_leave_in_openssls_queue_do_no_harm);
        tcase_add_loop_test(tc, tickets_resume_where_they_are_on_and_are_absent_where_they_are_off,
                            0, 2);
        tcase_add_loop_test(tc, channel_binding_is_the_same_at_both_ends, 0, 2);
        tcase_add_test(tc, connections_keep_the_certificates_they_began_with);
        tcase_add_test(tc, without_certificates_a_tls_service_closes_and_starttls_is_not_offered);
        tcase_add_test(start, starttls_changes_to_tls_on_the_same_connection);
        tcase_add_test(start, a_connection_that_waits_changes_to_tls);
        tcase_add_test(start, what_was_pipelined_behind_starttls_is_never_answered);
        tcase_add_test(start, a_large_answer_before_starttls_leaves_first);
        tcase_add_test(start, a_client_that_never_shakes_hands_is_closed);
        tcase_add_test(start, killing_in_the_middle_of_the_handshake_closes_at_once);
        return run_suite(s);
}
