/* test_resolver.c — the resolver against a name server of the test's own, on the same loop. */
#include "helper_packet.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/dns/facts.h"
#include "mailserver/dns/name.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Answers what it knows by the first label of the name; "silent" it never does. */
static struct server {
        int fd;
        struct event *event;
        char address[32];
        unsigned asked;
} server;

static struct loop *loop;
static struct resolver *resolver;
static struct resolver_config config;
static char *servers[] = { server.address };
/* Of a domain that no test asks for: what the server says is not signed, and need not be. */
static char anchor[] = "/tmp/mailserver-anchor-XXXXXX";

static void write_anchor(void)
{
        static const char ds[] =
                "signed.example. IN DS 1 13 2 "
                "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n";
        int fd;

        memcpy(anchor + sizeof anchor - 7, "XXXXXX", 6);
        fd = mkstemp(anchor);
        ck_assert_int_eq(write(fd, ds, sizeof ds - 1), sizeof ds - 1);
        close(fd);
}

static void answer_question(struct buf *out, struct slice question)
{
        struct slice label = { question.ptr + 13, (unsigned char)question.ptr[12] };
        size_t length = question.len;

        buf_clear(out);
        /* Only the question is repeated, not the EDNS record behind it. */
        for (length = 12; question.ptr[length]; length += (unsigned char)question.ptr[length] + 1u)
                continue;
        buf_add(out, slice_head(question, length + 5));
        out->ptr[2] = (char)(0x84 | (question.ptr[2] & 1));
        out->ptr[3] = (char)0x80;
        memset(out->ptr + 6, 0, 6);
        if (slice_eq_word(label, SLICE("gone")))
                out->ptr[3] |= RCODE_NXDOMAIN;
        else if (slice_eq_word(label, SLICE("broken")))
                out->ptr[3] |= RCODE_SERVFAIL;
        else if (slice_eq_word(label, SLICE("mail")) && out->ptr[length + 2] == DNS_A)
                packet_rr(out, "mail.example.org", DNS_A, 60, SLICE("\300\0\2\1"));
}

static void asked(evutil_socket_t fd, short what, void *arg)
{
        char octets[4096];
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        AUTO_BUF(out, PACKET_MAX);
        ssize_t n = recvfrom(fd, octets, sizeof octets, 0, (struct sockaddr *)&peer, &size);

        (void)what;
        (void)arg;
        ck_assert_int_gt(n, 12);
        server.asked++;
        if (memcmp(octets + 13, "silent", 6) == 0)
                return;
        answer_question(&out, (struct slice){ octets, (size_t)n });
        ck_assert_int_eq(sendto(fd, out.ptr, out.len, 0, (struct sockaddr *)&peer, size), out.len);
}

static void setup(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof a;
        struct error error = { 0 };

        loop = loop_new();
        server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        server.asked = 0;
        ck_assert_int_eq(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
        ck_assert_int_eq(getsockname(server.fd, (struct sockaddr *)&a, &size), 0);
        snprintf(server.address, sizeof server.address, "127.0.0.1@%u", ntohs(a.sin_port));
        server.event = event_new(loop_base(loop), server.fd, EV_READ | EV_PERSIST, asked, NULL);
        event_add(server.event, NULL);
        write_anchor();
        config = (struct resolver_config){
                .servers = {servers, 1},
                .trust_anchor = anchor,
                .timeout_ms = 60000,
                .max_questions = 10,
                .cache_size = 1 << 20
        };
        resolver = resolver_new(loop, &config, &error);
        ck_assert_msg(resolver != NULL, "%s", error.text);
}

static void teardown(void)
{
        resolver_free(resolver);
        event_free(server.event);
        close(server.fd);
        unlink(anchor);
        loop_free(loop);
}

struct heard {
        unsigned times;
        enum dns_status status;
        size_t n;
        bool secure;
        char canonical[64], why[64];
        uint8_t ip[16];
};

static void hear(void *owner, const struct dns_answer *answer)
{
        struct heard *h = owner;

        h->times++;
        h->status = answer->status;
        h->n = answer->n;
        h->secure = answer->secure;
        snprintf(h->canonical, sizeof h->canonical, "%s", answer->canonical);
        snprintf(h->why, sizeof h->why, "%s", answer->why ? answer->why : "");
        if (answer->n)
                memcpy(h->ip, answer->records[0].ip, 16);
}

static struct heard ask(const char *name, enum dns_type type)
{
        struct heard h = { 0 };

        ck_assert_ptr_nonnull(resolver_ask(resolver, name, type, &h, hear));
        ck_assert_uint_eq(h.times, 0);
        while (!h.times)
                loop_turn(loop, true);
        return h;
}

START_TEST(a_question_is_answered_and_then_from_memory)
{
        struct heard h = ask("Mail.Example.ORG.", DNS_A);
        unsigned before = server.asked;

        ck_assert_int_eq(h.status, DNS_OK);
        ck_assert_uint_eq(h.n, 1);
        ck_assert(!h.secure);
        ck_assert_str_eq(h.canonical, "mail.example.org");
        ck_assert_mem_eq(h.ip, "\0\0\0\0\0\0\0\0\0\0\377\377\300\0\2\1", 16);
        h = ask("mail.example.org", DNS_A);
        ck_assert_int_eq(h.status, DNS_OK);
        ck_assert_uint_eq(server.asked, before);
}
END_TEST

START_TEST(what_is_not_there_is_told_apart)
{
        ck_assert_int_eq(ask("gone.example.org", DNS_A).status, DNS_NXDOMAIN);
        ck_assert_int_eq(ask("mail.example.org", DNS_MX).status, DNS_NODATA);
        ck_assert_int_eq(ask("broken.example.org", DNS_A).status, DNS_TEMPORARY);
}
END_TEST

START_TEST(a_silent_server_ends_in_a_time_out)
{
        struct heard h;

        config.timeout_ms = 100;
        h = ask("silent.example.org", DNS_A);
        ck_assert_int_eq(h.status, DNS_TEMPORARY);
        ck_assert_str_eq(h.why, "timed out");
}
END_TEST

START_TEST(a_name_that_cannot_be_asked_is_not)
{
        ck_assert_int_eq(ask("a..example.org", DNS_A).status, DNS_NXDOMAIN);
        ck_assert_int_eq(ask("", DNS_MX).status, DNS_NXDOMAIN);
        ck_assert_int_eq(ask("two words.example.org", DNS_A).status, DNS_NXDOMAIN);
        ck_assert_uint_eq(server.asked, 0);
}
END_TEST

START_TEST(a_cancelled_question_is_never_answered)
{
        struct heard first = { 0 }, second = { 0 };
        struct dns_query *q = resolver_ask(resolver, "silent.example.org", DNS_A, &first, hear);

        dns_query_cancel(q);
        dns_query_cancel(resolver_ask(resolver, "not a name", DNS_A, &first, hear));
        resolver_ask(resolver, "mail.example.org", DNS_A, &second, hear);
        while (!second.times)
                loop_turn(loop, true);
        ck_assert_uint_eq(first.times, 0);
        dns_query_cancel(NULL);
}
END_TEST

START_TEST(too_many_questions_at_one_time_are_put_off)
{
        struct dns_query *waiting[10];
        struct heard none = { 0 };

        for (unsigned i = 0; i < 10; i++)
                waiting[i] = resolver_ask(resolver, "silent.example.org", DNS_A, &none, hear);
        ck_assert_int_eq(ask("mail.example.org", DNS_A).status, DNS_TEMPORARY);
        for (unsigned i = 0; i < 10; i++)
                dns_query_cancel(waiting[i]);
        ck_assert_int_eq(ask("mail.example.org", DNS_A).status, DNS_OK);
        ck_assert_uint_eq(none.times, 0);
}
END_TEST

/* ---- inquiries ---- */

/* Wants the address of a name, and after it those of two others. */
struct inquiry_test {
        unsigned steps, ended;
        enum err err;
        size_t known;
};

static void want(void *owner, const struct dns_facts *known, struct dns_questions *lacking)
{
        struct inquiry_test *t = owner;

        t->steps++;
        if (!dns_facts_ask(known, "mail.example.org", DNS_A, lacking))
                return;
        dns_facts_ask(known, "gone.example.org", DNS_A, lacking);
        dns_facts_ask(known, "mail.example.org", DNS_AAAA, lacking);
}

static void end(void *owner, const struct dns_facts *known, enum err err)
{
        struct inquiry_test *t = owner;

        t->ended++;
        t->err = err;
        for (const struct dns_fact *f = known->first; f; f = f->next)
                t->known++;
}

START_TEST(an_inquiry_asks_in_rounds_until_nothing_lacks)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct inquiry_test t = { 0 };

        dns_inquire(resolver, loop, &facts, 3, want, end, &t);
        ck_assert_uint_eq(t.steps, 0);
        while (!t.ended)
                loop_turn(loop, true);
        ck_assert_int_eq(t.err, ERR_OK);
        ck_assert_uint_eq(t.steps, 3);
        ck_assert_uint_eq(t.known, 3);
}
END_TEST

START_TEST(an_inquiry_that_asks_too_much_ends)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct inquiry_test t = { 0 };

        dns_inquire(resolver, loop, &facts, 2, want, end, &t);
        while (!t.ended)
                loop_turn(loop, true);
        ck_assert_int_eq(t.err, ERR_LIMIT);
}
END_TEST

START_TEST(a_cancelled_inquiry_is_silent)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(1 << 16);
        struct dns_facts facts = { .arena = &arena };
        struct inquiry_test t = { 0 };
        struct dns_inquiry *i = dns_inquire(resolver, loop, &facts, 3, want, end, &t);

        while (!t.steps)
                loop_turn(loop, true);
        dns_inquiry_cancel(i);
        dns_inquiry_cancel(dns_inquire(resolver, loop, &facts, 3, want, end, &t));
        ask("mail.example.org", DNS_A);
        ck_assert_uint_eq(t.ended, 0);
}
END_TEST

START_TEST(a_wrong_setting_is_named)
{
        struct error error;
        char word[] = "not an address", missing[] = "/nonexistent/anchor";
        char *words[] = { word };
        struct resolver_config wrong = config;

        wrong.servers.items = words;
        ck_assert_ptr_null(resolver_new(loop, &wrong, &error));
        ck_assert_ptr_nonnull(strstr(error.text, "not an address"));
        wrong = config;
        wrong.trust_anchor = missing;
        ck_assert_ptr_null(resolver_new(loop, &wrong, &error));
        ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent/anchor"));
}
END_TEST

static const struct {
        const char *name, *ascii;
} names[] = {
        {"Example.ORG",                                                           "example.org"          },
        { "example.org.",                                                         "example.org"          },
        { "_25._tcp.mx.a",                                                        "_25._tcp.mx.a"        },
        { "b\303\274cher.example",                                                "xn--bcher-kva.example"},
        { "B\303\234cher.example",                                                "xn--bcher-kva.example"},
        { "a..b",                                                                 NULL                   },
        { ".a",                                                                   NULL                   },
        { ".",                                                                    NULL                   },
        { "a b",                                                                  NULL                   },
        { "a\\046b",                                                              NULL                   },
        { "\377\376.org",                                                         NULL                   },
        { "a123456789012345678901234567890123456789012345678901234567890123.org", NULL                   },
};

START_TEST(names_take_the_form_that_is_asked)
{
        AUTO_BUF(out, DNS_MAX_NAME);
        enum err err = dns_name_ascii(names[_i].name, &out);

        if (names[_i].ascii) {
                ck_assert_int_eq(err, ERR_OK);
                ck_assert_msg(slice_eq(buf_slice(&out), slice_of(names[_i].ascii)), "%s",
                              names[_i].name);
        } else {
                ck_assert_int_eq(err, ERR_SYNTAX);
                ck_assert_uint_eq(out.len, 0);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("dns resolver");
        TCase *tcase = tcase_create("resolver"), *pure = tcase_create("names");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_question_is_answered_and_then_from_memory);
        tcase_add_test(tcase, what_is_not_there_is_told_apart);
        tcase_add_test(tcase, a_silent_server_ends_in_a_time_out);
        tcase_add_test(tcase, a_name_that_cannot_be_asked_is_not);
        tcase_add_test(tcase, a_cancelled_question_is_never_answered);
        tcase_add_test(tcase, too_many_questions_at_one_time_are_put_off);
        tcase_add_test(tcase, an_inquiry_asks_in_rounds_until_nothing_lacks);
        tcase_add_test(tcase, an_inquiry_that_asks_too_much_ends);
        tcase_add_test(tcase, a_cancelled_inquiry_is_silent);
        tcase_add_test(tcase, a_wrong_setting_is_named);
        tcase_add_loop_test(pure, names_take_the_form_that_is_asked, 0,
                            (int)(sizeof names / sizeof *names));
        suite_add_tcase(suite, tcase);
        suite_add_tcase(suite, pure);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
