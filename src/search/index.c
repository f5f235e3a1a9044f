/*
 * index.c — search.db: its tables, and all SQL about them.
 *
 * Why so: docs/adr/0010-full-text-index.md. FTS5 writes what one transaction adds as
 * one segment if it comes in the order of ids and fits its memory; it merges segments by
 * itself, a little with each transaction.
 */
#include "index.h"

#include "gram.h"

#include "mailserver/core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
        APPLICATION = 0x4d534958, /* "MSIX" */
        VERSION = 2,
        WAL_WORKED_IN = 16 << 20, /* the log's octets from which it is worked in */
        WAL_STARTS_OVER = 64 << 20,
        WAIT_MS = 1000, /* for searches to leave the log */
};

static const char tables[] =
        "CREATE TABLE slot (number INTEGER PRIMARY KEY, account INTEGER NOT NULL,"
        " used INTEGER NOT NULL);"
        "CREATE INDEX slot_by_account ON slot(account);"
        "CREATE TABLE document (account INTEGER NOT NULL, content INTEGER NOT NULL,"
        " id INTEGER NOT NULL, checksum INTEGER NOT NULL, trace INTEGER NOT NULL,"
        " PRIMARY KEY (account, content)) WITHOUT ROWID;"
        "CREATE TABLE skipped (id INTEGER PRIMARY KEY);"
        "CREATE TABLE place (mailbox INTEGER PRIMARY KEY, uidvalidity INTEGER NOT NULL,"
        " next INTEGER NOT NULL);"
        "CREATE TABLE position (document INTEGER NOT NULL, mailbox INTEGER NOT NULL,"
        " uid INTEGER NOT NULL, PRIMARY KEY (document, mailbox, uid)) WITHOUT ROWID;"
        "CREATE TABLE mark (name TEXT PRIMARY KEY) WITHOUT ROWID;"
        "CREATE VIRTUAL TABLE gram USING fts5(grams, content='', detail=none, columnsize=0,"
        " tokenize='ascii');"
        /* Octets of memory for what a transaction adds. */
        "INSERT INTO gram (gram, rank) VALUES ('hashsize', 4194304);";

struct search_index {
        struct db *db;
        struct buf tokens; /* of the document that is being added */
};

/* ---- opening ---- */

static enum err make_tables(struct db *db, struct error *reterr)
{
        enum err err = db_begin(db, DB_TXN_WRITE);

        if (!err)
                err = db_exec(db, tables, reterr);
        if (!err)
                err = db_set_identity(db, APPLICATION, VERSION);
        if (!err)
                err = db_commit(db);
        if (err) {
                db_rollback(db);
                return fail(reterr, err, "search.db: %s", db_error_text(db));
        }
        return ERR_OK;
}

static enum err look_at_identity(struct db *db, bool write, struct error *reterr)
{
        struct db_identity identity = { 0 };
        enum err err = db_get_identity(db, &identity);

        if (err)
                return fail(reterr, err, "search.db: %s", db_error_text(db));
        if (identity.empty && write)
                return make_tables(db, reterr);
        if (identity.application != APPLICATION || identity.version != VERSION)
                return fail(reterr, ERR_CORRUPT, "search.db: of another version (%" PRId64 ")",
                            identity.version);
        return ERR_OK;
}

enum err search_index_open(const char *path, bool write, int64_t cache_octets,
                           struct search_index **ret_index, struct error *reterr)
{
        const struct db_options options = {
                .path = path,
                .write = write,
                .create = write,
                .derived = true,
                .cache_octets = cache_octets,
                .wal_keep_octets = WAL_STARTS_OVER,
        };
        struct search_index *index = NEW(struct search_index);
        enum err err;

        index->tokens.max = BUF_MAX;
        err = db_open(&options, &index->db, reterr);
        if (!err)
                err = look_at_identity(index->db, write, reterr);
        if (err) {
                search_index_close(index);
                return err;
        }
        *ret_index = index;
        return ERR_OK;
}

void search_index_close(struct search_index *index)
{
        if (!index)
                return;
        db_close(index->db);
        buf_done(&index->tokens);
        mem_free(index);
}

void search_index_remove(const char *path)
{
        static const char *const suffixes[] = { "", "-wal", "-shm" };

        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
                AUTO_BUF(name, 8192);

                buf_addf(&name, "%s%s", path, suffixes[i]);
                if (name.ptr)
                        unlink(name.ptr);
        }
}

const char *search_index_error(const struct search_index *index)
{
        return db_error_text(index->db);
}

bool search_index_damaged(const struct search_index *index)
{
        return db_error(index->db) == ERR_CORRUPT;
}

/* ---- transactions ---- */

enum err search_index_begin(struct search_index *index, bool write)
{
        db_clear_error(index->db);
        return db_begin(index->db, write ? DB_TXN_WRITE : DB_TXN_READ);
}

enum err search_index_commit(struct search_index *index)
{
        enum err err = db_commit(index->db);
        int64_t wal = db_wal_octets(index->db);

        if (!err && wal > WAL_WORKED_IN)
                err = db_checkpoint(index->db,
                                    wal > WAL_STARTS_OVER ? DB_CHECKPOINT_RESTART
                                                          : DB_CHECKPOINT_PASSIVE,
                                    WAIT_MS);
        /* Searches were in the way: the next one tries again. */
        return err == ERR_BUSY ? ERR_OK : err;
}

void search_index_rollback(struct search_index *index)
{
        db_rollback(index->db);
}

/* ---- documents ---- */

enum err search_index_document(struct search_index *index, int64_t account, int64_t content,
                               struct search_document *ret_document, int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(index->db, "SELECT id, checksum, trace FROM document"
                                                  " WHERE account = $1 AND content = $2");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, content);
        if (db_step(q) == DB_ROW) {
                *ret_id = db_column_int(q, 0);
                *ret_document = (struct search_document){ account, content, db_column_int(q, 1),
                                                          db_column_int(q, 2) };
                err = ERR_OK;
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

/* The first id of a slot that the account has not had. */
static enum err new_slot(struct search_index *index, int64_t account, int64_t *ret_id)
{
        struct db_stmt *q = db_prepare(index->db, "INSERT INTO slot (account, used) VALUES ($1, 1)"
                                                  " RETURNING number");

        db_bind_int(q, 1, account);
        if (db_step(q) == DB_ROW)
                *ret_id = db_column_int(q, 0) << SEARCH_SLOT_BITS;
        return db_finish(q);
}

/* An id that no document has: in the account's last slot, if there is room. */
static enum err new_id(struct search_index *index, int64_t account, int64_t *ret_id)
{
        struct db_stmt *q =
                db_prepare(index->db, "UPDATE slot SET used = used + 1 WHERE number ="
                                      " (SELECT max(number) FROM slot WHERE account = $1)"
                                      " AND used < $2 RETURNING number, used");
        bool found;
        enum err err;

        db_bind_int(q, 1, account);
        db_bind_int(q, 2, 1 << SEARCH_SLOT_BITS);
        found = db_step(q) == DB_ROW;
        if (found)
                *ret_id = (db_column_int(q, 0) << SEARCH_SLOT_BITS) + db_column_int(q, 1) - 1;
        err = db_finish(q);
        return err || found ? err : new_slot(index, account, ret_id);
}

enum err search_index_add(struct search_index *index, const struct search_document *document,
                          int64_t *ret_id, bool *ret_new)
{
        struct search_document known;
        struct db_stmt *q;
        int64_t id = 0;
        enum err err =
                search_index_document(index, document->account, document->content, &known, &id);

        *ret_new = err == ERR_NOTFOUND;
        if (err == ERR_NOTFOUND)
                err = new_id(index, document->account, &id);
        if (err)
                return err;
        q = db_prepare(index->db, "INSERT INTO document (account, content, id, checksum, trace)"
                                  " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO UPDATE"
                                  " SET checksum = excluded.checksum, trace = excluded.trace");
        db_bind_int(q, 1, document->account);
        db_bind_int(q, 2, document->content);
        db_bind_int(q, 3, id);
        db_bind_int(q, 4, document->checksum);
        db_bind_int(q, 5, document->trace);
        *ret_id = id;
        return db_run(q);
}

enum err search_index_add_grams(struct search_index *index, int64_t id, const uint32_t *grams,
                                size_t n)
{
        struct db_stmt *q;

        buf_clear(&index->tokens);
        for (size_t i = 0; i < n; i++) {
                char token[GRAM_TOKEN + 1];

                gram_token(grams[i], token);
                token[GRAM_TOKEN] = ' ';
                buf_add(&index->tokens, (struct slice){ token, sizeof token });
        }
        q = db_prepare(index->db, "INSERT INTO gram (rowid, grams) VALUES ($1, $2)");
        db_bind_int(q, 1, id);
        db_bind_text(q, 2, buf_slice(&index->tokens));
        return db_run(q);
}

enum err search_index_skip(struct search_index *index, int64_t id)
{
        struct db_stmt *q = db_prepare(
                index->db, "INSERT INTO skipped (id) VALUES ($1) ON CONFLICT DO NOTHING");

        db_bind_int(q, 1, id);
        return db_run(q);
}

enum err search_index_add_position(struct search_index *index,
                                   const struct search_position *position)
{
        struct db_stmt *q = db_prepare(index->db, "INSERT INTO position (document, mailbox, uid)"
                                                  " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");

        db_bind_int(q, 1, position->document);
        db_bind_int(q, 2, position->mailbox);
        db_bind_int(q, 3, position->uid);
        return db_run(q);
}

/* ---- places ---- */

enum err search_index_set_place(struct search_index *index, const struct search_place *place)
{
        struct db_stmt *q =
                db_prepare(index->db, "INSERT INTO place (mailbox, uidvalidity, next)"
                                      " VALUES ($1, $2, $3) ON CONFLICT (mailbox) DO UPDATE"
                                      " SET uidvalidity = excluded.uidvalidity,"
                                      " next = excluded.next");

        db_bind_int(q, 1, place->mailbox);
        db_bind_int(q, 2, place->uidvalidity);
        db_bind_int(q, 3, place->next);
        return db_run(q);
}

enum err search_index_place(struct search_index *index, int64_t mailbox,
                            struct search_place *ret_place)
{
        struct db_stmt *q =
                db_prepare(index->db, "SELECT uidvalidity, next FROM place WHERE mailbox = $1");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_int(q, 1, mailbox);
        if (db_step(q) == DB_ROW) {
                *ret_place = (struct search_place){ mailbox, (uint32_t)db_column_int(q, 0),
                                                    (uint32_t)db_column_int(q, 1) };
                err = ERR_OK;
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

enum err search_index_set_complete(struct search_index *index)
{
        return db_run(db_prepare(
                index->db, "INSERT INTO mark (name) VALUES ('complete') ON CONFLICT DO NOTHING"));
}

enum err search_index_complete(struct search_index *index, bool *ret_complete)
{
        struct db_stmt *q = db_prepare(index->db, "SELECT 1 FROM mark WHERE name = 'complete'");

        *ret_complete = db_step(q) == DB_ROW;
        return db_finish(q);
}

enum err search_index_count(struct search_index *index, int64_t *ret_documents)
{
        struct db_stmt *q = db_prepare(index->db, "SELECT count(*) FROM document");

        if (db_step(q) == DB_ROW)
                *ret_documents = db_column_int(q, 0);
        return db_finish(q);
}

enum err search_index_size(struct search_index *index, int64_t *ret_octets)
{
        int64_t spare = 0, all = 0;
        enum err err = db_pages(index->db, &spare, &all);

        *ret_octets = (all - spare) * DB_PAGE_OCTETS + db_wal_octets(index->db);
        return err;
}

/* ---- searches ---- */

struct ids {
        int64_t *items;
        size_t n, cap;
};

static void ids_add(struct ids *ids, int64_t id)
{
        ids->items = mem_grow(ids->items, ids->n, 1, &ids->cap, sizeof *ids->items);
        ids->items[ids->n++] = id;
}

/* Of the documents of a slot; ERR_LIMIT past `max`. */
static enum err put_documents(struct db_stmt *q, int64_t slot, size_t max, struct ids *ids)
{
        bool many = false;
        enum err err;

        db_bind_int(q, 1, slot << SEARCH_SLOT_BITS);
        db_bind_int(q, 2, ((slot + 1) << SEARCH_SLOT_BITS) - 1);
        while (!many && db_step(q) == DB_ROW) {
                many = ids->n >= max;
                ids_add(ids, db_column_int(q, 0));
        }
        err = db_finish(q);
        if (err)
                return err;
        return many ? ERR_LIMIT : ERR_OK;
}

static enum err find_in_slot(struct search_index *index, int64_t slot, struct slice expression,
                             size_t max, struct ids *ids)
{
        struct db_stmt *q = db_prepare(index->db, "SELECT rowid FROM gram WHERE gram MATCH $3"
                                                  " AND rowid BETWEEN $1 AND $2");
        enum err err;

        db_bind_text(q, 3, expression);
        err = put_documents(q, slot, max, ids);
        if (err)
                return err;
        q = db_prepare(index->db, "SELECT id FROM skipped WHERE id BETWEEN $1 AND $2");
        return put_documents(q, slot, max, ids);
}

static enum err find_documents(struct search_index *index, int64_t account, struct slice expression,
                               size_t max, struct ids *ids)
{
        struct db_stmt *q = db_prepare(index->db, "SELECT number FROM slot WHERE account = $1");
        struct ids slots = { 0 };
        enum err err;

        db_bind_int(q, 1, account);
        while (db_step(q) == DB_ROW)
                ids_add(&slots, db_column_int(q, 0));
        err = db_finish(q);
        for (size_t i = 0; i < slots.n && !err; i++)
                err = find_in_slot(index, slots.items[i], expression, max, ids);
        mem_free(slots.items);
        return err;
}

struct uids {
        uint32_t *items;
        size_t n, cap;
};

static enum err put_uids(struct search_index *index, int64_t document, int64_t mailbox,
                         struct uids *uids)
{
        struct db_stmt *q = db_prepare(
                index->db, "SELECT uid FROM position WHERE document = $1 AND mailbox = $2");

        db_bind_int(q, 1, document);
        db_bind_int(q, 2, mailbox);
        while (db_step(q) == DB_ROW) {
                uids->items = mem_grow(uids->items, uids->n, 1, &uids->cap, sizeof *uids->items);
                uids->items[uids->n++] = (uint32_t)db_column_int(q, 0);
        }
        return db_finish(q);
}

enum err search_index_find(struct search_index *index, int64_t account, int64_t mailbox,
                           struct slice expression, size_t max, struct uid_set *out)
{
        struct ids documents = { 0 };
        struct uids uids = { 0 };
        enum err err = find_documents(index, account, expression, max, &documents);

        for (size_t i = 0; i < documents.n && !err; i++)
                err = put_uids(index, documents.items[i], mailbox, &uids);
        if (!err)
                uid_set_add_list(out, uids.items, uids.n);
        mem_free(documents.items);
        mem_free(uids.items);
        return err;
}
