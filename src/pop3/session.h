/*
 * session.h — one client of the POP3 server.
 *
 *      AUTHORIZATION ─► TRANSACTION ─► UPDATE          RFC 1939 3
 *
 * Only QUIT in TRANSACTION leads to UPDATE, where the marked messages are
 * deleted in one transaction of the store. A connection that ends in any other
 * way, or a time-out, deletes nothing.
 */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "ahead.h"

#include "mailserver/auth/auth.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"
#include "mailserver/net/conn.h"
#include "mailserver/pop3/pop3.h"
#include "mailserver/store/store.h"

enum pop3_state {
        POP3_AUTHORIZATION = 1u << 0, /* who is it? */
        POP3_TRANSACTION = 1u << 1,   /* reading and marking */
        POP3_UPDATE = 1u << 2,        /* QUIT was said; deleting, then goodbye */
};

/* RFC 5034 4: lines of an AUTH exchange may be this long, CRLF included. */
enum { POP3_AUTH_LINE = 12288 };

struct pop3_server {
        const char *hostname;
        const struct pop3_config *config;
        struct auth *auth;
        struct store *store;
        int64_t ahead_ms;      /* how long what was read ahead is kept */
        size_t ahead_sessions; /* that hold any */
};

struct pop3_session {
        struct conn *conn;
        struct pop3_server *server;
        enum pop3_state state;
        bool busy;    /* a command is being carried out */
        bool waiting; /* the peer's time is running */
        bool utf8;    /* UTF8 was said: RFC 6856 2.1 */
        unsigned errors;
        char *stop_reason; /* owned; the server stops: after the command in hand */

        char *user;                     /* owned; USER was said, PASS is next */
        struct auth_exchange *exchange; /* owned */
        bool exchange_reads;            /* the next line is the exchange's */

        int64_t account;
        struct maildrop drop; /* in TRANSACTION */

        struct task *task; /* in flight, or NULL */
        void (*produce)(struct pop3_session *s);
        size_t cursor;      /* of LIST and UIDL: the next message */
        struct retr *retr;  /* owned; a message on its way out, between its tasks */
        struct timer retry; /* the store was busy in the middle of it */

        bool retrieving;                  /* there has been a RETR or TOP */
        struct pop3_request last_request; /* the last of them */
        struct pop3_ahead ahead;
        struct timer ahead_timer; /* it is forgotten then */

        /* for the log */
        int64_t retrieved_messages, retrieved_octets;
        const char *end; /* how it ended */
};

/* A line is wanted, or there is output to make: does all that can be done now. */
void pop3_session_run(struct pop3_session *s);
/* Forgets who was logging in: after STLS. */
void pop3_session_reset(struct pop3_session *s);
/* Frees a message on its way out: cmd_retr.c. */
void pop3_retr_free(struct retr *r);
/* Frees what was read ahead, if anything: cmd_retr.c. */
void pop3_ahead_forget(struct pop3_session *s);

#endif
