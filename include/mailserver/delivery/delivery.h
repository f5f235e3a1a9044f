/*
 * delivery.h — from a received message to mailboxes: the sink behind SMTP.
 *
 *   deliver ─► prepare [work]   loops, submission's header rules, parse, hash, blob
 *           ─► write   [writer] resolve again, content once, a row for each account
 *           ─► answer  [loop]   250 only now
 */
#ifndef MAILSERVER_DELIVERY_DELIVERY_H
#define MAILSERVER_DELIVERY_DELIVERY_H

#include "mailserver/core/conf.h"
#include "mailserver/smtp/sink.h"

struct store;

struct delivery_config {
        char *subaddress_separators; /* "+" */
        char *postmaster;            /* account for unclaimed postmaster@ and abuse@; "" : oldest */
        int64_t max_received;        /* Received fields before a message is taken for a loop */
};
extern const struct conf_table delivery_conf_table; /* "delivery" */

/* Also the struct smtp_sink of delivery_sink_ops. Borrows all. */
struct smtp_sink *delivery_new(struct store *store, const char *hostname,
                               const struct delivery_config *config);
/* Messages in flight must have been answered (smtp stopped). */
void delivery_free(struct smtp_sink *sink);
void delivery_set_config(struct smtp_sink *sink, const struct delivery_config *config);
extern const struct smtp_sink_ops delivery_sink_ops;

#endif
