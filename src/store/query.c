/* query.c — statements of one row, and lists of keys. */
#include "query.h"

#include "mailserver/core/mem.h"

enum err query_int(struct db_stmt *q, int64_t *ret_value)
{
        int64_t value = 0;
        bool found = false;
        enum err err;

        while (db_step(q) == DB_ROW) {
                if (!found)
                        value = db_column_int(q, 0);
                found = true;
        }
        err = db_finish(q);
        if (err)
                return err;
        if (!found)
                return ERR_NOTFOUND;
        *ret_value = value;
        return ERR_OK;
}

enum err query_exists(struct db_stmt *q, bool *ret_exists)
{
        bool found = db_step(q) == DB_ROW;
        enum err err = db_finish(q);

        if (!err)
                *ret_exists = found;
        return err;
}

enum err query_change(struct db *db, struct db_stmt *q)
{
        enum err err = db_run(q);

        if (err)
                return err;
        return db_changes(db) ? ERR_OK : ERR_NOTFOUND;
}

enum err query_uid_set(struct db_stmt *q, struct uid_set *out)
{
        struct uid_range *runs = NULL;
        size_t n = 0, cap = 0;

        while (db_step(q) == DB_ROW) {
                uint32_t uid = (uint32_t)db_column_int(q, 0);

                if (n && runs[n - 1].last + 1 == uid) {
                        runs[n - 1].last = uid;
                        continue;
                }
                runs = mem_grow(runs, n, 1, &cap, sizeof *runs);
                runs[n++] = (struct uid_range){ uid, uid };
        }
        uid_set_add_ranges(out, runs, n);
        mem_free(runs);
        return db_finish(q);
}

void id_list_add(struct id_list *l, int64_t id)
{
        l->items = mem_grow(l->items, l->n, 1, &l->cap, sizeof *l->items);
        l->items[l->n++] = id;
}

void id_list_done(struct id_list *l)
{
        mem_free(l->items);
        *l = (struct id_list){ 0 };
}

enum err query_ids(struct db_stmt *q, struct id_list *out)
{
        while (db_step(q) == DB_ROW)
                id_list_add(out, db_column_int(q, 0));
        return db_finish(q);
}

char *query_text(struct db_stmt *q, int column)
{
        return mem_strdup(db_column_slice(q, column));
}
