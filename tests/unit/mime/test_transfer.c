/* test_transfer.c — base64 and quoted-printable: RFC 2045 6.7 and 6.8, for every split. */
#include "helper_mime.h"

#include "mailserver/mime/transfer.h"

#define B64 MIME_ENCODING_BASE64
#define QP  MIME_ENCODING_QUOTED_PRINTABLE
#define DECODE(name, encoding, in, out)                                                            \
        {                                                                                          \
                name, encoding, TEXT(in), TEXT(out)                                                \
        }
static const struct {
        const char *name;
        enum mime_encoding encoding;
        struct slice in, out;
} bodies[] = {
        DECODE("7bit", MIME_ENCODING_7BIT, "a=41\r\n", "a=41\r\n"),
        DECODE("binary", MIME_ENCODING_BINARY, "\0\xff\r", "\0\xff\r"),
        DECODE("unknown", MIME_ENCODING_UNKNOWN, "a=41", "a=41"),
        DECODE("base64", B64, "YWJjZGVm\r\nZw==\r\n", "abcdefg"),
        DECODE("base64 of two in the last group", B64, "YWJjZGU=", "abcde"),
        DECODE("base64 of all octets", B64, "AP+/7w==", "\0\xff\xbf\xef"),
        DECODE("base64 without padding", B64, "YWJjZGU", "abcde"),
        DECODE("base64 with foreign octets", B64, "Y W-J*j\xff\0Z\tG\r\nU=", "abcde"),
        DECODE("base64 padded in the middle", B64, "YQ==YmM=\r\nZA==", "abcd"),
        DECODE("base64 with a lone digit", B64, "YWJjZ", "abc"),
        DECODE("base64 with too much padding", B64, "YQ======YWJj", "aabc"),
        DECODE("base64 of nothing", B64, "", ""),
        DECODE("quoted-printable", QP, "caf=C3=A9 =3D =\r\nx\r\n", "caf\xc3\xa9 = x\r\n"),
        DECODE("lower case digits", QP, "=c3=a9=Aa", "\xc3\xa9\xaa"),
        DECODE("soft line break with LF", QP, "a=\nb", "ab"),
        DECODE("soft line break with blanks", QP, "a= \t\r\nb", "ab"),
        DECODE("soft line break at the end", QP, "a=", "a"),
        DECODE("soft line break of CR alone", QP, "a=\rb", "ab"),
        DECODE("blanks at a line's end go", QP, "a \t\r\nb  \nc  ", "a\r\nb\nc"),
        DECODE("blanks in a line stay", QP, "a \t b", "a \t b"),
        DECODE("an encoded blank at a line's end stays", QP, "a=20\r\n", "a \r\n"),
        DECODE("blanks before a soft line break stay", QP, "a =\r\nb", "a b"),
        DECODE("an equals sign that begins nothing", QP, "a=zb=4x= y==41", "a=zb=4x= y=A"),
        DECODE("a digit at the end", QP, "a=4", "a=4"),
        DECODE("octets that need no encoding", QP, "\xff\0", "\xff\0"),
        DECODE("an encoded line end", QP, "a=0D=0Ab", "a\r\nb"),
        DECODE("CR alone", QP, "a\rb \rc", "a\rb\rc"),
};

START_TEST(bodies_are_decoded)
{
        for (size_t i = 0; i < COUNT(bodies); i++) {
                AUTO_BUF(got, 4096);

                ck_assert_int_eq(mime_decode(bodies[i].encoding, bodies[i].in, &got), ERR_OK);
                check_slice(bodies[i].name, buf_slice(&got), bodies[i].out);
        }
}
END_TEST

START_TEST(every_split_gives_the_same)
{
        for (size_t i = 0; i < COUNT(bodies); i++) {
                for (size_t at = 0; at <= bodies[i].in.len; at++) {
                        struct mime_decoder d;
                        AUTO_BUF(got, 4096);

                        mime_decoder_init(&d, bodies[i].encoding);
                        ck_assert_int_eq(mime_decoder_put(&d, slice_head(bodies[i].in, at), &got),
                                         ERR_OK);
                        ck_assert_int_eq(mime_decoder_put(&d, slice_from(bodies[i].in, at), &got),
                                         ERR_OK);
                        ck_assert_int_eq(mime_decoder_end(&d, &got), ERR_OK);
                        check_slice(bodies[i].name, buf_slice(&got), bodies[i].out);
                }
        }
}
END_TEST

/* Blanks are held back until it is clear whether a line ends; but not without limit. */
START_TEST(long_runs_of_blanks_are_text)
{
        for (size_t n = MIME_DECODER_BLANKS - 2; n < (size_t)MIME_DECODER_BLANKS * 3; n++) {
                AUTO_BUF(in, 4096);
                AUTO_BUF(whole, 4096);
                AUTO_BUF(pieces, 4096);
                struct mime_decoder d;

                buf_add(&in, SLICE("a="));
                fill_repeated(&in, SLICE(" "), n);
                buf_add(&in, SLICE("\r\nb"));
                fill_repeated(&in, SLICE("\t"), 2 * n);
                buf_add(&in, SLICE("\r\n"));
                ck_assert_int_eq(mime_decode(QP, buf_slice(&in), &whole), ERR_OK);
                mime_decoder_init(&d, QP);
                for (size_t i = 0; i < in.len; i++)
                        ck_assert_int_eq(
                                mime_decoder_put(&d, (struct slice){ in.ptr + i, 1 }, &pieces),
                                ERR_OK);
                ck_assert_int_eq(mime_decoder_end(&d, &pieces), ERR_OK);
                check_slice("split", buf_slice(&pieces), buf_slice(&whole));
        }
}
END_TEST

START_TEST(a_full_buffer_takes_nothing)
{
        struct mime_decoder d;
        AUTO_BUF(got, 200);
        AUTO_BUF(in, 4096);

        fill_repeated(&in, SLICE("YWJj"), 400);
        mime_decoder_init(&d, B64);
        ck_assert_int_eq(mime_decoder_put(&d, buf_slice(&in), &got), ERR_LIMIT);
        ck_assert_uint_eq(got.len, 0);
        ck_assert_int_eq(mime_decoder_put(&d, SLICE("YWJj"), &got), ERR_OK);
        check_slice("after", buf_slice(&got), SLICE("abc"));
}
END_TEST

START_TEST(encodings_are_named)
{
        static const struct {
                const char *value;
                enum mime_encoding encoding;
        } values[] = {
                {" 7bit",                         MIME_ENCODING_7BIT   },
                { "8BIT",                         MIME_ENCODING_8BIT   },
                { "binary ",                      MIME_ENCODING_BINARY },
                { "Base64",                       B64                  },
                { "quoted-printable",             QP                   },
                { "(a comment) base64 (another)", B64                  },
                { "\"base64\"",                   B64                  },
                { "base64;",                      B64                  },
                { "",                             MIME_ENCODING_7BIT   },
                { "(nothing)",                    MIME_ENCODING_7BIT   },
                { "x-uuencode",                   MIME_ENCODING_UNKNOWN},
                { "7-bit",                        MIME_ENCODING_UNKNOWN},
        };

        for (size_t i = 0; i < COUNT(values); i++)
                ck_assert_msg(mime_encoding_parse(slice_of(values[i].value)) == values[i].encoding,
                              "%s", values[i].value);
        check_slice("name", mime_encoding_name(QP), SLICE("QUOTED-PRINTABLE"));
        check_slice("no name", mime_encoding_name(MIME_ENCODING_UNKNOWN), SLICE(""));
}
END_TEST

int main(void)
{
        return RUN_TESTS("transfer", bodies_are_decoded, every_split_gives_the_same,
                         long_runs_of_blanks_are_text, a_full_buffer_takes_nothing,
                         encodings_are_named);
}
