/* test_uid_map.c — numbers and UIDs of messages, beside a plain array. */
#include "mailserver/core/uid_map.h"

#include <check.h>
#include <stdlib.h>

enum { MOST = 400 };

/* The same messages, as one would write them down. */
struct plain {
        uint32_t uid[MOST];
        uint32_t n;
};

static void print(const struct uid_map *m, struct buf *out)
{
        struct uid_set uids = { 0 };

        if (m->n)
                uid_map_add_uids(m, (struct uid_range){ 1, m->n }, &uids);
        ck_assert_int_eq(uid_set_print(&uids, out), ERR_OK);
        uid_set_done(&uids);
}

static void is_like(const struct uid_map *m, const struct plain *p)
{
        uint32_t below = 0, end = p->n ? p->uid[p->n - 1] + 3 : 3;

        ck_assert_uint_eq(m->n, p->n);
        ck_assert_uint_eq(uid_map_last(m), p->n ? p->uid[p->n - 1] : 0);
        for (uint32_t number = 1; number <= p->n; number++)
                ck_assert_uint_eq(uid_map_uid(m, number), p->uid[number - 1]);
        for (uint32_t uid = 0; uid <= end; uid++) {
                bool there = below < p->n && p->uid[below] == uid;

                ck_assert_uint_eq(uid_map_below(m, uid), below);
                ck_assert_uint_eq(uid_map_number(m, uid), there ? below + 1 : 0);
                below += there;
        }
}

static void plain_remove(struct plain *p, const struct uid_set *uids)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < p->n; i++)
                if (!uid_set_contains(uids, p->uid[i]))
                        p->uid[n++] = p->uid[i];
        p->n = n;
}

static void grow(struct uid_map *m, struct plain *p, uint32_t first, uint32_t last)
{
        uid_map_append(m, first, last);
        while (first <= last)
                p->uid[p->n++] = first++;
}

START_TEST(it_says_what_a_plain_array_says)
{
        struct uid_map m = { 0 };
        struct plain p = { .n = 0 };
        uint32_t next = 1;

        srand((unsigned)_i + 1);
        is_like(&m, &p);
        while (p.n < MOST - 20) {
                struct uid_set gone = { 0 };
                uint32_t first = next + (uint32_t)(rand() % 3 == 0), last;

                last = first + (uint32_t)(rand() % 9);
                grow(&m, &p, first, last);
                next = last + 1;
                for (int i = rand() % 4; i > 0; i--) {
                        uint32_t from = (uint32_t)rand() % next;

                        uid_set_add_range(&gone, from, from + (uint32_t)(rand() % 4));
                }
                uid_map_remove(&m, &gone);
                plain_remove(&p, &gone);
                is_like(&m, &p);
                uid_set_done(&gone);
        }
        uid_map_done(&m);
        ck_assert_uint_eq(m.n, 0);
}
END_TEST

START_TEST(copies_that_grow_apart_do_not_see_each_other)
{
        struct uid_map maps[3] = { { 0 } };
        struct plain plain[3] = { { .n = 0 } };

        grow(&maps[0], &plain[0], 1, 3);
        grow(&maps[0], &plain[0], 5, 6);
        for (int i = 1; i < 3; i++) {
                maps[i] = uid_map_copy(&maps[0]);
                plain[i] = plain[0];
        }
        /* In place, by a new run, or behind one that another has made longer. */
        grow(&maps[0], &plain[0], 7, 8);
        grow(&maps[1], &plain[1], 9, 9);
        grow(&maps[2], &plain[2], 7, 7);
        for (uint32_t uid = 20; uid < 60; uid += 4)
                for (uint32_t i = 0; i < 3; i++)
                        grow(&maps[i], &plain[i], uid + i, uid + i + 1);
        for (int i = 0; i < 3; i++)
                is_like(&maps[i], &plain[i]);
        ck_assert(!uid_map_equal(&maps[0], &maps[1]));
        for (int i = 0; i < 3; i++)
                uid_map_done(&maps[i]);
}
END_TEST

START_TEST(a_million_that_follow_each_other_take_no_room)
{
        struct uid_map m = { 0 };

        for (uint32_t uid = 1; uid <= 1000000; uid++)
                uid_map_append(&m, uid, uid);
        ck_assert_uint_eq(m.n, 1000000);
        ck_assert_uint_eq(uid_map_uid(&m, 765432), 765432);
        ck_assert_uint_lt(uid_map_octets(&m), 100);
        uid_map_done(&m);
}
END_TEST

static const struct {
        const char *name;
        uint32_t first, last;
        struct uid_range numbers; /* first 0: none */
} ranges[] = {
        {"all",                        1,          UINT32_MAX, { 1, 6 }},
        { "one",                       12,         12,         { 3, 3 }},
        { "from a gap into a run",     7,          21,         { 1, 5 }},
        { "between the runs",          13,         19,         { 0, 0 }},
        { "below the first",           1,          9,          { 0, 0 }},
        { "above the last",            4294967295, UINT32_MAX, { 6, 6 }},
        { "what is behind the middle", 22,         30,         { 0, 0 }},
};

START_TEST(ranges_of_uids_have_numbers)
{
        struct uid_map m = { 0 };
        struct uid_range numbers = { 0, 0 };

        uid_map_append(&m, 10, 12);
        uid_map_append(&m, 20, 21);
        uid_map_append(&m, UINT32_MAX, UINT32_MAX);
        ck_assert_msg(uid_map_numbers(&m, ranges[_i].first, ranges[_i].last, &numbers) ==
                              (ranges[_i].numbers.first > 0),
                      "%s", ranges[_i].name);
        ck_assert_msg(numbers.first == ranges[_i].numbers.first &&
                              numbers.last == ranges[_i].numbers.last,
                      "%s: %u:%u", ranges[_i].name, numbers.first, numbers.last);
        uid_map_done(&m);
}
END_TEST

START_TEST(sets_of_uids_have_numbers_and_numbers_have_uids)
{
        const struct uid_set uids = {
                .ranges = (struct uid_range[]){{ 1, 10 }, { 12, 20 }, { 22, 30 }},
                .n = 3,
        };
        struct uid_set numbers = { 0 }, there = { 0 };
        struct uid_map m = { 0 };
        AUTO_BUF(text, 100);

        ck_assert_uint_eq(uid_map_count(&m, &uids), 0);
        uid_map_append(&m, 10, 12);
        uid_map_append(&m, 20, 21);
        ck_assert_uint_eq(uid_map_count(&m, &uids), 3);
        uid_map_add_numbers(&m, &uids, &numbers);
        uid_map_add_uids_of(&m, &numbers, &there);
        ck_assert_int_eq(uid_set_print(&numbers, &text), ERR_OK);
        buf_addc(&text, ' ');
        ck_assert_int_eq(uid_set_print(&there, &text), ERR_OK);
        ck_assert_str_eq(text.ptr, "1,3:4 10,12,20");
        uid_set_done(&numbers);
        uid_set_done(&there);
        uid_map_done(&m);
}
END_TEST

START_TEST(a_set_is_added_only_where_it_is_above)
{
        const struct uid_set uids = {
                .ranges = (struct uid_range[]){{ 1, 3 }, { 5, 9 }, { 11, 12 }},
                .n = 3,
        };
        struct uid_map m = { 0 };
        AUTO_BUF(text, 100);

        uid_map_append(&m, 2, 6);
        uid_map_append_set(&m, &uids);
        print(&m, &text);
        ck_assert_str_eq(text.ptr, "2:9,11:12");
        uid_map_done(&m);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("core uid_map");
        TCase *t = tcase_create("uid_map");
        SRunner *r;
        int failed;

        suite_add_tcase(s, t);
        tcase_add_loop_test(t, it_says_what_a_plain_array_says, 0, 20);
        tcase_add_test(t, copies_that_grow_apart_do_not_see_each_other);
        tcase_add_test(t, a_million_that_follow_each_other_take_no_room);
        tcase_add_loop_test(t, ranges_of_uids_have_numbers, 0,
                            (int)(sizeof ranges / sizeof *ranges));
        tcase_add_test(t, sets_of_uids_have_numbers_and_numbers_have_uids);
        tcase_add_test(t, a_set_is_added_only_where_it_is_above);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
