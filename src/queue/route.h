/*
 * route.h — which way mail for a domain takes, by the administrator's word:
 * to a smarthost, handed on by LMTP, or by MX as everybody's. Pure.
 */
#ifndef QUEUE_ROUTE_H
#define QUEUE_ROUTE_H

#include "destination.h"

#include "mailserver/queue/queue.h"

enum queue_protocol { QUEUE_SMTP, QUEUE_LMTP };
enum queue_route_tls {
        QUEUE_TLS_OPPORTUNISTIC,
        QUEUE_TLS_REQUIRED,
        QUEUE_TLS_IMPLICIT,
        QUEUE_TLS_NONE
};

/* queue.routes, one group. */
struct queue_route_config {
        struct conf_strings domains; /* "example.org", ".example.org" and all below, "*" */
        char *host;                  /* NULL: by MX; only source and helo are of this route */
        int64_t port;
        int protocol, tls;
        char *username, *password_file;
        struct conf_strings source; /* an IPv4 and an IPv6 address at most */
        char *helo;
};
/* queue.tls, one group. */
struct queue_tls_config {
        struct conf_strings domains;
        int mode; /* enum destination_override, without the first */
};

/* The index of the first route that names the domain; -1: by MX, with nothing special. */
int route_find(const struct queue_config *config, const char *domain);
enum destination_override route_tls_override(const struct queue_config *config, const char *domain);
/* "*" names all, ".example.org" what is below it, "example.org" itself; ASCII case ignored, and
 * whether letters beyond ASCII are written as such or in A-labels (RFC 5890 2.3.2.1). */
bool route_names(const struct conf_strings *patterns, const char *domain);

#endif
