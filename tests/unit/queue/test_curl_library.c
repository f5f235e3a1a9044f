/* test_curl_library.c — libcurl as it is loaded, and what is not taken for it. */
#include "curl_library.h"

#include <check.h>
#include <openssl/opensslv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)
#define OURS             "OpenSSL/" TEXT_OF(OPENSSL_VERSION_MAJOR)

static bool is_mapped(const char *name)
{
        FILE *maps = fopen("/proc/self/maps", "r");
        bool found = false;
        char line[4096];

        ck_assert_ptr_nonnull(maps);
        while (!found && fgets(line, sizeof line, maps))
                found = strstr(line, name) != NULL;
        fclose(maps);
        return found;
}

START_TEST(it_is_in_memory_once_it_is_opened)
{
        struct curl_library library;
        struct error error = { 0 };

        ck_assert(!is_mapped("libcurl"));
        ck_assert_msg(curl_library_open(NULL, &library, &error) == ERR_OK, "%s", error.text);
        ck_assert(is_mapped("libcurl"));
        ck_assert_str_eq(library.easy_strerror(CURLE_OK), "No error");
}
END_TEST

START_TEST(to_try_it_takes_no_memory)
{
        struct error error = { 0 };

        ck_assert_msg(curl_library_check(NULL, &error) == ERR_OK, "%s", error.text);
        ck_assert(!is_mapped("libcurl"));
}
END_TEST

static const struct {
        const char *file, *words;
} others[] = {
        {"/nonexistent/libcurl.so.4", "/nonexistent/libcurl.so.4: cannot open"},
        { "libz.so.1",                "undefined symbol: curl_"               },
        { "/dev/null",                "/dev/null"                             },
};

START_TEST(what_is_no_libcurl_is_said)
{
        struct curl_library library;
        struct error opened = { 0 }, tried = { 0 };

        ck_assert_int_eq(curl_library_open(others[_i].file, &library, &opened), ERR_NOTFOUND);
        ck_assert_msg(strstr(opened.text, others[_i].words) != NULL, "%s", opened.text);
        ck_assert_int_eq(curl_library_check(others[_i].file, &tried), ERR_NOTFOUND);
        ck_assert_str_eq(tried.text, opened.text);
}
END_TEST

static const struct {
        const char *name;
        unsigned version;
        const char *tls;
        bool fits;
} versions[] = {
        {"Debian 12's",               CURL_VERSION_BITS(7, 88, 1), OURS ".0.19",               true },
        { "a later",                  CURL_VERSION_BITS(8, 14, 1), OURS ".5.4",                true },
        { "without what we need",     CURL_VERSION_BITS(7, 84, 0), OURS ".0.19",               false},
        { "another's TLS",            CURL_VERSION_BITS(7, 88, 1), "GnuTLS/3.7.9",             false},
        { "ours, but it is not used", CURL_VERSION_BITS(7, 88, 1), "(" OURS ".0.19) GnuTLS/3",
         false                                                                                      },
        { "an older OpenSSL",         CURL_VERSION_BITS(7, 88, 1), "OpenSSL/1.1.1n",           false},
        { "one far beyond",           CURL_VERSION_BITS(7, 88, 1), OURS "0.1.0",               false},
        { "no TLS",                   CURL_VERSION_BITS(7, 88, 1), NULL,                       false},
};

START_TEST(only_one_with_our_tls_fits)
{
        const curl_version_info_data info = { .version = "its version",
                                              .version_num = versions[_i].version,
                                              .ssl_version = versions[_i].tls };
        struct error error = { 0 };

        ck_assert_msg((curl_library_fits(&info, &error) == ERR_OK) == versions[_i].fits, "%s: %s",
                      versions[_i].name, error.text);
}
END_TEST

#define ROWS(table) (int)(sizeof table / sizeof *table)

int main(void)
{
        Suite *suite = suite_create("curl_library");
        TCase *tc = tcase_create("library");
        SRunner *runner;
        int failed;

        tcase_add_test(tc, it_is_in_memory_once_it_is_opened);
        tcase_add_test(tc, to_try_it_takes_no_memory);
        tcase_add_loop_test(tc, what_is_no_libcurl_is_said, 0, ROWS(others));
        tcase_add_loop_test(tc, only_one_with_our_tls_fits, 0, ROWS(versions));
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
