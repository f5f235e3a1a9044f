/*
 * context_tell.c — ADDTO and REMOVEFROM: RFC 5267 4.3.2 to 4.3.4.
 *
 * In the order of the mailbox places are 0. In another each run of neighbours has the place
 * it has once all before it is done: those that go are told from the first, and those
 * that come by their places in the new order.
 */
#include "context_impl.h"
#include "search_answer.h"

/* The numbers of `a` that are, or are not, in `b`. */
static void split(const struct uid_set *a, const struct uid_set *b, bool in, struct uid_set *ret)
{
        uid_set_copy(ret, a);
        if (in)
                uid_set_keep(ret, b);
        else
                uid_set_remove(ret, b);
}

void imap_context_result(const struct imap_context *c, const struct uid_set *changed,
                         const struct uid_set *now, struct uid_set *ret)
{
        split(&c->found, changed, false, ret);
        uid_set_add_set(ret, now);
}

static uint32_t told(const struct imap_session *s, const struct imap_context *c, uint32_t uid)
{
        return c->uid ? uid : imap_number_of(s, uid);
}

/* ---- in the order of the mailbox ---- */

static void put_set(const struct imap_session *s, const struct imap_context *c, const char *item,
                    const struct uid_set *uids, struct buf *out)
{
        struct imap_results r;

        if (!uids->n)
                return;
        imap_results_of_set(uids, &s->mailbox->view.messages, c->uid, &r);
        if (r.told.n) {
                enum err ignored;

                buf_addf(out, " %s (0 ", item);
                ignored = uid_set_print(&r.told, out);
                (void)ignored;
                buf_addc(out, ')');
        }
        imap_results_done(&r);
}

/* ---- in an order of its own ---- */

/* One run of neighbours at a place: "3 7,9". */
static void put_run(const struct imap_session *s, const struct imap_context *c, size_t place,
                    const uint32_t *uids, size_t n, struct buf *out)
{
        uint32_t *numbers = mem_alloc_array(n, sizeof *numbers);

        for (size_t i = 0; i < n; i++)
                numbers[i] = told(s, c, uids[i]);
        buf_addf(out, "%zu ", place);
        imap_put_list(out, numbers, n);
        mem_free(numbers);
}

/*
 * The runs of `list` that are (not) in `set`, with their places: as if those before them were gone
 * already (`going`), or as they stand.
 */
static void put_runs(const struct imap_session *s, const struct imap_context *c, const char *item,
                     const struct imap_order *list, const struct uid_set *set, bool going,
                     struct buf *out)
{
        size_t gone = 0;
        bool any = false;

        for (size_t i = 0; i < list->n;) {
                size_t n = 0;

                while (i + n < list->n && !uid_set_contains(set, list->uids[i + n]))
                        n++;
                if (!n) {
                        i++;
                        continue;
                }
                if (any)
                        buf_addc(out, ' ');
                else
                        buf_addf(out, " %s (", item);
                any = true;
                put_run(s, c, i + 1 - gone, list->uids + i, n, out);
                gone += going ? n : 0;
                i += n;
        }
        if (any)
                buf_addc(out, ')');
}

/* From the old list to the new one; the old is freed. */
static void put_order(const struct imap_session *s, struct imap_context *c,
                      const struct uid_set *result, struct imap_order *order, struct buf *out)
{
        const struct imap_order old = { c->list, c->n };

        put_runs(s, c, "REMOVEFROM", &old, result, true, out);
        put_runs(s, c, "ADDTO", order, &c->found, false, out);
        mem_free(c->list);
        c->list = TAKE(order->uids);
        c->n = order->n;
}

/* ---- both ---- */

void imap_context_tell(struct imap_session *s, struct imap_context *c,
                       const struct uid_set *changed, const struct uid_set *now,
                       struct imap_order *order, struct buf *out)
{
        AUTO(uid_set_done) struct uid_set added = { 0 };
        AUTO(uid_set_done) struct uid_set was = { 0 };
        AUTO(uid_set_done) struct uid_set removed = { 0 };
        AUTO(uid_set_done) struct uid_set result = { 0 };

        split(now, &c->found, false, &added);
        split(changed, &c->found, true, &was);
        split(&was, now, false, &removed);
        if (!added.n && !removed.n)
                return;
        imap_context_result(c, changed, now, &result);
        imap_put_esearch_head(out, c->label, c->uid);
        if (c->sort.n) {
                put_order(s, c, &result, order, out);
        } else {
                put_set(s, c, "REMOVEFROM", &removed, out);
                put_set(s, c, "ADDTO", &added, out);
        }
        buf_add(out, SLICE("\r\n"));
        uid_set_copy(&c->found, &result);
}

static void remove_from(struct imap_session *s, struct imap_context *c, const struct uid_set *gone,
                        struct buf *out)
{
        AUTO(uid_set_done) struct uid_set removed = { 0 };
        AUTO(uid_set_done) struct uid_set left = { 0 };
        const struct imap_order old = { c->list, c->n };
        size_t n = 0;

        split(&c->found, gone, true, &removed);
        if (!removed.n)
                return;
        split(&c->found, gone, false, &left);
        imap_put_esearch_head(out, c->label, c->uid);
        if (c->sort.n)
                put_runs(s, c, "REMOVEFROM", &old, &left, true, out);
        else
                put_set(s, c, "REMOVEFROM", &removed, out);
        buf_add(out, SLICE("\r\n"));
        for (size_t i = 0; i < c->n; i++)
                if (uid_set_contains(&left, c->list[i]))
                        c->list[n++] = c->list[i];
        c->n = n;
        uid_set_copy(&c->found, &left);
}

void imap_contexts_remove(struct imap_session *s, const struct uid_set *gone, struct buf *out)
{
        for (size_t i = 0; i < s->mailbox->contexts.n; i++)
                remove_from(s, s->mailbox->contexts.items[i], gone, out);
}
