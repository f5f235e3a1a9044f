/* test_thread.c — threads: RFC 5256 3 and 4. */
#include "thread.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A message a word: "id<refs:subject@date". All but the id may be left out; ids and references are
 * letters, a subject that begins with "-" is a reply; the date is a number, else its place. "@3/9" was
 * sent at 3 and arrived at 9.
 */
static void add_word(struct imap_threads *t, struct slice word, uint32_t uid)
{
        struct slice date = SLICE(""), subject = SLICE(""), refs = SLICE("");
        AUTO_BUF(spaced, 1000);
        uint64_t day = uid, arrived;
        ptrdiff_t at = slice_find(word, '@');
        struct store_fetch_row row = { .uid = uid };

        if (at >= 0) {
                date = slice_from(word, (size_t)at + 1);
                word = slice_head(word, (size_t)at);
        }
        arrived = day;
        if (date.len) {
                struct slice sent = date;
                bool differ = slice_cut(&date, '/', &sent);

                ck_assert(slice_number(sent, &day));
                arrived = day;
                ck_assert(!differ || slice_number(date, &arrived));
        }
        at = slice_find(word, ':');
        if (at >= 0) {
                subject = slice_from(word, (size_t)at + 1);
                word = slice_head(word, (size_t)at);
        }
        at = slice_find(word, '<');
        if (at >= 0) {
                refs = slice_from(word, (size_t)at + 1);
                word = slice_head(word, (size_t)at);
        }
        for (size_t i = 0; i < refs.len; i++)
                buf_addf(&spaced, i ? " %c" : "%c", refs.ptr[i]);
        row.message_id = slice_eq(word, SLICE("?")) ? SLICE("") : word;
        row.references = buf_slice(&spaced);
        row.reply = slice_skip(&subject, '-');
        row.base_subject = subject;
        row.sent_us = (int64_t)day;
        row.internal_date_us = (int64_t)arrived;
        ck_assert_int_eq(imap_threads_add(t, &row), ERR_OK);
}

static enum err finish(struct imap_threads *t, struct buf *out)
{
        enum err err = ERR_OK;

        for (bool over = false; !err && !over;)
                err = imap_threads_step(t, &over);
        return err ? err : imap_threads_put(t, NULL, true, out);
}

static void check(const char *name, enum imap_thread_algorithm algorithm, const char *mail,
                  const char *wanted)
{
        struct imap_threads *t = imap_threads_new(algorithm, 1 << 20, NULL);
        struct slice rest = slice_of(mail), word;
        AUTO_BUF(out, 10000);
        uint32_t uid = 0;

        while (slice_cut(&rest, ' ', &word))
                add_word(t, word, ++uid);
        if (rest.len)
                add_word(t, rest, ++uid);
        ck_assert_int_eq(finish(t, &out), ERR_OK);
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(wanted)),
                      "%s:\n got " SLICE_FMT "\nwant %s", name, SLICE_ARG(buf_slice(&out)), wanted);
        imap_threads_free(t);
}

/* clang-format off */
static const struct {
        const char *name, *mail, *threads;
} references[] = {
        { "nothing", "", "" },
        { "strangers", "a b c", " (1)(2)(3)" },
        { "a reply", "a b<a", " (1 2)" },
        { "a reply to a reply", "a b<a c<ab", " (1 2 3)" },
        { "two replies", "a b<a c<a", " (1 (2)(3))" },
        { "a reply that came first", "b<a@2 a@1", " (2 1)" },
        { "the response of RFC 5256 4", "a b c<b d<bc e<bcd f<bc g<bcf h<bcfg",
          " (1)(2 3 (4 5)(6 7 8))" },
        { "siblings of a message that is not there", "b<a c<a", " ((1)(2))" },
        { "the only reply to a message that is not there", "b<a", " (1)" },
        { "missing in the middle", "a c<ab d<ab", " (1 (2)(3))" },
        { "two missing in the middle", "a d<abc e<abc", " (1 (2)(3))" },
        { "missing above what is missing", "c<ab d<ab", " ((1)(2))" },
        { "a chain of missing ones", "f<abcde", " (1)" },
        { "an unanswered missing one beside a message", "a c<ab e<a", " (1 (2)(3))" },
        { "siblings by date", "a c<a@9 b<a@3 d<a@5", " (1 (3)(4)(2))" },
        { "threads by date", "a@9 b@3 c@5", " (2)(3)(1)" },
        { "equal dates by place", "a@1 b@1 c@1", " (1)(2)(3)" },
        { "a missing root goes by its first child", "a@5 c<b@9 d<b@3", " ((3)(2))(1)" },
        { "no ids", "? ? ?<a ?<a", " (1)(2)((3)(4))" },
        { "the same id twice", "a a b<a", " (1 3)(2)" },
        { "the same id twice, with replies of its own", "a a<x b<a c<x", " (1 3)((2)(4))" },
        { "a reply to itself", "a<a", " (1)" },
        { "two that reply to each other", "a<b b<a", " (2 1)" },
        { "a circle of three", "a<c b<a c<b", " (3 1 2)" },
        { "a circle in one message", "d<abca", " (1)" },
        { "itself among its references", "c<abcab", " (1)" },
        { "who names itself last has no parent", "d<ad b<a c<b d<c", " (1)(2 3 4)" },
        { "the last reference counts most", "c<ab b a<", " (2 1)(3)" },
        { "a wrong guess is taken back", "c<ba a b<a", " (2 (1)(3))" },
        { "a message without references loses its guessed parent", "c<ab b", " (2 1)" },
        { "ids are told apart by case", "a A b<A", " (1)(2 3)" },

        /* step 5 */
        { "equal subjects under a new dummy", "a:S b:S", " ((1)(2))" },
        { "three of them", "a:S b:S c:S", " ((1)(2)(3))" },
        { "a reply by subject", "a:S b:-S", " (1 2)" },
        { "a reply by subject that came first", "b:-S@1 a:S@2", " (2 1)" },
        { "replies without what they reply to", "a:-S b:-S", " ((1)(2))" },
        { "no subject joins nothing", "a: b:", " (1)(2)" },
        { "different subjects", "a:S b:T", " (1)(2)" },
        { "a thread goes with its replies", "a:S c<a:X b:-S", " (1 (2)(3))" },
        { "into a thread of missing ones", "b<a:S c<a:S d:S", " ((1)(2)(3))" },
        { "two threads of missing ones", "b<a:S c<a:S e<d:S f<d:S", " ((1)(2)(3)(4))" },
        { "a missing root is preferred", "d:S@1 b<a:S@2 c<a:S@3", " ((1)(2)(3))" },
        { "subjects of replies below do not count", "a:S b<a:T c:T", " (1 2)(3)" },
        { "a message that is no reply is preferred", "b:-S@1 a:S@2 c:-S@3", " (2 (1)(3))" },
        { "a merged thread goes by its first message", "a:S@9 x@5 b:S@1", " ((3)(1))(2)" },
        { "siblings are sorted after the merge", "a:S@1 d<a:@9 b:-S@5", " (1 (3)(2))" },
};
/* clang-format on */

START_TEST(mail_is_threaded_by_references)
{
        check(references[_i].name, IMAP_THREAD_REFERENCES, references[_i].mail,
              references[_i].threads);
}
END_TEST

static const struct {
        const char *name, *mail, *threads;
} refs[] = {
        {"subjects count for nothing",                      "a:S b:S c:-S",              " (1)(2)(3)"    },
        { "a reply",                                        "a:S b<a:T",                 " (1 2)"        },
        { "the thread with the latest message is the last", "a@1 x@5 b<a@9",             " (2)(1 3)"     },
        { "however deep that is",                           "a@1 b<a@2 c<b@3 d<c@9 x@5", " (5)(1 2 3 4)" },
        { "siblings by date",                               "a c<a@9 b<a@3 d<a@5",       " (1 (3)(4)(2))"},
        { "missing roots",                                  "b<a@9 c<a@1 x@5",           " (3)((2)(1))"  },
        { "threads go by arrival",                          "a@9/1 x@1/2 b@5/3",         " (1)(2)(3)"    },
        { "what came last makes its thread the last",       "a@1 x@2 b<a@0/9",           " (2)(1 3)"     },
        { "siblings go by when they were sent",             "a@1 b<a@5/7 c<a@4/8",       " (1 (3)(2))"   },
};

START_TEST(mail_is_threaded_by_references_alone)
{
        check(refs[_i].name, IMAP_THREAD_REFS, refs[_i].mail, refs[_i].threads);
}
END_TEST

static const struct {
        const char *name, *mail, *threads;
} subjects[] = {
        {"nothing",                         "",                        ""              },
        { "one each",                       "a:S b:T",                 " (1)(2)"       },
        { "a pair",                         "a:S b:S",                 " (1 2)"        },
        { "more are siblings",              "a:S b:S c:S d:S",         " (1 (2)(3)(4))"},
        { "by date within",                 "a:S@3 b:S@1 c:S@2",       " (2 (3)(1))"   },
        { "threads by their first message", "a:S@5 b:T@2 c:S@1 d:T@9", " (3 1)(2 4)"   },
        { "references count for nothing",   "a:S b<a:T",               " (1)(2)"       },
        { "no subject is one, too",         "a b",                     " (1 2)"        },
};

START_TEST(mail_is_threaded_by_subject)
{
        check(subjects[_i].name, IMAP_THREAD_ORDEREDSUBJECT, subjects[_i].mail,
              subjects[_i].threads);
}
END_TEST

/* ---- many ---- */

enum { DEEP = 100000 };

static void put_row(struct imap_threads *t, uint32_t uid, uint32_t id, int64_t parent)
{
        char own[32], refs_text[32] = "";
        struct store_fetch_row row = { .uid = uid, .sent_us = uid };

        snprintf(own, sizeof own, "<%u>", id);
        if (parent >= 0)
                snprintf(refs_text, sizeof refs_text, "<%lld>", (long long)parent);
        row.message_id = slice_of(own);
        row.references = slice_of(refs_text);
        ck_assert_int_eq(imap_threads_add(t, &row), ERR_OK);
}

static size_t nesting(struct slice text)
{
        size_t depth = 0, most = 0;

        for (size_t i = 0; i < text.len; i++) {
                depth += text.ptr[i] == '(';
                most = depth > most ? depth : most;
                depth -= text.ptr[i] == ')';
        }
        ck_assert_uint_eq(depth, 0);
        return most;
}

START_TEST(a_thread_may_be_as_deep_as_there_are_messages)
{
        struct imap_threads *t = imap_threads_new(IMAP_THREAD_REFERENCES, 1 << 28, NULL);
        AUTO_BUF(out, BUF_MAX);

        /* The parent of each comes later: `_i` 1; or before. */
        for (uint32_t i = 0; i < DEEP; i++)
                put_row(t, i + 1, _i ? DEEP - i : i, _i ? (int64_t)(DEEP - i) - 1 : (int64_t)i - 1);
        ck_assert_int_eq(finish(t, &out), ERR_OK);
        ck_assert_uint_eq(nesting(buf_slice(&out)), 1);
        ck_assert(slice_starts(buf_slice(&out),
                               _i ? SLICE(" (100000 99999 99998 ") : SLICE(" (1 2 3 ")));
        imap_threads_free(t);
}
END_TEST

START_TEST(lists_may_be_nested_as_deep)
{
        struct imap_threads *t = imap_threads_new(IMAP_THREAD_REFERENCES, 1 << 28, NULL);
        AUTO_BUF(out, BUF_MAX);

        put_row(t, 1, 0, -1);
        for (uint32_t i = 1; i < DEEP; i++) {
                put_row(t, 2 * i, i, (int64_t)i - 1);
                put_row(t, 2 * i + 1, DEEP + i, (int64_t)i - 1);
        }
        ck_assert_int_eq(finish(t, &out), ERR_OK);
        ck_assert_uint_eq(nesting(buf_slice(&out)), DEEP);
        imap_threads_free(t);
}
END_TEST

START_TEST(very_many_are_put_in_order_a_little_at_a_time)
{
        struct imap_threads *t = imap_threads_new(IMAP_THREAD_ORDEREDSUBJECT, 1 << 28, NULL);
        AUTO_BUF(out, BUF_MAX);
        enum err err = ERR_OK;
        bool over = false;
        size_t steps = 0;

        /* The later, the earlier they were sent. */
        for (uint32_t uid = 1; uid <= DEEP; uid++) {
                struct store_fetch_row row = { .uid = uid, .sent_us = DEEP - uid };

                row.base_subject = uid % 2 ? SLICE("ODD") : SLICE("EVEN");
                err = err ? err : imap_threads_add(t, &row);
        }
        ck_assert_int_eq(err, ERR_OK);
        for (; !over; steps++)
                ck_assert_int_eq(imap_threads_step(t, &over), ERR_OK);
        ck_assert_uint_gt(steps, 10);
        ck_assert_int_eq(imap_threads_put(t, NULL, true, &out), ERR_OK);
        ck_assert(slice_starts(buf_slice(&out), SLICE(" (100000 (99998)(99996)")));
        ck_assert(slice_contains(buf_slice(&out), SLICE("(4)(2))(99999 (99997)(99995)")));
        imap_threads_free(t);
}
END_TEST

START_TEST(memory_has_a_ceiling)
{
        for (int a = IMAP_THREAD_ORDEREDSUBJECT; a <= IMAP_THREAD_REFS; a++) {
                struct imap_threads *t =
                        imap_threads_new((enum imap_thread_algorithm)a, 10000, NULL);
                enum err err = ERR_OK;
                uint32_t n = 0;

                while (!err && n < 10000) {
                        char id[32];
                        struct store_fetch_row row = { .uid = ++n };

                        snprintf(id, sizeof id, "<%u@example.org>", n);
                        row.message_id = row.base_subject = slice_of(id);
                        err = imap_threads_add(t, &row);
                }
                ck_assert_int_eq(err, ERR_LIMIT);
                ck_assert_uint_gt(n, 20);
                ck_assert_uint_lt(n, 500);
                imap_threads_free(t);
        }
}
END_TEST

#define rows(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
        Suite *suite = suite_create("thread");
        TCase *tc = tcase_create("thread");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tc, mail_is_threaded_by_references, 0, rows(references));
        tcase_add_loop_test(tc, mail_is_threaded_by_references_alone, 0, rows(refs));
        tcase_add_loop_test(tc, mail_is_threaded_by_subject, 0, rows(subjects));
        tcase_add_loop_test(tc, a_thread_may_be_as_deep_as_there_are_messages, 0, 2);
        tcase_add_test(tc, lists_may_be_nested_as_deep);
        tcase_add_test(tc, very_many_are_put_in_order_a_little_at_a_time);
        tcase_add_test(tc, memory_has_a_ceiling);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
