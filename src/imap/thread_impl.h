/*
 * thread_impl.h — the tree of THREAD from inside.
 *
 * A node is a message, or the dummy of one that was referred to and is not there. Nodes are
 * numbers into one array; children are a list through `next`. Node 0 is the root.
 */
#ifndef IMAP_THREAD_IMPL_H
#define IMAP_THREAD_IMPL_H

#include "long_sort.h"
#include "thread.h"

#include "mailserver/core/mem.h"

enum { THREAD_ROOT = 0 };
#define THREAD_NONE UINT32_MAX

struct thread_node {
        uint32_t parent;      /* THREAD_NONE: none yet */
        uint32_t first, last; /* children */
        uint32_t next;        /* of the same parent */
        uint32_t message;     /* THREAD_NONE: a dummy */
};

struct thread_message {
        uint32_t uid;
        uint32_t subject;   /* number of its text; 0: empty */
        int64_t date_us;    /* sent: RFC 5256 2.2 */
        int64_t arrived_us; /* by which REFS puts threads in order */
        bool reply;
};

/* Texts, each kept once and known by a number from 1 on. */
struct thread_texts {
        struct buf octets;
        struct {
                size_t start, len;
        } * items; /* item n - 1 */
        uint32_t n;
        size_t cap;
        uint32_t *slots; /* numbers; 0: empty; a power of two of them */
        uint32_t n_slots;
};

struct imap_threads {
        enum imap_thread_algorithm algorithm;
        size_t max_octets;
        struct imap_share *share; /* borrowed, or NULL */
        uint64_t steps;           /* taken up the tree to look for circles */
        struct thread_texts ids, subjects;
        uint32_t *node_of_id; /* by number of the id - 1 */
        size_t cap_node_of_id;
        struct thread_node *nodes;
        uint32_t n_nodes;
        size_t cap_nodes;
        struct thread_message *messages;
        uint32_t n_messages;
        size_t cap_messages;
        unsigned steps_done;           /* towards the end */
        struct imap_long_sort by_date; /* ORDEREDSUBJECT: nodes */
};

/* ERR_LIMIT. */
MUST_CHECK enum err thread_text_number(struct imap_threads *t, struct thread_texts *texts,
                                       struct slice text, uint32_t *ret_number);
void thread_texts_done(struct thread_texts *texts);

/* A node without parent and children. ERR_LIMIT. */
MUST_CHECK enum err thread_node_new(struct imap_threads *t, uint32_t message, uint32_t *ret_node);
/* Behind the other children. `child` is in no list. */
void thread_append(struct imap_threads *t, uint32_t parent, uint32_t child);
/* All children of `from` behind those of `to`. Their `parent` is not kept: only step 1 asks. */
void thread_append_children(struct imap_threads *t, uint32_t to, uint32_t from);

/* RFC 5256 3, REFERENCES: step 1 for the last message, which has been added. thread_refs.c */
MUST_CHECK enum err thread_link(struct imap_threads *t, struct slice message_id,
                                struct slice references);
/* Steps 2 and 3. */
void thread_prune(struct imap_threads *t);
/* Step 5, and all of ORDEREDSUBJECT: thread_subject.c */
MUST_CHECK enum err thread_merge_subjects(struct imap_threads *t);
/* A step of it; true: it was the last. */
bool thread_by_subject(struct imap_threads *t);
/* Steps 4 and 6: thread_order.c. Of `levels` only the root's children, or all. */
void thread_sort(struct imap_threads *t, bool all);
/* The order in which every node comes before its children; heap, *ret_n of them, the root first. */
uint32_t *thread_walk(const struct imap_threads *t, size_t *ret_n);
/* The message a node counts by: its own, or of a dummy the first child's. */
const struct thread_message *thread_message_of(const struct imap_threads *t, uint32_t node);

#endif
