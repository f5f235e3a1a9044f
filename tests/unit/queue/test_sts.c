/* test_sts.c — MTA-STS against a name server and an HTTPS server of the test's own. */
#include "curl_library.h"
#include "helper_names.h"
#include "helper_sts.h"
#include "sts.h"
#include "sts_decide.h"

#include "mailserver/core/loop.h"

#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOMENT_MS = 20 };

#define ENFORCE "version: STSv1\nmode: enforce\nmx: mx.%s\nmax_age: 86400\n"

/* ---- pure ---- */

static const struct {
        const char *name;
        enum sts_decision decision;
        bool kept, published, same, failed_lately, old;
} decisions[] = {
        {"nothing is known",     STS_NONE,             .kept = false                          },
        {                                 "the first record is seen",             STS_FETCH,    .published = true                                      },
        {      "the first fetch has failed",     STS_NONE,    .published = true,                                       .failed_lately = true },
        { "the record is that of the kept",          STS_KEPT,             .kept = true,                                                                          .published = true,
         .same = true },
        {                                                                                                         "the kept is a day old",           STS_REFRESH,         .kept = true,                       .published = true, .same = true,
         .old = true },
        {                     "the kept is a day old, no fetch lately",                     STS_KEPT, .kept = true,            .published = true,
         .same = true, .old = true, .failed_lately = true },
        {            "the record is a new one",           STS_FETCH,                    .kept = true,                                      .published = true },
        {                                                                     "the new one could not be fetched",   STS_KEPT,.kept = true,.published = true,
         .failed_lately = true },
        {        "the record has gone",            STS_KEPT,                             .kept = true                                                                          },
        {                                                                                                   "the record has gone, and the kept is old", STS_KEPT,  .kept = true, .old = true },
};

START_TEST(what_is_known_decides)
{
        const struct sts_known known = {
                .kept = decisions[_i].kept,
                .kept_id = SLICE("1"),
                .fetched_us = 1000,
                .published = decisions[_i].published,
                .id = decisions[_i].same ? SLICE("1") : SLICE("2"),
                .failed_lately = decisions[_i].failed_lately,
                .now_us = decisions[_i].old ? 1100 : 1099,
                .refresh_us = 100,
        };

        ck_assert_msg(sts_decide(&known) == decisions[_i].decision, "%s", decisions[_i].name);
}
END_TEST

static const struct {
        long status;
        const char *type;
        bool good;
} responses[] = {
        {200,  "text/plain",                true },
        { 200, "Text/Plain; charset=utf-8", true },
        { 200, "text/plain ;charset=utf-8", true },
        { 200, "text/html",                 false},
        { 200, "text/plainer",              false},
        { 200, "",                          false},
        { 200, NULL,                        false},
        { 204, "text/plain",                false},
        { 206, "text/plain",                false},
        { 301, "text/plain",                false},
        { 404, "text/plain",                false},
        { 500, "text/plain",                false},
        { 0,   "text/plain",                false},
};

START_TEST(a_policy_is_200_and_plain_text)
{
        ck_assert_msg(!sts_response_wrong(responses[_i].status, responses[_i].type) ==
                              responses[_i].good,
                      "%ld %s", responses[_i].status, responses[_i].type);
}
END_TEST

/* ---- asking ---- */

START_TEST(a_policy_is_fetched_and_then_kept)
{
        struct sts_heard h;

        sts_publish("good", "1", ENFORCE);
        h = sts_rig_ask("Good.Example.ORG.");
        ck_assert(h.policy);
        ck_assert_int_eq(h.mode, MTA_STS_ENFORCE);
        ck_assert_str_eq(h.mx, "mx.good.example.org");
        ck_assert_uint_eq(sts_requests("mta-sts.good.example.org"), 1);
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("mta-sts.good.example.org"), 1);
        /* Another process that takes the store over knows it, too. */
        sts_rig_restart();
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("mta-sts.good.example.org"), 1);
        ck_assert_uint_eq(sts_requests("Accept-Encoding"), 0);
        ck_assert_uint_eq(sts_requests("GET /.well-known/mta-sts.txt HTTP/1.1"), 1);
}
END_TEST

START_TEST(those_who_ask_at_one_time_share_a_fetch)
{
        struct sts_heard heard[3] = { 0 };

        sts_publish("good", "1", ENFORCE);
        for (unsigned i = 0; i < 3; i++)
                sts_ask(rig.sts, "good.example.org", &heard[i], sts_hear);
        ck_assert_uint_eq(heard[0].times, 0);
        while (!heard[2].times)
                loop_turn(rig.loop, true);
        ck_assert(heard[0].policy && heard[1].policy && heard[2].policy);
        ck_assert_uint_eq(sts_requests("mta-sts.good.example.org"), 1);
}
END_TEST

START_TEST(a_domain_without_a_record_is_not_asked)
{
        struct sts_heard h;

        sts_publish("good", "1", ENFORCE);
        names_set("_mta-sts.good.example.org", DNS_TXT, NULL);
        h = sts_rig_ask("good.example.org");
        ck_assert(!h.policy);
        names_set("_mta-sts.good.example.org", DNS_TXT, "v=spf1 -all");
        ck_assert(!sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 0);
}
END_TEST

START_TEST(a_new_id_brings_the_new_policy)
{
        sts_publish("good", "1", ENFORCE);
        ck_assert_int_eq(sts_rig_ask("good.example.org").mode, MTA_STS_ENFORCE);
        sts_publish("good", "2", "version: STSv1\r\nmode: testing\r\nmx: *.x.%s\r\nmax_age: 9\r\n");
        ck_assert_int_eq(sts_rig_ask("good.example.org").mode, MTA_STS_TESTING);
        ck_assert_uint_eq(sts_requests("GET"), 2);
        sts_publish("good", "3", "version: STSv1\nmode: none\nmax_age: 86400\n");
        ck_assert(!sts_rig_ask("good.example.org").policy);
        names_set("_mta-sts.good.example.org", DNS_TXT, NULL);
        ck_assert(!sts_rig_ask("good.example.org").policy);
}
END_TEST

/* RFC 8461 5.1, 10.1: nobody takes it away before its end. */
START_TEST(what_is_kept_outlives_its_record)
{
        static const char *const gone[] = { NULL, "", "SERVFAIL", "v=STSv1; id=not-one" };

        sts_publish("good", "1", ENFORCE);
        ck_assert(sts_rig_ask("good.example.org").policy);
        names_set("_mta-sts.good.example.org", DNS_TXT, gone[_i]);
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 1);
}
END_TEST

START_TEST(what_is_kept_outlives_its_server)
{
        sts_publish("good", "1", ENFORCE);
        ck_assert(sts_rig_ask("good.example.org").policy);
        sts_publish("good", "2", ENFORCE);
        sts_respond("good", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 2);
}
END_TEST

START_TEST(a_policy_that_has_ended_does_not_hold)
{
        sts_publish("good", "1", "version: STSv1\nmode: enforce\nmx: a.%s\nmax_age: 0\n");
        ck_assert(sts_rig_ask("good.example.org").policy);
        names_set("_mta-sts.good.example.org", DNS_TXT, NULL);
        ck_assert(!sts_rig_ask("good.example.org").policy);
}
END_TEST

START_TEST(an_old_policy_is_fetched_again_while_it_holds)
{
        struct sts_heard h;

        sts_publish("good", "1", ENFORCE);
        ck_assert_str_eq(sts_rig_ask("good.example.org").mx, "mx.good.example.org");
        rig.options.refresh_ms = 0;
        sts_rig_restart();
        sts_publish("good", "1", "version: STSv1\nmode: enforce\nmx: new.%s\nmax_age: 86400\n");
        ck_assert_str_eq(sts_rig_ask("good.example.org").mx, "mx.good.example.org");
        /* While it is under way the old one is given, then the new one. */
        do
                h = sts_rig_ask("good.example.org");
        while (strcmp(h.mx, "mx.good.example.org") == 0);
        ck_assert_str_eq(h.mx, "new.good.example.org");
}
END_TEST

/* ---- servers that do harm ---- */

#define PLAIN "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define GOOD  "version: STSv1\nmode: enforce\nmx: a.org\nmax_age: 86400\n"

static const struct {
        const char *host, *response;
} hostile[] = {
        {"missing",   "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n" GOOD     },
        { "moved",    "HTTP/1.1 302 Found\r\nLocation: https://mta-sts.good.example.org/\r\n"
                   "Content-Type: text/plain\r\n\r\n" GOOD                },
        { "html",     "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" GOOD             },
        { "untyped",  "HTTP/1.1 200 OK\r\n\r\n" GOOD                                        },
        { "old",      GOOD                                                                  },
        { "empty",    ""                                                                    },
        { "endless",  PLAIN "\r\n" GOOD                                                     },
        { "stall",    ""                                                                    },
        { "short",    PLAIN "Content-Length: 100\r\n\r\nversion: STSv1\n"                   },
        { "huge",     PLAIN "Content-Length: 99999999999\r\n\r\n" GOOD                      },
        { "chunks",   PLAIN "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"      },
        { "gzip",     PLAIN "Content-Encoding: gzip\r\n\r\n\037\213\010"                    },
        { "wrong",    PLAIN "\r\nversion: STSv1\nmode: enforce\nmax_age: 86400\n"           },
        { "common",   PLAIN "\r\n" GOOD                                                     },
        { "stranger", PLAIN "\r\n" GOOD                                                     },
        { "nul",      PLAIN "\r\nversion: STSv1\nmode: \001enforce\nmx: a.org\nmax_age: 1\n"},
};

static bool wrong_certificate(const char *host)
{
        return strcmp(host, "stranger") == 0 || strcmp(host, "common") == 0;
}

START_TEST(a_hostile_server_gives_no_policy)
{
        char domain[64];

        snprintf(domain, sizeof domain, "%s.example.org", hostile[_i].host);
        sts_publish(hostile[_i].host, "1", "");
        sts_respond(hostile[_i].host, hostile[_i].response);
        if (strcmp(hostile[_i].host, "stall") == 0) {
                rig.options.timeout_ms = 3000; /* its request must have come by then */
                sts_rig_restart();
        }
        ck_assert_msg(!sts_rig_ask(domain).policy, "%s", domain);
        ck_assert_msg(!sts_rig_ask(domain).policy, "%s", domain);
        /* Not asked again for some minutes; one whose certificate is another's not at all. */
        ck_assert_uint_eq(sts_requests("GET"), wrong_certificate(hostile[_i].host) ? 0 : 1);
        ck_assert(!sts_rig_ask("good.example.org").policy);
}
END_TEST

/* A header field without end, and as many as one likes. */
START_TEST(a_header_without_end_gives_no_policy)
{
        AUTO_BUF(response, 1 << 20);

        buf_add(&response, SLICE(PLAIN));
        for (int i = 0; i < 10000; i++)
                buf_addf(&response, _i ? "X-Field-%d: value\r\n" : "X-%d-", i);
        buf_add(&response, SLICE("\r\n\r\n" GOOD));
        sts_publish("good", "1", "");
        sts_respond("good", response.ptr);
        ck_assert(!sts_rig_ask("good.example.org").policy);
}
END_TEST

START_TEST(a_failure_is_forgotten_after_a_while)
{
        rig.options.retry_ms = 0;
        sts_rig_restart();
        sts_publish("good", "1", ENFORCE);
        sts_respond("good", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
        ck_assert(!sts_rig_ask("good.example.org").policy);
        sts_publish("good", "1", ENFORCE);
        ck_assert(sts_rig_ask("good.example.org").policy);
}
END_TEST

START_TEST(private_addresses_are_not_asked)
{
        rig.options.private_addresses = false;
        sts_rig_restart();
        sts_publish("good", "1", ENFORCE);
        ck_assert(!sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 0);
}
END_TEST

START_TEST(a_host_without_address_gives_no_policy)
{
        sts_publish("good", "1", ENFORCE);
        names_set("mta-sts.good.example.org", DNS_A, NULL);
        ck_assert(!sts_rig_ask("good.example.org").policy);
}
END_TEST

START_TEST(a_server_nobody_certifies_gives_no_policy)
{
        rig.options.ca_file = "/dev/null";
        sts_rig_restart();
        sts_publish("good", "1", ENFORCE);
        ck_assert(!sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 0);
}
END_TEST

/* ---- libcurl ---- */

START_TEST(without_libcurl_there_is_no_policy)
{
        struct sts_heard good = { 0 }, chunks = { 0 };

        rig.options.curl_file = "/nonexistent/libcurl.so.4";
        sts_rig_restart();
        sts_publish("good", "1", ENFORCE);
        sts_publish("chunks", "1", ENFORCE);
        sts_ask(rig.sts, "good.example.org", &good, sts_hear);
        sts_ask(rig.sts, "chunks.example.org", &chunks, sts_hear);
        while (!good.times || !chunks.times)
                loop_turn(rig.loop, true);
        ck_assert(!good.policy && !chunks.policy);
        ck_assert_uint_eq(sts_requests("GET"), 0);
}
END_TEST

START_TEST(without_libcurl_what_is_kept_stays)
{
        sts_publish("good", "1", ENFORCE);
        ck_assert(sts_rig_ask("good.example.org").policy);
        rig.options.curl_file = "/nonexistent/libcurl.so.4";
        sts_rig_restart();
        sts_publish("good", "2", ENFORCE);
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(sts_requests("GET"), 1);
}
END_TEST

START_TEST(a_policy_waits_for_a_worker_to_load_libcurl)
{
        struct sts_heard heard = { 0 };
        struct timer timer = { 0 };

        sts_publish("good", "1", ENFORCE);
        sts_rig_fill_workers();
        sts_ask(rig.sts, "good.example.org", &heard, sts_hear);
        timer_set(&timer, rig.loop, 600, sts_rig_free_workers, NULL);
        while (!heard.times)
                loop_turn(rig.loop, true);
        ck_assert(heard.policy);
        timer_done(&timer);
        sts_rig_free_workers(NULL);
}
END_TEST
START_TEST(libcurl_is_found_when_it_has_been_installed)
{
        static char path[] = "/tmp/mailserver-curl-XXXXXX", file[64];
        char real[4096];

        ck_assert_ptr_nonnull(mkdtemp(path));
        snprintf(file, sizeof file, "%s/libcurl.so.4", path);
        rig.options.curl_file = file;
        sts_rig_restart();
        sts_publish("good", "1", ENFORCE);
        sts_publish("chunks", "1", ENFORCE);
        ck_assert(!sts_rig_ask("good.example.org").policy);

        ck_assert_int_eq(dlinfo(dlopen(CURL_LIBRARY_FILE, RTLD_NOW), RTLD_DI_ORIGIN, real), 0);
        strcat(real, "/" CURL_LIBRARY_FILE);
        ck_assert_int_eq(symlink(real, file), 0);
        ck_assert(sts_rig_ask("chunks.example.org").policy);
        unlink(file);
        rmdir(path);
}
END_TEST

static const char *const nameless[] = { "",
                                        "[192.0.2.1]",
                                        "two words.example.org",
                                        "a/b.example",
                                        "good@example.org",
                                        "good.example.org:1" };

START_TEST(a_name_that_cannot_be_one_has_no_policy)
{
        ck_assert(!sts_rig_ask(nameless[_i]).policy);
        ck_assert_uint_eq(names.asked, 0);
}
END_TEST

/* ---- life ---- */

static void moment_over(void *arg)
{
        (void)arg;
}

/* Of the loop; waits a moment at most for something to happen. */
static void turn(void)
{
        struct timer moment = { 0 };

        timer_set(&moment, rig.loop, MOMENT_MS, moment_over, NULL);
        loop_turn(rig.loop, true);
        timer_done(&moment);
}

START_TEST(a_fetch_waits_for_its_turn)
{
        struct sts_heard good = { 0 }, stalled = { 0 };

        rig.options.max_fetches = 1;
        sts_rig_restart();
        sts_publish("stall", "1", ENFORCE);
        sts_publish("good", "1", ENFORCE);
        sts_ask(rig.sts, "stall.example.org", &stalled, sts_hear);
        while (sts_requests("mta-sts.stall.example.org") == 0)
                loop_turn(rig.loop, false);
        sts_ask(rig.sts, "good.example.org", &good, sts_hear);
        for (int turns = 0; turns < 20; turns++)
                turn();
        ck_assert_uint_eq(sts_requests("GET"), 1);
        sts_go_on();
        while (!good.times)
                loop_turn(rig.loop, true);
        ck_assert(good.policy);
        ck_assert_uint_eq(stalled.times, 1);
        ck_assert(!stalled.policy);
}
END_TEST

START_TEST(a_cancelled_query_is_never_answered)
{
        struct sts_heard none = { 0 };

        sts_publish("good", "1", ENFORCE);
        sts_query_cancel(sts_ask(rig.sts, "good.example.org", &none, sts_hear));
        sts_query_cancel(NULL);
        ck_assert(sts_rig_ask("good.example.org").policy);
        ck_assert_uint_eq(none.times, 0);
}
END_TEST

START_TEST(it_may_end_at_any_moment)
{
        struct sts_heard none = { 0 };
        struct sts_query *q;

        sts_publish("stall", "1", ENFORCE);
        q = sts_ask(rig.sts, "stall.example.org", &none, sts_hear);
        for (int turns = 0; turns < _i; turns++)
                turn();
        sts_query_cancel(q);
        sts_rig_restart();
        ck_assert_uint_eq(none.times, 0);
}
END_TEST

struct again {
        struct sts_heard heard;
        unsigned left;
};

static void ask_again(void *owner, const struct mta_sts_policy *policy)
{
        struct again *a = owner;
        unsigned before = a->heard.times;

        sts_hear(&a->heard, policy);
        if (a->left--)
                sts_ask(rig.sts, "good.example.org", a, ask_again);
        ck_assert_uint_eq(a->heard.times, before + 1);
}

START_TEST(an_answer_may_ask_again)
{
        struct again a = { .left = 3 };

        if (_i)
                sts_publish("good", "1", ENFORCE);
        if (_i == 2)
                sts_respond("good", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
        sts_ask(rig.sts, _i == 3 ? "" : "good.example.org", &a, ask_again);
        while (a.heard.times < 4)
                loop_turn(rig.loop, true);
        ck_assert(a.heard.policy == (_i == 1 || _i == 3));
        ck_assert_uint_le(sts_requests("GET"), 1);
}
END_TEST

#define ROWS(table) (int)(sizeof table / sizeof *table)

static TCase *with_servers(void)
{
        TCase *tc = tcase_create("servers");

        tcase_add_checked_fixture(tc, sts_rig_start, sts_rig_stop);
        tcase_add_test(tc, a_policy_is_fetched_and_then_kept);
        tcase_add_test(tc, those_who_ask_at_one_time_share_a_fetch);
        tcase_add_test(tc, a_domain_without_a_record_is_not_asked);
        tcase_add_test(tc, a_new_id_brings_the_new_policy);
        tcase_add_loop_test(tc, what_is_kept_outlives_its_record, 0, 4);
        tcase_add_test(tc, what_is_kept_outlives_its_server);
        tcase_add_test(tc, a_policy_that_has_ended_does_not_hold);
        tcase_add_test(tc, an_old_policy_is_fetched_again_while_it_holds);
        tcase_add_loop_test(tc, a_hostile_server_gives_no_policy, 0, ROWS(hostile));
        tcase_add_loop_test(tc, a_header_without_end_gives_no_policy, 0, 2);
        tcase_add_test(tc, a_failure_is_forgotten_after_a_while);
        tcase_add_test(tc, without_libcurl_there_is_no_policy);
        tcase_add_test(tc, without_libcurl_what_is_kept_stays);
        tcase_add_test(tc, a_policy_waits_for_a_worker_to_load_libcurl);
        tcase_add_test(tc, libcurl_is_found_when_it_has_been_installed);
        tcase_add_test(tc, private_addresses_are_not_asked);
        tcase_add_test(tc, a_host_without_address_gives_no_policy);
        tcase_add_test(tc, a_server_nobody_certifies_gives_no_policy);
        tcase_add_loop_test(tc, a_name_that_cannot_be_one_has_no_policy, 0, ROWS(nameless));
        tcase_add_test(tc, a_fetch_waits_for_its_turn);
        tcase_add_test(tc, a_cancelled_query_is_never_answered);
        tcase_add_loop_test(tc, it_may_end_at_any_moment, 0, 12);
        tcase_add_loop_test(tc, an_answer_may_ask_again, 0, 4);
        return tc;
}

int main(void)
{
        Suite *suite = suite_create("queue sts");
        TCase *pure = tcase_create("pure");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(pure, what_is_known_decides, 0, ROWS(decisions));
        tcase_add_loop_test(pure, a_policy_is_200_and_plain_text, 0, ROWS(responses));
        suite_add_tcase(suite, pure);
        suite_add_tcase(suite, with_servers());
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
