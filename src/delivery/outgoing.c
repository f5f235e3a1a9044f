/* outgoing.c — recipients elsewhere of a message, and their rows in the queue. */
#include "outgoing.h"

#include "message.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/smtp/forward.h"
#include "mailserver/smtp/sign.h"
#include "mailserver/smtp/xtext.h"
#include "mailserver/store/queue.h"

#include <stdlib.h>

enum { MAX_ADDRESS = 1024, MAX_ORCPT = 4 * MAX_ADDRESS, MAX_PREPEND = 64 << 10 };

/* ---- the list ---- */

static void row_done(struct outgoing_row *row)
{
        mem_free(row->address);
        mem_free(row->via);
        mem_free(row->orcpt);
}

void outgoing_done(struct outgoing *o)
{
        for (size_t i = 0; i < o->n; i++)
                row_done(&o->rows[i]);
        mem_free(o->rows);
        *o = (struct outgoing){ 0 };
}

/* RFC 3461 5.2.1 (d): what it was before we changed it, if the client has not said. */
static char *original_recipient(const struct smtp_recipient *r, const char *via)
{
        AUTO_BUF(text, MAX_ORCPT);

        if (r->orcpt)
                return mem_strdup(slice_of(r->orcpt));
        if (!via || text_has_8bit(slice_of(r->address)))
                return NULL;
        buf_add(&text, SLICE("rfc822;"));
        return smtp_xtext_encode(slice_of(r->address), &text) ? NULL : mem_strdup(buf_slice(&text));
}

void outgoing_add(struct outgoing *o, const struct smtp_recipient *r, const char *address,
                  const char *via, bool is_report, unsigned notify)
{
        o->rows = mem_grow(o->rows, o->n, 1, &o->cap, sizeof *o->rows);
        o->rows[o->n] = (struct outgoing_row){
                .order = o->n,
                .address = mem_strdup(slice_of(address)),
                .via = via ? mem_strdup(slice_of(via)) : NULL,
                .orcpt = original_recipient(r, via),
                .is_report = is_report,
                .notify = notify,
        };
        o->n++;
}

static int by_order(const struct outgoing_row *x, const struct outgoing_row *y)
{
        return (x->order > y->order) - (x->order < y->order);
}

/* Who was named comes before who is meant by an alias. */
static int by_address(const void *a, const void *b)
{
        const struct outgoing_row *x = a, *y = b;
        int order = strcmp(x->address, y->address);

        if (!order)
                order = (x->via != NULL) - (y->via != NULL);
        return order ? order : by_order(x, y);
}

static int compare_messages(const struct outgoing_row *x, const struct outgoing_row *y)
{
        if (x->is_report != y->is_report)
                return x->is_report ? 1 : -1;
        return strcmp(x->via ? x->via : "", y->via ? y->via : "");
}

static int by_message(const void *a, const void *b)
{
        int order = compare_messages(a, b);

        return order ? order : by_order(a, b);
}

void outgoing_sort(struct outgoing *o)
{
        size_t kept = 0;

        if (!o->n)
                return;
        qsort(o->rows, o->n, sizeof *o->rows, by_address);
        for (size_t i = 0; i < o->n; i++) {
                if (kept && !strcmp(o->rows[kept - 1].address, o->rows[i].address))
                        row_done(&o->rows[i]);
                else
                        o->rows[kept++] = o->rows[i];
        }
        o->n = kept;
        qsort(o->rows, o->n, sizeof *o->rows, by_message);
}

/* ---- their rows ---- */

/* RFC 6531 3.4: what needs SMTPUTF8, whatever the client has said of the message. */
static bool needs_utf8(const struct delivery_message *m, struct slice sender,
                       const struct outgoing_row *rows, size_t n)
{
        bool needed = text_has_8bit(sender) || (m->d->smtputf8 && m->eight_bit_header);

        for (size_t i = 0; !needed && i < n; i++)
                needed = text_has_8bit(slice_of(rows[i].address));
        return needed;
}

static unsigned flags_of(const struct delivery_message *m)
{
        unsigned flags = m->d->ret;

        if (m->eight_bit) /* whatever BODY said: seven bits pass everywhere */
                flags |= STORE_QUEUE_EIGHT_BIT;
        if (m->bulk)
                flags |= STORE_QUEUE_BULK;
        return flags;
}

static enum err envelope_sender(struct delivery_message *m, struct store_txn *tx,
                                const struct outgoing_row *row, struct buf *out)
{
        if (row->is_report)
                return ERR_OK;
        if (!row->via)
                return buf_put(out, slice_of(m->d->sender));
        return smtp_forward_sender(tx, slice_of(m->d->sender), slice_of(row->via),
                                   m->d->received_us, out);
}

/* The rows of one message. */
static enum err store_rows(struct delivery_message *m, struct store_txn *tx,
                           struct slice signatures, const struct outgoing_row *rows, size_t n,
                           int64_t content)
{
        AUTO(mem_freep) struct store_queue_recipient *recipients = NULL;
        AUTO_BUF(sender, MAX_ADDRESS);
        AUTO_BUF(prepend, MAX_PREPEND + TRACE_MAX_OCTETS);
        struct store_queue_message message = {
                .content = content,
                .account = m->d->account,
                .mail_id = m->d->id,
                .envid = m->d->envid,
                .flags = flags_of(m),
                .received_us = m->d->received_us,
                .expires_us = m->d->received_us + m->rules->outbound.lifetime_ms * 1000,
        };
        enum err err = envelope_sender(m, tx, rows, &sender);

        if (err)
                return err;
        if (rows->via)
                trace_print_delivered_to(slice_of(rows->via), &prepend);
        buf_add(&prepend, signatures);
        if (needs_utf8(m, buf_slice(&sender), rows, n))
                message.flags |= STORE_QUEUE_SMTPUTF8;
        message.sender = buf_slice(&sender).ptr;
        message.prepend = buf_slice(&prepend);
        recipients = mem_alloc_array(n, sizeof *recipients);
        for (size_t i = 0; i < n; i++)
                recipients[i] = (struct store_queue_recipient){
                        .address = rows[i].address,
                        .domain = strrchr(rows[i].address, '@') + 1,
                        .orcpt = rows[i].orcpt,
                        .notify = rows[i].notify,
                };
        return store_queue_add(tx, &message, recipients, n);
}

enum err delivery_sign(struct delivery_message *m, struct store_txn *tx)
{
        enum err err;

        if (!m->author || m->is_signed)
                return ERR_OK;
        buf_clear(&m->signatures);
        m->signatures.max = MAX_PREPEND;
        err = smtp_sign(tx, slice_of(m->author), buf_slice(&m->header), m->body_hash,
                        m->d->received_us, &m->signatures);
        m->is_signed = !err;
        return err;
}

enum err outgoing_store(struct delivery_message *m, struct store_txn *tx, const struct outgoing *o,
                        int64_t content)
{
        enum err err = o->n ? delivery_sign(m, tx) : ERR_OK;

        for (size_t i = 0, end; !err && i < o->n; i = end) {
                for (end = i + 1; end < o->n; end++)
                        if (compare_messages(&o->rows[i], &o->rows[end]) != 0)
                                break;
                err = store_rows(m, tx, buf_slice(&m->signatures), o->rows + i, end - i, content);
        }
        return err;
}
