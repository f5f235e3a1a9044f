/*
 * write.c — stores a message for everyone it is for, in one transaction: in
 * mailboxes, and in the queue for who is elsewhere.
 *
 * Recipients are resolved again: accounts and aliases may have changed since
 * RCPT. When one of them has gone, nothing is stored and the client is asked to try again,
 * so that it hears at RCPT which one; when all have, it hears so now. Accounts come in the order of
 * their numbers, each once, however many recipients led to it.
 */
#include "message.h"
#include "outgoing.h"
#include "sending_limit.h"
#include "whereto.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/queue.h"

#include <stdlib.h>

struct accounts {
        struct store_target *items; /* owned, with their names */
        size_t n, cap;
};

/* Everybody. */
struct audience {
        struct accounts accounts;
        struct outgoing outgoing;
        struct success told[SUCCESS_KINDS];
};

static void audience_done(struct audience *a)
{
        struct store_targets all = { .items = a->accounts.items, .n = a->accounts.n };

        store_targets_done(&all);
        outgoing_done(&a->outgoing);
        for (int i = 0; i < SUCCESS_KINDS; i++)
                success_done(&a->told[i]);
}

static enum err refuse(struct delivery_message *m, enum err err, int code, const char *enhanced,
                       const char *text)
{
        m->refusal = (struct smtp_reply){ code, enhanced, text };
        return err;
}

/* ---- who gets it ---- */

/* Takes the accounts. */
static void add_targets(struct accounts *a, struct store_targets *targets)
{
        a->items = mem_grow(a->items, a->n, targets->n, &a->cap, sizeof *a->items);
        for (size_t i = 0; i < targets->n; i++)
                a->items[a->n++] = targets->items[i];
        targets->n = 0;
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

/*
 * Who hears of a success, RFC 3461 5.2.7: what is delivered here, now; an alias with several
 * targets, now, and none of them later; what goes on to one address, from there.
 */
static unsigned note_success(struct audience *a, const struct smtp_recipient *r,
                             const struct whereto *w)
{
        size_t elsewhere = w->targets.n_remotes + (w->elsewhere ? 1 : 0);
        unsigned left = r->notify & ~(unsigned)STORE_NOTIFY_SUCCESS;

        if (left == r->notify || (elsewhere == 1 && !w->targets.n))
                return r->notify;
        success_add(&a->told[elsewhere ? SUCCESS_EXPANDED : SUCCESS_DELIVERED], r);
        return left ? left : STORE_NOTIFY_NEVER;
}

/* Takes the accounts of *w. */
static void add_recipient(struct audience *a, const struct smtp_recipient *r, struct whereto *w)
{
        unsigned notify = note_success(a, r, w);

        if (w->elsewhere)
                outgoing_add(&a->outgoing, r, w->elsewhere, NULL, w->is_report, notify);
        for (size_t i = 0; i < w->targets.n_remotes; i++)
                outgoing_add(&a->outgoing, r, w->targets.remotes[i].address,
                             w->targets.remotes[i].via, false, notify);
        add_targets(&a->accounts, &w->targets);
}

/* ERR_NOTFOUND: he has gone since RCPT. */
static enum err resolve(struct delivery_message *m, struct store_txn *tx,
                        const struct smtp_recipient *r, struct audience *a)
{
        AUTO(whereto_done) struct whereto w = { 0 };
        struct whereto_ask ask = { .rules = m->rules,
                                   .account = m->d->account,
                                   .null_sender = !m->d->sender[0],
                                   .now_us = m->d->received_us };
        struct smtp_reply ignored;
        enum err err = whereto_find(tx, &ask, slice_of(r->address), &w, &ignored);

        if (!err)
                add_recipient(a, r, &w);
        return err == ERR_DENIED || err == ERR_SYNTAX ? ERR_NOTFOUND : err;
}

static enum err resolve_all(struct delivery_message *m, struct store_txn *tx, struct audience *a)
{
        size_t gone = 0;

        for (struct smtp_recipient *r = m->d->recipients; r; r = r->next) {
                enum err err = resolve(m, tx, r, a);

                if (err == ERR_NOTFOUND)
                        gone++;
                else if (err)
                        return err;
        }
        if (gone && !a->accounts.n && !a->outgoing.n)
                return refuse(m, ERR_NOTFOUND, 550, "5.1.1", "No such user here any more");
        if (gone)
                return refuse(m, ERR_NOTFOUND, 451, "4.2.1",
                              "A recipient has gone; try again to hear which");
        sort_and_deduplicate(&a->accounts);
        outgoing_sort(&a->outgoing);
        return ERR_OK;
}

/* RFC 5321 6.3: it has been in this very mailbox before, or was sent on by this very alias. */
static enum err check_loop(struct delivery_message *m, const struct audience *a)
{
        const struct names *been = &m->trace.delivered_to;

        for (size_t i = 0; i < a->accounts.n; i++)
                if (names_have(been, slice_of(a->accounts.items[i].name)))
                        return refuse(m, ERR_LIMIT, 554, "5.4.6",
                                      "The message has been delivered here before");
        for (size_t i = 0; i < a->outgoing.n; i++)
                if (a->outgoing.rows[i].via && names_have(been, slice_of(a->outgoing.rows[i].via)))
                        return refuse(m, ERR_LIMIT, 554, "5.4.6",
                                      "The message was sent on from here before");
        return ERR_OK;
}

static enum err check_limit(struct delivery_message *m, struct store_txn *tx,
                            const struct audience *a)
{
        if (!m->d->account)
                return ERR_OK;
        return sending_limit_check(tx, m->rules, m->d->account, m->d->received_us, a->outgoing.n,
                                   &m->refusal);
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

static enum err store_everywhere(struct delivery_message *m, struct store_txn *tx,
                                 const struct audience *a)
{
        int64_t content;
        enum err err = store_content_add(tx, m->draft, &content);

        for (size_t i = 0; !err && i < a->accounts.n; i++)
                err = store_for(m, tx, &a->accounts.items[i], content);
        if (!err)
                err = outgoing_store(m, tx, &a->outgoing, content);
        return err ? err : success_report(m, tx, a->told);
}

static enum err store_message(struct delivery_message *m, struct store_txn *tx)
{
        AUTO(audience_done) struct audience audience = { 0 };
        enum err err;

        m->refusal = (struct smtp_reply){ 0 };
        m->stored = m->queued = 0;
        err = check_authors(m, tx);
        if (!err)
                err = resolve_all(m, tx, &audience);
        if (!err)
                err = check_loop(m, &audience);
        if (!err)
                err = check_limit(m, tx, &audience);
        if (!err)
                err = store_everywhere(m, tx, &audience);
        if (err)
                return err;
        m->stored = audience.accounts.n;
        m->queued = audience.outgoing.n;
        return ERR_OK;
}

enum err delivery_write_work(struct task *t, struct store_txn *tx)
{
        struct delivery_message *m = container_of(t, struct delivery_message, task);
        enum err err = m->prepared ? m->prepare_result : delivery_prepare_work(t, tx);

        return err ? err : store_message(m, tx);
}
