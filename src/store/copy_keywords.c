/* copy_keywords.c — keywords of one account become those of another. */
#include "copy_keywords.h"

#include "query.h"

#include "mailserver/store/flags.h"

static const uint64_t own_flags = (UINT64_C(1) << STORE_KEYWORD_FIRST_BIT) - 1;

/* Made where it is not there, as a client would make it. */
static enum err translate(struct store_txn *tx, const struct store_keywords *names, int64_t account,
                          uint64_t flags, uint64_t *ret_flags)
{
        uint64_t translated = flags & own_flags;

        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++) {
                const char *name = store_keyword_name(names, bit);
                unsigned theirs = 0;
                enum err err;

                if (!(flags >> bit & 1) || !name)
                        continue;
                err = store_keyword_bit(tx, account, slice_of(name), true, &theirs);
                if (err && err != ERR_LIMIT)
                        return err;
                if (!err)
                        translated |= UINT64_C(1) << theirs;
        }
        *ret_flags = translated;
        return ERR_OK;
}

static enum err replace(struct store_txn *tx, int64_t mailbox, uint32_t first, int64_t old,
                        int64_t new)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE message SET flags = $4 WHERE mailbox = $1"
                                               " AND uid >= $2 AND flags = $3");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, first);
        db_bind_int(q, 3, old);
        db_bind_int(q, 4, new);
        return db_run(q);
}

/* By way of negative numbers, which no flags are: what is new for one may be old for the next. */
static enum err replace_all(struct store_txn *tx, const struct id_list *old,
                            const struct id_list *new, int64_t mailbox, uint32_t first)
{
        enum err err = ERR_OK;

        for (size_t i = 0; i < old->n && !err; i++)
                err = replace(tx, mailbox, first, old->items[i], -(int64_t)i - 1);
        for (size_t i = 0; i < old->n && !err; i++)
                err = replace(tx, mailbox, first, -(int64_t)i - 1, new->items[i]);
        return err;
}

enum err copy_keywords(struct store_txn *tx, int64_t from, int64_t to, int64_t mailbox,
                       uint32_t first)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT DISTINCT flags FROM message WHERE mailbox = $1"
                                   " AND uid >= $2 AND flags > $3");
        struct store_keywords names = { 0 };
        struct id_list old = { 0 }, new = { 0 };
        enum err err;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, first);
        db_bind_int(q, 3, (int64_t)own_flags);
        err = query_ids(q, &old);
        if (!err)
                err = store_keywords_get(tx, from, &names);
        for (size_t i = 0; i < old.n && !err; i++) {
                uint64_t flags = 0;

                err = translate(tx, &names, to, (uint64_t)old.items[i], &flags);
                id_list_add(&new, (int64_t)flags);
        }
        if (!err)
                err = replace_all(tx, &old, &new, mailbox, first);
        store_keywords_done(&names);
        id_list_done(&old);
        id_list_done(&new);
        return err;
}
