/* test_html_text.c — what is to be seen of HTML. */
#include "mailserver/mime/html_text.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *in, *out;
} cases[] = {
        {"tags go",                             "<p>one <b>t</b>wo</p>",                        " one two "},
        { "blanks become one",                  "a \r\n\t b&nbsp; c",                           "a b c "   },
        { "entities become characters",         "caf&eacute; &#x20ac; &lt;b&gt;",
         "caf\xc3\xa9 \xe2\x82\xac <b> "                                                                   },
        { "one that was never closed is shown", "AT&T",                                         "AT&T "    },
        { "scripts and styles go",              "a<script>b < c</script><style>d</style>e",     "a e "     },
        { "comments go",                        "a<!-- b > c -->d",                             "ad "      },
        { "a head goes",                        "<head><title>x</title></head><body>y",         " y "      },
        { "what is no tag is text",             "a < b",                                        "a < b "   },
        { "attributes are not seen",            "<a href=\"http://example.org/?a>b\">here</a>", "here "    },
        { "characters of any length stay",      "\xf0\x9f\x98\x80\xc3\xa4",
         "\xf0\x9f\x98\x80\xc3\xa4 "                                                                       },
};

START_TEST(what_is_seen_is_given_however_the_input_is_cut)
{
        struct slice in = slice_of(cases[_i].in);

        for (size_t cut = 0; cut <= in.len; cut++) {
                struct mime_html_text *t;
                AUTO_BUF(out, 1024);

                if (cut < in.len && ((unsigned char)in.ptr[cut] & 0xc0) == 0x80)
                        continue;
                t = mime_html_text_new();
                ck_assert(!mime_html_text_put(t, slice_head(in, cut), &out));
                ck_assert(!mime_html_text_put(t, slice_from(in, cut), &out));
                ck_assert(!mime_html_text_end(t, &out));
                mime_html_text_free(t);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(cases[_i].out)), "%s at %zu: %s",
                              cases[_i].name, cut, out.ptr);
        }
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
        AUTO_BUF(out, 2);
        struct mime_html_text *t = mime_html_text_new();

        ck_assert_int_eq(mime_html_text_put(t, SLICE("abc"), &out), ERR_LIMIT);
        mime_html_text_free(t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("mime html_text");
        TCase *t = tcase_create("html_text");
        SRunner *r;
        int failed;

        tcase_add_loop_test(t, what_is_seen_is_given_however_the_input_is_cut, 0,
                            sizeof cases / sizeof *cases);
        tcase_add_test(t, what_does_not_fit_is_said);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
