/*
 * account.c — who has mail here: making, finding, changing and listing accounts.
 *
 * An account's name is one address; no alias may have the same. Its usage
 * (used_octets, used_messages) is changed by message.c and expunge.c, in the
 * transaction that adds or removes a message.
 */
#include "mailserver/store/account.h"

#include "alias.h"
#include "domain.h"
#include "mailbox_row.h"
#include "name.h"
#include "query.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

void store_account_done(struct store_account *a)
{
        mem_free(a->name);
        mem_free(a->verifiers);
        a->name = a->verifiers = NULL;
}

/* ---- making ---- */

/* RFC 6154 2; INBOX first, as the clients that create their own folders expect it to be there. */
static const struct {
        const char *name;
        enum store_special_use use;
} first_mailboxes[] = {
        {"INBOX",    STORE_USE_NONE   },
        { "Drafts",  STORE_USE_DRAFTS },
        { "Sent",    STORE_USE_SENT   },
        { "Archive", STORE_USE_ARCHIVE},
        { "Junk",    STORE_USE_JUNK   },
        { "Trash",   STORE_USE_TRASH  },
};

static enum err add_first_mailboxes(struct store_txn *tx, int64_t account)
{
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < sizeof first_mailboxes / sizeof *first_mailboxes; i++) {
                int64_t mailbox;

                err = mailbox_insert(tx, account, slice_of(first_mailboxes[i].name),
                                     first_mailboxes[i].use, &mailbox);
                if (!err)
                        err = store_mailbox_subscribe(tx, account,
                                                      slice_of(first_mailboxes[i].name), true);
        }
        return err;
}

static enum err insert_account(struct store_txn *tx, int64_t domain, struct slice name,
                               struct slice verifiers, int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(
                tx->db, "INSERT INTO account (domain, local, name, verifiers, created_us)"
                        " VALUES ($1, $2, $3, $4, $5)"
                        " ON CONFLICT (name) DO NOTHING RETURNING id");
        struct slice local = name, host;
        enum err err;

        (void)name_split(name, &local, &host);
        db_bind_int(q, 1, domain);
        db_bind_text(q, 2, local);
        db_bind_text(q, 3, name);
        db_bind_text(q, 4, verifiers);
        db_bind_int(q, 5, clock_now_us());
        err = query_int(q, ret_id);
        return err == ERR_NOTFOUND ? ERR_EXISTS : err;
}

enum err store_account_add(struct store_txn *tx, struct slice name, struct slice verifiers,
                           int64_t *ret_id)
{
        AUTO_BUF(address, NAME_ADDRESS_MAX);
        struct slice local, host;
        int64_t domain = 0, id = 0;
        bool taken = false;
        enum err err = store_address_normalise(name, &address);

        if (err || !name_split(buf_slice(&address), &local, &host) || !name_is_dot_string(local))
                return ERR_SYNTAX;
        err = domain_find(tx, host, &domain);
        if (!err)
                err = alias_exists(tx, domain, local, &taken);
        if (!err && taken)
                err = ERR_EXISTS;
        if (!err)
                err = insert_account(tx, domain, buf_slice(&address), verifiers, &id);
        if (!err)
                err = add_first_mailboxes(tx, id);
        if (!err)
                *ret_id = id;
        return err;
}

/* ---- finding ---- */

#define ACCOUNT_COLUMNS                                                                            \
        "id, name, verifiers, disabled, quota_octets, quota_messages, used_octets, used_messages," \
        " created_us"

static void account_read(struct db_stmt *q, struct store_account *a)
{
        *a = (struct store_account){
                .id = db_column_int(q, 0),
                .name = query_text(q, 1),
                .verifiers = query_text(q, 2),
                .disabled = db_column_int(q, 3) != 0,
                .quota_octets = db_column_int(q, 4),
                .quota_messages = db_column_int(q, 5),
                .used_octets = db_column_int(q, 6),
                .used_messages = db_column_int(q, 7),
                .created_us = db_column_int(q, 8),
        };
}

/* The one row of `q`. ERR_NOTFOUND: none; ERR_LIMIT: several. */
static enum err only_account(struct db_stmt *q, struct store_account *ret_account)
{
        struct store_account found = { 0 };
        bool several = false;
        enum err err;

        if (db_step(q) == DB_ROW) {
                account_read(q, &found);
                several = db_step(q) == DB_ROW;
        }
        err = db_finish(q);
        if (!err && !found.name)
                err = ERR_NOTFOUND;
        if (!err && several)
                err = ERR_LIMIT;
        if (err)
                store_account_done(&found);
        else
                *ret_account = found;
        return err;
}

enum err store_account_get(struct store_txn *tx, int64_t id, struct store_account *ret_account)
{
        struct db_stmt *q =
                db_prepare(tx->db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1");

        db_bind_int(q, 1, id);
        return only_account(q, ret_account);
}

enum err store_account_find(struct store_txn *tx, struct slice name,
                            struct store_account *ret_account)
{
        AUTO_BUF(stored, NAME_ADDRESS_MAX);
        bool local_only = slice_find(name, '@') < 0;
        struct db_stmt *q;

        if (local_only ? name_local_normalise(name, &stored)
                       : store_address_normalise(name, &stored))
                return ERR_SYNTAX;
        if (local_only)
                q = db_prepare(tx->db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE local = $1"
                                       " LIMIT 2");
        else
                q = db_prepare(tx->db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = $1");
        db_bind_text(q, 1, buf_slice(&stored));
        return only_account(q, ret_account);
}

enum err store_account_list(struct store_txn *tx, struct slice domain, store_account_fn *fn,
                            void *arg)
{
        AUTO_BUF(host, NAME_DOMAIN_MAX);
        enum err err = domain.len ? store_domain_normalise(domain, &host) : ERR_OK, finished;
        int64_t id = 0;
        struct db_stmt *q;

        if (!err && domain.len)
                err = domain_find(tx, buf_slice(&host), &id);
        if (err)
                return err;
        if (domain.len)
                q = db_prepare(tx->db, "SELECT " ACCOUNT_COLUMNS " FROM account WHERE domain = $1"
                                       " ORDER BY name");
        else
                q = db_prepare(tx->db, "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name");
        if (domain.len)
                db_bind_int(q, 1, id);
        while (!err && db_step(q) == DB_ROW) {
                struct store_account a;

                account_read(q, &a);
                err = fn(arg, &a);
                store_account_done(&a);
        }
        finished = db_finish(q);
        return err ? err : finished;
}

/* ---- changing ---- */

enum err store_account_set_verifiers(struct store_txn *tx, int64_t id, struct slice verifiers)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET verifiers = $2 WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, id);
        db_bind_text(q, 2, verifiers);
        err = query_change(tx->db, q);
        if (!err)
                txn_change(tx, STORE_CHANGE_ACCOUNT, id, 0);
        return err;
}

enum err store_account_set_disabled(struct store_txn *tx, int64_t id, bool disabled)
{
        struct db_stmt *q = db_prepare(tx->db, "UPDATE account SET disabled = $2 WHERE id = $1");
        enum err err;

        db_bind_int(q, 1, id);
        db_bind_int(q, 2, disabled);
        err = query_change(tx->db, q);
        if (!err)
                txn_change(tx, STORE_CHANGE_ACCOUNT, id, 0);
        return err;
}

enum err store_account_set_quota(struct store_txn *tx, int64_t id, int64_t octets, int64_t messages)
{
        struct db_stmt *q;

        if (octets < 0 || messages < 0)
                return ERR_SYNTAX;
        q = db_prepare(tx->db, "UPDATE account SET quota_octets = $2, quota_messages = $3"
                               " WHERE id = $1");
        db_bind_int(q, 1, id);
        db_bind_int(q, 2, octets);
        db_bind_int(q, 3, messages);
        return query_change(tx->db, q);
}

static int64_t room_of(int64_t quota, int64_t used)
{
        return quota ? quota - used : INT64_MAX;
}

enum err store_account_room(struct store_txn *tx, int64_t id, struct store_room *ret_room)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT quota_octets, used_octets, quota_messages,"
                                               " used_messages FROM account WHERE id = $1");
        bool found = false;
        enum err err;

        db_bind_int(q, 1, id);
        if (db_step(q) == DB_ROW) {
                ret_room->octets = room_of(db_column_int(q, 0), db_column_int(q, 1));
                ret_room->messages = room_of(db_column_int(q, 2), db_column_int(q, 3));
                found = true;
        }
        err = db_finish(q);
        return !err && !found ? ERR_NOTFOUND : err;
}

bool store_room_has(const struct store_room *room, int64_t octets, int64_t messages)
{
        if (messages > 0 && messages > room->messages)
                return false;
        return octets <= -messages || octets <= room->octets;
}

enum err store_account_check_room(struct store_txn *tx, int64_t id, int64_t octets,
                                  int64_t messages)
{
        struct store_room room;
        enum err err = store_account_room(tx, id, &room);

        return !err && !store_room_has(&room, octets, messages) ? ERR_QUOTA : err;
}

enum err store_account_check_quota(struct store_txn *tx, int64_t id, int64_t octets)
{
        return store_account_check_room(tx, id, octets, 1);
}
