/* test_append_binary.c — NULs of an APPEND go into base64, or nowhere. */
#include "append_binary.h"

#include <check.h>
#include <stdlib.h>

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }
#define MULTIPART "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
#define SIGNED                                                                                     \
        "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n"                                \
        "Content-Transfer-Encoding: binary\r\n\r\n"
static const struct {
        const char *name;
        struct slice in, out;
} encoded[] = {
        {"a message of one part",
         TEXT("Subject: x\r\nContent-Transfer-Encoding: binary\r\nTo: y\r\n\r\na\0b"),
         TEXT("Subject: x\r\nTo: y\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n")    },
        { "only the part that holds one",
         TEXT(MULTIPART "Content-Transfer-Encoding: binary\r\n\r\na\nb\r\n"
                         "--b\r\nContent-Transfer-Encoding: BINARY\r\n\r\n\0\0\0\r\n--b--\r\n"),
         TEXT(MULTIPART "Content-Transfer-Encoding: binary\r\n\r\na\nb\r\n"
                         "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n")},
        { "a message inside of one",
         TEXT(MULTIPART "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n"
                         "Content-Transfer-Encoding: binary\r\n\r\n\1\0\1\r\n--b--\r\n"),
         TEXT(MULTIPART "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n"
                         "Content-Transfer-Encoding: base64\r\n\r\nAQAB\r\n--b--\r\n")       },
        { "lines of 76 characters",
         TEXT("Content-Transfer-Encoding: binary\r\n\r\n"
               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
         TEXT("Content-Transfer-Encoding: base64\r\n\r\n"
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
               "AAAA\r\n")                                                                   },
        { "nothing to be done",           TEXT("Subject: x\r\n\r\ntext\n"),
         TEXT("Subject: x\r\n\r\ntext\n")                                                    },
};

START_TEST(what_is_marked_as_binary_is_encoded)
{
        for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++) {
                AUTO_BUF(out, 4096);

                ck_assert_msg(!imap_append_encode(encoded[i].in, &out), "%s", encoded[i].name);
                ck_assert_msg(slice_eq(buf_slice(&out), encoded[i].out), "%s: %s", encoded[i].name,
                              out.ptr);
        }
}
END_TEST

static const struct {
        const char *name;
        struct slice in;
} refused[] = {
        {"in a header",
         TEXT("Sub\0ject: x\r\nContent-Transfer-Encoding: binary\r\n\r\nbody\0\r\n")                                     },
        { "where nothing is said",         TEXT("Subject: x\r\n\r\nbo\0dy\r\n")                                          },
        { "where it is said to be text",
         TEXT("Content-Transfer-Encoding: 8bit\r\n\r\nbo\0dy\r\n")                                                       },
        { "where it is said to be base64",
         TEXT("Content-Transfer-Encoding: base64\r\n\r\nAA\0AA\r\n")                                                     },
        { "before the first delimiter",    TEXT("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                                             "\0\r\n--b\r\n\r\ntext\r\n--b--\r\n")},
        { "behind the last one",           TEXT(MULTIPART "\r\ntext\r\n--b--\r\n\0")                                     },
        { "under a signature",             TEXT(SIGNED "a\0b\r\n--b\r\n\r\nsignature\r\n--b--\r\n")                      },
};

START_TEST(what_no_encoding_can_hide_is_refused)
{
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
                AUTO_BUF(out, 4096);

                ck_assert_msg(imap_append_encode(refused[i].in, &out) == ERR_DENIED, "%s",
                              refused[i].name);
        }
}
END_TEST

START_TEST(what_grows_over_the_ceiling_is_refused)
{
        AUTO_BUF(out, 60);

        ck_assert_int_eq(imap_append_encode(encoded[3].in, &out), ERR_LIMIT);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("imap append_binary");
        TCase *t = tcase_create("append_binary");
        SRunner *r;
        int failed;

        tcase_add_test(t, what_is_marked_as_binary_is_encoded);
        tcase_add_test(t, what_no_encoding_can_hide_is_refused);
        tcase_add_test(t, what_grows_over_the_ceiling_is_refused);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
