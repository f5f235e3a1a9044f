/* test_index.c — the tree of a message: RFC 2046 5.1, and mail that breaks it. */
#include "helper_mime.h"
#include "helper_tree.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define INNER "Content-Type: multipart/alternative; boundary=i\r\n\r\n"

#define TREE(name, message, tree)                                                                  \
        {                                                                                          \
                name, TEXT(message), TEXT(tree)                                                    \
        }
static const struct {
        const char *name;
        struct slice message, tree;
} trees[] = {
        TREE("a text", "A: b\r\n\r\nx\r\n", "text/plain(x\r\n)"),
        TREE("nothing", "", "text/plain()"),
        TREE("a header without an empty line", "A: b\r\n", "text/plain()"),
        TREE("a body without a header", "\r\nx", "text/plain(x)"),
        TREE("another type", "Content-Type: image/png\r\n\r\nx", "image/png(x)"),
        TREE("the first of two types counts",
             "Content-Type: image/png\r\nContent-Type: text/html\r\n\r\nx", "image/png(x)"),
        TREE("a type that cannot be read is text", "Content-Type: image\r\n\r\nx", "text/plain(x)"),
        TREE("a bare text", "Content-Type: text; charset=utf-8\r\n\r\nx", "text/plain(x)"),
        TREE("two parts", MIXED "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
             "mixed[text/plain(one)text/plain(two)]"),
        TREE("a preamble and an epilogue belong to no part",
             MIXED "before\r\n--b\r\n\r\none\r\n--b--\r\nafter\r\n", "mixed[text/plain(one)]"),
        TREE("the last line end is the delimiter's", MIXED "--b\r\n\r\none\r\n\r\n--b--",
             "mixed[text/plain(one\r\n)]"),
        TREE("LF alone",
             "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n",
             "mixed[text/plain(one)text/plain(two)]"),
        TREE("line ends mixed", MIXED "--b\n\none\r\n--b\r\n\ntwo\n--b--\r\n",
             "mixed[text/plain(one)text/plain(two)]"),
        TREE("no closing delimiter", MIXED "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
             "mixed[text/plain(one)text/plain(two\r\n)]"),
        TREE("nothing after a delimiter", MIXED "--b\r\n\r\none\r\n--b",
             "mixed[text/plain(one)text/plain()]"),
        TREE("padding behind a delimiter", MIXED "--b \t\r\n\r\none\r\n--b-- \r\nafter",
             "mixed[text/plain(one)]"),
        TREE("words behind a delimiter", MIXED "--b words\r\n\r\none\r\n--b-- words\r\nafter",
             "mixed[text/plain(one)]"),
        TREE("a longer boundary is another",
             MIXED "--b\r\n\r\none\r\n--bc\r\n--b-\r\n--b--c\r\n--b--",
             "mixed[text/plain(one\r\n--bc\r\n--b-\r\n--b--c)]"),
        TREE("a boundary within a line is text", MIXED "--b\r\n\r\n --b\r\nx--b\r\n-b\r\n--b--",
             "mixed[text/plain( --b\r\nx--b\r\n-b)]"),
        TREE("a CR alone begins no line", MIXED "--b\r\n\r\nx\r--b\r\n--b--",
             "mixed[text/plain(x\r--b)]"),
        TREE("a delimiter after the closing one is epilogue",
             MIXED "--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--", "mixed[text/plain(one)]"),
        TREE("an empty part", MIXED "--b\r\n--b--\r\n", "mixed[text/plain()]"),
        TREE("an empty part with an empty header", MIXED "--b\r\n\r\n--b--\r\n",
             "mixed[text/plain()]"),
        TREE("empty parts side by side", MIXED "--b\r\n--b\r\n\r\n\r\n--b\r\nA: b\r\n--b--",
             "mixed[text/plain()text/plain()text/plain()]"),
        TREE("a part that is only a header", MIXED "--b\r\nContent-Type: image/png\r\n--b--",
             "mixed[image/png()]"),
        TREE("the empty line of a part is missing", MIXED "--b\r\none line\r\nmore\r\n--b--",
             "mixed[text/plain(one line\r\nmore)]"),
        TREE("a line of junk in a part's header stays there",
             MIXED "--b\r\nContent-Type: text/html\r\nlost=\"x\"\r\n\r\none\r\n--b--",
             "mixed[text/html(one)]"),
        TREE("no part at all: its text becomes one", MIXED "only text\r\n--b--\r\nafter",
             "mixed[text/plain(only text)]"),
        TREE("no part, and the closing delimiter at once", MIXED "--b--\r\nafter",
             "mixed[text/plain()]"),
        TREE("no delimiter at all", MIXED "only text\r\n", "mixed[text/plain(only text\r\n)]"),
        TREE("no boundary parameter", "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\none",
             "mixed[text/plain(--b\r\n\r\none)]"),
        TREE("an empty boundary",
             "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\none",
             "mixed[text/plain(--\r\n\r\none)]"),
        TREE("a bare multipart is mixed",
             "Content-Type: multipart; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
             "mixed[text/plain(one)]"),
        TREE("a boundary of two pieces",
             "Content-Type: multipart/mixed; boundary*1=d; boundary*0=c\r\n\r\n--cd\r\n\r\none",
             "mixed[text/plain(one)]"),
        TREE("a boundary that ends with blanks",
             "Content-Type: multipart/mixed; boundary=\"b  \"\r\n\r\n"
             "--b  \r\n\r\none\r\n--b \r\ntwo\r\n--b  --\r\nafter",
             "mixed[text/plain(one\r\n--b \r\ntwo)]"),
        TREE("a boundary that ends with blanks, which the lines have lost",
             "Content-Type: multipart/mixed; boundary=\"b  \"\r\n\r\n"
             "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nafter",
             "mixed[text/plain(one)text/plain(two)]"),
        TREE("a multipart in a multipart",
             MIXED "--b\r\n" INNER "--i\r\n\r\none\r\n--i--\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(one)]text/plain(two)]"),
        TREE("the inner closing delimiter is missing",
             MIXED "--b\r\n" INNER "--i\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(one)]text/plain(two)]"),
        TREE("the inner delimiters are all missing",
             MIXED "--b\r\n" INNER "some text\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(some text)]text/plain(two)]"),
        TREE("an outer delimiter right behind an inner header",
             MIXED "--b\r\n" INNER "--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain()]text/plain(two)]"),
        TREE("the outer delimiter ends an inner header",
             MIXED "--b\r\n" INNER "--i\r\nContent-Type: text/html\r\n--b--",
             "mixed[alternative[text/html()]]"),
        TREE("both have the same boundary: the inner first",
             MIXED "--b\r\n" MIXED "--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[mixed[text/plain(one)]text/plain(two)]"),
        TREE("the inner boundary begins with the outer",
             MIXED "--b\r\nContent-Type: multipart/alternative; boundary=b-1\r\n\r\n"
                   "--b-1\r\n\r\none\r\n--b-1--\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(one)]text/plain(two)]"),
        TREE("the inner boundary is the outer and more words",
             MIXED "--b\r\nContent-Type: multipart/alternative; boundary=\"b x\"\r\n\r\n"
                   "--b x\r\n\r\none\r\n--b x--\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(one)]text/plain(two)]"),
        TREE("the inner boundary looks like the outer's end",
             MIXED "--b\r\nContent-Type: multipart/alternative; boundary=b--\r\n\r\n"
                   "--b--\r\n\r\none\r\n--b----\r\n--b\r\n\r\ntwo\r\n--b--",
             "mixed[alternative[text/plain(one)]text/plain(two)]"),
        TREE("a message inside", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\none",
             "rfc822<text/plain(one)>"),
        TREE("a message inside a part",
             MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n" INNER
                   "--i\r\n\r\none\r\n--i--\r\n--b--",
             "mixed[rfc822<alternative[text/plain(one)]>]"),
        TREE("a message inside that ends in its header",
             MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n--b--",
             "mixed[rfc822<text/plain()>]"),
        TREE("a message part without a message",
             MIXED "--b\r\nContent-Type: message/rfc822\r\n\r\n--b--",
             "mixed[rfc822<text/plain()>]"),
        TREE("a message that begins with an mbox line",
             "Content-Type: message/rfc822\r\n\r\n>From x\r\nContent-Type: text/html\r\n\r\none",
             "rfc822<text/html(one)>"),
        TREE("message/global", "Content-Type: message/global\r\n\r\nA: b\r\n\r\none",
             "global<text/plain(one)>"),
        TREE("an encoded message is opaque",
             "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTog",
             "application/octet-stream(QTog)"),
        TREE("other messages are leaves",
             "Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nC: d\r\n",
             "message/delivery-status(A: b\r\n\r\nC: d\r\n)"),
        TREE("the parts of a digest are messages",
             "Content-Type: multipart/digest; boundary=b\r\n\r\n"
             "--b\r\n\r\nA: b\r\n\r\none\r\n--b\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--b--",
             "digest[rfc822<text/plain(one)>text/plain(two)]"),
        TREE("the text of an empty digest is no message",
             "Content-Type: multipart/digest; boundary=b\r\n\r\nonly text\r\n--b--",
             "digest[text/plain(only text)]"),
        TREE("an encoding on a multipart means nothing",
             "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
             "base64\r\n\r\n"
             "--b\r\n\r\none\r\n--b--",
             "mixed[text/plain(one)]"),
        TREE("NUL and 8-bit octets", MIXED "--b\r\n\r\n\0\xff\r\n--b--",
             "mixed[text/plain(\0\xff)]"),
};

static void build_tree(struct slice message, const struct mime_limits *limits, struct buf *out)
{
        struct mime_index index;

        mime_index_build(&index, message, limits);
        tree_line(&index, true, out);
        mime_index_done(&index);
}

START_TEST(trees_are_what_people_would_draw)
{
        for (size_t i = 0; i < COUNT(trees); i++) {
                AUTO_BUF(got, BUF_MAX);

                build_tree(trees[i].message, &mime_limits_default, &got);
                check_slice(trees[i].name, buf_slice(&got), trees[i].tree);
        }
}
END_TEST

/* Every head of every message, too, is a message. */
START_TEST(a_message_may_end_anywhere)
{
        for (size_t i = 0; i < COUNT(trees); i++) {
                for (size_t len = 0; len <= trees[i].message.len; len++) {
                        struct slice head = slice_head(trees[i].message, len);
                        struct mime_index index;

                        mime_index_build(&index, head, &mime_limits_default);
                        ck_assert_uint_eq(index.parts[0].start, 0);
                        ck_assert_uint_eq(index.parts[0].end, len);
                        ck_assert_uint_eq(index.parts[0].descendants, index.n_parts - 1);
                        mime_index_done(&index);
                }
        }
}
END_TEST

#define LIMIT(name, depth, parts, message, tree)                                                   \
        {                                                                                          \
                name, depth, parts, TEXT(message), TEXT(tree)                                      \
        }
#define THREE MIXED "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\nA: b\r\n\r\nthree\r\n--b--"
#define NESTED                                                                                     \
        MIXED "--b\r\n" INNER                                                                      \
              "--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--\r\n--b\r\n\r\nthree\r\n--b--"
static const struct {
        const char *name;
        unsigned depth, parts;
        struct slice message, tree;
} limited[] = {
        LIMIT("enough of both", 1, 5, THREE,
              "mixed[text/plain(one)text/plain(two)text/plain(three)]"),
        LIMIT("the last part takes in the rest, if there is one", 1, 4, THREE,
              "mixed[text/plain(one)text/plain(two)application/octet-stream(A: b\r\n\r\nthree)]"),
        LIMIT("the last but one part takes in the rest", 1, 3, THREE,
              "mixed[text/plain(one)application/octet-stream("
              "\r\ntwo\r\n--b\r\nA: b\r\n\r\nthree)]"),
        LIMIT("the first part takes in the rest", 1, 2, THREE,
              "mixed[application/octet-stream("
              "\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\nA: b\r\n\r\nthree)]"),
        LIMIT("one part: no multipart", 1, 1, THREE,
              "application/octet-stream(--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\nA: "
              "b\r\n\r\nthree\r\n--b--)"),
        LIMIT("no parts count as one", 1, 0, MIXED, "application/octet-stream()"),
        LIMIT("nested, with enough parts", 2, 6, NESTED,
              "mixed[alternative[text/plain(one)text/plain(two)]text/plain(three)]"),
        LIMIT("every multipart keeps a part for its rest", 2, 4, NESTED,
              "mixed[alternative[application/octet-stream(\r\none\r\n--i\r\n\r\ntwo)]"
              "application/octet-stream(\r\nthree)]"),
        LIMIT("too few for the inner multipart", 2, 3, NESTED,
              "mixed[application/octet-stream(--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--)"
              "application/octet-stream(\r\nthree)]"),
        LIMIT("too deep", 1, 9, NESTED,
              "mixed[application/octet-stream(--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--)"
              "text/plain(three)]"),
        LIMIT("no depth at all", 0, 9, "Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\none",
              "application/octet-stream(A: b\r\n\r\none)"),
};

START_TEST(limits_cut_the_tree_and_lose_nothing)
{
        for (size_t i = 0; i < COUNT(limited); i++) {
                struct mime_limits limits = mime_limits_default;
                AUTO_BUF(got, BUF_MAX);

                limits.max_depth = limited[i].depth;
                limits.max_parts = limited[i].parts;
                build_tree(limited[i].message, &limits, &got);
                check_slice(limited[i].name, buf_slice(&got), limited[i].tree);
        }
}
END_TEST

START_TEST(offsets_and_lines_are_counted)
{
        static const char message[] = MIXED "--b\r\nA: b\r\n\r\none\r\ntwo\r\n\r\n--b\r\n"
                                            "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx\n"
                                            "--b--\r\nend\r\n";
        struct mime_index index;
        AUTO_BUF(page, 4096);

        mime_index_build(&index, slice_of(message), &mime_limits_default);
        tree_page(&index, &page);
        check_slice("page", buf_slice(&page),
                    SLICE("         multipart/mixed header 45 body 84 lines 14\n"
                          "1        text/plain header 8 body 10 lines 2\n"
                          "2        message/rfc822 header 32 body 9 lines 2\n"
                          "2.message text/plain header 8 body 1 lines 0\n"));
        mime_index_done(&index);
}
END_TEST

START_TEST(eight_bit_octets_are_noticed)
{
        static const struct {
                const char *message;
                bool anywhere, in_header;
        } cases[] = {
                {"A: b\r\n\r\nx\r\n",                                         false, false},
                { "A: b\r\n\r\n\xe9\r\n",                                     true,  false},
                { "A: \xe9\r\n\r\nx\r\n",                                     true,  true },
                { "Content-Type: message/rfc822\r\n\r\nA: \xe9\r\n\r\nx\r\n", true,  true },
                { MIXED "\xe9\r\n--b\r\n\r\nx\r\n--b--",                      true,  false},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct mime_index index;

                mime_index_build(&index, slice_of(cases[i].message), &mime_limits_default);
                ck_assert_msg(index.has_8bit == cases[i].anywhere, "%zu", i);
                ck_assert_msg(index.has_8bit_header == cases[i].in_header, "%zu", i);
                mime_index_done(&index);
        }
}
END_TEST

/* Quadratic, these would take minutes; ten thousand levels would overflow a recursion. */
START_TEST(hostile_messages_are_read_in_linear_time)
{
        static const struct {
                const char *head, *unit;
                size_t size;
        } cases[] = {
                {"Content-Type: multipart/mixed; boundary=a\r\n\r\n",   "--a\r\n",                                                  1 << 20    },
                { "Content-Type: multipart/mixed; boundary=a\r\n\r\n",  "--b\r\n",                                                  1 << 20    },
                { "",                                                   "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 1 << 19    },
                { "",                                                   "Content-Type: message/rfc822\r\n\r\n",                     30 * 10000 },
                { "Content-Type: multipart/digest; boundary=a\r\n\r\n", "--a\r\n\r\n",                                              1 << 20    },
                { "",                                                   "X-Field: value\r\n",                                       16 * 100000},
                { "",                                                   "Content-Type: text/plain; x=y\r\n",                        31 * 100000},
                { "Content-Type: text/plain",                           ";a*0=b",                                                   1 << 20    },
                { "Content-Type: text/plain; a=",                       "(",                                                        1 << 20    },
                { "Content-Type: text/plain; a=",                       "\"",                                                       1 << 20    },
                { "Content-Type: text/plain; a=",                       "(a)",                                                      1 << 20    },
                { "Content-Type: text/plain; a=",                       "b c",                                                      1 << 20    },
                { "",                                                   "\n",                                                       1 << 20    },
                { "",                                                   "\r",                                                       1 << 20    },
                { "",                                                   "-",                                                        1 << 20    },
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct mime_index index;
                AUTO_BUF(message, BUF_MAX);

                buf_add(&message, slice_of(cases[i].head));
                fill_repeated(&message, slice_of(cases[i].unit), cases[i].size);
                mime_index_build(&index, buf_slice(&message), &mime_limits_default);
                ck_assert_uint_eq(index.parts[0].end, message.len);
                ck_assert_uint_le(index.n_parts, mime_limits_default.max_parts);
                mime_index_done(&index);
        }
}
END_TEST

START_TEST(many_open_multiparts_cost_no_more_than_their_number)
{
        struct mime_index index;
        AUTO_BUF(message, BUF_MAX);

        for (int i = 0; i < 10000; i++)
                buf_addf(&message, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n",
                         i, i);
        fill_repeated(&message, SLICE("--b\r\n"), 1 << 20);
        mime_index_build(&index, buf_slice(&message), &mime_limits_default);
        ck_assert_uint_eq(index.n_parts, mime_limits_default.max_depth + 1);
        ck_assert(mime_part_is(&index.parts[index.n_parts - 1], "application", "octet-stream"));
        mime_index_done(&index);
}
END_TEST

int main(void)
{
        return RUN_TESTS("index", trees_are_what_people_would_draw, a_message_may_end_anywhere,
                         limits_cut_the_tree_and_lose_nothing, offsets_and_lines_are_counted,
                         eight_bit_octets_are_noticed, hostile_messages_are_read_in_linear_time,
                         many_open_multiparts_cost_no_more_than_their_number);
}
