/*
 * fuzz_house.h — a loop, a store in a directory of its own, and auth: what the
 * targets that speak to the server stand on.
 *
 * Made at the first input, taken down at exit. bob@example.org has the password
 * "secret". Included by one target each, hence the bodies.
 */
#ifndef FUZZ_HOUSE_H
#define FUZZ_HOUSE_H

#include "mailserver/auth/auth.h"
#include "mailserver/auth/verifier.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/store/account.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
        char dir[40];
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        struct auth *auth;
} house;

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* ---- transactions ---- */

typedef enum err house_fn(struct store_txn *tx, void *arg);
struct house_call {
        struct task task;
        house_fn *fn;
        void *arg;
        bool over;
};

static enum err house_work(struct task *t, struct store_txn *tx)
{
        struct house_call *c = container_of(t, struct house_call, task);

        return c->fn(tx, c->arg);
}

static void house_drop(struct task *t)
{
        container_of(t, struct house_call, task)->over = true;
}

/* Runs fn in a lane, which must succeed. */
static void house_do(enum store_lane lane, house_fn *fn, void *arg)
{
        static const struct task_class class = { "fuzz call", house_work, NULL, house_drop };
        struct house_call call = { .task.class = &class, .fn = fn, .arg = arg };

        require(store_submit(house.store, 0, lane, &call.task) == ERR_OK);
        while (!call.over)
                loop_turn(house.loop, true);
        require(call.task.result == ERR_OK);
}

/* ---- the house ---- */

static enum err house_add_bob(struct store_txn *tx, void *arg)
{
        AUTO_BUF(verifiers, BUF_MAX);
        int64_t id;

        (void)arg;
        if (verifier_make(SLICE("secret"), &verifiers, NULL) ||
            store_domain_add(tx, SLICE("example.org")))
                return ERR_IO;
        return store_account_add(tx, SLICE("bob@example.org"), buf_slice(&verifiers), &id);
}

static void house_no_line(enum log_level level, const char *line)
{
        (void)level;
        (void)line;
}

static int house_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void house_close(void)
{
        loop_allow_blocking(true);
        auth_free(house.auth);
        store_close(house.store);
        task_hub_free(house.hub);
        loop_free(house.loop);
        nftw(house.dir, house_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* In memory where that is possible: a fuzzer's mail needs no disk. */
static void house_make_dir(void)
{
        static const char *const places[] = { "/dev/shm/fuzz-house-XXXXXX",
                                              "/tmp/fuzz-house-XXXXXX" };
        bool made = false;

        for (size_t i = 0; i < sizeof places / sizeof *places && !made; i++) {
                strcpy(house.dir, places[i]);
                made = mkdtemp(house.dir) != NULL;
        }
        require(made);
}

/*
 * True when it was opened just now: the target then calls atexit(house_close),
 * last, since the libraries' own farewells must come after it.
 */
static bool house_open(void)
{
        static const struct auth_config config = {
                .workers = 1,
                .max_waiting = 16,
                .max_waiting_per_address = 16,
                .remember_ms = 600000,
                .failure_memory_ms = 1000,
                .allow_plaintext_loopback = true,
                .channel_binding = true,
        };
        static struct store_config store_config;
        struct conf_section sections[] = {
                {&store_conf_table, &store_config },
                { 0               }
        };
        struct store_params params = { .config = &store_config, .create = true };

        if (house.loop)
                return false;
        log_set_sink(house_no_line);
        house_make_dir();
        conf_defaults(sections);
        house.loop = loop_new();
        house.hub = task_hub_new(house.loop);
        params.data_dir = house.dir;
        params.hub = house.hub;
        params.loop = house.loop;
        loop_allow_blocking(true);
        require(store_open(&params, &house.store, NULL) == ERR_OK);
        loop_allow_blocking(false);
        house.auth = auth_new(house.hub, house.loop, house.store, &config, NULL);
        require(house.auth != NULL);
        house_do(STORE_WRITE, house_add_bob, NULL);
        return true;
}

#endif
