/* guard.c — counting failures, and what they cost. */
#include "guard.h"

#include "lru.h"

#include <sodium.h>

/* How many of the last failures an entry knows one by one. */
enum { RECENT = 8 };

struct failure {
        uint64_t address, name, guess;
};

struct entry {
        struct lru_entry lru;
        int64_t count;
        int64_t last_ms;
        struct failure recent[RECENT]; /* a ring; name 0: unused */
        unsigned next;
};

struct ban {
        struct lru_entry lru;
        int64_t times, until_ms, forget_ms;
};

struct login {
        struct lru_entry lru;
        int64_t last_ms;
};

struct guard {
        struct lru counts[GUARD_SUBJECTS], bans[GUARD_SUBJECTS];
        struct lru homes, known; /* good logins, by address and by pair */
        unsigned char key[crypto_generichash_KEYBYTES];
};

struct guard *guard_new(size_t max)
{
        struct guard *g = NEW(struct guard);

        for (int i = 0; i < GUARD_SUBJECTS; i++) {
                lru_init(&g->counts[i], max, sizeof(struct entry));
                lru_init(&g->bans[i], max, sizeof(struct ban));
        }
        lru_init(&g->homes, max, sizeof(struct login));
        lru_init(&g->known, max, sizeof(struct login));
        randombytes_buf(g->key, sizeof g->key);
        return g;
}

void guard_free(struct guard *g)
{
        if (!g)
                return;
        for (int i = 0; i < GUARD_SUBJECTS; i++) {
                lru_done(&g->counts[i]);
                lru_done(&g->bans[i]);
        }
        lru_done(&g->homes);
        lru_done(&g->known);
        sodium_memzero(g, sizeof *g);
        mem_free(g);
}

/* ---- who ---- */

/* Never 0. ASCII letters of the name count in one case, as they do for the account. */
static uint64_t keyed(const struct guard *g, uint64_t address, struct slice name,
                      struct slice password)
{
        crypto_generichash_state state;
        unsigned char digest[crypto_generichash_BYTES_MIN];
        uint64_t head[] = { address, name.len }, value;

        crypto_generichash_init(&state, g->key, sizeof g->key, sizeof digest);
        crypto_generichash_update(&state, (const unsigned char *)head, sizeof head);
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

struct guard_attempt guard_attempt(const struct guard *g, uint64_t address, struct slice name,
                                   struct slice password)
{
        return (struct guard_attempt){
                .address = keyed(g, address, SLICE(""), SLICE("")),
                .name = keyed(g, 0, name, SLICE("")),
                .pair = keyed(g, address, name, SLICE("")),
                .guess = password.len ? keyed(g, 0, name, password) : 0,
        };
}

static uint64_t key_of(const struct guard_attempt *attempt, enum guard_subject subject)
{
        switch (subject) {
        case GUARD_ADDRESS:
                return attempt->address;
        case GUARD_PAIR:
                return attempt->pair;
        case GUARD_NAME:
        case GUARD_SUBJECTS:
                break;
        }
        return attempt->name;
}

static bool logged_in_lately(struct lru *logins, uint64_t key, const struct guard_rules *rules,
                             int64_t now_ms)
{
        const struct login *login = lru_find(logins, key);

        return login && now_ms - login->last_ms < rules->known_ms;
}

/* ---- counting ---- */

static void forget_if_old(struct entry *e, const struct guard_rules *rules, int64_t now_ms)
{
        if (now_ms - e->last_ms < rules->memory_ms)
                return;
        e->count = 0;
        memset(e->recent, 0, sizeof e->recent);
}

static struct entry *count(struct lru *l, uint64_t key, const struct guard_rules *rules,
                           const struct guard_attempt *attempt, int64_t now_ms)
{
        struct entry *e = lru_get(l, key);

        forget_if_old(e, rules, now_ms);
        e->last_ms = now_ms;
        for (unsigned i = 0; attempt->guess && i < RECENT; i++)
                if (e->recent[i].guess == attempt->guess)
                        return e;
        e->recent[e->next] = (struct failure){ attempt->address, attempt->name, attempt->guess };
        e->next = (e->next + 1) % RECENT;
        e->count++;
        if (e->count > 1)
                lru_keep(l, &e->lru);
        return e;
}

static int64_t delay_of(const struct entry *e, const struct guard_rules *rules)
{
        int64_t delay = rules->first_ms;

        if (!e || e->count == 0)
                return 0;
        for (int64_t i = 1; i < e->count && delay && delay < rules->max_ms; i++)
                delay *= 2;
        return delay < rules->max_ms ? delay : rules->max_ms;
}

/* ---- bans ---- */

static int64_t limit_of(const struct guard_rules *rules, enum guard_subject subject)
{
        switch (subject) {
        case GUARD_ADDRESS:
                return rules->address_limit;
        case GUARD_PAIR:
                return rules->pair_limit;
        case GUARD_NAME:
        case GUARD_SUBJECTS:
                break;
        }
        return rules->name_limit;
}

static int64_t ban_length(const struct guard_rules *rules, enum guard_subject subject,
                          int64_t times)
{
        int64_t length = rules->ban_ms;

        for (int64_t i = 1; subject != GUARD_NAME && i < times && length < rules->ban_max_ms; i++)
                length *= 2;
        return length < rules->ban_max_ms ? length : rules->ban_max_ms;
}

static bool exempt(struct guard *g, const struct guard_rules *rules, enum guard_subject subject,
                   const struct guard_attempt *attempt, int64_t now_ms)
{
        switch (subject) {
        case GUARD_ADDRESS:
                return logged_in_lately(&g->homes, attempt->address, rules, now_ms);
        case GUARD_PAIR:
                return logged_in_lately(&g->known, attempt->pair, rules, now_ms);
        case GUARD_NAME:
        case GUARD_SUBJECTS:
                break;
        }
        return false; /* guard_refuses asks who comes */
}

static bool active(struct guard *g, enum guard_subject subject, uint64_t key, int64_t now_ms)
{
        const struct ban *b = lru_find(&g->bans[subject], key);

        return b && now_ms < b->until_ms;
}

static struct guard_ban begin(struct guard *g, const struct guard_rules *rules,
                              enum guard_subject subject, uint64_t key, int64_t failures,
                              int64_t now_ms)
{
        struct ban *b = lru_get(&g->bans[subject], key);

        b->times = now_ms < b->forget_ms ? b->times + 1 : 1;
        b->until_ms = now_ms + ban_length(rules, subject, b->times);
        b->forget_ms = b->until_ms + rules->ban_memory_ms;
        if (b->times > 1)
                lru_keep(&g->bans[subject], &b->lru);
        return (struct guard_ban){ subject, failures, b->times, b->until_ms, b->forget_ms };
}

int64_t guard_failed(struct guard *g, const struct guard_rules *rules,
                     const struct guard_attempt *attempt, int64_t now_ms,
                     struct guard_ban ret_bans[GUARD_SUBJECTS], size_t *ret_n)
{
        int64_t delay = 0;

        *ret_n = 0;
        for (enum guard_subject s = GUARD_ADDRESS; s < GUARD_SUBJECTS; s++) {
                uint64_t key = key_of(attempt, s);
                int64_t limit = limit_of(rules, s), due;
                const struct entry *e;

                /* Its next ban is for what comes after this one. */
                if (active(g, s, key, now_ms))
                        continue;
                e = count(&g->counts[s], key, rules, attempt, now_ms);
                due = delay_of(e, rules);
                delay = due > delay ? due : delay;
                if (!limit || e->count < limit || exempt(g, rules, s, attempt, now_ms))
                        continue;
                ret_bans[(*ret_n)++] = begin(g, rules, s, key, e->count, now_ms);
                /* After the ban it begins again, from nothing. */
                lru_remove(&g->counts[s], key);
        }
        return delay;
}

int64_t guard_wait(struct guard *g, const struct guard_rules *rules, uint64_t address,
                   int64_t now_ms)
{
        struct entry *e =
                lru_find(&g->counts[GUARD_ADDRESS], keyed(g, address, SLICE(""), SLICE("")));
        int64_t due_ms;

        if (!e)
                return 0;
        forget_if_old(e, rules, now_ms);
        due_ms = e->last_ms + delay_of(e, rules);
        return due_ms > now_ms ? due_ms - now_ms : 0;
}

/* What this address has counted for in an entry of another; false: nothing is left of it. */
static bool forgive(struct entry *e, const struct guard_attempt *attempt)
{
        for (unsigned i = 0; i < RECENT; i++) {
                struct failure *f = &e->recent[i];

                if (f->name != attempt->name || f->address != attempt->address)
                        continue;
                *f = (struct failure){ 0 };
                e->count--;
        }
        return e->count > 0;
}

int64_t guard_succeeded(struct guard *g, const struct guard_rules *rules,
                        const struct guard_attempt *attempt, int64_t now_ms)
{
        struct login *home = lru_get(&g->homes, attempt->address);
        struct login *known = lru_get(&g->known, attempt->pair);
        struct entry *name = lru_find(&g->counts[GUARD_NAME], attempt->name);
        struct entry *address = lru_find(&g->counts[GUARD_ADDRESS], attempt->address);

        home->last_ms = known->last_ms = now_ms;
        lru_remove(&g->counts[GUARD_PAIR], attempt->pair);
        if (name && !forgive(name, attempt))
                lru_remove(&g->counts[GUARD_NAME], attempt->name);
        if (!address)
                return 0;
        forget_if_old(address, rules, now_ms);
        if (forgive(address, attempt))
                return delay_of(address, rules);
        lru_remove(&g->counts[GUARD_ADDRESS], attempt->address);
        return 0;
}

bool guard_banned(struct guard *g, uint64_t address, int64_t now_ms)
{
        return active(g, GUARD_ADDRESS, keyed(g, address, SLICE(""), SLICE("")), now_ms);
}

bool guard_refuses(struct guard *g, const struct guard_rules *rules,
                   const struct guard_attempt *attempt, int64_t now_ms)
{
        if (active(g, GUARD_PAIR, attempt->pair, now_ms))
                return true;
        return active(g, GUARD_NAME, attempt->name, now_ms) &&
               !logged_in_lately(&g->known, attempt->pair, rules, now_ms);
}

size_t guard_count(const struct guard *g, enum guard_subject subject, int64_t now_ms)
{
        const struct list *orders[] = { &g->bans[subject].order, &g->bans[subject].kept };
        size_t n = 0;

        for (size_t i = 0; i < 2; i++)
                list_each (link, orders[i])
                        n += now_ms < container_of(link, struct ban, lru.order)->until_ms;
        return n;
}

/* ---- from elsewhere ---- */

void guard_ban(struct guard *g, const struct guard_attempt *attempt, const struct guard_ban *ban)
{
        struct ban *b = lru_get(&g->bans[ban->subject], key_of(attempt, ban->subject));

        b->times = ban->times;
        b->until_ms = ban->until_ms;
        b->forget_ms = ban->forget_ms;
        if (b->times > 1)
                lru_keep(&g->bans[ban->subject], &b->lru);
}

void guard_lift_all(struct guard *g)
{
        for (int i = 0; i < GUARD_SUBJECTS; i++)
                lru_clear(&g->bans[i]);
}
