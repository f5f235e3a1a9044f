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

void id_list_add(struct id_list *l, int64_t id)
{
        if (l->n == l->cap) {
                l->cap = l->cap ? l->cap * 2 : 64;
                l->items = mem_realloc(l->items, l->cap * sizeof *l->items);
        }
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
