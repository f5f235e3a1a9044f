/* test_queue.c — rows of mail for elsewhere: added, due, put off, gone. */
#include "helper_ops.h"

#include "mailserver/core/arena.h"
#include "mailserver/store/account.h"
#include "mailserver/store/check.h"
#include "mailserver/store/message.h"
#include "mailserver/store/queue.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE SLICE("Subject: hello\r\n\r\nbody\r\n")
#define PREPEND SLICE("DKIM-Signature: v=1\r\n")
#define SECOND  ((int64_t)1000000)
#define HOUR    (3600 * SECOND)
#define NOW     (1000000 * HOUR)

static struct arena arena;

static void setup(void)
{
        ops_start();
        arena = (struct arena)ARENA_INIT(1 << 20);
}

static void teardown(void)
{
        arena_done(&arena);
        ops_stop();
}

static struct store_queue_message message_of(int64_t content)
{
        return (struct store_queue_message){ .content = content,
                                             .mail_id = "MAIL1",
                                             .prepend = PREPEND,
                                             .sender = "alice@example.org",
                                             .envid = "E1",
                                             .flags = STORE_QUEUE_EIGHT_BIT,
                                             .received_us = NOW,
                                             .expires_us = NOW + 120 * HOUR };
}

/* A message to n recipients at two domains by turns. */
static void add(int64_t content, int64_t account, size_t n)
{
        struct store_queue_message m = message_of(content);
        struct store_queue_recipient r[16];
        static char addresses[16][32];

        m.account = account;
        for (size_t i = 0; i < n; i++) {
                snprintf(addresses[i], sizeof addresses[i], "r%zu@%s", i,
                         i % 2 ? "b.org" : "a.org");
                r[i] = (struct store_queue_recipient){ .address = addresses[i],
                                                       .domain = i % 2 ? "b.org" : "a.org",
                                                       .orcpt = i ? NULL : "rfc822;x@y",
                                                       .notify = STORE_NOTIFY_FAILURE };
        }
        ck_assert_int_eq(store_queue_add(&ops.tx, &m, r, n), ERR_OK);
}

static struct store_queue_rows due(int64_t at, const struct store_queue_place *after, size_t max)
{
        struct store_queue_rows rows;

        ck_assert_int_eq(store_queue_due(&ops.tx, at, after, max, &arena, &rows), ERR_OK);
        return rows;
}

static int64_t next_after(int64_t at)
{
        int64_t next = -1;

        ck_assert_int_eq(store_queue_next(&ops.tx, at, &next), ERR_OK);
        return next;
}

START_TEST(a_message_is_a_row_for_each_recipient)
{
        int64_t content = ops_content(MESSAGE);
        struct store_queue_rows rows;

        add(content, 0, 2);
        ck_assert_uint_eq(ops_changes(STORE_CHANGE_QUEUE, NULL), 1);
        ck_assert_uint_eq(due(NOW - 1, NULL, 10).n, 0);
        ck_assert_int_eq(next_after(NOW - 1), NOW);
        rows = due(NOW, NULL, 10);
        ck_assert_uint_eq(rows.n, 2);
        ck_assert_str_eq(rows.items[0].address, "r0@a.org");
        ck_assert_str_eq(rows.items[0].domain, "a.org");
        ck_assert_str_eq(rows.items[0].orcpt, "rfc822;x@y");
        ck_assert_ptr_null(rows.items[1].orcpt);
        ck_assert_str_eq(rows.items[1].sender, "alice@example.org");
        ck_assert_str_eq(rows.items[1].envid, "E1");
        ck_assert_str_eq(rows.items[1].mail_id, "MAIL1");
        ck_assert_uint_eq(rows.items[1].flags, STORE_QUEUE_EIGHT_BIT);
        ck_assert_uint_eq(rows.items[1].notify, STORE_NOTIFY_FAILURE);
        ck_assert_int_eq(rows.items[1].size, MESSAGE.len + PREPEND.len);
        ck_assert_int_eq(rows.items[1].expires_us, NOW + 120 * HOUR);
        ck_assert_ptr_null(rows.items[1].last_reply);
        ck_assert_int_eq(rows.items[0].message, rows.items[1].message);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

START_TEST(rows_are_read_in_pages)
{
        struct store_queue_place place;
        struct store_queue_rows rows;
        size_t seen = 0;

        add(ops_content(MESSAGE), 0, 7);
        rows = due(NOW, NULL, 3);
        while (rows.n) {
                seen += rows.n;
                place = (struct store_queue_place){ rows.items[rows.n - 1].next_attempt_us,
                                                    rows.items[rows.n - 1].id };
                rows = due(NOW, &place, 3);
        }
        ck_assert_uint_eq(seen, 7);
}
END_TEST

static void add_of(int64_t content, int64_t account, int64_t received_us)
{
        struct store_queue_recipient r = { .address = "r@a.org", .domain = "a.org" };
        struct store_queue_message m = { .content = content,
                                         .account = account,
                                         .mail_id = "MAIL",
                                         .sender = "",
                                         .received_us = received_us,
                                         .expires_us = NOW + HOUR };

        ck_assert_int_eq(store_queue_add(&ops.tx, &m, &r, 1), ERR_OK);
}

START_TEST(accounts_are_found_one_after_another_and_what_is_due_of_each)
{
        static const struct {
                int64_t account;
                size_t due;
        } wanted[] = {
                {0,  1},
                { 3, 2},
                { 9, 0}
        };
        int64_t content = ops_content(MESSAGE), account = INT64_MIN;
        struct store_queue_rows rows;

        add_of(content, 3, NOW);
        add_of(content, 9, NOW + 1);
        add_of(content, 3, NOW - 1);
        add_of(content, 0, NOW);
        add_of(content, 3, NOW - 2);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
                ck_assert_int_eq(store_queue_next_account(&ops.tx, account, &account), ERR_OK);
                ck_assert_int_eq(account, wanted[i].account);
                ck_assert_int_eq(
                        store_queue_due_of_account(&ops.tx, account, NOW, 2, &arena, &rows),
                        ERR_OK);
                ck_assert_uint_eq(rows.n, wanted[i].due);
                for (size_t k = 0; k < rows.n; k++)
                        ck_assert_int_eq(rows.items[k].account, account);
        }
        ck_assert_int_eq(store_queue_next_account(&ops.tx, account, &account), ERR_NOTFOUND);
        ck_assert_int_eq(store_queue_hold(&ops.tx, 1, true, NOW), ERR_OK);
        ck_assert_int_eq(store_queue_due_of_account(&ops.tx, 3, NOW, 9, &arena, &rows), ERR_OK);
        ck_assert_uint_eq(rows.n, 2);
        ck_assert_int_eq(rows.items[0].received_us, NOW - 1);
        ck_assert_int_eq(rows.items[1].received_us, NOW - 2);
}
END_TEST

START_TEST(a_small_arena_holds_fewer_rows_and_says_when_it_holds_none)
{
        AUTO(arena_done)
        struct arena small = ARENA_INIT(8 * sizeof(struct store_queue_row) + 300),
                     tiny = ARENA_INIT(64);
        struct store_queue_rows rows;

        add(ops_content(MESSAGE), 0, 8);
        ck_assert_int_eq(store_queue_due(&ops.tx, NOW, NULL, 8, &small, &rows), ERR_OK);
        ck_assert_uint_gt(rows.n, 0);
        ck_assert_uint_lt(rows.n, 8);
        ck_assert_int_eq(store_queue_due(&ops.tx, NOW, NULL, 1, &tiny, &rows), ERR_LIMIT);
}
END_TEST

START_TEST(what_is_before_the_content_is_read_with_it)
{
        AUTO_BUF(whole, 4096);
        AUTO_BUF(wants, 4096);
        int64_t size, header, message;

        add(ops_content(MESSAGE), 0, 1);
        message = due(NOW, NULL, 1).items[0].message;
        buf_add(&wants, PREPEND);
        buf_add(&wants, MESSAGE);
        ck_assert_int_eq(store_queue_sizes(&ops.tx, message, &size, &header), ERR_OK);
        ck_assert_int_eq(size, wants.len);
        ck_assert_int_eq(header, wants.len - strlen("body\r\n"));
        for (size_t step = 1; step <= wants.len; step++) {
                buf_clear(&whole);
                while (whole.len < wants.len)
                        ck_assert_int_eq(store_queue_read(&ops.tx, message, (int64_t)whole.len,
                                                          step, &whole),
                                         ERR_OK);
                ck_assert(slice_eq(buf_slice(&whole), buf_slice(&wants)));
        }
        ck_assert_int_eq(store_queue_read(&ops.tx, message + 1, 0, 10, &whole), ERR_NOTFOUND);
        ck_assert_int_eq(store_queue_sizes(&ops.tx, message + 1, &size, &header), ERR_NOTFOUND);
}
END_TEST

START_TEST(content_lives_until_its_last_row_is_gone)
{
        int64_t account = ops_account("alice@example.org"), content = ops_content(MESSAGE);
        struct store_message_new new = { .trace = SLICE("") };
        struct store_queue_rows rows;
        uint32_t uid;

        ck_assert_int_eq(
                store_message_add(&ops.tx, ops_mailbox(account, "INBOX"), content, &new, &uid),
                ERR_OK);
        add(content, account, 2);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 2);
        rows = due(NOW, NULL, 2);
        ck_assert_int_eq(store_queue_remove(&ops.tx, rows.items[0].id), ERR_OK);
        ck_assert_int_eq(store_queue_remove(&ops.tx, rows.items[0].id), ERR_NOTFOUND);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_message"), 1);
        ck_assert_int_eq(store_queue_remove(&ops.tx, rows.items[1].id), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_message"), 0);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

START_TEST(mail_of_a_removed_account_is_still_sent)
{
        int64_t account = ops_account("alice@example.org");

        add(ops_content(MESSAGE), account, 1);
        ck_assert_int_eq(store_account_remove(&ops.tx, account), ERR_OK);
        ck_assert_uint_eq(due(NOW, NULL, 2).n, 1);
        ck_assert_int_eq(due(NOW, NULL, 2).items[0].account, 0);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_sent"), 0);
}
END_TEST

/* ---- attempts ---- */

static enum err defer(int64_t row, int64_t at, int64_t next)
{
        struct store_queue_attempt a = {
                row, at, "mx.a.org", "192.0.2.1", "TLSv1.3", "4.2.0", "try later",
        };

        return store_queue_deferred(&ops.tx, &a, next);
}

static enum err count_attempt(void *arg, const struct store_queue_attempt *attempt)
{
        int64_t *last = arg;

        ck_assert_int_gt(attempt->at_us, *last);
        ck_assert_str_eq(attempt->mx, "mx.a.org");
        ck_assert_str_eq(attempt->reply, "try later");
        *last = attempt->at_us;
        return ERR_OK;
}

START_TEST(an_attempt_puts_off_and_is_remembered)
{
        struct store_queue_row *row;
        int64_t id, last = 0;

        add(ops_content(MESSAGE), 0, 1);
        id = due(NOW, NULL, 1).items[0].id;
        for (int i = 1; i <= 15; i++)
                ck_assert_int_eq(defer(id, NOW + i, NOW + HOUR), ERR_OK);
        ck_assert_uint_eq(due(NOW, NULL, 1).n, 0);
        ck_assert_int_eq(next_after(NOW), NOW + HOUR);
        row = &due(NOW + HOUR, NULL, 1).items[0];
        ck_assert_uint_eq(row->attempts, 15);
        ck_assert_str_eq(row->last_status, "4.2.0");
        ck_assert_str_eq(row->last_reply, "try later");
        ck_assert_int_eq(store_queue_attempts(&ops.tx, id, count_attempt, &last), ERR_OK);
        ck_assert_int_eq(last, NOW + 15);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_attempt"), STORE_QUEUE_ATTEMPTS_KEPT);
        ck_assert_int_eq(defer(id + 1, NOW, NOW), ERR_NOTFOUND);
        ck_assert_int_eq(store_queue_set_delay_told(&ops.tx, id), ERR_OK);
        ck_assert(due(NOW + HOUR, NULL, 1).items[0].flags & STORE_QUEUE_DELAY_TOLD);
        ck_assert_int_eq(store_queue_remove(&ops.tx, id), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_attempt"), 0);
}
END_TEST

START_TEST(an_attempt_may_be_remembered_alone)
{
        struct store_queue_attempt attempt = { 1, NOW + 5, "mx.a.org", "", "", "4.7.1", "451 no" };

        add(ops_content(MESSAGE), 0, 1);
        ck_assert_int_eq(store_queue_tried(&ops.tx, &attempt), ERR_OK);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_attempt WHERE at_us > 0"), 1);
        ck_assert_int_eq(ops_int("SELECT attempts FROM queue"), 0);
        ck_assert_uint_eq(due(NOW, NULL, 10).n, 1);
        attempt.row = 2;
        ck_assert_int_eq(store_queue_tried(&ops.tx, &attempt), ERR_NOTFOUND);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM queue_attempt"), 1);
}
END_TEST

START_TEST(a_row_is_put_off_without_an_attempt)
{
        struct store_queue_row *row;
        int64_t id;

        add(ops_content(MESSAGE), 0, 1);
        id = due(NOW, NULL, 1).items[0].id;
        ck_assert_int_eq(store_queue_put_off(&ops.tx, id, NOW + HOUR), ERR_OK);
        ck_assert_uint_eq(due(NOW + HOUR - 1, NULL, 1).n, 0);
        row = &due(NOW + HOUR, NULL, 1).items[0];
        ck_assert_uint_eq(row->attempts, 0);
        ck_assert_ptr_null(row->last_reply);
        ck_assert_int_eq(store_queue_put_off(&ops.tx, 99, NOW), ERR_NOTFOUND);
}
END_TEST

START_TEST(what_is_before_the_content_is_read_alone)
{
        AUTO_BUF(out, 1000);
        AUTO_BUF(small, 3);
        int64_t message;

        add(ops_content(MESSAGE), 0, 2);
        message = due(NOW, NULL, 1).items[0].message;
        ck_assert_int_eq(store_queue_prepend(&ops.tx, message, &out), ERR_OK);
        ck_assert(slice_eq(buf_slice(&out), PREPEND));
        ck_assert_int_eq(store_queue_prepend(&ops.tx, message, &small), ERR_LIMIT);
        ck_assert_int_eq(store_queue_prepend(&ops.tx, message + 1, &out), ERR_NOTFOUND);
}
END_TEST

START_TEST(a_destination_that_fails_delays_all_its_mail)
{
        struct store_queue_rows rows;
        size_t n = 0;

        add(ops_content(MESSAGE), 0, 6);
        ck_assert_int_eq(store_queue_delay_domain(&ops.tx, SLICE("a.org"), NOW + HOUR, 2, &n),
                         ERR_OK);
        ck_assert_uint_eq(n, 2);
        ck_assert_int_eq(store_queue_delay_domain(&ops.tx, SLICE("a.org"), NOW + HOUR, 2, &n),
                         ERR_OK);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(due(NOW, NULL, 10).n, 3);
        ck_assert_uint_eq(due(NOW + HOUR, NULL, 10).n, 6);
        ck_assert_int_eq(store_queue_delay_domain(&ops.tx, SLICE("a.org"), NOW, 9, &n), ERR_OK);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(store_queue_due_of(&ops.tx, SLICE("b.org"), NOW, 2, &arena, &rows),
                         ERR_OK);
        ck_assert_uint_eq(rows.n, 2);
        ck_assert_str_eq(rows.items[0].address, "r1@b.org");
        ck_assert_int_eq(store_queue_due_of(&ops.tx, SLICE("a.org"), NOW, 2, &arena, &rows),
                         ERR_OK);
        ck_assert_uint_eq(rows.n, 0);
}
END_TEST

START_TEST(mail_is_not_delayed_beyond_its_end_nor_when_it_was_given_up)
{
        struct store_queue_rows rows;
        size_t n = 0;

        add(ops_content(MESSAGE), 0, 6);
        rows = due(NOW, NULL, 10);
        ck_assert_int_eq(store_queue_expire(&ops.tx, rows.items[0].id, NOW), ERR_OK);
        ck_assert_int_eq(store_queue_expire(&ops.tx, rows.items[1].id, NOW), ERR_OK);
        ck_assert_int_eq(
                store_queue_delay_domain(&ops.tx, SLICE("a.org"), NOW + 1000 * HOUR, 9, &n),
                ERR_OK);
        ck_assert_uint_eq(n, 2);
        ck_assert_int_eq(
                store_queue_delay_domain(&ops.tx, SLICE("a.org"), NOW + 1000 * HOUR, 9, &n),
                ERR_OK);
        ck_assert_uint_eq(n, 0);
        ck_assert_int_eq(
                store_queue_due_of(&ops.tx, SLICE("a.org"), NOW + 1000 * HOUR, 9, &arena, &rows),
                ERR_OK);
        ck_assert_uint_eq(rows.n, 3);
        ck_assert_int_eq(rows.items[0].expires_us, 0);
        ck_assert_int_eq(rows.items[0].next_attempt_us, NOW);
        ck_assert_int_eq(rows.items[1].next_attempt_us, rows.items[1].expires_us);
        ck_assert_int_eq(rows.items[2].next_attempt_us, rows.items[2].expires_us);
}
END_TEST

/* ---- administrators ---- */

static size_t listed(struct store_queue_select select)
{
        struct store_queue_rows rows;

        ck_assert_int_eq(store_queue_list(&ops.tx, &select, 0, 100, &arena, &rows), ERR_OK);
        return rows.n;
}

START_TEST(rows_are_found_by_what_they_have)
{
        add(ops_content(MESSAGE), 0, 4);
        ck_assert_uint_eq(listed((struct store_queue_select){ 0 }), 4);
        ck_assert_uint_eq(listed((struct store_queue_select){ .domain = "A.org" }), 2);
        ck_assert_uint_eq(listed((struct store_queue_select){ .domain = "c.org" }), 0);
        ck_assert_uint_eq(listed((struct store_queue_select){ .sender = "Alice@example.org" }), 4);
        ck_assert_uint_eq(listed((struct store_queue_select){ .sender = "" }), 0);
        ck_assert_uint_eq(listed((struct store_queue_select){ .recipient = "r1@b.org" }), 1);
        ck_assert_uint_eq(listed((struct store_queue_select){ .mail_id = "MAIL1" }), 4);
        ck_assert_uint_eq(listed((struct store_queue_select){ .mail_id = "MAIL2" }), 0);
        ck_assert_uint_eq(listed((struct store_queue_select){ .received_before_us = NOW }), 0);
        ck_assert_uint_eq(listed((struct store_queue_select){ .received_before_us = NOW + 1 }), 4);
        ck_assert_uint_eq(listed((struct store_queue_select){ .row = 2, .domain = "b.org" }), 1);
}
END_TEST

static enum store_queue_standing standing(int64_t row, int64_t now_us)
{
        enum store_queue_standing found;

        ck_assert_int_eq(store_queue_look(&ops.tx, row, now_us, &found), ERR_OK);
        return found;
}

START_TEST(a_row_that_is_given_up_is_due_and_not_to_be_tried)
{
        int64_t id;

        add(ops_content(MESSAGE), 0, 1);
        id = due(NOW, NULL, 1).items[0].id;
        ck_assert_int_eq(standing(id, NOW), STORE_QUEUE_DUE);
        ck_assert_int_eq(store_queue_expire(&ops.tx, id, NOW), ERR_OK);
        ck_assert_int_eq(standing(id, NOW), STORE_QUEUE_GIVEN_UP);
        ck_assert_int_eq(store_queue_hold(&ops.tx, id, true, NOW), ERR_OK);
        ck_assert_int_eq(standing(id, NOW), STORE_QUEUE_WAITS);
        ck_assert_int_eq(store_queue_remove(&ops.tx, id), ERR_OK);
        ck_assert_int_eq(standing(id, NOW), STORE_QUEUE_GONE);
}
END_TEST

START_TEST(a_held_row_is_not_tried)
{
        struct store_queue_counts counts;
        int64_t id, last = 0;

        add(ops_content(MESSAGE), 0, 3);
        id = due(NOW, NULL, 1).items[0].id;
        ck_assert_int_eq(store_queue_hold(&ops.tx, id, true, NOW), ERR_OK);
        ck_assert_uint_eq(due(NOW, NULL, 10).n, 2);
        ck_assert_int_eq(standing(id, NOW), STORE_QUEUE_WAITS);
        ck_assert_int_eq(standing(id + 1, NOW), STORE_QUEUE_DUE);
        ck_assert_int_eq(standing(id + 1, NOW - 1), STORE_QUEUE_WAITS);
        ck_assert_int_eq(store_queue_last(&ops.tx, &last), ERR_OK);
        ck_assert_int_eq(last, id + 2);
        ck_assert_uint_eq(listed((struct store_queue_select){ 0 }), 3);
        ck_assert_int_eq(store_queue_count(&ops.tx, NOW, &counts), ERR_OK);
        ck_assert_int_eq(counts.rows, 3);
        ck_assert_int_eq(counts.due, 2);
        ck_assert_int_eq(counts.held, 1);
        ck_assert_int_eq(counts.oldest_us, NOW);
        ck_assert_int_eq(store_queue_count(&ops.tx, NOW - 1, &counts), ERR_OK);
        ck_assert_int_eq(counts.due, 0);
        ck_assert_int_eq(store_queue_hold(&ops.tx, id, false, NOW), ERR_OK);
        ck_assert_uint_eq(due(NOW, NULL, 10).n, 3);
        ck_assert_int_eq(store_queue_hold(&ops.tx, 99, true, NOW), ERR_NOTFOUND);
}
END_TEST

START_TEST(a_row_may_be_tried_again_at_once_or_given_up)
{
        struct store_queue_row *row;
        int64_t id;

        add(ops_content(MESSAGE), 0, 1);
        id = due(NOW, NULL, 1).items[0].id;
        ck_assert_int_eq(defer(id, NOW + 1, NOW + 4 * HOUR), ERR_OK);
        ck_assert_int_eq(store_queue_retry(&ops.tx, id, NOW + HOUR), ERR_OK);
        row = &due(NOW + HOUR, NULL, 1).items[0];
        ck_assert_uint_eq(row->attempts, 0);
        ck_assert_int_eq(store_queue_hold(&ops.tx, id, true, NOW), ERR_OK);
        ck_assert_int_eq(store_queue_expire(&ops.tx, id, NOW + 2 * HOUR), ERR_OK);
        row = &due(NOW + 2 * HOUR, NULL, 1).items[0];
        ck_assert_int_eq(row->expires_us, 0);
        ck_assert_int_eq(store_queue_retry(&ops.tx, 99, NOW), ERR_NOTFOUND);
        ck_assert_int_eq(store_queue_expire(&ops.tx, 99, NOW), ERR_NOTFOUND);
}
END_TEST

START_TEST(an_empty_queue_counts_nothing)
{
        struct store_queue_counts counts = { 1, 1, 1, 1 };

        ck_assert_int_eq(store_queue_count(&ops.tx, NOW, &counts), ERR_OK);
        ck_assert_int_eq(counts.rows + counts.held + counts.due + counts.oldest_us, 0);
        ck_assert_int_eq(next_after(0), 0);
}
END_TEST

/* ---- limits of accounts ---- */

START_TEST(recipients_are_counted_by_the_hour_and_the_day)
{
        int64_t account = ops_account("alice@example.org"), content = ops_content(MESSAGE);
        int64_t hour = -1, day = -1;

        add(content, account, 3);
        add(content, account, 2);
        ck_assert_int_eq(store_queue_sent(&ops.tx, account, NOW, &hour, &day), ERR_OK);
        ck_assert_int_eq(hour, 5);
        ck_assert_int_eq(day, 5);
        ck_assert_int_eq(store_queue_sent(&ops.tx, account, NOW + 2 * HOUR, &hour, &day), ERR_OK);
        ck_assert_int_eq(hour, 0);
        ck_assert_int_eq(day, 5);
        ck_assert_int_eq(store_queue_sent(&ops.tx, account, NOW + 24 * HOUR, &hour, &day), ERR_OK);
        ck_assert_int_eq(day, 0);
        ck_assert_int_eq(store_queue_sent(&ops.tx, account + 1, NOW, &hour, &day), ERR_OK);
        ck_assert_int_eq(day, 0);
}
END_TEST

/* ---- the rest of the store knows it ---- */

static struct store_check_result check_store(bool repair)
{
        struct store_check_options options = { .repair = repair, .hashes = true };
        struct store_check_result result;

        ck_assert_int_eq(store_check(&ops.tx, &options, NULL, NULL, &result), ERR_OK);
        return result;
}

START_TEST(a_restart_and_a_check_find_everything_in_order)
{
        add(ops_content(MESSAGE), 0, 2);
        ops_reopen();
        ck_assert_uint_eq(due(NOW, NULL, 10).n, 2);
        ck_assert_int_eq(check_store(false).damaged, 0);
}
END_TEST

START_TEST(a_check_repairs_what_nobody_waits_for)
{
        add(ops_content(MESSAGE), 0, 2);
        ck_assert_int_eq(defer(1, NOW, NOW), ERR_OK);
        ops_sql("DELETE FROM queue");
        ck_assert_int_eq(check_store(false).damaged, 2);
        ck_assert_int_eq(check_store(true).repaired, 2);
        ck_assert_int_eq(check_store(false).damaged, 0);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content"), 0);
}
END_TEST

START_TEST(a_check_counts_references_of_the_queue)
{
        add(ops_content(MESSAGE), 0, 2);
        ops_sql("UPDATE content_refs SET refs = 7");
        ck_assert_int_eq(check_store(true).repaired, 1);
        ck_assert_int_eq(ops_int("SELECT refs FROM content_refs"), 1);
}
END_TEST

/* The text of all tables, blanks and comments apart. */
static void read_schema(struct buf *out)
{
        struct db_stmt *q =
                db_prepare(ops.tx.db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
                                      " ORDER BY name");

        while (db_step(q) == DB_ROW) {
                struct slice text = db_column_slice(q, 0), line;

                while (text.len) {
                        const char *comment;

                        if (!slice_cut(&text, '\n', &line)) {
                                line = text;
                                text = SLICE("");
                        }
                        comment = memmem(line.ptr, line.len, "--", 2);
                        for (size_t i = 0; i < line.len && line.ptr + i != comment; i++)
                                if (line.ptr[i] != ' ')
                                        buf_addc(out, line.ptr[i]);
                }
                buf_addc(out, '\n');
        }
        ck_assert_int_eq(db_finish(q), ERR_OK);
}

START_TEST(a_store_of_version_1_gets_the_same_tables)
{
        AUTO_BUF(fresh, 1 << 20);
        AUTO_BUF(upgraded, 1 << 20);

        read_schema(&fresh);
        ops_make_older(1);
        read_schema(&upgraded);
        ck_assert_str_eq(upgraded.ptr, fresh.ptr);
        ck_assert_int_eq(ops_int("PRAGMA user_version"), 5);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store queue");
        TCase *tc = tcase_create("queue");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_message_is_a_row_for_each_recipient);
        tcase_add_test(tc, rows_are_read_in_pages);
        tcase_add_test(tc, accounts_are_found_one_after_another_and_what_is_due_of_each);
        tcase_add_test(tc, a_small_arena_holds_fewer_rows_and_says_when_it_holds_none);
        tcase_add_test(tc, what_is_before_the_content_is_read_with_it);
        tcase_add_test(tc, content_lives_until_its_last_row_is_gone);
        tcase_add_test(tc, mail_of_a_removed_account_is_still_sent);
        tcase_add_test(tc, an_attempt_puts_off_and_is_remembered);
        tcase_add_test(tc, an_attempt_may_be_remembered_alone);
        tcase_add_test(tc, a_row_is_put_off_without_an_attempt);
        tcase_add_test(tc, what_is_before_the_content_is_read_alone);
        tcase_add_test(tc, a_destination_that_fails_delays_all_its_mail);
        tcase_add_test(tc, mail_is_not_delayed_beyond_its_end_nor_when_it_was_given_up);
        tcase_add_test(tc, rows_are_found_by_what_they_have);
        tcase_add_test(tc, a_held_row_is_not_tried);
        tcase_add_test(tc, a_row_that_is_given_up_is_due_and_not_to_be_tried);
        tcase_add_test(tc, a_row_may_be_tried_again_at_once_or_given_up);
        tcase_add_test(tc, an_empty_queue_counts_nothing);
        tcase_add_test(tc, recipients_are_counted_by_the_hour_and_the_day);
        tcase_add_test(tc, a_restart_and_a_check_find_everything_in_order);
        tcase_add_test(tc, a_check_repairs_what_nobody_waits_for);
        tcase_add_test(tc, a_check_counts_references_of_the_queue);
        tcase_add_test(tc, a_store_of_version_1_gets_the_same_tables);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
