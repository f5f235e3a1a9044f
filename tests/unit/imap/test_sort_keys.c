/* test_sort_keys.c — criteria, and the order they give: RFC 5256 3. */
#include "sort_keys.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdlib.h>

static enum err parse(const char *text, struct imap_sort *ret)
{
        struct imap_args args = { .rest = slice_of(text) };

        return imap_sort_parse(&args, ret);
}

static const struct {
        const char *name, *text;
        size_t n;
} good[] = {
        {"one",          "(DATE)",                                                                 1},
        { "reversed",    "(REVERSE date)",                                                         1},
        { "several",     "(SUBJECT REVERSE DATE ARRIVAL)",                                         3},
        { "again",       "(DATE REVERSE DATE SIZE DATE)",                                          2},
        { "all of them", "(ARRIVAL CC DATE DISPLAYFROM DISPLAYTO FROM SIZE SUBJECT TO RELEVANCY)",
         10                                                                                         },
};

START_TEST(criteria_are_read)
{
        struct imap_sort sort;

        ck_assert_int_eq(parse(good[_i].text, &sort), ERR_OK);
        ck_assert_msg(sort.n == good[_i].n, "%s: %zu", good[_i].name, sort.n);
}
END_TEST

static const char *const bad[] = { "",           "()",        "(REVERSE)",  "(DATE",  "DATE)",
                                   "(DATE SIZ)", "(DATE,TO)", "(DATE  TO)", "(DATE )" };

START_TEST(what_are_no_criteria_is_not)
{
        struct imap_sort sort;

        ck_assert_msg(parse(bad[_i], &sort) == ERR_SYNTAX, "%s", bad[_i]);
}
END_TEST

/* Rows with UIDs from 1 on, sorted; the UIDs as digits. */
static void check_order(const char *criteria, size_t max_text, const struct store_fetch_row *rows,
                        size_t n, const char *wanted)
{
        struct imap_sorter s = { .max_text = max_text, .octets = BUF_INIT(1 << 20) };
        AUTO_BUF(got, 1000);
        uint32_t *uids;

        ck_assert_int_eq(parse(criteria, &s.sort), ERR_OK);
        for (size_t i = 0; i < n; i++) {
                struct store_fetch_row row = rows[i];

                row.uid = (uint32_t)i + 1;
                ck_assert_int_eq(imap_sorter_add(&s, &row, row.uid % 3), ERR_OK);
        }
        uids = imap_sorter_take(&s, &n);
        for (size_t i = 0; i < n; i++)
                buf_addf(&got, "%u", uids[i]);
        mem_free(uids);
        ck_assert_msg(slice_eq(buf_slice(&got), slice_of(wanted)), "%s: " SLICE_FMT, criteria,
                      SLICE_ARG(buf_slice(&got)));
}

START_TEST(numbers_are_ordered_whatever_their_sign)
{
        static const int64_t times[] = { 5, -1, 0, INT64_MAX, INT64_MIN + 1, 256, 255 };
        struct store_fetch_row rows[7] = { 0 };

        for (size_t i = 0; i < 7; i++)
                rows[i].internal_date_us = rows[i].sent_us = rows[i].size = times[i];
        rows[1].sent_us = INT64_MIN; /* the mail does not say: its internal date, -1 */
        check_order("(ARRIVAL)", 100, rows, 7, "5231764");
        check_order("(DATE)", 100, rows, 7, "5231764");
        check_order("(REVERSE SIZE)", 100, rows, 7, "4671325");
}
END_TEST

START_TEST(texts_are_ordered_by_octets_and_the_shorter_first)
{
        const struct store_fetch_row rows[] = {
                { .base_subject = SLICE("B") },
                { .base_subject = SLICE("AB") },
                { .base_subject = SLICE("") },
                { .base_subject = SLICE("A") },
                { .base_subject = SLICE("\xc3\x84") },
                { .base_subject = SLICE("A\0Z") },
                { .base_subject = SLICE("A") },
                { .base_subject = SLICE("AAAAAAAAAAAAX") },
                { .base_subject = SLICE("AAAAAAAAAAAAB") },
        };

        check_order("(SUBJECT)", 100, rows, 9, "347698215");
        check_order("(REVERSE SUBJECT)", 100, rows, 9, "512896473");
        /* Beyond what counts they are equal, and stay as they are. */
        check_order("(SUBJECT)", 12, rows, 9, "347689215");
}
END_TEST

START_TEST(the_next_criterion_decides_between_equals)
{
        const struct store_fetch_row rows[] = {
                {.from = SLICE("A"),   .to = SLICE("X"), .size = 3},
                { .from = SLICE("AA"), .to = SLICE("A"), .size = 3},
                { .from = SLICE("A"),  .to = SLICE("X"), .size = 1},
                { .from = SLICE("A"),  .to = SLICE("C"), .size = 2},
        };

        check_order("(FROM TO SIZE)", 100, rows, 4, "4312");
        check_order("(REVERSE FROM TO REVERSE SIZE)", 100, rows, 4, "2413");
        check_order("(FROM REVERSE TO)", 100, rows, 4, "1342");
        check_order("(CC)", 100, rows, 4, "1234");
        /* Their scores are 1, 2, 0 and 1. */
        check_order("(RELEVANCY)", 100, rows, 4, "2143");
        check_order("(REVERSE RELEVANCY SIZE)", 100, rows, 4, "3412");
}
END_TEST

START_TEST(keys_have_a_ceiling)
{
        struct imap_sorter s = { .max_text = 10, .octets = BUF_INIT(100) };
        const struct store_fetch_row row = { .base_subject = SLICE("0123456789ABC") };
        size_t n = 0;

        ck_assert_int_eq(parse("(SUBJECT)", &s.sort), ERR_OK);
        while (imap_sorter_add(&s, &row, 1) == ERR_OK)
                n++;
        ck_assert_uint_eq(n, 8); /* eleven octets each, and room for the longest of the next */
        ck_assert_int_eq(imap_sorter_add(&s, &row, 1), ERR_LIMIT);
        imap_sorter_done(&s);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("sort keys");
        TCase *tc = tcase_create("sort");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tc, criteria_are_read, 0, (int)(sizeof good / sizeof *good));
        tcase_add_loop_test(tc, what_are_no_criteria_is_not, 0, (int)(sizeof bad / sizeof *bad));
        tcase_add_test(tc, numbers_are_ordered_whatever_their_sign);
        tcase_add_test(tc, texts_are_ordered_by_octets_and_the_shorter_first);
        tcase_add_test(tc, the_next_criterion_decides_between_equals);
        tcase_add_test(tc, keys_have_a_ceiling);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
