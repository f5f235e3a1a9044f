/* test_search_answer.c — what was found, as it is told: RFC 9051 7.3.4, RFC 5267 3.2, RFC 9394. */
#include "search_answer.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdlib.h>

/* Messages 1 to 6 have these UIDs. */
static struct uid_map make_map(void)
{
        struct uid_map map = { 0 };

        uid_map_append(&map, 3, 4);
        uid_map_append(&map, 10, 12);
        uid_map_append(&map, 20, 20);
        return map;
}

static void check(const struct imap_results *r, const char *options, const char *wanted,
                  const char *saved)
{
        AUTO_BUF(out, 1000);
        AUTO_BUF(line, 1000);
        AUTO_BUF(uids, 1000);
        AUTO(uid_set_done) struct uid_set set = { 0 };
        struct imap_args args = { .rest = slice_of(options) };
        struct imap_search_returns returns = { 0 };
        struct imap_scores scores = { 0 };

        ck_assert_int_eq(imap_search_returns_parse(&args, &returns), ERR_OK);
        for (uint32_t uid = 1; uid < 30; uid++)
                imap_scores_add(&scores, uid, 2 * uid);
        imap_put_esearch(&out, "TAG \"a1\"", true, &returns, r, &scores, 7);
        buf_addf(&line, "* ESEARCH (TAG \"a1\") UID%s MODSEQ 7\r\n", wanted);
        ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&line)), "%s: " SLICE_FMT, options,
                      SLICE_ARG(buf_slice(&out)));
        imap_scores_done(&scores);
        imap_results_returned(r, &returns, &set);
        ck_assert_int_eq(uid_set_print(&set, &uids), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&uids), slice_of(saved)), "%s saves " SLICE_FMT, options,
                      SLICE_ARG(buf_slice(&uids)));
}

START_TEST(results_in_the_order_of_the_mailbox)
{
        struct uid_map map = make_map();
        struct imap_results r;
        AUTO(uid_set_done) struct uid_set found = { 0 };
        AUTO_BUF(out, 1000);

        uid_set_add_range(&found, 4, 11);
        uid_set_add_range(&found, 20, 30); /* 21 to 30 came since: the client does not know them */
        imap_results_of_set(&found, &map, false, &r);
        ck_assert_uint_eq(imap_results_count(&r), 4);
        imap_put_found(&out, "SEARCH", &r, 0);
        ck_assert_str_eq(out.ptr, "* SEARCH 2 3 4 6\r\n");
        check(&r, "RETURN (MIN MAX ALL COUNT) ", " MIN 2 MAX 6 ALL 2:4,6 COUNT 4", "4,10:11,20");
        check(&r, "RETURN (MIN MAX) ", " MIN 2 MAX 6", "4,20");
        check(&r, "RETURN (PARTIAL 2:3) ", " PARTIAL (2:3 3:4)", "10:11");
        check(&r, "RETURN (PARTIAL 4:9 MIN) ", " MIN 2 PARTIAL (4:9 6)", "4,20");
        check(&r, "RETURN (PARTIAL -2:-1) ", " PARTIAL (-2:-1 4,6)", "11,20");
        check(&r, "RETURN (PARTIAL -9:-4) ", " PARTIAL (-9:-4 2)", "4");
        check(&r, "RETURN (PARTIAL -9:-5) ", " PARTIAL (-9:-5 NIL)", "");
        check(&r, "RETURN (RELEVANCY ALL) ", " ALL 2:4,6 RELEVANCY (8 20 22 40)", "4,10:11,20");
        check(&r, "RETURN (RELEVANCY PARTIAL 2:3) ", " PARTIAL (2:3 3:4) RELEVANCY (20 22)",
              "10:11");
        check(&r, "RETURN (PARTIAL 5:6 COUNT) ", " PARTIAL (5:6 NIL) COUNT 4", "4,10:11,20");
        imap_results_done(&r);
        imap_results_of_set(&found, &map, true, &r);
        check(&r, "RETURN () ", " ALL 4,10:11,20", "4,10:11,20");
        check(&r, "RETURN (PARTIAL 1:2) ", " PARTIAL (1:2 4,10)", "4,10");
        imap_results_done(&r);
        uid_map_done(&map);
}
END_TEST

START_TEST(results_in_an_order_of_their_own)
{
        static const uint32_t sorted[] = { 20, 11, 12, 5, 3, 4 }; /* 5 is gone for the client */
        struct uid_map map = make_map();
        uint32_t *uids = mem_alloc(sizeof sorted);
        struct imap_results r;
        AUTO_BUF(out, 1000);

        memcpy(uids, sorted, sizeof sorted);
        imap_results_of_list(uids, 6, &map, false, &r);
        imap_put_found(&out, "SORT", &r, 77);
        ck_assert_str_eq(out.ptr, "* SORT 6 4 5 1 2 (MODSEQ 77)\r\n");
        check(&r, "RETURN (MIN MAX ALL COUNT) ", " MIN 6 MAX 2 ALL 6,4:5,1:2 COUNT 5",
              "3:4,11:12,20");
        check(&r, "RETURN (MAX) ", " MAX 2", "4");
        check(&r, "RETURN (ALL RELEVANCY) ", " ALL 6,4:5,1:2 RELEVANCY (40 22 24 6 8)",
              "3:4,11:12,20");
        check(&r, "RETURN (PARTIAL 2:4) ", " PARTIAL (2:4 4:5,1)", "3,11:12");
        check(&r, "RETURN (PARTIAL -1:-1 MIN) ", " MIN 6 PARTIAL (-1:-1 2)", "4,20");
        imap_results_done(&r);
        uid_map_done(&map);
}
END_TEST

START_TEST(nothing_found)
{
        struct uid_map map = make_map();
        struct imap_results r;
        const struct uid_set none = { 0 };

        imap_results_of_set(&none, &map, false, &r);
        check(&r, "RETURN (MIN MAX ALL COUNT) ", " COUNT 0", "");
        check(&r, "RETURN (MIN PARTIAL 1:1) ", " PARTIAL (1:1 NIL)", "");
        imap_results_done(&r);
        imap_results_of_list(mem_alloc(1), 0, &map, false, &r);
        check(&r, "RETURN (MIN MAX ALL COUNT) ", " COUNT 0", "");
        imap_results_done(&r);
        uid_map_done(&map);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("search answer");
        TCase *tc = tcase_create("answer");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_test(tc, results_in_the_order_of_the_mailbox);
        tcase_add_test(tc, results_in_an_order_of_their_own);
        tcase_add_test(tc, nothing_found);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
