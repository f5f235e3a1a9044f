/* test_dots.c — multi-line responses and TOP, at every division of the message. */
#include "dots.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *message, *sent;
} responses[] = {
        {"ordinary",                         "a\r\nb\r\n",        "a\r\nb\r\n.\r\n"        },
        { "empty",                           "",                  ".\r\n"                  },
        { "a dot at the very start",         ".a\r\n",            "..a\r\n.\r\n"           },
        { "a dot alone",                     ".\r\n",             "..\r\n.\r\n"            },
        { "a dot at the start of a line",    "a\r\n.b\r\n",       "a\r\n..b\r\n.\r\n"      },
        { "dots already doubled",            "..\r\n...\r\n",     "...\r\n....\r\n.\r\n"   },
        { "a dot inside a line",             "a.b\r\nc.\r\n",     "a.b\r\nc.\r\n.\r\n"     },
        { "the end of a response inside",    "a\r\n.\r\nb\r\n",   "a\r\n..\r\nb\r\n.\r\n"  },
        { "the same for readers of bare LF", "a\n.\nb\r\n",       "a\n..\nb\r\n.\r\n"      },
        { "a dot after a bare CR",           "a\r.b\r\n",         "a\r.b\r\n.\r\n"         },
        { "no line end at the end",          "a\r\nb",            "a\r\nb\r\n.\r\n"        },
        { "a CR at the end",                 "a\r",               "a\r\r\n.\r\n"           },
        { "a bare LF at the end",            "a\n",               "a\n\r\n.\r\n"           },
        { "a dot at the end",                "a\r\n.",            "a\r\n..\r\n.\r\n"       },
        { "only a line end",                 "\r\n",              "\r\n.\r\n"              },
        { "empty lines",                     "\r\n\r\n.\r\n\r\n", "\r\n\r\n..\r\n\r\n.\r\n"},
};

static void check_response(size_t i, size_t first, size_t second)
{
        struct slice message = slice_of(responses[i].message);
        struct pop3_dots dots = { 0 };
        AUTO_BUF(out, BUF_MAX);

        ck_assert(!pop3_dots_put(&dots, slice_head(message, first), &out));
        ck_assert(!pop3_dots_put(&dots, slice_head(slice_from(message, first), second - first),
                                 &out));
        ck_assert(!pop3_dots_put(&dots, slice_from(message, second), &out));
        ck_assert(!pop3_dots_end(&dots, &out));
        ck_assert_msg(slice_eq(buf_slice(&out), slice_of(responses[i].sent)),
                      "%s, cut at %zu and %zu: %s", responses[i].name, first, second, out.ptr);
}

START_TEST(dots_are_doubled_at_every_division)
{
        size_t len = strlen(responses[_i].message);

        for (size_t first = 0; first <= len; first++)
                for (size_t second = first; second <= len; second++)
                        check_response((size_t)_i, first, second);
}
END_TEST

START_TEST(a_full_buffer_is_reported)
{
        struct pop3_dots dots = { 0 };
        AUTO_BUF(out, 4);

        ck_assert_int_eq(pop3_dots_put(&dots, SLICE(".abc"), &out), ERR_LIMIT);
}
END_TEST

static const struct {
        const char *name, *message;
        uint32_t lines;
        const char *wanted;
} tops[] = {
        {"the header alone",              "A: b\r\n\r\none\r\ntwo\r\n",    0, "A: b\r\n\r\n"              },
        { "one line",                     "A: b\r\n\r\none\r\ntwo\r\n",    1, "A: b\r\n\r\none\r\n"       },
        { "all lines",                    "A: b\r\n\r\none\r\ntwo\r\n",    2, "A: b\r\n\r\none\r\ntwo\r\n"},
        { "more lines than there are",    "A: b\r\n\r\none\r\n",           9, "A: b\r\n\r\none\r\n"       },
        { "empty lines count",            "A: b\r\n\r\n\r\n\r\none\r\n",   2, "A: b\r\n\r\n\r\n\r\n"      },
        { "no body",                      "A: b\r\n\r\n",                  5, "A: b\r\n\r\n"              },
        { "no end of the header",         "A: b\r\nC: d\r\n",              0, "A: b\r\nC: d\r\n"          },
        { "no header",                    "\r\none\r\ntwo\r\n",            1, "\r\none\r\n"               },
        { "a last line without end",      "A: b\r\n\r\none",               1, "A: b\r\n\r\none"           },
        { "bare LFs",                     "A: b\n\none\ntwo\n",            1, "A: b\n\none\n"             },
        { "a line that starts with a CR", "A: b\r\n\rC: d\r\n\r\none\r\n", 0,
         "A: b\r\n\rC: d\r\n\r\n"                                                                         },
        { "nothing",                      "",                              3, ""                          },
};

START_TEST(top_takes_the_header_and_some_lines_at_every_division)
{
        struct slice message = slice_of(tops[_i].message);

        for (size_t cut = 0; cut <= message.len; cut++) {
                struct pop3_top top = { .lines = tops[_i].lines };
                struct slice front = slice_head(message, cut), back = slice_from(message, cut);
                size_t taken = pop3_top_take(&top, front);

                ck_assert_msg(taken == front.len || top.finished, "%s", tops[_i].name);
                taken += pop3_top_take(&top, back);
                ck_assert_msg(taken == strlen(tops[_i].wanted), "%s, cut at %zu: %zu",
                              tops[_i].name, cut, taken);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("dots");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, dots_are_doubled_at_every_division, 0,
                            (int)(sizeof responses / sizeof *responses));
        tcase_add_test(tc, a_full_buffer_is_reported);
        tcase_add_loop_test(tc, top_takes_the_header_and_some_lines_at_every_division, 0,
                            (int)(sizeof tops / sizeof *tops));
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
