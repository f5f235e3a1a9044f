/* uid_set.c — filling the table of UIDs a set-based statement works on. */
#include "uid_set.h"

enum err uid_set_fill(struct store_txn *tx, const uint32_t *uids, size_t n)
{
        /* In the transaction each time: when one is rolled back, the table made in it goes, too. */
        enum err err = db_exec(
                tx->db, "CREATE TEMP TABLE IF NOT EXISTS uid_set (uid INTEGER PRIMARY KEY)", NULL);

        if (!err)
                err = db_run(db_prepare(tx->db, "DELETE FROM uid_set"));
        for (size_t i = 0; !err && i < n; i++) {
                struct db_stmt *q = db_prepare(
                        tx->db, "INSERT INTO uid_set (uid) VALUES ($1) ON CONFLICT DO NOTHING");

                db_bind_int(q, 1, uids[i]);
                err = db_run(q);
        }
        return err;
}
