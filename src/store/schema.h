/*
 * schema.h — making the tables, and bringing an older store up to date.
 *
 * The file says what it is: SQLite's application_id names the program,
 * user_version the version of its tables. src/store/schema.sql is always the
 * present form; a step of `upgrades` leads from the version before to `to`.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "mailserver/store/db.h"

#include <stddef.h>

enum { SCHEMA_APPLICATION = 0x4d61696c }; /* "Mail" */

struct schema_upgrade {
        int32_t to;
        const char *sql;
        enum err (*run)(struct db *db); /* after it, for what SQL cannot work out; or NULL */
};
struct schema {
        int32_t version;
        const char *sql; /* makes all of it */
        const struct schema_upgrade *upgrades;
        size_t n_upgrades;
};
extern const struct schema schema_current;

/*
 * After this the database at `path`, open for writing, has the tables of
 * `schema`: they are made if it is empty and `create`, or upgraded in one
 * transaction after a copy was taken as "<path>.before-<version>".
 * ERR_NOTFOUND: empty; ERR_DENIED: a newer store; ERR_CORRUPT: something else's
 * file; ERR_FULL, ERR_IO.
 */
MUST_CHECK enum err schema_prepare(struct db *db, const char *path, bool create,
                                   const struct schema *schema, struct error *reterr);

#endif
