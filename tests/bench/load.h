/*
 * load.h — what the parts of the load driver share.
 *
 * One thread and one epoll drive every connection, so that the driver takes
 * little of the processors it shares with the server. A connection is a chain of
 * steps: it says something, and names the function that goes on when the answer is
 * complete. What an answer is the protocol knows.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INPUT_SIZE = 16384, NAME_SIZE = 256 };

enum tls_mode { TLS_NONE, TLS_START, TLS_IMPLICIT };

struct peer;

struct protocol {
        /* The connection is made; NULL: nothing is done then. */
        void (*opened)(struct peer *p);
        /* The greeting has come, or STARTTLS is done: p->ssl says which. */
        void (*ready)(struct peer *p);
        /* A whole line, without its end. */
        void (*take_line)(struct peer *p, char *line);
        /* While p->in_text: how many octets it has eaten. NULL: there is no such text. */
        size_t (*take_text)(struct peer *p, const char *octets, size_t len);
        /* The other side has closed. NULL: it must not. */
        void (*gone)(struct peer *p);
        /* Of what listens: somebody wants to connect. */
        void (*arrived)(struct peer *p);
};

typedef void step_fn(struct peer *p, const char *answer);

struct peer {
        const struct protocol *protocol;
        uint16_t port;
        int fd; /* -1: closed */
        SSL *ssl;
        bool greeted, handshaking, watching_out, in_text;
        const char *doing; /* for the message of a failure */
        step_fn *next;     /* when the answer has come */
        int replies_left;  /* lines of the answer that are still to come */
        long number;       /* of the connection; chooses the user */
        long job, done;    /* what it is at; how many since it connected */
        double started;
        char in[INPUT_SIZE];
        size_t in_len;
        char *out; /* owned, out_cap octets */
        size_t out_len, out_at, out_cap;
        long stat;        /* messages in the mailbox */
        long at;          /* POP3: the one to fetch next */
        int dot;          /* how much of CRLF.CRLF has been seen at the end of the text */
        uint64_t literal; /* IMAP: octets of it that are still to come */
        uint64_t random;  /* the state of its own numbers */
};

struct options {
        const char *host, *rcpt, *from, *user, *password;
        uint16_t port, imap_port;
        enum tls_mode tls;
        long first, users, connections, messages, size, per_connection, seconds;
};
extern struct options options;

/* What one run counts. */
struct tally {
        long next_job, jobs_done, peers_open;
        double *latency; /* of each job, seconds; owned */
        int64_t octets_in;
        bool enough; /* the run ends though connections are open */
};
extern struct tally tally;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
double now(void);
/* "u%d@bench.test" for the k-th user of those that the run is for. */
void expand(const char *pattern, long k, char ret_name[NAME_SIZE]);
/* A text message of about options.size octets; no line begins with a dot. Valid until the next. */
const char *compose(const struct peer *p, long job, size_t *ret_len);

/* ---- connections: load_peer.c ---- */

void peer_put(struct peer *p, const char *octets, size_t len);
/* Sends a command; `next` goes on behind one line of answer. */
void peer_say(struct peer *p, const char *doing, step_fn *next, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
void peer_flush(struct peer *p);
/* The server has agreed to STARTTLS. */
void peer_start_tls(struct peer *p, const char *answer);
/* `source` is the address to come from, or NULL. */
void peer_open(struct peer *p, const char *source);
/* Opens it again while there are jobs. */
void peer_close(struct peer *p, const char *answer);
/* A connection, or what listens, that has been made already. */
void peer_adopt(struct peer *p, int fd);
/* Closes it. */
void peer_drop(struct peer *p);
void peers_prepare(void);
/* Until all are closed. */
void peers_run(void);

/* ---- jobs ---- */

/* False: there are no more for this connection. */
bool job_take(struct peer *p);
void job_finish(struct peer *p);
/* Of a connection that is one job, from connect to its last answer: its `opened`, its last step. */
void session_begin(struct peer *p);
void session_end(struct peer *p, const char *answer);

/* ---- what may be run ---- */

extern const struct protocol smtp_protocol, pop3_protocol, pop3_session;
/* The greeting of any server, and no more. */
extern const struct protocol greeting_protocol;
extern const struct protocol imap_append, imap_session, imap_mixed;

/* Opens them one after the other, prints what it is, and holds them until stdin ends. */
void run_idle(void);
/* One connection waits in IDLE, one sends. */
void run_push(void);
/* The other side of mail that goes out: says that it listens, takes all, says when it had enough. */
void run_sink(void);
/* Sorts what it is given: seconds of each message from its dot to its EXISTS. */
void print_push(double *after_dot);

/* Of a text that ends in a line with a dot: how many octets of it these are; it may end in them. */
size_t text_until_dot(struct peer *p, const char *octets, size_t len);
/* IMAP's own: sends a command with a tag; `next` goes on at its OK, or at "+". */
void imap_say(struct peer *p, const char *doing, step_fn *next, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* After STARTTLS, if that is wanted: then it has to be called again. */
void imap_log_in(struct peer *p, step_fn *next);
void imap_take_line(struct peer *p, char *line);
size_t imap_take_literal(struct peer *p, const char *octets, size_t len);
/* SMTP's own: the envelope, the message; `next` goes on at its 250. */
void smtp_send(struct peer *p, long job, step_fn *next);

#endif
