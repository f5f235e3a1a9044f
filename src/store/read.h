/* read.h — octets before a content, and the content, as one. */
#ifndef STORE_READ_H
#define STORE_READ_H

#include "mailserver/core/buf.h"
#include "mailserver/store/db.h"
#include "mailserver/store/store.h"

/* Octets of a message that is read by one statement. Of a larger one only the parts that are wanted. */
#define READ_AT_ONCE "65536"
/* The SELECT of what read_by wants; `m` is the table's row, `before` the octets before its content. */
#define READ_COLUMNS(before, table)                                                                \
        "SELECT " before ", m.content, c.header_size, c.size, b.content, b.blob,"                  \
        " CASE WHEN c.size <= " READ_AT_ONCE " THEN h.octets END,"                                 \
        " CASE WHEN c.size <= " READ_AT_ONCE " THEN b.octets END FROM " table " m"                 \
        " LEFT JOIN content c ON c.id = m.content"                                                 \
        " LEFT JOIN content_header h ON h.content = m.content"                                     \
        " LEFT JOIN content_body b ON b.content = m.content"

/*
 * Octets [offset, offset + max) of what the row of `q` (bound, of READ_COLUMNS) stands for,
 * appended to *out. ERR_NOTFOUND: no row; ERR_CORRUPT: its content is gone.
 */
MUST_CHECK enum err read_by(struct store_txn *tx, struct db_stmt *q, int64_t offset, size_t max,
                            struct buf *out);

#endif
