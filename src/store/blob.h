/*
 * blob.h — large messages, a file each: the only way to them.
 *
 * A blob's name is an id that is never used again, not a hash of its octets, and
 * its file is never written again once it has that name: blobs/xx/<name>, xx
 * being the third and fourth letter. The order that makes a row's blob always
 * be there: octets and sync, name, sync of the directory, and only then the row; the file
 * goes only after the commit that dropped the last row, and after the last
 * snapshot that still sees it. What a crash leaves in between is a file
 * without a row, and blob_sweep removes it.
 *
 * All block. Errors: ERR_FULL, ERR_IO; ERR_NOTFOUND, no such blob.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "engine.h"

#include "mailserver/core/buf.h"

/*
 * Gives `file`, of files->create_unnamed, a name; it and its octets are on disk
 * then. The file stays the caller's to close. The blob is on its way until
 * blob_release.
 */
MUST_CHECK enum err blob_publish(struct store *s, int file, char ret_name[TEXT_ID_SIZE],
                                 struct error *reterr);
/* Is it one of ours? A damaged row may hold anything, and a name becomes a path. */
bool blob_name_valid(struct slice name);
/* Appends octets [offset, offset + max) to *out, up to its ceiling; nothing at the end. */
MUST_CHECK enum err blob_read(struct store *s, const char *name, int64_t offset, size_t max,
                              struct buf *out);
MUST_CHECK enum err blob_size(struct store *s, const char *name, int64_t *ret_size);
/* Now, whoever reads it. */
void blob_remove(struct store *s, const char *name);
/*
 * Any thread, the loop's too, once for each published blob: its row is on disk
 * (`kept`), or there will be none, and the blob is removed soon.
 */
void blob_release(struct store *s, const char *name, bool kept);
/* Published and not released: it may have no row yet. */
bool blob_on_its_way(struct store *s, const char *name);

/* Calls fn with the name of every blob there is; stops when fn gives false. */
MUST_CHECK enum err blob_list(struct store *s, bool (*fn)(void *arg, const char *name), void *arg);
/*
 * Removes every blob no row refers to, and what unnamed files have left behind.
 * At the start: blobs on their way are not spared.
 */
MUST_CHECK enum err blob_sweep(struct store *s, struct db *db, struct error *reterr);

/* files->write_at until all is written. */
MUST_CHECK enum err blob_write(struct store *s, int file, struct slice octets, int64_t offset);
/* -errno of a file operation as an error; ERR_OK from 0 up. */
enum err blob_err(int64_t result);

/* ---- the dead: unlinked by the writer ---- */

struct blob_grave {
        struct {
                char name[TEXT_ID_SIZE];
                uint64_t epoch; /* of the commit that dropped it */
        } * blobs;              /* owned; oldest first */
        size_t n, cap;
};
/* The commit that has just succeeded dropped these. */
void blob_bury(struct store *s, struct blob_grave *g, char (*names)[TEXT_ID_SIZE], size_t n);
/* Unlinks those that no reader's snapshot sees any more. */
void blob_reap(struct store *s, struct blob_grave *g);
void blob_grave_done(struct blob_grave *g);

#endif
