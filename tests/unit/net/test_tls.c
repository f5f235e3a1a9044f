/* test_tls.c — reading certificates: what people get wrong, what is chosen, what changes. */
#include "helper_cert.h"
#include "helper_net.h"
#include "tls_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"

#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static struct cert_dir dir;
static char last_line[2048];

static void keep_line(enum log_level level, const char *line)
{
        (void)level;
        snprintf(last_line, sizeof last_line, "%s", line);
}

static void setup(void)
{
        cert_dir_open(&dir);
        last_line[0] = '\0';
        log_set_sink(keep_line);
}

static void teardown(void)
{
        log_set_sink(NULL);
        cert_dir_close(&dir);
}

static enum err try_set(struct error *why)
{
        struct tls_set *set = NULL;
        enum err err = tls_set_new(&dir.config, &set, why);

        tls_set_unref(set);
        return err;
}

#define assert_fails(code, words)                                                                  \
        do {                                                                                       \
                struct error why = { 0 };                                                          \
                ck_assert_int_eq(try_set(&why), code);                                             \
                ck_assert_msg(strstr(why.text, words) != NULL, "%s", why.text);                    \
                ck_assert_msg(strstr(why.text, dir.path) != NULL, "%s", why.text);                 \
        } while (0)

START_TEST(a_pair_loads_and_tells_when_it_expires)
{
        struct tls_set *set;
        int64_t tomorrow = clock_now_us() + (int64_t)86400 * 1000000;

        cert_add(&dir, (struct cert_options){ .key = "EC", .names = "mail.example" });
        set = cert_set(&dir);
        ck_assert_int_le(llabs(tls_set_expires_us(set) - tomorrow), 60 * 1000000LL);
        ck_assert_str_eq(last_line, "");
        tls_set_unref(set);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
        cert_add(&dir, (struct cert_options){ .key = "EC" });
        unlink(dir.files[0][1]);
        assert_fails(ERR_NOTFOUND, "0.key: no such file");
        unlink(dir.files[0][0]);
        assert_fails(ERR_NOTFOUND, "0.crt: no such file");
}
END_TEST

START_TEST(a_file_that_this_user_may_not_read_is_named)
{
        pid_t child;
        int status;

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        chmod(dir.path, 0755);
        chmod(dir.files[0][1], 0600);
        /* The superuser may read everything: another user must try. */
        child = fork();
        if (child == 0) {
                struct error why = { 0 };
                bool dropped =
                        geteuid() != 0 ? chmod(dir.files[0][1], 0) == 0 : setuid(NOBODY) == 0;
                bool named = dropped && try_set(&why) == ERR_DENIED &&
                             strstr(why.text, "0.key: ") && strstr(why.text, "may not read it");

                _exit(named ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(a_key_of_another_certificate_is_refused)
{
        char other[PATH_MAX];

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        snprintf(other, sizeof other, "%s", dir.files[0][1]);
        cert_add(&dir, (struct cert_options){ .key = "EC" });
        dir.config.private_key = dir.files[1][1];
        assert_fails(ERR_SYNTAX, "does not belong to the first certificate in");
}
END_TEST

START_TEST(files_that_are_not_pem_are_refused)
{
        cert_add(&dir, (struct cert_options){ .key = "EC" });
        cert_write(dir.files[0][1], "not a key\n");
        assert_fails(ERR_SYNTAX, "0.key: no PEM private key");
        cert_write(dir.files[0][0], "");
        assert_fails(ERR_SYNTAX, "0.crt: no PEM certificate");
}
END_TEST

START_TEST(certificate_and_key_exchanged_is_said)
{
        char *swap;

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        swap = dir.config.certificate;
        dir.config.certificate = dir.config.private_key;
        dir.config.private_key = swap;
        assert_fails(ERR_SYNTAX, "0.key: no PEM certificate");
}
END_TEST

START_TEST(a_key_with_a_passphrase_is_refused_with_the_way_out)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        FILE *f;

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        f = fopen(dir.files[0][1], "we");
        PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(), (const unsigned char *)"pw", 2, NULL, NULL);
        fclose(f);
        EVP_PKEY_free(key);
        assert_fails(ERR_SYNTAX, "has a passphrase");
}
END_TEST

START_TEST(a_damaged_chain_is_refused)
{
        FILE *f;

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        f = fopen(dir.files[0][0], "ae");
        fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
        fclose(f);
        assert_fails(ERR_SYNTAX, "certificate 2 of the chain is damaged");
}
END_TEST

START_TEST(one_of_a_pair_alone_is_refused)
{
        struct error why = { 0 };

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        dir.config.private_key = NULL;
        ck_assert_int_eq(try_set(&why), ERR_SYNTAX);
        ck_assert_ptr_nonnull(strstr(why.text, "together"));
}
END_TEST

START_TEST(an_expired_certificate_is_used_with_a_warning)
{
        cert_add(&dir, (struct cert_options){ .key = "EC", .from_days = -10, .until_days = -1 });
        tls_set_unref(cert_set(&dir));
        ck_assert_ptr_nonnull(strstr(last_line, "0.crt expired="));
}
END_TEST

START_TEST(a_certificate_from_the_future_is_used_with_a_warning)
{
        cert_add(&dir, (struct cert_options){ .key = "EC", .from_days = 2, .until_days = 3 });
        tls_set_unref(cert_set(&dir));
        ck_assert_ptr_nonnull(strstr(last_line, "not valid yet"));
}
END_TEST

START_TEST(the_fingerprint_changes_with_any_file_and_only_then)
{
        uint64_t before, after;

        cert_add(&dir, (struct cert_options){ .key = "EC" });
        cert_add(&dir, (struct cert_options){ .key = "EC" });
        before = tls_config_fingerprint(&dir.config);
        ck_assert_uint_eq(tls_config_fingerprint(&dir.config), before);
        cert_write(dir.files[1][1], "another");
        after = tls_config_fingerprint(&dir.config);
        ck_assert_uint_ne(after, before);
        unlink(dir.files[0][0]);
        ck_assert_uint_ne(tls_config_fingerprint(&dir.config), after);
}
END_TEST

/* ---- names ---- */

static const struct {
        const char *names, *asked;
        bool covered;
} covers[] = {
        {"mail.example",           "mail.example",   true },
        { "MAIL.Example",          "mail.example",   true },
        { "mail.example",          "pop.example",    false},
        { "*.example",             "mail.example",   true },
        { "*.example",             "a.mail.example", false},
        { "*.example",             "example",        false},
        { "a.example,*.b.example", "x.b.example",    true },
        { NULL,                    "test",           true }, /* the common name, where there is no other */
};

START_TEST(a_certificate_covers_the_names_it_carries)
{
        struct tls_pair p;
        struct error why;

        cert_add(&dir, (struct cert_options){ .key = "EC", .names = covers[_i].names });
        ck_assert(tls_pair_load(dir.files[0][0], dir.files[0][1], &p, &why) == ERR_OK);
        ck_assert_msg(tls_pair_covers(&p, covers[_i].asked) == covers[_i].covered, "%s",
                      covers[_i].asked);
        tls_pair_done(&p);
}
END_TEST

/* Certificates a, b, c as kind and names; which the choice for a host name holds. */
static char *exact_ec[] = { (char[]){ "mail.example" } };
static char *wild_ec[] = { (char[]){ "*.example" }, (char[]){ "example" } };
static char *both_rsa[] = { (char[]){ "mail.example" }, (char[]){ "www.example" } };
static const struct tls_pair three[] = {
        {.kind = TLS_KIND_ECDSA,  .names = wild_ec,  .n_names = 2},
        { .kind = TLS_KIND_ECDSA, .names = exact_ec, .n_names = 1},
        { .kind = TLS_KIND_RSA,   .names = both_rsa, .n_names = 2},
};
static const struct {
        const char *host;
        int ecdsa, rsa;
} choices[] = {
        {"mail.example",    1, 2 }, /* the exact name before the wildcard */
        { "MAIL.example.",  1, 2 }, /* case and a final dot do not matter */
        { "www.example",    0, 2 }, /* wildcard and RSA side by side */
        { "other.example",  0, -1}, /* only the wildcard */
        { "example",        0, -1},
        { "a.b.example",    0, -1}, /* unknown: the first */
        { "elsewhere.test", 0, -1},
        { "",               0, -1},
        { ".example",       0, -1},
        { ".",              0, -1},
};

START_TEST(for_each_host_name_the_best_certificate_of_each_kind_is_chosen)
{
        struct tls_names t = { 0 };
        const struct tls_choice *c;

        tls_names_build(&t, three, 3);
        c = &t.choices[tls_names_find(&t, choices[_i].host)];
        ck_assert_msg(c->pair[TLS_KIND_ECDSA] == choices[_i].ecdsa, "%s", choices[_i].host);
        ck_assert_msg(c->pair[TLS_KIND_RSA] == choices[_i].rsa, "%s", choices[_i].host);
        tls_names_done(&t);
}
END_TEST

START_TEST(names_with_the_same_certificates_share_a_context)
{
        struct tls_names t = { 0 };

        tls_names_build(&t, &three[2], 1);
        ck_assert_uint_eq(t.n, 2);
        ck_assert_uint_eq(t.n_choices, 1);
        tls_names_done(&t);
}
END_TEST

START_TEST(a_host_name_of_any_length_is_looked_up)
{
        struct tls_names t = { 0 };
        char host[1000];

        memset(host, 'a', sizeof host);
        tls_names_build(&t, three, 3);
        for (size_t len = 200; len < sizeof host; len++) {
                host[len] = '\0';
                ck_assert_int_eq(tls_names_find(&t, host), 0);
                host[len] = 'a';
        }
        tls_names_done(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("tls");
        TCase *files = tcase_create("files"), *names = tcase_create("names");

        tcase_add_checked_fixture(files, setup, teardown);
        tcase_add_checked_fixture(names, setup, teardown);
        tcase_set_timeout(files, 300);
        suite_add_tcase(s, files);
        suite_add_tcase(s, names);
        tcase_add_test(files, a_pair_loads_and_tells_when_it_expires);
        tcase_add_test(files, a_missing_file_is_named);
        tcase_add_test(files, a_file_that_this_user_may_not_read_is_named);
        tcase_add_test(files, a_key_of_another_certificate_is_refused);
        tcase_add_test(files, files_that_are_not_pem_are_refused);
        tcase_add_test(files, certificate_and_key_exchanged_is_said);
        tcase_add_test(files, a_key_with_a_passphrase_is_refused_with_the_way_out);
        tcase_add_test(files, a_damaged_chain_is_refused);
        tcase_add_test(files, one_of_a_pair_alone_is_refused);
        tcase_add_test(files, an_expired_certificate_is_used_with_a_warning);
        tcase_add_test(files, a_certificate_from_the_future_is_used_with_a_warning);
        tcase_add_test(files, the_fingerprint_changes_with_any_file_and_only_then);
        tcase_add_loop_test(names, a_certificate_covers_the_names_it_carries, 0,
                            (int)(sizeof covers / sizeof *covers));
        tcase_add_loop_test(names, for_each_host_name_the_best_certificate_of_each_kind_is_chosen,
                            0, (int)(sizeof choices / sizeof *choices));
        tcase_add_test(names, names_with_the_same_certificates_share_a_context);
        tcase_add_test(names, a_host_name_of_any_length_is_looked_up);
        return run_suite(s);
}
