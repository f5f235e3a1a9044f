/*
 * queue.h — what gets mail to the rest of the world: schedule, route, attempt,
 * report.
 *
 *   row of the store ─► due ─► destination (route, or MX and addresses by DNS, DANE, MTA-STS)
 *     ─► connection, kept for what follows ─► a reply for each recipient
 *     ─► one write: delivered rows removed, deferred ones with their next time, reports stored
 *
 * In memory there is a struct for each destination with mail due or in flight,
 * bounded; all else stays in the store. Nothing here is acknowledged by
 * memory alone: after kill -9 the rows say what is left to do.
 */
#ifndef MAILSERVER_QUEUE_QUEUE_H
#define MAILSERVER_QUEUE_QUEUE_H

#include "mailserver/core/conf.h"

struct loop;
struct net_address;
struct queue;
struct resolver;
struct smtp_client_config;
struct store;

struct queue_config {
        int64_t retry_first_ms,
                retry_max_ms;     /* the wait after the first failure; doubles up to max */
        int64_t lifetime_ms;      /* then the sender hears that it could not be delivered */
        int64_t delay_warning_ms; /* the sender hears that it is late; 0: never */
        int64_t max_connections;  /* in all */
        int64_t max_connections_per_destination;
        int64_t max_messages_per_connection;
        int64_t idle_connection_ms; /* kept open for the next message for so long */
        int64_t max_recipients_per_transaction;
        int64_t max_in_memory; /* recipients that are due */
        int64_t max_in_memory_per_destination;
        int64_t max_broken_connections;  /* in a row, of a destination */
        int64_t max_servers_per_attempt; /* that put the same mail off */
        int64_t max_mx_hosts, max_host_addresses, max_tlsa_records;
        int64_t max_dns_questions, max_dns_answers; /* of a destination; octets */
        char *postmaster;       /* author of reports; NULL: postmaster@hostname */
        bool private_addresses; /* may mail go to loopback, private and own addresses */
        bool address_literals;
        struct conf_strings public_addresses; /* ours too, though no interface has them */
        int64_t smtp_port;                    /* 25; tests have another */
        char *ca_file;                        /* NULL: the system's */
        bool mta_sts;
        int64_t mta_sts_port;
        int64_t mta_sts_timeout_ms, mta_sts_retry_ms, mta_sts_refresh_ms;
        int64_t mta_sts_max_fetches, mta_sts_max_size, mta_sts_max_failed;
        struct conf_groups routes; /* struct queue_route_config */
        struct conf_groups tls;    /* struct queue_tls_config: per-domain override */
};
extern const struct conf_table queue_conf_table; /* "queue" */

struct queue *queue_new(struct loop *l, struct store *store, struct resolver *resolver,
                        const char *hostname, const struct queue_config *config,
                        const struct smtp_client_config *smtp);
void queue_free(struct queue *q);
void queue_set_config(struct queue *q, const struct queue_config *config,
                      const struct smtp_client_config *smtp);
/* The addresses at which mail is taken here, which are copied: what leads to them loops. */
enum { QUEUE_MAX_OWN = 64 };
void queue_set_own(struct queue *q, const struct net_address *own, size_t n);
/* Begins no more attempts; `stopped` when those in flight have ended (their connections' time-outs
 * bound it). */
void queue_stop(struct queue *q, void (*stopped)(void *arg), void *arg);
/* After queue_stop: closes what is still being sent; it is sent again another time. */
void queue_abort(struct queue *q);
/* Rows were added or made due: looks at the store soon. */
void queue_wake(struct queue *q);

/* Numbers for status. What went since the start is in core/metrics.h, by these names. */
#define QUEUE_METRIC_DELIVERED "queue.delivered"
#define QUEUE_METRIC_DEFERRED  "queue.deferred"
#define QUEUE_METRIC_BOUNCED   "queue.bounced"
#define QUEUE_METRIC_CONVERTED "queue.converted" /* messages made 7-bit */
struct queue_stats {
        size_t in_memory;    /* recipients */
        size_t destinations; /* with mail in memory, a connection, or a failure not over */
        size_t failing;      /* of these, those that could not be reached the last time */
        size_t connections;
};
void queue_get_stats(const struct queue *q, struct queue_stats *ret_stats);

#endif
