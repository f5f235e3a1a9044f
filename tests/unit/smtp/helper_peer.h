/*
 * helper_peer.h — a client of SMTP, and a server for it that follows a script.
 *
 * Both share one thread: whoever waits turns the loop. A script has a mark and a
 * text on each line:
 *
 *   S: text   the server sends the line (CRLF added)
 *   S! text   the server sends the octets: \r \n \0 \xNN are understood, nothing is added
 *   C: text   the client's next line must be this
 *   C~ text   the client's next line must begin like this
 *   TLS       the server shakes hands; TLSFAIL: and does not succeed
 *   SEND      smtp_client_send of trial.message
 *   READY     turns until the client is ready
 *   DRAIN     the server reads up to a line that is a dot; its octets before that are counted
 *   QUIET     the client says nothing: a few turns bring no octet
 *   CLOSE     the server closes; EOF: the client must
 *   WAIT      turns until the client has failed; SENT: until the message is sent
 */
#ifndef HELPER_PEER_H
#define HELPER_PEER_H

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/smtp/client.h"

#include <check.h>
#include <openssl/ssl.h>

enum { PEER_RECIPIENTS = 8 };

struct trial {
        struct loop *loop;
        struct smtp_client_config config;
        struct smtp_client_params params; /* set before trial_connect */
        struct smtp_client *client;

        /* the server */
        int listener, fd;
        struct net_address address;
        SSL *ssl;
        struct buf in;
        bool eof;
        size_t drained;    /* by DRAIN */
        bool says_goodbye; /* close_notify before TLS is closed */
        bool trickle;      /* one octet at a time, with a turn of the loop after each */
        char sni[64];      /* what the client asked for */
        int tls_max;       /* the newest version the server knows; 0: all */
        int rsa_bits;      /* of its key; 0: an elliptic curve */

        /* the message; its content is `content` */
        struct smtp_client_message message;
        struct smtp_client_recipient recipients[PEER_RECIPIENTS];
        struct buf content;
        size_t piece;    /* the most that read gives; 0: what was asked for */
        bool read_later; /* answered in a later turn */
        bool read_fails;
        bool close_at_sent; /* smtp_client_close from within */
        bool close_at_read;
        struct loop_job job;
        int64_t read_offset;
        size_t read_max;

        /* what the owner has been told */
        unsigned ready, sent, failed, reads;
        char stage[32];
        struct smtp_client_reply failure;
        char failure_text[600];
};

void trial_open(struct trial *t);
void trial_close(struct trial *t);
/* Sender, recipients (as many as are not NULL) and content of the message. */
void trial_message(struct trial *t, const char *sender, const char *const *recipients,
                   const char *content);
void trial_connect(struct trial *t);
void trial_run(struct trial *t, const char *script);
void trial_turn(struct trial *t);
/* The text of the failure holds `words`. */
void trial_expect_failure(struct trial *t, const char *stage, int code, const char *status,
                          const char *words);
void trial_expect_reply(struct trial *t, size_t recipient, int code, const char *status,
                        const char *text);

int run_client_suite(Suite *s);

#endif
