/*
 * client_impl.h — struct smtp_client, shared by the client*.c files.
 *
 *   client.c           life, lines to replies, time-outs, failure
 *   client_steps.c     the table of states
 *   client_hello.c     greeting, EHLO, STARTTLS
 *   client_auth.c      AUTH
 *   client_scram.c     SCRAM-SHA-256
 *   client_send.c      a message begins and ends; RSET; who gets which reply
 *   client_envelope.c  MAIL and RCPT, one by one or in a group
 *   client_content.c   DATA and BDAT
 *   client_reply.c, client_offer.c, client_dots.c   pure
 */
#ifndef SMTP_CLIENT_IMPL_H
#define SMTP_CLIENT_IMPL_H

#include "client_dots.h"
#include "client_offer.h"
#include "client_reply.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/loop.h"
#include "mailserver/smtp/client.h"

enum { SMTP_CLIENT_CHUNK = 64 << 10 }; /* of content, asked for at a time; a BDAT */

struct smtp_client_auth;

enum smtp_client_state {
        SMTP_CLIENT_CONNECT,  /* no connection yet                                     */
        SMTP_CLIENT_TLS,      /* shaking hands                                         */
        SMTP_CLIENT_GREETING, /* the server speaks first                               */
        SMTP_CLIENT_EHLO,     /* or LHLO; again after TLS                              */
        SMTP_CLIENT_HELO,     /* EHLO was not understood                               */
        SMTP_CLIENT_STARTTLS,
        SMTP_CLIENT_AUTH,
        SMTP_CLIENT_READY,   /* nothing is to come: a message may be sent              */
        SMTP_CLIENT_RESET,   /* RSET: the transaction before was not completed         */
        SMTP_CLIENT_MAIL,    /* its reply is awaited; more may have been sent          */
        SMTP_CLIENT_RCPT,    /* that of message.reply_rcpt is awaited                  */
        SMTP_CLIENT_DATA,    /* 354 is awaited                                         */
        SMTP_CLIENT_CONTENT, /* octets are leaving; replies to BDAT may come           */
        SMTP_CLIENT_END,     /* all has left: the reply, or for LMTP the replies       */
};

/* One state of the script. */
struct smtp_client_step {
        const char *stage;  /* for people: "greeting" */
        const char *phrase; /* "no answer to …", for time-outs and lost connections */
        size_t timeout;     /* offset of the time in smtp_client_config; 0: none */
        void (*send)(struct smtp_client *c);
        void (*on_reply)(struct smtp_client *c, const struct smtp_client_reply *reply);
};
extern const struct smtp_client_step smtp_client_steps[];

enum smtp_client_rcpt {
        SMTP_CLIENT_RCPT_OPEN,     /* not answered yet                                      */
        SMTP_CLIENT_RCPT_UNSENT,   /* refused by us: it has its reply and is left out       */
        SMTP_CLIENT_RCPT_REFUSED,  /* it has its reply                                      */
        SMTP_CLIENT_RCPT_ACCEPTED, /* its reply is that to the content                      */
};

/* The message in hand. */
struct smtp_client_transfer {
        const struct smtp_client_message *message; /* NULL: none */
        enum smtp_client_rcpt *rcpts;              /* in c->arena */
        size_t next_rcpt;                          /* to be written */
        size_t reply_rcpt;                         /* whose reply comes next */
        size_t accepted;
        bool mail_answered, mail_refused;
        struct smtp_client_reply mail_reply; /* when refused */
        bool utf8;                           /* MAIL had SMTPUTF8 */
        bool data_sent;                      /* with the envelope's group */

        bool bdat;
        struct smtp_client_dots dots;
        int64_t offset;    /* of the content, asked for and got */
        bool reading;      /* message->read has been called and not been answered */
        bool pumping;      /* inside smtp_client_content_pump */
        bool all_sent;     /* the final dot, or LAST */
        bool completed;    /* and answered: the transaction is over */
        size_t chunks_out; /* BDAT commands without a reply yet */
        bool chunk_refused;
        struct smtp_client_reply chunk_reply; /* the first that was not 250 */
        size_t next_lmtp;                     /* whose reply comes next at the end */
};

struct smtp_client {
        struct loop *loop;
        struct net_client *net; /* owned */
        const struct smtp_client_handler *handler;
        void *owner;
        const struct smtp_client_config *config; /* borrowed */
        struct store *store;                     /* borrowed; NULL: what takes long is done here */
        unsigned depth;                          /* of smtp_client_enter */
        bool closed;                             /* by the owner: the outermost leave frees */
        bool gone;                               /* failed has been called, or will be by the job */
        bool polite;                             /* the server listens still: QUIT at the end */
        struct loop_job job;

        enum smtp_client_state state;
        enum smtp_client_tls tls_mode;
        bool lmtp, secure;                         /* secure: TLS stands */
        char *own_name;                            /* owned; NULL: any name is another's */
        bool is_us;                                /* the last answer to EHLO or HELO had it */
        char *helo, *username, *password, *log_id; /* owned; may be NULL but for helo */
        struct net_client_tls_params tls;          /* with copies in params_arena */
        struct arena params_arena;

        char ehlo_refusal[SMTP_CLIENT_TEXT / 2]; /* why HELO is tried; "": it is not */

        struct smtp_client_offer offer;
        struct smtp_client_auth *auth; /* owned; NULL outside AUTH */
        unsigned auth_excluded;        /* mechanisms that were tried in vain */
        struct smtp_client_reader reader;
        bool needs_reset; /* the last transaction was left open */

        struct smtp_client_transfer transfer;
        struct arena arena; /* replies and marks of the message in hand or just sent */
};

/* ---- client.c ---- */

void smtp_client_enter(struct smtp_client *c);
/* May free: the last thing a callback does with it. */
void smtp_client_leave(struct smtp_client *c);
/* The only writer of c->state: sends what the state sends and gives the server its time. */
void smtp_client_step(struct smtp_client *c, enum smtp_client_state state);
/* The server has the state's time from now on. */
void smtp_client_await(struct smtp_client *c);
void smtp_client_line(struct smtp_client *c, const char *fmt, ...) PRINTF(2, 3);
/* The end of the connection, by the server's reply, */
void smtp_client_fail_reply(struct smtp_client *c, const struct smtp_client_reply *reply);
/* or for our reasons: status "4.4.2", and words. */
void smtp_client_fail(struct smtp_client *c, const char *status, const char *fmt, ...) PRINTF(3, 4);
/* A reply that makes no sense here. */
void smtp_client_fail_protocol(struct smtp_client *c, const struct smtp_client_reply *reply);
static inline int smtp_client_class(const struct smtp_client_reply *reply)
{
        return reply->code / 100;
}

/* ---- client_hello.c ---- */

void smtp_client_send_hello(struct smtp_client *c);
/* The first line of an answer to EHLO or HELO: whose name is it? */
void smtp_client_hear_name(struct smtp_client *c, struct slice line);
void smtp_client_send_helo(struct smtp_client *c);
void smtp_client_send_starttls(struct smtp_client *c);
void smtp_client_on_greeting(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_hello(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_helo(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_starttls(struct smtp_client *c, const struct smtp_client_reply *reply);
/* Logged in, or nothing to log in with. */
void smtp_client_be_ready(struct smtp_client *c);

/* ---- client_auth.c ---- */

void smtp_client_send_auth(struct smtp_client *c);
void smtp_client_on_auth(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_auth_free(struct smtp_client_auth *a);

/* ---- client_send.c ---- */

void smtp_client_send_rset(struct smtp_client *c);
void smtp_client_on_rset(struct smtp_client *c, const struct smtp_client_reply *reply);
/* A copy that lives until the next message. */
struct smtp_client_reply smtp_client_keep(struct smtp_client *c,
                                          const struct smtp_client_reply *reply);
/* A reply of our own making. */
struct smtp_client_reply smtp_client_own_reply(struct smtp_client *c, int code, const char *status,
                                               const char *fmt, ...) PRINTF(4, 5);
/* Gives all accepted recipients this reply, NULL: they have theirs; and calls sent. */
void smtp_client_finish(struct smtp_client *c, const struct smtp_client_reply *reply);

/* ---- client_envelope.c ---- */

void smtp_client_send_mail(struct smtp_client *c);
void smtp_client_on_mail(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_rcpt(struct smtp_client *c, const struct smtp_client_reply *reply);
/* Writes what may be written of the envelope. */
void smtp_client_envelope_pump(struct smtp_client *c);
/* ERR_SYNTAX: the address cannot be said in SMTP. */
MUST_CHECK enum err smtp_client_path(const char *address, struct buf *out);

/* ---- client_content.c ---- */

void smtp_client_send_data(struct smtp_client *c);
void smtp_client_on_data(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_content(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_on_end(struct smtp_client *c, const struct smtp_client_reply *reply);
void smtp_client_content_pump(struct smtp_client *c);

#endif
