/* helper_auth.c — a loop, a store and auth for tests. */
#include "helper_auth.h"

#include "mailserver/auth/verifier.h"
#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/core/text.h"
#include "mailserver/store/store.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct auth_config house_auth_config = {
        .workers = 1,
        .max_waiting = 16,
        .max_waiting_per_address = 4,
        .remember_ms = 600000,
        .failure_memory_ms = 600000,
        .allow_plaintext_loopback = true,
        .channel_binding = true,
};

static const struct {
        const char *name;
        bool password, disabled;
} people[] = {
        {"alice@example.org",  true,  false},
        { "alice@example.net", true,  false},
        { "bob@example.org",   true,  false},
        { "carol@example.org", true,  true },
        { "dave@example.org",  false, false},
};

/* ---- transactions ---- */

struct call {
        struct task task;
        house_fn *fn;
        void *arg;
        bool over;
};

static enum err call_work(struct task *t, struct store_txn *tx)
{
        struct call *c = container_of(t, struct call, task);

        return c->fn(tx, c->arg);
}

static void call_drop(struct task *t)
{
        container_of(t, struct call, task)->over = true;
}

static const struct task_class call_class = { "test call", call_work, NULL, call_drop };

void house_write(struct house *h, house_fn *fn, void *arg)
{
        struct call call = { .task.class = &call_class, .fn = fn, .arg = arg };

        ck_assert(!store_submit(h->store, 0, STORE_WRITE, &call.task));
        while (!call.over)
                loop_turn(h->loop, true);
        ck_assert_msg(!call.task.result, "%s", err_name(call.task.result));
}

/* ---- the house ---- */

static enum err people_add(struct store_txn *tx, void *arg)
{
        enum err err = store_domain_add(tx, SLICE("example.org"));

        (void)arg;
        if (!err)
                err = store_domain_add(tx, SLICE("example.net"));
        for (size_t i = 0; !err && i < sizeof people / sizeof *people; i++) {
                AUTO_BUF(password, 128);
                AUTO_BUF(verifiers, BUF_MAX);
                int64_t id;

                buf_addf(&password, "secret of %.*s", (int)strcspn(people[i].name, "@"),
                         people[i].name);
                if (people[i].password)
                        err = verifier_make(buf_slice(&password), &verifiers, NULL);
                if (!err)
                        err = store_account_add(tx, slice_of(people[i].name), buf_slice(&verifiers),
                                                &id);
                if (!err && people[i].disabled)
                        err = store_account_set_disabled(tx, id, true);
        }
        return err;
}

static void open_all(struct house *h, bool create)
{
        static struct store_config config;
        struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct error error = { 0 };
        struct store_params params = { .config = &config, .data_dir = h->dir, .create = create };

        conf_defaults(sections);
        h->loop = loop_new();
        h->hub = task_hub_new(h->loop);
        params.hub = h->hub;
        params.loop = h->loop;
        bool before = loop_allow_blocking(true);
        enum err err = store_open(&params, &h->store, &error);

        loop_allow_blocking(before);
        ck_assert_msg(!err, "%s", error.text);
        h->auth = auth_new(h->hub, h->loop, h->store, &house_auth_config, &error);
        ck_assert_msg(h->auth != NULL, "%s", error.text);
}

void house_load_bans(struct house *h)
{
        auth_load_bans(h->auth);
        do
                loop_turn(h->loop, true);
        while (task_hub_outstanding(h->hub));
}

static void close_all(struct house *h)
{
        bool before = loop_allow_blocking(true);

        auth_free(h->auth);
        store_close(h->store);
        task_hub_free(h->hub);
        loop_allow_blocking(before);
        loop_free(h->loop);
}

static void no_line(enum log_level level, const char *line)
{
        (void)level;
        (void)line;
}

void house_open(struct house *h)
{
        log_set_sink(no_line);
        *h = (struct house){ .dir = "/tmp/mailserver-auth-XXXXXX" };
        ck_assert(mkdtemp(h->dir) != NULL);
        open_all(h, true);
        house_write(h, people_add, NULL);
}

void house_reopen(struct house *h)
{
        close_all(h);
        open_all(h, false);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

void house_close(struct house *h)
{
        close_all(h);
        nftw(h->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct new_password {
        const char *account;
        struct buf verifiers;
};

static enum err password_set(struct store_txn *tx, void *arg)
{
        struct new_password *n = arg;
        struct store_account account;
        enum err err = store_account_find(tx, slice_of(n->account), &account);

        if (err)
                return err;
        err = store_account_set_verifiers(tx, account.id, buf_slice(&n->verifiers));
        store_account_done(&account);
        return err;
}

void house_set_password(struct house *h, const char *account, const char *password)
{
        struct new_password n = { account, BUF_INIT(BUF_MAX) };
        bool before = loop_allow_blocking(true);

        ck_assert(!verifier_make(slice_of(password), &n.verifiers, NULL));
        loop_allow_blocking(before);
        house_write(h, password_set, &n);
        buf_done(&n.verifiers);
}

/* ---- attempts ---- */

struct net_address house_address(const char *text)
{
        struct net_address address;

        ck_assert(net_address_parse(text, 40123, &address));
        return address;
}

struct auth_client house_client(void)
{
        static struct net_address near;

        near = house_address("127.0.0.1");
        return (struct auth_client){
                .connection_id = "1f3",
                .protocol = "test",
                .peer = &near,
        };
}

static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct attempt *a = owner;

        ck_assert_ptr_eq(a->exchange, x);
        ck_assert(!a->answered);
        a->answered = true;
        a->outcome = outcome;
}

void attempt_begin(struct attempt *a, struct house *h, const struct auth_client *client)
{
        *a = (struct attempt){ .house = h };
        a->exchange = auth_exchange_new(h->auth, client, a, answered);
}

void attempt_end(struct attempt *a)
{
        auth_exchange_free(a->exchange);
        a->exchange = NULL;
}

enum auth_outcome attempt_wait(struct attempt *a)
{
        ck_assert(!a->answered); /* never from inside the call that asked */
        while (!a->answered)
                loop_turn(a->house->loop, true);
        a->answered = false;
        return a->outcome;
}

enum auth_outcome attempt_password(struct attempt *a, const char *name, const char *password)
{
        auth_exchange_password(a->exchange, slice_of(name), slice_of(password));
        return attempt_wait(a);
}

enum auth_outcome attempt_start_raw(struct attempt *a, const char *mechanism, const char *initial)
{
        struct slice none = { 0 };

        auth_exchange_start(a->exchange, slice_of(mechanism), initial ? slice_of(initial) : none);
        return attempt_wait(a);
}

enum auth_outcome attempt_respond_raw(struct attempt *a, const char *line)
{
        auth_exchange_respond(a->exchange, slice_of(line));
        return attempt_wait(a);
}

enum auth_outcome attempt_start(struct attempt *a, const char *mechanism, struct slice initial)
{
        AUTO_BUF(text, BUF_MAX);

        if (!initial.ptr)
                return attempt_start_raw(a, mechanism, NULL);
        ck_assert(!text_base64_encode(initial, &text));
        return attempt_start_raw(a, mechanism, text.len ? text.ptr : "=");
}

enum auth_outcome attempt_respond(struct attempt *a, struct slice octets)
{
        AUTO_BUF(text, BUF_MAX);

        ck_assert(!text_base64_encode(octets, &text));
        return attempt_respond_raw(a, buf_slice(&text).ptr);
}

void attempt_challenge(const struct attempt *a, struct buf *out)
{
        buf_clear(out);
        ck_assert(!text_base64_decode(slice_of(auth_exchange_challenge(a->exchange)), out));
}

enum auth_outcome log_in(struct house *h, const struct auth_client *client, const char *name,
                         const char *password)
{
        struct attempt a;
        enum auth_outcome outcome;

        attempt_begin(&a, h, client);
        outcome = attempt_password(&a, name, password);
        attempt_end(&a);
        return outcome;
}
