/* remember.c — logins that were good a moment ago need not be hashed again. */
#include "remember.h"

#include "lru.h"

#include <sodium.h>

enum { DIGEST = crypto_generichash_BYTES, KEY = crypto_generichash_KEYBYTES };

struct entry {
        struct lru_entry lru; /* by account */
        unsigned char digest[DIGEST];
        int64_t until_ms;
};

struct remember {
        struct lru table;
        unsigned char key[KEY];
};

struct remember *remember_new(size_t max)
{
        struct remember *r = NEW(struct remember);

        lru_init(&r->table, max, sizeof(struct entry));
        randombytes_buf(r->key, sizeof r->key);
        return r;
}

void remember_free(struct remember *r)
{
        if (!r)
                return;
        lru_done(&r->table);
        sodium_memzero(r, sizeof *r);
        mem_free(r);
}

static void digest_of(const struct remember *r, int64_t account, struct slice verifiers,
                      struct slice password, unsigned char out[DIGEST])
{
        crypto_generichash_state state;
        uint64_t length = verifiers.len; /* says where one text ends and the other begins */

        crypto_generichash_init(&state, r->key, sizeof r->key, DIGEST);
        crypto_generichash_update(&state, (const unsigned char *)&account, sizeof account);
        crypto_generichash_update(&state, (const unsigned char *)&length, sizeof length);
        crypto_generichash_update(&state, (const unsigned char *)verifiers.ptr, verifiers.len);
        crypto_generichash_update(&state, (const unsigned char *)password.ptr, password.len);
        crypto_generichash_final(&state, out, DIGEST);
        sodium_memzero(&state, sizeof state);
}

bool remember_has(struct remember *r, int64_t account, struct slice verifiers,
                  struct slice password, int64_t now_ms)
{
        struct entry *e = lru_find(&r->table, (uint64_t)account);
        unsigned char digest[DIGEST];

        if (!e)
                return false;
        if (now_ms >= e->until_ms) {
                lru_remove(&r->table, (uint64_t)account);
                return false;
        }
        digest_of(r, account, verifiers, password, digest);
        return sodium_memcmp(digest, e->digest, DIGEST) == 0;
}

void remember_put(struct remember *r, int64_t account, struct slice verifiers,
                  struct slice password, int64_t until_ms)
{
        struct entry *e = lru_get(&r->table, (uint64_t)account);

        digest_of(r, account, verifiers, password, e->digest);
        e->until_ms = until_ms;
}

void remember_forget(struct remember *r, int64_t account)
{
        lru_remove(&r->table, (uint64_t)account);
}
