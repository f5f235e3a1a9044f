/* sink.h — what the tasks of delivery share. */
#ifndef DELIVERY_SINK_H
#define DELIVERY_SINK_H

#include "report_limit.h"

#include "mailserver/delivery/delivery.h"
#include "mailserver/store/address.h"

/*
 * Options as tasks see them: a task holds on to those it began with, since a
 * reload frees the others while it runs. Counted on the loop only; read anywhere.
 */
struct delivery_rules {
        unsigned refs;
        struct store_address_rules address; /* its strings are owned */
        int64_t max_received;
        int64_t max_recipients_per_hour, max_recipients_per_day, bulk_recipients;
        int64_t max_success_reports_per_hour;
        int64_t srs_lifetime_ms;
        struct delivery_outbound outbound; /* lifetime_ms 0: nothing is sent; its string is owned */
};
struct delivery_rules *delivery_rules_ref(struct delivery_rules *rules);
/* NULL is fine. */
void delivery_rules_unref(struct delivery_rules *rules);

struct smtp_sink {
        struct store *store;
        char *hostname; /* owned; read anywhere */
        struct delivery_rules *rules;
        struct report_limit success_limit; /* loop only */
};

enum err delivery_check_sender(struct smtp_sink *sink, struct smtp_sender_check *check);
enum err delivery_check_rcpt(struct smtp_sink *sink, struct smtp_rcpt_check *check);
void delivery_deliver(struct smtp_sink *sink, struct smtp_delivery *d);

/* Whose share of the store's lanes a task takes: the account's, or else the client's. */
int64_t delivery_key(int64_t account, uint64_t client);
/* Says in the log what went wrong when it was our fault and not the peer's. */
void delivery_log_failure(const struct task *t, const char *connection_id);

#endif
