/*
 * test_summary.c — whole messages: tests/data/mime/X.eml and what is expected of it
 * in X.tree. To see what a message gives:  mime_test_summary tests/data/mime/X.eml
 */
#include "helper_mime.h"
#include "helper_tree.h"
#include "imap_syntax.h"

#include "mailserver/mime/field.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define DATA "tests/data/mime/"

static bool read_file(const char *path, struct buf *out)
{
        FILE *file = fopen(path, "rb");
        int c;

        if (!file)
                return false;
        while ((c = getc(file)) != EOF)
                buf_addc(out, (char)c);
        fclose(file);
        return true;
}

static void put_line(struct buf *out, const char *name, const struct buf *value)
{
        buf_addf(out, "%s: ", name);
        buf_add(out, buf_slice(value));
        buf_addc(out, '\n');
}

/* All of a summary, a line for each, behind the page of the tree. */
static void describe(struct slice message, struct buf *out)
{
        struct mime_summary s;
        struct mime_index index;

        mime_index_build(&index, message, &mime_limits_default);
        tree_page(&index, out);
        mime_index_done(&index);
        mime_summary_init(&s);
        mime_summarise(message, &mime_limits_default, &s);
        put_line(out, "envelope", &s.envelope);
        put_line(out, "bodystructure", &s.bodystructure);
        put_line(out, "body", &s.body);
        put_line(out, "preview", &s.preview);
        put_line(out, "base subject", &s.keys.base_subject);
        put_line(out, "message id", &s.keys.message_id);
        put_line(out, "references", &s.keys.references);
        put_line(out, "from", &s.keys.from);
        put_line(out, "to", &s.keys.to);
        put_line(out, "cc", &s.keys.cc);
        put_line(out, "display from", &s.keys.display_from);
        put_line(out, "display to", &s.keys.display_to);
        if (s.keys.sent_us == INT64_MIN)
                buf_add(out, SLICE("sent: unknown\n"));
        else
                buf_addf(out, "sent: %lld, day %lld\n", (long long)(s.keys.sent_us / 1000000),
                         (long long)s.keys.sent_day);
        buf_addf(out, "flags:%s%s%s%s\n", s.keys.subject_is_reply ? " reply" : "",
                 s.has_8bit ? " 8bit" : "", s.has_8bit_header ? " 8bit-header" : "",
                 s.has_attachment ? " attachment" : "");
        mime_summary_done(&s);
}

START_TEST(messages_give_what_is_written_beside_them)
{
        glob_t files;

        ck_assert_int_eq(glob(DATA "*.eml", 0, NULL, &files), 0);
        ck_assert_uint_ge(files.gl_pathc, 14);
        for (size_t i = 0; i < files.gl_pathc; i++) {
                AUTO_BUF(message, BUF_MAX);
                AUTO_BUF(got, BUF_MAX);
                AUTO_BUF(want, BUF_MAX);
                AUTO_BUF(tree, 4096);

                ck_assert_msg(read_file(files.gl_pathv[i], &message), "%s", files.gl_pathv[i]);
                buf_addf(&tree, "%.*stree", (int)strlen(files.gl_pathv[i]) - 3, files.gl_pathv[i]);
                ck_assert_msg(read_file(tree.ptr, &want), "%s is missing", tree.ptr);
                describe(buf_slice(&message), &got);
                check_slice(files.gl_pathv[i], buf_slice(&got), buf_slice(&want));
        }
        globfree(&files);
}
END_TEST

START_TEST(a_summary_of_anything_is_whole)
{
        struct mime_summary s;
        static const struct mime_limits nothing = { 0 };

        mime_summary_init(&s);
        mime_summarise(SLICE(""), &nothing, &s);
        ck_assert(imap_is_envelope(buf_slice(&s.envelope)));
        ck_assert(imap_is_body(buf_slice(&s.bodystructure), true));
        ck_assert(imap_is_body(buf_slice(&s.body), false));
        ck_assert_uint_eq(s.header_length, 0);
        ck_assert(s.keys.sent_us == INT64_MIN);
        mime_summary_done(&s);
}
END_TEST

START_TEST(references_fall_back_on_in_reply_to)
{
        static const struct {
                const char *header, *references;
        } cases[] = {
                {"References: <a@b> <c@d>\r\nIn-Reply-To: <e@f>\r\n\r\n", "<a@b> <c@d>"},
                { "In-Reply-To: <e@f> <g@h>\r\n\r\n",                     "<e@f>"      },
                { "References: none\r\nIn-Reply-To: x <e@f>\r\n\r\n",     "<e@f>"      },
                { "In-Reply-To: your mail\r\n\r\n",                       ""           },
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct mime_summary s;

                mime_summary_init(&s);
                mime_summarise(slice_of(cases[i].header), &mime_limits_default, &s);
                check_slice(cases[i].header, buf_slice(&s.keys.references),
                            slice_of(cases[i].references));
                mime_summary_done(&s);
        }
}
END_TEST

/* What arrives is cut short somewhere: every head of every message gives a whole summary. */
START_TEST(heads_of_messages_give_whole_summaries)
{
        AUTO_BUF(message, BUF_MAX);

        ck_assert(read_file(DATA "alternative-with-files.eml", &message));
        for (size_t len = 0; len < message.len; len += 3) {
                struct mime_summary s;

                mime_summary_init(&s);
                mime_summarise(slice_head(buf_slice(&message), len), &mime_limits_default, &s);
                ck_assert(imap_is_envelope(buf_slice(&s.envelope)));
                ck_assert(imap_is_body(buf_slice(&s.bodystructure), true));
                ck_assert_uint_eq(s.header_length,
                                  mime_header_length(slice_head(buf_slice(&message), len)));
                mime_summary_done(&s);
        }
}
END_TEST

static int show(const char *path)
{
        AUTO_BUF(message, BUF_MAX);
        AUTO_BUF(text, BUF_MAX);

        if (!read_file(path, &message)) {
                perror(path);
                return EXIT_FAILURE;
        }
        describe(buf_slice(&message), &text);
        fwrite(text.ptr, 1, text.len, stdout);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        if (argc > 1)
                return show(argv[1]);
        return RUN_TESTS("summary", messages_give_what_is_written_beside_them,
                         a_summary_of_anything_is_whole, references_fall_back_on_in_reply_to,
                         heads_of_messages_give_whole_summaries);
}
