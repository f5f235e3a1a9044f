/*
 * keyword.c — names of the flags that are not the protocol's own: RFC 9051
 * 2.3.2. A bit, once given, keeps its name: messages refer to it.
 */
#include "query.h"
#include "txn.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/flags.h"

#include <assert.h>

void store_keywords_done(struct store_keywords *k)
{
        for (unsigned bit = 0; k->names && bit < STORE_KEYWORD_BITS; bit++)
                mem_free(k->names[bit]);
        mem_free(k->names);
        *k = (struct store_keywords){ 0 };
}

static void set_name(struct store_keywords *k, int64_t bit, char *name)
{
        if (!k->names)
                k->names = mem_alloc_array(STORE_KEYWORD_BITS, sizeof *k->names);
        mem_free(k->names[bit]);
        k->names[bit] = name;
}

static bool bit_valid(int64_t bit)
{
        return bit >= STORE_KEYWORD_FIRST_BIT && bit < STORE_KEYWORD_BITS;
}

enum err store_keywords_get(struct store_txn *tx, int64_t account,
                            struct store_keywords *ret_keywords)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT bit, name FROM keyword WHERE account = $1");
        struct store_keywords k = { 0 };
        enum err err;

        db_bind_int(q, 1, account);
        while (db_step(q) == DB_ROW)
                if (bit_valid(db_column_int(q, 0)))
                        set_name(&k, db_column_int(q, 0), query_text(q, 1));
        err = db_finish(q);
        if (err)
                store_keywords_done(&k);
        else
                *ret_keywords = k;
        return err;
}

/* False when it is none of them. *ret_free: the first bit without a name, or STORE_KEYWORD_BITS. */
static bool find(const struct store_keywords *k, struct slice name, unsigned *ret_bit,
                 unsigned *ret_free)
{
        *ret_free = STORE_KEYWORD_BITS;
        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++) {
                const char *known = store_keyword_name(k, bit);

                if (known && slice_eq_word(slice_of(known), name)) {
                        *ret_bit = bit;
                        return true;
                }
                if (!known && *ret_free == STORE_KEYWORD_BITS)
                        *ret_free = bit;
        }
        return false;
}

static enum err insert(struct store_txn *tx, int64_t account, unsigned bit, struct slice name)
{
        struct db_stmt *q = db_prepare(tx->db, "INSERT INTO keyword (account, bit, name)"
                                               " SELECT id, $2, $3 FROM account WHERE id = $1");

        assert(tx->write);
        db_bind_int(q, 1, account);
        db_bind_int(q, 2, bit);
        db_bind_text(q, 3, name);
        return query_change(tx->db, q);
}

enum err store_keyword_bit(struct store_txn *tx, int64_t account, struct slice name, bool create,
                           unsigned *ret_bit)
{
        struct store_keywords k = { 0 };
        unsigned bit = 0, unused = 0;
        enum err err = store_keywords_get(tx, account, &k);
        bool found = !err && find(&k, name, &bit, &unused);

        store_keywords_done(&k);
        if (err)
                return err;
        if (!found && !create)
                return ERR_NOTFOUND;
        if (!found && (unused == STORE_KEYWORD_BITS || name.len > STORE_KEYWORD_MAX_OCTETS))
                return ERR_LIMIT;
        if (!found)
                err = insert(tx, account, bit = unused, name);
        if (!err)
                *ret_bit = bit;
        return err;
}
