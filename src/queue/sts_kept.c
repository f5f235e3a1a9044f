/* sts_kept.c — see sts_kept.h. */
#include "sts_kept.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/dns/name.h"
#include "mailserver/store/dkim.h"
#include "mailserver/trust/mta_sts.h"

#include <stdio.h>

struct kept_task {
        struct task task;
        char domain[DNS_MAX_NAME + 1];
        struct sts_kept kept;
        sts_kept_fn *done;
};

static void kept_done(struct task *t)
{
        struct kept_task *k = container_of(t, struct kept_task, task);

        k->done(t->owner, t->result, &k->kept);
}

static void kept_drop(struct task *t)
{
        struct kept_task *k = container_of(t, struct kept_task, task);

        buf_done(&k->kept.id);
        buf_done(&k->kept.text);
        mem_free(k);
}

static struct kept_task *kept_task_new(const struct task_class *class, const char *domain,
                                       void *owner, sts_kept_fn *done)
{
        struct kept_task *k = NEW(struct kept_task);

        k->task.class = class;
        k->task.owner = owner;
        k->done = done;
        k->kept.id.max = MTA_STS_ID_SIZE;
        k->kept.text.max = MTA_STS_MAX_POLICY;
        snprintf(k->domain, sizeof k->domain, "%s", domain);
        return k;
}

static struct task *submit(struct store *store, enum store_lane lane, struct kept_task *k)
{
        if (!store_submit(store, 0, lane, &k->task))
                return &k->task;
        kept_drop(&k->task);
        return NULL;
}

/* ---- reading ---- */

static enum err read_work(struct task *t, struct store_txn *tx)
{
        struct kept_task *k = container_of(t, struct kept_task, task);
        enum err err;

        buf_clear(&k->kept.id);
        buf_clear(&k->kept.text);
        err = store_sts_get(tx, slice_of(k->domain), clock_now_us(), &k->kept.id, &k->kept.text,
                            &k->kept.fetched_us);
        k->kept.any = err == ERR_OK;
        return err == ERR_NOTFOUND ? ERR_OK : err;
}

static const struct task_class read_class = { "sts read", read_work, kept_done, kept_drop };

struct task *sts_kept_read(struct store *store, const char *domain, void *owner, sts_kept_fn *done)
{
        return submit(store, STORE_READ, kept_task_new(&read_class, domain, owner, done));
}

/* ---- writing ---- */

static enum err write_work(struct task *t, struct store_txn *tx)
{
        struct kept_task *k = container_of(t, struct kept_task, task);

        return store_sts_put(tx, slice_of(k->domain), buf_slice(&k->kept.id),
                             buf_slice(&k->kept.text), k->kept.fetched_us, k->kept.expires_us);
}

static const struct task_class write_class = { "sts write", write_work, kept_done, kept_drop };

struct task *sts_kept_write(struct store *store, const char *domain, struct slice id,
                            struct slice text, int64_t max_age_s, void *owner, sts_kept_fn *done)
{
        struct kept_task *k = kept_task_new(&write_class, domain, owner, done);

        buf_add(&k->kept.id, id);
        buf_add(&k->kept.text, text);
        k->kept.any = true;
        k->kept.fetched_us = clock_now_us();
        k->kept.expires_us = k->kept.fetched_us + max_age_s * 1000000;
        return submit(store, STORE_WRITE, k);
}

/* ---- forgetting ---- */

static enum err expire_work(struct task *t, struct store_txn *tx)
{
        (void)t;
        return store_sts_expire(tx, clock_now_us());
}

static void expire_drop(struct task *t)
{
        mem_free(t);
}

static const struct task_class expire_class = { "sts expire", expire_work, NULL, expire_drop };

void sts_kept_expire(struct store *store)
{
        struct task *t = NEW(struct task);

        t->class = &expire_class;
        if (store_submit(store, 0, STORE_WRITE, t))
                mem_free(t);
}
