/* test_packet.c — answers of the DNS as octets, good ones and others. */
#include "helper_packet.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/mem.h"
#include "mailserver/dns/resolver.h"

#include <arpa/nameser.h>
#include <check.h>
#include <stdlib.h>

enum { ROOM = 1 << 20 };

static struct arena arena;
static struct buf packet = BUF_INIT(PACKET_MAX);

static void setup(void)
{
        arena = (struct arena)ARENA_INIT(ROOM);
}

static void teardown(void)
{
        arena_done(&arena);
        buf_done(&packet);
}

static struct dns_answer parse(const char *name, enum dns_type type)
{
        struct dns_answer answer;

        ck_assert_int_eq(dns_parse(buf_slice(&packet), name, type, &arena, &answer), ERR_OK);
        return answer;
}

static void check_ip(const struct dns_record *record, const char octets[16])
{
        ck_assert_mem_eq(record->ip, octets, 16);
}

START_TEST(addresses_of_both_families)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "Mail.Example.ORG", DNS_A);
        packet_rr(&packet, "mail.example.org", DNS_A, 60, SLICE("\300\0\2\1"));
        packet_rr(&packet, "mail.example.org", DNS_A, 30, SLICE("\300\0\2\2"));
        a = parse("MAIL.example.org.", DNS_A);
        ck_assert_int_eq(a.status, DNS_OK);
        ck_assert_uint_eq(a.n, 2);
        ck_assert_uint_eq(a.ttl, 30);
        ck_assert_str_eq(a.canonical, "mail.example.org");
        check_ip(&a.records[1], "\0\0\0\0\0\0\0\0\0\0\377\377\300\0\2\2");
        packet_begin(&packet, RCODE_OK, "m.example.org", DNS_AAAA);
        packet_rr(&packet, "m.example.org", DNS_AAAA, 60,
                  SLICE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
        a = parse("m.example.org", DNS_AAAA);
        check_ip(&a.records[0], "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
}
END_TEST

START_TEST(mx_names_are_lower_case_and_may_be_the_root)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "example.org", DNS_MX);
        packet_mx(&packet, "Example.Org", 10, "MX1.Example.Org");
        packet_mx(&packet, "example.org", 0, "");
        a = parse("example.org", DNS_MX);
        ck_assert_uint_eq(a.n, 2);
        ck_assert_str_eq(a.records[0].name, "mx1.example.org");
        ck_assert_uint_eq(a.records[0].preference, 10);
        ck_assert_str_eq(a.records[1].name, "");
}
END_TEST

START_TEST(odd_octets_of_a_name_cannot_pass_for_others)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "example.org", DNS_CNAME);
        packet_rr(&packet, "example.org", DNS_CNAME, 1, SLICE("\4a.b\n\3c d\0"));
        a = parse("example.org", DNS_CNAME);
        ck_assert_str_eq(a.records[0].name, "a\\046b\\010.c\\032d");
}
END_TEST

START_TEST(strings_of_a_txt_are_joined)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "example.org", DNS_TXT);
        packet_rr(&packet, "example.org", DNS_TXT, 1, SLICE("\7v=spf1 \0\4-all"));
        packet_rr(&packet, "example.org", DNS_TXT, 1, SLICE(""));
        a = parse("example.org", DNS_TXT);
        ck_assert(slice_eq(a.records[0].octets, SLICE("v=spf1 -all")));
        ck_assert_uint_eq(a.records[1].octets.len, 0);
}
END_TEST

START_TEST(tlsa_and_srv)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "_25._tcp.mx.example.org", DNS_TLSA);
        packet_rr(&packet, "_25._tcp.mx.example.org", DNS_TLSA, 1, SLICE("\3\1\1\xab\xcd"));
        packet_rr(&packet, "_25._tcp.mx.example.org", DNS_TLSA, 1, SLICE("\2\0\1"));
        a = parse("_25._tcp.mx.example.org", DNS_TLSA);
        ck_assert_uint_eq(a.n, 2);
        ck_assert_uint_eq(a.records[0].usage, 3);
        ck_assert_uint_eq(a.records[0].selector, 1);
        ck_assert_uint_eq(a.records[0].matching, 1);
        ck_assert(slice_eq(a.records[0].octets, SLICE("\xab\xcd")));
        ck_assert_uint_eq(a.records[1].octets.len, 0);
        packet_begin(&packet, RCODE_OK, "_imaps._tcp.example.org", DNS_SRV);
        packet_rr(&packet, "_imaps._tcp.example.org", DNS_SRV, 1, SLICE("\0\1\0\2\3\xe1\1m\2ex\0"));
        a = parse("_imaps._tcp.example.org", DNS_SRV);
        ck_assert_uint_eq(a.records[0].preference, 1);
        ck_assert_uint_eq(a.records[0].weight, 2);
        ck_assert_uint_eq(a.records[0].port, 993);
        ck_assert_str_eq(a.records[0].name, "m.ex");
}
END_TEST

START_TEST(cnames_are_followed_in_any_order)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "a.example.org", DNS_A);
        packet_rr(&packet, "c.example.org", DNS_A, 60, SLICE("\300\0\2\1"));
        packet_rr(&packet, "b.example.org", DNS_CNAME, 5, SLICE("\1C\7example\3org\0"));
        packet_rr(&packet, "a.example.org", DNS_CNAME, 7, SLICE("\1b\7example\3org\0"));
        packet_rr(&packet, "other.example.org", DNS_A, 1, SLICE("\300\0\2\7"));
        a = parse("a.example.org", DNS_A);
        ck_assert_int_eq(a.status, DNS_OK);
        ck_assert_uint_eq(a.n, 1);
        ck_assert_uint_eq(a.ttl, 5);
        ck_assert_str_eq(a.canonical, "c.example.org");
}
END_TEST

START_TEST(a_circle_of_cnames_is_an_error)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "a.org", DNS_A);
        packet_rr(&packet, "a.org", DNS_CNAME, 5, SLICE("\1b\3org\0"));
        packet_rr(&packet, "b.org", DNS_CNAME, 5, SLICE("\1a\3org\0"));
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "a.org", DNS_A, &arena, &a), ERR_SYNTAX);
}
END_TEST

START_TEST(no_such_name_and_no_such_record_differ)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_NXDOMAIN, "no.example.org", DNS_MX);
        packet_soa(&packet, "example.org", 600, 40);
        a = parse("no.example.org", DNS_MX);
        ck_assert_int_eq(a.status, DNS_NXDOMAIN);
        ck_assert_uint_eq(a.ttl, 40);
        packet_begin(&packet, RCODE_OK, "example.org", DNS_MX);
        packet_rr(&packet, "example.org", DNS_A, 60, SLICE("\300\0\2\1"));
        packet_soa(&packet, "example.org", 30, 40);
        a = parse("example.org", DNS_MX);
        ck_assert_int_eq(a.status, DNS_NODATA);
        ck_assert_uint_eq(a.ttl, 30);
        packet_begin(&packet, RCODE_SERVFAIL, "example.org", DNS_MX);
        a = parse("example.org", DNS_MX);
        ck_assert_int_eq(a.status, DNS_TEMPORARY);
        ck_assert_str_eq(a.why, "SERVFAIL");
}
END_TEST

START_TEST(a_name_that_a_cname_leads_to_may_be_missing)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_NXDOMAIN, "a.org", DNS_A);
        packet_rr(&packet, "a.org", DNS_CNAME, 5, SLICE("\4gone\3org\0"));
        a = parse("a.org", DNS_A);
        ck_assert_int_eq(a.status, DNS_NXDOMAIN);
        ck_assert_str_eq(a.canonical, "gone.org");
}
END_TEST

START_TEST(names_may_be_compressed_backwards_only)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "example.org", DNS_CNAME);
        packet_rr(&packet, "example.org", DNS_CNAME, 5, SLICE("\1b\xc0\x0c"));
        a = parse("example.org", DNS_CNAME);
        ck_assert_str_eq(a.records[0].name, "b.example.org");
        packet_begin(&packet, RCODE_OK, "example.org", DNS_CNAME);
        /* The data stands at 12 + 13 + 4 + 13 + 10 = 52 = 0x34. */
        packet_rr(&packet, "example.org", DNS_CNAME, 5, SLICE("\1b\xc0\x34"));
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "example.org", DNS_CNAME, &arena, &a),
                         ERR_SYNTAX);
        packet_begin(&packet, RCODE_OK, "example.org", DNS_CNAME);
        packet_rr(&packet, "example.org", DNS_CNAME, 5, SLICE("\xc0\x36\xc0\x34"));
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "example.org", DNS_CNAME, &arena, &a),
                         ERR_SYNTAX);
}
END_TEST

static const struct {
        const char *what;
        enum dns_type type;
        struct slice data;
} malformed[] = {
        {"an address of 3 octets",          DNS_A,    { "\1\2\3", 3 }    },
        { "an address of 5 octets",         DNS_A,    { "\1\2\3\4\5", 5 }},
        { "an IPv6 address of 4 octets",    DNS_AAAA, { "\1\2\3\4", 4 }  },
        { "an MX of one octet",             DNS_MX,   { "\0", 1 }        },
        { "an MX without its name",         DNS_MX,   { "\0\1", 2 }      },
        { "an MX with something behind it", DNS_MX,   { "\0\1\1a\0x", 6 }},
        { "a name that does not end",       DNS_MX,   { "\0\1\1a", 4 }   },
        { "a label of 64 octets",           DNS_PTR,  { "\x40\0", 2 }    },
        { "a TXT string longer than it",    DNS_TXT,  { "\5abc", 4 }     },
        { "a TLSA of two octets",           DNS_TLSA, { "\3\1", 2 }      },
        { "an SRV without its port",        DNS_SRV,  { "\0\1\0\2", 4 }  },
};

START_TEST(malformed_data_is_refused)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "x.org", malformed[_i].type);
        packet_rr(&packet, "x.org", malformed[_i].type, 5, malformed[_i].data);
        ck_assert_msg(dns_parse(buf_slice(&packet), "x.org", malformed[_i].type, &arena, &a) ==
                              ERR_SYNTAX,
                      "%s", malformed[_i].what);
}
END_TEST

START_TEST(cut_anywhere_it_is_refused_or_says_less)
{
        packet_begin(&packet, RCODE_OK, "a.org", DNS_MX);
        packet_rr(&packet, "a.org", DNS_CNAME, 5, SLICE("\1b\3org\0"));
        packet_mx(&packet, "b.org", 10, "mx.b.org");
        packet_soa(&packet, "org", 30, 40);
        for (size_t n = 0; n < packet.len; n++) {
                AUTO(arena_done) struct arena own = ARENA_INIT(ROOM);
                AUTO(mem_freep) char *part = mem_strdup(slice_head(buf_slice(&packet), n));
                struct dns_answer a;
                enum err err = dns_parse((struct slice){ part, n }, "a.org", DNS_MX, &own, &a);

                ck_assert_msg(err == ERR_SYNTAX || (!err && a.n == 1), "at %zu", n);
        }
}
END_TEST

START_TEST(counts_that_lie_are_refused)
{
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "a.org", DNS_MX);
        packet_mx(&packet, "a.org", 10, "mx.a.org");
        packet.ptr[6] = packet.ptr[7] = (char)0xff;
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "a.org", DNS_MX, &arena, &a), ERR_SYNTAX);
        packet.ptr[4] = packet.ptr[5] = (char)0xff;
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "a.org", DNS_MX, &arena, &a), ERR_SYNTAX);
}
END_TEST

START_TEST(a_thousand_mx_are_read_and_memory_is_bounded)
{
        AUTO(arena_done) struct arena small = ARENA_INIT(4096);
        struct dns_answer a;

        packet_begin(&packet, RCODE_OK, "a.org", DNS_MX);
        for (unsigned i = 0; i < 1000; i++)
                packet_mx(&packet, "a.org", i, "a-host-with-some-name.a.org");
        a = parse("a.org", DNS_MX);
        ck_assert_uint_eq(a.n, 1000);
        ck_assert_uint_eq(a.records[999].preference, 999);
        ck_assert_int_eq(dns_parse(buf_slice(&packet), "a.org", DNS_MX, &small, &a), ERR_LIMIT);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("dns packet");
        TCase *tcase = tcase_create("packet");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, addresses_of_both_families);
        tcase_add_test(tcase, mx_names_are_lower_case_and_may_be_the_root);
        tcase_add_test(tcase, odd_octets_of_a_name_cannot_pass_for_others);
        tcase_add_test(tcase, strings_of_a_txt_are_joined);
        tcase_add_test(tcase, tlsa_and_srv);
        tcase_add_test(tcase, cnames_are_followed_in_any_order);
        tcase_add_test(tcase, a_circle_of_cnames_is_an_error);
        tcase_add_test(tcase, no_such_name_and_no_such_record_differ);
        tcase_add_test(tcase, a_name_that_a_cname_leads_to_may_be_missing);
        tcase_add_test(tcase, names_may_be_compressed_backwards_only);
        tcase_add_loop_test(tcase, malformed_data_is_refused, 0,
                            (int)(sizeof malformed / sizeof *malformed));
        tcase_add_test(tcase, cut_anywhere_it_is_refused_or_says_less);
        tcase_add_test(tcase, counts_that_lie_are_refused);
        tcase_add_test(tcase, a_thousand_mx_are_read_and_memory_is_bounded);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
