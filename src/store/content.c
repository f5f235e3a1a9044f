/*
 * content.c — from octets to a content: drafts, and their rows.
 *
 * A draft holds all that blocks or computes (the parse, the checksum, the file
 * on disk), so that the writer's part is some inserts. Its spool stays with it: the
 * header and a small body go from there into the rows.
 */
#include "blob.h"
#include "content_key.h"
#include "query.h"
#include "sha256.h"
#include "spool_file.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/mime/summary.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

/* content.properties: docs/store-format.md */
enum property {
        PROPERTY_8BIT = 1u << 0,
        PROPERTY_8BIT_HEADER = 1u << 1,
        PROPERTY_ATTACHMENT = 1u << 2,
};

struct store_draft {
        struct store *store;  /* borrowed */
        struct spool *spool;  /* owned; NULL: `text` */
        char *text;           /* owned; NULL: the spool */
        struct slice message; /* of either */
        struct mime_summary summary;
        unsigned char hash[SHA256_OCTETS];
        char blob[TEXT_ID_SIZE]; /* "": small enough for a row */
        bool committed;          /* a row that refers to the blob is on disk */
};

/* ---- making ---- */

static enum err make_blob(struct store_draft *d, struct error *reterr)
{
        int file;
        enum err err = spool_file(d->spool, &file, reterr);

        return err ? err : blob_publish(d->store, file, d->blob, reterr);
}

static void look_at(struct store_draft *d)
{
        struct sha256 *hash = sha256_new();

        mime_summarise(d->message, &mime_limits_default, &d->summary);
        sha256_add(hash, d->message);
        sha256_end(hash, d->hash);
}

static enum err prepare(struct store_draft *d, struct error *reterr)
{
        enum err err = spool_map(d->spool, &d->message);

        if (err)
                return fail(reterr, err, "spool: %s", err_name(err));
        look_at(d);
        if ((int64_t)d->message.len > d->store->config.blob_threshold)
                err = make_blob(d, reterr);
        /* One APPEND may hold many drafts. */
        spool_close_file(d->spool);
        return err;
}

enum err store_draft_new(struct store *s, struct spool *spool, struct store_draft **ret_draft,
                         struct error *reterr)
{
        struct store_draft *d = NEW(struct store_draft);
        enum err err;

        ASSERT_MAY_BLOCK();
        d->store = s;
        d->spool = spool;
        mime_summary_init(&d->summary);
        err = prepare(d, reterr);
        if (err)
                store_draft_free(d);
        else
                *ret_draft = d;
        return err;
}

struct store_draft *store_draft_of(struct store *s, struct slice message)
{
        struct store_draft *d = NEW(struct store_draft);

        d->store = s;
        d->text = mem_strdup(message);
        d->message = (struct slice){ d->text, message.len };
        mime_summary_init(&d->summary);
        look_at(d);
        return d;
}

void store_draft_free(struct store_draft *d)
{
        if (!d)
                return;
        if (d->blob[0])
                blob_release(d->store, d->blob, d->committed);
        mime_summary_done(&d->summary);
        spool_free(d->spool);
        mem_free(d->text);
        mem_free(d);
}

int64_t store_draft_size(const struct store_draft *d)
{
        return (int64_t)d->message.len;
}

/* ---- adding ---- */

static int64_t properties_of(const struct mime_summary *s)
{
        return (s->has_8bit ? PROPERTY_8BIT : 0u) |
               (s->has_8bit_header ? PROPERTY_8BIT_HEADER : 0u) |
               (s->has_attachment ? PROPERTY_ATTACHMENT : 0u);
}

static enum err insert_content(struct store_txn *tx, const struct store_draft *d, int64_t *ret_id)
{
        const struct mime_summary *s = &d->summary;
        struct db_stmt *q =
                db_prepare(tx->db, "INSERT INTO content (size, header_size, hash, properties,"
                                   " envelope, bodystructure, body, preview)"
                                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                                   " RETURNING id");

        db_bind_int(q, 1, (int64_t)d->message.len);
        db_bind_int(q, 2, (int64_t)s->header_length);
        db_bind_blob(q, 3, (struct slice){ (const char *)d->hash, sizeof d->hash });
        db_bind_int(q, 4, properties_of(s));
        db_bind_text(q, 5, buf_slice(&s->envelope));
        db_bind_text(q, 6, buf_slice(&s->bodystructure));
        db_bind_text(q, 7, buf_slice(&s->body));
        db_bind_text(q, 8, buf_slice(&s->preview));
        return query_int(q, ret_id);
}

static enum err insert_refs(struct store_txn *tx, int64_t content)
{
        struct db_stmt *q =
                db_prepare(tx->db, "INSERT INTO content_refs (content, refs) VALUES ($1, 0)");

        db_bind_int(q, 1, content);
        return db_run(q);
}

static enum err insert_header(struct store_txn *tx, int64_t content, const struct store_draft *d)
{
        struct db_stmt *q =
                db_prepare(tx->db, "INSERT INTO content_header (content, octets) VALUES ($1, $2)");

        db_bind_int(q, 1, content);
        db_bind_blob(q, 2, slice_head(d->message, d->summary.header_length));
        return db_run(q);
}

static enum err insert_body(struct store_txn *tx, int64_t content, const struct store_draft *d)
{
        struct db_stmt *q = db_prepare(
                tx->db,
                "INSERT INTO content_body (content, parts, blob, octets) VALUES ($1, $2, $3, $4)");

        db_bind_int(q, 1, content);
        db_bind_blob(q, 2, buf_slice(&d->summary.parts));
        if (d->blob[0]) {
                db_bind_text(q, 3, slice_of(d->blob));
                db_bind_null(q, 4);
        } else {
                db_bind_null(q, 3);
                db_bind_blob(q, 4, slice_from(d->message, d->summary.header_length));
        }
        return db_run(q);
}

enum err store_content_add(struct store_txn *tx, struct store_draft *draft, int64_t *ret_content)
{
        const struct slice hash = { (const char *)draft->hash, sizeof draft->hash };
        int64_t content = 0;
        enum err err = insert_content(tx, draft, &content);

        if (!err)
                err = content_key_add(tx->db, content, &draft->summary.keys, hash);
        if (!err)
                err = insert_refs(tx, content);
        if (!err)
                err = insert_header(tx, content, draft);
        if (!err)
                err = insert_body(tx, content, draft);
        if (err)
                return err;
        if (draft->blob[0])
                txn_set_on_commit(tx, &draft->committed);
        *ret_content = content;
        return ERR_OK;
}
