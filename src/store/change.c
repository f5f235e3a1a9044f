/*
 * change.c — watchers, found by mailbox, and the changes they are told.
 *
 * The changes of one commit travel to the loop as one task, posted before the
 * commit's own tasks are given back: so a watcher knows before anyone is
 * answered.
 */
#include "change.h"

#include "engine.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

struct watch_table {
        _Atomic int refs;
        struct list any; /* watchers of everything */
        struct list buckets[BUCKETS];
};

struct change_task {
        struct task task;
        struct watch_table *table; /* counted */
        size_t n;
        struct store_change changes[];
};

struct watch_table *watch_table_new(void)
{
        struct watch_table *table = NEW(struct watch_table);

        atomic_store(&table->refs, 1);
        list_init(&table->any);
        for (size_t i = 0; i < BUCKETS; i++)
                list_init(&table->buckets[i]);
        return table;
}

void watch_table_unref(struct watch_table *table)
{
        if (table && atomic_fetch_sub(&table->refs, 1) == 1)
                mem_free(table);
}

static struct list *bucket(struct watch_table *table, int64_t mailbox)
{
        /* Ids are counted upwards: they spread by themselves. */
        return mailbox ? &table->buckets[(uint64_t)mailbox % BUCKETS] : &table->any;
}

void store_watch(struct store *s, struct store_watcher *w)
{
        list_append(bucket(s->watchers, w->mailbox), &w->link);
}

void store_unwatch(struct store *s, struct store_watcher *w)
{
        (void)s;
        list_remove(&w->link);
}

/* A watcher may leave, or free others, when it is told: each is back in its list before its turn. */
static void tell_list(struct list *watchers, const struct store_change *change, bool any)
{
        struct list due = LIST_INIT(due);
        struct list *link;

        list_splice(&due, watchers);
        while ((link = list_pop(&due))) {
                struct store_watcher *w = container_of(link, struct store_watcher, link);

                list_append(watchers, &w->link);
                if (any || w->mailbox == change->mailbox)
                        w->changed(w, change);
        }
}

static void tell(struct watch_table *table, const struct store_change *changes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (changes[i].mailbox)
                        tell_list(bucket(table, changes[i].mailbox), &changes[i], false);
                tell_list(&table->any, &changes[i], true);
        }
}

/* ---- from the writer to the loop ---- */

static int compare(const void *a, const void *b)
{
        const struct store_change *x = a, *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        if (x->account != y->account)
                return x->account < y->account ? -1 : 1;
        if (x->mailbox != y->mailbox)
                return x->mailbox < y->mailbox ? -1 : 1;
        return x->modseq < y->modseq ? -1 : x->modseq > y->modseq;
}

/* The UIDs whose flags changed, by either of two changes. */
static void merge_flags(struct store_change *change, const struct store_change *next)
{
        if (next->since > change->modseq) {
                change->flags_first = 1;
                change->flags_last = UINT32_MAX;
        } else if (!change->flags_first) {
                change->flags_first = next->flags_first;
                change->flags_last = next->flags_last;
        } else if (next->flags_first) {
                if (next->flags_first < change->flags_first)
                        change->flags_first = next->flags_first;
                if (next->flags_last > change->flags_last)
                        change->flags_last = next->flags_last;
        }
}

void store_change_merge(struct store_change *change, const struct store_change *next)
{
        bool arrivals = change->first_uid && next->first_uid && change->modseq == next->since &&
                        change->uidnext == next->first_uid;

        merge_flags(change, next);
        if (next->modseq > change->modseq)
                change->modseq = next->modseq;
        if (arrivals)
                change->uidnext = next->uidnext;
        else
                change->first_uid = 0;
}

/* The largest MODSEQ of each mailbox stands for all: a hundred deliveries are one change. */
static size_t coalesce(struct store_change *changes, size_t n)
{
        size_t kept = 0;

        qsort(changes, n, sizeof *changes, compare);
        for (size_t i = 0; i < n; i++) {
                struct store_change *last = kept ? &changes[kept - 1] : NULL;

                if (last && last->kind == changes[i].kind && last->account == changes[i].account &&
                    last->mailbox == changes[i].mailbox)
                        store_change_merge(last, &changes[i]);
                else
                        changes[kept++] = changes[i];
        }
        return kept;
}

static void change_done(struct task *t)
{
        struct change_task *c = container_of(t, struct change_task, task);

        tell(c->table, c->changes, c->n);
}

static void change_drop(struct task *t)
{
        struct change_task *c = container_of(t, struct change_task, task);

        watch_table_unref(c->table);
        mem_free(c);
}

static const struct task_class change_class = {
        .name = "store change",
        .done = change_done,
        .drop = change_drop,
};

void change_post(struct watch_table *table, struct task_hub *hub,
                 const struct store_change *changes, size_t n)
{
        struct change_task *c;

        if (!n)
                return;
        c = mem_alloc(sizeof *c + n * sizeof *changes);
        c->task.class = &change_class;
        c->task.owner = table;
        c->table = table;
        memcpy(c->changes, changes, n * sizeof *changes);
        c->n = coalesce(c->changes, n);
        atomic_fetch_add(&table->refs, 1);
        if (hub) {
                task_post(hub, &c->task);
                return;
        }
        change_done(&c->task);
        change_drop(&c->task);
}
