/*
 * search.c — when is what indexed? The loop's part.
 *
 * Changes of the store name mailboxes; a little later one step of the worker looks at
 * them, and goes on as long as there is more. The first step walks over all, and so
 * does one a day, which finds what was overlooked and whether the index is mostly of
 * mail that has gone.
 */
#include "search_impl.h"

#include "mailserver/core/mem.h"

enum { RETRY_MS = 60000, DAY_MS = 86400000, PAUSE_MS = 20 };

struct step_task {
        struct task task;
        struct search_worker *worker;
        struct search_step step;
        int64_t mailboxes[SEARCH_MAX_DUE];
};

static void start_step(void *arg);

static void wake_in(struct search *s, int64_t ms)
{
        if (!s->stopped && !s->running)
                timer_set(&s->timer, s->loop, ms, start_step, s);
}

/* ---- what is due ---- */

/* Where it stands among those that are due, or would. */
static size_t place_of(const struct search *s, int64_t mailbox)
{
        size_t low = 0, high = s->n_due;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (s->due[middle] < mailbox)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void add_due(struct search *s, int64_t mailbox)
{
        size_t at = place_of(s, mailbox);

        if (at < s->n_due && s->due[at] == mailbox)
                return;
        if (s->n_due == SEARCH_MAX_DUE) {
                s->n_due = 0;
                s->walk_due = true;
                return;
        }
        memmove(&s->due[at + 1], &s->due[at], (s->n_due - at) * sizeof *s->due);
        s->due[at] = mailbox;
        s->n_due++;
}

static void changed(struct store_watcher *watcher, const struct store_change *change)
{
        struct search *s = container_of(watcher, struct search, watcher);

        if (change->kind != STORE_CHANGE_MAILBOX || s->walk_due)
                return;
        add_due(s, change->mailbox);
        if (!timer_pending(&s->timer))
                wake_in(s, s->config.delay_ms);
}

/* ---- steps ---- */

static enum err step_work(struct task *t, struct store_txn *tx)
{
        struct step_task *step = container_of(t, struct step_task, task);

        return search_worker_step(step->worker, tx, &step->step);
}

static void take_status(struct search *s, const struct search_step *step)
{
        s->status.rebuilding = step->rebuilding;
        s->status.documents = step->documents;
        s->status.octets = step->octets;
        s->status.done = step->done;
        s->status.all = step->all;
        s->status.full = step->full;
}

static void tell_end(struct search *s, enum err result)
{
        struct search_listener *l = s->listener;

        s->listener = NULL;
        if (l)
                l->ended(l, result);
}

static void tell_listener(struct search *s, enum err result)
{
        struct search_listener *l = s->listener;

        if (!l)
                return;
        if (result)
                tell_end(s, result);
        else if (s->rebuild_due)
                return; /* not begun yet */
        else if (s->status.full)
                tell_end(s, ERR_FULL);
        else if (s->status.rebuilding)
                l->progress(l, s->status.done, s->status.all);
        else
                tell_end(s, ERR_OK);
}

/* After a step: the next one, at once, soon, or when its failure may be over. */
static void go_on(struct search *s, const struct search_step *step, enum err result)
{
        if (result || step->full)
                wake_in(s, RETRY_MS);
        else if (step->more)
                wake_in(s, 0);
        else if (s->n_due || s->walk_due || s->rebuild_due)
                wake_in(s, s->config.delay_ms);
}

static void step_done(struct task *t)
{
        struct step_task *task = container_of(t, struct step_task, task);
        const struct search_step *step = &task->step;
        struct search *s = t->owner;

        s->running = NULL;
        s->opened = s->opened || step->verified || t->result;
        take_status(s, step);
        /* What this step did not come to, or could not write. */
        for (size_t i = step->n_done; i < step->n_mailboxes; i++)
                add_due(s, task->mailboxes[i]);
        if (t->result || !step->begun) {
                s->walk_due = s->walk_due || step->walk;
                s->rebuild_due = s->rebuild_due || step->rebuild;
        }
        s->failed = t->result || step->full;
        s->status.failures += t->result != ERR_OK;
        metric_add(s->steps, 1);
        tell_listener(s, t->result);
        go_on(s, step, t->result);
}

static void step_drop(struct task *t)
{
        mem_free(container_of(t, struct step_task, task));
}

static const struct task_class step_class = { "search index", step_work, step_done, step_drop };

/* Does the writer have its hands full? Nobody waits for us; but not for ever. */
static bool gives_way(struct search *s)
{
        int64_t now_ms = loop_now_ms(s->loop);

        if (!s->gives_way_until_ms)
                s->gives_way_until_ms = now_ms + s->config.give_way_ms;
        if (!store_lane_idle(s->store, STORE_WRITE) && now_ms < s->gives_way_until_ms) {
                wake_in(s, PAUSE_MS);
                return true;
        }
        s->gives_way_until_ms = 0;
        return false;
}

static void start_step(void *arg)
{
        struct search *s = arg;
        struct step_task *step;

        if (s->opened && gives_way(s))
                return;
        step = NEW(struct step_task);
        step->task.class = &step_class;
        step->task.owner = s;
        step->worker = s->worker;
        memcpy(step->mailboxes, s->due, s->n_due * sizeof *s->due);
        step->step = (struct search_step){
                .task = &step->task,
                .mailboxes = step->mailboxes,
                .n_mailboxes = s->n_due,
                .walk = s->walk_due,
                .rebuild = s->rebuild_due,
        };
        if (store_submit(s->store, 0, STORE_IDLE, &step->task)) {
                step_drop(&step->task);
                wake_in(s, RETRY_MS);
                return;
        }
        s->running = &step->task;
        s->n_due = 0;
        s->walk_due = s->rebuild_due = false;
}

static void walk_daily(void *arg)
{
        struct search *s = arg;

        s->walk_due = true;
        wake_in(s, 0);
        timer_set(&s->daily, s->loop, DAY_MS, walk_daily, s);
}

/* ---- life ---- */

struct search *search_new(struct loop *l, struct store *store, const char *data_dir,
                          const struct search_config *config)
{
        struct search *s = NEW(struct search);

        s->config = *config;
        s->loop = l;
        s->store = store;
        s->narrowed = metric_counter(SEARCH_METRIC_NARROWED);
        s->unhelped = metric_counter(SEARCH_METRIC_NOT_NARROWED);
        s->steps = metric_counter("search.steps");
        if (!config->index)
                return s;
        s->worker = search_worker_new(data_dir, config);
        s->watcher.changed = changed;
        store_watch(store, &s->watcher);
        timer_set(&s->daily, l, DAY_MS, walk_daily, s);
        wake_in(s, 0);
        return s;
}

bool search_opened(const struct search *s)
{
        return !s->worker || s->opened;
}

void search_stop(struct search *s)
{
        if (!s || s->stopped)
                return;
        s->stopped = true;
        if (s->worker)
                store_unwatch(s->store, &s->watcher);
        if (s->running)
                task_cancel(s->running);
        s->running = NULL;
        tell_end(s, ERR_CANCELLED);
        timer_done(&s->timer);
        timer_done(&s->daily);
}

void search_free(struct search *s)
{
        if (!s)
                return;
        search_stop(s);
        search_worker_free(s->worker);
        mem_free(s);
}

/* ---- administration ---- */

void search_get_status(struct search *s, struct search_status *ret_status)
{
        *ret_status = s->status;
        ret_status->on = s->worker != NULL;
        ret_status->ready = s->worker && search_readers_started(search_worker_readers(s->worker));
        ret_status->rebuilding = s->status.rebuilding || s->rebuild_due;
        ret_status->waiting = (int64_t)s->n_due + s->walk_due + (s->running != NULL);
        /* Between two steps of one walk, and before what failed is tried again, nothing else says so. */
        if (!ret_status->waiting && timer_pending(&s->timer))
                ret_status->waiting = 1;
}

enum err search_rebuild(struct search *s, struct search_listener *l)
{
        if (!s->worker)
                return ERR_DENIED;
        if (s->listener || (!s->failed && (s->rebuild_due || s->status.rebuilding)))
                return ERR_EXISTS;
        s->rebuild_due = s->rebuild_due || !s->status.rebuilding;
        s->listener = l;
        wake_in(s, 0);
        return ERR_OK;
}
