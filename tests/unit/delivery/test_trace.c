/* test_trace.c — what tells where a message has been. */
#include "trace.h"

#include <check.h>
#include <stdlib.h>

START_TEST(received_fields_are_counted_and_mailboxes_remembered)
{
        struct trace_found found;
        struct slice header = SLICE("Return-Path: <a@b>\r\n"
                                    "Delivered-To: Alice@Example.ORG\r\n"
                                    "received: from x\r\n\tby y\r\n"
                                    "Subject: Received: no\r\n"
                                    "RECEIVED : from z\r\n"
                                    "Delivered-To: <bob@example.org> \r\n"
                                    "Delivered-To: alice@example.org\r\n"
                                    "Delivered-To: not an address\r\n"
                                    "Delivered-To:\r\n"
                                    "X-Received: by w\r\n"
                                    "\r\n"
                                    "Received: in the body\r\n");

        ck_assert(!trace_scan(header, &found));
        ck_assert_int_eq(found.received, 2);
        ck_assert_uint_eq(found.delivered_to.n, 2);
        ck_assert(names_have(&found.delivered_to, SLICE("alice@example.org")));
        ck_assert(names_have(&found.delivered_to, SLICE("bob@example.org")));
        ck_assert(!names_have(&found.delivered_to, SLICE("carol@example.org")));
        names_done(&found.delivered_to);
}
END_TEST

START_TEST(a_message_without_trace_has_none)
{
        struct trace_found found;

        ck_assert(!trace_scan(SLICE(""), &found));
        ck_assert_int_eq(found.received, 0);
        ck_assert_uint_eq(found.delivered_to.n, 0);
        names_done(&found.delivered_to);
}
END_TEST

START_TEST(a_crowd_of_mailboxes_is_a_loop)
{
        AUTO_BUF(header, 1 << 20);
        struct trace_found found;

        for (int i = 0; i < TRACE_MAX_DELIVERED; i++)
                buf_addf(&header, "Delivered-To: a%d@example.org\r\n", i);
        ck_assert(!trace_scan(buf_slice(&header), &found));
        names_done(&found.delivered_to);
        buf_addf(&header, "Delivered-To: one.more@example.org\r\n");
        ck_assert_int_eq(trace_scan(buf_slice(&header), &found), ERR_LIMIT);
        names_done(&found.delivered_to);
}
END_TEST

static const struct {
        const char *sender, *account, *trace;
} prints[] = {
        {"s@example.net",    "bob@example.org",
         "Return-Path: <s@example.net>\r\nDelivered-To: bob@example.org\r\n"                            },
        { "",                "bob@example.org",   "Return-Path: <>\r\nDelivered-To: bob@example.org\r\n"},
        { "a b@example.net", "b\"ob@example.org",
         "Return-Path: <\"a b\"@example.net>\r\nDelivered-To: \"b\\\"ob\"@example.org\r\n"              },
};

START_TEST(a_copy_begins_with_return_path_and_delivered_to)
{
        AUTO_BUF(out, TRACE_MAX_OCTETS);

        trace_print(slice_of(prints[_i].sender), slice_of(prints[_i].account), &out);
        ck_assert_str_eq(buf_slice(&out).ptr, prints[_i].trace);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("delivery trace");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        suite_add_tcase(s, tc);
        tcase_add_test(tc, received_fields_are_counted_and_mailboxes_remembered);
        tcase_add_test(tc, a_message_without_trace_has_none);
        tcase_add_test(tc, a_crowd_of_mailboxes_is_a_loop);
        tcase_add_loop_test(tc, a_copy_begins_with_return_path_and_delivered_to, 0,
                            (int)(sizeof prints / sizeof *prints));
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
