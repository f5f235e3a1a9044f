/*
 * conn.h — one client's connection: bytes in, bytes out, TLS, time-outs.
 *
 * A protocol gives a conn_handler; the connection calls it on the loop. Every
 * entry from the loop is enter … leave; conn_close and conn_abort only mark,
 * and the outermost leave frees: a handler may call either at any point and
 * go on using the connection until it returns.
 *
 * Input waits in a buffer of at most 64 KiB; then TCP pushes back. `ready` is
 * called when there is input to look at, when a budgeted session has its next
 * turn, when output has drained below low water, and after conn_resume.
 *
 *   opened ─► (ready | timed_out | tls_started | stopping)* ─► closed
 */
#ifndef MAILSERVER_NET_CONN_H
#define MAILSERVER_NET_CONN_H

#include "mailserver/core/buf.h"
#include "mailserver/net/address.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct loop;

struct conn_handler {
        const char *protocol; /* "smtp", "pop3": for logs and session list */
        /* Ready to be greeted (implicit TLS: after the handshake). Returns the session. */
        void *(*opened)(struct conn *c, void *service);
        void (*ready)(struct conn *c, void *session);
        /* The time given to conn_wait is over. Say goodbye and conn_close. */
        void (*timed_out)(struct conn *c, void *session);
        /* conn_start_tls has succeeded: forget all that was said in the clear. */
        void (*tls_started)(struct conn *c, void *session);
        /* The server stops, or an administrator kills the session: `reason` is for the peer.
         * Finish what is in flight, say goodbye, conn_close. */
        void (*stopping)(struct conn *c, void *session, const char *reason);
        /* Last call: free the session, cancel its tasks. */
        void (*closed)(struct conn *c, void *session);
        /* One word for session list: "data", "transaction". May be NULL. */
        const char *(*state)(const void *session);
        /* One word for session show: which of the known clients it is, or NULL. May be NULL. */
        const char *(*client)(const void *session);
        /* Logged in, and neither says nor waits for anything: it may be told to stop when the
         * account's next connection has no place. NULL: never. */
        bool (*idles)(const void *session);
};

/* ---- input ---- */

enum conn_input {
        CONN_LINE,     /* *ret_line holds a line, without its end                      */
        CONN_MORE,     /* nothing complete yet: return from ready                      */
        CONN_TOO_LONG, /* a line over the limit was discarded, to its end, in full     */
        CONN_EOF,      /* the peer sends no more and all lines were read: conn_close   */
};
/*
 * The next line, ended by CRLF or LF alone (*ret_bare: it was LF alone or held
 * a CR inside). Borrowed until the next call on the connection's input.
 * max_octets is without the line's end, and never more than the input buffer.
 * CONN_MORE too while output is above high water: nobody can make us answer
 * what he does not read.
 */
enum conn_input conn_read_line(struct conn *c, size_t max_octets, struct slice *ret_line,
                               bool *ret_bare);
/* What has arrived and is contiguous; empty if nothing. Borrowed as above. */
struct slice conn_peek(struct conn *c);
/* Drops n octets of it. */
void conn_consume(struct conn *c, size_t n);
/* The peer will send no more (half-closed); what it had sent may still be read. */
bool conn_eof(const struct conn *c);
/*
 * The turn's budget (commands and octets) of this connection. False: stop
 * reading now; `ready` is called again in the next turn. Call it once a command
 * with octets 0, or with the octets taken from a stream.
 */
bool conn_budget(struct conn *c, size_t octets);
/* Asks for `ready` in the next turn: after a task has answered. */
void conn_resume(struct conn *c);
/* Drops what was pipelined; its octets. */
size_t conn_discard_input(struct conn *c);

/* ---- output ---- */

void conn_write(struct conn *c, struct slice octets);
void conn_printf(struct conn *c, const char *fmt, ...) PRINTF(2, 3);
/* Without a copy; *octets is empty after, and may have kept its room for the next. */
void conn_write_take(struct conn *c, struct buf *octets);
/*
 * The session waits for something that comes soon, and will write more then: what is written stays
 * until conn_resume or conn_wait, so that replies to pipelined commands leave together.
 */
void conn_gather(struct conn *c);
/* Above high water: produce no more until `ready` is called. */
bool conn_output_full(struct conn *c);
/* Octets not yet taken by the kernel. */
size_t conn_output_waiting(const struct conn *c);

/* ---- time, TLS, end ---- */

/*
 * From now on the peer has this long until the next conn_wait or conn_wait_off;
 * then timed_out is called. A peer that does not take its output is cut off
 * without a word after stall_timeout, whatever was set here.
 */
void conn_wait(struct conn *c, int64_t ms);
/* We are working, the peer may wait as long as it takes. */
void conn_wait_off(struct conn *c);

/* TLS can be offered: there is a certificate and the connection is in the clear. */
bool conn_may_start_tls(const struct conn *c);
/* Sends what is written, then shakes hands. Pipelined plaintext was to be discarded before. */
void conn_start_tls(struct conn *c);
bool conn_is_tls(const struct conn *c);
/* "TLSv1.3", "TLS_AES_256_GCM_SHA384", bits; NULL without TLS. */
const char *conn_tls_version(const struct conn *c);
const char *conn_tls_cipher(const struct conn *c, int *ret_bits);
/*
 * Channel binding data for SASL -PLUS: *ret_type is "tls-exporter" (TLS 1.3,
 * RFC 9266) or "tls-unique" (1.2). ERR_NOTFOUND without TLS, and on 1.2 without
 * the extended master secret (RFC 7627), where it would bind to nothing.
 */
MUST_CHECK enum err conn_tls_binding(const struct conn *c, const char **ret_type,
                                     struct buf *ret_data);

/* Sends what is written (bounded by stall_timeout), then closes. Nothing more is read. */
void conn_close(struct conn *c);
/* Closes at once. */
void conn_abort(struct conn *c);
bool conn_closing(const struct conn *c);

/* ---- who it is ---- */

const char *conn_id(const struct conn *c); /* "1f3" */
struct loop *conn_loop(const struct conn *c);
const struct net_address *conn_peer(const struct conn *c);
const struct net_address *conn_local(const struct conn *c);
/* Pre-rendered text of the peer's IP. */
const char *conn_peer_text(const struct conn *c);
/*
 * Counts the connection against its account; where that is one too many, ends the account's
 * longest idle one (conn_handler.idles). ERR_LIMIT: it has max_connections_per_account, none of
 * them idle. Called again after STARTTLS resets: account 0 logs out.
 */
MUST_CHECK enum err conn_set_account(struct conn *c, int64_t account, struct slice name);
/* Remembers an event in the connection's ring of 32: `what` is a literal. */
void conn_note(struct conn *c, const char *what);

#endif
