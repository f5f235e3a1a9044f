/* secret.c — random octets that belong to this store and live as long as it. */
#include "mailserver/store/secret.h"

#include "txn.h"

#include <assert.h>
#include <sys/random.h>

enum { SECRET_MAX_OCTETS = 64 };

enum err store_secret_find(struct store_txn *tx, struct slice name, void *ret_octets, size_t octets)
{
        struct db_stmt *q = db_prepare(tx->db, "SELECT octets FROM secret WHERE name = $1");
        enum err err = ERR_NOTFOUND, finished;

        db_bind_text(q, 1, name);
        if (db_step(q) == DB_ROW) {
                struct slice kept = db_column_slice(q, 0);

                err = kept.len == octets ? ERR_OK : ERR_CORRUPT;
                if (!err)
                        memcpy(ret_octets, kept.ptr, octets);
        }
        finished = db_finish(q);
        return finished ? finished : err;
}

enum err store_secret(struct store_txn *tx, struct slice name, void *ret_octets, size_t octets)
{
        char fresh[SECRET_MAX_OCTETS];
        struct db_stmt *q;
        enum err err;

        assert(tx->write && octets <= sizeof fresh);
        if (getrandom(fresh, octets, 0) != (ssize_t)octets)
                return ERR_IO;
        q = db_prepare(tx->db, "INSERT INTO secret (name, octets) VALUES ($1, $2) "
                               "ON CONFLICT (name) DO NOTHING");
        db_bind_text(q, 1, name);
        db_bind_blob(q, 2, (struct slice){ fresh, octets });
        err = db_run(q);
        explicit_bzero(fresh, sizeof fresh);
        return err ? err : store_secret_find(tx, name, ret_octets, octets);
}
