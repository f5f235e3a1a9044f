/*
 * test_session.c — sessions at the moments a client cannot choose: tasks that
 * come back too late, messages that vanish, stores that are full, stops.
 */
#include "helper_pop3.h"

#include "mailserver/core/task.h"

#include <check.h>
#include <stdlib.h>

#define SMALL "From: a@example.net\r\nSubject: small\r\n\r\nHello.\r\n"

static struct house house;

static void setup(void)
{
        house_open(&house);
}

static void teardown(void)
{
        house_close(&house);
}

/* A message of many chunks; every line begins with a dot. */
static void deliver_large(void)
{
        AUTO_BUF(message, BUF_MAX);

        buf_add(&message, SLICE("Subject: large\r\n\r\n"));
        while (message.len < (size_t)4 << 20)
                buf_addf(&message, ".%zu\r\n", message.len);
        house_deliver(&house, buf_slice(&message));
}

static void wait_for_end(void)
{
        turn_until(&house, net_server_connections(house.net) == 0);
}

/* ---- the line drops between work and done ---- */

static const struct {
        const char *moment, *before, *command;
} drops[] = {
        {"auth lookup", NULL,          "PASS secret"},
        { "auth hash",  NULL,          "PASS secret"},
        { "pop3 open",  NULL,          "PASS secret"},
        { "pop3 retr",  "PASS secret", "RETR 1"     },
        { "pop3 retr",  "PASS secret", "TOP 1 0"    },
};

START_TEST(a_session_may_die_while_its_task_is_under_way)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_connect(&c, &house);
        client_expect(&c, "+OK *");
        client_say(&c, "USER alice");
        client_expect(&c, "+OK *");
        if (drops[_i].before) {
                client_say(&c, drops[_i].before);
                client_expect(&c, "+OK *");
        }
        task_hub_hold(house.hub, drops[_i].moment);
        client_say(&c, drops[_i].command);
        turn_until(&house, task_hub_held(house.hub) > 0);
        client_abort(&c);
        wait_for_end();
        task_hub_release(house.hub);
        ck_assert_uint_eq(house_count(&house), 1);
        client_log_in(&c, &house); /* everything still works */
        client_close(&c);
}
END_TEST

START_TEST(a_quit_that_was_heard_deletes_even_if_nobody_hears_the_answer)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        task_hub_hold(house.hub, "pop3 update");
        client_say(&c, "QUIT");
        turn_until(&house, task_hub_held(house.hub) > 0);
        client_abort(&c);
        wait_for_end();
        task_hub_release(house.hub);
        ck_assert_uint_eq(house_count(&house), 0);
}
END_TEST

static const char *const leavings[] = { "abort", "close", "half a QUIT" };

START_TEST(a_line_that_drops_deletes_nothing)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        if (_i == 0) {
                client_abort(&c);
        } else {
                client_send(&c, _i == 2 ? SLICE("QUIT") : SLICE(""));
                client_close(&c);
        }
        wait_for_end();
        ck_assert_msg(house_count(&house) == 1, "%s", leavings[_i]);
        ck_assert_uint_eq(house_logged("pop3 end=dropped"), 1);
}
END_TEST

/* ---- time ---- */

START_TEST(silence_ends_a_session_without_a_word_and_without_deleting)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        house.config.timeout_ms = 20; /* from the next command on */
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        client_expect_close(&c); /* RFC 1939 3 */
        wait_for_end();
        ck_assert_uint_eq(house_count(&house), 1);
        ck_assert_uint_eq(house_logged("pop3 end=timeout"), 1);
        client_close(&c);
}
END_TEST

START_TEST(silence_before_login_ends_it_too)
{
        struct client c;

        house.config.login_timeout_ms = 20;
        client_connect(&c, &house);
        client_expect(&c, "+OK *");
        client_expect_close(&c);
        client_close(&c);
}
END_TEST

/* ---- messages that vanish ---- */

START_TEST(a_message_that_vanished_before_its_first_octet_is_an_error)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        house_remove_alice(&house);
        client_say(&c, "RETR 1");
        client_expect(&c, "-ERR The message is no longer there");
        client_say(&c, "NOOP");
        client_expect(&c, "+OK *");
        client_close(&c);
}
END_TEST

START_TEST(a_message_that_vanishes_half_way_ends_the_connection)
{
        struct client c;

        deliver_large();
        client_log_in(&c, &house);
        task_hub_hold(house.hub, "pop3 retr");
        client_say(&c, "RETR 1");
        turn_until(&house, task_hub_held(house.hub) > 0);
        house_remove_alice(&house);
        task_hub_release(house.hub);
        client_expect(&c, "+OK *");
        while (!c.eof) {
                /* Whole lines come, and never the final one. */
                if (slice_find(buf_slice(&c.in), '\n') >= 0) {
                        struct slice rest = buf_slice(&c.in), head;

                        slice_cut(&rest, '\n', &head);
                        ck_assert(!slice_eq(head, SLICE(".\r")));
                        buf_consume(&c.in, head.len + 1);
                } else {
                        client_receive(&c);
                }
        }
        ck_assert_uint_eq(house_logged("pop3 end=unreadable"), 1);
        client_close(&c);
}
END_TEST

START_TEST(a_message_deleted_by_another_session_is_still_read_to_its_end)
{
        struct client reader, deleter;
        AUTO_BUF(message, BUF_MAX);

        deliver_large();
        client_log_in(&reader, &house);
        client_log_in(&deleter, &house);
        client_say(&deleter, "DELE 1");
        client_expect(&deleter, "+OK *");
        client_say(&deleter, "QUIT");
        client_expect(&deleter, "+OK 1 messages deleted, goodbye");
        ck_assert_uint_eq(house_count(&house), 0);
        client_say(&reader, "RETR 1");
        client_expect(&reader, "+OK *");
        client_read_dotted(&reader, &message);
        ck_assert_uint_gt(message.len, (size_t)4 << 20);
        client_say(&reader, "DELE 1");
        client_expect(&reader, "+OK *");
        client_say(&reader, "QUIT");
        client_expect(&reader, "+OK 1 messages deleted, goodbye");
        client_close(&reader);
        client_close(&deleter);
}
END_TEST

/* ---- a store that has no room ---- */

START_TEST(a_quit_that_cannot_delete_says_so_and_deletes_nothing)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        house_fill_writer(&house);
        client_say(&c, "QUIT");
        client_expect(&c, "-ERR [SYS/TEMP] *");
        client_expect_close(&c);
        house_let_writer_go();
        ck_assert_uint_eq(house_count(&house), 1);
        client_close(&c);
}
END_TEST

START_TEST(an_account_has_only_so_many_connections)
{
        struct client first, second;

        house.net_config.max_connections_per_account = 1;
        client_log_in(&first, &house);
        client_connect(&second, &house);
        client_expect(&second, "+OK *");
        client_say(&second, "USER alice");
        client_expect(&second, "+OK *");
        client_say(&second, "PASS secret");
        client_expect(&second, "-ERR [SYS/TEMP] *");
        client_say(&first, "QUIT");
        client_expect(&first, "+OK *");
        client_expect_close(&first);
        turn_until(&house, net_server_connections(house.net) == 1);
        client_say(&second, "USER alice");
        client_expect(&second, "+OK *");
        client_say(&second, "PASS secret");
        client_expect(&second, "+OK *");
        client_close(&first);
        client_close(&second);
}
END_TEST

/* ---- stops ---- */

static void stopped(void *arg)
{
        *(bool *)arg = true;
}

static const struct {
        const char *what, *lines[3];
} stops[] = {
        {"before a login",         { 0 }                          },
        { "between USER and PASS", { "USER alice" }               },
        { "in the middle of AUTH", { "AUTH PLAIN" }               },
        { "logged in",             { "USER alice", "PASS secret" }},
};

START_TEST(a_stop_says_goodbye_wherever_the_session_is)
{
        struct client c;
        bool over = false;

        client_connect(&c, &house);
        client_expect(&c, "+OK *");
        for (size_t i = 0; stops[_i].lines[i]; i++) {
                client_say(&c, stops[_i].lines[i]);
                client_expect(&c, "+*");
        }
        net_server_stop(house.net, "Going down", stopped, &over);
        if (_i == 2)
                client_expect(&c, "-ERR *"); /* the answer to AUTH */
        client_expect(&c, "-ERR [SYS/TEMP] Going down");
        client_expect_close(&c);
        turn_until(&house, over);
        client_close(&c);
}
END_TEST

START_TEST(a_stop_waits_for_the_message_that_is_on_its_way)
{
        struct client c;
        bool over = false;
        AUTO_BUF(message, BUF_MAX);

        deliver_large();
        client_log_in(&c, &house);
        task_hub_hold(house.hub, "pop3 retr");
        client_say(&c, "RETR 1");
        turn_until(&house, task_hub_held(house.hub) > 0);
        net_server_stop(house.net, "Going down", stopped, &over);
        task_hub_release(house.hub);
        client_expect(&c, "+OK *");
        client_read_dotted(&c, &message);
        ck_assert_uint_gt(message.len, (size_t)4 << 20);
        client_expect(&c, "-ERR [SYS/TEMP] Going down");
        client_expect_close(&c);
        turn_until(&house, over);
        client_close(&c);
}
END_TEST

START_TEST(a_stop_does_not_cut_off_a_deletion)
{
        struct client c;
        bool over = false;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        task_hub_hold(house.hub, "pop3 update");
        client_say(&c, "QUIT");
        turn_until(&house, task_hub_held(house.hub) > 0);
        net_server_stop(house.net, "Going down", stopped, &over);
        task_hub_release(house.hub);
        client_expect(&c, "+OK 1 messages deleted, goodbye");
        client_expect_close(&c);
        turn_until(&house, over);
        client_close(&c);
}
END_TEST

/* ---- the answer comes after the commit ---- */

START_TEST(quit_is_answered_only_when_the_deletion_has_come_back)
{
        struct client c;

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        client_say(&c, "DELE 1");
        client_expect(&c, "+OK *");
        task_hub_hold(house.hub, "pop3 update");
        client_say(&c, "QUIT");
        turn_until(&house, task_hub_held(house.hub) > 0);
        for (int i = 0; i < 5; i++)
                house_turn(&house);
        ck_assert_uint_eq(client_pending(&c), 0);
        task_hub_release(house.hub);
        client_expect(&c, "+OK 1 messages deleted, goodbye");
        client_close(&c);
}
END_TEST

START_TEST(pipelined_commands_wait_for_the_one_in_hand)
{
        struct client c;
        AUTO_BUF(message, BUF_MAX);

        house_deliver(&house, SLICE(SMALL));
        client_log_in(&c, &house);
        task_hub_hold(house.hub, "pop3 retr");
        client_send(&c, SLICE("RETR 1\r\nDELE 1\r\nSTAT\r\nQUIT\r\n"));
        turn_until(&house, task_hub_held(house.hub) > 0);
        for (int i = 0; i < 5; i++)
                house_turn(&house);
        ck_assert_uint_eq(client_pending(&c), 0);
        task_hub_release(house.hub);
        client_expect(&c, "+OK *");
        client_read_dotted(&c, &message);
        ck_assert_str_eq(message.ptr, SMALL);
        client_expect(&c, "+OK *");
        client_expect(&c, "+OK 0 0");
        client_expect(&c, "+OK 1 messages deleted, goodbye");
        client_expect_close(&c);
        client_close(&c);
}
END_TEST

static void add_rest(TCase *tc)
{
        tcase_add_test(tc, a_message_that_vanished_before_its_first_octet_is_an_error);
        tcase_add_test(tc, a_message_that_vanishes_half_way_ends_the_connection);
        tcase_add_test(tc, a_message_deleted_by_another_session_is_still_read_to_its_end);
        tcase_add_test(tc, a_quit_that_cannot_delete_says_so_and_deletes_nothing);
        tcase_add_test(tc, an_account_has_only_so_many_connections);
        tcase_add_loop_test(tc, a_stop_says_goodbye_wherever_the_session_is, 0,
                            (int)(sizeof stops / sizeof *stops));
        tcase_add_test(tc, a_stop_waits_for_the_message_that_is_on_its_way);
        tcase_add_test(tc, a_stop_does_not_cut_off_a_deletion);
        tcase_add_test(tc, quit_is_answered_only_when_the_deletion_has_come_back);
        tcase_add_test(tc, pipelined_commands_wait_for_the_one_in_hand);
}

int main(void)
{
        Suite *s = suite_create("session");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 0);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_loop_test(tc, a_session_may_die_while_its_task_is_under_way, 0,
                            (int)(sizeof drops / sizeof *drops));
        tcase_add_test(tc, a_quit_that_was_heard_deletes_even_if_nobody_hears_the_answer);
        tcase_add_loop_test(tc, a_line_that_drops_deletes_nothing, 0,
                            (int)(sizeof leavings / sizeof *leavings));
        tcase_add_test(tc, silence_ends_a_session_without_a_word_and_without_deleting);
        tcase_add_test(tc, silence_before_login_ends_it_too);
        add_rest(tc);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
