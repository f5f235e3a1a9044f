/*
 * mailbox_rename.c — a mailbox and those below it get another name: RFC 9051
 * 6.3.6.
 *
 * UIDVALIDITY stays: it is unique in the whole store, so that under no name a
 * client finds other messages with numbers it knows.
 */
#include "mailbox_row.h"
#include "query.h"

#include "mailserver/store/copy.h"

/* Moves the messages of INBOX; what stands below it stays. */
static enum err rename_inbox(struct store_txn *tx, int64_t account, int64_t from, struct slice to)
{
        struct uid_range all = { 1, UINT32_MAX };
        const struct uid_set everything = { .ranges = &all, .n = 1 };
        struct store_copy_result moved = { 0 };
        int64_t mailbox = 0;
        enum err err = mailbox_insert(tx, account, to, STORE_USE_NONE, &mailbox);

        if (!err)
                err = store_copy(tx, from, &everything, mailbox, true, INT64_MAX, &moved);
        store_copy_result_done(&moved);
        if (!err)
                txn_change(tx, STORE_CHANGE_FOLDERS, account, mailbox);
        return err;
}

/* The mailbox, then those below it. */
static enum err find_tree(struct store_txn *tx, int64_t account, struct slice name,
                          struct id_list *out)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT id FROM mailbox WHERE account = $1 AND"
                                   " (name = $2 OR substr(name, 1, length($2) + 1) = $2 || '/')"
                                   " ORDER BY name");

        db_bind_int(q, 1, account);
        db_bind_text(q, 2, name);
        return query_ids(q, out);
}

/* What `mailbox` will be called. ERR_LIMIT: too long. */
static enum err new_name(struct store_txn *tx, int64_t mailbox, struct slice from, struct slice to,
                         struct buf *out)
{
        struct store_mailbox m = { 0 };
        enum err err = store_mailbox_get(tx, mailbox, &m);

        if (!err)
                err = buf_put(out, to);
        if (!err)
                err = buf_put(out, slice_from(slice_of(m.name), from.len));
        store_mailbox_done(&m);
        return err;
}

static enum err check_one(struct store_txn *tx, int64_t account, int64_t mailbox, struct slice from,
                          struct slice to)
{
        AUTO_BUF(name, MAILBOX_NAME_MAX);
        int64_t taken;
        enum err err = new_name(tx, mailbox, from, to, &name);

        if (!err)
                err = store_mailbox_find(tx, account, buf_slice(&name), &taken);
        if (err == ERR_NOTFOUND)
                return ERR_OK;
        return err ? err : ERR_EXISTS;
}

static enum err rename_one(struct store_txn *tx, int64_t account, int64_t mailbox,
                           struct slice from, struct slice to)
{
        AUTO_BUF(name, MAILBOX_NAME_MAX);
        struct db_stmt *q;
        enum err err = new_name(tx, mailbox, from, to, &name);

        if (err)
                return err;
        q = db_prepare(tx->db, "UPDATE mailbox SET name = $2 WHERE id = $1");
        db_bind_int(q, 1, mailbox);
        db_bind_text(q, 2, buf_slice(&name));
        err = db_run(q);
        if (!err)
                txn_change(tx, STORE_CHANGE_FOLDERS, account, mailbox);
        return err;
}

/* All names are looked at before the first is changed: a refusal leaves nothing behind. */
static enum err rename_tree(struct store_txn *tx, int64_t account, struct slice from,
                            struct slice to)
{
        struct id_list tree = { 0 };
        enum err err = find_tree(tx, account, from, &tree);

        for (size_t i = 0; i < tree.n && !err; i++)
                err = check_one(tx, account, tree.items[i], from, to);
        for (size_t i = 0; i < tree.n && !err; i++)
                err = rename_one(tx, account, tree.items[i], from, to);
        id_list_done(&tree);
        return err;
}

/* ERR_NOTFOUND: neither a mailbox nor, as RFC 9051 6.3.6 has it, a level with some below it. */
static enum err find_or_below(struct store_txn *tx, int64_t account, struct slice name,
                              int64_t *ret_mailbox)
{
        enum err err = store_mailbox_find(tx, account, name, ret_mailbox);
        struct id_list tree = { 0 };

        if (err != ERR_NOTFOUND)
                return err;
        *ret_mailbox = 0;
        err = find_tree(tx, account, name, &tree);
        if (!err && !tree.n)
                err = ERR_NOTFOUND;
        id_list_done(&tree);
        return err;
}

/* A name below itself would be there twice. */
static bool is_below(struct slice name, struct slice parent)
{
        return slice_starts(name, parent) && name.len > parent.len && name.ptr[parent.len] == '/';
}

enum err store_mailbox_rename(struct store_txn *tx, int64_t account, struct slice from,
                              struct slice to)
{
        AUTO_BUF(old, MAILBOX_NAME_MAX);
        AUTO_BUF(new, MAILBOX_NAME_MAX);
        int64_t mailbox = 0, taken = 0;
        enum err err = mailbox_name_checked(to, &new);

        if (err)
                return err;
        if (mailbox_name_checked(from, &old))
                return ERR_NOTFOUND;
        err = find_or_below(tx, account, buf_slice(&old), &mailbox);
        if (err)
                return err;
        err = store_mailbox_find(tx, account, buf_slice(&new), &taken);
        if (err != ERR_NOTFOUND)
                return err ? err : ERR_EXISTS;
        if (mailbox && slice_eq(buf_slice(&old), SLICE("INBOX")))
                return rename_inbox(tx, account, mailbox, buf_slice(&new));
        if (is_below(buf_slice(&new), buf_slice(&old)))
                return ERR_SYNTAX;
        return rename_tree(tx, account, buf_slice(&old), buf_slice(&new));
}
