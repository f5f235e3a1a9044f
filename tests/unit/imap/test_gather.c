/* test_gather.c — commands put together, the same at every split of their octets. */
#include "gather.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdlib.h>

static const struct imap_gather_limits limits = { .max_line = 40, .max_literals = 10 };

/*
 * What happens: "+" for a literal that is waited with, [command], <up to a
 * message>, "!long", "!big", "skipped".
 */
static const struct {
        const char *name, *octets, *events;
} cases[] = {
        {"a line",                                 "a NOOP\r\n",                                          "[a NOOP]"                                          },
        { "lines ended by LF alone",               "a NOOP\nb NOOP\n",                                    "[a NOOP][b NOOP]"                                  },
        { "an empty line",                         "\r\na NOOP\r\n",                                      "[][a NOOP]"                                        },
        { "a CR inside",                           "a N\rOOP\r\r\n",                                      "[a N\rOOP\r]"                                      },
        { "half a line",                           "a NOOP\r\nb NO",                                      "[a NOOP]"                                          },
        { "a literal that waits",                  "a LOGIN {3}\r\nbob x\r\n",                            "+[a LOGIN {3}\r\nbob x]"                           },
        { "one that does not",                     "a LOGIN {3+}\r\nbob x\r\n",                           "[a LOGIN {3+}\r\nbob x]"                           },
        { "two",                                   "a L {2+}\r\nhi {3}\r\nyou\r\nb\r\n",                  "+[a L {2+}\r\nhi {3}\r\nyou][b]"                   },
        { "an empty one",                          "a L {0+}\r\n x\r\n",                                  "[a L {0+}\r\n x]"                                  },
        { "line ends in a literal",                "a L {4+}\r\n\r\n\r\n\r\n",                            "[a L {4+}\r\n\r\n\r\n]"                            },
        { "a literal8",                            "a L ~{3}\r\nbob\r\n",                                 "+[a L ~{3}\r\nbob]"                                },
        { "braces that are no literal",            "a L {x}\r\nb {1}c\r\nc {}\r\n",
         "[a L {x}][b {1}c][c {}]"                                                                                                                            },
        { "a literal that waits and is too big",   "a L {11}\r\nb NOOP\r\n",
         "!big(a L {11})[b NOOP]"                                                                                                                             },
        { "one that does not wait",                "a L {11+}\r\n12345678901 x\r\nb NOOP\r\n",
         "!big(a L {11+})[b NOOP]"                                                                                                                            },
        { "too big together",                      "a L {6+}\r\n123456 {5+}\r\n12345\r\nb\r\n",
         "!big(a L {6+}\r\n123456 {5+})[b]"                                                                                                                   },
        { "more literals behind it",               "a L {11+}\r\n12345678901 {3+}\r\nabc\r\nb\r\n",
         "!big(a L {11+})[b]"                                                                                                                                 },
        { "one behind it that waits",              "a L {11+}\r\n12345678901 {3}\r\nb\r\n",
         "!big(a L {11+})[b]"                                                                                                                                 },
        { "a size beyond 64 bits",                 "a L {99999999999999999999999}\r\n",
         "[a L {99999999999999999999999}]"                                                                                                                    },
        { "a line as long as may be",              "a 345678901234567890123456789012345678 0\r\n",
         "[a 345678901234567890123456789012345678 0]"                                                                                                         },
        { "a line that is too long",               "a 34567890123456789012345678901234567890 2\r\nb\r\n",
         "!long(a 34567890123456789012345678901234567890)[b]"                                                                                                 },
        { "one with a literal behind it",
         "a 345678901234567890123456789012345678901234567890 {6+}\r\nb NOOP\r\nb\r\n",                    "!long(a 34567890123456789012345678901234567890)[b]"},
        { "a message",                             "a APPEND INBOX {5}\r\n",                              "<a APPEND INBOX {5}>"                              },
        { "a message in any case",                 "a append x (\\Seen) {5+}\r\n",                        "<a append x (\\Seen) {5+}>"                        },
        { "the mailbox of a message is a literal", "a APPEND {3+}\r\nfoo ~{5}\r\n",
         "<a APPEND {3+}\r\nfoo ~{5}>"                                                                                                                        },
        { "a message that replaces another",       "a REPLACE 4 Drafts {5}\r\n",
         "<a REPLACE 4 Drafts {5}>"                                                                                                                           },
        { "a message that replaces one by UID",    "a uid replace 4 {3+}\r\nfoo (\\Seen) {5}\r\n",
         "<a uid replace 4 {3+}\r\nfoo (\\Seen) {5}>"                                                                                                         },
        { "another command with that word",        "a STATUS APPEND {3+}\r\nfoo\r\n",
         "[a STATUS APPEND {3+}\r\nfoo]"                                                                                                                      },
};

static void note(struct buf *events, const struct imap_gather *g, enum imap_gather_event event)
{
        struct slice octets = buf_slice(&g->octets);

        switch (event) {
        case IMAP_GATHER_MORE:
                break;
        case IMAP_GATHER_CONTINUE:
                buf_addc(events, '+');
                break;
        case IMAP_GATHER_COMMAND:
                buf_addf(events, "[" SLICE_FMT "]", SLICE_ARG(octets));
                break;
        case IMAP_GATHER_STREAM:
                buf_addf(events, "<" SLICE_FMT ">", SLICE_ARG(octets));
                break;
        case IMAP_GATHER_TOO_LONG:
                buf_addf(events, "!long(" SLICE_FMT ")", SLICE_ARG(octets));
                break;
        case IMAP_GATHER_TOO_BIG:
                buf_addf(events, "!big(" SLICE_FMT ")", SLICE_ARG(octets));
                break;
        case IMAP_GATHER_SKIPPED:
                buf_add(events, SLICE("skipped"));
                break;
        }
}

static void put(struct imap_gather *g, struct slice octets, struct buf *events)
{
        while (octets.len) {
                enum imap_gather_event event = imap_gather_put(g, &limits, &octets);

                note(events, g, event);
                if (event != IMAP_GATHER_MORE && event != IMAP_GATHER_CONTINUE)
                        imap_gather_reset(g);
        }
}

/* In pieces: the first of `cut` octets, the others of `step`. */
static void check(size_t i, size_t cut, size_t step)
{
        struct imap_gather g = { 0 };
        struct slice left = slice_of(cases[i].octets);
        AUTO_BUF(events, 4096);
        size_t n = cut;

        while (left.len) {
                /* A piece in memory of its own, so that reading past it is seen. */
                struct slice piece = slice_head(left, n ? n : 1);
                char *copy = mem_strdup(piece);

                put(&g, (struct slice){ copy, piece.len }, &events);
                mem_free(copy);
                left = slice_from(left, piece.len);
                n = step;
        }
        ck_assert_msg(slice_eq(buf_slice(&events), slice_of(cases[i].events)),
                      "%s, cut at %zu and every %zu: %s", cases[i].name, cut, step, events.ptr);
        imap_gather_done(&g);
}

START_TEST(a_command_is_gathered_at_every_split)
{
        size_t len = strlen(cases[_i].octets);

        for (size_t cut = 1; cut <= len; cut++)
                check((size_t)_i, cut, len);
        for (size_t step = 1; step <= 5; step++)
                check((size_t)_i, step, step);
}
END_TEST

START_TEST(a_streamed_literal_is_skipped_with_what_follows)
{
        struct imap_gather g = { 0 };
        AUTO_BUF(events, 256);

        imap_gather_skip(&g, 5);
        put(&g, SLICE("12\r\n5 {3+}\r\nabc)\r\nb NOOP\r\n"), &events);
        ck_assert_str_eq(events.ptr, "skipped[b NOOP]");
        imap_gather_done(&g);
}
END_TEST

START_TEST(a_line_that_is_half_there_is_skipped_with_its_literal)
{
        struct imap_gather g = { 0 };
        AUTO_BUF(events, 256);

        imap_gather_rest(&g);
        put(&g, SLICE(" {3"), &events);
        imap_gather_skip(&g, 0);
        put(&g, SLICE("+}\r\nabc\r\nb NOOP\r\n"), &events);
        ck_assert_str_eq(events.ptr, "skipped[b NOOP]");
        imap_gather_done(&g);
}
END_TEST

START_TEST(behind_a_message_the_next_one_streams_too)
{
        struct imap_gather g = { 0 };
        AUTO_BUF(events, 256);

        imap_gather_rest(&g);
        put(&g, SLICE(" (\\Seen) {310}\r\n"), &events);
        ck_assert_str_eq(events.ptr, "< (\\Seen) {310}>");
        imap_gather_done(&g);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("gather");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_command_is_gathered_at_every_split, 0,
                            (int)(sizeof cases / sizeof *cases));
        tcase_add_test(tc, a_streamed_literal_is_skipped_with_what_follows);
        tcase_add_test(tc, a_line_that_is_half_there_is_skipped_with_its_literal);
        tcase_add_test(tc, behind_a_message_the_next_one_streams_too);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
