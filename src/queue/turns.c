/* turns.c — see turns.h. */
#include "turns.h"

struct turns_account {
        struct list link;
        struct list turns; /* struct turn */
        int64_t account;
};

void turns_init(struct turns *t)
{
        *t = (struct turns){ .n = 0 };
        list_init(&t->accounts[0]);
        list_init(&t->accounts[1]);
}

static struct turns_account *find_account(struct turns *t, bool bulk, int64_t account)
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
        list_append(&get_account(t, turn->bulk, turn->account)->turns, &turn->link);
        t->n++;
}

void turns_put_back(struct turns *t, struct turn *turn)
{
        struct turns_account *a = get_account(t, turn->bulk, turn->account);

        list_prepend(&a->turns, &turn->link);
        /* Its turn was not used. */
        list_remove(&a->link);
        list_prepend(&t->accounts[turn->bulk], &a->link);
        t->n++;
}

struct turn *turns_take(struct turns *t)
{
        struct list *first = list_pop(&t->accounts[0]);
        bool bulk = !first;
        struct turns_account *a;
        struct list *link;

        if (bulk)
                first = list_pop(&t->accounts[1]);
        if (!first)
                return NULL;
        a = container_of(first, struct turns_account, link);
        link = list_pop(&a->turns);
        if (list_empty(&a->turns))
                mem_free(a);
        else
                list_append(&t->accounts[bulk], &a->link);
        t->n--;
        return container_of(link, struct turn, link);
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
