/* test_parts.c — sections by their numbers: RFC 9051 6.4.5.1. */
#include "helper_mime.h"
#include "parts_table.h"

#include "mailserver/mime/parts.h"

/* The example of RFC 9051 6.4.5.1: HEADER and TEXT and parts of all kinds. */
static const char example[] = "Subject: top\r\n"
                              "Content-Type: multipart/mixed; boundary=a\r\n\r\n"
                              "--a\r\n\r\nPLAIN1\r\n"
                              "--a\r\nContent-Type: application/octet-stream\r\n\r\nOCTET2\r\n"
                              "--a\r\nContent-Type: message/rfc822\r\n\r\n"
                              "Subject: three\r\n"
                              "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                              "--b\r\nX: 31\r\n\r\nPLAIN31\r\n"
                              "--b\r\nContent-Type: application/x\r\n"
                              "Content-Transfer-Encoding: base64\r\n\r\nOCTET32\r\n"
                              "--b--\r\n"
                              "--a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
                              "--c\r\nContent-Type: image/gif\r\n\r\nGIF41\r\n"
                              "--c\r\nContent-Type: message/rfc822\r\n\r\n"
                              "Subject: fortytwo\r\n\r\nPLAIN421\r\n"
                              "--c--\r\n"
                              "--a--\r\n";

enum part_of { MIME, BODY, HEADER, TEXT_OF };

static const struct {
        const char *section;
        enum part_of what;
        const char *octets;
} finds[] = {
        {"",       HEADER,  "Subject: top\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"  },
        { "",      BODY,    example                                                              },
        { "1",     MIME,    "\r\n"                                                               },
        { "1",     BODY,    "PLAIN1"                                                             },
        { "2",     MIME,    "Content-Type: application/octet-stream\r\n\r\n"                     },
        { "2",     BODY,    "OCTET2"                                                             },
        { "3",     MIME,    "Content-Type: message/rfc822\r\n\r\n"                               },
        { "3",     HEADER,  "Subject: three\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"},
        { "3",     TEXT_OF,
         "--b\r\nX: 31\r\n\r\nPLAIN31\r\n--b\r\nContent-Type: application/x\r\n"
          "Content-Transfer-Encoding: base64\r\n\r\nOCTET32\r\n--b--"                            },
        { "3.1",   MIME,    "X: 31\r\n\r\n"                                                      },
        { "3.1",   BODY,    "PLAIN31"                                                            },
        { "3.2",   BODY,    "OCTET32"                                                            },
        { "4",     BODY,
         "--c\r\nContent-Type: image/gif\r\n\r\nGIF41\r\n--c\r\nContent-Type: message/rfc822\r\n"
          "\r\nSubject: fortytwo\r\n\r\nPLAIN421\r\n--c--"                                       },
        { "4.1",   MIME,    "Content-Type: image/gif\r\n\r\n"                                    },
        { "4.1",   BODY,    "GIF41"                                                              },
        { "4.2",   HEADER,  "Subject: fortytwo\r\n\r\n"                                          },
        { "4.2",   TEXT_OF, "PLAIN421"                                                           },
        { "4.2.1", BODY,    "PLAIN421"                                                           },
        { "4.2.1", MIME,    "Subject: fortytwo\r\n\r\n"                                          },
};

static void make_table(struct slice message, struct buf *out)
{
        struct mime_index index;

        mime_index_build(&index, message, &mime_limits_default);
        mime_parts_render(&index, out);
        mime_index_done(&index);
}

static struct slice cut(struct slice message, const struct mime_section *s, enum part_of what)
{
        struct mime_range range = what == MIME     ? s->header
                                  : what == BODY   ? s->body
                                  : what == HEADER ? s->inner_header
                                                   : s->inner_text;

        return slice_head(slice_from(message, range.start), range.end - range.start);
}

START_TEST(sections_are_found)
{
        struct slice message = slice_of(example);
        AUTO_BUF(table, 4096);

        make_table(message, &table);
        for (size_t i = 0; i < COUNT(finds); i++) {
                struct mime_section s;

                ck_assert_msg(mime_parts_find(buf_slice(&table), slice_of(finds[i].section),
                                              message.len, &s) == ERR_OK,
                              "%s", finds[i].section);
                check_slice(finds[i].section, cut(message, &s, finds[i].what),
                            slice_of(finds[i].octets));
        }
}
END_TEST

START_TEST(kinds_and_encodings_are_known)
{
        AUTO_BUF(table, 4096);
        struct mime_section s;
        struct slice message = slice_of(example);

        make_table(message, &table);
        ck_assert_int_eq(mime_parts_find(buf_slice(&table), SLICE(""), message.len, &s), ERR_OK);
        ck_assert_int_eq(s.kind, MIME_SECTION_MESSAGE);
        ck_assert_int_eq(mime_parts_find(buf_slice(&table), SLICE("4"), message.len, &s), ERR_OK);
        ck_assert_int_eq(s.kind, MIME_SECTION_MULTIPART);
        ck_assert_int_eq(mime_parts_find(buf_slice(&table), SLICE("3.2"), message.len, &s), ERR_OK);
        ck_assert_int_eq(s.kind, MIME_SECTION_LEAF);
        ck_assert_int_eq(s.encoding, MIME_ENCODING_BASE64);
}
END_TEST

START_TEST(sections_that_are_not_there)
{
        static const struct {
                const char *section;
                enum err err;
        } cases[] = {
                {"5",                        ERR_NOTFOUND},
                { "1.1",                     ERR_NOTFOUND},
                { "3.3",                     ERR_NOTFOUND},
                { "4.2.2",                   ERR_NOTFOUND},
                { "4.2.1.1",                 ERR_NOTFOUND},
                { "18446744073709551615",    ERR_NOTFOUND},
                { "0",                       ERR_SYNTAX  },
                { "01",                      ERR_SYNTAX  },
                { "1.",                      ERR_SYNTAX  },
                { ".1",                      ERR_SYNTAX  },
                { "1..2",                    ERR_SYNTAX  },
                { "a",                       ERR_SYNTAX  },
                { "1.TEXT",                  ERR_SYNTAX  },
                { "-1",                      ERR_SYNTAX  },
                { " 1",                      ERR_SYNTAX  },
                { "99999999999999999999999", ERR_SYNTAX  },
        };
        AUTO_BUF(table, 4096);

        make_table(slice_of(example), &table);
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct mime_section s;

                ck_assert_msg(mime_parts_find(buf_slice(&table), slice_of(cases[i].section),
                                              strlen(example), &s) == cases[i].err,
                              "%s", cases[i].section);
        }
}
END_TEST

/* RFC 9051 6.4.5.1: every message has at least one part. */
START_TEST(a_message_that_is_no_multipart_is_its_own_part_1)
{
        static const struct {
                const char *message, *section;
                enum part_of what;
                const char *octets; /* NULL: not found */
        } cases[] = {
                {"A: b\r\n\r\nx",                                      "1",     BODY,    "x"            },
                { "A: b\r\n\r\nx",                                     "1",     MIME,    "A: b\r\n\r\n" },
                { "A: b\r\n\r\nx",                                     "1.1",   BODY,    NULL           },
                { "A: b\r\n\r\nx",                                     "2",     BODY,    NULL           },
                { "A: b\r\n\r\nx",                                     "",      TEXT_OF, "x"            },
                { "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx", "1",     BODY,    "C: d\r\n\r\nx"},
                { "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx", "1",     HEADER,
                 "C: d\r\n\r\n"                                                                         },
                { "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx", "1.1",   BODY,    "x"            },
                { "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx", "1.2",   BODY,    NULL           },
                { "Content-Type: message/rfc822\r\n\r\nC: d\r\n\r\nx", "1.1.1", BODY,    NULL           },
                { "",                                                  "1",     BODY,    ""             },
                { "",                                                  "",      BODY,    ""             },
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
                struct slice message = slice_of(cases[i].message);
                struct mime_section s;
                AUTO_BUF(table, 4096);
                enum err err;

                make_table(message, &table);
                err = mime_parts_find(buf_slice(&table), slice_of(cases[i].section), message.len,
                                      &s);
                ck_assert_msg(err == (cases[i].octets ? ERR_OK : ERR_NOTFOUND), "%zu", i);
                if (!err)
                        check_slice(cases[i].section, cut(message, &s, cases[i].what),
                                    slice_of(cases[i].octets));
        }
}
END_TEST

static bool is_within(struct mime_range r, uint64_t size)
{
        return r.start <= r.end && r.end <= size;
}

static void look_up_everything(struct slice table, uint64_t size)
{
        static const char *const sections[] = { "",    "1",   "2",     "3",       "3.1",
                                                "3.2", "4.1", "4.2.1", "4.2.1.1", "9" };

        for (size_t i = 0; i < COUNT(sections); i++) {
                struct mime_section s;

                if (mime_parts_find(table, slice_of(sections[i]), size, &s))
                        continue;
                ck_assert(is_within(s.header, size) && is_within(s.body, size));
                ck_assert(is_within(s.inner_header, size) && is_within(s.inner_text, size));
        }
}

START_TEST(a_damaged_table_never_leads_outside)
{
        struct slice message = slice_of(example);
        AUTO_BUF(table, 4096);
        struct mime_section s;

        make_table(message, &table);
        for (size_t at = 0; at < table.len; at++) {
                char good = table.ptr[at];

                for (unsigned octet = 0; octet < 256; octet++) {
                        table.ptr[at] = (char)octet;
                        look_up_everything(buf_slice(&table), message.len);
                }
                table.ptr[at] = good;
                look_up_everything(slice_head(buf_slice(&table), at), message.len);
        }
        ck_assert_int_eq(mime_parts_find(buf_slice(&table), SLICE("1"), message.len + 1, &s),
                         ERR_CORRUPT);
        ck_assert_int_eq(mime_parts_find(SLICE(""), SLICE("1"), message.len, &s), ERR_CORRUPT);
        ck_assert_int_eq(mime_parts_find(SLICE("\x02"), SLICE("1"), message.len, &s), ERR_CORRUPT);
}
END_TEST

START_TEST(a_table_is_small)
{
        AUTO_BUF(table, 4096);

        make_table(slice_of(example), &table);
        ck_assert_uint_le(table.len, 10 * 6 + 4);
}
END_TEST

int main(void)
{
        return RUN_TESTS("parts", sections_are_found, kinds_and_encodings_are_known,
                         sections_that_are_not_there,
                         a_message_that_is_no_multipart_is_its_own_part_1,
                         a_damaged_table_never_leads_outside, a_table_is_small);
}
