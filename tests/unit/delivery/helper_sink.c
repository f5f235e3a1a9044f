/* helper_sink.c — a sink over a store in a temporary directory. */
#include "helper_sink.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RECEIVED "Received: from c ([192.0.2.1])\r\n\tby mail.example.org with ESMTP id x; now\r\n"

/* ---- tasks ---- */

struct run {
        struct task task;
        test_sink_fn *fn;
        void *arg;
        enum err result;
        bool done;
};

static enum err run_work(struct task *t, struct store_txn *tx)
{
        struct run *run = container_of(t, struct run, task);

        return run->fn(tx, run->arg);
}

static void run_done(struct task *t)
{
        struct run *run = container_of(t, struct run, task);

        run->result = t->result;
        run->done = true;
}

/* It lives on the stack. */
static void run_drop(struct task *t)
{
        (void)t;
}

static const struct task_class run_class = { "test", run_work, run_done, run_drop };

void test_sink_settle(struct test_sink *t)
{
        size_t ran;

        do {
                ran = 0;
                for (int lane = STORE_READ; lane <= STORE_WORK; lane++)
                        ran += store_run_waiting(t->store, (enum store_lane)lane);
                task_hub_collect(t->hub);
        } while (ran);
}

enum err test_sink_run(struct test_sink *t, test_sink_fn *fn, void *arg)
{
        struct run run = {
                .task = {.class = &run_class, .owner = t},
                  .fn = fn, .arg = arg
        };

        ck_assert(!store_submit(t->store, 0, STORE_WRITE, &run.task));
        test_sink_settle(t);
        ck_assert(run.done);
        return run.result;
}

/* ---- the store ---- */

static enum err populate(struct store_txn *tx, void *arg)
{
        struct test_sink *t = arg;
        struct slice alice = SLICE("alice@example.org"), bob = SLICE("bob@example.org");
        struct slice team[] = { alice, bob };
        struct slice both[] = { SLICE("carol@example.org"), SLICE("Joe@away.org") };
        enum err err = store_domain_add(tx, SLICE("example.org"));

        if (!err)
                err = store_account_add(tx, alice, SLICE(""), &t->alice);
        if (!err)
                err = store_account_add(tx, bob, SLICE(""), &t->bob);
        if (!err)
                err = store_account_add(tx, SLICE("carol@example.org"), SLICE(""), &t->carol);
        if (!err)
                err = store_alias_add(tx, SLICE("team@example.org"), team, 2, NULL);
        if (!err)
                err = store_alias_add(tx, SLICE("sales@example.org"), &bob, 1, NULL);
        if (!err)
                err = store_alias_add(tx, SLICE("away@example.org"), both + 1, 1, NULL);
        return err ? err : store_alias_add(tx, SLICE("both@example.org"), both, 2, NULL);
}

void test_sink_start(struct test_sink *t)
{
        struct store_config config;
        struct conf_section sections[] = {
                {&store_conf_table,     &config   },
                { &delivery_conf_table, &t->config},
                { NULL,                 NULL      }
        };
        struct store_params params = {
                .config = &config, .data_dir = t->dir, .inline_lanes = true, .create = true
        };
        struct error error = { 0 };

        *t = (struct test_sink){ .text = BUF_INIT(BUF_MAX), .arena = ARENA_INIT(1 << 20) };
        conf_defaults(sections);
        snprintf(t->dir, sizeof t->dir, "/tmp/test-sink-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(t->dir));
        params.loop = t->loop = loop_new();
        params.hub = t->hub = task_hub_new(t->loop);
        loop_allow_blocking(true);
        ck_assert_msg(!store_open(&params, &t->store, &error), "%s", error.text);
        t->sink = delivery_new(t->store, "mail.example.org", &t->config);
        ck_assert(!test_sink_run(t, populate, t));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
        (void)st;
        (void)type;
        (void)where;
        return remove(path);
}

void test_sink_stop(struct test_sink *t)
{
        struct conf_section sections[] = {
                {&delivery_conf_table, &t->config},
                { NULL,                NULL      }
        };

        test_sink_settle(t);
        delivery_free(t->sink);
        store_close(t->store);
        task_hub_free(t->hub);
        loop_free(t->loop);
        conf_done(sections);
        buf_done(&t->text);
        arena_done(&t->arena);
        nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void test_sink_outbound(struct test_sink *t)
{
        const struct delivery_outbound outbound = { .lifetime_ms = 3600000 };

        delivery_set_outbound(t->sink, &outbound);
}

struct quota {
        int64_t account, octets;
};

static enum err set_quota(struct store_txn *tx, void *arg)
{
        struct quota *quota = arg;

        return store_account_set_quota(tx, quota->account, quota->octets, 0);
}

void test_sink_quota(struct test_sink *t, int64_t account, int64_t octets)
{
        struct quota quota = { account, octets };

        ck_assert(!test_sink_run(t, set_quota, &quota));
}

static enum err remove_account(struct store_txn *tx, void *arg)
{
        return store_account_remove(tx, *(int64_t *)arg);
}

void test_sink_remove_account(struct test_sink *t, int64_t account)
{
        ck_assert(!test_sink_run(t, remove_account, &account));
}

/* ---- questions ---- */

static const char *take_reply(struct test_sink *t, const struct smtp_reply *reply)
{
        t->reply = *reply;
        snprintf(t->reply_text, sizeof t->reply_text, "%s", reply->text);
        t->reply.text = t->reply_text;
        t->answers++;
        return t->reply.enhanced;
}

static void rcpt_answered(struct smtp_rcpt_check *check)
{
        take_reply(check->task.owner, &check->reply);
}

static void sender_answered(struct smtp_sender_check *check)
{
        take_reply(check->task.owner, &check->reply);
}

struct smtp_rcpt_check *test_sink_rcpt_new(struct test_sink *t, int64_t account,
                                           const char *address)
{
        struct smtp_rcpt_check *check = NEW(struct smtp_rcpt_check);

        check->task.owner = t;
        check->account = account;
        check->client = 1;
        check->address = mem_strdup(slice_of(address));
        check->answered = rcpt_answered;
        return check;
}

const char *test_sink_rcpt_ask(struct test_sink *t, struct smtp_rcpt_check *check)
{
        ck_assert(!delivery_sink_ops.check_rcpt(t->sink, check));
        test_sink_settle(t);
        return t->reply.enhanced;
}

const char *test_sink_rcpt(struct test_sink *t, int64_t account, const char *address, int64_t size)
{
        struct smtp_rcpt_check *check = test_sink_rcpt_new(t, account, address);

        check->size = size;
        return test_sink_rcpt_ask(t, check);
}

const char *test_sink_sender(struct test_sink *t, int64_t account, const char *address)
{
        struct smtp_sender_check *check = NEW(struct smtp_sender_check);

        check->task.owner = t;
        check->account = account;
        check->address = mem_strdup(slice_of(address));
        check->answered = sender_answered;
        ck_assert(!delivery_sink_ops.check_sender(t->sink, check));
        test_sink_settle(t);
        return t->reply.enhanced;
}

static void delivery_answered(struct smtp_delivery *d)
{
        take_reply(d->owner, &d->reply);
}

static void add_recipients(struct smtp_delivery *d, struct slice recipients)
{
        struct smtp_recipient **last = &d->recipients;
        struct slice address;
        bool more;

        do {
                more = slice_cut(&recipients, ' ', &address);
                *last = NEW(struct smtp_recipient);
                (*last)->address = mem_strdup(more ? address : recipients);
                last = &(*last)->next;
                d->n_recipients++;
        } while (more);
}

struct smtp_delivery *test_sink_delivery(struct test_sink *t, int64_t account, const char *sender,
                                         const char *recipients, const char *message)
{
        struct smtp_delivery *d = NEW(struct smtp_delivery);

        d->owner = t;
        d->answered = delivery_answered;
        snprintf(d->id, sizeof d->id, "the-id");
        snprintf(d->connection_id, sizeof d->connection_id, "1f");
        d->client = 1;
        d->account = account;
        if (account)
                d->account_name = mem_strdup(SLICE("alice@example.org"));
        d->sender = mem_strdup(slice_of(sender));
        add_recipients(d, slice_of(recipients));
        d->received_us = clock_now_us();
        d->spool = spool_new(t->store, NULL, NULL);
        d->received_length = sizeof RECEIVED - 1;
        spool_put(d->spool, SLICE(RECEIVED));
        spool_put(d->spool, slice_of(message));
        ck_assert(spool_finish(d->spool));
        spool_disown(d->spool);
        return d;
}

const char *test_sink_hand_over(struct test_sink *t, struct smtp_delivery *d)
{
        int answers = t->answers;

        delivery_sink_ops.deliver(t->sink, d);
        test_sink_settle(t);
        ck_assert_int_eq(t->answers, answers + 1);
        return t->reply.enhanced;
}

const char *test_sink_deliver(struct test_sink *t, int64_t account, const char *sender,
                              const char *recipients, const char *message)
{
        return test_sink_hand_over(t, test_sink_delivery(t, account, sender, recipients, message));
}

/* ---- mailboxes ---- */

struct look {
        int64_t account;
        size_t n, count;
        struct buf *text;
};

static enum err look(struct store_txn *tx, void *arg)
{
        struct look *l = arg;
        struct store_snapshot snapshot;
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, l->account, SLICE("INBOX"), &mailbox);

        if (!err)
                err = store_snapshot_take(tx, mailbox, &snapshot);
        if (err)
                return err;
        l->count = snapshot.n;
        if (l->text && l->n < snapshot.n)
                err = store_message_read(tx, mailbox, snapshot.items[l->n].uid, 0, BUF_MAX,
                                         l->text);
        store_snapshot_done(&snapshot);
        return err;
}

size_t test_sink_count(struct test_sink *t, int64_t account)
{
        struct look l = { .account = account };

        ck_assert(!test_sink_run(t, look, &l));
        return l.count;
}

const char *test_sink_message(struct test_sink *t, int64_t account, size_t n)
{
        struct look l = { .account = account, .n = n, .text = &t->text };

        buf_clear(&t->text);
        ck_assert(!test_sink_run(t, look, &l));
        ck_assert_uint_lt(n, l.count);
        return buf_slice(&t->text).ptr;
}

/* ---- the queue ---- */

struct queue_look {
        struct test_sink *t;
        struct store_queue_rows rows;
        size_t n; /* whose octets are read */
        bool read;
};

static enum err look_at_queue(struct store_txn *tx, void *arg)
{
        struct queue_look *l = arg;
        struct store_queue_select all = { 0 };
        enum err err;

        arena_done(&l->t->arena);
        l->t->arena = (struct arena)ARENA_INIT(1 << 20);
        err = store_queue_list(tx, &all, 0, 1000, &l->t->arena, &l->rows);
        buf_clear(&l->t->text);
        if (!err && l->read && l->n < l->rows.n)
                err = store_queue_read(tx, l->rows.items[l->n].message, 0, BUF_MAX, &l->t->text);
        return err;
}

const char *test_sink_queue(struct test_sink *t)
{
        struct queue_look l = { .t = t };

        ck_assert(!test_sink_run(t, look_at_queue, &l));
        buf_add(&t->text, SLICE(""));
        for (size_t i = 0; i < l.rows.n; i++)
                buf_addf(&t->text, "<%s> %s %s\n", l.rows.items[i].sender, l.rows.items[i].address,
                         l.rows.items[i].domain);
        return buf_slice(&t->text).ptr;
}

struct store_queue_row test_sink_row(struct test_sink *t, size_t n)
{
        struct queue_look l = { .t = t, .n = n, .read = true };

        ck_assert(!test_sink_run(t, look_at_queue, &l));
        ck_assert_uint_lt(n, l.rows.n);
        return l.rows.items[n];
}
