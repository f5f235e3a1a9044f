/*
 * client.h — SMTP and LMTP spoken as the client: one connection, one message
 * after another.
 *
 *   new ─► greeting ─► EHLO ─► [STARTTLS ─► EHLO] ─► [AUTH] ─► ready
 *   ready ─► send(message) ─► sent: a reply for each recipient ─► ready …
 *   any state ─► failed: nothing more from this connection
 *
 * Uses what the other side offers: PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8,
 * SIZE, DSN. Never sends a bare CR or LF. Replies are bounded in lines and
 * octets (RFC 5321 4.5.3.1.5 and generously above); a reply that does not parse
 * fails the connection. Loop only.
 */
#ifndef MAILSERVER_SMTP_CLIENT_H
#define MAILSERVER_SMTP_CLIENT_H

#include "mailserver/core/conf.h"
#include "mailserver/net/client.h"

struct loop;
struct smtp_client;
struct store;

struct smtp_client_config {
        int64_t connect_timeout_ms, head_start_ms, stall_timeout_ms, tls_timeout_ms;
        int64_t greeting_timeout_ms, command_timeout_ms; /* RFC 5321 4.5.3.2 */
        int64_t data_timeout_ms, data_block_timeout_ms, data_end_timeout_ms;
        int64_t max_reply_lines, max_reply_line;
        int64_t max_scram_iterations;
        bool chunking; /* BDAT where it is offered */
};
extern const struct conf_table smtp_client_conf_table; /* "outbound.smtp" */

enum smtp_client_tls {
        SMTP_TLS_NONE,          /* never */
        SMTP_TLS_OPPORTUNISTIC, /* where offered, whatever the certificate; in the clear on another
                                 * connection (the caller's to make) when the handshake fails */
        SMTP_TLS_REQUIRED,      /* with verification as tls_params say, or not at all */
        SMTP_TLS_IMPLICIT,      /* from the first octet, verified as tls_params say */
};

struct smtp_client_params {
        const struct smtp_client_config *config; /* borrowed */
        struct net_client_params net;            /* addresses, source; its times are the config's */
        bool lmtp;                               /* RFC 2033: LHLO, a reply a recipient */
        const char *helo;                        /* our name */
        const char *own_name; /* who answers EHLO with it is ourselves; NULL: nobody is */
        enum smtp_client_tls tls;
        struct net_client_tls_params tls_params;
        const char *username, *password; /* AUTH PLAIN, LOGIN or SCRAM over TLS; NULL: none */
        struct store *store;             /* whose workers hash passwords; NULL: the loop does */
        const char *log_id;              /* for log lines */
};

/*
 * A reply as it came, its lines joined to one, controls and 8-bit octets escaped, at most 512
 * octets. Some are of our own making: a code 0, and what is known beforehand without sending
 * (552 5.3.4 larger than SIZE, 554 5.6.3 no 8BITMIME, 550 5.6.7 no SMTPUTF8).
 */
struct smtp_client_reply {
        int code;         /* 0: no reply (connection lost, time-out); `text` says why */
        char status[12];  /* enhanced: the peer's, or made from the code (RFC 3463) */
        const char *text; /* without the code: "5.1.1 No such user"; never NULL once set */
        bool ours;        /* nothing of it is the peer's */
        bool later;       /* a 5xx about the connection, not the mail: taken for temporary */
};
/* 2xx; 4xx, none or for later; 5xx. */
bool smtp_client_reply_good(const struct smtp_client_reply *r);
bool smtp_client_reply_permanent(const struct smtp_client_reply *r);

struct smtp_client_recipient {
        const char *address;
        const char *orcpt;  /* "rfc822;" and xtext, as RCPT has it; NULL: none */
        const char *notify; /* "SUCCESS,FAILURE", "NEVER"; NULL: not said */
        /* Set when `sent` is called; text NULL in `failed`: none of its own. Texts live until the
         * next smtp_client_send or the close. */
        struct smtp_client_reply reply;
};

/* A message to send; all of it borrowed until `sent` or `failed`. */
struct smtp_client_message {
        const char *sender; /* "" for <> */
        struct smtp_client_recipient *recipients;
        size_t n;
        int64_t size; /* of what `read` gives, exactly */
        bool eight_bit, smtputf8;
        const char *envid; /* xtext, as MAIL has it; NULL: none */
        const char *ret;   /* "FULL", "HDRS", NULL */
        /*
         * Asks for octets [offset, offset + max): the caller answers later, or at once, by
         * smtp_client_content. CRLF line ends.
         */
        void (*read)(void *owner, int64_t offset, size_t max);
};

struct smtp_client_handler {
        /* Greeted, TLS as asked, logged in: smtp_client_send may be called. */
        void (*ready)(void *owner);
        /* Every recipient's reply is set. Connection-wide trouble later on comes as failed. */
        void (*sent)(void *owner);
        /*
         * The connection is gone or useless: `reply` is the peer's (a 421, a 554 greeting, refused
         * EHLO or AUTH) or code 0 with the network's or TLS's words. `stage` is a word for people:
         * "connect", "tls" (STARTTLS refused or the handshake failed), "greeting", "ehlo", "auth",
         * "idle", "reset", "mail", "rcpt", "data", "content", "end of data". A message in hand was not
         * taken: for each recipient that has no reply of its own, this one holds. But with code 0 at
         * "end of data" it may have been. 554 5.4.6 of our own making: the server is ourselves. Once,
         * last; not after close.
         */
        void (*failed)(void *owner, const char *stage, const struct smtp_client_reply *reply);
};

struct smtp_client *smtp_client_new(struct loop *l, const struct smtp_client_params *params,
                                    const struct smtp_client_handler *handler, void *owner);
/* In state ready. */
void smtp_client_send(struct smtp_client *c, const struct smtp_client_message *message);
/* The octets asked for by message.read; takes them. `err`: the store failed: the connection is
 * closed in the middle, so that the peer takes nothing. */
void smtp_client_content(struct smtp_client *c, struct buf *octets, enum err err);
/* What the peer has offered, after ready. */
bool smtp_client_offers_8bitmime(const struct smtp_client *c);
bool smtp_client_offers_smtputf8(const struct smtp_client *c);
bool smtp_client_offers_dsn(const struct smtp_client *c);
int64_t smtp_client_max_size(const struct smtp_client *c); /* SIZE; 0: not said */
void smtp_client_tls_info(const struct smtp_client *c, struct net_client_tls *ret_tls);
const char *smtp_client_peer_text(const struct smtp_client *c);
/* QUIT (not waited for long), then gone; no callback after. NULL is fine. */
void smtp_client_close(struct smtp_client *c);

#endif
