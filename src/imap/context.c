/* context.c — results that are kept up to date: which there are, and what a worker finds out. */
#include "context_impl.h"

#include "mailserver/core/log.h"

/* ---- life ---- */

static void context_unref(struct imap_context *c)
{
        if (--c->refs)
                return;
        imap_scan_done(&c->scan);
        uid_set_done(&c->found);
        mem_free(c->list);
        mem_free(c->tag);
        mem_free(c->label);
        mem_free(c);
}

static bool fits(const struct imap_session *s, const struct imap_context_params *p)
{
        const struct imap_config *config = s->server->config;

        return s->mailbox && s->mailbox->contexts.n < (size_t)config->max_contexts &&
               (!p->sort->n || p->n <= (size_t)config->max_sorted_context) &&
               !imap_sort_has(p->sort, IMAP_SORT_RELEVANCY); /* scores are not kept */
}

/* RFC 5267 4.3.1: what cannot be kept up to date is answered all the same. */
void imap_context_refuse(struct imap_cmd *cmd)
{
        imap_untagged(cmd,
                      "NO [NOUPDATE \"" SLICE_FMT
                      "\"] Too many searches, or results, to be kept up to date",
                      SLICE_ARG(cmd->tag));
}

static struct imap_context *context_new(struct slice tag, struct imap_context_params *p)
{
        struct imap_context *c = NEW(struct imap_context);

        c->refs = 1;
        c->tag = mem_strdup(tag);
        c->label = mem_strdup(p->label);
        c->uid = p->uid;
        c->scan = *p->scan;
        imap_scan_init(p->scan);
        c->sort = *p->sort;
        c->found = *p->uids;
        *p->uids = (struct uid_set){ 0 };
        c->list = TAKE(p->list);
        c->n = p->n;
        return c;
}

void imap_context_add(struct imap_cmd *cmd, struct imap_context_params *p)
{
        struct imap_session *s = cmd->session;
        bool kept = fits(s, p);
        struct imap_context *c = context_new(cmd->tag, p);
        struct imap_contexts *all;

        if (!kept) {
                context_unref(c);
                imap_context_refuse(cmd);
                return;
        }
        imap_search_open_ends(&c->scan.search);
        all = &s->mailbox->contexts;
        all->items = mem_realloc(all->items, (all->n + 1) * sizeof(struct imap_context *));
        all->items[all->n++] = c;
}

static size_t find(const struct imap_session *s, struct slice tag)
{
        const struct imap_contexts *all = &s->mailbox->contexts;
        size_t i = 0;

        while (i < all->n && !slice_eq(slice_of(all->items[i]->tag), tag))
                i++;
        return i;
}

bool imap_context_known(const struct imap_session *s, struct slice tag)
{
        return s->mailbox && find(s, tag) < s->mailbox->contexts.n;
}

bool imap_context_cancel(struct imap_session *s, struct slice tag)
{
        struct imap_contexts *all = &s->mailbox->contexts;
        size_t i = find(s, tag);

        if (i == all->n)
                return false;
        context_unref(all->items[i]);
        all->n--;
        for (; i < all->n; i++)
                all->items[i] = all->items[i + 1];
        return true;
}

void imap_contexts_done(struct imap_contexts *all)
{
        for (size_t i = 0; i < all->n; i++)
                context_unref(all->items[i]);
        mem_free(all->items);
        uid_set_done(&all->changed);
        *all = (struct imap_contexts){ 0 };
}

void imap_contexts_note(struct imap_contexts *all, const struct store_changes *changes)
{
        if (!all->n)
                return;
        uid_set_add_set(&all->changed, &changes->arrived);
        for (size_t i = 0; i < changes->n_flags; i++)
                uid_set_add(&all->changed, changes->flags[i].uid);
}

/* ---- looking: worker ---- */

/* Each context in turn; a worker has them for itself, for the session waits. */
struct look {
        struct task task;
        struct imap_context **contexts; /* counted */
        size_t n, at;
        struct uid_set changed;
        bool aimed;               /* the scan of contexts[at] */
        struct uid_set *now;      /* of each context: those of `changed` that match */
        struct imap_order *order; /* of each that is sorted: the new one */
        size_t max_text, max_octets;
};

static enum err keep(void *arg, const struct store_fetch_row *row)
{
        uid_set_add(arg, row->uid);
        return ERR_OK;
}

struct ordering {
        struct imap_sorter sorter;
        struct uid_set there; /* those with a row */
        enum err err;
};

static bool add_row(void *arg, const struct store_fetch_row *row)
{
        struct ordering *o = arg;

        uid_set_add(&o->there, row->uid);
        o->err = imap_sorter_add(&o->sorter, row, 0);
        return !o->err;
}

/* Those of the list as it was told that are still in the result, though they have no row any more. */
static void keep_told(const struct imap_context *c, const struct uid_set *result,
                      const struct uid_set *there, struct imap_order *order)
{
        uint32_t *merged = mem_alloc_array(c->n + order->n + 1, sizeof *merged);
        size_t n = 0, next = 0;

        for (size_t i = 0; i < c->n; i++) {
                if (!uid_set_contains(result, c->list[i]))
                        continue;
                if (uid_set_contains(there, c->list[i])) {
                        while (next < order->n && order->uids[next] != c->list[i])
                                merged[n++] = order->uids[next++];
                        next++;
                }
                merged[n++] = c->list[i];
        }
        while (next < order->n)
                merged[n++] = order->uids[next++];
        mem_free(order->uids);
        *order = (struct imap_order){ merged, n };
}

/*
 * The result anew, and its order; a message's place among the others never changes. One that
 * somebody has expunged, of which the client has not heard, keeps the place that was told; one it
 * was never told of does not match.
 */
static enum err put_in_order(struct look *l, struct store_txn *tx, const struct imap_context *c)
{
        AUTO(uid_set_done) struct uid_set result = { 0 };
        struct ordering o = {
                .sorter = {.sort = c->sort,
                           .max_text = l->max_text,
                           .octets = BUF_INIT(l->max_octets)},
        };
        struct imap_order *order = &l->order[l->at];
        enum err err;

        imap_context_result(c, &l->changed, &l->now[l->at], &result);
        err = store_fetch(tx, c->scan.mailbox, &result, 0, imap_sort_items(&c->sort), add_row, &o);
        if (!err)
                err = o.err;
        if (!err) {
                order->uids = imap_sorter_take(&o.sorter, &order->n);
                keep_told(c, &result, &o.there, order);
                uid_set_add_set(&o.there, &c->found);
                uid_set_keep(&l->now[l->at], &o.there);
        }
        uid_set_done(&o.there);
        imap_sorter_done(&o.sorter);
        return err;
}

static enum err look_work(struct task *t, struct store_txn *tx)
{
        struct look *l = container_of(t, struct look, task);
        struct imap_context *c = l->contexts[l->at];
        enum err err;

        if (!l->aimed)
                imap_scan_again(&c->scan, &l->changed);
        l->aimed = true;
        err = imap_scan_work(&c->scan, tx, &t->cancelled, keep, &l->now[l->at]);
        if (err || !c->scan.over)
                return err;
        if (c->sort.n)
                err = put_in_order(l, tx, c);
        l->aimed = false;
        l->at++;
        return err;
}

/* ---- loop ---- */

static void look_drop(struct task *t)
{
        struct look *l = container_of(t, struct look, task);

        for (size_t i = 0; i < l->n; i++) {
                context_unref(l->contexts[i]);
                uid_set_done(&l->now[i]);
                mem_free(l->order[i].uids);
        }
        mem_free(l->contexts);
        mem_free(l->now);
        mem_free(l->order);
        uid_set_done(&l->changed);
        mem_free(l);
}

static void tell(struct imap_session *s, struct look *l)
{
        AUTO_BUF(out, BUF_MAX);

        for (size_t i = 0; i < l->n; i++)
                if (imap_context_known(s, slice_of(l->contexts[i]->tag)))
                        imap_context_tell(s, l->contexts[i], &l->changed, &l->now[i], &l->order[i],
                                          &out);
        conn_write_take(s->conn, &out);
}

static bool submit(struct imap_session *s, struct look *l)
{
        l->task.owner = s;
        if (store_submit(s->server->store, s->account, STORE_READ, &l->task))
                return false;
        s->mailbox->task = &l->task;
        return true;
}

static void look_done(struct task *t)
{
        struct look *l = container_of(t, struct look, task);
        struct imap_session *s = t->owner;

        s->mailbox->task = NULL;
        if (!t->result && l->at < l->n) {
                task_keep(t);
                if (submit(s, l))
                        return;
                uid_set_add_set(&s->mailbox->contexts.changed, &l->changed); /* next time */
                look_drop(t);
        } else if (t->result) {
                log_warn("c=%s imap cannot look at changes mailbox=%lld error=%s", conn_id(s->conn),
                         (long long)s->mailbox->view.mailbox, err_name(t->result));
                uid_set_add_set(&s->mailbox->contexts.changed, &l->changed);
        } else {
                tell(s, l);
        }
        imap_view_told(s);
}

static const struct task_class look_class = { "imap context", look_work, look_done, look_drop };

static struct look *look_new(struct imap_session *s)
{
        const struct imap_config *config = s->server->config;
        struct imap_contexts *all = &s->mailbox->contexts;
        struct look *l = NEW(struct look);

        l->task.class = &look_class;
        l->n = all->n;
        l->contexts = mem_alloc_array(l->n, sizeof(struct imap_context *));
        l->now = mem_alloc_array(l->n, sizeof *l->now);
        l->order = mem_alloc_array(l->n, sizeof *l->order);
        l->max_text = (size_t)config->max_sort_text;
        l->max_octets = (size_t)config->max_sort_memory;
        for (size_t i = 0; i < l->n; i++) {
                l->contexts[i] = all->items[i];
                l->contexts[i]->refs++;
                uid_set_copy(&l->contexts[i]->scan.recent, &s->mailbox->recent);
        }
        uid_set_copy(&l->changed, &all->changed);
        return l;
}

bool imap_contexts_look(struct imap_session *s)
{
        struct look *l;

        if (!s->mailbox->contexts.n)
                uid_set_clear(&s->mailbox->contexts.changed);
        if (!s->mailbox->contexts.changed.n)
                return false;
        l = look_new(s);
        if (!submit(s, l)) {
                look_drop(&l->task);
                return false;
        }
        uid_set_clear(&s->mailbox->contexts.changed);
        return true;
}
