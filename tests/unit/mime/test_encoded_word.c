/* test_encoded_word.c — header text to UTF-8: RFC 2047, RFC 2231 5. */
#include "helper_mime.h"

#include "mailserver/mime/encoded_word.h"

#define DECODE(name, text, utf8)                                                                   \
        {                                                                                          \
                name, TEXT(text), TEXT(utf8)                                                       \
        }
static const struct {
        const char *name;
        struct slice text, utf8;
} words[] = {
        DECODE("plain text", "Hello, world", "Hello, world"),
        DECODE("a Q word", "=?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle"),
        DECODE("a B word", "=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        DECODE("the encoding in lower case", "=?UTF-8?q?=c3=bc?= =?UTF-8?b?w7w=?=", "üü"),
        DECODE("text around", "Re: =?utf-8?Q?=C3=BC?= (fwd)", "Re: ü (fwd)"),
        DECODE("blanks between words go", "=?utf-8?Q?a?=  \t=?utf-8?Q?b?=", "ab"),
        DECODE("folding between words goes", "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"),
        DECODE("blanks beside text stay", "x =?utf-8?Q?a?= y =?utf-8?Q?b?= z", "x a y b z"),
        DECODE("a space inside a word", "=?utf-8?Q?a_?= =?utf-8?Q?b?=", "a b"),
        DECODE("folding in text", "one\r\n two\n\tthree", "one two\tthree"),
        DECODE("a language", "=?utf-8*de?Q?=C3=BC?=", "ü"),
        DECODE("latin1", "=?iso-8859-1?Q?caf=E9?=", "café"),
        DECODE("latin1 is windows-1252", "=?iso-8859-1?Q?=8010_=93x=94?=", "€10 “x”"),
        DECODE("koi8-r", "=?koi8-r?B?8NLJ18XU?=", "Привет"),
        DECODE("gb2312", "=?gb2312?B?xOO6ww==?=", "你好"),
        DECODE("iso-2022-jp", "=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        DECODE("a character cut in two", "=?utf-8?Q?a=C3?= =?utf-8?Q?=BC?=", "aü"),
        DECODE("a character cut in two, in B", "=?utf-8?B?YcM=?= =?UTF-8?B?vA==?=", "aü"),
        DECODE("half a character", "=?utf-8?Q?=C3?= x", "\xef\xbf\xbd x"),
        DECODE("an unknown charset is guessed", "=?x-none?Q?caf=E9_=C3=A9?=", "café é"),
        DECODE("an unknown encoding stays", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        DECODE("a word without its end stays", "=?utf-8?Q?abc", "=?utf-8?Q?abc"),
        DECODE("a word without its text stays", "=?utf-8?Q", "=?utf-8?Q"),
        DECODE("a word without a charset stays", "=??Q?abc?=", "=??Q?abc?="),
        DECODE("an empty word is nothing", "x =?utf-8?Q?\?= y", "x  y"),
        DECODE("a blank inside a Q word", "=?utf-8?Q?a b?=", "a b"),
        DECODE("words without blanks between", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        DECODE("a word inside another text", "a=?utf-8?Q?b?=c", "abc"),
        DECODE("a word in quotes", "\"=?utf-8?Q?=C3=BC?=\"", "\"ü\""),
        DECODE("a false start before a word", "=?=?utf-8?Q?a?=", "=?a"),
        DECODE("a question mark in a Q word", "=?utf-8?Q?What?\?=", "What?"),
        DECODE("an equals sign without digits", "=?utf-8?Q?a=b=4?=", "a=b=4"),
        DECODE("base64 without padding", "=?utf-8?B?YWI?=", "ab"),
        DECODE("raw UTF-8",
               "Gr\xc3\xbc\xc3\x9f"
               "e",
               "Grüße"),
        DECODE("raw latin1", "caf\xe9", "café"),
        DECODE("hidden line ends", "=?utf-8?Q?a=0D=0Ab=00c?=", "a  bc"),
        DECODE("a NUL", "a\0b", "ab"),
        DECODE("nothing", "", ""),
};

START_TEST(text_becomes_utf8)
{
        for (size_t i = 0; i < COUNT(words); i++) {
                AUTO_BUF(got, 4096);

                ck_assert_int_eq(mime_header_to_utf8(words[i].text, &got), ERR_OK);
                check_slice(words[i].name, buf_slice(&got), words[i].utf8);
        }
}
END_TEST

START_TEST(a_full_buffer_ends_between_characters)
{
        AUTO_BUF(got, 5);

        ck_assert_int_eq(mime_header_to_utf8(SLICE("abc=?utf-8?Q?d=E2=82=AC?="), &got), ERR_LIMIT);
        check_slice("head", buf_slice(&got), SLICE("abcd"));
        buf_clear(&got);
        ck_assert_int_eq(mime_header_to_utf8(SLICE("abcd\xc3\xa9"), &got), ERR_LIMIT);
        check_slice("raw", buf_slice(&got), SLICE("abcd"));
}
END_TEST

START_TEST(hostile_text_is_read_in_linear_time)
{
        static const char *const units[] = { "=?",        "=?a?q?",     "=?a?b?x",        "?=",
                                             "=?a?q?x?=", "=?a?q?x?= ", "=?a?q?x?=\r\n ", "=" };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO_BUF(text, BUF_MAX);
                AUTO_BUF(got, BUF_MAX);

                fill_repeated(&text, slice_of(units[i]), 1 << 18);
                ck_assert_int_eq(mime_header_to_utf8(buf_slice(&text), &got), ERR_OK);
                ck_assert_uint_le(got.len, text.len);
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("encoded_word", text_becomes_utf8, a_full_buffer_ends_between_characters,
                         hostile_text_is_read_in_linear_time);
}
