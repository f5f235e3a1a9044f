/*
 * copy.c — messages come into another mailbox without their octets: RFC 9051
 * 6.4.7, 6.4.8.
 *
 * The rows are made by one statement a range, with a run of UIDs taken from
 * the destination at once and one MODSEQ; each is one more reference to its
 * content. A move is a copy and an expunge in one transaction.
 */
#include "mailserver/store/copy.h"

#include "copy_keywords.h"
#include "query.h"
#include "selection.h"

#include "mailserver/core/clock.h"
#include "mailserver/store/account.h"

struct copy {
        struct selection from; /* what was asked for, as far as there are messages */
        struct uid_set ranges; /* of `from`; owned */
        struct uid_set uids;   /* those that are there; owned */
        struct selection_sum sum;
        int64_t from_account;
        int64_t to, to_account;
        int64_t first_uid, modseq, uidvalidity; /* in the destination */
};

void store_copy_result_done(struct store_copy_result *r)
{
        uid_set_done(&r->from);
        uid_set_done(&r->to);
        *r = (struct store_copy_result){ 0 };
}

/* ---- what is to be copied ---- */

static enum err read_mailbox(struct store_txn *tx, int64_t mailbox, int64_t *ret_account,
                             int64_t *ret_uidvalidity)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT account, uidvalidity FROM mailbox WHERE id = $1");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                *ret_account = db_column_int(q, 0);
                *ret_uidvalidity = db_column_int(q, 1);
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

/* Up to the last that is there: what is copied into the same mailbox comes behind it. */
static void trim(struct uid_set *ranges, const struct uid_set *uids)
{
        uint32_t last = uids->n ? uids->ranges[uids->n - 1].last : 0;

        while (ranges->n && ranges->ranges[ranges->n - 1].first > last)
                ranges->n--;
        if (ranges->n && ranges->ranges[ranges->n - 1].last > last)
                ranges->ranges[ranges->n - 1].last = last;
}

static enum err select_messages(struct store_txn *tx, const struct uid_set *uids, struct copy *c)
{
        enum err err;

        uid_set_copy(&c->ranges, uids);
        c->from.uids = &c->ranges;
        err = selection_look_up(tx, &c->from, &c->uids, &c->sum);
        trim(&c->ranges, &c->uids);
        return err;
}

static enum err prepare(struct store_txn *tx, const struct uid_set *uids, bool move,
                        int64_t max_messages, struct copy *c)
{
        int64_t ignored;
        enum err err = read_mailbox(tx, c->to, &c->to_account, &c->uidvalidity);

        if (!err)
                err = read_mailbox(tx, c->from.mailbox, &c->from_account, &ignored);
        if (!err)
                err = select_messages(tx, uids, c);
        if (!err && c->sum.messages > max_messages)
                err = ERR_LIMIT;
        /* What moves within an account takes no more room there: a full one can be tidied up. */
        if (!err && c->sum.messages && !(move && c->from_account == c->to_account))
                err = store_account_check_room(tx, c->to_account, c->sum.octets, c->sum.messages);
        return err;
}

/* ---- copying ---- */

static enum err count_in(struct store_txn *tx, struct copy *c)
{
        struct db_stmt *q = db_prepare(
                tx->db, "UPDATE mailbox SET uidnext = uidnext + $2,"
                        " highestmodseq = highestmodseq + 1, messages = messages + $2,"
                        " unseen = unseen + $3, deleted = deleted + $4, octets = octets + $5"
                        " WHERE id = $1 AND uidnext + $2 <= 4294967295"
                        " RETURNING uidnext - $2, highestmodseq");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, c->to);
        db_bind_int(q, 2, c->sum.messages);
        db_bind_int(q, 3, c->sum.unseen);
        db_bind_int(q, 4, c->sum.deleted);
        db_bind_int(q, 5, c->sum.octets);
        while (db_step(q) == DB_ROW) {
                c->first_uid = db_column_int(q, 0);
                c->modseq = db_column_int(q, 1);
                found = true;
        }
        err = db_finish(q);
        if (err || !found)
                return err ? err : ERR_LIMIT; /* no UIDs left */
        q = db_prepare(tx->db, "UPDATE account SET used_octets = used_octets + $2,"
                               " used_messages = used_messages + $3 WHERE id = $1");
        db_bind_int(q, 1, c->to_account);
        db_bind_int(q, 2, c->sum.octets);
        db_bind_int(q, 3, c->sum.messages);
        return db_run(q);
}

/*
 * A UIDL is of one maildrop and is not copied; INTERNALDATE is, the save date is now (RFC 8514).
 * Counting the rows costs a third more: where every UID of a range is there, they are the numbers.
 */
#define INSERT_COPIES(uid)                                                                         \
        "INSERT INTO message (mailbox, uid, content, size, flags, modseq, internal_date_us,"       \
        " save_date_us, trace) SELECT $5, $6 + " uid ", content, size, flags, $7,"                 \
        " internal_date_us, $8, trace FROM message" SELECTION_WHERE " ORDER BY uid"

static enum err insert_range(struct store_txn *tx, const struct copy *c, size_t range, bool dense,
                             int64_t first_uid, int64_t now_us)
{
        struct db_stmt *q =
                dense ? db_prepare(tx->db, INSERT_COPIES("uid - $2"))
                      : db_prepare(tx->db, INSERT_COPIES("row_number() OVER (ORDER BY uid) - 1"));

        selection_bind(q, &c->from, range);
        db_bind_int(q, 5, c->to);
        db_bind_int(q, 6, first_uid);
        db_bind_int(q, 7, c->modseq);
        db_bind_int(q, 8, now_us);
        return db_run(q);
}

static int64_t length(const struct uid_range *r)
{
        return (int64_t)r->last - r->first + 1;
}

static enum err insert_rows(struct store_txn *tx, const struct copy *c)
{
        int64_t uid = c->first_uid, now_us = clock_now_us();
        size_t there = 0; /* of c->uids */
        enum err err = ERR_OK;

        for (size_t i = 0; i < c->ranges.n && !err; i++) {
                const struct uid_range *r = &c->ranges.ranges[i];
                int64_t n = 0;

                while (there < c->uids.n && c->uids.ranges[there].last <= r->last)
                        n += length(&c->uids.ranges[there++]);
                if (n)
                        err = insert_range(tx, c, i, n == length(r), uid, now_us);
                uid += n;
        }
        return err;
}

static enum err count_references(struct store_txn *tx, const struct copy *c)
{
        struct db_stmt *q =
                db_prepare(tx->db, "UPDATE content_refs SET refs = refs + x.n FROM"
                                   " (SELECT content, count(*) AS n FROM message"
                                   " WHERE mailbox = $1 AND uid >= $2 GROUP BY content) AS x"
                                   " WHERE content_refs.content = x.content");

        db_bind_int(q, 1, c->to);
        db_bind_int(q, 2, c->first_uid);
        return db_run(q);
}

static enum err copy_rows(struct store_txn *tx, struct copy *c)
{
        enum err err = count_in(tx, c);

        if (!err)
                err = insert_rows(tx, c);
        if (!err)
                err = count_references(tx, c);
        if (!err && c->from_account != c->to_account)
                err = copy_keywords(tx, c->from_account, c->to_account, c->to,
                                    (uint32_t)c->first_uid);
        if (!err)
                txn_change_mailbox(tx, c->to_account, c->to, c->modseq, 0, 0);
        return err;
}

enum err store_copy(struct store_txn *tx, int64_t from, const struct uid_set *uids, int64_t to,
                    bool move, int64_t max_messages, struct store_copy_result *ret_result)
{
        struct copy c = { .from = { .mailbox = from }, .to = to };
        enum err err = prepare(tx, uids, move, max_messages, &c);

        if (!err && c.sum.messages)
                err = copy_rows(tx, &c);
        if (!err && c.sum.messages && move)
                err = selection_expunge(tx, &c.from, &c.sum);
        uid_set_done(&c.ranges);
        if (err) {
                uid_set_done(&c.uids);
                return err;
        }
        *ret_result = (struct store_copy_result){ .uidvalidity = (uint32_t)c.uidvalidity,
                                                  .from = c.uids };
        if (c.sum.messages)
                uid_set_add_range(&ret_result->to, (uint32_t)c.first_uid,
                                  (uint32_t)(c.first_uid + c.sum.messages - 1));
        return ERR_OK;
}
