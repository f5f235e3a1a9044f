/* test_address.c — address lists: RFC 5322 3.4, 4.4 and what real mail holds. */
#include "helper_mime.h"

#include "mailserver/mime/address.h"

/*
 * Addresses as written by `put_address`: name{route}<local@domain>, a group as
 * name:( … ); a missing name is "-".
 */
#define LIST(name, value, addresses)                                                               \
        {                                                                                          \
                name, TEXT(value), TEXT(addresses)                                                 \
        }
static const struct {
        const char *name;
        struct slice value, addresses;
} lists[] = {
        LIST("a bare address", " joe@example.org", "-<joe@example.org> "),
        LIST("a name and an angle address", "Joe Doe <joe@example.org>",
             "Joe Doe<joe@example.org> "),
        LIST("a quoted name with a comma", "\"Doe, Joe\" <joe@x>, b@y", "Doe, Joe<joe@x> -<b@y> "),
        LIST("an initial with a dot, unquoted", "Joe Q. Public <joe@x>", "Joe Q. Public<joe@x> "),
        LIST("quoted and plain words make one name", "Joe \"the\" Doe<joe@x>",
             "Joe the Doe<joe@x> "),
        LIST("escapes in a quoted name", "\"a \\\"b\\\\\" <c@d>", "a \"b\\<c@d> "),
        LIST("folding inside a name", "Joe\r\n\tDoe <joe@x>", "Joe Doe<joe@x> "),
        LIST("folding inside a quoted name", "\"Joe\r\n Doe\" <joe@x>", "Joe Doe<joe@x> "),
        LIST("runs of blanks become one space", "Joe   Doe <joe@x>", "Joe Doe<joe@x> "),
        LIST("an encoded word stays as it is", "=?utf-8?Q?J=C3=B6?= <joe@x>",
             "=?utf-8?Q?J=C3=B6?=<joe@x> "),
        LIST("an encoded word with a comma inside", "=?utf-8?Q?Doe,_J?= <joe@x>",
             "=?utf-8?Q?Doe,_J?=<joe@x> "),
        LIST("raw UTF-8 (RFC 6532)", "J\xc3\xb6 <j\xc3\xb6@\xc3\xa9.fr>",
             "J\xc3\xb6<j\xc3\xb6@\xc3\xa9.fr> "),
        LIST("a comment after names the mailbox", "joe@x (Joe Doe)", "Joe Doe<joe@x> "),
        LIST("a comment before names it too", "(Joe Doe) joe@x", "Joe Doe<joe@x> "),
        LIST("a comment behind the bracket names it", "<joe@x> (Joe)", "Joe<joe@x> "),
        LIST("a comment beside a name is only a comment", "Joe (at work) <joe@x> (home)",
             "Joe<joe@x> "),
        LIST("comments nest and escape", "joe@x (a (b) \\) c)", "a (b) ) c<joe@x> "),
        LIST("comments and blanks within an address", "joe (a) . doe @ (b) x . (c) org",
             "c<joe.doe@x.org> "),
        LIST("a quoted local part", "\"joe doe\"@x, <\"a@b\"@c>", "-<joe doe@x> -<a@b@c> "),
        LIST("an obsolete local part of words", "a.\"b c\".d@x", "-<a.b c.d@x> "),
        LIST("a domain literal", "joe@[127.0.0.1], <joe@[IPv6:::1]>",
             "-<joe@[127.0.0.1]> -<joe@[IPv6:::1]> "),
        LIST("a source route", "<@a.org,@b.org:joe@x>", "-{@a.org,@b.org}<joe@x> "),
        LIST("a route that never ends is none", "<@a, b@c", "-<@a> -<b@c> "),
        LIST("a group", "Friends: joe@x, Ann <ann@y>;, z@z",
             "Friends:( -<joe@x> Ann<ann@y> ); -<z@z> "),
        LIST("an empty group", "undisclosed-recipients:;", "undisclosed-recipients:( ); "),
        LIST("a group without its end", "Friends: joe@x", "Friends:( -<joe@x> ); "),
        LIST("a group inside a group ends the outer", "a: b: c@d;", "a:( ); b:( -<c@d> ); "),
        LIST("a group with a quoted name", "\"A, B\":;", "A, B:( ); "),
        LIST("empty entries are skipped", ",, joe@x,,\r\n , ann@y,", "-<joe@x> -<ann@y> "),
        LIST("semicolons between addresses", "joe@x; ann@y", "-<joe@x> -<ann@y> "),
        LIST("the null address", "<>", "-<@> "),
        LIST("an address without a domain", "root, Joe <joe>", "-<root@> Joe<joe@> "),
        LIST("a name without an address", "Joe Doe", "Joe Doe<@> "),
        LIST("a quoted name without an address", "\"Joe\"", "Joe<@> "),
        LIST("a name before a bare address", "Joe Doe joe@x", "Joe Doe<joe@x> "),
        LIST("an at sign in a name", "joe@work <joe@x>", "joe@work<joe@x> "),
        LIST("two at signs: the last divides", "a@b@c", "-<a@b@c> "),
        LIST("a bracket that never closes", "Joe <joe@x, ann@y", "Joe<joe@x> -<ann@y> "),
        LIST("doubled brackets", "<<joe@x>>", "-<joe@x> "),
        LIST("a missing comma", "<joe@x> Ann <ann@y>", "-<joe@x> Ann<ann@y> "),
        LIST("junk behind a bracket is skipped", "<joe@x> junk, ann@y", "-<joe@x> -<ann@y> "),
        LIST("junk behind a domain is skipped", "joe@x junk, ann@y", "-<joe@x> -<ann@y> "),
        LIST("blanks in a local part in brackets", "<joe doe@x>", "-<joe doe@x> "),
        LIST("a quote that never closes is a letter", "Joe 12\" <joe@x>, ann@y",
             "Joe 12\"<joe@x> -<ann@y> "),
        LIST("a comment that never closes is a letter", "Joe :( <joe@x>", "Joe:( (<joe@x> ); "),
        LIST("a literal that never closes is a letter", "joe@[1.2, ann@y", "-<joe@[1.2> -<ann@y> "),
        LIST("a colon after nothing is skipped", ": joe@x", "-<joe@x> "),
        LIST("an empty quoted name is none", "\"\" <joe@x>", "-<joe@x> "),
        LIST("only separators", " ,;, ", ""),
        LIST("only a comment", "(nobody)", ""),
        LIST("nothing", "", ""),
};

static void put_address(struct buf *out, const struct mime_address *a)
{
        if (a->kind == MIME_ADDRESS_GROUP_END) {
                buf_add(out, SLICE("); "));
                return;
        }
        buf_add(out, a->name.ptr ? a->name : SLICE("-"));
        if (a->kind == MIME_ADDRESS_GROUP_START) {
                buf_add(out, SLICE(":( "));
                return;
        }
        if (a->route.ptr)
                buf_addf(out, "{%.*s}", SLICE_ARG(a->route));
        buf_addf(out, "<%.*s@%.*s> ", SLICE_ARG(a->local), SLICE_ARG(a->domain));
}

START_TEST(lists_are_read_as_people_mean_them)
{
        for (size_t i = 0; i < COUNT(lists); i++) {
                AUTO(arena_done) struct arena arena = ARENA_INIT(65536);
                struct mime_address *first = NULL;
                AUTO_BUF(got, 4096);

                ck_assert_msg(mime_address_parse(lists[i].value, &arena, &first) == ERR_OK, "%s",
                              lists[i].name);
                for (; first; first = first->next)
                        put_address(&got, first);
                check_slice(lists[i].name, buf_slice(&got), lists[i].addresses);
        }
}
END_TEST

START_TEST(the_arena_bounds_a_list)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(4096);
        struct mime_address *first = NULL;
        AUTO_BUF(value, BUF_MAX);

        fill_repeated(&value, SLICE("a@b, "), 65536);
        ck_assert_int_eq(mime_address_parse(buf_slice(&value), &arena, &first), ERR_LIMIT);
        ck_assert_ptr_null(first);
}
END_TEST

/* A megabyte of what could make a parser look again and again; quadratic, these take hours. */
START_TEST(hostile_values_are_read_in_linear_time)
{
        static const struct slice units[] = {
                TEXT("("),    TEXT("\""),     TEXT("["),      TEXT("<"),   TEXT("\\"),
                TEXT("\"("),  TEXT("(\""),    TEXT("<@"),     TEXT("<@,"), TEXT("a:"),
                TEXT("a@"),   TEXT("=?"),     TEXT("=?a?q?"), TEXT("a;"),  TEXT("<("),
                TEXT("a b "), TEXT("<a> b "), TEXT("(a) "),   TEXT("a:(")
        };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO(arena_done) struct arena arena = ARENA_INIT((size_t)256 << 20);
                struct mime_address *first = NULL;
                AUTO_BUF(value, BUF_MAX);

                fill_repeated(&value, units[i], i < 2 ? 1 << 20 : 1 << 17);
                ck_assert_int_eq(mime_address_parse(buf_slice(&value), &arena, &first), ERR_OK);
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("address", lists_are_read_as_people_mean_them, the_arena_bounds_a_list,
                         hostile_values_are_read_in_linear_time);
}
