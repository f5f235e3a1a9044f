/* test_envelope.c — ENVELOPE and IMAP's strings: RFC 9051 7.5.2, 4.3, 9. */
#include "envelope.h"
#include "helper_mime.h"
#include "imap_syntax.h"

#define JOE "(\"Joe\" NIL \"joe\" \"x.org\")"
#define TEN(date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, id)                   \
        "(" date " " subject " " from " " sender " " reply_to " " to " " cc " " bcc                \
        " " in_reply_to " " id ")"
#define NO "NIL"

#define ENVELOPE(name, header, envelope)                                                           \
        {                                                                                          \
                name, TEXT(header), TEXT(envelope)                                                 \
        }
static const struct {
        const char *name;
        struct slice header, envelope;
} envelopes[] = {
        ENVELOPE("nothing", "", TEN(NO, NO, NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("all of it",
                 "Date: today\r\nSubject: hello\r\nFrom: Joe <joe@x.org>\r\nSender: <s@x>\r\n"
                 "Reply-To: r@x\r\nTo: t@x\r\nCc: c@x\r\nBcc: b@x\r\nIn-Reply-To: <1@x>\r\n"
                 "Message-ID: <2@x>\r\n\r\n",
                 TEN("\"today\"", "\"hello\"", "(" JOE ")", "((NIL NIL \"s\" \"x\"))",
                     "((NIL NIL \"r\" \"x\"))", "((NIL NIL \"t\" \"x\"))",
                     "((NIL NIL \"c\" \"x\"))", "((NIL NIL \"b\" \"x\"))", "\"<1@x>\"",
                     "\"<2@x>\"")),
        ENVELOPE("sender and reply-to default to from", "From: Joe <joe@x.org>\r\n\r\n",
                 TEN(NO, NO, "(" JOE ")", "(" JOE ")", "(" JOE ")", NO, NO, NO, NO, NO)),
        ENVELOPE("an empty sender and reply-to, too",
                 "From: Joe <joe@x.org>\r\nSender:\r\nReply-To: ,\r\n\r\n",
                 TEN(NO, NO, "(" JOE ")", "(" JOE ")", "(" JOE ")", NO, NO, NO, NO, NO)),
        ENVELOPE("present but empty: strings are empty, lists are NIL",
                 "Date:\r\nSubject: \r\nFrom:\r\nTo:\r\nCc: \r\nBcc: ,\r\nIn-Reply-To:\r\n"
                 "Message-ID:\r\n\r\n",
                 TEN("\"\"", "\"\"", NO, NO, NO, NO, NO, NO, "\"\"", "\"\"")),
        ENVELOPE("a group", "To: A Group: Joe <joe@x.org>, ann@y;\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO,
                     "((NIL NIL \"A Group\" NIL)" JOE "(NIL NIL \"ann\" \"y\")(NIL NIL NIL NIL))",
                     NO, NO, NO, NO)),
        ENVELOPE("an empty group", "To: undisclosed-recipients:;\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO,
                     "((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL))", NO, NO, NO,
                     NO)),
        ENVELOPE("a route", "To: <@a,@b:joe@x>\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO, "((NIL \"@a,@b\" \"joe\" \"x\"))", NO, NO, NO, NO)),
        ENVELOPE("no domain: the host is not NIL, for that would be a group", "To: root\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO, "((NIL NIL \"root\" \"\"))", NO, NO, NO, NO)),
        ENVELOPE("a name alone", "To: Joe Doe\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO, "((\"Joe Doe\" NIL \"\" \"\"))", NO, NO, NO, NO)),
        ENVELOPE("quotes and backslashes", "Subject: say \"a\\b\"\r\n\r\n",
                 TEN(NO, "\"say \\\"a\\\\b\\\"\"", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("a quoted name", "To: \"a \\\"b\\\"\" <c@d>\r\n\r\n",
                 TEN(NO, NO, NO, NO, NO, "((\"a \\\"b\\\"\" NIL \"c\" \"d\"))", NO, NO, NO, NO)),
        ENVELOPE("unfolded", "Subject: a\r\n b\r\n\tc\r\n\r\n",
                 TEN(NO, "\"a b\tc\"", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("encoded words are left", "Subject: =?utf-8?Q?=C3=BC?=\r\n\r\n",
                 TEN(NO, "\"=?utf-8?Q?=C3=BC?=\"", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("UTF-8 is a literal", "Subject: \xc3\xbc\"\r\nTo: J\xc3\xb6 <j@x>\r\n\r\n",
                 TEN(NO, "{3}\r\n\xc3\xbc\"", NO, NO, NO, "(({3}\r\nJ\xc3\xb6 NIL \"j\" \"x\"))",
                     NO, NO, NO, NO)),
        ENVELOPE("other octets are a literal, as they are", "Subject: \xfc\r\n\r\n",
                 TEN(NO, "{1}\r\n\xfc", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("NULs are left out", "Subject: a\0b\0\xfc\r\nDate: \0x\r\n\r\n",
                 TEN("\"x\"", "{3}\r\nab\xfc", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("control characters stay",
                 "Subject: a\x01\x7f"
                 "b\r\n\r\n",
                 TEN(NO,
                     "\"a\x01\x7f"
                     "b\"",
                     NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("the first of two subjects counts", "Subject: a\r\nsubject: b\r\n\r\n",
                 TEN(NO, "\"a\"", NO, NO, NO, NO, NO, NO, NO, NO)),
        ENVELOPE("the first of two From fields counts", "From: a@x\r\nFrom: b@x\r\n\r\n",
                 TEN(NO, NO, "((NIL NIL \"a\" \"x\"))", "((NIL NIL \"a\" \"x\"))",
                     "((NIL NIL \"a\" \"x\"))", NO, NO, NO, NO, NO)),
        ENVELOPE("two To fields are one list", "To: a@x\r\nSubject: s\r\nTo: b@x\r\n\r\n",
                 TEN(NO, "\"s\"", NO, NO, NO, "((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\"))", NO,
                     NO, NO, NO)),
        ENVELOPE("fields behind the empty line are none", "\r\nSubject: s\r\n",
                 TEN(NO, NO, NO, NO, NO, NO, NO, NO, NO, NO)),
};

START_TEST(envelopes_are_rendered)
{
        for (size_t i = 0; i < COUNT(envelopes); i++) {
                AUTO_BUF(got, 65536);
                struct mime_render r = mime_render_to(&got, 65536);

                mime_envelope_render(&r, envelopes[i].header);
                check_slice(envelopes[i].name, buf_slice(&got), envelopes[i].envelope);
                ck_assert_msg(imap_is_envelope(buf_slice(&got)), "%s", envelopes[i].name);
        }
}
END_TEST

/* Whatever the budget, the syntax is whole. */
START_TEST(a_budget_cuts_values)
{
        AUTO_BUF(header, BUF_MAX);

        buf_add(&header, SLICE("Subject: "));
        fill_repeated(&header, SLICE("\xc3\xbc"), 3000);
        buf_add(&header, SLICE("\r\nFrom: "));
        for (int i = 0; i < 50; i++)
                buf_addf(&header, "Name %d <a%d@b>, ", i, i);
        buf_add(&header, SLICE("\r\nTo: group: "));
        for (int i = 0; i < 50; i++)
                buf_addf(&header, "Name %d <a%d@b>, ", i, i);
        buf_add(&header, SLICE(";\r\nCc: last@x\r\n\r\n"));
        for (size_t max = 0; max < 12000; max += 7) {
                AUTO_BUF(got, BUF_MAX);
                struct mime_render r = mime_render_to(&got, max);

                mime_envelope_render(&r, buf_slice(&header));
                ck_assert_msg(imap_is_envelope(buf_slice(&got)), "%zu: %s", max, got.ptr);
                ck_assert_msg(got.len <= max + 300, "%zu: %zu", max, got.len);
        }
}
END_TEST

START_TEST(a_long_value_does_not_take_all)
{
        AUTO_BUF(header, BUF_MAX);
        AUTO_BUF(got, BUF_MAX);
        struct mime_render r = mime_render_to(&got, 65536);

        buf_add(&header, SLICE("Subject: "));
        fill_repeated(&header, SLICE("x"), 1 << 20);
        buf_add(&header, SLICE("\r\nFrom: joe@x\r\nMessage-ID: <1@x>\r\n\r\n"));
        mime_envelope_render(&r, buf_slice(&header));
        ck_assert(imap_is_envelope(buf_slice(&got)));
        ck_assert_uint_lt(got.len, 8192);
        ck_assert(slice_ends(buf_slice(&got), SLICE("NIL NIL NIL NIL \"<1@x>\")")));
        ck_assert_ptr_nonnull(strstr(got.ptr, "((NIL NIL \"joe\" \"x\"))"));
}
END_TEST

START_TEST(hostile_headers_are_rendered_in_linear_time)
{
        static const char *const units[] = { "To: a\r\n",  "To: (\r\n",    "x:y\r\n",
                                             "To: a:\r\n", "From: \"\r\n", "Cc: a,b,c\r\n" };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO_BUF(header, BUF_MAX);
                AUTO_BUF(got, BUF_MAX);
                struct mime_render r = mime_render_to(&got, 1 << 20);

                fill_repeated(&header, slice_of(units[i]), 1 << 18);
                mime_envelope_render(&r, buf_slice(&header));
                ck_assert(imap_is_envelope(buf_slice(&got)));
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("envelope", envelopes_are_rendered, a_budget_cuts_values,
                         a_long_value_does_not_take_all,
                         hostile_headers_are_rendered_in_linear_time);
}
