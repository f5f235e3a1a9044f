/*
 * helper_net.h — a server with a small line protocol, and clients for it.
 *
 * Server and clients share one thread: a client that waits for something turns
 * the loop meanwhile. The protocol answers each line with "=line" ("~line" when
 * it did not end in CRLF alone), and a line over LINE_LIMIT with "!"; words
 * with a meaning:
 *
 *   QUIT        "bye", then closes        ABORT   closes at once
 *   END ALL     closes all connections at once
 *   STARTTLS    "go", then TLS            WAIT n  conn_wait(n)
 *   COMPRESS    "go", then compression    PLAIN   "clear", then none any more
 *   MANY n      n chunks of CHUNK octets, pulled as output drains, then "done"
 *   DATA n      takes n octets as a stream, then "got n"
 *   HOLD        answers nothing more until release() (a task in flight)
 *   GATHER      the same, and what was answered before waits for it
 */
#ifndef HELPER_NET_H
#define HELPER_NET_H

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/net/server.h"

#include <check.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum { LINE_LIMIT = 100 };
#define CHUNK ((size_t)8192)

struct session;
struct fixture {
        struct loop *loop;
        struct net_config config;
        struct net_service service;
        struct net_server *server;
        uint16_t ports[1];
        char *addresses[1];
        uint16_t port; /* as the kernel chose it */
        struct buf ports_text;

        /* what the sessions have seen, all of them together */
        unsigned opened, closed, timed_out, tls_started, stopping, readies, lines;
        unsigned most_lines_a_ready;
        char stop_reason[64];
        struct conn *conn;       /* the last one opened; NULL once closed */
        struct session *session; /* its session */
        bool stopped;
        bool evictable; /* sessions that are not held may be ended for a newer one */
};

struct client {
        struct fixture *f;
        int fd;
        SSL *ssl;
        struct buf in;
        bool eof;
};

/* Listens on 127.0.0.1 with generous limits. `implicit_tls` needs net_server_set_tls. */
void fixture_open(struct fixture *f, bool implicit_tls);
void fixture_close(struct fixture *f);
/* Turns the loop once; waits at most a moment for something to happen. */
void turn(struct fixture *f);
/* Turns the loop until `condition` holds; a test's time limit ends it otherwise. */
#define turn_until(f, condition)                                                                   \
        do {                                                                                       \
                turn(f);                                                                           \
        } while (!(condition))
/* A connection in the clear, of which nothing waits to be read or sent: it has no buffers. */
bool holds_nothing(const struct conn *c);
/* What was held goes on. */
void release(struct fixture *f);

struct client client_connect(struct fixture *f);
void client_close(struct client *c);
/* All of it, turning the loop while the socket is full. */
void client_send(struct client *c, struct slice octets);
void client_say(struct client *c, const char *text);
/* Reads what is there; false when nothing was. */
bool client_read(struct client *c);
/* Reads until the answers received begin with `text`, and drops it. */
void client_expect(struct client *c, const char *text);
/* Reads until the server closes; nothing but `rest` came before. */
void client_expect_close(struct client *c, const char *rest);
/* Shakes hands; false when it fails. `host` NULL: no SNI. */
bool client_tls(struct client *c, SSL_CTX *ctx, const char *host);
bool client_tls_resume(struct client *c, SSL_CTX *ctx, SSL_SESSION *session);

int run_suite(Suite *s);

#endif
