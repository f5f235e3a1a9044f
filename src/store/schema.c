/* schema.c — the tables as text, and the way from one version to the next. */
#include "schema.h"

#include "upgrade_5.h"

#include <stdio.h>

/* schema.sql, made into numbers by the build: a literal of its length is not portable. */
static const char current_sql[] = {
#include "schema_sql.inc"
};

static const char upgrade_4_sql[] = {
#include "upgrade_4_sql.inc"
};

static const char upgrade_5_sql[] = {
#include "upgrade_5_sql.inc"
};

static const char upgrade_2_sql[] = "CREATE TABLE ban ("
                                    " network TEXT NOT NULL,"
                                    " name TEXT NOT NULL,"
                                    " reason TEXT NOT NULL,"
                                    " manual INTEGER NOT NULL,"
                                    " failures INTEGER NOT NULL,"
                                    " times INTEGER NOT NULL,"
                                    " since_us INTEGER NOT NULL,"
                                    " until_us INTEGER NOT NULL,"
                                    " forget_us INTEGER NOT NULL,"
                                    " PRIMARY KEY (network, name)"
                                    ") WITHOUT ROWID;"
                                    "CREATE INDEX ban_by_end ON ban(forget_us);";

static const char upgrade_3_sql[] =
        "CREATE TABLE content_refs (content INTEGER PRIMARY KEY, refs INTEGER NOT NULL);"
        "INSERT INTO content_refs (content, refs) SELECT id, refs FROM content;"
        "ALTER TABLE content DROP COLUMN refs;";

#define UPGRADE(version, text, function)                                                           \
        {                                                                                          \
                .to = version, .sql = text, .run = function                                        \
        }
static const struct schema_upgrade upgrades[] = {
        UPGRADE(2, upgrade_2_sql, NULL),
        UPGRADE(3, upgrade_3_sql, NULL),
        UPGRADE(4, upgrade_4_sql, NULL),
        UPGRADE(5, upgrade_5_sql, upgrade_5_run),
};

const struct schema schema_current = {
        .version = 5,
        .sql = current_sql,
        .upgrades = upgrades,
        .n_upgrades = sizeof upgrades / sizeof *upgrades,
};

static enum err run_upgrades(struct db *db, const struct schema *schema, int64_t from,
                             struct error *reterr)
{
        int64_t version = from;

        for (size_t i = 0; i < schema->n_upgrades; i++) {
                const struct schema_upgrade *u = &schema->upgrades[i];
                enum err err;

                if (u->to <= version || u->to > schema->version)
                        continue;
                if (u->to != version + 1)
                        break;
                err = db_exec(db, u->sql, reterr);
                if (!err && u->run)
                        err = u->run(db);
                if (err)
                        return err;
                version = u->to;
        }
        if (version != schema->version)
                return fail(reterr, ERR_DENIED, "a store of version %lld cannot be upgraded to %d",
                            (long long)from, (int)schema->version);
        return ERR_OK;
}

/* From version `from` (0: nothing) to the present one, all or nothing. */
static enum err change(struct db *db, const struct schema *schema, int64_t from,
                       struct error *reterr)
{
        enum err err = db_begin(db, DB_TXN_WRITE);

        if (!err)
                err = from ? run_upgrades(db, schema, from, reterr)
                           : db_exec(db, schema->sql, reterr);
        if (!err)
                err = db_set_identity(db, SCHEMA_APPLICATION, schema->version);
        if (!err)
                err = db_commit(db);
        if (!err)
                return ERR_OK;
        db_rollback(db);
        if (reterr && reterr->code != err)
                fail(reterr, err, "%s", db_error_text(db));
        return err;
}

static enum err upgrade(struct db *db, const char *path, const struct schema *schema, int64_t from,
                        struct error *reterr)
{
        char copy[4096];
        enum err err;

        snprintf(copy, sizeof copy, "%s.before-%d", path, (int)schema->version);
        err = db_copy_to(db, copy, reterr);
        return err ? err : change(db, schema, from, reterr);
}

enum err schema_prepare(struct db *db, const char *path, bool create, const struct schema *schema,
                        struct error *reterr)
{
        struct db_identity is = { 0 };
        enum err err = db_get_identity(db, &is);

        if (err)
                return fail(reterr, err, "%s: %s", path, db_error_text(db));
        if (is.empty && !is.version && !create)
                return fail(reterr, ERR_NOTFOUND, "%s: no store here", path);
        if (is.empty && !is.version)
                return change(db, schema, 0, reterr);
        if (is.application != SCHEMA_APPLICATION)
                return fail(reterr, ERR_CORRUPT, "%s: not a mail store", path);
        if (is.version > schema->version)
                return fail(reterr, ERR_DENIED,
                            "%s: made by a newer mailserver (version %lld of the store; this one "
                            "knows %d)",
                            path, (long long)is.version, (int)schema->version);
        if (is.version < schema->version)
                return upgrade(db, path, schema, is.version, reterr);
        return ERR_OK;
}
