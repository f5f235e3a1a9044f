/* sending_limit.c — how many people elsewhere an account may write to. */
#include "sending_limit.h"

#include "mailserver/store/queue.h"

enum err sending_limit_check(struct store_txn *tx, const struct delivery_rules *rules,
                             int64_t account, int64_t now_us, size_t more,
                             struct smtp_reply *ret_refusal)
{
        int64_t hour = 0, day = 0;
        enum err err;

        if (!more || (!rules->max_recipients_per_hour && !rules->max_recipients_per_day))
                return ERR_OK;
        err = store_queue_sent(tx, account, now_us, &hour, &day);
        if (err)
                return err;
        if (rules->max_recipients_per_hour &&
            hour + (int64_t)more > rules->max_recipients_per_hour) {
                *ret_refusal = (struct smtp_reply){
                        452, "4.7.1", "Too many recipients within an hour, try again later"
                };
                return ERR_LIMIT;
        }
        if (rules->max_recipients_per_day && day + (int64_t)more > rules->max_recipients_per_day) {
                *ret_refusal =
                        (struct smtp_reply){ 452, "4.7.1",
                                             "Too many recipients within a day, try again later" };
                return ERR_LIMIT;
        }
        return ERR_OK;
}
