/* turns.c — see turns.h. */
#include "turns.h"

struct turns_account {
        struct list link;
        struct list turns; /* struct turn */
        size_t n;
        int64_t account;
};

void turns_init(struct turns *t)
{
        *t = (struct turns){ .n = 0 };
        list_init(&t->accounts[0]);
        list_init(&t->accounts[1]);
}

static struct turns_account *find_account(const struct turns *t, bool bulk, int64_t account)
{
        list_each (link, &t->accounts[bulk]) {
                struct turns_account *a = container_of(link, struct turns_account, link);

                if (a->account == account)
                        return a;
        }
        return NULL;
}

static struct turns_account *get_account(struct turns *t, bool bulk, int64_t account)
{
        struct turns_account *a = find_account(t, bulk, account);

        if (a)
                return a;
        a = NEW(struct turns_account);
        a->account = account;
        list_init(&a->turns);
        list_append(&t->accounts[bulk], &a->link);
        return a;
}

void turns_put(struct turns *t, struct turn *turn)
{
        struct turns_account *a = get_account(t, turn->bulk, turn->account);

        list_append(&a->turns, &turn->link);
        a->n++;
        t->n++;
}

void turns_put_back(struct turns *t, struct turn *turn)
{
        struct turns_account *a = get_account(t, turn->bulk, turn->account);

        list_prepend(&a->turns, &turn->link);
        /* Its turn was not used. */
        list_remove(&a->link);
        list_prepend(&t->accounts[turn->bulk], &a->link);
        a->n++;
        t->n++;
}

static struct turns_account *next_account(const struct turns *t)
{
        bool bulk = list_empty(&t->accounts[0]);

        return list_empty(&t->accounts[bulk])
                       ? NULL
                       : container_of(t->accounts[bulk].next, struct turns_account, link);
}

struct turn *turns_next(const struct turns *t)
{
        struct turns_account *a = next_account(t);

        return a ? container_of(a->turns.next, struct turn, link) : NULL;
}

static void leave(struct turns *t, struct turns_account *a, struct turn *turn)
{
        list_remove(&turn->link);
        t->n--;
        if (--a->n)
                return;
        list_remove(&a->link);
        mem_free(a);
}

struct turn *turns_take(struct turns *t)
{
        struct turns_account *a = next_account(t);
        struct turn *turn = turns_next(t);

        if (!a)
                return NULL;
        /* The others' turn is before its next. */
        list_remove(&a->link);
        list_append(&t->accounts[turn->bulk], &a->link);
        leave(t, a, turn);
        return turn;
}

void turns_remove(struct turns *t, struct turn *turn)
{
        struct turns_account *a =
                list_linked(&turn->link) ? find_account(t, turn->bulk, turn->account) : NULL;

        if (a)
                leave(t, a, turn);
}

size_t turns_waiting(const struct turns *t, bool bulk, int64_t account)
{
        const struct turns_account *a = find_account(t, bulk, account);

        return a ? a->n : 0;
}

struct turn *turns_find(struct turns *t, bool bulk, int64_t account,
                        bool (*same)(struct turn *turn, const void *arg), const void *arg)
{
        struct turns_account *a = find_account(t, bulk, account);

        if (!a)
                return NULL;
        /* From the end: what belongs together comes together. */
        for (struct list *link = a->turns.prev; link != &a->turns; link = link->prev) {
                struct turn *turn = container_of(link, struct turn, link);

                if (same(turn, arg))
                        return turn;
        }
        return NULL;
}
