/* test_dns_text.c — DMARC and TLS-RPT records, right and wrong. */
#include "dns_text.h"

#include <check.h>
#include <stdlib.h>

/* clang-format off */
static const struct {
        const char *name, *record;
        const char *wrong; /* words of it; NULL: it is right */
} dmarc[] = {
        { "the least",                  "v=DMARC1; p=none",                                     NULL },
        { "no blanks, one more ;",      "v=DMARC1;p=reject;",                                   NULL },
        { "reports",                    "v=DMARC1; p=none; rua=mailto:a@example.org,mailto:b@example.net!10m", NULL },
        { "all tags",                   "v=DMARC1; p=quarantine; sp=reject; adkim=s; aspf=r; pct=50; fo=1:d:s; ri=3600", NULL },
        { "a tag of the future",        "v=DMARC1; p=none; t=y; psd=n",                         NULL },
        { "no policy",                  "v=DMARC1; rua=mailto:a@example.org",                   "right after" },
        { "policy too late",            "v=DMARC1; rua=mailto:a@example.org; p=none",           "right after" },
        { "nothing but the version",    "v=DMARC1",                                             "right after" },
        { "policy misspelt",            "v=DMARC1; p=rejct",                                    "p= must" },
        { "of subdomains misspelt",     "v=DMARC1; p=none; sp=no",                              "sp= must" },
        { "alignment",                  "v=DMARC1; p=none; adkim=relaxed",                      "adkim=" },
        { "percentage",                 "v=DMARC1; p=none; pct=101",                            "pct=" },
        { "address without mailto",     "v=DMARC1; p=none; rua=a@example.org",                  "rua=" },
        { "address without domain",     "v=DMARC1; p=none; ruf=mailto:a@",                      "ruf=" },
        { "no address",                 "v=DMARC1; p=none; rua=",                               "rua=" },
        { "choice of reports",          "v=DMARC1; p=none; fo=all",                             "fo=" },
        { "a comma for a semicolon",    "v=DMARC1, p=none",                                     "version" },
        { "a word alone",               "v=DMARC1; p=none; reject",                             "without" },
        { "something before it",        ";v=DMARC1; p=none",                                    "version" },
        { "version in small letters",   "v=dmarc1; p=none",                                     "version" },
};
static const struct {
        const char *name, *record;
        const char *wrong;
} tlsrpt[] = {
        { "by mail",           "v=TLSRPTv1; rua=mailto:tls@example.org",                       NULL },
        { "by HTTPS and mail", "v=TLSRPTv1;rua=https://example.org/tls,mailto:a@example.org;", NULL },
        { "nowhere",           "v=TLSRPTv1;",                                                  "rua=" },
        { "by HTTP",           "v=TLSRPTv1; rua=http://example.org/",                          "rua=" },
        { "small letters",     "v=tlsrptv1; rua=mailto:a@example.org",                         "version" },
};
/* clang-format on */

static void check_words(const char *name, const char *found, const char *words)
{
        if (!words)
                ck_assert_msg(!found, "%s: %s", name, found);
        else
                ck_assert_msg(found && strstr(found, words), "%s: %s", name,
                              found ? found : "right");
}

START_TEST(reports_of_dmarc_go_to_domains)
{
        struct dns_text_reports r = {
                .record = SLICE(
                        "v=DMARC1; p=none; rua=mailto:a@example.org, MAILTO:b@one.example!10m,"
                        "https://two.example/x; x=mailto:a@no.example; "
                        "ruf=mailto:\"a@b\"@three.example")
        };
        static const char *const domains[] = { "example.org", "one.example", "three.example" };
        struct slice domain;

        for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
                ck_assert(dns_text_next_report(&r, &domain));
                ck_assert(slice_eq(domain, slice_of(domains[i])));
        }
        ck_assert(!dns_text_next_report(&r, &domain));
}
END_TEST

START_TEST(dmarc_is_right_or_told_why_not)
{
        check_words(dmarc[_i].name, dns_text_dmarc_wrong(slice_of(dmarc[_i].record)),
                    dmarc[_i].wrong);
}
END_TEST

START_TEST(tlsrpt_is_right_or_told_why_not)
{
        check_words(tlsrpt[_i].name, dns_text_tlsrpt_wrong(slice_of(tlsrpt[_i].record)),
                    tlsrpt[_i].wrong);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("app dns_text");
        TCase *tc = tcase_create("dns_text");
        SRunner *runner = srunner_create(s);
        int failed;

        tcase_add_test(tc, reports_of_dmarc_go_to_domains);
        tcase_add_loop_test(tc, dmarc_is_right_or_told_why_not, 0, sizeof dmarc / sizeof *dmarc);
        tcase_add_loop_test(tc, tlsrpt_is_right_or_told_why_not, 0, sizeof tlsrpt / sizeof *tlsrpt);
        suite_add_tcase(s, tc);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
