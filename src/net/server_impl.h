/*
 * server_impl.h — what listeners, connections and the registry share.
 *
 *   listener ─► net_server_admit (limits) ─► conn ─► linger ─► closed
 */
#ifndef NET_SERVER_IMPL_H
#define NET_SERVER_IMPL_H

#include "linger.h"

#include "mailserver/core/counters.h"
#include "mailserver/core/loop.h"
#include "mailserver/net/server.h"

/* A complaint that is made once a minute at most, and says how often it was due. */
struct complaint {
        int64_t said_ms; /* 0: never */
        unsigned held_back;
};
/* True: say it now; *ret_times is how many there were since the last time, this one included. */
bool complaint_due(struct complaint *c, int64_t now_ms, unsigned *ret_times);

/* A socket passed by the service manager and not yet taken by a service. */
struct offered_fd {
        struct list link; /* net_server.offered */
        int fd;           /* owned */
        char *name;       /* owned; NULL: none */
        struct net_address address;
};

struct net_server {
        struct loop *loop;
        const struct net_config *config; /* borrowed */
        struct tls_set *tls;             /* our reference; NULL: no TLS */
        struct list conns;               /* struct conn.link, in order of arrival */
        size_t n_conns;
        uint64_t last_id;
        struct counters addresses, accounts;
        struct list listeners; /* struct listener.link */
        struct list offered;   /* struct offered_fd.link */
        struct linger_set lingering;
        struct watch *clear; /* owned; the sockets of connections in the clear */
        char *scratch;       /* owned; CONN_INPUT_MAX octets, for what is received at once */
        int spare_fd;        /* given up for a moment to shed when descriptors run out; -1: gone */
        struct timer accept_again; /* set while accepting is suspended for want of descriptors */
        net_gate_fn *gate;         /* NULL: everybody may come in */
        void *gate_arg;
        bool accepting;
        struct complaint accept_failed, too_many, too_many_of_address;
        bool stopping;
        void (*stopped)(void *arg);
        void *stopped_arg;
        struct loop_job stopped_job;
};

/* Takes fd, an accepted socket: a connection is made of it, or it is told that we are busy. */
void net_server_admit(struct net_server *n, const struct net_service *service, int fd,
                      const struct net_address *peer);
/* Says `line` where that can be said in the clear, and closes. Takes fd. */
void net_server_refuse(struct net_server *n, const struct net_service *service, int fd,
                       const char *line);
/* Entered and left by conn.c. */
void net_server_add(struct net_server *n, struct conn *c);
void net_server_remove(struct net_server *n, struct conn *c);

#endif
