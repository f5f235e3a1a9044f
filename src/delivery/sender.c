/* sender.c — may a logged-in account send as this address? RFC 6409 6.1. */
#include "sink.h"

#include "mailserver/core/mem.h"

/* Worker. */
static enum err sender_work(struct task *t, struct store_txn *tx)
{
        struct smtp_sender_check *check = container_of(t, struct smtp_sender_check, task);
        const struct delivery_rules *rules = check->held;

        return store_address_may_send(tx, &rules->address, check->account,
                                      slice_of(check->address));
}

static void sender_done(struct task *t)
{
        struct smtp_sender_check *check = container_of(t, struct smtp_sender_check, task);

        delivery_log_failure(t, "-");
        switch (t->result) {
        case ERR_OK:
                check->reply = (struct smtp_reply){ 250, "2.1.0", "Sender ok" };
                break;
        case ERR_DENIED:
        case ERR_NOTFOUND:
        case ERR_SYNTAX:
        case ERR_LIMIT:
                check->reply = (struct smtp_reply){ 553, "5.7.1", "That is not your address" };
                break;
        case ERR_EXISTS:
        case ERR_QUOTA:
        case ERR_BUSY:
        case ERR_FULL:
        case ERR_IO:
        case ERR_CORRUPT:
        case ERR_CANCELLED:
        case ERR_MAX_:
                check->reply = smtp_reply_of(t->result);
                break;
        }
        check->answered(check);
}

static void sender_drop(struct task *t)
{
        struct smtp_sender_check *check = container_of(t, struct smtp_sender_check, task);

        delivery_rules_unref(check->held);
        smtp_sender_check_free(check);
}

static const struct task_class sender_class = { "delivery sender", sender_work, sender_done,
                                                sender_drop };

enum err delivery_check_sender(struct smtp_sink *sink, struct smtp_sender_check *check)
{
        enum err err;

        check->task.class = &sender_class;
        check->held = delivery_rules_ref(sink->rules);
        err = store_submit(sink->store, check->account, STORE_READ, &check->task);
        if (err)
                delivery_rules_unref(check->held);
        return err;
}
