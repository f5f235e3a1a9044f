/* test_surrogate.c — headers made ASCII, at every division of the message. */
#include "surrogate.h"

#include "mailserver/core/text.h"

#include <check.h>
#include <stdlib.h>

static const struct {
        const char *name, *message, *sent;
} messages[] = {
        {"all ASCII",                                "Subject: hello\r\n\r\nbody\r\n",               "Subject: hello\r\n\r\nbody\r\n"              },
        { "a word",                                  "Subject: caf\xc3\xa9\r\n\r\n",                 "Subject: =?UTF-8?B?Y2Fmw6k=?=\r\n\r\n"       },
        { "a word among others",                     "Subject: a \xc3\xa9 b\r\n\r\n",
         "Subject: a =?UTF-8?B?w6k=?= b\r\n\r\n"                                                                                                   },
        { "neighbours are one text, blanks and all", "Subject: \xc3\xa9  \xc3\xa8 b\r\n\r\n",
         "Subject: =?UTF-8?B?w6kgIMOo?= b\r\n\r\n"                                                                                                 },
        { "a blank across a fold is kept",           "Subject: \xc3\xa9\r\n \xc3\xa8\r\n\r\n",
         "Subject: =?UTF-8?B?w6k=?=\r\n =?UTF-8?B?IMOo?=\r\n\r\n"                                                                                  },
        { "a fold to ASCII and back",                "Subject: \xc3\xa9\r\n b\r\n \xc3\xa8\r\n\r\n",
         "Subject: =?UTF-8?B?w6k=?=\r\n b\r\n =?UTF-8?B?w6g=?=\r\n\r\n"                                                                            },
        { "another field begins anew",               "A: \xc3\xa9\r\nB: \xc3\xa8\r\n\r\n",
         "A: =?UTF-8?B?w6k=?=\r\nB: =?UTF-8?B?w6g=?=\r\n\r\n"                                                                                      },
        { "an address stays",                        "From: J\xc3\xb6rg <j@example.org>\r\n\r\n",
         "From: =?UTF-8?B?SsO2cmc=?= <j@example.org>\r\n\r\n"                                                                                      },
        { "no blank after the colon",                "Subject:\xc3\xa9\r\n\r\n",
         "Subject:=?UTF-8?B?w6k=?=\r\n\r\n"                                                                                                        },
        { "not UTF-8",                               "Subject: caf\xe9\r\n\r\n",                     "Subject: =?unknown-8bit?B?Y2Fm6Q==?=\r\n\r\n"},
        { "a field name",                            "S\xc3\xbc: a\r\n\r\n",                         "S??: a\r\n\r\n"                              },
        { "no field at all",                         "caf\xc3\xa9\r\n\r\n",                          "caf??\r\n\r\n"                               },
        { "the body stays",                          "A: b\r\n\r\ncaf\xc3\xa9: \xc3\xa9\r\n",
         "A: b\r\n\r\ncaf\xc3\xa9: \xc3\xa9\r\n"                                                                                                   },
        { "bare LFs",                                "A: \xc3\xa9\nB: c\n\n\xc3\xa9\n",
         "A: =?UTF-8?B?w6k=?=\nB: c\n\n\xc3\xa9\n"                                                                                                 },
        { "no end of the header",                    "A: \xc3\xa9",                                  "A: =?UTF-8?B?w6k=?="                         },
        { "nothing",                                 "",                                             ""                                            },
        { "blanks at the end",                       "A: \xc3\xa9 \r\n\r\n",                         "A: =?UTF-8?B?w6k=?= \r\n\r\n"                },
};

static void convert(struct slice message, size_t cut, struct buf *out)
{
        struct pop3_surrogate s;

        pop3_surrogate_init(&s);
        ck_assert(!pop3_surrogate_put(&s, slice_head(message, cut), out));
        ck_assert(!pop3_surrogate_put(&s, slice_from(message, cut), out));
        ck_assert(!pop3_surrogate_end(&s, out));
        pop3_surrogate_done(&s);
}

START_TEST(a_header_becomes_ascii_at_every_division)
{
        struct slice message = slice_of(messages[_i].message);

        for (size_t cut = 0; cut <= message.len; cut++) {
                AUTO_BUF(out, BUF_MAX);

                convert(message, cut, &out);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(messages[_i].sent)),
                              "%s, cut at %zu: %s", messages[_i].name, cut, buf_slice(&out).ptr);
        }
}
END_TEST

START_TEST(a_long_text_becomes_short_words_of_whole_characters)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);
        AUTO_BUF(decoded, BUF_MAX);
        struct slice rest, line;
        size_t lines = 0;

        buf_add(&message, SLICE("Subject: "));
        for (int i = 0; i < 300; i++)
                buf_add(&message, SLICE("\xe2\x82\xac")); /* three octets each: none may be cut */
        buf_add(&message, SLICE("\r\n\r\n"));
        convert(buf_slice(&message), 100, &out);
        rest = buf_slice(&out);
        ck_assert(slice_skip_word(&rest, SLICE("Subject:")));
        for (; slice_cut(&rest, '\n', &line) && line.len > 1; lines++) {
                size_t before = decoded.len;

                ck_assert_uint_le(line.len, 76 + sizeof "Subject: ");
                ck_assert(slice_skip(&line, ' '));
                ck_assert(slice_skip_word(&line, SLICE("=?UTF-8?B?")));
                ck_assert(slice_ends(line, SLICE("?=\r")));
                ck_assert(!text_base64_decode(slice_head(line, line.len - 3), &decoded));
                ck_assert(text_utf8_valid(slice_from(buf_slice(&decoded), before)));
        }
        ck_assert_uint_eq(lines, 20);
        ck_assert_uint_eq(decoded.len, 900);
        ck_assert_mem_eq(decoded.ptr, message.ptr + sizeof "Subject: " - 1, 900);
}
END_TEST

START_TEST(a_line_too_long_to_be_mail_is_masked_and_never_held)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(expected, BUF_MAX);

        buf_add(&message, SLICE("A: "));
        for (int i = 0; i < 10000; i++)
                buf_add(&message, i % 100 ? SLICE("xy") : SLICE("\xc3\xa9"));
        buf_add(&message, SLICE("\r\nB: \xc3\xa9\r\n\r\n\xc3\xa9"));
        for (size_t i = 0; i < message.len; i++)
                buf_addc(&expected, message.ptr[i] & 0x80 ? '?' : message.ptr[i]);
        buf_truncate(&expected, expected.len - sizeof "\xc3\xa9\r\n\r\n\xc3\xa9" + 1);
        buf_add(&expected, SLICE("=?UTF-8?B?w6k=?=\r\n\r\n\xc3\xa9"));
        for (size_t cut = 0; cut < message.len; cut += 617) {
                AUTO_BUF(out, BUF_MAX);

                convert(buf_slice(&message), cut, &out);
                ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&expected)), "cut at %zu", cut);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("surrogate");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, a_header_becomes_ascii_at_every_division, 0,
                            (int)(sizeof messages / sizeof *messages));
        tcase_add_test(tc, a_long_text_becomes_short_words_of_whole_characters);
        tcase_add_test(tc, a_line_too_long_to_be_mail_is_masked_and_never_held);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
