/*
 * task_queue.c — a struct for each key that has waiting tasks, found by hash,
 * lined up for its turn, freed when its last task is taken.
 */
#include "task_queue.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <assert.h>

enum { MIN_BUCKETS = 16, MAX_BUCKETS = 4096 };

struct task_queue_key {
        int64_t key;
        struct list tasks; /* struct task.link */
        size_t n;
        struct list turn;
        struct task_queue_key *next; /* in the hash chain */
};

void task_queue_init(struct task_queue *q, size_t max, size_t max_per_key)
{
        q->n_buckets = MIN_BUCKETS;
        while (q->n_buckets < max && q->n_buckets < MAX_BUCKETS)
                q->n_buckets *= 2;
        q->buckets = mem_alloc_array(q->n_buckets, sizeof(struct task_queue_key *));
        list_init(&q->turns);
        q->n = 0;
        q->max = max;
        q->max_per_key = max_per_key ? max_per_key : max;
}

void task_queue_done(struct task_queue *q)
{
        assert(q->n == 0);
        mem_free(q->buckets);
        q->buckets = NULL;
}

/* Where the pointer to the key's struct is, or would be. */
static struct task_queue_key **find(struct task_queue *q, int64_t key)
{
        uint64_t hash = text_hash((struct slice){ (const char *)&key, sizeof key });
        struct task_queue_key **at = &q->buckets[hash & (q->n_buckets - 1)];

        while (*at && (*at)->key != key)
                at = &(*at)->next;
        return at;
}

enum err task_queue_put(struct task_queue *q, struct task *t)
{
        struct task_queue_key **at, *k;

        if (q->n >= q->max)
                return ERR_BUSY;
        at = find(q, t->key);
        k = *at;
        if (k && k->n >= q->max_per_key)
                return ERR_BUSY;
        if (!k) {
                k = *at = NEW(struct task_queue_key);
                k->key = t->key;
                list_init(&k->tasks);
                list_append(&q->turns, &k->turn);
        }
        list_append(&k->tasks, &t->link);
        k->n++;
        q->n++;
        return ERR_OK;
}

static void free_key(struct task_queue *q, struct task_queue_key *k)
{
        struct task_queue_key **at = find(q, k->key);

        assert(*at == k);
        *at = k->next;
        mem_free(k);
}

size_t task_queue_take(struct task_queue *q, size_t max, struct list *out)
{
        struct list *turn, *first;
        size_t taken = 0;

        while (taken < max && (turn = list_pop(&q->turns))) {
                struct task_queue_key *k = container_of(turn, struct task_queue_key, turn);

                first = list_pop(&k->tasks);
                assert(first); /* a key without tasks is not kept */
                list_append(out, first);
                taken++;
                q->n--;
                if (--k->n > 0)
                        list_append(&q->turns, &k->turn);
                else
                        free_key(q, k);
        }
        return taken;
}
