/*
 * content_key.c — what SEARCH, SORT and THREAD compare: rows of content_key.
 *
 * The thread a message belongs to (RFC 8474 5.2) is known from the message alone:
 * it is named by a hash of the first message id of its References, which is the id
 * of the message that began the thread; that message has none and counts by its own.
 * So the name costs no row, and is the same in every mailbox.
 */
#include "content_key.h"

#include "sha256.h"

#include "mailserver/mime/keys.h"

/* ---- threads ---- */

static int64_t number_of(const unsigned char hash[SHA256_OCTETS])
{
        uint64_t n = 0;

        for (int i = 0; i < 8; i++)
                n = n << 8 | hash[i];
        return (int64_t)(n >> 1);
}

static int64_t thread_of(const struct mime_keys *keys, struct slice content_hash)
{
        struct slice root = buf_slice(&keys->references), id;
        unsigned char hash[SHA256_OCTETS];
        struct sha256 *h;

        if (slice_cut(&root, ' ', &id))
                root = id;
        if (!root.len)
                root = buf_slice(&keys->message_id);
        h = sha256_new();
        sha256_add(h, root.len ? root : content_hash);
        sha256_end(h, hash);
        return number_of(hash);
}

/* ---- rows ---- */

static void bind_time(struct db_stmt *q, int n, int64_t value)
{
        if (value == INT64_MIN)
                db_bind_null(q, n);
        else
                db_bind_int(q, n, value);
}

enum err content_key_add(struct db *db, int64_t content, const struct mime_keys *keys,
                         struct slice hash)
{
        struct db_stmt *q = db_prepare(
                db, "INSERT INTO content_key (content, sent_us, sent_day, reply, thread_id,"
                    " base_subject, sort_from, sort_to, sort_cc, display_from, display_to,"
                    " message_id, reference_ids)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");

        db_bind_int(q, 1, content);
        bind_time(q, 2, keys->sent_us);
        bind_time(q, 3, keys->sent_day);
        db_bind_int(q, 4, keys->subject_is_reply);
        db_bind_int(q, 5, thread_of(keys, hash));
        db_bind_text(q, 6, buf_slice(&keys->base_subject));
        db_bind_text(q, 7, buf_slice(&keys->from));
        db_bind_text(q, 8, buf_slice(&keys->to));
        db_bind_text(q, 9, buf_slice(&keys->cc));
        db_bind_text(q, 10, buf_slice(&keys->display_from));
        db_bind_text(q, 11, buf_slice(&keys->display_to));
        db_bind_text(q, 12, buf_slice(&keys->message_id));
        db_bind_text(q, 13, buf_slice(&keys->references));
        return db_run(q);
}

enum err content_key_add_missing(struct db *db, int64_t *ret_added)
{
        struct db_stmt *q = db_prepare(db, "SELECT c.id, c.hash, h.octets FROM content c"
                                           " LEFT JOIN content_header h ON h.content = c.id"
                                           " WHERE NOT EXISTS (SELECT 1 FROM content_key k"
                                           " WHERE k.content = c.id) ORDER BY c.id");
        enum err err = ERR_OK, finished;
        int64_t n = 0;

        for (; !err && db_step(q) == DB_ROW; n++) {
                struct mime_keys keys;

                mime_keys_init(&keys);
                mime_keys_of(db_column_slice(q, 2), &keys);
                err = content_key_add(db, db_column_int(q, 0), &keys, db_column_slice(q, 1));
                mime_keys_done(&keys);
        }
        finished = db_finish(q);
        if (!err)
                err = finished;
        if (!err)
                *ret_added = n;
        return err;
}
