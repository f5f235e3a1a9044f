/* roots.c — see roots.h. */
#include "roots.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/net/client.h"
#include "mailserver/store/store.h"

/* Well before net forgets them. */
enum { AGAIN_MS = 1800000, BUSY_MS = 10000 };

struct reading {
        struct task task;
        char *ca_file; /* owned */
        struct net_client_roots *roots;
};

struct roots {
        struct loop *loop;
        struct store *store;
        char *ca_file;
        struct timer timer;
        struct reading *reading; /* running; NULL: not */
};

static enum err read_work(struct task *t, struct store_txn *tx)
{
        struct reading *r = container_of(t, struct reading, task);

        (void)tx;
        r->roots = net_client_roots_read(r->ca_file);
        return ERR_OK;
}

static void read_drop(struct task *t)
{
        struct reading *r = container_of(t, struct reading, task);

        net_client_roots_free(r->roots);
        mem_free(r->ca_file);
        mem_free(r);
}

static void read_them(void *arg);

/* What cannot be read is said by the connection that fails for want of it. */
static void read_done(struct task *t)
{
        struct reading *reading = container_of(t, struct reading, task);
        struct roots *r = t->owner;

        r->reading = NULL;
        if (reading->roots)
                net_client_roots_keep(TAKE(reading->roots), r->loop);
        timer_set(&r->timer, r->loop, AGAIN_MS, read_them, r);
}

static const struct task_class read_class = { "queue roots", read_work, read_done, read_drop };

static void read_them(void *arg)
{
        struct roots *r = arg;
        struct reading *reading = NEW(struct reading);

        reading->task.class = &read_class;
        reading->task.owner = r;
        reading->ca_file = r->ca_file ? mem_strdup(slice_of(r->ca_file)) : NULL;
        if (!store_submit(r->store, 0, STORE_WORK, &reading->task)) {
                r->reading = reading;
                return;
        }
        read_drop(&reading->task);
        timer_set(&r->timer, r->loop, BUSY_MS, read_them, r);
}

struct roots *roots_new(struct loop *l, struct store *store, const char *ca_file)
{
        struct roots *r = NEW(struct roots);

        r->loop = l;
        r->store = store;
        r->ca_file = ca_file ? mem_strdup(slice_of(ca_file)) : NULL;
        read_them(r);
        return r;
}

void roots_free(struct roots *r)
{
        if (!r)
                return;
        if (r->reading)
                task_cancel(&r->reading->task);
        timer_done(&r->timer);
        mem_free(r->ca_file);
        mem_free(r);
}
