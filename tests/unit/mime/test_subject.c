/* test_subject.c — the base subject: RFC 5256 2.1; message ids: RFC 5256 3. */
#include "helper_mime.h"
#include "message_id.h"
#include "subject.h"

#define SUBJECT(name, value, base, reply)                                                          \
        {                                                                                          \
                name, TEXT(value), TEXT(base), reply                                               \
        }
static const struct {
        const char *name;
        struct slice value, base;
        bool reply;
} subjects[] = {
        SUBJECT("nothing to remove", " Hello", "HELLO", false),
        SUBJECT("a reply", "Re: Hello", "HELLO", true),
        SUBJECT("replies to replies", "re: RE : Re:Hello", "HELLO", true),
        SUBJECT("forwards", "Fw: FWD: Hello", "HELLO", true),
        SUBJECT("a forward at the end", "Hello (fwd) (Fwd) ", "HELLO", true),
        SUBJECT("a blob in a reply", "Re[2]: Hello", "HELLO", true),
        SUBJECT("a blob before a reply", "[list] Re: Hello", "HELLO", true),
        SUBJECT("a blob behind a reply", "Re: [list] Hello", "HELLO", true),
        SUBJECT("blobs and replies in turn", "[a] [b] Re: [c] fwd [d]: [e] Hello", "HELLO", true),
        SUBJECT("a blob alone goes", "[list] Hello", "HELLO", false),
        SUBJECT("a blob that is all stays", "[list]", "[LIST]", false),
        SUBJECT("of several blobs that are all the last stays", "[a][b] [c] ", "[C]", false),
        SUBJECT("a reply to a blob that is all", "Re: [list]", "[LIST]", true),
        SUBJECT("a blob of blobs is none", "[[a]] Hello", "[[A]] HELLO", false),
        SUBJECT("wrapped in a forward", "[fwd: Hello]", "HELLO", true),
        SUBJECT("wrapped twice", "[Fwd: [FWD: Re: Hello (fwd)]]", "HELLO", true),
        SUBJECT("wrapped, and nothing inside", "[fwd:]", "", true),
        SUBJECT("re without a colon", "Re Hello", "RE HELLO", false),
        SUBJECT("a word that begins with re", "Resume: Hello", "RESUME: HELLO", false),
        SUBJECT("nothing but a reply", "Re: ", "", true),
        SUBJECT("blanks of all kinds", "a\t\tb\r\n  c", "A B C", false),
        SUBJECT("an encoded subject", "=?utf-8?Q?Re:_Gr=C3=9C=C3=9Fe?=",
                "GRU\xcc\x88\xc3\x9f"
                "E",
                true),
        SUBJECT("a reply outside of the encoded word", "Re: =?utf-8?Q?=C3=9Cben?=",
                "U\xcc\x88"
                "BEN",
                true),
        SUBJECT("a ligature", "\xef\xac\x81ne", "fiNE", false),
        SUBJECT("nothing", "", "", false),
};

START_TEST(subjects_are_brought_to_their_base)
{
        for (size_t i = 0; i < COUNT(subjects); i++) {
                AUTO_BUF(got, 4096);
                bool reply = !subjects[i].reply;

                mime_base_subject(subjects[i].value, &got, &reply);
                check_slice(subjects[i].name, buf_slice(&got), subjects[i].base);
                ck_assert_msg(reply == subjects[i].reply, "%s: reply", subjects[i].name);
        }
}
END_TEST

START_TEST(long_subjects_are_cut)
{
        static const char *const units[] = { "x",     "[a]",   "[",        "Re: ",
                                             "(fwd)", "[fwd:", "\xc3\xbc", "[a]re:" };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO_BUF(value, BUF_MAX);
                AUTO_BUF(got, 4096);
                bool reply;

                fill_repeated(&value, slice_of(units[i]), 1 << 20);
                mime_base_subject(buf_slice(&value), &got, &reply);
                ck_assert_uint_le(got.len, 1000);
        }
}
END_TEST

#define IDS(name, value, first, all)                                                               \
        {                                                                                          \
                name, TEXT(value), TEXT(first), TEXT(all)                                          \
        }
static const struct {
        const char *name;
        struct slice value, first, all;
} ids[] = {
        IDS("one", " <a@b>", "<a@b>", "<a@b>"),
        IDS("several", "<a@b>\r\n <c@d> <e@f>", "<a@b>", "<a@b> <c@d> <e@f>"),
        IDS("without blanks", "<a@b><c@d>", "<a@b>", "<a@b> <c@d>"),
        IDS("quotes go", "<\"a\"@b> <\"c\\d\"@e>", "<a@b>", "<a@b> <cd@e>"),
        IDS("folding inside goes", "<a\r\n @b>", "<a@b>", "<a@b>"),
        IDS("no at sign", "<abc>", "<abc>", "<abc>"),
        IDS("text around", "Your message of Monday <a@b> (x)", "<a@b>", "<a@b>"),
        IDS("a bracket within starts anew", "<a <b@c>", "<b@c>", "<b@c>"),
        IDS("no end", "<a@b", "", ""),
        IDS("nothing in it", "<> < > <\"\">", "", ""),
        IDS("no brackets", "a@b", "", ""),
        IDS("nothing", "", "", ""),
};

START_TEST(message_ids_have_one_form)
{
        for (size_t i = 0; i < COUNT(ids); i++) {
                AUTO_BUF(first, 4096);
                AUTO_BUF(all, 4096);

                ck_assert_msg(mime_message_id(ids[i].value, &first) == (ids[i].first.len > 0), "%s",
                              ids[i].name);
                check_slice(ids[i].name, buf_slice(&first), ids[i].first);
                mime_message_ids(ids[i].value, &all, 4096);
                check_slice(ids[i].name, buf_slice(&all), ids[i].all);
        }
}
END_TEST

START_TEST(of_too_many_ids_the_first_and_the_last_stay)
{
        AUTO_BUF(value, BUF_MAX);
        AUTO_BUF(got, 4096);
        AUTO_BUF(huge, BUF_MAX);

        for (int i = 0; i < 1000; i++)
                buf_addf(&value, "<%03d@x>", i);
        mime_message_ids(buf_slice(&value), &got, 32);
        check_slice("ids", buf_slice(&got), SLICE("<000@x> <997@x> <998@x> <999@x>"));

        buf_addc(&huge, '<');
        fill_repeated(&huge, SLICE("x"), 1 << 20);
        buf_add(&huge, SLICE("> <a@b>"));
        buf_clear(&got);
        ck_assert(mime_message_id(buf_slice(&huge), &got));
        check_slice("too long for an id", buf_slice(&got), SLICE("<a@b>"));
}
END_TEST

int main(void)
{
        return RUN_TESTS("subject", subjects_are_brought_to_their_base, long_subjects_are_cut,
                         message_ids_have_one_form, of_too_many_ids_the_first_and_the_last_stay);
}
