/* link.h — a connection to a destination, from the first question to the DNS to its QUIT. */
#ifndef QUEUE_LINK_H
#define QUEUE_LINK_H

#include "queue_impl.h"

enum link_state {
        LINK_RESOLVING,
        LINK_CONNECTING,
        LINK_IDLE,
        LINK_BUSY, /* idle, but the store has no time */
        LINK_SENDING,
};

/* What is read of the store while a job is sent: send.c. */
struct sending;

struct link {
        struct list link;   /* of its site */
        struct list unused; /* of the queue, while it is idle */
        struct site *site;
        int64_t opener; /* the account it was opened for */
        enum link_state state;
        struct arena arena; /* answers of the DNS, and what was found by them */
        const char *name;   /* where to: the domain, or a route's host */
        struct dns_facts facts;
        struct destination_rules rules;
        struct sts_query *policy_query; /* NULL: over */
        struct mta_sts_policy policy;   /* its texts are the arena's; n_mx 0: none */
        void (*policy_known)(struct link *l);
        struct dns_inquiry *inquiry; /* NULL: over */
        struct destination destination;
        size_t host;
        bool clear; /* this host's TLS did not work, and need not */
        struct smtp_client *client;
        char tls[96]; /* of the connection, for people */
        struct job *job;
        struct sending *sending;
        int64_t sent;
        struct timer idle;
        bool finishing;
};

/* send.c: the link is ready; the job is its, and ends in link_look_for_work. False: the store is too
 * busy, the job is the caller's still. */
bool sending_start(struct link *l, struct job *job);
/* The client's answer to what was sent. */
void sending_sent(struct link *l);
/* The connection has gone with a job in hand. */
void sending_failed(struct link *l, const char *stage, const struct smtp_client_reply *reply);
/* Forgets what is being read, and the job with it. */
void sending_cancel(struct link *l);

/* link_sts.c: what the domain demands goes into l->rules; then `known`, later. */
void link_ask_policy(struct link *l, void (*known)(struct link *l));
/* Ready: says once in the log what a policy that is only tested would have had against it. */
void link_test_policy(const struct link *l, const struct net_client_tls *tls);

/* link.c: it has none now: the next job, or a wait for one. */
void link_look_for_work(struct link *l);
const char *link_mx(const struct link *l);

#endif
