/*
 * sink.h — what SMTP needs of the rest of the server, and nothing else of it.
 *
 * The protocol knows grammar and the order of commands. Whether a sender may
 * send, a recipient exists, and where a message goes is the sink's to say:
 * delivery implements these three questions. Each question is a struct with a
 * task inside; the sink fills in the task's class and submits it. `answered` is called
 * on the loop from the task's done, so cancelling the task is forgetting it.
 */
#ifndef MAILSERVER_SMTP_SINK_H
#define MAILSERVER_SMTP_SINK_H

#include "mailserver/core/buf.h"
#include "mailserver/core/task.h"

#include <stdint.h>

struct smtp_sink; /* the sink's own */
struct spool;

/* A reply: three digits, enhanced code, text (a literal or owned by the question). */
struct smtp_reply {
        int code;
        const char *enhanced; /* "5.1.1" */
        const char *text;
};
/* What SMTP answers when `err` is all that is known: the one table of it. Not for ERR_OK. */
struct smtp_reply smtp_reply_of(enum err err);

/* MAIL FROM of a logged-in account: may it send as this address? */
struct smtp_sender_check {
        struct task task; /* task.owner: the asker's */
        void *held;       /* the sink's own, from its call to drop */
        int64_t account;
        char *address;           /* "local@domain", unquoted; owned by the check */
        struct smtp_reply reply; /* code 250: yes */
        void (*answered)(struct smtp_sender_check *check);
};

struct smtp_rcpt_check {
        struct task task;
        void *held;              /* the sink's own, from its call to drop */
        int64_t account;         /* 0: nobody logged in (port 25) */
        uint64_t client;         /* net_address_key: whose share of the lanes it takes */
        char *address;           /* owned by the check; "postmaster" may stand alone */
        int64_t size;            /* announced by SIZE, or 0 */
        bool null_sender;        /* MAIL FROM:<> */
        size_t n_elsewhere;      /* of this transaction, accepted before: see `elsewhere` */
        unsigned notify;         /* as in smtp_recipient */
        char *orcpt;             /* likewise; owned by the check */
        struct smtp_reply reply; /* code 250: accepted */
        size_t elsewhere;        /* then: at how many addresses of other servers it ends */
        void (*answered)(struct smtp_rcpt_check *check);
};

struct smtp_recipient {
        struct smtp_recipient *next;
        char *address;
        char *orcpt;     /* ORCPT as it was given, "rfc822;" and xtext; NULL: none */
        unsigned notify; /* NOTIFY: enum store_queue_notify (store/queue.h); 0: not said */
};

/* A whole message with its envelope. The sink owns it from the call of `deliver` on. */
struct smtp_delivery {
        void *owner; /* the session; it sets NULL when it goes: answered is not called then */
        void (*answered)(struct smtp_delivery *d); /* loop; the session may read reply in it */
        struct smtp_reply reply;
        char reply_text[256]; /* room for a text of the sink's making */

        char id[32]; /* in Received, the 250, every log line */
        char connection_id[16];
        uint64_t client;                   /* as in smtp_rcpt_check */
        int64_t account;                   /* the submitter; 0 on port 25 */
        char *account_name;                /* owned; NULL on port 25 */
        char *sender;                      /* "" for <>; owned */
        struct smtp_recipient *recipients; /* owned, in order of RCPT */
        size_t n_recipients;
        size_t n_elsewhere; /* at so many addresses of other servers it ends, as RCPT was told */
        bool eight_bit, smtputf8; /* BODY=8BITMIME, SMTPUTF8 */
        unsigned ret; /* RET: one of enum store_queue_flag's (store/queue.h), or 0: not said */
        char *envid;  /* ENVID, xtext as it was given; owned; NULL: none */
        int64_t received_us;
        struct spool *spool;    /* owned; begins with our Received field */
        size_t received_length; /* of that field */
};

struct smtp_sink_ops {
        /* ERR_BUSY, ERR_FULL (the disk is low): the check is still the caller's. */
        enum err (*check_sender)(struct smtp_sink *sink, struct smtp_sender_check *check);
        enum err (*check_rcpt)(struct smtp_sink *sink, struct smtp_rcpt_check *check);
        /* Takes `d` and answers it, whatever happens, exactly once; perhaps from inside the call. */
        void (*deliver)(struct smtp_sink *sink, struct smtp_delivery *d);
        /* The disk is below its reserve: refuse at MAIL with 452 4.3.1. */
        bool (*disk_low)(struct smtp_sink *sink);
};

/* Frees a check or a delivery and what it owns; for the sink's drop functions. */
void smtp_sender_check_free(struct smtp_sender_check *check);
void smtp_rcpt_check_free(struct smtp_rcpt_check *check);
void smtp_recipients_free(struct smtp_recipient *first);
void smtp_delivery_free(struct smtp_delivery *d);

#endif
