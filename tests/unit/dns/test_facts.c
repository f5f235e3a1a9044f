/* test_facts.c — answers kept, and questions named. */
#include "mailserver/dns/facts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct dns_record records[] = {
        {.preference = 5,            .name = "mx.example.org"},
        { .octets = { "\1\2\3", 3 }, .usage = 3              }
};
static const struct dns_answer yes = { .status = DNS_OK,
                                       .secure = true,
                                       .ttl = 60,
                                       .canonical = "example.org",
                                       .records = records,
                                       .n = 2 };

START_TEST(what_is_known_is_given_and_what_is_not_is_asked_once)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct dns_questions lacking = { .n = 0 };
        const struct dns_answer *answer;

        ck_assert_ptr_null(dns_facts_ask(&facts, "Example.org.", DNS_MX, &lacking));
        ck_assert_ptr_null(dns_facts_ask(&facts, "example.org", DNS_MX, &lacking));
        ck_assert_ptr_null(dns_facts_ask(&facts, "example.org", DNS_A, &lacking));
        ck_assert_uint_eq(lacking.n, 2);
        ck_assert_str_eq(lacking.items[0].name, "Example.org");
        ck_assert_int_eq(dns_facts_add(&facts, "example.org.", DNS_MX, &yes), ERR_OK);
        answer = dns_facts_ask(&facts, "EXAMPLE.ORG", DNS_MX, &lacking);
        ck_assert_ptr_nonnull(answer);
        ck_assert(answer->secure);
        ck_assert_str_eq(answer->records[0].name, "mx.example.org");
        ck_assert_ptr_ne(answer->records[0].name, records[0].name);
        ck_assert_mem_eq(answer->records[1].octets.ptr, "\1\2\3", 3);
        ck_assert_uint_eq(lacking.n, 2);
}
END_TEST

START_TEST(more_questions_than_there_is_room_for_wait)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct dns_questions lacking = { .n = 0 };
        char name[32];

        for (int i = 0; i < 2 * DNS_MAX_QUESTIONS; i++) {
                snprintf(name, sizeof name, "h%d.example.org", i);
                ck_assert_ptr_null(dns_facts_ask(&facts, name, DNS_A, &lacking));
        }
        ck_assert_uint_eq(lacking.n, DNS_MAX_QUESTIONS);
}
END_TEST

START_TEST(a_name_that_is_too_long_does_not_exist)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct dns_questions lacking = { .n = 0 };
        char name[400];

        memset(name, 'a', sizeof name);
        name[sizeof name - 1] = '\0';
        ck_assert_int_eq(dns_facts_ask(&facts, name, DNS_A, &lacking)->status, DNS_NXDOMAIN);
        ck_assert_uint_eq(lacking.n, 0);
}
END_TEST

START_TEST(a_full_arena_is_said)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(64);
        struct dns_facts facts = { .arena = &arena };
        struct dns_questions lacking = { .n = 0 };

        ck_assert_int_eq(dns_facts_add(&facts, "example.org", DNS_MX, &yes), ERR_LIMIT);
        ck_assert_ptr_null(dns_facts_ask(&facts, "example.org", DNS_MX, &lacking));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("dns facts");
        TCase *tcase = tcase_create("facts");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tcase, what_is_known_is_given_and_what_is_not_is_asked_once);
        tcase_add_test(tcase, more_questions_than_there_is_room_for_wait);
        tcase_add_test(tcase, a_name_that_is_too_long_does_not_exist);
        tcase_add_test(tcase, a_full_arena_is_said);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
