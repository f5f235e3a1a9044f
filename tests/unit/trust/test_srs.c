/* test_srs.c — senders there and back. */
#include "mailserver/trust/srs.h"

#include <check.h>
#include <stdlib.h>

#define DAY ((int64_t)86400 * 1000000)

enum { ROOM = 1024 };

static struct srs srs_of(const char *domain, int64_t now_us)
{
        struct srs srs = { .domain = domain, .now_us = now_us, .lifetime_us = 21 * DAY };

        memset(srs.secret, domain[0], sizeof srs.secret);
        return srs;
}

static const char *const senders[] = { "joe@away.org", "Joe.Smith+x@away.example.org", "a=b=c@x.y",
                                       "SRSx@away.org" };

START_TEST(a_sender_goes_there_and_back)
{
        struct srs srs = srs_of("ours.org", 20000 * DAY);
        AUTO_BUF(forward, ROOM);
        AUTO_BUF(back, ROOM);

        ck_assert_int_eq(srs_forward(&srs, slice_of(senders[_i]), &forward), ERR_OK);
        ck_assert(slice_starts(buf_slice(&forward), SLICE("SRS0=")));
        ck_assert(slice_ends(buf_slice(&forward), SLICE("@ours.org")));
        ck_assert(srs_is(buf_slice(&forward)));
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&forward), &back), ERR_OK);
        ck_assert_str_eq(back.ptr, senders[_i]);
}
END_TEST

START_TEST(three_forwarders_are_undone_by_the_first_and_the_last)
{
        struct srs first = srs_of("first.org", 20000 * DAY), second = srs_of("second.org", DAY),
                   third = srs_of("third.org", 5 * DAY);
        AUTO_BUF(one, ROOM);
        AUTO_BUF(two, ROOM);
        AUTO_BUF(three, ROOM);
        AUTO_BUF(back, ROOM);
        AUTO_BUF(joe, ROOM);

        ck_assert_int_eq(srs_forward(&first, SLICE("joe@away.org"), &one), ERR_OK);
        ck_assert_int_eq(srs_forward(&second, buf_slice(&one), &two), ERR_OK);
        ck_assert_int_eq(srs_forward(&third, buf_slice(&two), &three), ERR_OK);
        ck_assert(slice_starts(buf_slice(&three), SLICE("SRS1=")));
        ck_assert_int_eq(srs_reverse(&third, buf_slice(&three), &back), ERR_OK);
        ck_assert_str_eq(back.ptr, one.ptr);
        ck_assert_int_eq(srs_reverse(&first, buf_slice(&back), &joe), ERR_OK);
        ck_assert_str_eq(joe.ptr, "joe@away.org");
}
END_TEST

START_TEST(what_need_not_be_rewritten_stays)
{
        struct srs srs = srs_of("ours.org", 0);
        AUTO_BUF(out, ROOM);

        ck_assert_int_eq(srs_forward(&srs, SLICE(""), &out), ERR_OK);
        ck_assert_uint_eq(out.len, 0);
        ck_assert_int_eq(srs_forward(&srs, SLICE("alice@OURS.org"), &out), ERR_OK);
        ck_assert_str_eq(out.ptr, "alice@OURS.org");
}
END_TEST

START_TEST(the_case_of_letters_may_change_on_the_way)
{
        struct srs srs = srs_of("ours.org", 20000 * DAY);
        AUTO_BUF(out, ROOM);
        AUTO_BUF(back, ROOM);

        ck_assert_int_eq(srs_forward(&srs, SLICE("joe@away.org"), &out), ERR_OK);
        for (size_t i = 0; i < out.len; i++)
                out.ptr[i] = ascii_lower(out.ptr[i]);
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&out), &back), ERR_OK);
        ck_assert_str_eq(back.ptr, "joe@away.org");
}
END_TEST

START_TEST(a_forged_or_old_one_is_refused)
{
        struct srs srs = srs_of("ours.org", 20000 * DAY), other = srs_of("x.org", 20000 * DAY);
        AUTO_BUF(out, ROOM);
        AUTO_BUF(back, ROOM);

        ck_assert_int_eq(srs_forward(&srs, SLICE("joe@away.org"), &out), ERR_OK);
        ck_assert_int_eq(srs_reverse(&other, buf_slice(&out), &back), ERR_DENIED);
        srs.now_us += 21 * DAY;
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&out), &back), ERR_OK);
        srs.now_us += DAY;
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&out), &back), ERR_LIMIT);
        out.ptr[out.len - 10] ^= 1;
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&out), &back), ERR_DENIED);
}
END_TEST

START_TEST(the_day_counts_round_after_1024)
{
        struct srs srs = srs_of("ours.org", 1023 * DAY);
        AUTO_BUF(out, ROOM);
        AUTO_BUF(back, ROOM);

        ck_assert_int_eq(srs_forward(&srs, SLICE("joe@away.org"), &out), ERR_OK);
        srs.now_us += 20 * DAY;
        ck_assert_int_eq(srs_reverse(&srs, buf_slice(&out), &back), ERR_OK);
}
END_TEST

static const char *const others[] = { "joe@ours.org",
                                      "SRS0@ours.org",
                                      "SRS0=@ours.org",
                                      "SRS0=AAAA@ours.org",
                                      "SRS0=AAA=AA=x=y@ours.org",
                                      "SRS0=AAAA=AA=x=y",
                                      "SRS2=AAAA=AA=x=y@ours.org",
                                      "SRS1=AAAA@ours.org",
                                      "@ours.org",
                                      "" };

START_TEST(what_is_no_such_address_is_said)
{
        struct srs srs = srs_of("ours.org", 0);
        AUTO_BUF(out, ROOM);

        ck_assert_msg(srs_reverse(&srs, slice_of(others[_i]), &out) == ERR_NOTFOUND, "%s",
                      others[_i]);
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(a_local_part_is_never_over_64_octets)
{
        struct srs srs = srs_of("ours.org", 0);
        AUTO_BUF(out, ROOM);

        ck_assert_int_eq(srs_forward(&srs,
                                     SLICE("a-rather-long-name-of-somebody@a-rather-long-name-of-a-"
                                           "domain.example.org"),
                                     &out),
                         ERR_LIMIT);
        ck_assert_uint_eq(out.len, 0);
        ck_assert_int_eq(srs_forward(&srs, SLICE("no address"), &out), ERR_SYNTAX);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("trust srs");
        TCase *tcase = tcase_create("srs");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, a_sender_goes_there_and_back, 0,
                            (int)(sizeof senders / sizeof *senders));
        tcase_add_test(tcase, three_forwarders_are_undone_by_the_first_and_the_last);
        tcase_add_test(tcase, what_need_not_be_rewritten_stays);
        tcase_add_test(tcase, the_case_of_letters_may_change_on_the_way);
        tcase_add_test(tcase, a_forged_or_old_one_is_refused);
        tcase_add_test(tcase, the_day_counts_round_after_1024);
        tcase_add_loop_test(tcase, what_is_no_such_address_is_said, 0,
                            (int)(sizeof others / sizeof *others));
        tcase_add_test(tcase, a_local_part_is_never_over_64_octets);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
