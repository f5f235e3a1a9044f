/*
 * whereto.c — where mail for an address goes.
 *
 * Strangers reach our own addresses; who has logged in reaches every one. An
 * address of ours may be one that mail was sent on with (SRS): a report to it
 * goes one step back.
 */
#include "whereto.h"

#include "mailserver/core/mem.h"
#include "mailserver/smtp/forward.h"

enum { MAX_ADDRESS = 1024 };

void whereto_done(struct whereto *w)
{
        store_targets_done(&w->targets);
        mem_free(w->elsewhere);
        *w = (struct whereto){ 0 };
}

static enum err refuse(struct smtp_reply *ret_refusal, enum err err, const char *enhanced,
                       const char *text)
{
        *ret_refusal = (struct smtp_reply){ 550, enhanced, text };
        return err;
}

static bool is_literal(struct slice address)
{
        struct slice domain = slice_from(address, (size_t)(slice_rfind(address, '@') + 1));

        return domain.len && domain.ptr[0] == '[';
}

/* Another server's address; what it means there is not ours to ask. */
static enum err find_elsewhere(const struct whereto_ask *ask, struct slice address,
                               struct whereto *w, struct smtp_reply *ret_refusal)
{
        AUTO_BUF(stored, MAX_ADDRESS);
        enum err err;

        if (!ask->rules->outbound.lifetime_ms)
                return ERR_DENIED;
        if (is_literal(address)) {
                if (!ask->rules->outbound.address_literals)
                        return refuse(ret_refusal, ERR_DENIED, "5.1.2",
                                      "Name a domain: mail is not sent to addresses of machines");
                err = buf_put(&stored, address);
        } else {
                err = store_address_remote(address, &stored);
        }
        if (err)
                return ERR_SYNTAX;
        w->elsewhere = mem_strdup(buf_slice(&stored));
        return ERR_OK;
}

static void drop_remotes(struct store_targets *targets)
{
        struct store_targets remotes = { .remotes = targets->remotes,
                                         .n_remotes = targets->n_remotes };

        store_targets_done(&remotes);
        targets->remotes = NULL;
        targets->n_remotes = 0;
}

static enum err find_ours(struct store_txn *tx, const struct whereto_ask *ask, struct slice address,
                          struct whereto *w)
{
        enum err err = store_address_resolve(tx, &ask->rules->address, address, &w->targets);

        if (err || ask->rules->outbound.lifetime_ms)
                return err;
        drop_remotes(&w->targets);
        return w->targets.n ? ERR_OK : ERR_DENIED;
}

/* The refusals of srs_reverse, for people. */
static enum err find_back(struct store_txn *tx, const struct whereto_ask *ask, struct slice address,
                          struct buf *back, struct smtp_reply *ret_refusal)
{
        enum err err = smtp_forward_back(tx, address, ask->now_us,
                                         ask->rules->srs_lifetime_ms * 1000, back);

        if (err == ERR_DENIED)
                return refuse(ret_refusal, ERR_NOTFOUND, "5.1.1", "No such user here");
        if (err == ERR_LIMIT)
                return refuse(ret_refusal, ERR_NOTFOUND, "5.1.6", "This address has expired");
        if (!err && !ask->null_sender)
                return refuse(ret_refusal, ERR_DENIED, "5.7.1",
                              "This address takes delivery reports only");
        return err;
}

static enum err find_report(struct store_txn *tx, const struct whereto_ask *ask,
                            struct slice address, struct whereto *w, struct smtp_reply *ret_refusal)
{
        AUTO_BUF(back, MAX_ADDRESS);
        bool ours = false;
        enum err err = find_back(tx, ask, address, &back, ret_refusal);

        if (err == ERR_NOTFOUND && !ret_refusal->code) /* it only looks like one */
                return find_ours(tx, ask, address, w);
        if (!err)
                err = store_address_is_ours(tx, buf_slice(&back), &ours);
        if (err)
                return err;
        if (ours)
                return find_ours(tx, ask, buf_slice(&back), w);
        w->is_report = true;
        return find_elsewhere(ask, buf_slice(&back), w, ret_refusal);
}

enum err whereto_find(struct store_txn *tx, const struct whereto_ask *ask, struct slice address,
                      struct whereto *ret_whereto, struct smtp_reply *ret_refusal)
{
        AUTO(whereto_done) struct whereto w = { 0 };
        bool ours = false;
        enum err err = store_address_is_ours(tx, address, &ours);

        *ret_refusal = (struct smtp_reply){ 0 };
        if (!err && !ours)
                err = ask->account ? find_elsewhere(ask, address, &w, ret_refusal) : ERR_DENIED;
        else if (!err && smtp_forward_is(address))
                err = find_report(tx, ask, address, &w, ret_refusal);
        else if (!err)
                err = find_ours(tx, ask, address, &w);
        if (err)
                return err;
        *ret_whereto = w;
        w = (struct whereto){ 0 };
        return ERR_OK;
}
