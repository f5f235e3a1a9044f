/* test_preview.c — PREVIEW: RFC 8970 3; HTML as text. */
#include "helper_mime.h"
#include "preview.h"

#define HTML(body)  "Content-Type: text/html; charset=utf-8\r\n\r\n" body
#define MIXED(rest) "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" rest "\r\n--b--\r\n"

#define PREVIEW(name, message, preview)                                                            \
        {                                                                                          \
                name, TEXT(message), TEXT(preview)                                                 \
        }
static const struct {
        const char *name;
        struct slice message, preview;
} previews[] = {
        PREVIEW("a text", "\r\nHello, world.\r\n", "Hello, world."),
        PREVIEW("blanks are folded", "\r\n\r\n  one \t two\r\n\r\nthree\xc2\xa0 four\r\n",
                "one two three four"),
        PREVIEW("quoted-printable in latin1",
                "Content-Type: text/plain; charset=iso-8859-1\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9 =\r\nx",
                "café x"),
        PREVIEW("base64",
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
                "\r\nR3LDvMOfZQ==\r\n",
                "Grüße"),
        PREVIEW("octets that mean nothing", "Content-Type: text/plain; charset=utf-8\r\n\r\na\xff",
                "a\xef\xbf\xbd"),
        PREVIEW("NULs and control characters",
                "\r\na\0b\x01\x7f"
                "c",
                "a b c"),
        PREVIEW("characters without width",
                "Content-Type: text/plain; charset=utf-8\r\n\r\n\xef\xbb\xbf"
                "a\xe2\x80\x8c\xc2\xad"
                "b\xcd\x8f",
                "ab"),
        PREVIEW("the first text of an alternative",
                MIXED("\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>"), "plain"),
        PREVIEW("an empty text is passed over",
                MIXED("\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>"), "html"),
        PREVIEW("an attachment is passed over",
                MIXED("Content-Disposition: attachment\r\n\r\nfile\r\n--b\r\n\r\ntext"), "text"),
        PREVIEW("other texts are passed over",
                MIXED("Content-Type: text/calendar\r\n\r\nBEGIN\r\n--b\r\n\r\ntext"), "text"),
        PREVIEW("the text of an embedded message",
                "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninside", "inside"),
        PREVIEW("an image says nothing", "Content-Type: image/png\r\n\r\nx", ""),
        PREVIEW("what is encrypted says nothing",
                "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n-----END PGP MESSAGE-----\r\n", ""),
        PREVIEW("nothing", "", ""),
        PREVIEW("tags go", HTML("<p>one <b>t</b>wo</p><p>three<br>four</p>"), "one two three four"),
        PREVIEW("attributes go", HTML("<a href=\"x>y\" title='a>b'>one</a><img alt=x>two"),
                "one two"),
        PREVIEW("the head goes", HTML("<html><head><title>t</title></head><body>one</body></html>"),
                "one"),
        PREVIEW("a head that is not closed", HTML("<head><title>t</title><body class=x>one"),
                "one"),
        PREVIEW("style and script go",
                HTML("<STYLE type=x>p > a { }</STYLE>one<script>if (a<b) x</script>two"),
                "one two"),
        PREVIEW("a script in the head", HTML("<head><script>a<b'</script></head>one"), "one"),
        PREVIEW("a closing tag in a script", HTML("<script>\"</b\"+'</i>'</script >one"), "one"),
        PREVIEW("comments go",
                HTML("one<!-- <p>a</p> -- > b -->two<!doctype html>three<!---->four"),
                "onetwothreefour"),
        PREVIEW("entities", HTML("&lt;a&gt; &amp;&quot;&#65;&#x42;&euro;&nbsp;x &eacute;&Eacute;"),
                "<a> &\"AB€ x éÉ"),
        PREVIEW("entities that are none", HTML("a & b &x; &nosuchentity; &#0; &#xffffffff; &lt"),
                "a & b &x; &nosuchentity; &#0; &#xffffffff;"),
        PREVIEW("a less-than sign", HTML("1 < 2 <3 <"), "1 < 2 <3"),
        PREVIEW("a tag that never ends", HTML("one <a href="), "one"),
};

static void render(struct slice message, struct buf *out)
{
        struct mime_index index;

        mime_index_build(&index, message, &mime_limits_default);
        mime_preview_render(&index, out);
        mime_index_done(&index);
}

START_TEST(previews_are_the_first_words)
{
        for (size_t i = 0; i < COUNT(previews); i++) {
                AUTO_BUF(got, 4096);

                render(previews[i].message, &got);
                check_slice(previews[i].name, buf_slice(&got), previews[i].preview);
        }
}
END_TEST

START_TEST(a_preview_ends_after_200_characters)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(want, 4096);
        AUTO_BUF(got, 4096);

        buf_add(&message, SLICE("Content-Type: text/plain; charset=utf-8\r\n\r\n"));
        fill_repeated(&message, SLICE("€"), 10000);
        fill_repeated(&want, SLICE("€"), 600);
        render(buf_slice(&message), &got);
        check_slice("without blanks", buf_slice(&got), buf_slice(&want));

        buf_clear(&message);
        buf_clear(&want);
        buf_clear(&got);
        buf_add(&message, SLICE("\r\n"));
        fill_repeated(&message, SLICE("a "), 10000);
        fill_repeated(&want, SLICE("a "), 200);
        buf_truncate(&want, 199);
        render(buf_slice(&message), &got);
        buf_truncate(&got, got.len < 199 ? got.len : 199);
        check_slice("with blanks", buf_slice(&got), buf_slice(&want));
}
END_TEST

/* A mailing's style sheet is long; something that never ends is not read to its end. */
START_TEST(only_the_beginning_of_a_part_is_read)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(got, 4096);

        buf_add(&message, SLICE("Content-Type: text/html\r\n\r\n<style>"));
        fill_repeated(&message, SLICE("p { color: red }\r\n"), 200000);
        buf_add(&message, SLICE("</style>after"));
        render(buf_slice(&message), &got);
        check_slice("a long style sheet", buf_slice(&got), SLICE("after"));

        buf_clear(&message);
        buf_clear(&got);
        buf_add(&message, SLICE("\r\n"));
        fill_repeated(&message, SLICE(" \r\n"), 1 << 20);
        buf_add(&message, SLICE("after"));
        render(buf_slice(&message), &got);
        check_slice("a megabyte of blanks", buf_slice(&got), SLICE(""));
}
END_TEST

int main(void)
{
        return RUN_TESTS("preview", previews_are_the_first_words,
                         a_preview_ends_after_200_characters, only_the_beginning_of_a_part_is_read);
}
