/*
 * delivery.h — from a received message to mailboxes and into the queue: the
 * sink behind SMTP.
 *
 *   deliver ─► prepare [work]   loops, submission's header rules, parse, hash, blob
 *           ─► sign    [reader] of a submission for elsewhere: DKIM
 *           ─► write   [writer] resolve again, content once, a row for each account, one in
 *                               the queue for each recipient elsewhere, reports of success
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
        int64_t max_recipients_per_hour, max_recipients_per_day; /* elsewhere, of an account */
        int64_t max_success_reports_per_hour; /* that strangers' mail asks for, of a domain */
        int64_t bulk_recipients;              /* more of them, and the message goes after others */
        int64_t srs_lifetime_ms;              /* how long reports come back to addresses of SRS */
};
extern const struct conf_table delivery_conf_table; /* "delivery" */

/* Also the struct smtp_sink of delivery_sink_ops. Borrows all. */
struct smtp_sink *delivery_new(struct store *store, const char *hostname,
                               const struct delivery_config *config);
/* Messages in flight must have been answered (smtp stopped). */
void delivery_free(struct smtp_sink *sink);
void delivery_set_config(struct smtp_sink *sink, const struct delivery_config *config);

/* What must be known of the queue (queue/queue.h). */
struct delivery_outbound {
        int64_t lifetime_ms;    /* how long mail is tried; not 0 */
        bool address_literals;  /* may mail go to them? */
        const char *postmaster; /* author of reports; NULL: postmaster@hostname */
};
/*
 * From now on mail for other servers is taken and queued; before the first call, and after NULL,
 * it is refused, so that nothing is accepted which nobody sends. Copies.
 */
void delivery_set_outbound(struct smtp_sink *sink, const struct delivery_outbound *outbound);
extern const struct smtp_sink_ops delivery_sink_ops;

#endif
