/*
 * thread_refs.c — who replies to whom: RFC 5256 3, REFERENCES, steps 1 to 3.
 *
 * Before a link is made, the way up from the parent to be is gone to see that the child
 * is not on it. A child without children cannot be; so mail in the order it was written
 * costs nothing. What a mailbox made to be slow may cost is limited: MAX_STEPS.
 */
#include "thread_impl.h"

/* Some seconds of a worker. */
#define MAX_STEPS ((uint64_t)1 << 30)

/* ---- step 1: links ---- */

static bool is_above(struct imap_threads *t, uint32_t node, uint32_t below)
{
        if (t->nodes[node].first == THREAD_NONE)
                return node == below;
        for (; below != THREAD_NONE; below = t->nodes[below].parent, t->steps++)
                if (below == node)
                        return true;
        return false;
}

static void unlink_node(struct imap_threads *t, uint32_t node)
{
        uint32_t parent = t->nodes[node].parent, before = THREAD_NONE;
        uint32_t at = t->nodes[parent].first;

        for (; at != node; at = t->nodes[at].next, t->steps++)
                before = at;
        if (before == THREAD_NONE)
                t->nodes[parent].first = t->nodes[node].next;
        else
                t->nodes[before].next = t->nodes[node].next;
        if (t->nodes[parent].last == node)
                t->nodes[parent].last = before;
        t->nodes[node].parent = t->nodes[node].next = THREAD_NONE;
}

/* The node of a message id: a message's, or a dummy. */
static enum err node_of(struct imap_threads *t, struct slice id, uint32_t *ret_node)
{
        uint32_t number, known = t->ids.n;
        enum err err = thread_text_number(t, &t->ids, id, &number);

        if (err)
                return err;
        if (number <= known) {
                *ret_node = t->node_of_id[number - 1];
                return ERR_OK;
        }
        err = thread_node_new(t, THREAD_NONE, ret_node);
        if (err)
                return err;
        t->node_of_id =
                mem_grow(t->node_of_id, number - 1, 1, &t->cap_node_of_id, sizeof *t->node_of_id);
        t->node_of_id[number - 1] = *ret_node;
        return ERR_OK;
}

/* Step 1 A: each reference is the parent of the next. The last, or THREAD_NONE. */
static enum err link_references(struct imap_threads *t, struct slice references, uint32_t *ret_last)
{
        uint32_t last = THREAD_NONE;

        while (references.len) {
                uint32_t node;
                enum err err = node_of(t, slice_cut_piece(&references, ' '), &node);

                if (err)
                        return err;
                if (last != THREAD_NONE && t->nodes[node].parent == THREAD_NONE &&
                    !is_above(t, node, last))
                        thread_append(t, last, node);
                last = node;
        }
        *ret_last = last;
        return ERR_OK;
}

/* The message's own node; one without an id, or with another's, gets a node nobody refers to. */
static enum err own_node(struct imap_threads *t, struct slice message_id, uint32_t *ret_node)
{
        uint32_t message = t->n_messages - 1;
        enum err err;

        if (!message_id.len)
                return thread_node_new(t, message, ret_node);
        err = node_of(t, message_id, ret_node);
        if (err)
                return err;
        if (t->nodes[*ret_node].message != THREAD_NONE)
                return thread_node_new(t, message, ret_node);
        t->nodes[*ret_node].message = message;
        return ERR_OK;
}

enum err thread_link(struct imap_threads *t, struct slice message_id, struct slice references)
{
        uint32_t node, parent;
        enum err err = own_node(t, message_id, &node);

        if (!err)
                err = link_references(t, references, &parent);
        if (err)
                return err;
        /* Step 1 B: the last reference is the parent, whatever was thought before. */
        if (t->nodes[node].parent != THREAD_NONE && t->nodes[node].parent != parent)
                unlink_node(t, node);
        if (parent != THREAD_NONE && t->nodes[node].parent == THREAD_NONE &&
            !is_above(t, node, parent))
                thread_append(t, parent, node);
        return t->steps > MAX_STEPS ? ERR_LIMIT : ERR_OK;
}

/* ---- steps 2 and 3: the root, without dummies ---- */

/* Dummies among the children of `parent` go; theirs are pruned already. */
static void prune_children(struct imap_threads *t, uint32_t parent)
{
        uint32_t child = t->nodes[parent].first, next;

        t->nodes[parent].first = t->nodes[parent].last = THREAD_NONE;
        for (; child != THREAD_NONE; child = next) {
                const struct thread_node *c = &t->nodes[child];
                /* Several children of a dummy do not become threads of their own. */
                bool kept =
                        c->message != THREAD_NONE || (parent == THREAD_ROOT && c->first != c->last);

                next = c->next;
                if (kept)
                        thread_append(t, parent, child);
                else
                        thread_append_children(t, parent, child);
        }
}

void thread_prune(struct imap_threads *t)
{
        size_t n;
        uint32_t *order;

        for (uint32_t node = 1; node < t->n_nodes; node++)
                if (t->nodes[node].parent == THREAD_NONE)
                        thread_append(t, THREAD_ROOT, node);
        order = thread_walk(t, &n);
        while (n--)
                prune_children(t, order[n]);
        mem_free(order);
}
