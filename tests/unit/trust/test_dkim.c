/* test_dkim.c — keys, relaxed forms, signatures; the example of RFC 8463 octet for octet. */
#include "dkim_header.h"
#include "dkim_key.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { ROOM = 1 << 20 };

/* ---- relaxed forms: RFC 6376 3.4.5, and others ---- */

static const struct {
        const char *field, *relaxed;
} fields[] = {
        {"A: X\r\n",                            "a:X\r\n"                 },
        { "B : Y\t\r\n\tZ  \r\n",               "b:Y Z\r\n"               },
        { "Subject:\r\n folded\r\n  twice\r\n", "subject:folded twice\r\n"},
        { "X-Empty:\r\n",                       "x-empty:\r\n"            },
        { "X:a:b\r\n",                          "x:a:b\r\n"               },
};

START_TEST(a_field_is_relaxed)
{
        AUTO_BUF(out, ROOM);

        dkim_relaxed_field(slice_of(fields[_i].field), &out);
        ck_assert_str_eq(out.ptr, fields[_i].relaxed);
}
END_TEST

static const struct {
        const char *body, *relaxed;
} bodies[] = {
        {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"           },
        { "",                         ""                        },
        { "\r\n",                     ""                        },
        { "\r\n\r\n",                 ""                        },
        { " \t\r\n \r\n",             ""                        },
        { "no end",                   "no end\r\n"              },
        { "blanks before no end \t",  "blanks before no end\r\n"},
        { "\r\n\r\na\r\n\r\nb\r\n",   "\r\n\r\na\r\n\r\nb\r\n"  },
        { "a \r\n\r\n \r\nb\r\n",     "a\r\n\r\n\r\nb\r\n"      },
        { "a\rb\nc\r\n",              "a\rb\nc\r\n"             },
        { "a\r",                      "a\r\r\n"                 },
        { "a\r\r\n",                  "a\r\r\n"                 },
        { "  two\r\n",                " two\r\n"                },
};

static void gather(void *arg, struct slice octets)
{
        buf_add(arg, octets);
}

static void check_body(struct slice body, size_t split, const char *wants)
{
        AUTO_BUF(out, ROOM);
        struct dkim_body b = { .sink = gather, .arg = &out };

        dkim_body_put(&b, slice_head(body, split));
        dkim_body_put(&b, slice_from(body, split));
        dkim_body_end(&b);
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(wants)), "\"%s\" split at %zu: \"%s\"",
                      body.ptr, split, out.ptr ? out.ptr : "");
}

START_TEST(a_body_is_relaxed_wherever_it_is_split)
{
        struct slice body = slice_of(bodies[_i].body);

        for (size_t split = 0; split <= body.len; split++)
                check_body(body, split, bodies[_i].relaxed);
}
END_TEST

START_TEST(a_long_body_comes_in_order)
{
        AUTO_BUF(body, ROOM);
        AUTO_BUF(wants, ROOM);

        for (int i = 0; i < 5000; i++) {
                buf_addf(&body, "line  %d \r\n", i);
                buf_addf(&wants, "line %d\r\n", i);
        }
        check_body(buf_slice(&body), 777, buf_slice(&wants).ptr);
}
END_TEST

/* ---- RFC 8463 A ---- */

static const char message_header[] =
        "From: Joe SixPack <joe@football.example.com>\r\n"
        "To: Suzie Q <suzie@shopping.example.net>\r\n"
        "Subject: Is dinner ready?\r\n"
        "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n";
static const char message_body[] =
        "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

static const char ed25519_secret[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
static const char ed25519_record[] =
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char ed25519_field[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                                    " d=football.example.com; i=@football.example.com;\r\n"
                                    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                                    " subject : date : message-id : from : subject : date;\r\n"
                                    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                    " b=";
static const char ed25519_signature[] = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
                                        "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

static const char rsa_pem[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                              "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\n"
                              "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM\n"
                              "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n"
                              "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm\n"
                              "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe\n"
                              "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy\n"
                              "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc\n"
                              "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy\n"
                              "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd\n"
                              "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a\n"
                              "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst\n"
                              "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe\n"
                              "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL\n"
                              "-----END RSA PRIVATE KEY-----\n";
static const char rsa_record[] =
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
        "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
        "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
        "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
static const char rsa_field[] = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                                " d=football.example.com; i=@football.example.com;\r\n"
                                " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                                " date : message-id : from : subject : date;\r\n"
                                " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                " b=";
static const char rsa_signature[] = "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
                                    "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
                                    "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=";

/* PKCS#8 (RFC 8410 7) of a raw key. */
static struct dkim_key *ed25519_key(void)
{
        static const char prefix[] =
                "\x30\x2e\x02\x01\0\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        AUTO_BUF(der, 64);
        AUTO_BUF(pem, 512);
        struct dkim_key *key;
        struct error error;

        buf_add(&der, (struct slice){ prefix, sizeof prefix - 1 });
        ck_assert_int_eq(text_base64_decode(slice_of(ed25519_secret), &der), ERR_OK);
        buf_add(&pem, SLICE("-----BEGIN PRIVATE KEY-----\n"));
        ck_assert_int_eq(text_base64_encode(buf_slice(&der), &pem), ERR_OK);
        buf_add(&pem, SLICE("\n-----END PRIVATE KEY-----\n"));
        ck_assert_msg(!dkim_key_read(buf_slice(&pem), &key, &error), "%s", error.text);
        return key;
}

static struct dkim_key *rsa_key(void)
{
        struct dkim_key *key;
        struct error error;

        ck_assert_msg(!dkim_key_read(slice_of(rsa_pem), &key, &error), "%s", error.text);
        return key;
}

static void check_example(struct dkim_key *key, const char *record, const char *field,
                          const char *signature)
{
        struct dkim_names names = {
                {SLICE("from"), SLICE("to"), SLICE("subject"), SLICE("date"), SLICE("message-id"),
                 SLICE("from"), SLICE("subject"), SLICE("date")},
                8
        };
        AUTO_BUF(octets, ROOM);
        AUTO_BUF(raw, ROOM);
        AUTO_BUF(text, ROOM);

        dkim_key_record(key, &text);
        ck_assert_str_eq(text.ptr, record);
        buf_clear(&text);
        ck_assert_int_eq(
                dkim_header_octets(slice_of(message_header), &names, slice_of(field), &octets),
                ERR_OK);
        ck_assert_int_eq(dkim_key_sign(key, buf_slice(&octets), &raw), ERR_OK);
        ck_assert_int_eq(text_base64_encode(buf_slice(&raw), &text), ERR_OK);
        ck_assert_str_eq(text.ptr, signature);
        dkim_key_free(key);
}

START_TEST(the_example_of_ed25519)
{
        check_example(ed25519_key(), ed25519_record, ed25519_field, ed25519_signature);
}
END_TEST

START_TEST(the_example_of_rsa)
{
        check_example(rsa_key(), rsa_record, rsa_field, rsa_signature);
}
END_TEST

START_TEST(the_examples_body_has_its_hash)
{
        unsigned char hash[DKIM_HASH_SIZE];
        AUTO_BUF(text, ROOM);

        dkim_body_hash(slice_of(message_body), hash);
        ck_assert_int_eq(text_base64_encode((struct slice){ (char *)hash, sizeof hash }, &text),
                         ERR_OK);
        ck_assert_str_eq(text.ptr, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}
END_TEST

/* ---- our own field ---- */

static enum err sign(const char *header, struct dkim_key *key, struct buf *out)
{
        struct dkim_signing signing = { key, "football.example.com", "s2026", 1528637909000000 };
        unsigned char hash[DKIM_HASH_SIZE];
        struct error error;

        dkim_body_hash(slice_of(message_body), hash);
        return dkim_sign(&signing, slice_of(header), hash, out, &error);
}

/* Takes the signature out of a field: b= is the last tag. */
static void split_signature(struct slice field, struct buf *ret_unsigned, struct buf *ret_raw)
{
        const char *b = strstr(field.ptr, "=; b=") + 2;
        AUTO_BUF(base64, ROOM);

        ck_assert_ptr_nonnull(b);
        buf_add(ret_unsigned, slice_head(field, (size_t)(b - field.ptr) + 3));
        for (const char *c = b + 3; *c; c++)
                if (!strchr("\r\n\t ", *c))
                        buf_addc(&base64, *c);
        ck_assert_int_eq(text_base64_decode(buf_slice(&base64), ret_raw), ERR_OK);
}

/* With RSA a signature of the same octets is the same. */
START_TEST(our_field_is_signed_over_what_it_names)
{
        AUTO_BUF(field, ROOM);
        AUTO_BUF(bare, ROOM);
        AUTO_BUF(raw, ROOM);
        AUTO_BUF(octets, ROOM);
        AUTO_BUF(again, ROOM);
        struct dkim_key *key = rsa_key();
        struct dkim_names names = {
                {SLICE("from"), SLICE("from"), SLICE("subject"), SLICE("date"),
                 SLICE("message-id"), SLICE("to")},
                6
        };

        ck_assert_int_eq(sign(message_header, key, &field), ERR_OK);
        ck_assert_ptr_nonnull(strstr(field.ptr, "d=football.example.com; s=s2026;"));
        ck_assert_ptr_nonnull(strstr(field.ptr, "t=1528637909;"));
        ck_assert_ptr_nonnull(strstr(field.ptr, " h=from:from:subject"));
        ck_assert(slice_ends(buf_slice(&field), SLICE("\r\n")));
        split_signature(buf_slice(&field), &bare, &raw);
        ck_assert_int_eq(
                dkim_header_octets(slice_of(message_header), &names, buf_slice(&bare), &octets),
                ERR_OK);
        ck_assert_int_eq(dkim_key_sign(key, buf_slice(&octets), &again), ERR_OK);
        ck_assert(slice_eq(buf_slice(&again), buf_slice(&raw)));
        dkim_key_free(key);
}
END_TEST

START_TEST(lines_of_the_field_are_short)
{
        AUTO_BUF(field, ROOM);
        AUTO_BUF(header, ROOM);
        struct dkim_key *key = rsa_key();
        struct slice rest, line;

        buf_add(&header, SLICE("From: a@b.c\r\n"));
        for (int i = 0; i < 40; i++)
                buf_addf(&header, "References: <%d@x>\r\n", i);
        ck_assert_int_eq(sign(header.ptr, key, &field), ERR_OK);
        rest = buf_slice(&field);
        while (slice_cut(&rest, '\n', &line))
                ck_assert_uint_le(line.len, 78);
        ck_assert_uint_eq(rest.len, 0);
        dkim_key_free(key);
}
END_TEST

static const struct {
        const char *what, *header;
        enum err err;
} refused[] = {
        {"no From",   "To: a@b.c\r\n\r\n",                  ERR_SYNTAX},
        { "two From", "From: a@b.c\r\nFROM: d@e.f\r\n\r\n", ERR_SYNTAX},
};

START_TEST(a_header_without_one_author_field_is_not_signed)
{
        AUTO_BUF(field, ROOM);
        struct dkim_key *key = rsa_key();

        ck_assert_int_eq(sign(refused[_i].header, key, &field), refused[_i].err);
        ck_assert_uint_eq(field.len, 0);
        dkim_key_free(key);
}
END_TEST

START_TEST(too_many_fields_are_not_signed)
{
        AUTO_BUF(field, ROOM);
        AUTO_BUF(header, ROOM);
        struct dkim_key *key = rsa_key();

        buf_add(&header, SLICE("From: a@b.c\r\n"));
        for (int i = 0; i < 1000; i++)
                buf_add(&header, SLICE("To: a@b.c\r\n"));
        ck_assert_int_eq(sign(header.ptr, key, &field), ERR_LIMIT);
        dkim_key_free(key);
}
END_TEST

/* ---- keys ---- */

START_TEST(keys_are_made_and_read_again)
{
        static const enum dkim_algorithm algorithms[] = { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };
        AUTO_BUF(pem, ROOM);
        AUTO_BUF(record, ROOM);
        AUTO_BUF(field, ROOM);
        struct dkim_key *key;
        struct error error;

        ck_assert_int_eq(dkim_key_generate(algorithms[_i], &pem), ERR_OK);
        ck_assert_int_eq(dkim_key_read(buf_slice(&pem), &key, &error), ERR_OK);
        ck_assert_int_eq(dkim_key_algorithm(key), algorithms[_i]);
        dkim_key_record(key, &record);
        ck_assert(slice_starts(buf_slice(&record), _i ? SLICE("v=DKIM1; k=ed25519; p=")
                                                      : SLICE("v=DKIM1; k=rsa; p=MIIB")));
        ck_assert_int_eq(sign(message_header, key, &field), ERR_OK);
        dkim_key_free(key);
        dkim_key_free(NULL);
}
END_TEST

START_TEST(what_is_no_key_for_signing_is_said)
{
        static const char *const pems[] = { "",
                                            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END -----\n",
                                            "v=DKIM1" };
        struct dkim_key *key;
        struct error error = { 0 };

        ck_assert_int_eq(dkim_key_read(slice_of(pems[_i]), &key, &error), ERR_SYNTAX);
        ck_assert_ptr_nonnull(strstr(error.text, "private key"));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("trust dkim");
        TCase *tcase = tcase_create("dkim");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, a_field_is_relaxed, 0, (int)(sizeof fields / sizeof *fields));
        tcase_add_loop_test(tcase, a_body_is_relaxed_wherever_it_is_split, 0,
                            (int)(sizeof bodies / sizeof *bodies));
        tcase_add_test(tcase, a_long_body_comes_in_order);
        tcase_add_test(tcase, the_example_of_ed25519);
        tcase_add_test(tcase, the_example_of_rsa);
        tcase_add_test(tcase, the_examples_body_has_its_hash);
        tcase_add_test(tcase, our_field_is_signed_over_what_it_names);
        tcase_add_test(tcase, lines_of_the_field_are_short);
        tcase_add_loop_test(tcase, a_header_without_one_author_field_is_not_signed, 0, 2);
        tcase_add_test(tcase, too_many_fields_are_not_signed);
        tcase_add_loop_test(tcase, keys_are_made_and_read_again, 0, 2);
        tcase_add_loop_test(tcase, what_is_no_key_for_signing_is_said, 0, 3);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
