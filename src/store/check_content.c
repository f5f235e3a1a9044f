/*
 * check_content.c — contents against what refers to them, and their octets
 * against their sizes and hashes.
 */
#include "blob.h"
#include "check_run.h"
#include "content_key.h"
#include "query.h"
#include "sha256.h"

#include "mailserver/core/mem.h"

/* ---- references ---- */

struct miscount {
        int64_t content, refs, found;
};

static enum err repair_refs(struct check_run *c, const struct miscount *m)
{
        struct db_stmt *q;

        if (!m->found) {
                if (!check_repairs(c, "content %lld is kept, but nothing refers to it",
                                   (long long)m->content))
                        return ERR_OK;
                return txn_content_delete(c->tx, m->content);
        }
        if (!check_repairs(c, "content %lld counts %lld references, but has %lld",
                           (long long)m->content, (long long)m->refs, (long long)m->found))
                return ERR_OK;
        q = db_prepare(c->tx->db, "INSERT INTO content_refs (content, refs) VALUES ($1, $2)"
                                  " ON CONFLICT (content) DO UPDATE SET refs = excluded.refs");
        db_bind_int(q, 1, m->content);
        db_bind_int(q, 2, m->found);
        return db_run(q);
}

/* Found first and repaired after: a statement must not change what another is reading. */
static enum err check_counts(struct check_run *c)
{
        struct db_stmt *q = db_prepare(
                c->tx->db,
                "SELECT c.id, coalesce(k.refs, 0), coalesce(r.n, 0) FROM content c"
                " LEFT JOIN content_refs k ON k.content = c.id LEFT JOIN"
                " (SELECT content, count(*) AS n FROM (SELECT content FROM message UNION ALL"
                " SELECT content FROM expunged WHERE content IS NOT NULL UNION ALL"
                " SELECT content FROM queue_message) x GROUP BY content) r"
                " ON r.content = c.id"
                " WHERE coalesce(k.refs, 0) <> coalesce(r.n, 0) OR r.n IS NULL");
        AUTO(mem_freep) struct miscount *wrong = NULL;
        size_t n = 0, cap = 0;
        enum err err;

        while (db_step(q) == DB_ROW) {
                wrong = mem_grow(wrong, n, 1, &cap, sizeof *wrong);
                wrong[n++] = (struct miscount){ db_column_int(q, 0), db_column_int(q, 1),
                                                db_column_int(q, 2) };
        }
        err = db_finish(q);
        for (size_t i = 0; !err && i < n; i++)
                err = repair_refs(c, &wrong[i]);
        return err;
}

enum err check_references(struct check_run *c)
{
        struct db *db = c->tx->db;
        struct db_stmt *q;
        enum err err = check_counts(c);

        if (err)
                return err;
        q = db_prepare(db,
                       "SELECT mailbox, uid, content FROM message"
                       " WHERE content NOT IN (SELECT id FROM content)"
                       " UNION ALL SELECT mailbox, uid, content FROM expunged"
                       " WHERE content IS NOT NULL AND content NOT IN (SELECT id FROM content)");
        while (db_step(q) == DB_ROW)
                check_damaged(c, "message %lld of mailbox %lld has lost its content %lld",
                              (long long)db_column_int(q, 1), (long long)db_column_int(q, 0),
                              (long long)db_column_int(q, 2));
        err = db_finish(q);
        if (err)
                return err;
        q = db_prepare(db, "SELECT m.mailbox, m.uid, m.size FROM message m"
                           " JOIN content c ON c.id = m.content"
                           " LEFT JOIN content_trace t ON t.content = m.content AND t.n = m.trace"
                           " WHERE m.size <> c.size + coalesce(length(t.octets), 0)");
        while (db_step(q) == DB_ROW)
                check_damaged(c, "message %lld of mailbox %lld has not the size %lld it says",
                              (long long)db_column_int(q, 1), (long long)db_column_int(q, 0),
                              (long long)db_column_int(q, 2));
        return db_finish(q);
}

/* ---- octets ---- */

/* Worked out of the header: what is lost can be made anew. */
static enum err check_keys(struct check_run *c)
{
        struct db_stmt *q = db_prepare(c->tx->db, "SELECT count(*) FROM content WHERE id NOT IN"
                                                  " (SELECT content FROM content_key)");
        int64_t missing = 0, added;
        enum err err = query_int(q, &missing);

        if (err || !missing ||
            !check_repairs(c, "%lld contents have lost their keys", (long long)missing))
                return err;
        return content_key_add_missing(c->tx->db, &added);
}

static enum err check_rows_there(struct check_run *c)
{
        struct db *db = c->tx->db;
        enum err err = check_damaged_rows(
                c,
                db_prepare(db, "SELECT c.id FROM content c"
                               " LEFT JOIN content_header h ON h.content = c.id"
                               " WHERE h.content IS NULL OR length(h.octets) <> c.header_size"),
                "content", "has lost its header, or some of it");

        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db,
                                   "SELECT c.id FROM content c"
                                   " LEFT JOIN content_body b ON b.content = c.id"
                                   " WHERE b.content IS NULL OR (b.blob IS NULL AND"
                                   " coalesce(length(b.octets), -1) <> c.size - c.header_size)"),
                        "content", "has lost its body, or some of it");
        if (!err)
                err = check_damaged_rows(
                        c,
                        db_prepare(db, "SELECT content FROM content_header"
                                       " WHERE content NOT IN (SELECT id FROM content)"
                                       " UNION SELECT content FROM content_refs"
                                       " WHERE content NOT IN (SELECT id FROM content)"
                                       " UNION SELECT content FROM content_trace"
                                       " WHERE content NOT IN (SELECT id FROM content)"
                                       " UNION SELECT content FROM content_key"
                                       " WHERE content NOT IN (SELECT id FROM content)"
                                       " UNION SELECT content FROM content_body"
                                       " WHERE content NOT IN (SELECT id FROM content)"),
                        "content", "is not there, but has octets or references");
        return err;
}

static enum err check_blob_sizes(struct check_run *c)
{
        struct db_stmt *q = db_prepare(c->tx->db, "SELECT c.id, c.size, b.blob FROM content_body b"
                                                  " JOIN content c ON c.id = b.content"
                                                  " WHERE b.blob IS NOT NULL");
        enum err err = ERR_OK, finished;

        while (!err && db_step(q) == DB_ROW) {
                AUTO(mem_freep) char *name = query_text(q, 2);
                int64_t size = 0;

                err = blob_name_valid(slice_of(name)) ? blob_size(c->tx->store, name, &size)
                                                      : ERR_NOTFOUND;
                if (err == ERR_NOTFOUND)
                        check_damaged(c, "content %lld has lost its blob %s",
                                      (long long)db_column_int(q, 0), name);
                else if (!err && size != db_column_int(q, 1))
                        check_damaged(c, "blob %s of content %lld has %lld octets instead of %lld",
                                      name, (long long)db_column_int(q, 0), (long long)size,
                                      (long long)db_column_int(q, 1));
                if (err == ERR_NOTFOUND)
                        err = ERR_OK;
        }
        finished = db_finish(q);
        return err ? err : finished;
}

/* ---- hashes ---- */

enum { HASH_CHUNK = 256 * 1024 };

/* Hashes a blob, and looks whether it begins with `header`, which is kept in a row, too. */
static enum err hash_blob(struct check_run *c, const char *name, struct slice header,
                          struct sha256 *hash, bool *ret_same_header)
{
        AUTO_BUF(chunk, HASH_CHUNK);
        int64_t offset = 0;
        bool same = true;
        enum err err;

        do {
                size_t n;

                buf_clear(&chunk);
                err = blob_read(c->tx->store, name, offset, HASH_CHUNK, &chunk);
                sha256_add(hash, buf_slice(&chunk));
                n = chunk.len < header.len ? chunk.len : header.len;
                same = same && slice_eq(slice_head(header, n), slice_head(buf_slice(&chunk), n));
                header = slice_from(header, n);
                offset += (int64_t)chunk.len;
        } while (!err && chunk.len);
        *ret_same_header = same && header.len == 0;
        return err;
}

/* The row `q` is at: id, hash, header, body, blob. */
static enum err check_hash(struct check_run *c, struct db_stmt *q)
{
        struct slice kept = db_column_slice(q, 1), header = db_column_slice(q, 2);
        AUTO(mem_freep) char *blob = db_column_is_null(q, 4) ? NULL : query_text(q, 4);
        struct sha256 *hash = sha256_new();
        unsigned char found[SHA256_OCTETS];
        bool same_header = true;
        enum err err = ERR_OK;

        if (!blob) {
                sha256_add(hash, header);
                sha256_add(hash, db_column_slice(q, 3));
        } else {
                err = blob_name_valid(slice_of(blob))
                              ? hash_blob(c, blob, header, hash, &same_header)
                              : ERR_NOTFOUND;
        }
        sha256_end(hash, found);
        if (err == ERR_NOTFOUND)
                return ERR_OK; /* said already */
        if (!err && !slice_eq(kept, (struct slice){ (const char *)found, sizeof found }))
                check_damaged(c, "content %lld is not what was stored: its hash differs",
                              (long long)db_column_int(q, 0));
        else if (!err && !same_header)
                check_damaged(c, "the header of content %lld is not the one of its blob",
                              (long long)db_column_int(q, 0));
        return err;
}

static enum err check_hashes(struct check_run *c)
{
        struct db_stmt *q = db_prepare(
                c->tx->db, "SELECT c.id, c.hash, h.octets, b.octets, b.blob FROM content c"
                           " JOIN content_header h ON h.content = c.id"
                           " JOIN content_body b ON b.content = c.id ORDER BY c.id");
        enum err err = ERR_OK, finished;

        while (!err && db_step(q) == DB_ROW)
                err = check_hash(c, q);
        finished = db_finish(q);
        return err ? err : finished;
}

enum err check_contents(struct check_run *c)
{
        enum err err = check_rows_there(c);

        if (!err)
                err = check_keys(c);
        if (!err)
                err = check_blob_sizes(c);
        if (!err && c->options->hashes)
                err = check_hashes(c);
        return err;
}
