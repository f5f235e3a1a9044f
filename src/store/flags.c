/*
 * flags.c — flags of messages change: RFC 9051 6.4.6, RFC 7162 3.1.3.
 *
 * SET, ADD and REMOVE are one: of the old flags some are kept, and some are
 * added. One statement a range, whatever it holds, under one new MODSEQ; and one before it that counts
 * what would change, where how many rows did does not say it.
 */
#include "mailserver/store/flags.h"

#include "query.h"
#include "selection.h"

#include "mailserver/store/message.h"

#include <assert.h>

static const uint64_t SYSTEM_FLAGS = ((uint64_t)1 << STORE_KEYWORD_FIRST_BIT) - 1;

struct change {
        struct selection messages;
        int64_t keep, add;          /* new flags: (flags & keep) | add */
        int64_t unchanged_since;    /* INT64_MAX: whatever they have */
        int64_t absent;             /* or have none of these; 0: no such way out */
        int64_t n, unseen, deleted; /* how many change, and by how much the counters do */
        int64_t account, modseq;    /* of the mailbox; of the change */
};

/* Of the rows of SELECTION_WHERE those that may change, and that do: $3 and $4, $5 and $6. */
#define UNCHANGED "(modseq <= $5 OR ($6 <> 0 AND flags & $6 = 0))"
#define CHANGING  " AND " UNCHANGED " AND flags <> ((flags & $7) | $8)"

static void bind_change(struct db_stmt *q, const struct change *c, size_t range)
{
        selection_bind(q, &c->messages, range);
        db_bind_int(q, 5, c->unchanged_since);
        db_bind_int(q, 6, c->absent);
        db_bind_int(q, 7, c->keep);
        db_bind_int(q, 8, c->add);
}

static enum err count_range(struct store_txn *tx, struct change *c, size_t range)
{
        /* The bits themselves are summed up; a bit apart is divided out below. */
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT count(*),"
                                   " coalesce(sum((flags & $9) - (((flags & $7) | $8) & $9)), 0),"
                                   " coalesce(sum((((flags & $7) | $8) & $10) - (flags & $10)), 0)"
                                   " FROM message" SELECTION_WHERE CHANGING);

        bind_change(q, c, range);
        db_bind_int(q, 9, STORE_FLAG_SEEN);
        db_bind_int(q, 10, STORE_FLAG_DELETED);
        if (db_step(q) == DB_ROW) {
                c->n += db_column_int(q, 0);
                c->unseen += db_column_int(q, 1) / STORE_FLAG_SEEN;
                c->deleted += db_column_int(q, 2) / STORE_FLAG_DELETED;
        }
        return db_finish(q);
}

static enum err find_modified(struct store_txn *tx, const struct change *c, size_t range,
                              struct uid_set *out)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid FROM message" SELECTION_WHERE
                                               " AND NOT " UNCHANGED " ORDER BY uid");

        selection_bind(q, &c->messages, range);
        db_bind_int(q, 5, c->unchanged_since);
        db_bind_int(q, 6, c->absent);
        while (db_step(q) == DB_ROW)
                uid_set_add(out, (uint32_t)db_column_int(q, 0));
        return db_finish(q);
}

/* When messages only arrived since: they are the last ones, whatever went. */
static enum err find_arrived(struct store_txn *tx, int64_t mailbox, int64_t since,
                             uint32_t *ret_first)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT uid, modseq FROM message WHERE mailbox = $1"
                                               " ORDER BY uid DESC");

        *ret_first = UINT32_MAX;
        db_bind_int(q, 1, mailbox);
        while (db_step(q) == DB_ROW && db_column_int(q, 1) > since)
                *ret_first = (uint32_t)db_column_int(q, 0);
        return db_finish(q);
}

/* No message below *ret_first arrived or changed after `since`. */
static enum err find_first_change(struct store_txn *tx, int64_t mailbox, int64_t since,
                                  uint32_t *ret_first)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT changed_modseq, highestmodseq FROM mailbox"
                                               " WHERE id = $1");
        int64_t changed = INT64_MAX, highest = 0;
        enum err err;

        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                changed = db_column_int(q, 0);
                highest = db_column_int(q, 1);
        }
        err = db_finish(q);
        *ret_first = changed > since && highest > since ? 1 : UINT32_MAX;
        return err || *ret_first == 1 || highest <= since
                       ? err
                       : find_arrived(tx, mailbox, since, ret_first);
}

enum err store_flags_changed_since(struct store_txn *tx, int64_t mailbox,
                                   const struct uid_set *uids, int64_t since, struct uid_set *out)
{
        const struct change c = {
                .messages = {.mailbox = mailbox, .uids = uids},
                .unchanged_since = since,
        };
        uint32_t first;
        enum err err = find_first_change(tx, mailbox, since, &first);

        for (size_t i = 0; i < uids->n && !err; i++)
                if (uids->ranges[i].last >= first)
                        err = find_modified(tx, &c, i, out);
        return err;
}

static enum err is_untouched(struct store_txn *tx, int64_t mailbox,
                             const struct store_flags_told *told, int64_t since, uint64_t touched,
                             bool *ret_untouched)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT 1 FROM message WHERE mailbox = $1"
                                               " AND uid = $2 AND modseq > $3 AND flags & $4 = $5");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, told->uid);
        db_bind_int(q, 3, since);
        db_bind_int(q, 4, (int64_t)touched);
        db_bind_int(q, 5, (int64_t)(told->flags & touched));
        return query_exists(q, ret_untouched);
}

enum err store_flags_untouched(struct store_txn *tx, int64_t mailbox,
                               const struct store_flags_told *told, size_t n, int64_t since,
                               uint64_t touched, struct uid_set *out)
{
        enum err err = ERR_OK;

        for (size_t i = 0; i < n && !err; i++) {
                bool untouched = false;

                err = is_untouched(tx, mailbox, &told[i], since, touched, &untouched);
                if (!err && untouched)
                        uid_set_add_range(out, told[i].uid, told[i].uid);
        }
        return err;
}

static enum err change_mailbox(struct store_txn *tx, const struct change *c)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE mailbox SET highestmodseq = $4,"
                                               " changed_modseq = $4, unseen = unseen + $2,"
                                               " deleted = deleted + $3 WHERE id = $1");

        db_bind_int(q, 1, c->messages.mailbox);
        db_bind_int(q, 2, c->unseen);
        db_bind_int(q, 3, c->deleted);
        db_bind_int(q, 4, c->modseq);
        return db_run(q);
}

/* What changes whatever was before: a tenth less to work out for each row. */
static struct db_stmt *change_always(struct store_txn *tx, const struct change *c, size_t range)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE message SET flags = (flags & $4) | $5, modseq = $6"
                                   " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3"
                                   " AND flags <> ((flags & $4) | $5)");

        db_bind_int(q, 1, c->messages.mailbox);
        db_bind_int(q, 2, c->messages.uids->ranges[range].first);
        db_bind_int(q, 3, c->messages.uids->ranges[range].last);
        db_bind_int(q, 4, c->keep);
        db_bind_int(q, 5, c->add);
        db_bind_int(q, 6, c->modseq);
        return q;
}

static struct db_stmt *change_unless(struct store_txn *tx, const struct change *c, size_t range)
{
        struct db_stmt *q = db_prepare(
                tx->db, "UPDATE message SET flags = (flags & $7) | $8, modseq = $9" SELECTION_WHERE
                                CHANGING);

        bind_change(q, c, range);
        db_bind_int(q, 9, c->modseq);
        return q;
}

static enum err change_range(struct store_txn *tx, const struct change *c, size_t range,
                             int64_t *changed)
{
        enum err err = db_run(c->unchanged_since == INT64_MAX ? change_always(tx, c, range)
                                                              : change_unless(tx, c, range));

        if (!err)
                *changed += db_changes(tx->db);
        return err;
}

/* The account, and the MODSEQ that comes next. */
static enum err read_mailbox(struct store_txn *tx, struct change *c)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT account, highestmodseq + 1 FROM mailbox WHERE id = $1");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, c->messages.mailbox);
        if (db_step(q) == DB_ROW) {
                c->account = db_column_int(q, 0);
                c->modseq = db_column_int(q, 1);
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

static struct change change_of(int64_t mailbox, const struct uid_set *uids, enum store_flags_op op,
                               uint64_t flags, int64_t unchanged_since)
{
        struct change c = {
                .messages = {.mailbox = mailbox, .uids = uids},
                .unchanged_since =
                        unchanged_since == STORE_UNCONDITIONAL ? INT64_MAX : unchanged_since,
        };

        /* RFC 7162 3.1.3: a system flag is always there, a keyword only where it is set. */
        if (unchanged_since == 0 && op != STORE_FLAGS_SET && !(flags & SYSTEM_FLAGS))
                c.absent = (int64_t)flags;

        switch (op) {
        case STORE_FLAGS_SET:
                c.add = (int64_t)flags;
                break;
        case STORE_FLAGS_ADD:
                c.keep = -1;
                c.add = (int64_t)flags;
                break;
        case STORE_FLAGS_REMOVE:
                c.keep = (int64_t)~flags;
                break;
        }
        return c;
}

/* What \Seen and \Deleted come to is known from how many rows change: none has both to change. */
static bool counts_itself(enum store_flags_op op, uint64_t flags)
{
        return op != STORE_FLAGS_SET && (!(flags & (STORE_FLAG_SEEN | STORE_FLAG_DELETED)) ||
                                         flags == STORE_FLAG_SEEN || flags == STORE_FLAG_DELETED);
}

static void count_changed(struct change *c, enum store_flags_op op, uint64_t flags)
{
        int64_t set = op == STORE_FLAGS_ADD ? c->n : -c->n;

        if (flags & STORE_FLAG_SEEN)
                c->unseen = -set;
        if (flags & STORE_FLAG_DELETED)
                c->deleted = set;
}

/* Before anything changes: what a count afterwards would not tell. */
static enum err look_first(struct store_txn *tx, struct change *c, bool count,
                           struct uid_set *modified)
{
        enum err err = ERR_OK;

        for (size_t i = 0; i < c->messages.uids->n && !err; i++) {
                if (count)
                        err = count_range(tx, c, i);
                if (!err && c->unchanged_since != INT64_MAX)
                        err = find_modified(tx, c, i, modified);
        }
        return err;
}

static enum err change_rows(struct store_txn *tx, struct change *c, bool counted,
                            enum store_flags_op op, uint64_t flags)
{
        const struct uid_set *uids = c->messages.uids;
        int64_t changed = 0;
        enum err err = ERR_OK;

        for (size_t i = 0; i < uids->n && !err && (c->n || !counted); i++)
                err = change_range(tx, c, i, &changed);
        if (!counted) {
                c->n = changed;
                count_changed(c, op, flags);
        }
        return err || !c->n ? err : change_mailbox(tx, c);
}

enum err store_flags_change(struct store_txn *tx, int64_t mailbox, const struct uid_set *uids,
                            enum store_flags_op op, uint64_t flags, int64_t unchanged_since,
                            struct uid_set *ret_modified, int64_t *ret_modseq)
{
        struct change c = change_of(mailbox, uids, op, flags, unchanged_since);
        bool counted = !counts_itself(op, flags);
        struct uid_set modified = { 0 };
        enum err err = read_mailbox(tx, &c);

        assert(flags >> STORE_KEYWORD_BITS == 0);
        if (!err)
                err = look_first(tx, &c, counted, &modified);
        if (!err)
                err = change_rows(tx, &c, counted, op, flags);
        if (err) {
                uid_set_done(&modified);
                return err;
        }
        if (c.n)
                txn_change_mailbox(tx, c.account, mailbox, c.modseq, uids->ranges[0].first,
                                   uids->ranges[uids->n - 1].last);
        if (ret_modified)
                *ret_modified = modified;
        else
                uid_set_done(&modified);
        *ret_modseq = c.n ? c.modseq : 0;
        return ERR_OK;
}
