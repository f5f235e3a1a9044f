/* bans.c — from the guard to the store, and back. */
#include "bans.h"

#include "exchange.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/text.h"
#include "mailserver/store/ban.h"
#include "mailserver/store/secret.h"

#include <assert.h>
#include <stdio.h>

/* MAX_NAME: of an account at most, and what is printed of others. Octets. */
enum { MAX_NAME = 320, MAX_WAITING = 4096 };

struct manual {
        struct net_network network;
        int64_t until_us;
};

/* A ban with its own text: on its way to the store, or from it. */
struct item {
        struct list link;
        char network[NET_NETWORK_TEXT], name[MAX_NAME + 1];
        char reason[64];
        bool manual;
        int64_t failures, times, since_us, until_us, forget_us;
};

struct write_task {
        struct task task;
        struct list items;
};

struct bans {
        struct auth *auth;
        struct list waiting; /* struct item, the oldest first */
        size_t n_waiting;
        struct write_task *writing; /* in flight, or NULL */
        struct task *loading;       /* likewise */
        bool load_again, loaded;
        struct manual *manual; /* owned */
        size_t n_manual;
};

static void free_items(struct list *items)
{
        struct list *link;

        while ((link = list_pop(items)))
                mem_free(container_of(link, struct item, link));
}

static struct store_ban ban_of(const struct item *i)
{
        return (struct store_ban){
                .network = slice_of(i->network),
                .name = slice_of(i->name),
                .reason = slice_of(i->reason),
                .manual = i->manual,
                .failures = i->failures,
                .times = i->times,
                .since_us = i->since_us,
                .until_us = i->until_us,
                .forget_us = i->forget_us,
        };
}

/* ---- to the store ---- */

static void write_next(struct bans *b);

/* Store writer; may be run again. */
static enum err write_work(struct task *t, struct store_txn *tx)
{
        struct write_task *w = container_of(t, struct write_task, task);
        enum err err = store_ban_expire(tx, clock_now_us());

        list_each (link, &w->items) {
                struct store_ban ban = ban_of(container_of(link, struct item, link));

                if (err)
                        break;
                err = store_ban_put(tx, &ban);
        }
        return err ? err : store_ban_expire(tx, clock_now_us());
}

static void write_done(struct task *t)
{
        struct bans *b = t->owner;

        if (t->result)
                log_warn("auth bans are not kept over a restart error=%s", err_name(t->result));
        b->writing = NULL;
        write_next(b);
}

static void write_drop(struct task *t)
{
        struct write_task *w = container_of(t, struct write_task, task);

        free_items(&w->items);
        mem_free(w);
}

static const struct task_class write_class = { "auth ban", write_work, write_done, write_drop };

static void write_next(struct bans *b)
{
        struct write_task *w;

        if (b->writing || list_empty(&b->waiting))
                return;
        w = NEW(struct write_task);
        w->task.class = &write_class;
        w->task.owner = b;
        list_init(&w->items);
        list_splice(&w->items, &b->waiting);
        if (store_submit(b->auth->store, 0, STORE_WRITE, &w->task)) {
                /* Too busy: they go with the next one. */
                list_splice(&b->waiting, &w->items);
                mem_free(w);
                return;
        }
        b->n_waiting = 0;
        b->writing = w;
}

static void write_later(struct bans *b, struct item *i)
{
        if (b->n_waiting == MAX_WAITING)
                mem_free(container_of(list_pop(&b->waiting), struct item, link));
        else
                b->n_waiting++;
        list_append(&b->waiting, &i->link);
        write_next(b);
}

/* ---- a ban begins ---- */

/* 0: now. Both clocks are read, for the one may be set while the other goes on. */
static int64_t to_wall_us(int64_t monotonic_ms)
{
        return clock_now_us() + (monotonic_ms - clock_monotonic_ms()) * 1000;
}

static int64_t to_monotonic_ms(int64_t wall_us)
{
        return clock_monotonic_ms() + (wall_us - clock_now_us()) / 1000;
}

static void log_ban(const struct item *i)
{
        char until[CLOCK_ISO_SIZE];

        clock_iso(i->until_us, until);
        log_warn("auth banned address=%s account=%s failures=%lld times=%lld until=%s",
                 i->network[0] ? i->network : "strangers",
                 i->name[0] ? LOG_ESC(slice_of(i->name)) : "-", (long long)i->failures,
                 (long long)i->times, until);
}

void bans_begun(struct bans *b, const struct net_address *peer, struct slice name,
                const struct guard_ban *ban)
{
        struct net_network network = net_network_of(peer);
        struct item *i = NEW(struct item);

        i->failures = ban->failures;
        i->times = ban->times;
        i->since_us = clock_now_us();
        i->until_us = to_wall_us(ban->until_ms);
        i->forget_us = to_wall_us(ban->forget_ms);
        snprintf(i->reason, sizeof i->reason, "failed logins");
        if (ban->subject != GUARD_NAME)
                net_network_text(&network, i->network);
        if (ban->subject != GUARD_ADDRESS)
                snprintf(i->name, sizeof i->name, SLICE_FMT, SLICE_ARG(name));
        log_ban(i);
        /* What is no account's name in any case is banned until the restart only. */
        if (ban->subject == GUARD_ADDRESS || (name.len && name.len <= MAX_NAME &&
                                              text_utf8_valid(name) && slice_find(name, '\0') < 0))
                write_later(b, i);
        else
                mem_free(i);
}

/* ---- from the store ---- */

struct load_task {
        struct task task;
        bool first;
        unsigned char secret[SASL_SECRET]; /* names of nobody need it: identity.h */
        struct list items;
};

static enum err load_row(void *arg, const struct store_ban *ban)
{
        struct load_task *l = arg;
        struct item *i = NEW(struct item);

        *i = (struct item){
                .manual = ban->manual,
                .failures = ban->failures,
                .times = ban->times,
                .since_us = ban->since_us,
                .until_us = ban->until_us,
                .forget_us = ban->forget_us,
        };
        snprintf(i->network, sizeof i->network, SLICE_FMT, SLICE_ARG(ban->network));
        snprintf(i->name, sizeof i->name, SLICE_FMT, SLICE_ARG(ban->name));
        list_append(&l->items, &i->link);
        return ERR_OK;
}

/* Store writer; may be run again. */
static enum err load_work(struct task *t, struct store_txn *tx)
{
        struct load_task *l = container_of(t, struct load_task, task);
        enum err err = store_ban_expire(tx, clock_now_us());

        free_items(&l->items);
        if (!err && l->first)
                err = store_ban_clear_everywhere(tx);
        if (!err)
                err = store_secret(tx, SLICE(SASL_SECRET_NAME), l->secret, sizeof l->secret);
        return err ? err : store_ban_list(tx, load_row, l);
}

static void add_manual(struct bans *b, const struct net_network *network, int64_t until_us)
{
        if (b->n_manual == STORE_BANS_MANUAL_MAX)
                return;
        if (!b->manual)
                b->manual = mem_alloc_array(STORE_BANS_MANUAL_MAX, sizeof *b->manual);
        b->manual[b->n_manual++] = (struct manual){ *network, until_us };
}

static void apply(struct bans *b, const struct item *i)
{
        struct guard_ban ban = { .times = i->times };
        struct net_network network = { 0 };
        uint64_t key = 0;

        if (i->network[0] && !net_network_parse(slice_of(i->network), &network))
                return;
        if (i->manual) {
                add_manual(b, &network, i->until_us);
                return;
        }
        if (i->network[0] && !net_network_key(&network, &key))
                return;
        ban.subject = !i->network[0] ? GUARD_NAME : i->name[0] ? GUARD_PAIR : GUARD_ADDRESS;
        ban.until_ms = to_monotonic_ms(i->until_us);
        ban.forget_ms = to_monotonic_ms(i->forget_us);
        struct guard_attempt attempt =
                guard_attempt(b->auth->guard, key, slice_of(i->name), SLICE(""));

        guard_ban(b->auth->guard, &attempt, &ban);
}

static void apply_all(struct bans *b, const struct list *items)
{
        list_each (link, items)
                apply(b, container_of(link, struct item, link));
}

static void load_done(struct task *t)
{
        struct load_task *l = container_of(t, struct load_task, task);
        struct bans *b = t->owner;

        b->loading = NULL;
        if (t->result) {
                log_warn("auth bans cannot be read error=%s", err_name(t->result));
        } else {
                memcpy(b->auth->secret, l->secret, sizeof l->secret);
                b->auth->have_secret = true;
                guard_lift_all(b->auth->guard);
                b->n_manual = 0;
                apply_all(b, &l->items);
                /* What has come since is not in what was read. */
                if (b->writing)
                        apply_all(b, &b->writing->items);
                apply_all(b, &b->waiting);
        }
        b->loaded = true;
        if (b->load_again)
                bans_load(b);
}

static void load_drop(struct task *t)
{
        struct load_task *l = container_of(t, struct load_task, task);

        free_items(&l->items);
        explicit_bzero(l->secret, sizeof l->secret);
        mem_free(l);
}

static const struct task_class load_class = { "auth bans", load_work, load_done, load_drop };

void bans_load(struct bans *b)
{
        struct load_task *l;

        b->load_again = b->loading != NULL;
        if (b->loading)
                return;
        l = NEW(struct load_task);
        l->task.class = &load_class;
        l->task.owner = b;
        l->first = !b->loaded;
        list_init(&l->items);
        b->loading = &l->task;
        if (!store_submit(b->auth->store, 0, STORE_WRITE, &l->task))
                return;
        log_warn("auth bans cannot be read error=busy");
        b->loading = NULL;
        b->loaded = true;
        load_drop(&l->task);
}

bool bans_loaded(const struct bans *b)
{
        return b->loaded;
}

bool bans_manual(const struct bans *b, const struct net_address *peer)
{
        for (size_t i = 0; i < b->n_manual; i++)
                if (net_network_has(&b->manual[i].network, peer) &&
                    clock_now_us() < b->manual[i].until_us)
                        return true;
        return false;
}

/* ---- life ---- */

struct bans *bans_new(struct auth *a)
{
        struct bans *b = NEW(struct bans);

        b->auth = a;
        list_init(&b->waiting);
        return b;
}

void bans_free(struct bans *b)
{
        if (!b)
                return;
        /* A task in flight is finished by the store, and only dropped. */
        if (b->writing)
                task_cancel(&b->writing->task);
        b->writing = NULL;
        write_next(b);
        if (b->writing)
                task_cancel(&b->writing->task);
        task_cancel(b->loading);
        free_items(&b->waiting);
        mem_free(b->manual);
        mem_free(b);
}
