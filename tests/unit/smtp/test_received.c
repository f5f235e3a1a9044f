/* test_received.c — our Received field. */
#include "received.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

/* Sat, 21 Nov 2026 09:30:33 UTC */
#define WHEN (1795253433 * INT64_C(1000000))
#define DATE "\tSat, 21 Nov 2026 09:30:33 +0000\r\n"
#define BASE .peer = "192.0.2.1", .hostname = "mail.example.org", .id = "abc", .received_us = WHEN

static const struct {
        const char *name;
        struct smtp_received received;
        const char *field;
} fields[] = {
        {"HELO in the clear",
         { BASE, .helo = { "client.example.net", 18 } },
         "Received: from client.example.net ([192.0.2.1])\r\n"
          "\tby mail.example.org with SMTP id abc;\r\n" DATE          },
        { "EHLO, one recipient",
         { BASE, .helo = { "client", 6 }, .extended = true, .recipient = "bob@example.org" },
         "Received: from client ([192.0.2.1])\r\n"
          "\tby mail.example.org with ESMTP id abc\r\n"
          "\tfor <bob@example.org>;\r\n" DATE                         },
        { "a recipient that needs quotes",
         { BASE, .helo = { "client", 6 }, .extended = true, .recipient = "b ob@example.org" },
         "Received: from client ([192.0.2.1])\r\n"
          "\tby mail.example.org with ESMTP id abc\r\n"
          "\tfor <\"b ob\"@example.org>;\r\n" DATE                    },
        { "TLS",
         { BASE, .helo = { "client", 6 }, .extended = true, .tls_version = "TLSv1.3",
            .tls_cipher = "TLS_AES_256_GCM_SHA384", .tls_bits = 256 },
         "Received: from client ([192.0.2.1])\r\n"
          "\tby mail.example.org with ESMTPS id abc\r\n"
          "\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3, 256 bits);\r\n" DATE},
        { "an address literal as name, IPv6",
         { .peer = "IPv6:2001:db8::1",
            .hostname = "m",
            .id = "i",
            .received_us = WHEN,
            .helo = { "[IPv6:2001:db8::1]", 18 },
            .extended = true },
         "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"
          "\tby m with ESMTP id i;\r\n" DATE                          },
        { "a name that would break the syntax",
         { BASE, .helo = { "a(b)\";\\c _d\xc3\xa4", 12 }, .extended = true },
         "Received: from a?b????c?_d? ([192.0.2.1])\r\n"
          "\tby mail.example.org with ESMTP id abc;\r\n" DATE         },
        { "brackets that hold no address",
         { BASE, .helo = { "[x]", 3 }, .extended = true },
         "Received: from ?x? ([192.0.2.1])\r\n"
          "\tby mail.example.org with ESMTP id abc;\r\n" DATE         },
};

START_TEST(the_field_says_how_the_message_came)
{
        AUTO_BUF(out, SMTP_MAX_RECEIVED);

        smtp_received_print(&fields[_i].received, &out);
        ck_assert_str_eq(buf_slice(&out).ptr, fields[_i].field);
}
END_TEST

static const struct {
        bool extended, tls, authenticated, smtputf8;
        const char *with;
} words[] = {
        {false,  false, false, false, "SMTP"      },
        { true,  false, false, false, "ESMTP"     },
        { true,  false, true,  false, "ESMTPA"    },
        { true,  true,  false, false, "ESMTPS"    },
        { true,  true,  true,  false, "ESMTPSA"   },
        { true,  false, false, true,  "UTF8SMTP"  },
        { true,  false, true,  true,  "UTF8SMTPA" },
        { true,  true,  false, true,  "UTF8SMTPS" },
        { true,  true,  true,  true,  "UTF8SMTPSA"},
        { false, true,  false, false, "ESMTPS"    },
};

START_TEST(the_with_word_tells_tls_and_auth)
{
        struct smtp_received received = {
                .extended = words[_i].extended,
                .authenticated = words[_i].authenticated,
                .smtputf8 = words[_i].smtputf8,
                .tls_version = words[_i].tls ? "TLSv1.3" : NULL,
        };

        ck_assert_str_eq(smtp_received_with(&received), words[_i].with);
}
END_TEST

START_TEST(the_longest_of_everything_fits_and_no_line_passes_998_octets)
{
        char helo[300], recipient[512];
        struct smtp_received received = {
                BASE, .helo = {helo, sizeof helo},
                   .recipient = recipient, .extended = true
        };
        AUTO_BUF(out, SMTP_MAX_RECEIVED);
        struct slice rest, line;

        memset(helo, 'h', sizeof helo);
        memset(recipient, '"', sizeof recipient);
        memcpy(recipient + 256, "@", 1);
        memset(recipient + 257, 'd', sizeof recipient - 258);
        recipient[sizeof recipient - 1] = '\0';
        smtp_received_print(&received, &out);
        rest = buf_slice(&out);
        ck_assert(slice_ends(rest, SLICE(DATE)));
        while (slice_cut(&rest, '\n', &line))
                ck_assert_uint_le(line.len, 999);
}
END_TEST

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("smtp received");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        setenv("TZ", "UTC", 1);
        tzset();
        suite_add_tcase(s, tc);
        ADD_TABLE(tc, the_field_says_how_the_message_came, fields);
        ADD_TABLE(tc, the_with_word_tells_tls_and_auth, words);
        tcase_add_test(tc, the_longest_of_everything_fits_and_no_line_passes_998_octets);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
