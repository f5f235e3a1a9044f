/* thread.c — messages as threads: what they are made of, and how they are written. */
#include "thread_impl.h"

enum { NAMES = 3 };
static const char *const names[NAMES] = {
        [IMAP_THREAD_ORDEREDSUBJECT] = "ORDEREDSUBJECT",
        [IMAP_THREAD_REFERENCES] = "REFERENCES",
        [IMAP_THREAD_REFS] = "REFS",
};

enum err imap_arg_thread_algorithm(struct imap_args *a, enum imap_thread_algorithm *ret)
{
        struct slice name;
        enum err err = imap_arg_atom(a, &name);

        for (int i = 0; !err && i < NAMES; i++)
                if (slice_eq_word(name, slice_of(names[i]))) {
                        *ret = (enum imap_thread_algorithm)i;
                        return ERR_OK;
                }
        a->wanted = "ORDEREDSUBJECT, REFERENCES or REFS";
        return ERR_SYNTAX;
}

/* ---- life ---- */

struct imap_threads *imap_threads_new(enum imap_thread_algorithm algorithm, size_t max_octets,
                                      struct imap_share *share)
{
        struct imap_threads *t = NEW(struct imap_threads);
        uint32_t root;
        enum err ignored;

        t->algorithm = algorithm;
        t->max_octets = max_octets;
        t->share = share;
        t->ids.octets.max = t->subjects.octets.max = BUF_MAX;
        ignored = thread_node_new(t, THREAD_NONE, &root); /* the first always fits */
        (void)ignored;
        return t;
}

void imap_threads_free(struct imap_threads *t)
{
        if (!t)
                return;
        thread_texts_done(&t->ids);
        thread_texts_done(&t->subjects);
        imap_long_sort_done(&t->by_date);
        mem_free(t->node_of_id);
        mem_free(t->nodes);
        mem_free(t->messages);
        mem_free(t);
}

/* ---- nodes ---- */

static size_t octets_of(const struct imap_threads *t)
{
        return t->ids.octets.len + t->subjects.octets.len + t->n_nodes * sizeof *t->nodes +
               t->n_messages * sizeof *t->messages +
               (t->ids.n + t->subjects.n) * (sizeof *t->ids.items + 2 * sizeof *t->ids.slots);
}

enum err thread_node_new(struct imap_threads *t, uint32_t message, uint32_t *ret_node)
{
        if (t->n_nodes && octets_of(t) > t->max_octets)
                return ERR_LIMIT;
        t->nodes = mem_grow(t->nodes, t->n_nodes, 1, &t->cap_nodes, sizeof *t->nodes);
        t->nodes[t->n_nodes] = (struct thread_node){
                .parent = THREAD_NONE,
                .first = THREAD_NONE,
                .last = THREAD_NONE,
                .next = THREAD_NONE,
                .message = message,
        };
        *ret_node = t->n_nodes++;
        return ERR_OK;
}

void thread_append(struct imap_threads *t, uint32_t parent, uint32_t child)
{
        struct thread_node *p = &t->nodes[parent];

        t->nodes[child].parent = parent;
        t->nodes[child].next = THREAD_NONE;
        if (p->first == THREAD_NONE)
                p->first = child;
        else
                t->nodes[p->last].next = child;
        p->last = child;
}

void thread_append_children(struct imap_threads *t, uint32_t to, uint32_t from)
{
        struct thread_node *a = &t->nodes[to], *b = &t->nodes[from];

        if (b->first == THREAD_NONE)
                return;
        if (a->first == THREAD_NONE)
                a->first = b->first;
        else
                t->nodes[a->last].next = b->first;
        a->last = b->last;
        b->first = b->last = THREAD_NONE;
}

const struct thread_message *thread_message_of(const struct imap_threads *t, uint32_t node)
{
        while (t->nodes[node].message == THREAD_NONE)
                node = t->nodes[node].first;
        return &t->messages[t->nodes[node].message];
}

/* ---- adding ---- */

static enum err add_message(struct imap_threads *t, const struct store_fetch_row *row)
{
        struct thread_message m = {
                .uid = row->uid,
                .date_us = row->sent_us == INT64_MIN ? row->internal_date_us : row->sent_us,
                .arrived_us = row->internal_date_us,
                .reply = row->reply,
        };
        enum err err = ERR_OK;

        if (row->base_subject.len && t->algorithm != IMAP_THREAD_REFS)
                err = thread_text_number(t, &t->subjects, row->base_subject, &m.subject);
        if (err)
                return err;
        t->messages =
                mem_grow(t->messages, t->n_messages, 1, &t->cap_messages, sizeof *t->messages);
        t->messages[t->n_messages++] = m;
        return ERR_OK;
}

enum err imap_threads_add(struct imap_threads *t, const struct store_fetch_row *row)
{
        uint32_t node;
        enum err err = add_message(t, row);

        if (!err && t->share)
                err = imap_share_set(t->share, octets_of(t));
        if (err)
                return err;
        if (t->algorithm == IMAP_THREAD_ORDEREDSUBJECT)
                return thread_node_new(t, t->n_messages - 1, &node);
        return thread_link(t, row->message_id, row->references);
}

/* ---- finishing ---- */

/* RFC 5256 3: the steps of REFERENCES; REFS does without subjects; ORDEREDSUBJECT has its own. */
enum err imap_threads_step(struct imap_threads *t, bool *ret_over)
{
        bool references = t->algorithm == IMAP_THREAD_REFERENCES;
        enum err err = ERR_OK;

        *ret_over = false;
        if (t->algorithm == IMAP_THREAD_ORDEREDSUBJECT) {
                *ret_over = thread_by_subject(t);
                return ERR_OK;
        }
        switch (t->steps_done++) {
        case 0:
                thread_prune(t);
                break;
        case 1:
                if (references)
                        thread_sort(t, false);
                break;
        case 2:
                if (references)
                        err = thread_merge_subjects(t);
                break;
        default:
                thread_sort(t, true);
                *ret_over = true;
        }
        return err;
}

/* ---- writing ---- */

struct writer {
        const struct imap_threads *t;
        const struct uid_map *map; /* NULL: UIDs */
        struct buf *out;
        uint32_t *open; /* the children still to come of those that have several: a stack */
        size_t n_open, cap_open;
};

static uint32_t number_of(const struct writer *w, uint32_t node)
{
        uint32_t uid = w->t->messages[w->t->nodes[node].message].uid;

        return w->map ? uid_map_number(w->map, uid) : uid;
}

static void push(struct writer *w, uint32_t node)
{
        w->open = mem_grow(w->open, w->n_open, 1, &w->cap_open, sizeof *w->open);
        w->open[w->n_open++] = node;
}

/* A node, and below it as far as each has one child: "3 6". The last; its children are several or none. */
static enum err put_line(struct writer *w, uint32_t node, uint32_t *ret_last)
{
        const struct thread_node *nodes = w->t->nodes;
        bool space = false;
        enum err err = ERR_OK;

        for (;; node = nodes[node].first) {
                if (nodes[node].message != THREAD_NONE && space)
                        err = buf_putc(w->out, ' ');
                if (nodes[node].message != THREAD_NONE && !err)
                        err = buf_put_number(w->out, number_of(w, node));
                if (err || nodes[node].first == THREAD_NONE ||
                    nodes[nodes[node].first].next != THREAD_NONE)
                        break;
                space |= nodes[node].message != THREAD_NONE;
        }
        *ret_last = node;
        return err;
}

/* One member of a list: "(3 6 (4 23)(44 7 96))". What is inside comes by the stack. */
static enum err put_member(struct writer *w, uint32_t node)
{
        const struct thread_node *nodes = w->t->nodes;
        uint32_t last;
        enum err err = buf_putc(w->out, '(');

        if (!err)
                err = put_line(w, node, &last);
        if (!err && nodes[last].first == THREAD_NONE)
                return buf_putc(w->out, ')');
        /* RFC 5256 5: thread-members [SP thread-nested] */
        if (!err && nodes[last].message != THREAD_NONE)
                err = buf_putc(w->out, ' ');
        if (!err)
                push(w, nodes[last].first);
        return err;
}

static enum err put_all(struct writer *w)
{
        const struct thread_node *nodes = w->t->nodes;
        enum err err = ERR_OK;

        push(w, nodes[THREAD_ROOT].first);
        while (!err && w->n_open) {
                uint32_t node = w->open[w->n_open - 1];

                if (node != THREAD_NONE) {
                        w->open[w->n_open - 1] = nodes[node].next;
                        err = put_member(w, node);
                } else if (--w->n_open) {
                        err = buf_putc(w->out, ')');
                }
        }
        return err;
}

enum err imap_threads_put(const struct imap_threads *t, const struct uid_map *map, bool uid,
                          struct buf *out)
{
        struct writer w = { .t = t, .map = uid ? NULL : map, .out = out };
        enum err err;

        if (!t->n_messages)
                return ERR_OK;
        err = buf_putc(out, ' ');
        if (!err)
                err = put_all(&w);
        mem_free(w.open);
        return err;
}
