/* test_object_id.c — names of mailboxes, messages and threads: RFC 8474 7. */
#include "object_id.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *text;
        bool is_one;
} candidates[] = {
        {"M6d99ac3275bb4e", true },
        { "a",              true },
        { "-_0",            true },
        { "",               false},
        { "a b",            false},
        { "a.b",            false},
        { "\xc3\xa9",       false},
};

START_TEST(letters_digits_dashes_and_underscores_are_an_object_id)
{
        ck_assert_int_eq(imap_is_object_id(slice_of(candidates[_i].text)), candidates[_i].is_one);
}
END_TEST

START_TEST(an_object_id_has_at_most_255_characters)
{
        char text[257];

        memset(text, 'x', sizeof text);
        ck_assert(imap_is_object_id((struct slice){ text, 255 }));
        ck_assert(!imap_is_object_id((struct slice){ text, 256 }));
}
END_TEST

static const int64_t threads[] = { 0, 1, 0x123456789abcdef, INT64_MAX };

START_TEST(a_thread_is_found_by_the_name_it_was_given)
{
        AUTO_BUF(out, 64);
        struct slice id;

        ck_assert(!imap_put_thread_id(&out, threads[_i]));
        id = slice_from(buf_slice(&out), 2);
        id.len--;
        ck_assert(imap_is_object_id(id));
        ck_assert_int_eq(imap_thread_of_id(id), threads[_i]);
}
END_TEST

static const char *const no_threads[] = {
        "",
        "T",
        "0000000000000001",
        "M0000000000000001",
        "t0000000000000001",
        "T000000000000001",
        "T00000000000000001",
        "T000000000000000A",
        "T8000000000000000",
        "Tffffffffffffffff",
};

START_TEST(no_thread_has_another_name)
{
        ck_assert_int_eq(imap_thread_of_id(slice_of(no_threads[_i])), -1);
}
END_TEST

START_TEST(mailboxes_and_messages_have_names_of_their_kind)
{
        AUTO_BUF(out, 256);

        imap_put_mailbox_id(&out, 255, 0x5fffffff);
        ck_assert_str_eq(out.ptr, " (Fff-5fffffff)");
        buf_clear(&out);
        ck_assert(!imap_put_email_id(&out, SLICE("0a1b")));
        ck_assert_str_eq(out.ptr, " (M0a1b)");
        ck_assert(imap_is_email_id(SLICE("M0a1b"), SLICE("0a1b")));
        ck_assert(!imap_is_email_id(SLICE("m0a1b"), SLICE("0a1b")));
        ck_assert(!imap_is_email_id(SLICE("M0A1B"), SLICE("0a1b")));
        ck_assert(!imap_is_email_id(SLICE("0a1b"), SLICE("0a1b")));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("object_id");
        TCase *t = tcase_create("object_id");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, letters_digits_dashes_and_underscores_are_an_object_id, 0,
                            sizeof candidates / sizeof *candidates);
        tcase_add_test(t, an_object_id_has_at_most_255_characters);
        tcase_add_loop_test(t, a_thread_is_found_by_the_name_it_was_given, 0,
                            sizeof threads / sizeof *threads);
        tcase_add_loop_test(t, no_thread_has_another_name, 0,
                            sizeof no_threads / sizeof *no_threads);
        tcase_add_test(t, mailboxes_and_messages_have_names_of_their_kind);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
