/* db_sqlite.h — what the two halves of the SQLite driver share. */
#ifndef STORE_DB_SQLITE_H
#define STORE_DB_SQLITE_H

#include "mailserver/store/db.h"

#include <sqlite3.h>

enum { DB_MAX_PARAMETERS = 32 };

struct db_stmt {
        struct db *db;
        const char *sql; /* the literal's address is the key */
        sqlite3_stmt *handle;
        unsigned char place[DB_MAX_PARAMETERS + 1]; /* SQLite's index of $n; 0: not there */
        bool open;                                  /* prepared and not finished */
        enum err err;
};

/* Statements by the address of their SQL: open addressing, a power of two, never more than half full. */
struct db_stmt_table {
        struct db_stmt **slots; /* owned, and so are the statements */
        size_t n, size;
};

struct db {
        sqlite3 *handle;
        struct db_stmt_table stmts;
        size_t n_open; /* statements */
        int64_t page_octets;
        int wal_frames;
        bool sync_failed;
        struct error error; /* the last one */
        char *vfs;          /* owned; NULL: SQLite's default */
};

/* Remembers what SQLite says of its result code `rc`, and translates it. */
enum err db_failed(struct db *db, int rc);
/* Finalises every statement. */
void db_stmts_done(struct db *db);
/* No statement may be open where a transaction ends: it would keep the snapshot. */
void db_stmts_close(struct db *db);

#endif
