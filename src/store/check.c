/*
 * check.c — does the store add up?
 *
 * The database file first, for a damaged index makes every other answer
 * doubtful; then from the outside in: mailboxes and accounts against their
 * messages, contents against what refers to them, octets against sizes and
 * hashes, files against rows.
 */
#include "mailserver/store/check.h"

#include "check_run.h"
#include "query.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- reporting ---- */

__attribute__((format(printf, 3, 0))) static void
report(struct check_run *c, enum store_check_severity severity, const char *fmt, va_list args)
{
        char text[512];

        vsnprintf(text, sizeof text, fmt, args);
        if (c->report)
                c->report(c->arg, severity, text);
}

void check_info(struct check_run *c, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        report(c, STORE_CHECK_INFO, fmt, args);
        va_end(args);
}

void check_damaged(struct check_run *c, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        report(c, STORE_CHECK_DAMAGED, fmt, args);
        va_end(args);
        c->result.damaged++;
}

bool check_repairs(struct check_run *c, const char *fmt, ...)
{
        bool repair = c->options->repair;
        va_list args;

        va_start(args, fmt);
        report(c, repair ? STORE_CHECK_REPAIRED : STORE_CHECK_DAMAGED, fmt, args);
        va_end(args);
        if (repair)
                c->result.repaired++;
        else
                c->result.damaged++;
        return repair;
}

enum err check_damaged_rows(struct check_run *c, struct db_stmt *q, const char *thing,
                            const char *fault)
{
        while (db_step(q) == DB_ROW)
                check_damaged(c, "%s %lld %s", thing, (long long)db_column_int(q, 0), fault);
        return db_finish(q);
}

/* ---- the walk ---- */

static void file_fault(void *arg, struct slice text)
{
        check_damaged(arg, "database: " SLICE_FMT, SLICE_ARG(slice_head(text, 400)));
}

static enum err check_file(struct check_run *c)
{
        return db_integrity(c->tx->db, file_fault, c);
}

static enum err count(struct check_run *c)
{
        struct db *db = c->tx->db;
        struct store_check_result *r = &c->result;
        enum err err = query_int(db_prepare(db, "SELECT count(*) FROM account"), &r->accounts);

        if (!err)
                err = query_int(db_prepare(db, "SELECT count(*) FROM mailbox"), &r->mailboxes);
        if (!err)
                err = query_int(db_prepare(db, "SELECT count(*) FROM message"), &r->messages);
        if (!err)
                err = query_int(db_prepare(db, "SELECT count(*) FROM content"), &r->contents);
        return err;
}

enum err store_check(struct store_txn *tx, const struct store_check_options *options,
                     store_check_fn *report_fn, void *arg, struct store_check_result *ret_result)
{
        static enum err (*const parts[])(struct check_run * c) = {
                check_file,       check_mailboxes, check_accounts, check_keywords, check_queue,
                check_references, check_contents,  check_orphans,  count,
        };
        struct check_run c = { .tx = tx, .options = options, .report = report_fn, .arg = arg };
        enum err err = ERR_OK;

        assert(tx->write || !options->repair);
        for (size_t i = 0; !err && i < sizeof parts / sizeof *parts; i++)
                err = parts[i](&c);
        if (!err)
                *ret_result = c.result;
        return err;
}
