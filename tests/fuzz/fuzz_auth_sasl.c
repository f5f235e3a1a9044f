/*
 * fuzz_auth_sasl.c — AUTH as strangers speak it, against a real store.
 *
 * The first octet chooses the mechanism; then come the client's messages, one
 * a line: encoded here, or, after an octet 1, sent as they are. Every message
 * must be answered once, and nobody gets in without an account.
 */
#include "mailserver/auth/auth.h"
#include "mailserver/auth/verifier.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"
#include "mailserver/core/text.h"
#include "mailserver/store/account.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const mechanisms[] = {
        "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS",
};

static struct {
        char dir[32];
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        struct auth *auth;
} house = { .dir = "/tmp/fuzz-auth-XXXXXX" };

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* ---- the house ---- */

static enum err add_bob(struct task *t, struct store_txn *tx)
{
        AUTO_BUF(verifiers, BUF_MAX);
        int64_t id;

        (void)t;
        if (verifier_make(SLICE("secret"), &verifiers, NULL) ||
            store_domain_add(tx, SLICE("example.org")))
                return ERR_IO;
        return store_account_add(tx, SLICE("bob@example.org"), buf_slice(&verifiers), &id);
}

static bool added;

static void added_bob(struct task *t)
{
        require(t->result == ERR_OK);
        added = true;
}

static const struct task_class add_class = { "fuzz add", add_bob, NULL, added_bob };

static void no_line(enum log_level level, const char *line)
{
        (void)level;
        (void)line;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void close_house(void)
{
        loop_allow_blocking(true);
        auth_free(house.auth);
        store_close(house.store);
        task_hub_free(house.hub);
        loop_free(house.loop);
        nftw(house.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_house(void)
{
        static const struct auth_config config = {
                .workers = 1,
                .max_waiting = 16,
                .max_waiting_per_address = 16,
                .remember_ms = 600000,
                .failure_memory_ms = 1000,
                .allow_plaintext_loopback = true,
        };
        static struct store_config store_config;
        static struct task add = { .class = &add_class };
        struct conf_section sections[] = {
                {&store_conf_table, &store_config },
                { 0               }
        };
        struct store_params params = { .config = &store_config, .create = true };

        log_set_sink(no_line);
        require(mkdtemp(house.dir) != NULL);
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
        require(store_submit(house.store, 0, STORE_WRITE, &add) == ERR_OK);
        while (!added)
                loop_turn(house.loop, true);
        atexit(close_house);
}

/* ---- an exchange ---- */

struct attempt {
        struct auth_exchange *exchange;
        unsigned answers;
        enum auth_outcome outcome;
};

static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct attempt *a = owner;

        require(a->exchange == x);
        a->answers++;
        a->outcome = outcome;
}

/* The line as it goes over the wire. */
static void encode(struct slice message, struct buf *out)
{
        buf_clear(out);
        if (slice_skip(&message, 1))
                buf_add(out, message);
        else
                require(text_base64_encode(message, out) == ERR_OK);
}

static bool next_line(struct slice *rest, struct slice *ret_line)
{
        if (slice_cut(rest, '\n', ret_line))
                return true;
        *ret_line = *rest;
        *rest = slice_from(*rest, rest->len);
        return ret_line->len > 0;
}

static void wait_for_answer(struct attempt *a)
{
        a->answers = 0;
        while (!a->answers)
                loop_turn(house.loop, true);
        require(a->answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct auth_client client = {
                .address_key = 1,
                .loopback = true,
                .tls = true,
                .binding_type = "tls-exporter",
                .binding = SLICE("this TLS session"),
        };
        struct slice rest = { (const char *)data, size }, line, none = { 0 };
        struct attempt a = { 0 };
        AUTO_BUF(wire, BUF_MAX);
        const char *mechanism;
        bool initial;

        if (size == 0)
                return 0;
        if (!house.loop)
                open_house();
        mechanism = mechanisms[(data[0] & 0x7f) % (sizeof mechanisms / sizeof *mechanisms)];
        initial = !(data[0] & 0x80);
        rest = slice_from(rest, 1);
        a.exchange = auth_exchange_new(house.auth, &client, &a, answered);
        if (initial && next_line(&rest, &line)) {
                encode(line, &wire);
                auth_exchange_start(a.exchange, slice_of(mechanism), buf_slice(&wire));
        } else {
                auth_exchange_start(a.exchange, slice_of(mechanism), none);
        }
        wait_for_answer(&a);
        while (a.outcome == AUTH_CHALLENGE && next_line(&rest, &line)) {
                encode(line, &wire);
                auth_exchange_respond(a.exchange, buf_slice(&wire));
                wait_for_answer(&a);
        }
        if (a.outcome == AUTH_OK)
                require(auth_exchange_account(a.exchange) > 0);
        auth_exchange_free(a.exchange);
        return 0;
}
