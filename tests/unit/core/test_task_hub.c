/*
 * test_task_hub.c — what happens to a task on the loop: done, drop, cancelling,
 * keeping, holding, posting. Inline pools, so that the test says when.
 */
#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/metrics.h"
#include "mailserver/core/task.h"

#include <check.h>
#include <stdlib.h>

struct probe {
        struct task task;
        char name;
        enum err answer;                  /* what work returns */
        void (*then)(struct probe *self); /* called in done */
        struct probe *other;
};

static struct loop *loop;
static struct task_hub *hub;
static struct task_pool *pool;
/* What happened, in order: a letter of the event and the name, "Wa Da Xa". */
static struct buf story = BUF_INIT(4096);

static void note(char event, char name)
{
        buf_addf(&story, "%s%c%c", story.len ? " " : "", event, name);
}

static const char *told(void)
{
        return buf_slice(&story).ptr;
}

static enum err probe_work(struct task *t, struct store_txn *tx)
{
        struct probe *p = container_of(t, struct probe, task);

        ck_assert_ptr_null(tx);
        ASSERT_MAY_BLOCK();
        note('W', p->name);
        return p->answer;
}

static void probe_done(struct task *t)
{
        struct probe *p = container_of(t, struct probe, task);

        ck_assert_ptr_nonnull(t->owner);
        note('D', p->name);
        if (p->then)
                p->then(p);
}

static void probe_drop(struct task *t)
{
        struct probe *p = container_of(t, struct probe, task);

        note('X', p->name);
        mem_free(p);
}

static const struct task_class probe_class = { "probe", probe_work, probe_done, probe_drop };
static const struct task_class other_class = { "other", probe_work, probe_done, probe_drop };

static struct probe *probe_new(char name)
{
        struct probe *p = NEW(struct probe);

        p->task.class = &probe_class;
        p->task.owner = &story;
        p->name = name;
        return p;
}

static struct probe *submit(char name)
{
        struct probe *p = probe_new(name);

        ck_assert_int_eq(task_submit(pool, 1, &p->task), ERR_OK);
        return p;
}

static void setup(void)
{
        struct task_pool_config config = { .name = "inline", .max_waiting = 10, .max_batch = 2 };

        loop = loop_new();
        hub = task_hub_new(loop);
        pool = task_pool_new(hub, &config, NULL);
        ck_assert_ptr_nonnull(pool);
}

static void teardown(void)
{
        task_pool_free(pool);
        task_hub_free(hub);
        loop_free(loop);
        buf_done(&story);
}

START_TEST(a_task_is_worked_answered_and_dropped_in_this_order)
{
        submit('a');
        ck_assert_uint_eq(task_hub_outstanding(hub), 1);
        ck_assert_uint_eq(task_pool_run_waiting(pool), 1);
        ck_assert_str_eq(told(), "Wa");
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Da Xa");
        ck_assert_uint_eq(task_hub_outstanding(hub), 0);
}
END_TEST

START_TEST(the_loop_collects_by_itself)
{
        submit('a');
        submit('b');
        submit('c');
        task_pool_run_waiting(pool);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "Wa Wb Wc Da Xa Db Xb Dc Xc");
}
END_TEST

START_TEST(collecting_by_hand_leaves_the_loop_to_wake_for_later_ones)
{
        submit('a');
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        loop_turn(loop, false);
        submit('b');
        task_pool_run_waiting(pool);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "Wa Da Xa Wb Db Xb");
}
END_TEST

START_TEST(a_cancelled_task_runs_and_is_only_dropped)
{
        struct probe *a = submit('a');

        task_cancel(&a->task);
        ck_assert_ptr_null(a->task.owner);
        task_cancel(NULL);
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Xa");
        ck_assert_int_eq(metric_value(metric_counter("task.probe.cancelled")), 1);
}
END_TEST

START_TEST(a_task_cancelled_after_its_work_is_only_dropped)
{
        struct probe *a = submit('a');

        task_pool_run_waiting(pool);
        task_cancel(&a->task);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Xa");
}
END_TEST

START_TEST(a_pool_may_leave_out_the_work_of_cancelled_tasks)
{
        struct task_pool_config config = {
                .name = "reads", .max_waiting = 10, .max_batch = 3, .skip_cancelled = true
        };
        struct task_pool *reads = task_pool_new(hub, &config, NULL);
        struct probe *a = probe_new('a'), *b = probe_new('b');

        ck_assert_int_eq(task_submit(reads, 1, &a->task), ERR_OK);
        ck_assert_int_eq(task_submit(reads, 1, &b->task), ERR_OK);
        task_cancel(&a->task);
        ck_assert_uint_eq(task_pool_run_waiting(reads), 2);
        ck_assert_int_eq(a->task.result, ERR_CANCELLED);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wb Xa Db Xb");
        task_pool_free(reads);
}
END_TEST

static void cancel_other(struct probe *self)
{
        task_cancel(&self->other->task);
}

START_TEST(a_done_may_cancel_what_has_come_back_with_it)
{
        struct probe *a = submit('a'), *b = submit('b');

        a->then = cancel_other;
        a->other = b;
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Wb Da Xa Xb");
}
END_TEST

static void submit_more(struct probe *self)
{
        (void)self;
        submit('z');
        task_pool_run_waiting(pool);
        task_hub_collect(hub); /* nothing: z must not run in the middle of this done */
        note('e', self->name);
}

START_TEST(what_a_done_submits_comes_in_a_later_collection)
{
        submit('a')->then = submit_more;
        submit('b');
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Wb Da Wz ea Xa Db Xb");
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Wb Da Wz ea Xa Db Xb Dz Xz");
}
END_TEST

static void keep(struct probe *self)
{
        task_keep(&self->task);
}

static void keep_and_submit(struct probe *self)
{
        task_keep(&self->task);
        self->then = NULL;
        ck_assert_int_eq(task_submit(pool, 1, &self->task), ERR_OK);
}

static void keep_and_free(struct probe *self)
{
        task_keep(&self->task);
        mem_free(self);
}

START_TEST(a_kept_task_is_its_owners_again)
{
        struct probe *a = submit('a');

        a->then = keep;
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Da");
        ck_assert_uint_eq(task_hub_outstanding(hub), 0);
        mem_free(a);
}
END_TEST

START_TEST(a_kept_task_may_be_submitted_again_inside_its_done)
{
        submit('a')->then = keep_and_submit;
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Da Wa Da Xa");
}
END_TEST

START_TEST(a_kept_task_may_be_freed_inside_its_done)
{
        submit('a')->then = keep_and_free;
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Da");
}
END_TEST

START_TEST(posted_tasks_come_in_order_before_the_batch_they_precede)
{
        struct probe *event = probe_new('e');

        submit('a');
        task_post(hub, &event->task);
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa De Xe Da Xa");
}
END_TEST

START_TEST(held_completions_wait_for_their_release)
{
        struct probe *a, *c = probe_new('c');

        task_hub_hold(hub, "probe");
        a = submit('a');
        submit('b');
        c->task.class = &other_class;
        ck_assert_int_eq(task_submit(pool, 1, &c->task), ERR_OK);
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Wb Wc Dc Xc");
        ck_assert_uint_eq(task_hub_held(hub), 2);
        task_cancel(&a->task);
        task_hub_release(hub);
        ck_assert_uint_eq(task_hub_held(hub), 0);
        loop_turn(loop, true);
        ck_assert_str_eq(told(), "Wa Wb Wc Dc Xc Xa Db Xb");
}
END_TEST

START_TEST(after_a_release_nothing_is_held_any_more)
{
        task_hub_hold(hub, "probe");
        task_hub_hold(hub, "other");
        task_hub_release(hub);
        submit('a');
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Da Xa");
}
END_TEST

START_TEST(a_full_queue_leaves_the_task_to_its_owner)
{
        struct probe *p = probe_new('p');

        for (char c = 'a'; c < 'a' + 10; c++)
                submit(c);
        ck_assert_int_eq(task_submit(pool, 2, &p->task), ERR_BUSY);
        ck_assert_uint_eq(task_pool_waiting(pool), 10);
        ck_assert_int_eq(metric_value(metric_counter("task.probe.refused")), 1);
        mem_free(p);
}
END_TEST

START_TEST(a_stopped_pool_finishes_what_waits_and_takes_no_more)
{
        struct probe *p = probe_new('p');

        submit('a');
        submit('b');
        task_pool_stop(pool);
        ck_assert(task_pool_stopping(pool));
        ck_assert_int_eq(task_submit(pool, 1, &p->task), ERR_BUSY);
        task_hub_collect(hub);
        ck_assert_str_eq(told(), "Wa Wb Da Xa Db Xb");
        mem_free(p);
}
END_TEST

START_TEST(freeing_the_hub_drops_what_nobody_collected)
{
        submit('a');
        task_pool_free(pool);
        pool = NULL;
        task_hub_free(hub);
        hub = NULL;
        ck_assert_str_eq(told(), "Wa Xa");
}
END_TEST

START_TEST(runs_are_counted_by_class)
{
        submit('a');
        submit('b');
        task_pool_run_waiting(pool);
        task_hub_collect(hub);
        ck_assert_int_eq(metric_value(metric_counter("task.probe.runs")), 2);
        ck_assert_int_ge(metric_value(metric_counter("task.probe.wait_us")), 0);
        ck_assert_int_eq(metric_value(metric_counter("task.probe.refused")), 0);
        ck_assert_int_eq(metric_value(metric_counter("task.probe.cancelled")), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("task_hub");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_task_is_worked_answered_and_dropped_in_this_order);
        tcase_add_test(tc, the_loop_collects_by_itself);
        tcase_add_test(tc, collecting_by_hand_leaves_the_loop_to_wake_for_later_ones);
        tcase_add_test(tc, a_cancelled_task_runs_and_is_only_dropped);
        tcase_add_test(tc, a_task_cancelled_after_its_work_is_only_dropped);
        tcase_add_test(tc, a_pool_may_leave_out_the_work_of_cancelled_tasks);
        tcase_add_test(tc, a_done_may_cancel_what_has_come_back_with_it);
        tcase_add_test(tc, what_a_done_submits_comes_in_a_later_collection);
        tcase_add_test(tc, a_kept_task_is_its_owners_again);
        tcase_add_test(tc, a_kept_task_may_be_submitted_again_inside_its_done);
        tcase_add_test(tc, a_kept_task_may_be_freed_inside_its_done);
        tcase_add_test(tc, posted_tasks_come_in_order_before_the_batch_they_precede);
        tcase_add_test(tc, held_completions_wait_for_their_release);
        tcase_add_test(tc, after_a_release_nothing_is_held_any_more);
        tcase_add_test(tc, a_full_queue_leaves_the_task_to_its_owner);
        tcase_add_test(tc, a_stopped_pool_finishes_what_waits_and_takes_no_more);
        tcase_add_test(tc, freeing_the_hub_drops_what_nobody_collected);
        tcase_add_test(tc, runs_are_counted_by_class);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
