/*
 * session.h — one client of SMTP.
 *
 *   COMMAND ─► WAITING ─► COMMAND          a question is out: sink, auth
 *           ─► AUTH ⇄ WAITING ─► COMMAND   challenges and answers
 *           ─► DATA | BDAT ─► STORING ─► COMMAND
 *           ─► TLS ─► COMMAND              everything forgotten
 *           ─► CLOSING
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "server.h"
#include "transaction.h"

#include "mailserver/smtp/sink.h"

struct auth_exchange;
struct smtp_command;

enum smtp_state {
        SMTP_STATE_COMMAND, /* the next line is a command                               */
        SMTP_STATE_WAITING, /* a question is out; input waits                           */
        SMTP_STATE_AUTH,    /* the next line answers a challenge                        */
        SMTP_STATE_DATA,    /* octets up to CRLF.CRLF                                   */
        SMTP_STATE_BDAT,    /* chunk.left octets                                        */
        SMTP_STATE_STORING, /* the message is complete: finishing its spool, delivering */
        SMTP_STATE_TLS,     /* shaking hands                                            */
        SMTP_STATE_CLOSING, /* the last reply is written                                */
};

/* The chunk of BDAT being read; it is read to its end whatever happens. */
struct smtp_chunk {
        int64_t left, size;
        bool last;
        const struct smtp_reply *refusal; /* why its octets are dropped; NULL: they are not */
};

struct smtp_session {
        struct conn *conn;
        struct smtp_service *service;
        enum smtp_state state;

        char *helo;    /* owned; NULL before HELO or EHLO */
        bool extended; /* it was EHLO */
        int64_t account;
        char *account_name; /* owned; NULL before AUTH */

        struct smtp_txn *txn; /* owned; NULL outside MAIL … */
        struct smtp_chunk chunk;
        size_t progress; /* octets of content since the time-out was armed */

        /* What is out; at most one. */
        struct task *check;             /* the sink's; cancelled when we go */
        struct auth_exchange *exchange; /* owned */
        struct smtp_delivery *delivery; /* the sink's; told when we go */

        int64_t messages;           /* MAIL commands accepted */
        int64_t errors;             /* 5xx since the last message */
        int64_t unknown_recipients; /* 550 5.1.1 */
        char *stop_reason;          /* owned; not NULL: 421 once the delivery is answered */
};

static inline struct smtp_server *smtp_session_server(const struct smtp_session *s)
{
        return s->service->server;
}
static inline const struct smtp_config *smtp_session_config(const struct smtp_session *s)
{
        return s->service->server->config;
}

/* RSET, EHLO: RFC 5321 4.1.1.5. */
void smtp_session_reset(struct smtp_session *s);
/* The peer's next line, or 4 KiB of content, has its time from now on. */
void smtp_session_wait(struct smtp_session *s);

/* ---- content.c ---- */

/* After 354. */
void smtp_content_data(struct smtp_session *s);
/* After BDAT: s->chunk says what comes. */
void smtp_content_chunk(struct smtp_session *s);
/* In those states: reads what is there. True: there may be more to do. */
bool smtp_content_ready(struct smtp_session *s);

#endif
