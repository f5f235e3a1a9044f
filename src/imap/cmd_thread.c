/*
 * cmd_thread.c — THREAD and UID THREAD: RFC 5256 3.
 *
 * The messages found go into the tree as they come, in the tasks that look for them; tasks that follow put the
 * tree in order, and the last of them writes it.
 */
#include "pour.h"
#include "search_scan.h"
#include "thread.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

struct thread_task {
        struct task task;
        struct imap_scan scan;
        struct imap_threads *threads; /* owned */
        bool uid;
        bool in_order;
        bool ready; /* the answer stands in `pour` */
        struct imap_pour pour;
        struct imap_share share;
};

static enum err keep(void *arg, const struct store_fetch_row *row)
{
        struct thread_task *th = arg;

        if (!uid_map_number(&th->scan.messages, row->uid))
                return ERR_OK; /* it came since: the client does not know it */
        return imap_threads_add(th->threads, row);
}

static enum err answer(struct thread_task *th)
{
        struct buf *out = &th->pour.text;
        enum err err = buf_put(out, SLICE("* THREAD"));

        if (!err)
                err = imap_threads_put(th->threads, &th->scan.messages, th->uid, out);
        if (!err)
                err = buf_put(out, SLICE("\r\n"));
        imap_threads_free(TAKE(th->threads));
        th->ready = true;
        return err ? err : imap_share_set(&th->share, out->cap);
}

/* For a while: what is left is another task's. */
static enum err put_in_order(struct thread_task *th, const _Atomic bool *cancelled)
{
        int64_t until_us = clock_monotonic_us() + IMAP_SCAN_TASK_US;
        enum err err = ERR_OK;

        while (!err && !th->in_order && !atomic_load(cancelled) && clock_monotonic_us() < until_us)
                err = imap_threads_step(th->threads, &th->in_order);
        return err;
}

static enum err thread_work(struct task *t, struct store_txn *tx)
{
        struct thread_task *th = container_of(t, struct thread_task, task);
        enum err err = ERR_OK;

        if (th->ready)
                return ERR_OK;
        if (!th->scan.over)
                err = imap_scan_work(&th->scan, tx, &t->cancelled, keep, th);
        if (!err && th->scan.over)
                err = put_in_order(th, &t->cancelled);
        return !err && th->in_order ? answer(th) : err;
}

static void thread_done(struct task *t)
{
        struct thread_task *th = container_of(t, struct thread_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result == ERR_LIMIT) {
                imap_reply(cmd, IMAP_NO, "LIMIT", "Too much mail for threads");
        } else if (t->result) {
                imap_reply_err(cmd, t->result);
        } else if (th->ready && imap_pour_some(&th->pour, cmd)) {
                imap_reply(cmd, IMAP_OK, NULL, "THREAD completed");
        } else {
                imap_scan_progress(&th->scan, cmd);
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_READ, t);
        }
}

static void thread_free(struct thread_task *th)
{
        imap_scan_done(&th->scan);
        imap_threads_free(th->threads);
        imap_pour_done(&th->pour);
        imap_share_close(&th->share);
        mem_free(th);
}

static void thread_drop(struct task *t)
{
        thread_free(container_of(t, struct thread_task, task));
}

static const struct task_class thread_class = { "imap thread", thread_work, thread_done,
                                                thread_drop };

static enum err parse(struct imap_args *args, struct imap_scan *scan,
                      enum imap_thread_algorithm *ret_algorithm)
{
        struct slice charset;
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_arg_thread_algorithm(args, ret_algorithm);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_search_charset_parse(args, &charset);
        if (!err)
                err = imap_arg_space(args);
        return err ? err : imap_search_keys_parse(args, &scan->arena, charset, &scan->search);
}

static enum imap_flow thread_start(struct imap_cmd *cmd, struct imap_args *args)
{
        const struct imap_config *config = imap_session_server(cmd->session)->config;
        struct thread_task *th = NEW(struct thread_task);
        enum imap_thread_algorithm algorithm;
        enum err err;

        th->task.class = &thread_class;
        th->pour.text.max = BUF_MAX;
        imap_scan_init(&th->scan);
        err = parse(args, &th->scan, &algorithm);
        if (err) {
                thread_free(th);
                return imap_scan_refuse(cmd, err, args);
        }
        imap_scan_begin(&th->scan, cmd);
        th->scan.items |= STORE_FETCH_KEYS;
        th->uid = cmd->uid;
        imap_scan_share(cmd, &th->share);
        th->threads = imap_threads_new(algorithm, (size_t)config->max_sort_memory, &th->share);
        return imap_submit(cmd, STORE_READ, &th->task);
}

const struct imap_command imap_cmd_thread = {
        .name = "THREAD",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .needs_numbers = true,
        .rfc = "5256 3",
        .help = "Finds messages as SEARCH does, as trees of who replies to whom.",
        .start = thread_start,
};
