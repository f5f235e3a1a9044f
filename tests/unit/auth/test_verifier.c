/* test_verifier.c — what is kept of a password checks that password and no other. */
#include "verifier_internal.h"

#include "mailserver/auth/verifier.h"
#include "mailserver/core/text.h"

#include <check.h>
#include <gsasl.h>
#include <sodium.h>
#include <stdlib.h>

static void make(struct buf *out, const char *password)
{
        struct error error = { 0 };
        enum err err = verifier_make(slice_of(password), out, &error);

        ck_assert_msg(!err, "%s: %s", password, error.text);
}

static const struct {
        const char *name, *password, *tried;
        bool good;
} checks[] = {
        {"the same password",                       "secret",      "secret",       true },
        { "another password",                       "secret",      "Secret",       false},
        { "a part of it",                           "secret",      "secre",        false},
        { "more than it",                           "secret",      "secrets",      false},
        { "nothing",                                "secret",      "",             false},
        { "spaces count",                           "two words",   "two words",    true },
        { "a composed letter for a decomposed one", "caf\xc3\xa9", "cafe\xcc\x81", true },
        { "a no-break space for a space",           "a b",
         "a\xc2\xa0"
          "b",                                                                     true },
        { "a soft hyphen is nothing",               "ab",
         "a\xc2\xad"
          "b",                                                                     true },
        { "octets that are not UTF-8",              "secret",      "secret\xff",   false},
        { "a line end",                             "secret",      "secret\n",     false},
};

START_TEST(a_password_is_checked_after_saslprep)
{
        AUTO_BUF(verifiers, BUF_MAX);

        make(&verifiers, checks[_i].password);
        ck_assert_msg(verifier_check(buf_slice(&verifiers), slice_of(checks[_i].tried)) ==
                              checks[_i].good,
                      "%s", checks[_i].name);
}
END_TEST

START_TEST(a_password_with_a_nul_inside_is_not_the_one_before_it)
{
        AUTO_BUF(verifiers, BUF_MAX);

        make(&verifiers, "secret");
        ck_assert(!verifier_check(buf_slice(&verifiers), SLICE("secret\0more")));
}
END_TEST

START_TEST(without_a_verifier_nothing_is_right)
{
        ck_assert(!verifier_check(SLICE(""), SLICE("secret")));
        ck_assert(!verifier_check(SLICE("SCRAM-SHA-1 4096 a b c\n"), SLICE("secret")));
        ck_assert(!verifier_check(SLICE("$argon2id$nonsense\n"), SLICE("secret")));
}
END_TEST

START_TEST(the_dummy_costs_as_much_as_a_real_verifier)
{
        AUTO_BUF(verifiers, BUF_MAX);
        char real[crypto_pwhash_STRBYTES] = { 0 };
        struct slice line, rest;

        make(&verifiers, "secret");
        rest = buf_slice(&verifiers);
        ck_assert(slice_cut(&rest, '\n', &line));
        memcpy(real, line.ptr, line.len);
        /* The parameters stand in the text, before the salt: "$argon2id$v=19$m=19456,t=2,p=1$". */
        ck_assert_mem_eq(real, verifier_dummy, sizeof "$argon2id$v=19$m=19456,t=2,p=1$" - 1);
        /* Well formed: libsodium finds nothing to complain of but does the work. */
        ck_assert_int_eq(crypto_pwhash_str_needs_rehash(verifier_dummy, 2, (size_t)19 << 20), 0);
        ck_assert_uint_eq(strlen(verifier_dummy), strlen(real));
}
END_TEST

static const char *const refused[] = {
        "",          "line\nend", "line\rend", "not UTF-8 \xff",
        "bell \x07", "\xc2\xad", /* maps to nothing */
};

START_TEST(what_cannot_be_typed_again_is_no_password)
{
        AUTO_BUF(verifiers, BUF_MAX);

        ck_assert_int_eq(verifier_make(slice_of(refused[_i]), &verifiers, NULL), ERR_SYNTAX);
        ck_assert_uint_eq(verifiers.len, 0);
}
END_TEST

START_TEST(a_password_has_at_most_1024_octets)
{
        AUTO_BUF(verifiers, BUF_MAX);
        char longest[1025];

        memset(longest, 'a', sizeof longest);
        ck_assert_int_eq(verifier_make((struct slice){ longest, 1025 }, &verifiers, NULL),
                         ERR_SYNTAX);
        ck_assert(!verifier_make((struct slice){ longest, 1024 }, &verifiers, NULL));
        ck_assert(verifier_check(buf_slice(&verifiers), (struct slice){ longest, 1024 }));
        ck_assert(!verifier_check(buf_slice(&verifiers), (struct slice){ longest, 1023 }));
}
END_TEST

START_TEST(two_verifiers_of_one_password_share_no_salt)
{
        AUTO_BUF(one, BUF_MAX);
        AUTO_BUF(two, BUF_MAX);
        struct verifier_scram a, b;

        make(&one, "secret");
        make(&two, "secret");
        ck_assert(!verifier_find_scram(buf_slice(&one), SLICE("SCRAM-SHA-1"), &a));
        ck_assert(!verifier_find_scram(buf_slice(&two), SLICE("SCRAM-SHA-1"), &b));
        ck_assert(!slice_eq(a.salt, b.salt));
        ck_assert(!slice_eq(a.stored_key, b.stored_key));
}
END_TEST

static const struct {
        const char *scheme;
        Gsasl_hash hash;
        size_t octets;
} schemes[] = {
        {"SCRAM-SHA-256", GSASL_HASH_SHA256, 32},
        { "SCRAM-SHA-1",  GSASL_HASH_SHA1,   20},
};

START_TEST(the_scram_keys_are_those_of_the_password)
{
        AUTO_BUF(verifiers, BUF_MAX);
        AUTO_BUF(salt, 64);
        AUTO_BUF(stored, 64);
        AUTO_BUF(server, 64);
        struct verifier_scram v;
        char salted[32], client_key[32], server_key[32], stored_key[32];

        make(&verifiers, "secret");
        ck_assert(!verifier_find_scram(buf_slice(&verifiers), slice_of(schemes[_i].scheme), &v));
        ck_assert_uint_ge(v.iterations, 4096); /* RFC 7677 4 */
        ck_assert(!text_base64_decode(v.salt, &salt));
        ck_assert(!text_base64_decode(v.stored_key, &stored));
        ck_assert(!text_base64_decode(v.server_key, &server));
        ck_assert_int_eq(gsasl_scram_secrets_from_password(schemes[_i].hash, "secret", v.iterations,
                                                           salt.ptr, salt.len, salted, client_key,
                                                           server_key, stored_key),
                         GSASL_OK);
        ck_assert_uint_eq(stored.len, schemes[_i].octets);
        ck_assert_uint_eq(server.len, schemes[_i].octets);
        ck_assert_mem_eq(stored.ptr, stored_key, stored.len);
        ck_assert_mem_eq(server.ptr, server_key, server.len);
}
END_TEST

static const char *const broken_scram[] = {
        "",
        "SCRAM-SHA-256\n",
        "SCRAM-SHA-256 4096\n",
        "SCRAM-SHA-256 4096 salt\n",
        "SCRAM-SHA-256 4096 salt stored\n",
        "SCRAM-SHA-256 4096 salt stored \n",
        "SCRAM-SHA-256 0 salt stored server\n",
        "SCRAM-SHA-256 many salt stored server\n",
        "SCRAM-SHA-256 99999999 salt stored server\n",
        "SCRAM-SHA-256-PLUS 4096 salt stored server\n",
        "SCRAM-SHA-256 4096 salt stored server",
};

START_TEST(a_broken_line_is_no_scram_verifier)
{
        struct verifier_scram v;

        ck_assert_int_eq(
                verifier_find_scram(slice_of(broken_scram[_i]), SLICE("SCRAM-SHA-256"), &v),
                ERR_NOTFOUND);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("verifier");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_loop_test(tc, a_password_is_checked_after_saslprep, 0,
                            (int)(sizeof checks / sizeof *checks));
        tcase_add_test(tc, a_password_with_a_nul_inside_is_not_the_one_before_it);
        tcase_add_test(tc, without_a_verifier_nothing_is_right);
        tcase_add_test(tc, the_dummy_costs_as_much_as_a_real_verifier);
        tcase_add_loop_test(tc, what_cannot_be_typed_again_is_no_password, 0,
                            (int)(sizeof refused / sizeof *refused));
        tcase_add_test(tc, a_password_has_at_most_1024_octets);
        tcase_add_test(tc, two_verifiers_of_one_password_share_no_salt);
        tcase_add_loop_test(tc, the_scram_keys_are_those_of_the_password, 0,
                            (int)(sizeof schemes / sizeof *schemes));
        tcase_add_loop_test(tc, a_broken_line_is_no_scram_verifier, 0,
                            (int)(sizeof broken_scram / sizeof *broken_scram));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
