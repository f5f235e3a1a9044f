/*
 * server.h — all listeners and all connections of the process.
 *
 * Sockets are opened (or taken from systemd) first, privileges dropped by the
 * caller, then accepting starts. Limits are checked at accept, before a byte of
 * TLS is spent: a refused client gets one line of its protocol where that is
 * possible in the clear, and is closed.
 */
#ifndef MAILSERVER_NET_SERVER_H
#define MAILSERVER_NET_SERVER_H

#include "mailserver/core/conf.h"
#include "mailserver/net/conn.h"
#include "mailserver/net/tls.h"

struct net_server;

struct net_config {
        int64_t max_connections;
        int64_t max_connections_per_address; /* IPv6: per /64; loopback is exempt */
        int64_t max_connections_per_account;
        int64_t stall_timeout_ms;     /* no octet of waiting output taken for so long */
        int64_t handshake_timeout_ms; /* TLS handshake */
        int64_t keep_alive_ms;        /* without traffic, until the kernel asks; 0: never */
        int64_t dead_timeout_ms;      /* nothing acknowledged for so long; 0: the kernel's own */
        int64_t high_water;           /* octets of output waiting before a producer pauses */
        int64_t compress_window;      /* bits, of what is written: RFC 4978 */
        int64_t compress_memory;      /* zlib's memory level */
        int64_t compress_level;       /* 1 fast, 9 small */
        int64_t compress_rest_ms;     /* without traffic, until its memory is given back */
};
extern const struct conf_table net_conf_table; /* "connections" */

struct net_listen_config {
        struct conf_ports port;
        struct conf_strings address; /* empty: every address, IPv4 and IPv6 */
};

/* A service of the card: one protocol at some ports. */
struct net_service {
        const char *name; /* IANA: "submissions" */
        const struct conn_handler *handler;
        void *context; /* given to handler->opened */
        bool implicit_tls;
        bool tls_tickets;
        /* What a client over a limit is told in the clear, CRLF included: "421 4.3.2 …". */
        const char *busy_line;
        /* What one whom the gate keeps out is told, likewise. */
        const char *refused_line;
        bool gated; /* the gate is asked: net_server_set_gate */
        struct net_listen_config listen;
};

/* Borrows both. SIGPIPE is ignored in this process from here on. */
struct net_server *net_server_new(struct loop *l, const struct net_config *config);
void net_server_free(struct net_server *n);
/* New limits, after a reload; borrowed until the next call. */
void net_server_set_config(struct net_server *n, const struct net_config *config);
/*
 * `refuses` is asked at accept by each service that is `gated`: true keeps the peer out, before
 * a byte of TLS is spent on it.
 */
typedef bool net_gate_fn(void *arg, const struct net_address *peer);
void net_server_set_gate(struct net_server *n, net_gate_fn *refuses, void *arg);
/* Takes its own reference. NULL: no TLS. New connections use it, old ones keep theirs. */
void net_server_set_tls(struct net_server *n, struct tls_set *set);

/*
 * Opens the service's sockets (borrowed until free). A socket handed over by
 * systemd on the same port, or with the service's name (FileDescriptorName=),
 * is taken instead of a new one. ERR_EXISTS: address in use; ERR_DENIED: low
 * port without the privilege; *reterr says which and what to do.
 */
MUST_CHECK enum err net_server_listen(struct net_server *n, const struct net_service *service,
                                      struct error *reterr);
/* Offers a socket passed by systemd: call before net_server_listen. `name` may be NULL. */
void net_server_offer_fd(struct net_server *n, int fd, const char *name);
/* "smtp 127.0.0.1 40123" a line, the ports as they are: written to data_dir/ports. */
void net_server_print_ports(struct net_server *n, struct buf *out);
/* Begins to accept. */
void net_server_start(struct net_server *n);
/* Stops accepting and tells every connection; `stopped` is called when the last has closed. */
void net_server_stop(struct net_server *n, const char *reason, void (*stopped)(void *arg),
                     void *arg);
/* Closes what is left at once. */
void net_server_abort_all(struct net_server *n);

/* ---- for session list, show, kill and status ---- */

size_t net_server_connections(const struct net_server *n);
/* Calls fn for every connection. */
void net_server_each(struct net_server *n, void (*fn)(struct conn *c, void *arg), void *arg);
struct conn *net_server_find(struct net_server *n, const char *id);
/* Ends the sessions of an account (account 0: none); how many. */
size_t net_server_kill_account(struct net_server *n, int64_t account, const char *reason);
/* Tells the session to stop; said again, closes at once. */
void conn_kill(struct conn *c, const char *reason);
/* For a line of session list. */
struct conn_info {
        const char *id, *protocol, *service, *peer, *account, *state, *tls, *client;
        int64_t opened_us; /* since 1970 */
        int64_t idle_ms, octets_in, octets_out;
};
void conn_describe(struct conn *c, struct conn_info *ret_info);
/* The ring: a line an event, milliseconds since open first. */
void conn_print_notes(struct conn *c, struct buf *out);

#endif
