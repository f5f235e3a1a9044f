/* throttle.c — counting failures, and what they cost. */
#include "throttle.h"

#include "lru.h"

#include <sodium.h>

/* How many of the last failures an entry knows one by one. */
enum { RECENT = 8 };

struct failure {
        uint64_t name, guess;
};

struct entry {
        struct lru_entry lru;
        unsigned count;
        int64_t last_ms;
        struct failure recent[RECENT]; /* a ring; name 0: unused */
        unsigned next;
};

struct throttle {
        struct lru addresses, names;
        unsigned char key[crypto_generichash_KEYBYTES];
};

struct throttle *throttle_new(size_t max)
{
        struct throttle *t = NEW(struct throttle);

        lru_init(&t->addresses, max, sizeof(struct entry));
        lru_init(&t->names, max, sizeof(struct entry));
        randombytes_buf(t->key, sizeof t->key);
        return t;
}

void throttle_free(struct throttle *t)
{
        if (!t)
                return;
        lru_done(&t->addresses);
        lru_done(&t->names);
        mem_free(t);
}

/* Never 0. ASCII letters of the name count in one case, as they do for the account. */
static uint64_t keyed(const struct throttle *t, struct slice name, struct slice password)
{
        crypto_generichash_state state;
        unsigned char digest[crypto_generichash_BYTES_MIN];
        uint64_t length = name.len, value;

        crypto_generichash_init(&state, t->key, sizeof t->key, sizeof digest);
        crypto_generichash_update(&state, (const unsigned char *)&length, sizeof length);
        for (size_t i = 0; i < name.len; i++) {
                unsigned char c = (unsigned char)ascii_lower(name.ptr[i]);

                crypto_generichash_update(&state, &c, 1);
        }
        crypto_generichash_update(&state, (const unsigned char *)password.ptr, password.len);
        crypto_generichash_final(&state, digest, sizeof digest);
        sodium_memzero(&state, sizeof state);
        memcpy(&value, digest, sizeof value);
        return value ? value : 1;
}

struct throttle_attempt throttle_attempt(const struct throttle *t, uint64_t address,
                                         struct slice name, struct slice password)
{
        return (struct throttle_attempt){
                .address = address,
                .name = keyed(t, name, SLICE("")),
                .guess = password.len ? keyed(t, name, password) : 0,
        };
}

static void forget_if_old(struct entry *e, const struct throttle_rules *rules, int64_t now_ms)
{
        if (now_ms - e->last_ms < rules->memory_ms)
                return;
        e->count = 0;
        memset(e->recent, 0, sizeof e->recent);
}

static void count(struct entry *e, const struct throttle_rules *rules,
                  const struct throttle_attempt *attempt, int64_t now_ms)
{
        forget_if_old(e, rules, now_ms);
        e->last_ms = now_ms;
        for (unsigned i = 0; attempt->guess && i < RECENT; i++)
                if (e->recent[i].guess == attempt->guess)
                        return;
        e->recent[e->next] = (struct failure){ attempt->name, attempt->guess };
        e->next = (e->next + 1) % RECENT;
        e->count++;
}

static int64_t delay_of(const struct entry *e, const struct throttle_rules *rules)
{
        int64_t delay = rules->first_ms;

        if (!e || e->count == 0)
                return 0;
        for (unsigned i = 1; i < e->count && delay < rules->max_ms; i++)
                delay *= 2;
        return delay < rules->max_ms ? delay : rules->max_ms;
}

int64_t throttle_failed(struct throttle *t, const struct throttle_rules *rules,
                        const struct throttle_attempt *attempt, int64_t now_ms)
{
        struct entry *name = lru_get(&t->names, attempt->name);
        int64_t delay = 0, address_delay = 0;

        count(name, rules, attempt, now_ms);
        delay = delay_of(name, rules);
        if (attempt->address) {
                struct entry *address = lru_get(&t->addresses, attempt->address);

                count(address, rules, attempt, now_ms);
                address_delay = delay_of(address, rules);
        }
        return delay > address_delay ? delay : address_delay;
}

int64_t throttle_wait(struct throttle *t, const struct throttle_rules *rules, uint64_t address,
                      int64_t now_ms)
{
        struct entry *e = address ? lru_find(&t->addresses, address) : NULL;
        int64_t due_ms;

        if (!e)
                return 0;
        forget_if_old(e, rules, now_ms);
        due_ms = e->last_ms + delay_of(e, rules);
        return due_ms > now_ms ? due_ms - now_ms : 0;
}

int64_t throttle_succeeded(struct throttle *t, const struct throttle_rules *rules,
                           const struct throttle_attempt *attempt, int64_t now_ms)
{
        struct entry *e = attempt->address ? lru_find(&t->addresses, attempt->address) : NULL;

        lru_remove(&t->names, attempt->name);
        if (!e)
                return 0;
        forget_if_old(e, rules, now_ms);
        for (unsigned i = 0; i < RECENT; i++) {
                if (e->recent[i].name != attempt->name)
                        continue;
                e->recent[i] = (struct failure){ 0 };
                e->count--;
        }
        if (e->count == 0)
                lru_remove(&t->addresses, attempt->address);
        else
                return delay_of(e, rules);
        return 0;
}
