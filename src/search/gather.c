/*
 * gather.c — reading messages that are not indexed yet.
 *
 * A message whose content the account has elsewhere (a copy, or one that was moved)
 * costs a position, and its text is not read again; where only its trace is new, only that is.
 */
#include "gather.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/mime/text_walk.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/message.h"

#include <stdatomic.h>

struct mailbox_walk {
        struct search_gather *g;
        const struct store_walk_mailbox *mailbox;
        uint32_t next; /* UIDs below it are done */
        bool stopped;
        enum err err;
};

void search_gather_done(struct search_gather *g)
{
        gram_set_done(&g->grams);
}

/* ---- one message ---- */

struct reading {
        struct mailbox_walk *walk;
        struct store_fetch_row const *row;
        struct buf text;
        struct gram_state state;
        int64_t octets;
        bool skipped;
        enum err err;
};

static void begin(void *arg, bool in_header)
{
        struct reading *r = arg;

        (void)in_header;
        r->state = (struct gram_state){
                {0, 0}
        };
}

static void more(void *arg)
{
        struct reading *r = arg;
        struct search_gather *g = r->walk->g;

        r->octets += (int64_t)r->text.len;
        if (r->octets > g->config->max_message_text)
                r->skipped = true;
        if (r->skipped)
                buf_clear(&r->text);
        else
                gram_read(&r->state, &r->text, &g->grams);
        if ((int64_t)g->grams.n > g->config->max_message_grams)
                r->skipped = true;
}

static bool enough(void *arg)
{
        const struct reading *r = arg;

        return r->skipped;
}

static enum err read_octets(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        struct reading *r = arg;

        if (atomic_load(&r->walk->g->task->cancelled))
                return ERR_CANCELLED;
        return store_message_read(r->walk->g->tx, r->walk->mailbox->id, r->row->uid,
                                  (int64_t)(offset + r->row->trace.len), max, out);
}

static void walk_text(struct reading *r, const struct mime_text_source *source)
{
        const struct mime_text_sink sink = { &r->text, begin, more, enough, r, false };
        enum err err = mime_text_walk(source, &sink);

        /* What does not add up is for the search to look at, each time. */
        if (err == ERR_CORRUPT || err == ERR_NOTFOUND || err == ERR_LIMIT)
                r->skipped = true;
        else if (err)
                r->err = err;
}

static bool read_row(void *arg, const struct store_fetch_row *row)
{
        struct reading *r = arg;
        const struct mime_text_source source = {
                .header = row->header,
                .body = row->octets,
                .parts = row->parts,
                .size = (uint64_t)row->size - row->trace.len,
                .read = read_octets,
                .arg = r,
                .trace = row->trace,
        };

        r->row = row;
        walk_text(r, &source);
        return false;
}

static void read_message(struct reading *r, uint32_t uid)
{
        AUTO(uid_set_done) struct uid_set one = { 0 };
        enum err err;

        uid_set_add(&one, uid);
        err = store_fetch(r->walk->g->tx, r->walk->mailbox->id, &one, uid,
                          STORE_FETCH_HEADER | STORE_FETCH_PARTS | STORE_FETCH_BODY, read_row, r);
        if (err == ERR_CORRUPT)
                r->skipped = true;
        else if (err)
                r->err = err;
}

/* FNV-1a. */
static int64_t checksum_of(struct slice octets)
{
        uint64_t sum = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < octets.len; i++)
                sum = (sum ^ (unsigned char)octets.ptr[i]) * UINT64_C(0x100000001b3);
        return (int64_t)sum;
}

static enum err add_document(struct mailbox_walk *w, const struct store_walk_message *m,
                             const struct search_document *document, bool trace_only,
                             int64_t *ret_id)
{
        struct search_gather *g = w->g;
        struct reading r = { .walk = w, .text = BUF_INIT(BUF_MAX) };

        if (trace_only)
                walk_text(&r, &(struct mime_text_source){ .trace = m->trace });
        else
                read_message(&r, m->uid);
        buf_done(&r.text);
        g->text += r.octets;
        if (r.skipped)
                gram_set_clear(&g->grams);
        if (!r.err)
                *ret_id = search_batch_add(g->batch, document, r.skipped, g->grams.slots,
                                           g->grams.size);
        gram_set_clear(&g->grams);
        return r.err;
}

static enum err add_message(struct mailbox_walk *w, const struct store_walk_message *m)
{
        struct search_gather *g = w->g;
        const struct search_document document = {
                .account = w->mailbox->account,
                .content = m->content,
                .checksum = m->checksum,
                .trace = checksum_of(m->trace),
        };
        struct search_position position = { 0, w->mailbox->id, m->uid };
        struct search_document known = { 0 };
        enum err err = search_index_document(g->index, document.account, document.content, &known,
                                             &position.document);

        if (err && err != ERR_NOTFOUND)
                return err;
        if (err || known.checksum != document.checksum)
                err = add_document(w, m, &document, false, &position.document);
        else if (known.trace != document.trace)
                err = add_document(w, m, &document, true, &position.document);
        if (!err)
                search_batch_add_position(g->batch, &position);
        return err;
}

/* ---- one mailbox ---- */

static bool full(const struct search_gather *g)
{
        return g->messages >= g->config->batch_messages || g->text >= g->config->batch_text ||
               clock_monotonic_us() >= g->until_us || atomic_load(&g->task->cancelled);
}

static bool see_message(void *arg, const struct store_walk_message *m)
{
        struct mailbox_walk *w = arg;

        w->err = add_message(w, m);
        if (!w->err) {
                w->next = m->uid < UINT32_MAX ? m->uid + 1 : m->uid;
                w->g->messages++;
        }
        w->stopped = w->err || full(w->g);
        return !w->stopped;
}

enum err search_gather_mailbox(struct search_gather *g, const struct store_walk_mailbox *mailbox,
                               bool *ret_over)
{
        struct search_place place = { 0 };
        struct mailbox_walk w = { .g = g, .mailbox = mailbox, .next = 1 };
        enum err err = search_index_place(g->index, mailbox->id, &place);

        *ret_over = true;
        if (err && err != ERR_NOTFOUND)
                return err;
        if (!err && place.uidvalidity == mailbox->uidvalidity)
                w.next = place.next;
        if (!err && w.next >= mailbox->uidnext)
                return ERR_OK;
        err = store_walk_messages(g->tx, mailbox->id, w.next, see_message, &w);
        if (!err)
                err = w.err;
        *ret_over = !w.stopped;
        place = (struct search_place){ mailbox->id, mailbox->uidvalidity,
                                       w.stopped ? w.next : mailbox->uidnext };
        if (!err)
                search_batch_add_place(g->batch, &place);
        return err;
}
