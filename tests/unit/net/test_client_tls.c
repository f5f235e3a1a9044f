/*
 * test_client_tls.c — what a server's certificate is worth to us: opportunistic, PKIX, DANE.
 *
 * The authority is the first pair of a directory and the server's certificate the last.
 */
#include "helper_cert.h"
#include "helper_client.h"

#include "mailserver/net/server.h"

#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { TLS_TIMEOUT_MS = 60000, MAX_TLSA = 4 };

struct setting {
        struct fixture f;
        struct cert_dir dir;
        struct trial t;
        struct net_client_tls_params params;
        struct net_client_tlsa tlsa[MAX_TLSA];
        struct buf data[MAX_TLSA];
};

/* `leaf` is signed by the first pair unless it says otherwise. */
static void open_setting(struct setting *s, struct cert_options leaf)
{
        struct tls_set *set;

        *s = (struct setting){ 0 };
        cert_dir_open(&s->dir);
        cert_add(&s->dir, (struct cert_options){
                                  .key = "EC", .common = "Test Authority", .authority = true });
        cert_add(&s->dir, leaf);
        /* The server has the second pair only. */
        s->dir.config.certificate = s->dir.files[1][0];
        s->dir.config.private_key = s->dir.files[1][1];
        s->dir.config.more = (struct conf_groups){ 0 };
        fixture_open(&s->f, false);
        set = cert_set(&s->dir);
        net_server_set_tls(s->f.server, set);
        tls_set_unref(set);
        s->params = (struct net_client_tls_params){
                .sni = "mx.example.org",
                .ca_file = s->dir.files[0][0],
                .tlsa = s->tlsa,
                .timeout_ms = TLS_TIMEOUT_MS,
        };
}

static void close_setting(struct setting *s)
{
        if (s->t.client)
                trial_close(&s->t);
        for (size_t i = 0; i < MAX_TLSA; i++)
                buf_done(&s->data[i]);
        fixture_close(&s->f);
        cert_dir_close(&s->dir);
}

/* STARTTLS as the server of helper_net understands it, up to the end of the handshake. */
static void start(struct setting *s)
{
        trial_connect(&s->t, &s->f);
        trial_expect(&s->t, "hello");
        trial_say(&s->t, "STARTTLS\r\n");
        trial_expect(&s->t, "go");
        net_client_start_tls(s->t.client, &s->params);
        ck_assert_uint_eq(s->t.closed + s->t.tls_started, 0);
        while (!s->t.closed && !s->t.tls_started)
                turn(&s->f);
}

static void expect_tls(struct setting *s, const char *how, bool verified)
{
        struct net_client_tls tls;

        ck_assert_msg(s->t.tls_started == 1, "%s", s->t.why);
        net_client_tls(s->t.client, &tls);
        ck_assert_str_eq(tls.how, how);
        ck_assert_int_eq(tls.verified, verified);
        ck_assert_str_eq(tls.version, "TLSv1.3");
        ck_assert_str_eq(tls.cipher, "TLS_AES_256_GCM_SHA384");
        trial_say(&s->t, "word\r\n");
        trial_expect(&s->t, "=word");
}

static void expect_refused(struct setting *s, const char *words)
{
        ck_assert_uint_eq(s->t.tls_started, 0);
        ck_assert_uint_eq(s->t.closed, 1);
        ck_assert_msg(strstr(s->t.why, words), "\"%s\" is not in \"%s\"", words, s->t.why);
}

/* ---- opportunistic and PKIX, as a table ---- */

#define GOOD                                                                                       \
        {                                                                                          \
                .key = "EC", .names = "mx.example.org,*.wild.example", .issuer = 1                 \
        }

static const char *const others[] = { "other.example", "mail.wild.example", NULL };

static const struct {
        const char *name;
        struct cert_options leaf;
        const char *sni;
        const char *const *names;
        bool content;      /* PKIX is */
        const char *words; /* of the refusal, if it is not */
} certificates[] = {
        {"the right name",                GOOD,                                                    "mx.example.org",   NULL,   true,  NULL                       },
        { "the right name in other case", GOOD,                                                    "MX.Example.ORG",   NULL,   true,  NULL                       },
        { "with the root's dot",          GOOD,                                                    "mx.example.org.",  NULL,   true,  NULL                       },
        { "a wildcard",                   GOOD,                                                    "a.wild.example",   NULL,   true,  NULL                       },
        { "two labels for a wildcard",    GOOD,                                                    "a.b.wild.example", NULL,   false,
         "not for a.b.wild.example but for mx.example.org, *.wild.example"                                                                                       },
        { "no label for a wildcard",      GOOD,                                                    "wild.example",     NULL,   false, "not for wild.example"     },
        { "another name",                 GOOD,                                                    "mx.example.net",   NULL,   false, "not for mx.example.net"   },
        { "a name that is longer",        GOOD,                                                    "amx.example.org",  NULL,   false, "not for amx"              },
        { "a further name",               GOOD,                                                    "mx.example.net",   others, true,  NULL                       },
        { "an address",                   GOOD,                                                    "127.0.0.1",        NULL,   false, "not for 127.0.0.1"        },
        { "a name as CN only",
         { .key = "EC", .common = "mx.example.org", .issuer = 1 },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "for no host name"         },
        { "a partial wildcard",
         { .key = "EC", .names = "m*.example.org", .issuer = 1 },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "not for mx"               },
        { "expired",
         { .key = "EC",
            .names = "mx.example.org",
            .issuer = 1,
            .from_days = -9,
            .until_days = -2 },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "expired on "              },
        { "not valid yet",
         { .key = "EC", .names = "mx.example.org", .issuer = 1, .from_days = 2, .until_days = 9 },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "not valid before"         },
        { "signed by itself",
         { .key = "EC", .names = "mx.example.org" },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "signed by itself"         },
        { "names of a joker",
         { .key = "EC", .names = "a\x1b[2J.example.org", .issuer = 1 },
         "mx.example.org",                                                                                             NULL,
         false,                                                                                                                       "for a\\x1b[2J.example.org"},
};

static void begin(struct setting *s, int i, enum net_client_verify verify)
{
        open_setting(s, certificates[i].leaf);
        s->params.verify = verify;
        s->params.sni = certificates[i].sni;
        s->params.names = certificates[i].names;
        start(s);
}

START_TEST(pkix_wants_a_chain_a_date_and_a_name)
{
        struct setting s;

        begin(&s, _i, NET_VERIFY_PKIX);
        if (certificates[_i].content)
                expect_tls(&s, "pkix", true);
        else
                expect_refused(&s, certificates[_i].words);
        close_setting(&s);
}
END_TEST

START_TEST(opportunistic_takes_any_and_tells_what_pkix_would_say)
{
        struct setting s;

        begin(&s, _i, NET_VERIFY_NONE);
        expect_tls(&s, certificates[_i].content ? "pkix" : "unverified", certificates[_i].content);
        close_setting(&s);
}
END_TEST

START_TEST(an_authority_nobody_trusts_is_not_enough)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_PKIX;
        s.params.ca_file = NULL; /* the system's */
        start(&s);
        expect_refused(&s, "not one that is trusted");
        close_setting(&s);
}
END_TEST

START_TEST(roots_that_cannot_be_read_are_told)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.ca_file = "/nowhere/roots.pem";
        start(&s);
        expect_refused(&s, "/nowhere/roots.pem");
        close_setting(&s);
}
END_TEST

START_TEST(roots_that_were_read_before_are_used)
{
        struct net_client_roots *roots;
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_PKIX;
        roots = net_client_roots_read(s.params.ca_file);
        ck_assert_ptr_nonnull(roots);
        cert_write(s.params.ca_file, "no certificate");
        ck_assert_ptr_null(net_client_roots_read(s.params.ca_file));
        net_client_roots_keep(roots, s.f.loop);
        start(&s);
        expect_tls(&s, "pkix", true);
        close_setting(&s);
}
END_TEST

/* What is kept is replaced: an authority that has gone is trusted no more. */
START_TEST(roots_that_were_read_later_are_used_instead)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_PKIX;
        start(&s);
        expect_tls(&s, "pkix", true);
        trial_close(&s.t);
        s.t = (struct trial){ 0 };
        cert_replace(&s.dir, 0,
                     (struct cert_options){
                             .key = "EC", .common = "Other Authority", .authority = true });
        net_client_roots_keep(net_client_roots_read(s.params.ca_file), s.f.loop);
        start(&s);
        expect_refused(&s, "trusted");
        close_setting(&s);
}
END_TEST

START_TEST(without_a_name_nothing_is_verified)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.sni = NULL;
        start(&s);
        expect_tls(&s, "unverified", false);
        close_setting(&s);
        open_setting(&s, (struct cert_options)GOOD);
        s.params.sni = NULL;
        s.params.verify = NET_VERIFY_PKIX;
        start(&s);
        expect_refused(&s, "no name");
        close_setting(&s);
}
END_TEST

/* ---- DANE ---- */

/* A record for the certificate of a pair. */
static void add_tlsa(struct setting *s, size_t pair, uint8_t usage, uint8_t selector,
                     uint8_t matching)
{
        size_t i = s->params.n_tlsa++;
        X509 *cert = cert_read(&s->dir, pair);
        unsigned char *der = NULL, digest[SHA512_DIGEST_LENGTH];
        int len = selector ? i2d_PUBKEY(X509_get0_pubkey(cert), &der) : i2d_X509(cert, &der);
        struct slice data = { (const char *)der, (size_t)len };

        ck_assert_uint_lt(i, MAX_TLSA);
        if (matching == 1)
                data = (struct slice){ (const char *)SHA256(der, (size_t)len, digest), 32 };
        else if (matching == 2)
                data = (struct slice){ (const char *)SHA512(der, (size_t)len, digest), 64 };
        s->data[i] = (struct buf)BUF_INIT(65536);
        buf_add(&s->data[i], data);
        s->tlsa[i] = (struct net_client_tlsa){ usage, selector, matching, buf_slice(&s->data[i]) };
        OPENSSL_free(der);
        X509_free(cert);
}

enum { AUTHORITY, LEAF };

static const struct {
        const char *name;
        struct cert_options leaf;
        uint8_t usage, selector, matching;
        size_t pair; /* the record is for */
        const char *sni;
        const char *how; /* NULL: refused */
        const char *words;
} records[] = {
        {"3 1 1",                      GOOD,                                            3, 1, 1, LEAF,      "mx.example.org", "dane-ee", NULL},
        { "3 0 1",                     GOOD,                                            3, 0, 1, LEAF,      "mx.example.org", "dane-ee", NULL},
        { "3 1 2",                     GOOD,                                            3, 1, 2, LEAF,      "mx.example.org", "dane-ee", NULL},
        { "3 0 0",                     GOOD,                                            3, 0, 0, LEAF,      "mx.example.org", "dane-ee", NULL},
        { "3 1 0",                     GOOD,                                            3, 1, 0, LEAF,      "mx.example.org", "dane-ee", NULL},
        { "2 0 1",                     GOOD,                                            2, 0, 1, AUTHORITY, "mx.example.org", "dane-ta", NULL},
        { "2 1 1",                     GOOD,                                            2, 1, 1, AUTHORITY, "mx.example.org", "dane-ta", NULL},
        { "2 0 0",                     GOOD,                                            2, 0, 0, AUTHORITY, "mx.example.org", "dane-ta", NULL},
        { "DANE-EE, another name",     GOOD,                                            3, 1, 1, LEAF,      "mx.example.net", "dane-ee", NULL},
        { "DANE-TA, another name",     GOOD,                                            2, 0, 1, AUTHORITY, "mx.example.net", NULL,
         "not for mx.example.net"                                                                                                            },
        { "DANE-EE, expired",
         { .key = "EC", .names = "x", .issuer = 1, .from_days = -9, .until_days = -2 },
         3,                                                                                1,
         1,                                                                                      LEAF,
         "mx.example.org",                                                                                                    "dane-ee",
         NULL                                                                                                                                },
        { "DANE-EE, not valid yet",
         { .key = "EC", .names = "x", .from_days = 2, .until_days = 9 },
         3,                                                                                1,
         1,                                                                                      LEAF,
         "mx.example.org",                                                                                                    "dane-ee",
         NULL                                                                                                                                },
        { "DANE-EE, signed by itself",
         { .key = "RSA" },
         3,                                                                                1,
         1,                                                                                      LEAF,
         "mx.example.org",                                                                                                    "dane-ee",
         NULL                                                                                                                                },
        { "DANE-TA, expired",
         { .key = "EC",
            .names = "mx.example.org",
            .issuer = 1,
            .from_days = -9,
            .until_days = -2 },
         2,                                                                                0,
         1,                                                                                      AUTHORITY,
         "mx.example.org",                                                                                                    NULL,
         "expired on"                                                                                                                        },
        { "DANE-TA, the name as CN",
         { .key = "EC", .common = "mx.example.org", .issuer = 1 },
         2,                                                                                0,
         1,                                                                                      AUTHORITY,
         "mx.example.org",                                                                                                    "dane-ta",
         NULL                                                                                                                                },
        { "DANE-EE for another key",   GOOD,                                            3, 1, 1, AUTHORITY, "mx.example.org", NULL,
         "no TLSA record of mx.example.org matches"                                                                                          },
        { "DANE-TA for another key",
         { .key = "EC", .names = "mx.example.org" },
         2,                                                                                0,
         1,                                                                                      AUTHORITY,
         "mx.example.org",                                                                                                    NULL,
         "no TLSA record"                                                                                                                    },
        { "PKIX-EE is not usable",     GOOD,                                            1, 1, 1, LEAF,      "mx.example.org", NULL,
         "no usable TLSA record"                                                                                                             },
};

START_TEST(dane_asks_what_the_record_says)
{
        struct setting s;

        open_setting(&s, records[_i].leaf);
        s.params.verify = NET_VERIFY_DANE;
        s.params.sni = records[_i].sni;
        add_tlsa(&s, records[_i].pair, records[_i].usage, records[_i].selector,
                 records[_i].matching);
        start(&s);
        if (records[_i].how)
                expect_tls(&s, records[_i].how, true);
        else
                expect_refused(&s, records[_i].words);
        close_setting(&s);
}
END_TEST

START_TEST(one_record_of_several_is_enough)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_DANE;
        add_tlsa(&s, AUTHORITY, 3, 1, 1);
        add_tlsa(&s, AUTHORITY, 0, 1, 1);
        add_tlsa(&s, LEAF, 3, 1, 1);
        start(&s);
        expect_tls(&s, "dane-ee", true);
        close_setting(&s);
}
END_TEST

START_TEST(a_chain_of_trusted_roots_does_not_help_against_dane)
{
        struct setting s;
        static const char zeros[32];

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_DANE;
        s.params.n_tlsa = 1;
        s.tlsa[0] = (struct net_client_tlsa){
                3, 1, 1, {zeros, sizeof zeros}
        };
        start(&s);
        expect_refused(&s, "no TLSA record");
        close_setting(&s);
}
END_TEST

START_TEST(dane_ta_takes_further_names)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.verify = NET_VERIFY_DANE;
        s.params.sni = "mx.example.net";
        s.params.names = others;
        add_tlsa(&s, AUTHORITY, 2, 0, 1);
        start(&s);
        expect_tls(&s, "dane-ta", true);
        close_setting(&s);
}
END_TEST

START_TEST(records_are_usable_or_not)
{
        static const char octets[70] = { 1 };
        static const struct {
                uint8_t usage, selector, matching;
                size_t len;
                bool usable;
        } rows[] = {
                {3,    0, 1,   32, true },
                { 3,   1, 1,   32, true },
                { 2,   0, 2,   64, true },
                { 0,   1, 1,   32, false},
                { 1,   1, 1,   32, false},
                { 4,   1, 1,   32, false},
                { 255, 1, 1,   32, false},
                { 3,   2, 1,   32, false},
                { 3,   1, 3,   32, false},
                { 3,   1, 255, 32, false},
                { 3,   1, 1,   31, false},
                { 3,   1, 1,   33, false},
                { 3,   1, 2,   32, false},
                { 3,   1, 1,   0,  false},
                { 3,   1, 0,   0,  false},
                { 3,   1, 0,   70, false},
                { 3,   0, 0,   70, false},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct net_client_tlsa t = {
                        rows[i].usage, rows[i].selector, rows[i].matching, {octets, rows[i].len}
                };

                ck_assert_msg(net_client_tlsa_usable(&t) == rows[i].usable, "row %zu", i);
        }
}
END_TEST

START_TEST(a_whole_certificate_must_be_whole)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        add_tlsa(&s, LEAF, 3, 0, 0);
        ck_assert(net_client_tlsa_usable(&s.tlsa[0]));
        s.tlsa[0].data.len--;
        ck_assert(!net_client_tlsa_usable(&s.tlsa[0]));
        buf_addc(&s.data[0], 'x');
        s.tlsa[0].data = buf_slice(&s.data[0]);
        ck_assert(!net_client_tlsa_usable(&s.tlsa[0]));
        add_tlsa(&s, LEAF, 3, 1, 0);
        ck_assert(net_client_tlsa_usable(&s.tlsa[1]));
        s.tlsa[1].selector = 0;
        ck_assert(!net_client_tlsa_usable(&s.tlsa[1]));
        close_setting(&s);
}
END_TEST

/* ---- the handshake ---- */

START_TEST(a_handshake_that_stalls_ends)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        s.params.timeout_ms = 30;
        trial_connect(&s.t, &s.f);
        trial_expect(&s.t, "hello");
        trial_say(&s.t, "HOLD\r\n");
        turn_until(&s.f, s.f.lines == 1);
        net_client_start_tls(s.t.client, &s.params);
        trial_expect_closed(&s.t, "the server took too long");
        close_setting(&s);
}
END_TEST

START_TEST(octets_in_the_clear_are_not_taken_over)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        trial_connect(&s.t, &s.f);
        trial_expect(&s.t, "hello");
        s.t.deaf = true;
        trial_say(&s.t, "word\r\n");
        turn_until(&s.f, s.t.readies > 1);
        net_client_start_tls(s.t.client, &s.params);
        ck_assert_uint_eq(s.t.closed, 0); /* not within our own call */
        trial_expect_closed(&s.t, "more in the clear before TLS");
        close_setting(&s);
}
END_TEST

START_TEST(closing_in_the_midst_of_a_handshake_calls_nobody)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        trial_connect(&s.t, &s.f);
        trial_expect(&s.t, "hello");
        trial_say(&s.t, "STARTTLS\r\n");
        trial_expect(&s.t, "go");
        net_client_start_tls(s.t.client, &s.params);
        loop_turn(s.f.loop, false);
        net_client_close(s.t.client);
        s.t.client = NULL;
        for (int i = 0; i < 5; i++)
                turn(&s.f);
        ck_assert_uint_eq(s.t.closed + s.t.tls_started, 0);
        buf_done(&s.t.lines);
        close_setting(&s);
}
END_TEST

START_TEST(output_over_tls_arrives_in_order)
{
        struct setting s;

        open_setting(&s, (struct cert_options)GOOD);
        start(&s);
        trial_say(&s.t, "DATA 2000000\r\n");
        for (int i = 0; i < 20; i++) {
                struct buf piece = BUF_INIT(100000);

                while (piece.len < piece.max)
                        buf_addc(&piece, 'x');
                net_client_write_take(s.t.client, &piece);
        }
        trial_say(&s.t, "word\r\n");
        trial_expect(&s.t, "got 2000000");
        trial_expect(&s.t, "=word");
        close_setting(&s);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("client over TLS");
        TCase *tc = tcase_create("certificates");
        int n = sizeof certificates / sizeof certificates[0];

        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, pkix_wants_a_chain_a_date_and_a_name, 0, n);
        tcase_add_loop_test(tc, opportunistic_takes_any_and_tells_what_pkix_would_say, 0, n);
        tcase_add_test(tc, an_authority_nobody_trusts_is_not_enough);
        tcase_add_test(tc, roots_that_cannot_be_read_are_told);
        tcase_add_test(tc, roots_that_were_read_before_are_used);
        tcase_add_test(tc, roots_that_were_read_later_are_used_instead);
        tcase_add_test(tc, without_a_name_nothing_is_verified);
        suite_add_tcase(s, tc);
        tc = tcase_create("DANE");
        tcase_set_timeout(tc, 300);
        tcase_add_loop_test(tc, dane_asks_what_the_record_says, 0,
                            sizeof records / sizeof records[0]);
        tcase_add_test(tc, one_record_of_several_is_enough);
        tcase_add_test(tc, a_chain_of_trusted_roots_does_not_help_against_dane);
        tcase_add_test(tc, dane_ta_takes_further_names);
        tcase_add_test(tc, records_are_usable_or_not);
        tcase_add_test(tc, a_whole_certificate_must_be_whole);
        suite_add_tcase(s, tc);
        tc = tcase_create("handshake");
        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, a_handshake_that_stalls_ends);
        tcase_add_test(tc, octets_in_the_clear_are_not_taken_over);
        tcase_add_test(tc, closing_in_the_midst_of_a_handshake_calls_nobody);
        tcase_add_test(tc, output_over_tls_arrives_in_order);
        suite_add_tcase(s, tc);
        return run_suite(s);
}
