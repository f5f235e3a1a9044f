/*
 * rcpt.c — does a recipient exist, and is there room for the message?
 *
 * Quota is decided here (usage and the announced size): what was accepted is
 * stored, even if it overshoots. An alias with several accounts behind it is refused
 * for quota only when all of them are full: one member who never empties a mailbox
 * must not keep the mail from the others, and since nothing could tell the sender
 * later, that member gets it, too. Who is elsewhere has room, as far as we know.
 * The postmaster can be reached as long as that account
 * does not hold twice its quota.
 */
#include "sending_limit.h"
#include "whereto.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"

/* RFC 5321 4.5.1: "every reasonable effort to accept mail directed to Postmaster". */
static bool is_postmaster(struct slice address)
{
        struct slice local;

        if (!slice_cut(&address, '@', &local))
                local = address;
        return slice_eq_word(local, SLICE("postmaster"));
}

/* ERR_QUOTA: what it holds has passed twice its quota. */
static enum err check_excess(struct store_txn *tx, int64_t id)
{
        struct store_account account = { 0 };
        enum err err = store_account_get(tx, id, &account);

        if (!err && ((account.quota_octets &&
                      account.used_octets - account.quota_octets > account.quota_octets) ||
                     (account.quota_messages &&
                      account.used_messages - account.quota_messages > account.quota_messages)))
                err = ERR_QUOTA;
        store_account_done(&account);
        return err;
}

/* ERR_QUOTA: none of them has room. */
static enum err check_room(struct store_txn *tx, const struct store_targets *targets, int64_t size,
                           bool postmaster)
{
        enum err err = targets->n_remotes ? ERR_OK : ERR_QUOTA;

        for (size_t i = 0; err == ERR_QUOTA && i < targets->n; i++)
                err = store_account_check_quota(tx, targets->items[i].account, size);
        for (size_t i = 0; postmaster && err == ERR_QUOTA && i < targets->n; i++)
                err = check_excess(tx, targets->items[i].account);
        return err;
}

/* Worker. */
static enum err rcpt_work(struct task *t, struct store_txn *tx)
{
        struct smtp_rcpt_check *check = container_of(t, struct smtp_rcpt_check, task);
        const struct delivery_rules *rules = check->held;
        AUTO(whereto_done) struct whereto w = { 0 };
        struct whereto_ask ask = { .rules = rules,
                                   .account = check->account,
                                   .null_sender = check->null_sender,
                                   .now_us = clock_now_us() };
        enum err err = whereto_find(tx, &ask, slice_of(check->address), &w, &check->reply);

        if (err)
                return err;
        check->elsewhere = w.targets.n_remotes + (w.elsewhere ? 1 : 0);
        if (check->account && check->elsewhere)
                err = sending_limit_check(tx, rules, check->account, ask.now_us,
                                          check->n_elsewhere + check->elsewhere, &check->reply);
        return err || w.elsewhere ? err
                                  : check_room(tx, &w.targets, check->size,
                                               is_postmaster(slice_of(check->address)));
}

static struct smtp_reply verdict(enum err err, bool logged_in)
{
        switch (err) {
        case ERR_OK:
                return (struct smtp_reply){ 250, "2.1.5", "Recipient ok" };
        case ERR_DENIED: /* the domain is not ours: never an open relay */
                if (logged_in)
                        return (struct smtp_reply){ 550, "5.7.1",
                                                    "This server does not send mail to other "
                                                    "servers yet" };
                return (struct smtp_reply){ 550, "5.7.1", "Relaying denied: no mailbox here" };
        case ERR_SYNTAX:
                return (struct smtp_reply){ 553, "5.1.3", "No such address is possible" };
        case ERR_LIMIT: /* the administrator can mend it while the sender tries again */
                return (struct smtp_reply){ 451, "4.3.5", "Alias leads too far, try again later" };
        case ERR_NOTFOUND:
        case ERR_EXISTS:
        case ERR_QUOTA:
        case ERR_BUSY:
        case ERR_FULL:
        case ERR_IO:
        case ERR_CORRUPT:
        case ERR_CANCELLED:
        case ERR_MAX_:
                break;
        }
        return smtp_reply_of(err);
}

static void rcpt_done(struct task *t)
{
        struct smtp_rcpt_check *check = container_of(t, struct smtp_rcpt_check, task);

        delivery_log_failure(t, "-");
        if (!t->result || !check->reply.code)
                check->reply = verdict(t->result, check->account);
        check->answered(check);
}

static void rcpt_drop(struct task *t)
{
        struct smtp_rcpt_check *check = container_of(t, struct smtp_rcpt_check, task);

        delivery_rules_unref(check->held);
        smtp_rcpt_check_free(check);
}

static const struct task_class rcpt_class = { "delivery rcpt", rcpt_work, rcpt_done, rcpt_drop };

enum err delivery_check_rcpt(struct smtp_sink *sink, struct smtp_rcpt_check *check)
{
        enum err err;

        if (store_disk_low(sink->store))
                return ERR_FULL;
        check->task.class = &rcpt_class;
        check->held = delivery_rules_ref(sink->rules);
        err = store_submit(sink->store, delivery_key(check->account, check->client), STORE_READ,
                           &check->task);
        if (err)
                delivery_rules_unref(check->held);
        return err;
}
