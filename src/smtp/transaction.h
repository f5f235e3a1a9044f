/*
 * transaction.h — an envelope and its content, from MAIL to the last octet:
 * RFC 5321 3.3.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "data_reader.h"
#include "params.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/sink.h"

struct smtp_session;
struct spool;

enum smtp_content {
        SMTP_CONTENT_NONE,
        SMTP_CONTENT_DATA,
        SMTP_CONTENT_BDAT,
        SMTP_CONTENT_FAILED, /* a BDAT was refused: only RSET helps (RFC 3030 2) */
};

struct smtp_txn {
        char *sender; /* owned; "" for <> */
        char *envid;  /* owned; NULL: none */
        struct smtp_mail_params params;
        struct smtp_recipient *recipients, **last_recipient; /* owned */
        size_t n_recipients, n_elsewhere;                    /* as smtp_rcpt_check has it */

        enum smtp_content content;
        char id[TEXT_ID_SIZE];
        int64_t received_us;
        size_t received_length; /* of our Received field, which the spool begins with */
        struct spool *spool;    /* owned; NULL before the content, and after a fault */
        struct smtp_data_reader reader;
};

struct smtp_txn *smtp_txn_new(struct slice sender, const struct smtp_mail_params *params);
/* NULL is fine. */
void smtp_txn_free(struct smtp_txn *txn);
/* One that was accepted: takes what the check owns of it. */
void smtp_txn_add_rcpt(struct smtp_txn *txn, struct smtp_rcpt_check *check);
/*
 * DATA, or the first BDAT: the spool, and in it our Received field. `writable`
 * is spool_new's, called with the session.
 */
void smtp_txn_open(struct smtp_session *s, enum smtp_content content,
                   void (*writable)(void *session));
/* Octets of content; how many of them belong to it. */
size_t smtp_txn_feed(struct smtp_txn *txn, struct slice octets);
/* Is something wrong with the content so far? How to say it. */
bool smtp_txn_fault(const struct smtp_txn *txn, struct smtp_reply *ret_reply);
/* A BDAT was refused: what it and those before it brought is forgotten. */
void smtp_txn_fail(struct smtp_txn *txn);
/* The content is complete and faultless: a delivery, with all that the transaction owned. */
struct smtp_delivery *smtp_txn_take(struct smtp_session *s);

#endif
