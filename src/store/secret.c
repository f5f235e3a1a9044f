/* secret.c — random octets that belong to this store and live as long as it. */
#include "mailserver/store/secret.h"

#include "txn.h"

#include <assert.h>
#include <sys/random.h>

enum { SECRET_MAX_OCTETS = 64 };

enum err store_secret(struct store_txn *tx, struct slice name, void *ret_octets, size_t octets)
{
        char fresh[SECRET_MAX_OCTETS];
        bool fits = false;
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
        if (err)
                return err;
        q = db_prepare(tx->db, "SELECT octets FROM secret WHERE name = $1");
        db_bind_text(q, 1, name);
        if (db_step(q) == DB_ROW) {
                struct slice kept = db_column_slice(q, 0);

                fits = kept.len == octets;
                if (fits)
                        memcpy(ret_octets, kept.ptr, octets);
        }
        err = db_finish(q);
        explicit_bzero(fresh, sizeof fresh);
        return err ? err : fits ? ERR_OK : ERR_CORRUPT;
}
