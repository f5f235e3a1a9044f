/*
 * helper_session.h — an SMTP session without a network, a store or a clock.
 *
 * Stands in for conn.h, auth.h, spool.h and the sink: what the client sends is
 * put into a buffer, what the session says is taken out of another, and questions
 * are answered when the test says so, or at once. What the sink answers goes by the address:
 *
 *   RCPT  unknown…@example.org 550 5.1.1   full…@ 452 4.2.2   busy…@ 451 4.3.2
 *         elsewhere 550 5.7.1              else 250
 *   MAIL  logged in: alice@example.org 250, else 553 5.7.1
 *   AUTH  PLAIN and LOGIN; a response "good" succeeds, "bad" fails, "what" is
 *         malformed, "later" unavailable; LOGIN has one challenge more
 */
#ifndef HELPER_SESSION_H
#define HELPER_SESSION_H

#include "session.h"

struct fake_message {
        char *sender, *recipients; /* recipients separated by commas; owned */
        struct buf content;        /* behind our Received field */
        struct buf received;
        bool smtputf8, eight_bit;
        int64_t account;
};

struct fake {
        struct conn *conn;
        struct smtp_config config;
        struct smtp_server *server;
        struct smtp_session *session; /* NULL once closed */

        /* What the test may set before fake_open, or later. */
        bool submission, tls_possible, auth_impossible, disk_low;
        bool hold;                        /* questions are answered only by fake_answer */
        bool spool_fails;                 /* with ERR_FULL, from now on */
        bool spool_stalls;                /* spool_full, and unfinished, until fake_spool_drain */
        bool sink_busy;                   /* checks give ERR_BUSY */
        bool account_full;                /* conn_set_account gives ERR_LIMIT */
        struct smtp_reply delivery_reply; /* code 0: 250 */

        /* What came of it. */
        struct fake_message *messages;
        size_t n_messages;
        size_t n_spools;   /* alive */
        int64_t logged_in; /* conn_set_account's */
};

/* The session, greeted. */
void fake_open(struct fake *f);
/* Everything is freed, the session first. */
void fake_close(struct fake *f);
/* Feeds octets as one segment, and lets the session run. */
void fake_send(struct fake *f, struct slice octets);
/* The peer sends no more. */
void fake_send_eof(struct fake *f);
/* What it said since the last call, NUL-terminated; until the next call. */
const char *fake_heard(struct fake *f);
/* The handshake that was asked for succeeds. */
void fake_shake_hands(struct fake *f);
void fake_time_out(struct fake *f);
void fake_stop(struct fake *f, const char *reason);
/* Answers what is held. */
void fake_answer(struct fake *f);
void fake_spool_drain(struct fake *f);
/* conn_close was called, or the session closed. */
bool fake_closing(const struct fake *f);
/* A time-out is armed; how often it was, in all. */
bool fake_waits(const struct fake *f);
size_t fake_waited(const struct fake *f);

#endif
