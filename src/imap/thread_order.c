/*
 * thread_order.c — siblings by date: RFC 5256 3, REFERENCES, steps 4 and 6; 2.2.
 *
 * Of equal dates the order in the mailbox decides, which is that of the messages here. Under REFS
 * a thread goes by when its latest message arrived; within it all is as in REFERENCES.
 */
#include "thread_impl.h"

#include <stdlib.h>

uint32_t *thread_walk(const struct imap_threads *t, size_t *ret_n)
{
        uint32_t *order = mem_alloc_array(t->n_nodes, sizeof *order);
        size_t n = 1;

        order[0] = THREAD_ROOT;
        for (size_t i = 0; i < n; i++)
                for (uint32_t child = t->nodes[order[i]].first; child != THREAD_NONE;
                     child = t->nodes[child].next)
                        order[n++] = child;
        *ret_n = n;
        return order;
}

struct sibling {
        int64_t date_us;
        uint32_t message; /* decides between equals */
        uint32_t node;
};

static int compare(const void *left, const void *right)
{
        const struct sibling *a = left, *b = right;

        if (a->date_us != b->date_us)
                return a->date_us < b->date_us ? -1 : 1;
        return a->message < b->message ? -1 : a->message > b->message;
}

struct sorting {
        struct imap_threads *t;
        struct sibling *siblings; /* room for those of the largest set */
        int64_t *latest;          /* arrival of a node and all below it; NULL: not asked for */
};

static void sort_children(struct sorting *s, uint32_t parent)
{
        struct imap_threads *t = s->t;
        uint32_t child = t->nodes[parent].first;
        size_t n = 0;

        for (; child != THREAD_NONE; child = t->nodes[child].next) {
                const struct thread_message *m = thread_message_of(t, child);

                s->siblings[n++] = (struct sibling){
                        .date_us =
                                s->latest && parent == THREAD_ROOT ? s->latest[child] : m->date_us,
                        .message = (uint32_t)(m - t->messages),
                        .node = child,
                };
        }
        if (n < 2)
                return;
        qsort(s->siblings, n, sizeof *s->siblings, compare);
        t->nodes[parent].first = t->nodes[parent].last = THREAD_NONE;
        for (size_t i = 0; i < n; i++)
                thread_append(t, parent, s->siblings[i].node);
}

/* Children come before their parents here. */
static void note_latest(struct sorting *s, uint32_t node)
{
        const struct thread_node *n = &s->t->nodes[node];

        s->latest[node] =
                n->message == THREAD_NONE ? INT64_MIN : s->t->messages[n->message].arrived_us;
        for (uint32_t child = n->first; child != THREAD_NONE; child = s->t->nodes[child].next)
                if (s->latest[child] > s->latest[node])
                        s->latest[node] = s->latest[child];
}

void thread_sort(struct imap_threads *t, bool all)
{
        size_t n;
        uint32_t *order = thread_walk(t, &n);
        struct sorting s = {
                .t = t,
                .siblings = mem_alloc_array(n, sizeof *s.siblings),
                .latest = t->algorithm == IMAP_THREAD_REFS ? mem_alloc_array(t->n_nodes, 8) : NULL,
        };

        while (n--) {
                uint32_t node = order[n];

                /* A dummy counts by the first of its children: they are always put in order. */
                if (all || node == THREAD_ROOT || t->nodes[node].message == THREAD_NONE)
                        sort_children(&s, node);
                if (s.latest)
                        note_latest(&s, node);
        }
        mem_free(s.siblings);
        mem_free(s.latest);
        mem_free(order);
}
