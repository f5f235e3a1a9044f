/* prepare.c — looks at a message, mends a submission, and makes it ready to be stored. */
#include "message.h"

#include "mailserver/mime/field.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

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

/* RFC 6409 6 and 8. */
static enum err mend_submission(struct delivery_message *m, struct slice header)
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
        if (!err && m->d->account)
                err = mend_submission(m, header);
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
