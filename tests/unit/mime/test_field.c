/* test_field.c — header blocks fall into fields: RFC 5322 2.2, and the broken ones. */
#include "helper_mime.h"

#include "mailserver/mime/field.h"

/* Fields as "name|value" joined by "#". */
#define WALK(name, message, fields, length)                                                        \
        {                                                                                          \
                name, TEXT(message), TEXT(fields), length                                          \
        }
static const struct {
        const char *name;
        struct slice message, fields;
        size_t header_length;
} walks[] = {
        WALK("two fields and an empty line", "A: 1\r\nB: 2\r\n\r\nbody", "A| 1#B| 2#", 14),
        WALK("LF alone ends lines too", "A: 1\nB: 2\n\nbody", "A| 1#B| 2#", 11),
        WALK("line ends may be mixed", "A: 1\nB: 2\r\n\nbody", "A| 1#B| 2#", 12),
        WALK("a continued line belongs to its field", "A: 1\r\n 2\r\n\t3\r\nB: 4\r\n\r\n",
             "A| 1\r\n 2\r\n\t3#B| 4#", 22),
        WALK("a line of blanks continues, it does not end", "A: 1\r\n \r\nB: 2\r\n\r\n",
             "A| 1\r\n #B| 2#", 17),
        WALK("blanks before the colon are dropped", "A \t: 1\r\n\r\n", "A| 1#", 10),
        WALK("a value may be empty", "A:\r\nB:\r\n\r\n", "A|#B|#", 10),
        WALK("a line without a colon is no field", "A: 1\r\njunk line\r\nB: 2\r\n\r\n",
             "A| 1#|junk line#B| 2#", 25),
        WALK("a name with a blank inside is no field", "not a name: 1\r\nB: 2\r\n\r\n",
             "|not a name: 1#B| 2#", 23),
        WALK("a name with an 8-bit octet is no field", "caf\xc3\xa9: 1\r\n\r\n", "|caf\xc3\xa9: 1#",
             12),
        WALK("a colon alone is no field", ": 1\r\n\r\n", "|: 1#", 7),
        WALK("a block may begin with a blank", " lost\r\nA: 1\r\n\r\n", "| lost#A| 1#", 15),
        WALK("an mbox line is no field", "From joe Mon Jan  1\r\nA: 1\r\n\r\n",
             "|From joe Mon Jan  1#A| 1#", 29),
        WALK("a header without an empty line is all header", "A: 1\r\nB: 2\r\n", "A| 1#B| 2#", 12),
        WALK("the last line may lack its end", "A: 1\r\nB: 2", "A| 1#B| 2#", 10),
        WALK("a bare CR is an octet like others", "A: 1\rB: 2\r\n\r\n", "A| 1\rB: 2#", 13),
        WALK("a CR before CRLF stays in the value", "A: 1\r\r\n\r\n", "A| 1\r#", 9),
        WALK("NUL and 8-bit stay in values", "A: \0\xff\r\n\r\n", "A| \0\xff#", 9),
        WALK("an empty line at once: no header", "\r\nbody", "", 2),
        WALK("an empty LF line at once", "\nbody", "", 1),
        WALK("nothing at all", "", "", 0),
        WALK("a CR alone is not the empty line", "\r", "|\r#", 1),
};

START_TEST(header_blocks_fall_into_fields)
{
        for (size_t i = 0; i < COUNT(walks); i++) {
                struct slice rest = walks[i].message;
                struct mime_field field;
                AUTO_BUF(got, 4096);
                size_t octets = 0;

                while (mime_field_next(&rest, &field)) {
                        buf_add(&got, field.name);
                        buf_addc(&got, '|');
                        buf_add(&got, field.value);
                        buf_addc(&got, '#');
                        octets += field.whole.len;
                }
                check_slice(walks[i].name, buf_slice(&got), walks[i].fields);
                ck_assert_msg(octets == walks[i].message.len - rest.len, "%s: fields do not touch",
                              walks[i].name);
                ck_assert_msg(mime_header_length(walks[i].message) == walks[i].header_length,
                              "%s: header of %zu octets", walks[i].name,
                              mime_header_length(walks[i].message));
        }
}
END_TEST

START_TEST(a_field_is_found_by_name_in_any_case)
{
        struct slice header =
                SLICE("To: first\r\nSUBJECT: x\r\nto: second\r\n\r\nCc: in the body\r\n");
        struct mime_field field;

        ck_assert(mime_field_find(header, SLICE("subject"), &field));
        check_slice("value", field.value, SLICE(" x"));
        check_slice("whole", field.whole, SLICE("SUBJECT: x\r\n"));
        ck_assert(mime_field_find(header, SLICE("TO"), &field));
        check_slice("the first wins", field.value, SLICE(" first"));
        ck_assert(!mime_field_find(header, SLICE("Cc"), &field));
        ck_assert(!mime_field_find(header, SLICE("Sub"), &field));
}
END_TEST

START_TEST(a_header_of_many_fields_is_walked_whole)
{
        AUTO_BUF(header, BUF_MAX);
        struct mime_field field;
        struct slice rest;
        size_t n = 0;

        fill_repeated(&header, SLICE("X-Field: value\r\n"), 16 * 100000);
        rest = buf_slice(&header);
        while (mime_field_next(&rest, &field))
                n++;
        ck_assert_uint_eq(n, 100000);
        ck_assert_uint_eq(mime_header_length(buf_slice(&header)), header.len);
}
END_TEST

int main(void)
{
        return RUN_TESTS("field", header_blocks_fall_into_fields,
                         a_field_is_found_by_name_in_any_case,
                         a_header_of_many_fields_is_walked_whole);
}
