/*
 * write.c — stores a message for everyone it is for, in one transaction.
 *
 * Recipients are resolved again: accounts and aliases may have changed since
 * RCPT. When one of them has gone, nothing is stored and the client is asked to try again,
 * so that it hears at RCPT which one; when all have, it hears so now. Accounts come in the order of
 * their numbers, each once, however many recipients led to it.
 */
#include "message.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <stdlib.h>

struct accounts {
        struct store_target *items; /* owned, with their names */
        size_t n, cap;
};

static void accounts_done(struct accounts *a)
{
        struct store_targets all = { a->items, a->n };

        store_targets_done(&all);
}

static enum err refuse(struct delivery_message *m, enum err err, int code, const char *enhanced,
                       const char *text)
{
        m->refusal = (struct smtp_reply){ code, enhanced, text };
        return err;
}

/* ---- who gets it ---- */

/* Takes the targets. */
static void add_targets(struct accounts *a, struct store_targets *targets)
{
        if (a->n + targets->n > a->cap) {
                a->cap = (a->n + targets->n) * 2;
                a->items = mem_realloc(a->items, a->cap * sizeof *a->items);
        }
        for (size_t i = 0; i < targets->n; i++)
                a->items[a->n++] = targets->items[i];
        targets->n = 0;
        store_targets_done(targets);
}

static int by_account(const void *a, const void *b)
{
        const struct store_target *x = a, *y = b;

        return (x->account > y->account) - (x->account < y->account);
}

static void sort_and_deduplicate(struct accounts *a)
{
        size_t kept = 0;

        if (!a->n)
                return;
        qsort(a->items, a->n, sizeof *a->items, by_account);
        for (size_t i = 0; i < a->n; i++) {
                if (kept && a->items[kept - 1].account == a->items[i].account) {
                        mem_free(a->items[i].name);
                        mem_free(a->items[i].detail);
                } else {
                        a->items[kept++] = a->items[i];
                }
        }
        a->n = kept;
}

static enum err resolve_all(struct delivery_message *m, struct store_txn *tx, struct accounts *a)
{
        size_t gone = 0;

        for (struct smtp_recipient *r = m->d->recipients; r; r = r->next) {
                struct store_targets targets;
                enum err err = store_address_resolve(tx, &m->rules->address, slice_of(r->address),
                                                     &targets);

                if (!err)
                        add_targets(a, &targets);
                else if (err == ERR_NOTFOUND || err == ERR_DENIED)
                        gone++;
                else
                        return err;
        }
        if (gone && !a->n)
                return refuse(m, ERR_NOTFOUND, 550, "5.1.1", "No such user here any more");
        if (gone)
                return refuse(m, ERR_NOTFOUND, 451, "4.2.1",
                              "A recipient has gone; try again to hear which");
        sort_and_deduplicate(a);
        return ERR_OK;
}

/* RFC 5321 6.3: it has been in this very mailbox before. */
static enum err check_loop(struct delivery_message *m, const struct accounts *a)
{
        for (size_t i = 0; i < a->n; i++)
                if (names_have(&m->trace.delivered_to, slice_of(a->items[i].name)))
                        return refuse(m, ERR_LIMIT, 554, "5.4.6",
                                      "The message has been delivered here before");
        return ERR_OK;
}

/* RFC 6409 6.1: no one writes in another's name. */
static enum err check_authors(struct delivery_message *m, struct store_txn *tx)
{
        for (size_t i = 0; i < m->authors.n; i++) {
                enum err err = store_address_may_send(tx, &m->rules->address, m->d->account,
                                                      slice_of(m->authors.items[i]));

                if (err == ERR_DENIED || err == ERR_NOTFOUND || err == ERR_SYNTAX ||
                    err == ERR_LIMIT)
                        return refuse(m, ERR_DENIED, 550, "5.7.1",
                                      "The From or Sender address is not yours");
                if (err)
                        return err;
        }
        return ERR_OK;
}

/* ---- storing ---- */

static enum err store_for(struct delivery_message *m, struct store_txn *tx,
                          const struct store_target *target, int64_t content)
{
        AUTO_BUF(trace, TRACE_MAX_OCTETS);
        struct store_message_new message = { .internal_date_us = m->d->received_us };
        int64_t mailbox;
        uint32_t uid;
        enum err err = store_mailbox_find(tx, target->account, SLICE("INBOX"), &mailbox);

        if (err) /* every account has one: not the recipient's fault */
                return err == ERR_NOTFOUND ? ERR_CORRUPT : err;
        trace_print(slice_of(m->d->sender), slice_of(target->name), &trace);
        message.trace = buf_slice(&trace);
        return store_message_add(tx, mailbox, content, &message, &uid);
}

static enum err store_message(struct delivery_message *m, struct store_txn *tx)
{
        AUTO(accounts_done) struct accounts accounts = { 0 };
        int64_t content;
        enum err err;

        m->refusal = (struct smtp_reply){ 0 };
        m->stored = 0;
        err = check_authors(m, tx);
        if (!err)
                err = resolve_all(m, tx, &accounts);
        if (!err)
                err = check_loop(m, &accounts);
        if (!err)
                err = store_content_add(tx, m->draft, &content);
        for (size_t i = 0; !err && i < accounts.n; i++)
                err = store_for(m, tx, &accounts.items[i], content);
        if (!err)
                m->stored = accounts.n;
        return err;
}

enum err delivery_write_work(struct task *t, struct store_txn *tx)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);
        enum err err = m->prepared ? m->prepare_result : delivery_prepare_work(t, tx);

        return err ? err : store_message(m, tx);
}
