/*
 * client.h — a connection that we make: to a mail server elsewhere.
 *
 * The mirror of conn.h: bytes in lines, bytes out, TLS as the client, time-outs;
 * the same ceilings. Addresses are tried in order with a short head start for
 * each (RFC 8305), the first that connects wins. Loop only; handlers may close
 * at any point; the outermost leave frees.
 *
 *   connected ─► (ready | tls_started | timed_out)* ─► closed
 */
#ifndef MAILSERVER_NET_CLIENT_H
#define MAILSERVER_NET_CLIENT_H

#include "mailserver/core/buf.h"
#include "mailserver/net/address.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct net_client;

struct net_client_handler {
        /* TCP is there (for implicit TLS: nothing is shaken yet); net_client_peer says where. */
        void (*connected)(struct net_client *c, void *owner);
        /* Input to look at, or output has drained below low water. */
        void (*ready)(struct net_client *c, void *owner);
        /* net_client_start_tls has ended well; net_client_tls says how well. */
        void (*tls_started)(struct net_client *c, void *owner);
        /* The time given to net_client_wait is over. */
        void (*timed_out)(struct net_client *c, void *owner);
        /* Last call: refused, reset, closed by the peer, TLS failed: `why` is for reports
         * ("connection refused"), errno-like details in it. Not called after net_client_close,
         * which is still to be called. */
        void (*closed)(struct net_client *c, void *owner, const char *why);
};

struct net_client_params {
        const struct net_address *addresses; /* with ports; copied */
        size_t n;
        const struct net_address *source; /* array of 0 to 2 (one of each family); copied */
        size_t n_sources;
        int64_t connect_timeout_ms; /* of all addresses together */
        int64_t head_start_ms;      /* before the next address is tried beside */
        int64_t stall_timeout_ms;   /* no octet of waiting output taken for so long */
};
struct net_client *net_client_new(struct loop *l, const struct net_client_params *params,
                                  const struct net_client_handler *handler, void *owner);
/* At once; no callback after; frees, when the handler it was called from has returned. NULL is
 * fine. */
void net_client_close(struct net_client *c);
/* The same; before that the octets and TLS's goodbye are sent as far as they go without waiting. */
void net_client_close_with(struct net_client *c, struct slice last_words);

enum net_client_input { NET_CLIENT_LINE, NET_CLIENT_MORE, NET_CLIENT_TOO_LONG };
/* The next line without its end (CRLF or LF); borrowed until the next call. TOO_LONG: the peer is
 * over max_octets; close. */
enum net_client_input net_client_read_line(struct net_client *c, size_t max_octets,
                                           struct slice *ret_line);
void net_client_write(struct net_client *c, struct slice octets);
void net_client_write_take(struct net_client *c, struct buf *octets);
/* Above high water: produce no more until `ready`. */
bool net_client_output_full(struct net_client *c);
void net_client_wait(struct net_client *c, int64_t ms);
void net_client_wait_off(struct net_client *c);
/* Octets that came and were not read: none may be left when STARTTLS begins (RFC 3207 6). */
size_t net_client_discard_input(struct net_client *c);

/* ---- TLS: what is asked of the other side's certificate ---- */

enum net_client_verify {
        NET_VERIFY_NONE, /* opportunistic: any certificate; what it was is told */
        NET_VERIFY_PKIX, /* a chain to the system's (or given) roots, and one of the names */
        NET_VERIFY_DANE, /* RFC 7672: TLSA records, usages 2 and 3 */
};
struct net_client_tlsa {
        uint8_t usage, selector, matching;
        struct slice data;
};
struct net_client_tls_params {
        enum net_client_verify verify;
        const char *sni;          /* and, for PKIX and DANE-TA, the first reference name */
        const char *const *names; /* further reference names; NULL-terminated; may be NULL */
        const struct net_client_tlsa *tlsa;
        size_t n_tlsa;
        const char *ca_file; /* NULL: the system's roots */
        int64_t timeout_ms;
};
struct net_client_tls {
        const char *version, *cipher; /* "TLSv1.3"; NULL: no TLS */
        bool verified;   /* as asked; with NONE: whether PKIX would have been content */
        const char *how; /* "dane-ee", "dane-ta", "pkix", "unverified" */
};
/* Ends in tls_started, or in closed with the reason (the verify error's words for DANE and PKIX). */
void net_client_start_tls(struct net_client *c, const struct net_client_tls_params *params);
void net_client_tls(const struct net_client *c, struct net_client_tls *ret_tls);
/*
 * Usable TLSA records (RFC 7672 3.1): known usage 2 or 3, selector, matching type and a digest of
 * the right length. Pure; false for a zero-length or unknown one.
 */
bool net_client_tlsa_usable(const struct net_client_tlsa *tlsa);

/*
 * What PKIX trusts, of a file or (NULL) the system's. Reading takes some 30 ms: connections do it
 * on the loop, unless what a worker has read is kept for them; they use it for an hour.
 */
struct net_client_roots;
/* Any thread; blocks. NULL: they cannot be read. */
struct net_client_roots *net_client_roots_read(const char *ca_file);
/* Takes them, in place of those of the same file. */
void net_client_roots_keep(struct net_client_roots *roots, struct loop *l);
void net_client_roots_free(struct net_client_roots *roots); /* not kept; NULL is fine */

const struct net_address *net_client_peer(const struct net_client *c);
const char *net_client_peer_text(const struct net_client *c);

#endif
