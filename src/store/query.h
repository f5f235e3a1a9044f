/*
 * query.h — the shapes most statements have: one row, or none.
 *
 * Each takes a statement that is bound, steps it to its end (RETURNING too) and
 * finishes it.
 */
#ifndef MAILSERVER_STORE_QUERY_H
#define MAILSERVER_STORE_QUERY_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/db.h"

/* The first column of the first row. ERR_NOTFOUND: no row; *ret_value is untouched. */
MUST_CHECK enum err query_int(struct db_stmt *q, int64_t *ret_value);
/* Is there a row? */
MUST_CHECK enum err query_exists(struct db_stmt *q, bool *ret_exists);
/* ERR_NOTFOUND when it changed nothing. */
MUST_CHECK enum err query_change(struct db *db, struct db_stmt *q);

/* UIDs, the first column, in any order; cheapest in runs. Added to *out. */
MUST_CHECK enum err query_uid_set(struct db_stmt *q, struct uid_set *out);

/* A growing list of keys: what one statement reads and the next ones change. */
struct id_list {
        int64_t *items;
        size_t n, cap;
};
void id_list_add(struct id_list *l, int64_t id);
void id_list_done(struct id_list *l);
/* Appends the first column of every row. */
MUST_CHECK enum err query_ids(struct db_stmt *q, struct id_list *out);

/* An owned copy of a text column. */
char *query_text(struct db_stmt *q, int column);

#endif
