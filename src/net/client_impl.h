/*
 * client_impl.h — struct net_client, shared by the client*.c files.
 *
 *   client.c          life: enter and leave, events, time-outs
 *   client_io.c       lines, output, high and low water, stalls
 *   client_connect.c  which address answers first
 *   client_tls.c      the handshake
 *   client_verify.c   what is asked of a certificate, and why it was not enough
 *   client_context.c  OpenSSL's contexts, with the roots we trust
 *
 *   CONNECTING ─► OPEN ─► SHAKING ─► OPEN
 *   any ─► DEAD: closed has been called, or is about to be
 */
#ifndef NET_CLIENT_IMPL_H
#define NET_CLIENT_IMPL_H

#include "mailserver/core/loop.h"
#include "mailserver/net/client.h"

#include <event2/buffer.h>
#include <openssl/ssl.h>

enum {
        CLIENT_INPUT_MAX = 64 << 10,  /* reading pauses here; a record of TLS may come on top */
        CLIENT_HIGH_WATER = 64 << 10, /* of output */
        CLIENT_LOW_WATER = CLIENT_HIGH_WATER / 4,
        CLIENT_TAKE_OCTETS = 4 << 10, /* below this, copying is cheaper than a reference */
        CLIENT_STALL_PROBES = 4,      /* looks at waiting output within one stall time-out */
        CLIENT_WHY = 512,
};

/* RFC 7218 2.1. */
enum { CLIENT_DANE_TA = 2, CLIENT_DANE_EE = 3 };

enum client_phase { CLIENT_CONNECTING, CLIENT_OPEN, CLIENT_SHAKING, CLIENT_DEAD };

/* An address that has been asked and has not answered yet. */
struct client_attempt {
        struct net_client *client;
        const struct net_address *address;
        struct event *event; /* owned; NULL: not under way */
        int fd;              /* owned */
};

struct net_client {
        struct loop *loop;
        const struct net_client_handler *handler;
        void *owner;
        enum client_phase phase;
        unsigned depth; /* of client_enter */
        bool closed;    /* by the owner: no callback any more, and the outermost leave frees */

        struct net_address *addresses;   /* owned */
        struct client_attempt *attempts; /* owned; one for each address */
        size_t n, next, n_trying;        /* next: the address that has its turn */
        struct net_address sources[2];
        size_t n_sources;
        int64_t head_start_ms, stall_timeout_ms;
        const struct net_address *peer; /* one of addresses; NULL before connected */
        char peer_text[NET_ADDRESS_TEXT];

        struct bufferevent *bev; /* owned, and with it the socket and the SSL; NULL: none yet */
        uint32_t searched;       /* see bev_find_line_end */
        size_t line_octets;      /* of the line last read: dropped by the next read */
        bool want_drain;         /* a producer waits for low water */
        bool reading;            /* libevent reads */

        struct timer timer;      /* connecting, net_client_wait, the handshake */
        struct timer head_start; /* of the addresses asked so far */
        struct timer stall;
        uint64_t octets_out, taken_mark; /* all written; what of it had left at progress_ms */
        int64_t progress_ms;
        struct loop_job job; /* begins, or tells of a failure */

        bool tls; /* handshake done */
        enum net_client_verify verify;
        bool named;           /* there are names a certificate can be compared with */
        char wanted[256];     /* the first of them, for words */
        char verify_why[256]; /* what OpenSSL's verification disliked first; "" */
        char why[CLIENT_WHY]; /* for closed, while the job waits; reasons of addresses before */
};

void client_enter(struct net_client *c);
/* May free: the last thing a callback does with it. */
void client_leave(struct net_client *c);
/* Gives the bufferevent our callbacks and lets it run. Takes bev. */
void client_attach(struct net_client *c, struct bufferevent *bev);
/* DEAD, and tells the owner: now (inside enter), or in the next turn. `why` may be c->why. */
void client_fail(struct net_client *c, const char *why);
void client_fail_later(struct net_client *c, const char *why);
void client_deadline(struct net_client *c, int64_t ms);
/* ---- client_io.c ---- */

void client_adjust_reading(struct net_client *c);
size_t client_output_waiting(const struct net_client *c);

/* ---- client_connect.c ---- */

void client_connect_begin(struct net_client *c);
/* The time for all of them is over. */
void client_connect_timed_out(struct net_client *c);
/* Lets go of the addresses that have not answered. */
void client_connect_stop(struct net_client *c);

/* ---- client_tls.c ---- */

void client_tls_connected(struct net_client *c);
/* `reason` NULL: what OpenSSL says. */
void client_tls_failed(struct net_client *c, const char *reason);
/* Moves what has arrived on a connection that cannot be written to any more; false: nothing. */
bool client_tls_drain(struct net_client *c, struct evbuffer *in);
/* The octets, if none wait before them, and close_notify; as far as the kernel takes them. */
void client_tls_goodbye(struct net_client *c, struct slice last_words);

/* ---- client_verify.c ---- */

/* SNI, names, TLSA records, roots. ERR_SYNTAX, with the reason in *reterr: nothing could pass. */
MUST_CHECK enum err client_verify_prepare(struct net_client *c, SSL *ssl,
                                          const struct net_client_tls_params *params,
                                          struct error *reterr);

/* ---- client_context.c ---- */

/* Borrowed: take a reference by SSL_new. NULL: the file of roots cannot be read. */
SSL_CTX *client_context(const char *ca_file, int64_t now_ms);

#endif
