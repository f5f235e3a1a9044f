/* test_content.c — types and parameters: RFC 2045 5.1, RFC 2183, RFC 2231. */
#include "helper_mime.h"

#include "mailserver/mime/content.h"

/* As type/subtype [name=value] …. */
#define CONTENT(name, value, content)                                                              \
        {                                                                                          \
                name, TEXT(value), TEXT(content)                                                   \
        }
static const struct {
        const char *name;
        struct slice value, content;
} contents[] = {
        CONTENT("as it should be", " text/plain; charset=utf-8", "text/plain [charset=utf-8]"),
        CONTENT("without parameters", "image/png", "image/png"),
        CONTENT("a disposition", "attachment; filename=x.pdf", "attachment/ [filename=x.pdf]"),
        CONTENT("case is kept", "TEXT/Plain; CharSet=UTF-8", "TEXT/Plain [CharSet=UTF-8]"),
        CONTENT("a quoted value", "a/b; x=\"y; z\"", "a/b [x=y; z]"),
        CONTENT("an empty quoted value", "a/b; x=\"\"", "a/b [x=]"),
        CONTENT("escapes in a quoted value", "a/b; x=\"y\\\"\\\\z\"", "a/b [x=y\"\\z]"),
        CONTENT("folding inside a quoted value", "a/b; x=\"y\r\n z\"", "a/b [x=y z]"),
        CONTENT("folding everywhere", "a\r\n /\r\n b\r\n ;\r\n x\r\n =\r\n y", "a/b [x=y]"),
        CONTENT("the comment of the RFC", "text/plain; charset=us-ascii (Plain text)",
                "text/plain [charset=us-ascii]"),
        CONTENT("comments everywhere", "(a)a(b)/(c)b(d);(e)x(f)=(g)y(h);(i)z=1", "a/b [x=y] [z=1]"),
        CONTENT("stray semicolons", "a/b;; ;x=y;", "a/b [x=y]"),
        CONTENT("a missing semicolon before the first", "multipart/mixed boundary=b",
                "multipart/mixed [boundary=b]"),
        CONTENT("a missing semicolon between two", "a/b; boundary=b charset=c",
                "a/b [boundary=b] [charset=c]"),
        CONTENT("a missing semicolon behind quotes", "a/b; x=\"y\" z=1", "a/b [x=y] [z=1]"),
        CONTENT("blanks in an unquoted value", "a/b; name=my long file.txt; z=1",
                "a/b [name=my long file.txt] [z=1]"),
        CONTENT("brackets in an unquoted value", "a/b; name=file (1).txt",
                "a/b [name=file (1).txt]"),
        CONTENT("brackets at its end are a comment", "a/b; name=file (1)", "a/b [name=file]"),
        CONTENT("brackets without a blank", "a/b; name=file(1).txt", "a/b [name=file(1).txt]"),
        CONTENT("specials in an unquoted value", "a/b; name=<x@y>/z?; z=1",
                "a/b [name=<x@y>/z?] [z=1]"),
        CONTENT("quotes that never close", "a/b; name=\"file.txt; z=1",
                "a/b [name=file.txt] [z=1]"),
        CONTENT("quotes within a value", "a/b; name=fi\"le.txt", "a/b [name=fi\"le.txt]"),
        CONTENT("a value behind a quoted one is junk", "a/b; x=\"y\"z; u=v", "a/b [x=y] [u=v]"),
        CONTENT("an encoded word, quoted", "a/b; name=\"=?utf-8?Q?=C3=B6?=\"",
                "a/b [name==?utf-8?Q?=C3=B6?=]"),
        CONTENT("encoded words, unquoted", "a/b; name==?utf-8?Q?=C3=B6?= =?utf-8?Q?x?=; z=1",
                "a/b [name==?utf-8?Q?=C3=B6?= =?utf-8?Q?x?=] [z=1]"),
        CONTENT("raw octets", "a/b; name=caf\xe9.txt", "a/b [name=caf\xe9.txt]"),
        CONTENT("a parameter without a value", "a/b; x; y=z", "a/b [y=z]"),
        CONTENT("a parameter with nothing for a value", "a/b; x=; y=z", "a/b [x=] [y=z]"),
        CONTENT("a value without a name", "a/b; =x; y=z", "a/b [y=z]"),
        CONTENT("the same name twice", "a/b; x=1; x=2", "a/b [x=1] [x=2]"),
        CONTENT("the type in quotes", "\"text/plain\"; x=y", "text/plain [x=y]"),
        CONTENT("a type alone", "text; x=y", "text/ [x=y]"),
        CONTENT("a subtype alone", "/plain; x=y", "/plain [x=y]"),
        CONTENT("more slashes", "a/b/c; x=y", "a/b [x=y]"),
        CONTENT("octets that are no token", "te\xe9t/plain", "te/"),
        CONTENT("nothing", "", "/"),
        CONTENT("only a comment", "(text/plain)", "/"),
        CONTENT("pieces", "a/b; x*0=one; x*1=\" two\"", "a/b [x=one two]"),
        CONTENT("pieces in disorder", "a/b; x*1=two; x*0=one; y=z; x*2=three",
                "a/b [x=onetwothree] [y=z]"),
        CONTENT("pieces with a gap", "a/b; x*0=one; x*2=three", "a/b [x=one] [x*2=three]"),
        CONTENT("pieces without a beginning", "a/b; x*1=two; x*2=three",
                "a/b [x*1=two] [x*2=three]"),
        CONTENT("pieces of two names", "a/b; x*0=1; y*0=2; x*1=3; Y*1=4", "a/b [x=13] [y=24]"),
        CONTENT("a charset", "a/b; x*=iso-8859-1'en'caf%E9", "a/b [x*=caf\xc3\xa9]"),
        CONTENT("a charset and pieces", "a/b; x*0*=utf-8''%e2%82; x*1*=%ac; x*2=%41",
                "a/b [x*=\xe2\x82\xac%41]"),
        CONTENT("pieces in disorder, with a charset", "a/b; x*1*=%A9; x*0*=utf-8''%C3",
                "a/b [x*=\xc3\xa9]"),
        CONTENT("a charset that nobody knows", "a/b; x*=x-none''%C3%A9", "a/b [x*=\xc3\xa9]"),
        CONTENT("no charset", "a/b; x*=caf%C3%A9", "a/b [x*=caf\xc3\xa9]"),
        CONTENT("one quote only", "a/b; x*=utf-8'caf%C3%A9", "a/b [x*=utf-8'caf\xc3\xa9]"),
        CONTENT("percent signs without digits", "a/b; x*=utf-8''%zz%4%41%", "a/b [x*=%zz%4A%]"),
        CONTENT("both forms", "a/b; x=cafe; x*=utf-8''caf%C3%A9", "a/b [x=cafe] [x*=caf\xc3\xa9]"),
        CONTENT("stars in strange places", "a/b; *=1; x**=2; *0=3; x*a=4",
                "a/b [*=1] [x**=2] [*0=3] [x*a=4]"),
};

static void put_content(struct buf *out, const struct mime_content *content)
{
        buf_addf(out, "%.*s/%.*s", SLICE_ARG(content->type), SLICE_ARG(content->subtype));
        for (const struct mime_param *p = content->params; p; p = p->next)
                buf_addf(out, " [%.*s=%.*s]", SLICE_ARG(p->name), SLICE_ARG(p->value));
}

START_TEST(values_with_parameters_are_read)
{
        for (size_t i = 0; i < COUNT(contents); i++) {
                AUTO(arena_done) struct arena arena = ARENA_INIT(65536);
                struct mime_content content;
                AUTO_BUF(got, 4096);

                mime_content_parse(contents[i].value, &arena, &content);
                put_content(&got, &content);
                check_slice(contents[i].name, buf_slice(&got), contents[i].content);
        }
}
END_TEST

START_TEST(the_decoded_form_of_a_parameter_is_preferred)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(65536);
        struct mime_content content;

        mime_content_parse(SLICE("a/b; x=1; y=2; X*=utf-8''3"), &arena, &content);
        check_slice("x", mime_param_find(content.params, SLICE("x")), SLICE("3"));
        check_slice("y", mime_param_find(content.params, SLICE("Y")), SLICE("2"));
        ck_assert_ptr_null(mime_param_find(content.params, SLICE("z")).ptr);
}
END_TEST

START_TEST(what_is_too_much_is_dropped)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT((size_t)1 << 20);
        AUTO(arena_done) struct arena small = ARENA_INIT(64);
        AUTO_BUF(value, BUF_MAX);
        struct mime_content content;
        size_t n = 0;

        buf_add(&value, SLICE("a/b"));
        fill_repeated(&value, SLICE("; x=y"), 100000);
        mime_content_parse(buf_slice(&value), &arena, &content);
        for (const struct mime_param *p = content.params; p; p = p->next)
                n++;
        ck_assert_uint_eq(n, MIME_MAX_PARAMS);
        mime_content_parse(buf_slice(&value), &small, &content);
        check_slice("type", content.type, SLICE("a"));
        buf_clear(&value);
        fill_repeated(&value, SLICE("a"), 128);
        mime_content_parse(buf_slice(&value), &arena, &content);
        ck_assert_ptr_null(content.type.ptr);
}
END_TEST

START_TEST(hostile_parameters_are_read_in_linear_time)
{
        static const char *const units[] = { "(",   "\"",  "\\", ";",     "=",    ";=",   "x=(",
                                             "(a)", "a b", "a=", "=a=\"", "x=()", "((a)", ";x*0=" };

        for (size_t i = 0; i < COUNT(units); i++) {
                AUTO(arena_done) struct arena arena = ARENA_INIT((size_t)16 << 20);
                struct mime_content content;
                AUTO_BUF(value, BUF_MAX);

                buf_add(&value, SLICE("a/b; x="));
                fill_repeated(&value, slice_of(units[i]), 1 << 20);
                mime_content_parse(buf_slice(&value), &arena, &content);
                check_slice(units[i], content.type, SLICE("a"));
        }
}
END_TEST

int main(void)
{
        return RUN_TESTS("content", values_with_parameters_are_read,
                         the_decoded_form_of_a_parameter_is_preferred, what_is_too_much_is_dropped,
                         hostile_parameters_are_read_in_linear_time);
}
