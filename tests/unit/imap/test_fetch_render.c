/*
 * test_fetch_render.c — rows as FETCH responses: sections, pieces, decoding, and
 * the cursor that stops behind an item and goes on later.
 */
#include "fetch_rig.h"

#include <check.h>
#include <stdlib.h>

#define TRACE  "Return-Path: <a@b>\r\n"
#define HEADER "From: a\r\nContent-Type: multipart/mixed; boundary=x\r\nSubject: s\r\n\r\n"
#define BODY                                                                                       \
        "--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAGFi\r\n"                                 \
        "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhi\r\n"                     \
        "--x\r\nContent-Transfer-Encoding: x-odd\r\n\r\n?\r\n--x--\r\n"

static void parse(const char *items, struct imap_fetch_plan *plan)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_args args = { .rest = slice_of(items), .arena = &arena };

        ck_assert_msg(!imap_fetch_plan_parse(&args, false, plan), "%s", items);
        arena_done(&arena);
}

static int render(struct imap_fetch_render *r, const struct rig_message *m, struct buf *out)
{
        int chunks;

        ck_assert(!rig_render(r, m, out, &chunks));
        return chunks;
}

static const struct {
        const char *items, *answer;
} answers[] = {
        {"(UID FLAGS RFC822.SIZE)",                                     "UID 7 FLAGS (\\Seen) RFC822.SIZE 241"                          },
        { "INTERNALDATE",                                               "INTERNALDATE \"17-Jul-1996 02:44:25 +0000\""                   },
        { "PREVIEW",                                                    "PREVIEW \"a \\\"b\\\"\""                                       },
        { "BODY[HEADER]",                                               "BODY[HEADER] {86}\r\n" TRACE HEADER                            },
        { "RFC822.HEADER",                                              "RFC822.HEADER {86}\r\n" TRACE HEADER                           },
        { "BODY[TEXT]",                                                 "BODY[TEXT] {155}\r\n" BODY                                     },
        { "BODY[]",                                                     "BODY[] {241}\r\n" TRACE HEADER BODY                            },
        { "BODY[]<1.3>",                                                "BODY[]<1> {3}\r\netu"                                          },
        { "BODY[]<0.241>",                                              "BODY[]<0> {241}\r\n" TRACE HEADER BODY                         },
        { "BODY[]<239.9>",                                              "BODY[]<239> {2}\r\n\r\n"                                       },
        { "BODY[]<241.9>",                                              "BODY[]<241> {0}\r\n"                                           },
        { "BODY[]<9223372036854775807.1>",                              "BODY[]<9223372036854775807> {0}\r\n"                           },
        { "BODY[TEXT]<2.1>",                                            "BODY[TEXT]<2> {1}\r\nx"                                        },
        { "BODY[HEADER.FIELDS (SUBJECT RETURN-PATH)]",
         "BODY[HEADER.FIELDS (SUBJECT RETURN-PATH)] {34}\r\n" TRACE "Subject: s\r\n\r\n"                                                },
        { "BODY[HEADER.FIELDS.NOT (SUBJECT CONTENT-TYPE FROM)]<0.100>",
         "BODY[HEADER.FIELDS.NOT (SUBJECT CONTENT-TYPE FROM)]<0> {22}\r\n" TRACE "\r\n"                                                 },
        { "BODY[HEADER.FIELDS (NONE)]",                                 "BODY[HEADER.FIELDS (NONE)] {2}\r\n\r\n"                        },
        { "BODY[1]",                                                    "BODY[1] {4}\r\nAGFi"                                           },
        { "BODY[1.MIME]",                                               "BODY[1.MIME] {37}\r\nContent-Transfer-Encoding: base64\r\n\r\n"},
        { "BODY[2.HEADER]",                                             "BODY[2.HEADER] {15}\r\nSubject: in\r\n\r\n"                    },
        { "BODY[2.TEXT]",                                               "BODY[2.TEXT] {2}\r\nhi"                                        },
        { "BODY[2.1]",                                                  "BODY[2.1] {2}\r\nhi"                                           },
        { "BODY[2]",                                                    "BODY[2] {17}\r\nSubject: in\r\n\r\nhi"                         },
        { "BODY[1.TEXT]",                                               "BODY[1.TEXT] NIL"                                              },
        { "BODY[4]",                                                    "BODY[4] NIL"                                                   },
        { "BODY[1.1]",                                                  "BODY[1.1] NIL"                                                 },
        { "BINARY[1]",                                                  "BINARY[1] ~{3}\r\n@ab"                                         },
        { "BINARY[1]<1.1>",                                             "BINARY[1]<1> {1}\r\na"                                         },
        { "BINARY.SIZE[1]",                                             "BINARY.SIZE[1] 3"                                              },
        { "BINARY.SIZE[2]",                                             "BINARY.SIZE[2] 17"                                             },
        { "BINARY.SIZE[]",                                              "BINARY.SIZE[] 241"                                             },
        { "BINARY[5]",                                                  "BINARY[5] NIL"                                                 },
        { "BINARY.SIZE[5]",                                             "BINARY.SIZE[5] 0"                                              },
        { "(BINARY[3] UID)",                                            "BINARY[3] NIL UID 7"                                           },
        { "(BODY[1] UID BODY[2.TEXT])",                                 "BODY[1] {4}\r\nAGFi UID 7 BODY[2.TEXT] {2}\r\nhi"              },
};

static void check_answer(size_t i, bool in_file)
{
        struct imap_fetch_plan plan;
        struct imap_fetch_render r;
        struct rig_message m;
        AUTO_BUF(out, 4096);
        AUTO_BUF(expected, 4096);

        rig_message_init(&m, TRACE, SLICE(HEADER BODY), in_file);
        m.row.preview = SLICE("a \"b\"");
        parse(answers[i].items, &plan);
        imap_fetch_render_init(&r, &plan);
        render(&r, &m, &out);
        buf_addf(&expected, "* 3 FETCH (%s)\r\n", answers[i].answer);
        /* The table cannot hold NULs. */
        for (size_t k = 0; k < out.len; k++)
                if (!out.ptr[k])
                        out.ptr[k] = '@';
        ck_assert_msg(slice_eq(buf_slice(&out), buf_slice(&expected)), "%s: %s", answers[i].items,
                      out.ptr);
        ck_assert(r.unknown_encoding == !strncmp(answers[i].items, "(BINARY[3]", 10));
        ck_assert(!r.corrupt && !r.open);
        imap_fetch_render_done(&r);
        imap_fetch_plan_done(&plan);
        rig_message_done(&m);
}

START_TEST(items_of_a_message_in_the_database)
{
        check_answer((size_t)_i, false);
}
END_TEST

START_TEST(items_of_a_message_in_a_file)
{
        check_answer((size_t)_i, true);
}
END_TEST

/* A part in base64 that decodes to 300,000 octets, the first three of them NUL. */
static void put_large(struct buf *out)
{
        buf_add(out, SLICE("From: a\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA"));
        for (int i = 1; i < 100000; i++)
                buf_add(out, i % 19 ? SLICE("YWFh") : SLICE("\r\nYWFh"));
        buf_add(out, SLICE("\r\n"));
}

static void render_large(const char *items, bool in_file, struct buf *out, int *ret_chunks)
{
        struct imap_fetch_plan plan;
        struct imap_fetch_render r;
        struct rig_message m;
        AUTO_BUF(octets, BUF_MAX);

        put_large(&octets);
        rig_message_init(&m, "", buf_slice(&octets), in_file);
        parse(items, &plan);
        imap_fetch_render_init(&r, &plan);
        *ret_chunks = render(&r, &m, out);
        imap_fetch_render_done(&r);
        imap_fetch_plan_done(&plan);
        rig_message_done(&m);
}

START_TEST(a_large_part_is_decoded_chunk_by_chunk)
{
        static const char head[] = "* 3 FETCH (BINARY[1] ~{300000}\r\n";
        AUTO_BUF(out, BUF_MAX);
        size_t n_head = sizeof head - 1;
        int chunks;

        render_large("(BINARY[1] BINARY.SIZE[1])", _i, &out, &chunks);
        ck_assert(slice_starts(buf_slice(&out), slice_of(head)));
        ck_assert_int_gt(chunks, 3);
        for (size_t i = 0; i < 300000; i++)
                ck_assert_int_eq(out.ptr[n_head + i], i < 3 ? '\0' : 'a');
        ck_assert_str_eq(out.ptr + n_head + 300000, " BINARY.SIZE[1] 300000)\r\n");
}
END_TEST

START_TEST(a_piece_of_a_large_part_ends_with_it)
{
        AUTO_BUF(out, BUF_MAX);
        int chunks;

        render_large("(BINARY[1]<299995.10> BODY[]<70000.4> UID)", _i, &out, &chunks);
        ck_assert_str_eq(strchr(out.ptr, '('),
                         "(BINARY[1]<299995> {5}\r\naaaaa BODY[]<70000> {4}\r\n"
                         "FhYW UID 7)\r\n");
        ck_assert_int_eq(chunks, 1);
}
END_TEST

START_TEST(a_stream_that_ends_early_is_corrupt)
{
        struct imap_extract extract = {
                .range = {0, 100000}
        };
        struct imap_fetch_item item = { .kind = IMAP_FETCH_SECTION, .count = UINT64_MAX };
        struct imap_fetch_stream s;
        AUTO_BUF(scratch, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);

        ck_assert(!imap_fetch_stream_begin(&s, &item, &extract, &out));
        ck_assert_str_eq(out.ptr, " {100000}\r\n");
        ck_assert_uint_eq(imap_fetch_stream_wants(&s), IMAP_FETCH_PIECE);
        ck_assert_int_eq(imap_fetch_stream_put(&s, SLICE("short"), &scratch, &out), ERR_CORRUPT);
}
END_TEST

START_TEST(a_damaged_table_of_parts_is_said_and_the_rest_is_read)
{
        struct imap_fetch_plan plan;
        struct imap_fetch_render r;
        struct rig_message m;
        AUTO_BUF(out, 4096);

        rig_message_init(&m, TRACE, SLICE(HEADER BODY), false);
        m.row.parts = SLICE("\001\001");
        parse("(BODY[1] UID)", &plan);
        imap_fetch_render_init(&r, &plan);
        render(&r, &m, &out);
        ck_assert_str_eq(out.ptr, "* 3 FETCH (BODY[1] NIL UID 7)\r\n");
        ck_assert(r.corrupt);
        imap_fetch_render_done(&r);
        imap_fetch_plan_done(&plan);
        rig_message_done(&m);
}
END_TEST

START_TEST(a_full_chunk_is_cut_behind_an_item)
{
        AUTO_BUF(items, BUF_MAX);
        AUTO_BUF(body, BUF_MAX);
        AUTO_BUF(out, BUF_MAX);
        struct imap_fetch_plan plan;
        struct imap_fetch_render r;
        struct rig_message m;

        buf_add(&body, SLICE("From: a\r\n\r\n"));
        for (int i = 0; i < 60000; i++)
                buf_addc(&body, 'x');
        for (int i = 0; i < 20; i++)
                buf_addf(&items, "%cBODY[TEXT]<%d.50000>", i ? ' ' : '(', i);
        buf_addc(&items, ')');
        rig_message_init(&m, "", buf_slice(&body), false);
        parse(items.ptr, &plan);
        imap_fetch_render_init(&r, &plan);
        ck_assert_int_eq(render(&r, &m, &out), 10);
        ck_assert_uint_gt(out.len, 20 * 50000);
        ck_assert(slice_ends(buf_slice(&out), SLICE("x)\r\n")));
        imap_fetch_render_done(&r);
        imap_fetch_plan_done(&plan);
        rig_message_done(&m);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("fetch render");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int n = (int)(sizeof answers / sizeof *answers);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, items_of_a_message_in_the_database, 0, n);
        tcase_add_loop_test(tc, items_of_a_message_in_a_file, 0, n);
        tcase_add_loop_test(tc, a_large_part_is_decoded_chunk_by_chunk, 0, 2);
        tcase_add_loop_test(tc, a_piece_of_a_large_part_ends_with_it, 0, 2);
        tcase_add_test(tc, a_stream_that_ends_early_is_corrupt);
        tcase_add_test(tc, a_damaged_table_of_parts_is_said_and_the_rest_is_read);
        tcase_add_test(tc, a_full_chunk_is_cut_behind_an_item);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
