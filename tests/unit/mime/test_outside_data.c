/*
 * test_outside_data.c — the trees that another parser sees.
 *
 * MAILSERVER_MIME_DATA names a directory of messages X.msg with their structure
 * X.xml: <message>, <header>, <field>, <multipart>, <preamble>, <body-part>, <body>,
 * <epilogue>, text after each opening tag's line, line ends as LF. Both trees are
 * written as nested brackets with the text of every leaf and compared. Where they
 * differ, the table below says why (docs/internals/mime.md says more). Without the
 * variable there is nothing to compare with.
 */
#include "helper_mime.h"
#include "helper_tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
        const char *name, *why;
} differences[] = {
        {"bad-newlines-multiple-parts-base64",    "encoded messages are leaves in IMAP"          },
        { "base64encoded-rfc822message",          "encoded messages are leaves in IMAP"          },
        { "base64encoded-rfc822message-nested",   "encoded messages are leaves in IMAP"          },
        { "malformedHeaderStartsBody-nocrlfcrlf", "a header ends at its empty line only"         },
        { "malformedHeaderStartsBody-noheader",   "a header ends at its empty line only"         },
        { "missing-boundary",                     "a multipart without parts has its text as one"},
        { "missing-inner-boundary",               "a multipart without parts has its text as one"},
        { "missing-inner-start-boundary",         "a multipart without parts has its text as one"},
        { "multipartnopart",                      "a multipart without parts has its text as one"},
};

static const char *why_different(struct slice name)
{
        for (size_t i = 0; i < COUNT(differences); i++)
                if (slice_eq(name, slice_of(differences[i].name)))
                        return differences[i].why;
        return NULL;
}

static void read_file(const char *directory, struct slice name, const char *ending, struct buf *out)
{
        AUTO_BUF(path, 4096);
        FILE *file;
        int c;

        buf_addf(&path, "%s/%.*s%s", directory, SLICE_ARG(name), ending);
        file = fopen(path.ptr, "rb");
        ck_assert_msg(file != NULL, "%s", path.ptr);
        while ((c = getc(file)) != EOF)
                buf_addc(out, (char)c);
        fclose(file);
}

/* ---- their tree ---- */

static void put_unescaped(struct slice text, struct buf *out)
{
        static const struct {
                const char *entity;
                char c;
        } entities[] = {
                {"&lt;",    '<' },
                { "&gt;",   '>' },
                { "&amp;",  '&' },
                { "&quot;", '"' },
                { "&apos;", '\''}
        };

        while (text.len) {
                size_t i = 0;

                while (i < COUNT(entities) && !slice_starts(text, slice_of(entities[i].entity)))
                        i++;
                buf_addc(out, i < COUNT(entities) ? entities[i].c : text.ptr[0]);
                text = slice_from(text, i < COUNT(entities) ? strlen(entities[i].entity) : 1);
        }
}

/* What stands for the beginning and the end of an element; NULL: nothing. */
static const struct {
        const char *tag, *text;
} marks[] = {
        {"message",     "<"},
        { "/message",   ">"},
        { "multipart",  "["},
        { "/multipart", "]"},
        { "body",       "("},
        { "/body",      ")"},
};

/* The outermost message is no embedded one: its brackets are left out at the end. */
static void their_tree(struct slice xml, struct buf *out)
{
        struct slice text, tag;

        while (slice_cut(&xml, '<', &text) && slice_cut(&xml, '>', &tag)) {
                if (slice_eq(tag, SLICE("/body"))) {
                        slice_skip(&text, '\r');
                        slice_skip(&text, '\n');
                        put_unescaped(text, out);
                }
                for (size_t i = 0; i < COUNT(marks); i++)
                        if (slice_eq(tag, slice_of(marks[i].tag)))
                                buf_add(out, slice_of(marks[i].text));
        }
        buf_consume(out, 1);
        buf_truncate(out, out->len - 1);
}

/* ---- ours, with LF for line ends as theirs has ---- */

static void our_tree(struct slice message, struct buf *out)
{
        struct mime_index index;
        AUTO_BUF(tree, BUF_MAX);

        mime_index_build(&index, message, &mime_limits_default);
        tree_line(&index, false, &tree);
        mime_index_done(&index);
        for (size_t i = 0; i < tree.len; i++)
                if (tree.ptr[i] != '\r')
                        buf_addc(out, tree.ptr[i]);
}

static void drop_cr(struct buf *b)
{
        size_t to = 0;

        for (size_t i = 0; i < b->len; i++)
                if (b->ptr[i] != '\r')
                        b->ptr[to++] = b->ptr[i];
        buf_truncate(b, to);
}

static void compare(const char *directory, struct slice name)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(xml, BUF_MAX);
        AUTO_BUF(ours, BUF_MAX);
        AUTO_BUF(theirs, BUF_MAX);
        const char *why = why_different(name);

        read_file(directory, name, ".msg", &message);
        read_file(directory, name, ".xml", &xml);
        their_tree(buf_slice(&xml), &theirs);
        drop_cr(&theirs);
        our_tree(buf_slice(&message), &ours);
        if (!why)
                check_slice(name.ptr, buf_slice(&ours), buf_slice(&theirs));
        else
                ck_assert_msg(!slice_eq(buf_slice(&ours), buf_slice(&theirs)),
                              "%s is expected to differ (%s)", name.ptr, why);
}

START_TEST(trees_are_as_another_parser_sees_them)
{
        const char *path = getenv("MAILSERVER_MIME_DATA");
        DIR *directory = opendir(path);
        size_t n = 0;

        ck_assert_msg(directory != NULL, "%s", path);
        for (struct dirent *entry; (entry = readdir(directory));) {
                struct slice name = slice_of(entry->d_name);

                if (!slice_ends(name, SLICE(".msg")))
                        continue;
                compare(path, slice_head(name, name.len - 4));
                n++;
        }
        closedir(directory);
        ck_assert_uint_ge(n, COUNT(differences) + 1);
}
END_TEST

int main(void)
{
        if (!getenv("MAILSERVER_MIME_DATA")) {
                puts("MAILSERVER_MIME_DATA is not set: nothing to compare with");
                return EXIT_SUCCESS;
        }
        return RUN_TESTS("outside_data", trees_are_as_another_parser_sees_them);
}
