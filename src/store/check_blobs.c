/* check_blobs.c — files of messages that no row refers to. */
#include "blob.h"
#include "check_run.h"
#include "query.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

/*
 * A blob has its name before its row is there: the store knows those on their way. A check that only
 * reads sees an old snapshot, and takes the young for such, too.
 */
static const int64_t young_us = INT64_C(3600) * 1000000;

struct orphans {
        struct check_run *run;
        char (*names)[TEXT_ID_SIZE];
        size_t n, cap;
        int64_t now_us;
        enum err err;
};

/* Since the name was made: ids begin with the low 50 bits of the time in base32 (text_random_id). */
static int64_t age_of(const char *name, int64_t now_us)
{
        enum { TIME_DIGITS = 10, DIGIT_BITS = 5 };
        int64_t us = 0;

        for (int i = 0; i < TIME_DIGITS; i++)
                us = us << DIGIT_BITS | (name[i] >= 'a' ? name[i] - 'a' : name[i] - '2' + 26);
        return (now_us - us) & ((INT64_C(1) << TIME_DIGITS * DIGIT_BITS) - 1);
}

static bool look_at(void *arg, const char *name)
{
        struct orphans *o = arg;
        struct db_stmt *q =
                db_prepare(o->run->tx->db, "SELECT 1 FROM content_body WHERE blob = $1");
        bool needed = false;

        db_bind_text(q, 1, slice_of(name));
        o->err = query_exists(q, &needed);
        if (o->err)
                return false;
        o->run->result.blobs++;
        if (needed || blob_on_its_way(o->run->tx->store, name) ||
            age_of(name, o->now_us) < young_us)
                return true;
        o->names = mem_grow(o->names, o->n, 1, &o->cap, sizeof *o->names);
        memcpy(o->names[o->n++], name, TEXT_ID_SIZE);
        return true;
}

enum err check_orphans(struct check_run *c)
{
        struct orphans o = { .run = c, .now_us = clock_now_us() };
        enum err err = blob_list(c->tx->store, look_at, &o);

        if (!err)
                err = o.err;
        /* Removed after the listing: a directory that changes under its reader may skip names. */
        for (size_t i = 0; !err && i < o.n; i++)
                if (check_repairs(c, "blob %s belongs to no message", o.names[i]))
                        blob_remove(c->tx->store, o.names[i]);
        mem_free(o.names);
        return err;
}
