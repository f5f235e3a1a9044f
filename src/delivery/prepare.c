/* prepare.c — looks at a message, mends a submission, and makes it ready to be stored. */
#include "bulk.h"
#include "message.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"
#include "mailserver/store/message.h"
#include "mailserver/store/queue.h"
#include "mailserver/store/spool.h"

/* A header of a megabyte is not signed; there is no real one. */
enum { MAX_KEPT = 1 << 20 };

static enum err refuse(struct delivery_message *m, enum err err, int code, const char *enhanced,
                       const char *text)
{
        m->refusal = (struct smtp_reply){ code, enhanced, text };
        return err;
}

/* RFC 5321 6.3: at least 100 of them are no loop. Our own does not count. */
static enum err check_loop(struct delivery_message *m, struct slice header)
{
        enum err err = trace_scan(header, &m->trace);

        if (err || m->trace.received - 1 > m->rules->max_received)
                return refuse(m, ERR_LIMIT, 554, "5.4.6", "The message runs in circles");
        return ERR_OK;
}

static bool sends(const struct delivery_message *m)
{
        return m->rules->outbound.lifetime_ms;
}

bool delivery_is_told_of(const struct smtp_delivery *d)
{
        for (const struct smtp_recipient *r = d->recipients; r; r = r->next)
                if (r->notify & STORE_NOTIFY_SUCCESS)
                        return true;
        return false;
}

/* The whole of it, or its beginning: false. */
static bool keep_header(struct delivery_message *m, struct slice header)
{
        buf_clear(&m->header);
        m->header.max = MAX_KEPT;
        buf_add(&m->header, slice_head(header, MAX_KEPT));
        return header.len <= MAX_KEPT;
}

/* What the queue must know of it. */
static void look_at(struct delivery_message *m, struct slice whole, struct slice header)
{
        m->eight_bit = text_has_8bit(whole);
        m->eight_bit_header = m->eight_bit && text_has_8bit(header);
        m->bulk = (int64_t)m->d->n_recipients > m->rules->bulk_recipients || bulk_says_so(header);
}

/* What is signed of a submission: all but the fields that are added in front. */
static void prepare_signature(struct delivery_message *m, const struct submission *s,
                              struct slice header, struct slice body)
{
        if (!keep_header(m, header)) {
                log_warn("c=%s delivery id=%s unsigned: its header of %zu octets is larger than "
                         "what "
                         "is signed",
                         m->d->connection_id, m->d->id, header.len);
                return;
        }
        m->author = mem_strdup(slice_of(m->authors.items[s->from]));
        dkim_body_hash(body, m->body_hash);
}

/* RFC 6409 6 and 8. */
static enum err mend_submission(struct delivery_message *m, struct slice header, struct slice body)
{
        AUTO(submission_done)
        struct submission s = {
                .id = m->d->id,
                .hostname = m->sink->hostname,
                .now_us = m->d->received_us,
                .received_length = m->d->received_length,
        };
        enum err err = ERR_OK;

        if (!submission_prepare(&s, header, &m->refusal))
                return ERR_DENIED;
        m->authors = s.authors;
        s.authors = (struct names){ 0 };
        if (sends(m))
                prepare_signature(m, &s, s.changed ? buf_slice(&s.header) : header, body);
        if (s.changed)
                err = spool_replace_head(m->d->spool, header.len, buf_slice(&s.header));
        return err;
}

static enum err prepare(struct delivery_message *m, struct error *reterr)
{
        struct slice whole, header;
        enum err err = spool_map(m->d->spool, &whole);

        if (err)
                return err;
        header = slice_head(whole, mime_header_length(whole));
        err = check_loop(m, header);
        if (!err && sends(m))
                look_at(m, whole, header);
        if (!err && delivery_is_told_of(m->d))
                keep_header(m, header);
        if (!err && m->d->account)
                err = mend_submission(m, header, slice_from(whole, header.len));
        if (err)
                return err;
        err = store_draft_new(m->sink->store, m->d->spool, &m->draft, reterr);
        m->d->spool = NULL; /* taken, whatever came of it */
        return err;
}

enum err delivery_prepare_work(struct task *t, struct store_txn *tx)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);

        (void)tx;
        m->prepare_result = prepare(m, &t->error);
        m->prepared = true;
        return m->prepare_result;
}
