/* success.c — reports that mail has arrived, for who asked. */
#include "success.h"

#include "message.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/smtp/report.h"
#include "mailserver/smtp/report_post.h"
#include "mailserver/smtp/xtext.h"

enum { MAX_REPORT = 1 << 20, MAX_XTEXT = 512 };

void success_done(struct success *s)
{
        mem_free(s->items);
        *s = (struct success){ 0 };
}

void success_add(struct success *s, const struct smtp_recipient *r)
{
        s->items = mem_grow(s->items, s->n, 1, &s->cap, sizeof(void *));
        s->items[s->n++] = r;
}

/* ---- what it says ---- */

static const enum report_action actions[SUCCESS_KINDS] = {
        [SUCCESS_DELIVERED] = REPORT_DELIVERED,
        [SUCCESS_EXPANDED] = REPORT_EXPANDED,
};

/* As it was meant; UTF-8 in it stays (RFC 6533 3). */
static char *decode(const char *xtext)
{
        AUTO_BUF(text, MAX_XTEXT);

        if (smtp_xtext_decode(slice_of(xtext), &text))
                return mem_strdup(slice_of(xtext));
        return mem_strdup(buf_slice(&text));
}

static enum err write_report(const struct delivery_message *m,
                             const struct report_recipient *recipients, size_t n, bool smtputf8,
                             struct buf *out)
{
        const struct smtp_delivery *d = m->d;
        AUTO(mem_freep) char *envid = d->envid ? decode(d->envid) : NULL;
        AUTO_BUF(postmaster, 512);
        struct report report = {
                .hostname = m->sink->hostname,
                .from = m->rules->outbound.postmaster,
                .to = d->sender,
                .mail_id = d->id,
                .envid = envid,
                .arrival_us = d->received_us,
                .now_us = d->received_us,
                .recipients = recipients,
                .n = n,
                .original = slice_head(buf_slice(&m->header), REPORT_MAX_ORIGINAL),
                .original_cut = true, /* the body is not needed: RFC 3461 6.2 */
                .smtputf8 = smtputf8,
        };

        buf_addf(&postmaster, "postmaster@%s", m->sink->hostname);
        if (!report.from)
                report.from = postmaster.ptr;
        report.original_header = report.original.len;
        return report_write(&report, out);
}

static enum err compose(const struct delivery_message *m, const struct success *list,
                        enum report_action action, bool smtputf8, struct buf *out)
{
        struct report_recipient *recipients = mem_alloc_array(list->n, sizeof *recipients);
        AUTO(names_done) struct names originals = { 0 };
        enum err err;

        for (size_t i = 0; i < list->n; i++) {
                const struct smtp_recipient *r = list->items[i];

                recipients[i] = (struct report_recipient){ .final = r->address,
                                                           .action = action,
                                                           .status = "2.1.5" };
                if (r->orcpt) {
                        AUTO(mem_freep) char *original = decode(r->orcpt);

                        names_add(&originals, slice_of(original), list->n);
                        recipients[i].original = originals.items[originals.n - 1];
                }
        }
        err = write_report(m, recipients, list->n, smtputf8, out);
        mem_free(recipients);
        return err;
}

/* RFC 6533: is there anything that ASCII cannot say? */
static bool needs_utf8(const struct delivery_message *m, const struct success *list)
{
        bool needed = text_has_8bit(slice_of(m->d->sender)) ||
                      (m->d->smtputf8 && text_has_8bit(buf_slice(&m->header)));

        for (size_t i = 0; !needed && i < list->n; i++)
                needed = text_has_8bit(slice_of(list->items[i]->address));
        return needed;
}

/* ---- to whom ---- */

static enum err send(struct delivery_message *m, struct store_txn *tx, const struct success *list,
                     int kind)
{
        AUTO_BUF(text, MAX_REPORT);
        struct report_post post = {
                .rules = &m->rules->address,
                .to = m->d->sender,
                .smtputf8 = needs_utf8(m, list),
                .now_us = m->d->received_us,
                .lifetime_us = m->rules->outbound.lifetime_ms * 1000,
        };
        enum err err = compose(m, list, actions[kind], post.smtputf8, &text);

        if (!err)
                err = report_post(tx, &post, buf_slice(&text), &m->reports[kind]);
        if (err != ERR_NOTFOUND && err != ERR_LIMIT)
                return err;
        log_info("c=%s delivery id=%s report to=<%s> dropped=%s", m->d->connection_id, m->d->id,
                 LOG_ESC(slice_of(m->d->sender)), err_name(err));
        return ERR_OK;
}

enum err success_report(struct delivery_message *m, struct store_txn *tx,
                        const struct success lists[SUCCESS_KINDS])
{
        enum err err = ERR_OK;

        if (!m->d->sender[0]) /* nobody to tell: RFC 3461 6.1 */
                return ERR_OK;
        for (int kind = 0; !err && kind < SUCCESS_KINDS; kind++)
                if (lists[kind].n)
                        err = send(m, tx, &lists[kind], kind);
        return err;
}
