/* test_bodystructure.c — BODYSTRUCTURE and BODY: RFC 9051 7.5.2 and 9. */
#include "bodystructure.h"
#include "helper_mime.h"
#include "imap_syntax.h"

#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

#define BODY(name, message, structure, body)                                                       \
        {                                                                                          \
                name, TEXT(message), TEXT(structure), TEXT(body)                                   \
        }
static const struct {
        const char *name;
        struct slice message, structure, body;
} bodies[] = {
        BODY("a text without a type", "\r\none\r\ntwo\r\n",
             "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2 NIL NIL NIL "
             "NIL)",
             "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2)"),
        BODY("a text that names no charset", "Content-Type: text/plain\r\n\r\n",
             "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)",
             "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0)"),
        BODY("all the fields",
             "Content-Type: application/pdf; name=\"a b.pdf\"; x=y\r\nContent-ID: <1@x>\r\n"
             "Content-Description: a file\r\nContent-Transfer-Encoding: base64\r\n"
             "Content-MD5: Q2hlY2s=\r\nContent-Disposition: Attachment; filename=\"a b.pdf\"\r\n"
             "Content-Language: de, en\r\nContent-Location: http://x/\r\n\r\nQUJD\r\n",
             "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a b.pdf\" \"X\" \"y\") \"<1@x>\" \"a file\" "
             "\"BASE64\" 6 \"Q2hlY2s=\" (\"ATTACHMENT\" (\"FILENAME\" \"a b.pdf\")) (\"de\" "
             "\"en\") "
             "\"http://x/\")",
             "(\"APPLICATION\" \"PDF\" (\"NAME\" \"a b.pdf\" \"X\" \"y\") \"<1@x>\" \"a file\" "
             "\"BASE64\" 6)"),
        BODY("fields that are there but empty",
             "Content-Type: image/png\r\nContent-ID:\r\nContent-Description: \r\n"
             "Content-Transfer-Encoding:\r\nContent-MD5:\r\nContent-Disposition:\r\n"
             "Content-Language:\r\nContent-Location:\r\n\r\nx",
             "(\"IMAGE\" \"PNG\" NIL \"\" \"\" \"7BIT\" 1 \"\" NIL NIL \"\")",
             "(\"IMAGE\" \"PNG\" NIL \"\" \"\" \"7BIT\" 1)"),
        BODY("one language is a string, a disposition may have no parameters",
             "Content-Type: image/png\r\nContent-Language: de (German)\r\n"
             "Content-Disposition: inline\r\n\r\nx",
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1 NIL (\"INLINE\" NIL) \"de\" NIL)",
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1)"),
        BODY("an encoding of one's own",
             "Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx",
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"X-UUENCODE\" 1 NIL NIL NIL NIL)",
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"X-UUENCODE\" 1)"),
        BODY("parameters in pieces and in charsets",
             "Content-Type: image/png; name*0=a; name*1=b; title*=iso-8859-1''%fc\r\n\r\nx",
             "(\"IMAGE\" \"PNG\" (\"NAME\" \"ab\" \"TITLE*\" {2}\r\nü) NIL NIL \"7BIT\" 1 NIL NIL "
             "NIL NIL)",
             "(\"IMAGE\" \"PNG\" (\"NAME\" \"ab\" \"TITLE*\" {2}\r\nü) NIL NIL \"7BIT\" 1)"),
        BODY("a multipart",
             "Content-Type: multipart/mixed; boundary=b; x=y\r\nContent-Language: de\r\n"
             "Content-Disposition: inline\r\n\r\n--b\r\n\r\none\r\n--b\r\n"
             "Content-Type: image/png\r\n\r\nx\r\n--b--\r\n",
             "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0 NIL NIL NIL NIL)"
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1 NIL NIL NIL NIL) \"MIXED\" (\"BOUNDARY\" "
             "\"b\" \"X\" \"y\") (\"INLINE\" NIL) \"de\" NIL)",
             "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0)"
             "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1) \"MIXED\")"),
        BODY("a message in a message",
             "Content-Type: message/rfc822\r\nContent-Description: fwd\r\n\r\nSubject: s\r\n\r\n"
             "one\r\n",
             "(\"MESSAGE\" \"RFC822\" NIL NIL \"fwd\" \"7BIT\" 19 (NIL \"s\" NIL NIL NIL NIL NIL "
             "NIL "
             "NIL NIL) (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 5 1 NIL NIL "
             "NIL NIL) 3 NIL NIL NIL NIL)",
             "(\"MESSAGE\" \"RFC822\" NIL NIL \"fwd\" \"7BIT\" 19 (NIL \"s\" NIL NIL NIL NIL NIL "
             "NIL "
             "NIL NIL) (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 5 1) 3)"),
        BODY("several that end at once",
             "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
             "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none",
             "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 55 " NO_ENVELOPE
             " ((\"TEXT\" \"PLAIN\" "
             "(\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0 NIL NIL NIL NIL) \"MIXED\" "
             "(\"BOUNDARY\" \"c\") NIL NIL NIL) 4 NIL NIL NIL NIL) \"DIGEST\" (\"BOUNDARY\" \"b\") "
             "NIL NIL NIL)",
             "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 55 " NO_ENVELOPE
             " ((\"TEXT\" \"PLAIN\" "
             "(\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 0) \"MIXED\") 4) \"DIGEST\")"),
        BODY("an encoded message is an attachment without a type of its own",
             "Content-Type: message/rfc822; name=x\r\nContent-Transfer-Encoding: "
             "base64\r\n\r\nQTog",
             "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"BASE64\" 4 NIL NIL NIL NIL)",
             "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"BASE64\" 4)"),
};

static void render(struct slice message, size_t max, struct buf *structure, struct buf *body)
{
        struct mime_index index;

        mime_index_build(&index, message, &mime_limits_default);
        mime_bodystructure_render(&index, max, structure, body);
        mime_index_done(&index);
}

START_TEST(structures_are_rendered)
{
        for (size_t i = 0; i < COUNT(bodies); i++) {
                AUTO_BUF(structure, BUF_MAX);
                AUTO_BUF(body, BUF_MAX);

                render(bodies[i].message, 65536, &structure, &body);
                check_slice(bodies[i].name, buf_slice(&structure), bodies[i].structure);
                check_slice(bodies[i].name, buf_slice(&body), bodies[i].body);
                ck_assert_msg(imap_is_body(buf_slice(&structure), true), "%s", bodies[i].name);
                ck_assert_msg(imap_is_body(buf_slice(&body), false), "%s", bodies[i].name);
        }
}
END_TEST

START_TEST(a_budget_cuts_values)
{
        AUTO_BUF(message, BUF_MAX);

        buf_add(&message, SLICE("Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
        for (int i = 0; i < 20; i++) {
                buf_add(&message, SLICE("--b\r\nContent-Type: message/rfc822\r\n"
                                        "Content-Description: "));
                fill_repeated(&message, SLICE("\xc3\xbc"), message.len + 500);
                buf_add(&message, SLICE("\r\n\r\nSubject: x\r\nFrom: joe@x, ann@y\r\n"
                                        "Content-Type: text/plain"));
                for (int j = 0; j < 20; j++)
                        buf_addf(&message, "; name%d=value%d", j, j);
                buf_add(&message, SLICE("\r\nContent-Disposition: attachment; filename=x\r\n"
                                        "Content-Language: a, b, c\r\n\r\ntext\r\n"));
        }
        for (size_t max = 0; max < 40000; max += 501) {
                AUTO_BUF(structure, BUF_MAX);
                AUTO_BUF(body, BUF_MAX);

                render(buf_slice(&message), max, &structure, &body);
                ck_assert_msg(imap_is_body(buf_slice(&structure), true), "%zu: %s", max,
                              structure.ptr);
                ck_assert_msg(imap_is_body(buf_slice(&body), false), "%zu: %s", max, body.ptr);
                ck_assert_msg(structure.len <= max + 9000, "%zu: %zu", max, structure.len);
                ck_assert_uint_lt(body.len, structure.len);
        }
}
END_TEST

START_TEST(the_most_parts_stay_within_the_default_limit)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(structure, BUF_MAX);
        AUTO_BUF(body, BUF_MAX);

        buf_add(&message, SLICE("Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
        fill_repeated(&message,
                      SLICE("--b\r\nContent-Type: text/plain; name=\"a name of some length\"\r\n"
                            "Content-Description: words and words\r\n\r\ntext\r\n"),
                      (size_t)4 << 20);
        render(buf_slice(&message), mime_limits_default.max_rendering, &structure, &body);
        ck_assert(imap_is_body(buf_slice(&structure), true));
        ck_assert_uint_le(structure.len, mime_limits_default.max_rendering);
}
END_TEST

int main(void)
{
        return RUN_TESTS("bodystructure", structures_are_rendered, a_budget_cuts_values,
                         the_most_parts_stay_within_the_default_limit);
}
