/*
 * mailbox.c — the folders of an account.
 *
 * Names are UTF-8 with "/" between the levels. Only INBOX is matched in any
 * case (RFC 9051 5.1), also as the first level of a longer name: two trees
 * "INBOX/x" and "Inbox/x" could not both be shown to a client that follows the RFC.
 */
#include "mailbox_row.h"
#include "query.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/store/message.h"

static const struct slice inbox = { "INBOX", 5 };

void store_mailbox_done(struct store_mailbox *m)
{
        mem_free(m->name);
        m->name = NULL;
}

/* ---- names ---- */

/* C0, DEL, C1 and the line and paragraph separators: RFC 9051 5.1. `name` is valid UTF-8. */
static bool has_control(struct slice name)
{
        for (size_t i = 0; i < name.len; i++) {
                const unsigned char *p = (const unsigned char *)name.ptr + i;

                if (p[0] < 0x20 || p[0] == 0x7f)
                        return true;
                if (p[0] == 0xc2 && p[1] < 0xa0)
                        return true;
                if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
                        return true;
        }
        return false;
}

static bool levels_valid(struct slice name)
{
        struct slice level;

        while (slice_cut(&name, '/', &level))
                if (level.len == 0)
                        return false;
        return name.len > 0;
}

/* INBOX in capitals where it is the name or its first level. */
static enum err name_canonical(struct slice name, struct buf *out)
{
        struct slice rest = name;
        enum err err;

        if (!slice_skip_word(&rest, inbox) || (rest.len && rest.ptr[0] != '/'))
                return buf_put(out, name);
        err = buf_put(out, inbox);
        return err ? err : buf_put(out, rest);
}

enum err mailbox_name_checked(struct slice name, struct buf *out)
{
        if (name.len > MAILBOX_NAME_MAX)
                return ERR_LIMIT;
        if (!text_utf8_valid(name) || has_control(name) || !levels_valid(name))
                return ERR_SYNTAX;
        return name_canonical(name, out);
}

/* ---- finding ---- */

enum err store_mailbox_place(struct store_txn *tx, int64_t account, struct slice name,
                             int64_t *ret_mailbox, uint32_t *ret_uidvalidity)
{
        AUTO_BUF(canonical, MAILBOX_NAME_MAX);
        struct db_stmt *q;
        bool found = false;
        enum err err;

        if (mailbox_name_checked(name, &canonical))
                return ERR_NOTFOUND; /* no such name can have been made */
        q = db_prepare(tx->db, "SELECT id, uidvalidity FROM mailbox"
                               " WHERE account = $1 AND name = $2");
        db_bind_int(q, 1, account);
        db_bind_text(q, 2, buf_slice(&canonical));
        if (db_step(q) == DB_ROW) {
                *ret_mailbox = db_column_int(q, 0);
                *ret_uidvalidity = (uint32_t)db_column_int(q, 1);
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

enum err store_mailbox_find(struct store_txn *tx, int64_t account, struct slice name,
                            int64_t *ret_mailbox)
{
        uint32_t uidvalidity;

        return store_mailbox_place(tx, account, name, ret_mailbox, &uidvalidity);
}

/* Recent ones are few, or all of them: only else they are looked for. */
#define MAILBOX_COLUMNS                                                                            \
        "b.id, b.account, b.name, b.uidvalidity, b.uidnext, b.highestmodseq, b.expunged_floor,"    \
        " b.special_use, EXISTS (SELECT 1 FROM subscription s WHERE s.account = b.account"         \
        " AND s.name = b.name), b.messages, b.unseen, b.octets, b.deleted,"                        \
        " CASE WHEN b.recent_from = 1 THEN b.messages WHEN b.recent_from >= b.uidnext THEN 0 ELSE" \
        " (SELECT count(*) FROM message m WHERE m.mailbox = b.id AND m.uid >= b.recent_from) END"

static void mailbox_read(struct db_stmt *q, struct store_mailbox *m)
{
        *m = (struct store_mailbox){
                .id = db_column_int(q, 0),
                .account = db_column_int(q, 1),
                .name = query_text(q, 2),
                .uidvalidity = (uint32_t)db_column_int(q, 3),
                .uidnext = (uint32_t)db_column_int(q, 4),
                .highestmodseq = db_column_int(q, 5),
                .expunged_floor = db_column_int(q, 6),
                .special_use = (enum store_special_use)db_column_int(q, 7),
                .subscribed = db_column_int(q, 8) != 0,
                .messages = db_column_int(q, 9),
                .unseen = db_column_int(q, 10),
                .octets = db_column_int(q, 11),
                .deleted = db_column_int(q, 12),
                .recent = db_column_int(q, 13),
        };
}

enum err store_mailbox_get(struct store_txn *tx, int64_t mailbox, struct store_mailbox *ret_mailbox)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT " MAILBOX_COLUMNS " FROM mailbox b WHERE b.id = $1");
        struct store_mailbox found = { 0 };
        enum err err;

        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW)
                mailbox_read(q, &found);
        err = db_finish(q);
        if (!err && !found.name)
                err = ERR_NOTFOUND;
        if (err)
                store_mailbox_done(&found);
        else
                *ret_mailbox = found;
        return err;
}

enum err store_mailbox_list(struct store_txn *tx, int64_t account, store_mailbox_fn *fn, void *arg)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT " MAILBOX_COLUMNS " FROM mailbox b"
                                               " WHERE b.account = $1"
                                               " ORDER BY b.name <> 'INBOX', b.name");
        enum err err = ERR_OK, finished;

        db_bind_int(q, 1, account);
        while (!err && db_step(q) == DB_ROW) {
                struct store_mailbox m;

                mailbox_read(q, &m);
                err = fn(arg, &m);
                store_mailbox_done(&m);
        }
        finished = db_finish(q);
        return err ? err : finished;
}

enum err store_mailbox_count(struct store_txn *tx, int64_t account, int64_t *ret_count)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT count(*) FROM mailbox WHERE account = $1");

        db_bind_int(q, 1, account);
        return query_int(q, ret_count);
}

enum err store_mailbox_deleted_octets(struct store_txn *tx, int64_t mailbox, int64_t *ret_octets)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT COALESCE(sum(size), 0) FROM message"
                                               " WHERE mailbox = $1 AND flags & $2 = $2");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, STORE_FLAG_DELETED);
        return query_int(q, ret_octets);
}

/* ---- making ---- */

/*
 * Never the same twice: above every one given out before, and not below the clock, so that a
 * store made anew, or brought back from a backup, does not give out again what clients have
 * seen (RFC 9051 2.3.1.1).
 */
static enum err new_uidvalidity(struct store_txn *tx, int64_t *ret_value)
{
        struct db_stmt *q =
                db_prepare(tx->db, "INSERT INTO counter (name, value) VALUES ('uidvalidity', $1)"
                                   " ON CONFLICT (name) DO UPDATE SET value ="
                                   " CASE WHEN excluded.value > counter.value THEN excluded.value"
                                   " ELSE counter.value + 1 END RETURNING value");
        int64_t value = 0;
        enum err err;

        db_bind_int(q, 1, clock_now_us() / 1000000);
        err = query_int(q, &value);
        if (!err && value > UINT32_MAX)
                err = ERR_LIMIT;
        if (!err)
                *ret_value = value;
        return err;
}

enum err mailbox_insert(struct store_txn *tx, int64_t account, struct slice name,
                        enum store_special_use use, int64_t *ret_mailbox)
{
        int64_t uidvalidity = 0, existing;
        enum err err = store_mailbox_find(tx, account, name, &existing);
        struct db_stmt *q;

        if (!err)
                return ERR_EXISTS;
        if (err == ERR_NOTFOUND)
                err = new_uidvalidity(tx, &uidvalidity);
        if (err)
                return err;
        q = db_prepare(tx->db, "INSERT INTO mailbox"
                               " (account, name, uidvalidity, special_use, created_us)"
                               " SELECT id, $2, $3, $4, $5 FROM account WHERE id = $1"
                               " RETURNING id");
        db_bind_int(q, 1, account);
        db_bind_text(q, 2, name);
        db_bind_int(q, 3, uidvalidity);
        db_bind_int(q, 4, use);
        db_bind_int(q, 5, clock_now_us());
        return query_int(q, ret_mailbox);
}

enum err store_mailbox_create(struct store_txn *tx, int64_t account, struct slice name,
                              enum store_special_use use, int64_t *ret_mailbox)
{
        AUTO_BUF(canonical, MAILBOX_NAME_MAX);
        enum err err = mailbox_name_checked(name, &canonical);

        if (!err)
                err = mailbox_insert(tx, account, buf_slice(&canonical), use, ret_mailbox);
        if (!err)
                txn_change(tx, STORE_CHANGE_FOLDERS, account, *ret_mailbox);
        return err;
}
