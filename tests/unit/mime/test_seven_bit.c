/* test_seven_bit.c — 8-bit mail for a server that takes 7 bits: RFC 6152 3, RFC 2045 6. */
#include "helper_mime.h"
#include "seven_bit_check.h"

#include <stdlib.h>

#define V        "MIME-Version: 1.0\r\n"
#define QP       "Content-Transfer-Encoding: quoted-printable\r\n"
#define BASE64   "Content-Transfer-Encoding: base64\r\n"
#define SEVEN    "Content-Transfer-Encoding: 7bit\r\n"
#define EIGHT    "Content-Transfer-Encoding: 8bit\r\n"
#define BINARY   "Content-Transfer-Encoding: BINARY\r\n"
#define TYPE(t)  "Content-Type: " t "\r\n"
#define MIXED    TYPE("multipart/mixed; boundary=b")
#define MESSAGE  TYPE("message/rfc822")
#define SIGNED   TYPE("multipart/signed; boundary=s")
#define LATIN    "sch\xf6n und so weiter, mit viel Text dahinter\r\n"
#define LATIN_QP "sch=F6n und so weiter, mit viel Text dahinter\r\n"

#define CASE(name, before, after)                                                                  \
        {                                                                                          \
                name, TEXT(before), TEXT(after)                                                    \
        }
static const struct {
        const char *name;
        struct slice before, after;
} conversions[] = {
        CASE("7-bit mail stays", "A: b\r\n\r\nx\r\n", "A: b\r\n\r\nx\r\n"),
        CASE("text becomes quoted-printable", V EIGHT "A: b\r\n\r\n" LATIN,
             V QP "A: b\r\n\r\n" LATIN_QP),
        CASE("text that was not labelled gets a label", V "A: b\r\n\r\n" LATIN,
             V "A: b\r\n" QP "\r\n" LATIN_QP),
        CASE("a message becomes MIME", "A: b\r\n\r\n" LATIN, "A: b\r\n" V QP "\r\n" LATIN_QP),
        CASE("of two labels one is left", V EIGHT "A: b\r\n" BINARY "\r\n" LATIN,
             V QP "A: b\r\n\r\n" LATIN_QP),
        CASE("a folded label is replaced",
             V "content-transfer-encoding:\r\n\t8bit (yes)\r\n\r\n" LATIN, V QP "\r\n" LATIN_QP),
        CASE("text mostly of other letters becomes base64",
             V EIGHT "\r\n\xd0\xbf\xd1\x80\xd0\xb8\r\n", V BASE64 "\r\n0L/RgNC4DQo=\r\n"),
        CASE("other types become base64", V TYPE("image/png") BINARY "\r\n\x89PNG\r\n",
             V TYPE("image/png") BASE64 "\r\niVBORw0K\r\n"),
        CASE("a label of 8 bits without them says 7", V EIGHT "\r\nx\r\n", V SEVEN "\r\nx\r\n"),
        CASE("base64 and quoted-printable stay", V BASE64 "\r\neA==\r\n", V BASE64 "\r\neA==\r\n"),
        CASE("a multipart's label follows its parts",
             V MIXED EIGHT "\r\n--b\r\n" EIGHT "\r\n" LATIN "--b\r\n\r\nplain\r\n--b--\r\n",
             V MIXED SEVEN "\r\n--b\r\n" QP "\r\n" LATIN_QP "--b\r\n\r\nplain\r\n--b--\r\n"),
        CASE("the line end before a delimiter is not the part's",
             V MIXED "\r\n--b\r\n" TYPE("image/png") EIGHT "\r\n\xff\r\n--b--\r\n",
             V MIXED "\r\n--b\r\n" TYPE("image/png") BASE64 "\r\n/w==\r\n--b--\r\n"),
        CASE("a part without a header gets one", V MIXED "\r\n--b\r\n\r\n" LATIN "--b--\r\n",
             V MIXED "\r\n--b\r\n" QP "\r\n" LATIN_QP "--b--\r\n"),
        CASE("a part whose empty line was forgotten", V MIXED "\r\n--b\r\n" LATIN "--b--\r\n",
             V MIXED "\r\n--b\r\n" QP "\r\n" LATIN_QP "--b--\r\n"),
        CASE("before and behind the parts nobody reads",
             V MIXED "\r\n\xc3\xa4\r\n--b\r\n\r\nx\r\n--b--\r\n\xe4\r\n",
             V MIXED "\r\n??\r\n--b\r\n\r\nx\r\n--b--\r\n?\r\n"),
        CASE("an embedded message keeps its form",
             V MESSAGE EIGHT "\r\nB: c\r\n" EIGHT V "\r\n" LATIN,
             V MESSAGE SEVEN "\r\nB: c\r\n" QP V "\r\n" LATIN_QP),
        CASE("an embedded message becomes MIME", V MESSAGE "\r\nB: c\r\n\r\n" LATIN,
             V MESSAGE "\r\nB: c\r\n" V QP "\r\n" LATIN_QP),
        CASE("a multipart in a message in a multipart",
             V MIXED "\r\n--b\r\n" MESSAGE "\r\n" V TYPE("multipart/mixed; boundary=i") BINARY
             "\r\n--i\r\n" EIGHT "\r\n" LATIN "--i--\r\n--b--\r\n",
             V MIXED "\r\n--b\r\n" MESSAGE "\r\n" V TYPE("multipart/mixed; boundary=i") SEVEN
             "\r\n--i\r\n" QP "\r\n" LATIN_QP "--i--\r\n--b--\r\n"),
        CASE("what is signed and 7-bit stays, whatever it says",
             V SIGNED EIGHT "\r\n--s\r\n" EIGHT "\r\nx\r\n--s\r\n\r\ny\r\n--s--\r\n",
             V SIGNED SEVEN "\r\n--s\r\n" EIGHT "\r\nx\r\n--s\r\n\r\ny\r\n--s--\r\n"),
        CASE("what stands beside a signed part is converted",
             V MIXED "\r\n--b\r\n" SIGNED "\r\n--s\r\n" EIGHT "\r\nx\r\n--s--\r\n--b\r\n\r\n" LATIN
                     "--b--\r\n",
             V MIXED "\r\n--b\r\n" SIGNED "\r\n--s\r\n" EIGHT "\r\nx\r\n--s--\r\n--b\r\n" QP
                     "\r\n" LATIN_QP "--b--\r\n"),
        CASE("a message/global is encoded whole",
             V MIXED "\r\n--b\r\n" TYPE("message/global") EIGHT
             "\r\nA: \xc3\xa4\r\n\r\n\r\n--b--\r\n",
             V MIXED "\r\n--b\r\n" TYPE("message/global") BASE64 "\r\nQTogw6QNCg0K\r\n--b--\r\n"),
        CASE("a line that looks like a delimiter once it is folded",
             V MIXED "\r\n--b\r\n\r\n\xe4"
                     "234567890123456789012345678901234567890"
                     "123456789012345678901234567890123--b\r\n--b--\r\n",
             V MIXED "\r\n--b\r\n" QP "\r\n=E4"
                     "234567890123456789012345678901234567890"
                     "123456789012345678901234567890123=\r\n=2D-b\r\n--b--\r\n"),
};

START_TEST(mail_is_converted)
{
        AUTO_BUF(out, 10000);
        const char *why = "";
        const char *differs;

        ck_assert_msg(!mime_to_seven_bit(conversions[_i].before, seven_bit_collect, &out, &why),
                      "%s: %s", conversions[_i].name, why);
        check_slice(conversions[_i].name, buf_slice(&out), conversions[_i].after);
        differs = seven_bit_differs(conversions[_i].before, buf_slice(&out));
        ck_assert_msg(!differs, "%s: %s", conversions[_i].name, differs);
}
END_TEST

#define REFUSED(name, message, why)                                                                \
        {                                                                                          \
                name, TEXT(message), why                                                           \
        }
static const struct {
        const char *name;
        struct slice message;
        const char *why;
} refusals[] = {
        REFUSED("8 bits in a field", V "Subject: \xc3\xa4\r\n\r\nx\r\n",
                "a field of its header has 8-bit octets"),
        REFUSED("8 bits in a field of a part",
                V MIXED "\r\n--b\r\nContent-Description: \xe4\r\n\r\nx\r\n--b--\r\n",
                "a field of its header has 8-bit octets"),
        REFUSED("8 bits in a field of an embedded message", V MESSAGE "\r\nB: \xe4\r\n\r\nx\r\n",
                "a field of its header has 8-bit octets"),
        REFUSED("8 bits in what is signed",
                V SIGNED "\r\n--s\r\n" EIGHT "\r\n" LATIN "--s\r\n\r\ny\r\n--s--\r\n",
                "a part of it is signed or encrypted, and would be spoiled"),
        REFUSED("8 bits in a signed part of a part",
                V MIXED "\r\n--b\r\n" SIGNED "\r\n--s\r\n\r\n" LATIN "--s--\r\n--b--\r\n",
                "a part of it is signed or encrypted, and would be spoiled"),
        REFUSED("8 bits before the parts of what is encrypted",
                V TYPE("multipart/encrypted; boundary=b") "\r\n\xe4\r\n--b\r\n\r\nx\r\n--b--\r\n",
                "a part of it is signed or encrypted, and would be spoiled"),
        REFUSED("8 bits in base64", V BASE64 "\r\n\xe4\r\n",
                "a part of it has 8-bit octets in an encoding that has none"),
        REFUSED("8 bits in an encoding of somebody's own",
                V "Content-Transfer-Encoding: x-mine\r\n\r\n" LATIN,
                "a part of it has 8-bit octets in an encoding that has none"),
        REFUSED("8 bits in a part of a report",
                V TYPE("message/delivery-status") EIGHT "\r\n" LATIN,
                "its MIME structure is broken"),
        REFUSED("a multipart without parts", V MIXED "\r\n" LATIN, "its MIME structure is broken"),
};

START_TEST(mail_is_refused)
{
        AUTO_BUF(out, 10000);
        const char *why = "";

        ck_assert_int_eq(mime_to_seven_bit(refusals[_i].message, seven_bit_collect, &out, &why),
                         ERR_DENIED);
        ck_assert_msg(!strcmp(why, refusals[_i].why), "%s: %s", refusals[_i].name, why);
        ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(parts_nested_too_deep_are_refused)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);
        const char *why = "";

        for (int i = 0; i < 300; i++)
                buf_add(&message, SLICE(MESSAGE "\r\n"));
        buf_add(&message, SLICE("\r\n" LATIN));
        ck_assert_int_eq(mime_to_seven_bit(buf_slice(&message), seven_bit_collect, &out, &why),
                         ERR_DENIED);
        ck_assert_str_eq(why, "it has too many parts, or they are nested too deep");
}
END_TEST

/* Longer than the pieces it is encoded in. */
START_TEST(large_parts_come_back)
{
        static const char *const headers[] = { V "\r\n", V TYPE("application/x") "\r\n" };
        static const char *const lines[] = { LATIN, "\xe4\n", "\xff" };
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);
        const char *why = "", *differs;

        buf_add(&message, slice_of(headers[_i % 2]));
        fill_repeated(&message, slice_of(lines[_i / 2]), 200000);
        buf_add(&message, SLICE("\r\n"));
        ck_assert_int_eq(mime_to_seven_bit(buf_slice(&message), seven_bit_collect, &out, &why),
                         ERR_OK);
        differs = seven_bit_differs(buf_slice(&message), buf_slice(&out));
        ck_assert_msg(!differs, "%s", differs);
        for (struct slice rest = buf_slice(&out), line; slice_cut(&rest, '\n', &line);)
                ck_assert_uint_le(line.len, 77);
}
END_TEST

static enum err no_room(void *arg, struct slice octets)
{
        (void)octets;
        return ++*(int *)arg == 3 ? ERR_FULL : ERR_OK;
}

START_TEST(an_error_of_the_receiver_ends_it)
{
        const char *why = NULL;
        int calls = 0;

        ck_assert_int_eq(mime_to_seven_bit(conversions[1].before, no_room, &calls, &why), ERR_FULL);
        ck_assert_int_eq(calls, 3);
        ck_assert_ptr_null(why);
}
END_TEST

/* Mail made of pieces that mean something to the index, in any order. */
static const char *const pieces[] = {
        V,
        EIGHT,
        BINARY,
        QP,
        BASE64,
        MIXED,
        TYPE("multipart/mixed; boundary=i"),
        SIGNED,
        MESSAGE,
        "\r\n",
        LATIN,
        "x\r\n",
        "--b\r\n",
        "--i\r\n",
        "--s\r\n",
        "--b--\r\n",
        "--i--\r\n",
        "\xff",
        "\xd0\xbf\r\n",
        "--b",
        "--",
        "\n",
        "\r",
        TYPE("message/global"),
        TYPE("image/png"),
        "\r\n\r\n",
        " ",
        "=\xe4\r\n",
        "0123456789012345678901234567890123456789",
};

START_TEST(any_mail_has_the_same_parts_afterwards)
{
        AUTO_BUF(message, 1 << 20);
        AUTO_BUF(out, 1 << 22);
        const char *why, *differs;

        srand((unsigned)_i);
        for (int round = 0; round < 50; round++) {
                int n = rand() % 40;

                buf_clear(&message);
                buf_clear(&out);
                for (int i = 0; i < n; i++)
                        buf_add(&message, slice_of(pieces[(size_t)rand() % COUNT(pieces)]));
                if (mime_to_seven_bit(buf_slice(&message), seven_bit_collect, &out, &why))
                        continue;
                differs = seven_bit_differs(buf_slice(&message), buf_slice(&out));
                ck_assert_msg(!differs, "%s:\n%s\n---\n%s", differs, message.ptr, out.ptr);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("mime seven bit");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_loop_test(tc, mail_is_converted, 0, (int)COUNT(conversions));
        tcase_add_loop_test(tc, mail_is_refused, 0, (int)COUNT(refusals));
        tcase_add_test(tc, parts_nested_too_deep_are_refused);
        tcase_add_loop_test(tc, large_parts_come_back, 0, 6);
        tcase_add_test(tc, an_error_of_the_receiver_ends_it);
        tcase_add_loop_test(tc, any_mail_has_the_same_parts_afterwards, 0, 100);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
