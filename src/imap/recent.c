/* recent.c — how far the messages of each open mailbox were told. */
#include "recent.h"

#include "mailserver/core/mem.h"

struct imap_recent {
        struct list link;         /* of its bucket */
        struct list late;         /* while refs is 0 */
        struct imap_recents *all; /* NULL: the server has gone */
        int64_t account, mailbox;
        uint32_t taken; /* UIDs below it */
        uint32_t kept;  /* the store knows so of these */
        bool writing;
        size_t refs; /* open mailboxes, and the task */
};

struct recent_task {
        struct task task;
        struct imap_recent *recent; /* counted */
        int64_t mailbox;
        uint32_t uidnext;
};

void imap_recents_init(struct imap_recents *all, struct store *store)
{
        all->store = store;
        for (size_t i = 0; i < IMAP_RECENT_BUCKETS; i++)
                list_init(&all->buckets[i]);
        list_init(&all->late);
        all->n_late = 0;
}

static void forget_oldest(struct imap_recents *all)
{
        struct imap_recent *r = container_of(all->late.next, struct imap_recent, late);

        all->n_late--;
        list_remove(&r->late);
        list_remove(&r->link);
        mem_free(r);
}

void imap_recents_done(struct imap_recents *all)
{
        while (all->n_late)
                forget_oldest(all);
        for (size_t i = 0; i < IMAP_RECENT_BUCKETS; i++) {
                struct list *link;

                while ((link = list_pop(&all->buckets[i])))
                        container_of(link, struct imap_recent, link)->all = NULL;
        }
}

/*
 * It stays for a while: a SELECT may have read the mailbox before the store knew what was taken, and
 * come for it only now.
 */
static void unref(struct imap_recent *r)
{
        struct imap_recents *all = r->all;

        if (--r->refs)
                return;
        if (!all) {
                mem_free(r);
                return;
        }
        list_append(&all->late, &r->late);
        if (++all->n_late > IMAP_RECENT_LATE)
                forget_oldest(all);
}

/* ---- into the store ---- */

static void keep(struct imap_recent *r);

/* Store writer. */
static enum err recent_work(struct task *t, struct store_txn *tx)
{
        struct recent_task *w = container_of(t, struct recent_task, task);

        return store_view_take_recent(tx, w->mailbox, w->uidnext);
}

static void recent_done(struct task *t)
{
        struct recent_task *w = container_of(t, struct recent_task, task);
        struct imap_recent *r = w->recent;

        r->writing = false;
        if (t->result)
                return; /* the next who takes one tries again */
        r->kept = w->uidnext;
        keep(r);
}

static void recent_drop(struct task *t)
{
        struct recent_task *w = container_of(t, struct recent_task, task);

        unref(w->recent);
        mem_free(w);
}

static const struct task_class recent_class = { "imap recent", recent_work, recent_done,
                                                recent_drop };

/* One write at a time: what is taken meanwhile goes with the next. */
static void keep(struct imap_recent *r)
{
        struct recent_task *w;

        if (r->writing || r->taken <= r->kept || !r->all)
                return;
        w = NEW(struct recent_task);
        w->task.class = &recent_class;
        w->task.owner = r;
        w->recent = r;
        w->mailbox = r->mailbox;
        w->uidnext = r->taken;
        if (store_submit(r->all->store, r->account, STORE_WRITE, &w->task)) {
                mem_free(w);
                return;
        }
        r->writing = true;
        r->refs++;
}

/* ---- who was first ---- */

/* Ids are counted upwards: they spread by themselves. */
static size_t bucket_of(int64_t mailbox)
{
        return (uint64_t)mailbox % IMAP_RECENT_BUCKETS;
}

static struct imap_recent *find(const struct imap_recents *all, int64_t mailbox)
{
        const struct list *bucket = &all->buckets[bucket_of(mailbox)];

        for (struct list *link = bucket->next; link != bucket; link = link->next) {
                struct imap_recent *r = container_of(link, struct imap_recent, link);

                if (r->mailbox == mailbox)
                        return r;
        }
        return NULL;
}

struct imap_recent *imap_recent_get(struct imap_recents *all, int64_t account, int64_t mailbox)
{
        struct imap_recent *r = find(all, mailbox);

        if (r) {
                if (r->refs++ == 0) {
                        list_remove(&r->late);
                        all->n_late--;
                }
                return r;
        }
        r = NEW(struct imap_recent);
        r->all = all;
        r->account = account;
        r->mailbox = mailbox;
        r->refs = 1;
        list_append(&all->buckets[bucket_of(mailbox)], &r->link);
        return r;
}

void imap_recent_put(struct imap_recent *r)
{
        if (!r)
                return;
        keep(r);
        unref(r);
}

uint32_t imap_recent_from(const struct imap_recent *r, uint32_t uid)
{
        return uid > r->taken ? uid : r->taken;
}

int64_t imap_recent_count(const struct imap_recents *all, int64_t mailbox, int64_t recent,
                          int64_t uidnext)
{
        const struct imap_recent *r = find(all, mailbox);
        int64_t left = r && r->taken < uidnext ? uidnext - r->taken : 0;

        return r && left < recent ? left : recent;
}

void imap_recent_take(struct imap_recent *r, uint32_t uidnext)
{
        if (uidnext <= r->taken)
                return;
        r->taken = uidnext;
        keep(r);
}
