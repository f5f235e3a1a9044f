/* test_charset.c — charsets to UTF-8, whole and in pieces. */
#include "helper_mime.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/charset.h"

#define FFFD "\xef\xbf\xbd"
#define TO_UTF8(name, charset, in, utf8)                                                           \
        {                                                                                          \
                name, charset, TEXT(in), TEXT(utf8)                                                \
        }
static const struct {
        const char *name, *charset;
        struct slice in, utf8;
} texts[] = {
        TO_UTF8("ASCII", "us-ascii", "abc\r\n", "abc\r\n"),
        TO_UTF8("ASCII that is UTF-8", "us-ascii", "caf\xc3\xa9", "café"),
        TO_UTF8("ASCII that is latin1", "US-ASCII", "caf\xe9", "café"),
        TO_UTF8("no charset, both in one", "", "\xe9\xc3\xa9\xe2\x82", "éé\xc3\xa2\xe2\x80\x9a"),
        TO_UTF8("UTF-8", "UTF-8", "\xe2\x82\xac\xf0\x9f\x98\x80", "€😀"),
        TO_UTF8("UTF-8, overlong", "utf8",
                "a\xc0\xaf"
                "b",
                "a" FFFD FFFD "b"),
        TO_UTF8("UTF-8, a surrogate", "utf-8", "\xed\xa0\x80", FFFD FFFD FFFD),
        TO_UTF8("UTF-8, past the end of Unicode", "utf-8", "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD),
        TO_UTF8("UTF-8, cut", "utf-8", "a\xe2\x82", "a" FFFD),
        TO_UTF8("UTF-8, cut in the middle", "utf-8",
                "\xe2\x82"
                "b",
                FFFD "b"),
        TO_UTF8("latin1 is windows-1252", "iso-8859-1", "\x80\xe9\x81", "€é" FFFD),
        TO_UTF8("windows-1252", "Windows-1252", "\x93x\x94", "“x”"),
        TO_UTF8("latin9", "iso-8859-15", "\xa4", "€"),
        TO_UTF8("latin2", "ISO-8859-2", "\xb1", "ą"),
        TO_UTF8("windows-1251", "windows-1251", "\xcf\xf0", "Пр"),
        TO_UTF8("cp1250", "cp1250", "\x9c", "ś"),
        TO_UTF8("hebrew, visual or not", "iso-8859-8-i", "\xe0", "א"),
        TO_UTF8("gb2312 is the larger set", "gb2312", "\xc4\xe3\x80", "你" FFFD),
        TO_UTF8("big5", "Big5", "\xa7\x41", "你"),
        TO_UTF8("shift_jis", "Shift_JIS", "\x82\xb1\xa1", "こ｡"),
        TO_UTF8("euc-jp", "euc-jp", "\xa4\xb3", "こ"),
        TO_UTF8("korean by its odd name", "ks_c_5601-1987", "\xc7\xd1", "한"),
        TO_UTF8("iso-2022-jp", "iso-2022-jp", "a\x1b$B$3\x1b(Bb", "aこb"),
        TO_UTF8("utf-7", "utf-7", "a+IKw-b", "a€b"),
        TO_UTF8("utf-16le", "utf-16le", "a\0\xac\x20", "a€"),
        TO_UTF8("octets that mean nothing", "shift_jis",
                "a\xff\xff"
                "b",
                "a" FFFD FFFD "b"),
        TO_UTF8("a character that never ends", "big5", "a\xa7", "a" FFFD),
        TO_UTF8("blanks around the name", " utf-8 ", "\xc3\xa9", "é"),
        TO_UTF8("a name that nobody knows", "x-no-such-thing", "caf\xe9", "café"),
        TO_UTF8("a name for iconv, not for us", "UTF-8//TRANSLIT", "caf\xe9", "café"),
        TO_UTF8("a number out of range", "iso-8859-99", "caf\xe9", "café"),
};

START_TEST(charsets_become_utf8)
{
        for (size_t i = 0; i < COUNT(texts); i++) {
                AUTO_BUF(got, 4096);

                ck_assert_int_eq(
                        mime_charset_to_utf8(slice_of(texts[i].charset), texts[i].in, &got),
                        ERR_OK);
                check_slice(texts[i].name, buf_slice(&got), texts[i].utf8);
        }
}
END_TEST

START_TEST(every_split_gives_the_same)
{
        for (size_t i = 0; i < COUNT(texts); i++) {
                for (size_t step = 1; step <= 3; step++) {
                        struct slice rest = texts[i].in;
                        struct mime_charset c;
                        AUTO_BUF(got, 4096);

                        mime_charset_open(&c, slice_of(texts[i].charset));
                        for (; rest.len; rest = slice_from(rest, step))
                                ck_assert_int_eq(mime_charset_put(&c, slice_head(rest, step), &got),
                                                 ERR_OK);
                        ck_assert_int_eq(mime_charset_end(&c, &got), ERR_OK);
                        mime_charset_close(&c);
                        check_slice(texts[i].name, buf_slice(&got), texts[i].utf8);
                }
        }
}
END_TEST

START_TEST(a_converter_may_be_used_again)
{
        struct mime_charset c;
        AUTO_BUF(got, 4096);

        mime_charset_open(&c, SLICE("iso-2022-jp"));
        ck_assert_int_eq(mime_charset_put(&c, SLICE("\x1b$B$3"), &got), ERR_OK);
        ck_assert_int_eq(mime_charset_end(&c, &got), ERR_OK);
        ck_assert_int_eq(mime_charset_put(&c, SLICE("$3"), &got), ERR_OK);
        ck_assert_int_eq(mime_charset_end(&c, &got), ERR_OK);
        mime_charset_close(&c);
        check_slice("shift state does not last", buf_slice(&got), SLICE("こ$3"));
}
END_TEST

START_TEST(a_full_buffer_ends_between_characters)
{
        static const char *const charsets[] = { "utf-8", "windows-1252", "us-ascii", "euc-jp" };

        for (size_t i = 0; i < COUNT(charsets); i++) {
                for (size_t max = 0; max < 12; max++) {
                        struct buf got = BUF_INIT(max);

                        ck_assert_int_eq(mime_charset_to_utf8(slice_of(charsets[i]),
                                                              SLICE("\xa4\xb3\xa4\xb3\xa4\xb3\xa4"
                                                                    "\xb3\xa4\xb3\xa4\xb3"),
                                                              &got),
                                         ERR_LIMIT);
                        ck_assert(text_utf8_valid(buf_slice(&got)));
                        buf_done(&got);
                }
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("charset", charsets_become_utf8, every_split_gives_the_same,
                         a_converter_may_be_used_again, a_full_buffer_ends_between_characters);
}
