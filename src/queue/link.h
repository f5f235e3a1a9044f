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
        bool skipped; /* a nearer host was not reached */
        bool clear;   /* this host's TLS did not work, and need not */
        struct smtp_client *client;
        char tls[96];    /* of the connection, for people */
        struct job *job; /* in hand: being sent, or on its way to the next host */
        struct sending *sending;
        struct passed *passed; /* what the host before has said of the job; NULL: nothing */
        bool moved;            /* to a further host for a job's sake: it ends after it */
        unsigned put_offs;     /* nearer hosts that have put off some of the job */
        int64_t sent;
        struct timer idle;
        bool finishing;
};

/* send.c: the link is ready; the job is its, and ends in link_look_for_work. False: the store is too
 * busy, the job is the caller's still. */
bool sending_start(struct link *l, struct job *job);
/* The client's answer to what was sent. */
void sending_sent(struct link *l);
/* The connection has gone with a job in hand. True: the link goes on with it at the next host. */
bool sending_failed(struct link *l, const char *stage, const struct smtp_client_reply *reply);
/* Forgets what is being read. */
void sending_free(struct link *l);
/* And the job with it. */
void sending_cancel(struct link *l);
/* Whom the link is connected to. */
void sending_peer(const struct link *l, struct outcome_peer *ret_peer);

/* send_next.c */
struct passed;
/*
 * This is what was answered to the job in hand. True: some of it goes to the next host, and the rest
 * is written. False: there is none, or none of it does; the replies are what holds. `broken`: the
 * connection is; `unclear`: and without a reply it may have been taken.
 */
bool pass_on(struct link *l, struct smtp_client_reply *replies, bool broken, bool unclear);
/*
 * RFC 5321 4.5.3.1.10: some recipients were too many for one transaction (452), and others were
 * taken. True: these are written, and the rest waits for the next one.
 */
bool send_rest_again(struct link *l, const struct smtp_client_reply *replies);
/* The fault is our store's. */
bool is_unread(const struct smtp_client_reply *reply);
/* Connected to that host. */
void pass_on_ready(struct link *l);
/* None of the others could be reached, for this reason; `ourselves`: the next of them is this server. */
void pass_on_failed(struct link *l, const struct smtp_client_reply *reply, bool ourselves);
void passed_free(struct link *l);

/* tried.c: remembers what was said to those who do not leave. */
void tried_write(struct link *l, const struct smtp_client_reply *replies, const bool *leaves,
                 const struct outcome_peer *peer);

/* link_find.c: finds the hosts; then link_connect to the first, or link_give_up. Later. */
void link_find(struct link *l);

/* link_sts.c: what the domain demands goes into l->rules; then `known`, later. */
void link_ask_policy(struct link *l, void (*known)(struct link *l));
/* Ready: says once in the log what a policy that is only tested would have had against it. */
void link_test_policy(const struct link *l, const struct net_client_tls *tls);

/* link.c: by way of which it goes; NULL: none. */
const struct queue_route_config *link_route(const struct link *l);
/* To the host whose turn it is. */
void link_connect(struct link *l);
/* The site hears why it could not be reached, if this was its only way; else the others go on. */
void link_give_up(struct link *l, const struct smtp_client_reply *reply);
/* It has no job now: the next one, or a wait for one. */
void link_look_for_work(struct link *l);
/* It ends, and what waits finds another. */
void link_leave(struct link *l);
bool link_has_next_host(const struct link *l);
/* Leaves this host for the next, with the job in hand. */
void link_next_host(struct link *l);
const char *link_mx(const struct link *l);

#endif
