/*
 * check_rows.c — mailboxes and accounts against the messages in them, aliases
 * against accounts.
 */
#include "check_run.h"
#include "query.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

/* ---- mailboxes ---- */

/* What the rows of a mailbox's messages say; uid and modseq are the largest, expunged ones included. */
struct facts {
        int64_t messages, unseen, octets, uid, modseq, deleted;
};

static enum err read_facts(struct store_txn *tx, int64_t mailbox, struct facts *ret_facts)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "SELECT count(*), coalesce(sum(CASE WHEN flags & $2 = 0 THEN 1 ELSE 0 END), 0),"
                " coalesce(sum(size), 0), coalesce(max(uid), 0), coalesce(max(modseq), 0),"
                " coalesce(sum(CASE WHEN flags & $3 = 0 THEN 0 ELSE 1 END), 0)"
                " FROM message WHERE mailbox = $1");
        struct facts f = { 0 };
        enum err err;

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, STORE_FLAG_SEEN);
        db_bind_int(q, 3, STORE_FLAG_DELETED);
        if (db_step(q) == DB_ROW)
                f = (struct facts){ db_column_int(q, 0), db_column_int(q, 1), db_column_int(q, 2),
                                    db_column_int(q, 3), db_column_int(q, 4), db_column_int(q, 5) };
        err = db_finish(q);
        if (err)
                return err;
        q = db_prepare(tx->db, "SELECT coalesce(max(uid), 0), coalesce(max(modseq), 0)"
                               " FROM expunged WHERE mailbox = $1");
        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                if (db_column_int(q, 0) > f.uid)
                        f.uid = db_column_int(q, 0);
                if (db_column_int(q, 1) > f.modseq)
                        f.modseq = db_column_int(q, 1);
        }
        err = db_finish(q);
        if (!err)
                *ret_facts = f;
        return err;
}

static enum err repair_mailbox(struct store_txn *tx, int64_t mailbox, const struct facts *f)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "UPDATE mailbox SET messages = $2, unseen = $3, octets = $4,"
                " uidnext = CASE WHEN uidnext > $5 THEN uidnext ELSE $5 + 1 END,"
                " highestmodseq = CASE WHEN highestmodseq >= $6 THEN highestmodseq ELSE $6 END,"
                " deleted = $7"
                " WHERE id = $1");

        db_bind_int(q, 1, mailbox);
        db_bind_int(q, 2, f->messages);
        db_bind_int(q, 3, f->unseen);
        db_bind_int(q, 4, f->octets);
        db_bind_int(q, 5, f->uid);
        db_bind_int(q, 6, f->modseq);
        db_bind_int(q, 7, f->deleted);
        return db_run(q);
}

static bool mailbox_adds_up(struct check_run *c, const struct store_mailbox *m,
                            const struct facts *f)
{
        bool counters = m->messages == f->messages && m->unseen == f->unseen &&
                        m->octets == f->octets && m->deleted == f->deleted;
        bool uids = m->uidnext > f->uid, modseqs = m->highestmodseq >= f->modseq;

        if (!counters)
                check_repairs(c,
                              "mailbox %lld (%s of account %lld) counts %lld messages, %lld unseen,"
                              " %lld deleted, %lld octets, but has %lld, %lld, %lld, %lld",
                              (long long)m->id, m->name, (long long)m->account,
                              (long long)m->messages, (long long)m->unseen, (long long)m->deleted,
                              (long long)m->octets, (long long)f->messages, (long long)f->unseen,
                              (long long)f->deleted, (long long)f->octets);
        if (!uids)
                check_repairs(c, "mailbox %lld would give out UID %lu, but %lld is in use",
                              (long long)m->id, (unsigned long)m->uidnext, (long long)f->uid);
        if (!modseqs)
                check_repairs(c, "mailbox %lld is at MODSEQ %lld, but %lld is in use",
                              (long long)m->id, (long long)m->highestmodseq, (long long)f->modseq);
        return counters && uids && modseqs;
}

static enum err check_mailbox(struct check_run *c, int64_t id)
{
        struct store_mailbox m = { 0 };
        struct facts f = { 0 };
        enum err err = store_mailbox_get(c->tx, id, &m);

        if (!err)
                err = read_facts(c->tx, id, &f);
        if (!err && !mailbox_adds_up(c, &m, &f) && c->options->repair)
                err = repair_mailbox(c->tx, id, &f);
        store_mailbox_done(&m);
        return err;
}

/*
 * UIDs and first MODSEQs rise together: one that is above that of a later message was given by a
 * change.
 */
static enum err last_change(struct store_txn *tx, int64_t mailbox, int64_t *ret_modseq)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT modseq FROM message WHERE mailbox = $1"
                                               " ORDER BY uid DESC");
        int64_t lowest = INT64_MAX, last = 0;
        enum err err;

        db_bind_int(q, 1, mailbox);
        while (db_step(q) == DB_ROW) {
                int64_t modseq = db_column_int(q, 0);

                if (modseq > lowest && modseq > last)
                        last = modseq;
                if (modseq < lowest)
                        lowest = modseq;
        }
        err = db_finish(q);
        if (!err)
                *ret_modseq = last;
        return err;
}

static enum err check_changed(struct check_run *c, int64_t mailbox)
{
        struct db_stmt *q;
        int64_t last = 0, said = 0;
        enum err err = last_change(c->tx, mailbox, &last);

        if (err)
                return err;
        q = db_prepare(c->tx->db, "SELECT changed_modseq FROM mailbox WHERE id = $1");
        db_bind_int(q, 1, mailbox);
        err = query_int(q, &said);
        if (err || said >= last ||
            !check_repairs(c,
                           "mailbox %lld hides changes up to MODSEQ %lld from those who catch up",
                           (long long)mailbox, (long long)last))
                return err;
        q = db_prepare(c->tx->db,
                       "UPDATE mailbox SET changed_modseq = highestmodseq WHERE id = $1");
        db_bind_int(q, 1, mailbox);
        return db_run(q);
}

/* The counter must be where it gives out none of those in use. */
static enum err check_uidvalidity(struct check_run *c)
{
        struct db_stmt *q = db_prepare(
                c->tx->db,
                "SELECT max(b.uidvalidity) FROM mailbox b WHERE b.uidvalidity >"
                " (SELECT coalesce(sum(value), 0) FROM counter WHERE name = 'uidvalidity')"
                " HAVING count(*) > 0");
        int64_t largest = 0;
        enum err err = query_int(q, &largest);

        if (err)
                return err == ERR_NOTFOUND ? ERR_OK : err;
        if (!check_repairs(c, "the counter of UIDVALIDITY is behind %lld", (long long)largest))
                return ERR_OK;
        q = db_prepare(c->tx->db, "INSERT INTO counter (name, value) VALUES ('uidvalidity', $1)"
                                  " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        db_bind_int(q, 1, largest);
        return db_run(q);
}

/* Harmless, but for \Recent: no message would have it again. */
static enum err check_recent(struct check_run *c)
{
        struct db *db = c->tx->db;
        struct id_list wrong = { 0 };
        enum err err = query_ids(
                db_prepare(db, "SELECT id FROM mailbox WHERE recent_from > uidnext ORDER BY id"),
                &wrong);

        for (size_t i = 0; i < wrong.n && !err; i++) {
                struct db_stmt *q;

                if (!check_repairs(c, "mailbox %lld takes messages that are to come for seen",
                                   (long long)wrong.items[i]))
                        continue;
                q = db_prepare(db, "UPDATE mailbox SET recent_from = uidnext WHERE id = $1");
                db_bind_int(q, 1, wrong.items[i]);
                err = db_run(q);
        }
        id_list_done(&wrong);
        return err;
}

struct kept {
        int64_t mailbox, modseq;
};

static enum err find_kept(struct store_txn *tx, struct kept *ret_kept, bool *ret_found)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT e.mailbox, e.modseq FROM expunged e"
                                               " JOIN mailbox b ON b.id = e.mailbox"
                                               " LEFT JOIN expunge x"
                                               " ON x.mailbox = e.mailbox AND x.modseq = e.modseq"
                                               " WHERE e.content IS NOT NULL"
                                               " AND (x.modseq IS NULL OR e.uid < x.first_uid)"
                                               " AND (e.mailbox > $1"
                                               " OR (e.mailbox = $1 AND e.modseq > $2))"
                                               " ORDER BY e.mailbox, e.modseq LIMIT 1");

        *ret_found = false;
        db_bind_int(q, 1, ret_kept->mailbox);
        db_bind_int(q, 2, ret_kept->modseq);
        if (db_step(q) == DB_ROW) {
                *ret_kept = (struct kept){ db_column_int(q, 0), db_column_int(q, 1) };
                *ret_found = true;
        }
        return db_finish(q);
}

/* Expunged messages whose contents no housekeeping would come upon. */
static enum err check_grace(struct check_run *c)
{
        struct kept kept = { 0 };
        bool found = true;
        enum err err = find_kept(c->tx, &kept, &found);

        while (!err && found) {
                if (check_repairs(c, "mailbox %lld would keep for ever what went at MODSEQ %lld",
                                  (long long)kept.mailbox, (long long)kept.modseq)) {
                        struct db_stmt *q = db_prepare(
                                c->tx->db, "INSERT INTO expunge (mailbox, modseq, expunged_us,"
                                           " first_uid) VALUES ($1, $2, 1, 0)"
                                           " ON CONFLICT (mailbox, modseq) DO UPDATE"
                                           " SET first_uid = 0");

                        db_bind_int(q, 1, kept.mailbox);
                        db_bind_int(q, 2, kept.modseq);
                        err = db_run(q);
                }
                if (!err)
                        err = find_kept(c->tx, &kept, &found);
        }
        return err;
}

static enum err check_strays(struct check_run *c)
{
        struct db *db = c->tx->db;
        enum err err =
                check_damaged_rows(c,
                                   db_prepare(db, "SELECT DISTINCT mailbox FROM message"
                                                  " WHERE mailbox NOT IN (SELECT id FROM mailbox)"),
                                   "mailbox", "is not there, but has messages");

        if (!err)
                err = check_damaged_rows(
                        c,
                        /* Those of a removed account have had their grace since 1970. */
                        db_prepare(db, "SELECT DISTINCT e.mailbox FROM expunged e"
                                       " LEFT JOIN expunge x"
                                       " ON x.mailbox = e.mailbox AND x.modseq = e.modseq"
                                       " WHERE coalesce(x.expunged_us, 1) > 0"
                                       " AND e.mailbox NOT IN (SELECT id FROM mailbox)"),
                        "mailbox", "is not there, but has expunged messages");
        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db, "SELECT m.mailbox FROM message m JOIN expunged e"
                                       " ON e.mailbox = m.mailbox AND e.uid = m.uid"),
                        "mailbox", "has a message that is expunged, too");
        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db, "SELECT mailbox FROM message"
                                       " WHERE uid < 1 OR uid > 4294967294 OR modseq < 1"),
                        "mailbox", "has a message with an impossible UID or MODSEQ");
        return err;
}

enum err check_mailboxes(struct check_run *c)
{
        struct id_list ids = { 0 };
        enum err err = query_ids(db_prepare(c->tx->db, "SELECT id FROM mailbox ORDER BY id"), &ids);

        for (size_t i = 0; !err && i < ids.n; i++) {
                err = check_mailbox(c, ids.items[i]);
                if (!err)
                        err = check_changed(c, ids.items[i]);
        }
        id_list_done(&ids);
        if (!err)
                err = check_uidvalidity(c);
        if (!err)
                err = check_recent(c);
        if (!err)
                err = check_grace(c);
        return err ? err : check_strays(c);
}

/* ---- accounts ---- */

struct usage {
        int64_t account, counted_octets, counted_messages, octets, messages;
        char *name;
};

static enum err read_usage(struct store_txn *tx, int64_t account, struct usage *u)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT a.name, a.used_octets, a.used_messages,"
                                   " coalesce(sum(m.size), 0), count(m.uid) FROM account a"
                                   " LEFT JOIN mailbox b ON b.account = a.id"
                                   " LEFT JOIN message m ON m.mailbox = b.id WHERE a.id = $1"
                                   " GROUP BY a.id, a.name, a.used_octets, a.used_messages");

        db_bind_int(q, 1, account);
        if (db_step(q) == DB_ROW)
                *u = (struct usage){
                        .account = account,
                        .name = query_text(q, 0),
                        .counted_octets = db_column_int(q, 1),
                        .counted_messages = db_column_int(q, 2),
                        .octets = db_column_int(q, 3),
                        .messages = db_column_int(q, 4),
                };
        return db_finish(q);
}

static enum err check_usage(struct check_run *c, int64_t account)
{
        struct usage u = { 0 };
        AUTO(mem_freep) char *name = NULL;
        enum err err = read_usage(c->tx, account, &u);
        struct db_stmt *q;

        name = u.name;
        if (err || (u.counted_octets == u.octets && u.counted_messages == u.messages))
                return err;
        if (!check_repairs(c, "account %s counts %lld messages, %lld octets, but has %lld, %lld",
                           name, (long long)u.counted_messages, (long long)u.counted_octets,
                           (long long)u.messages, (long long)u.octets))
                return ERR_OK;
        q = db_prepare(c->tx->db,
                       "UPDATE account SET used_octets = $2, used_messages = $3 WHERE id = $1");
        db_bind_int(q, 1, account);
        db_bind_int(q, 2, u.octets);
        db_bind_int(q, 3, u.messages);
        return db_run(q);
}

/* Nothing can be delivered to an account without an INBOX; its name must be its address. */
static enum err check_account_rows(struct check_run *c)
{
        struct db *db = c->tx->db;
        enum err err = check_damaged_rows(
                c,
                db_prepare(db, "SELECT id FROM account WHERE id NOT IN"
                               " (SELECT account FROM mailbox WHERE name = 'INBOX')"),
                "account", "has no INBOX");

        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db, "SELECT a.id FROM account a JOIN domain d ON d.id = a.domain"
                                       " WHERE a.name <> a.local || '@' || d.name"),
                        "account", "has a name that is not its address");
        return err;
}

/* Someone wrote them, so they are left alone; mail to them finds its other targets. */
static enum err check_aliases(struct check_run *c)
{
        struct db_stmt *q =
                db_prepare(c->tx->db, "SELECT a.local, d.name, a.target FROM alias a"
                                      " JOIN domain d ON d.id = a.domain"
                                      " WHERE a.target NOT IN (SELECT name FROM account)"
                                      " AND a.target NOT IN (SELECT o.local || '@' || p.name"
                                      " FROM alias o JOIN domain p ON p.id = o.domain)"
                                      " AND substr(a.target, instr(a.target, '@') + 1) IN"
                                      " (SELECT name FROM domain)");

        while (db_step(q) == DB_ROW) {
                struct slice local = db_column_slice(q, 0), domain = db_column_slice(q, 1);
                struct slice target = db_column_slice(q, 2);

                check_damaged(c,
                              "alias " SLICE_FMT "@" SLICE_FMT " points to " SLICE_FMT
                              ", which is not there",
                              SLICE_ARG(local), SLICE_ARG(domain), SLICE_ARG(target));
        }
        return db_finish(q);
}

enum err check_accounts(struct check_run *c)
{
        struct id_list ids = { 0 };
        enum err err = query_ids(db_prepare(c->tx->db, "SELECT id FROM account ORDER BY id"), &ids);

        for (size_t i = 0; !err && i < ids.n; i++)
                err = check_usage(c, ids.items[i]);
        id_list_done(&ids);
        if (!err)
                err = check_account_rows(c);
        return err ? err : check_aliases(c);
}
