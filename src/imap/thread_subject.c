/* thread_subject.c — threads by what they are about: RFC 5256 3, REFERENCES step 5, ORDEREDSUBJECT. */
#include "thread_impl.h"

/* ---- REFERENCES, step 5 ---- */

struct merging {
        struct imap_threads *t;
        uint32_t *roots; /* children of the root; THREAD_NONE: merged into another */
        size_t n;
        size_t *of_subject; /* place in `roots` + 1, by subject; 0: none */
};

static bool is_dummy(const struct imap_threads *t, uint32_t node)
{
        return t->nodes[node].message == THREAD_NONE;
}

static bool is_reply(const struct imap_threads *t, uint32_t node)
{
        return !is_dummy(t, node) && t->messages[t->nodes[node].message].reply;
}

/* Step 5 B. */
static void fill_table(struct merging *m)
{
        const struct imap_threads *t = m->t;

        for (size_t i = 0; i < m->n; i++) {
                size_t *entry = &m->of_subject[thread_message_of(t, m->roots[i])->subject];
                uint32_t now = m->roots[i], known = *entry ? m->roots[*entry - 1] : now;

                if (entry == m->of_subject)
                        continue; /* no subject */
                if (!*entry || (!is_dummy(t, known) &&
                                (is_dummy(t, now) || (is_reply(t, known) && !is_reply(t, now)))))
                        *entry = i + 1;
        }
}

/* Step 5 C: the thread at place `i` and the one in the table, which is another. */
static enum err merge(struct merging *m, size_t i, size_t known_place)
{
        struct imap_threads *t = m->t;
        uint32_t now = m->roots[i], known = m->roots[known_place], dummy;
        enum err err;

        m->roots[i] = THREAD_NONE;
        if (is_dummy(t, known) && is_dummy(t, now)) {
                thread_append_children(t, known, now);
        } else if (is_dummy(t, known) || (is_reply(t, now) && !is_reply(t, known))) {
                thread_append(t, known, now);
        } else {
                err = thread_node_new(t, THREAD_NONE, &dummy);
                if (err)
                        return err;
                thread_append(t, dummy, known);
                thread_append(t, dummy, now);
                m->roots[known_place] = dummy;
        }
        return ERR_OK;
}

static enum err merge_all(struct merging *m)
{
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < m->n; i++) {
                size_t *entry = &m->of_subject[thread_message_of(m->t, m->roots[i])->subject];

                if (entry != m->of_subject && *entry != i + 1)
                        err = merge(m, i, *entry - 1);
        }
        return err;
}

/* The children of the root, in order, out of their list. */
static uint32_t *take_roots(struct imap_threads *t, size_t *ret_n)
{
        uint32_t *roots = mem_alloc_array(t->n_nodes, sizeof *roots);
        size_t n = 0;

        for (uint32_t node = t->nodes[THREAD_ROOT].first; node != THREAD_NONE;
             node = t->nodes[node].next)
                roots[n++] = node;
        t->nodes[THREAD_ROOT].first = t->nodes[THREAD_ROOT].last = THREAD_NONE;
        *ret_n = n;
        return roots;
}

enum err thread_merge_subjects(struct imap_threads *t)
{
        struct merging m = { .t = t };
        enum err err;

        m.roots = take_roots(t, &m.n);
        m.of_subject = mem_alloc_array((size_t)t->subjects.n + 1, sizeof *m.of_subject);
        fill_table(&m);
        err = merge_all(&m);
        for (size_t i = 0; i < m.n; i++)
                if (m.roots[i] != THREAD_NONE)
                        thread_append(t, THREAD_ROOT, m.roots[i]);
        mem_free(m.roots);
        mem_free(m.of_subject);
        return err;
}

/* ---- ORDEREDSUBJECT ---- */

static int by_date(const void *left, const void *right, void *threads)
{
        const struct imap_threads *t = threads;
        uint32_t a = t->nodes[*(const uint32_t *)left].message;
        uint32_t b = t->nodes[*(const uint32_t *)right].message;

        if (t->messages[a].date_us != t->messages[b].date_us)
                return t->messages[a].date_us < t->messages[b].date_us ? -1 : 1;
        return a < b ? -1 : a > b;
}

static void begin_sorting(struct imap_threads *t)
{
        size_t n = t->n_nodes - 1;
        uint32_t *nodes = mem_alloc_array(n, sizeof *nodes);

        for (uint32_t i = 0; i < n; i++)
                nodes[i] = i + 1;
        imap_long_sort_init(&t->by_date, nodes, n, sizeof *nodes, by_date, t);
}

/*
 * Sorted by date once, the first message of each subject begins its thread, and threads come in the
 * order of their first messages.
 */
bool thread_by_subject(struct imap_threads *t)
{
        const uint32_t *nodes;
        uint32_t *first;

        if (!t->by_date.items)
                begin_sorting(t);
        if (!imap_long_sort_step(&t->by_date))
                return false;
        nodes = (const void *)t->by_date.items;
        first = mem_alloc_array((size_t)t->subjects.n + 1, sizeof *first);
        for (size_t i = 0; i < t->by_date.n; i++) {
                uint32_t *known = &first[t->messages[t->nodes[nodes[i]].message].subject];

                thread_append(t, *known ? *known : THREAD_ROOT, nodes[i]);
                if (!*known)
                        *known = nodes[i];
        }
        mem_free(first);
        return true;
}
