/*
 * conn_impl.h — struct conn, shared by the conn*.c files.
 *
 *   conn.c         life: enter and leave, events, sessions, close
 *   conn_input.c   lines and streams out of the input buffer; the turn's budget
 *   conn_output.c  gathering, direct sends, high and low water
 *   conn_timer.c   one lazy timer: deadline, stalled output, handshake
 *   conn_clear.c   the socket of one in the clear
 *   conn_tls.c     implicit TLS and STARTTLS
 *   conn_pack.c    compression
 *   conn_account.c the count of an account, and whom it ends
 *   conn_info.c    notes, and the line of session list
 *
 * A connection that waits is this struct (400 octets at most) and, in TLS, a
 * bufferevent; nothing else is held between commands.
 */
#ifndef NET_CONN_IMPL_H
#define NET_CONN_IMPL_H

#include "server_impl.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

enum {
        CONN_INPUT_MAX = 64 << 10,     /* reading pauses here; a TLS record may come on top */
        CONN_TURN_COMMANDS = 64,       /* of one connection in one turn of the loop */
        CONN_TURN_OCTETS = 256 << 10,  /* the same, of a stream */
        CONN_GATHER_OCTETS = 16 << 10, /* small writes are gathered up to here */
        CONN_TAKE_OCTETS = 4 << 10,    /* below this, copying is cheaper than a reference */
        CONN_STALL_PROBES = 4,         /* looks at waiting output within one stall_timeout */
        CONN_CLOSE_STALLS = 4,         /* stall_timeouts a closing connection may take in all */
        CONN_ID_SIZE = 17,
};

struct conn_notes;
struct conn_pack;
struct ssl_st;

struct conn {
        struct list link; /* net_server.conns */
        struct net_server *server;
        const struct net_service *service;
        void *session;
        struct bufferevent *bev; /* owned, and with it the SSL; NULL: it is in the clear */
        struct evbuffer *in;     /* owned; in the clear, what was received; NULL: nothing */
        struct evbuffer
                *unsent;     /* owned; in the clear, what the kernel has not taken; NULL: nothing */
        struct loop_job job; /* flush and, if ready_wanted, ready: next turn */
        struct timer timer;
        struct buf out; /* gathered; handed on by the outermost leave */
        struct conn_notes *notes;
        struct conn_pack *pack; /* owned; NULL: nothing is compressed */
        char *account_name;
        int64_t account;

        int64_t deadline_ms;  /* of conn_wait, the handshake, or closing; 0: none */
        int64_t timer_due_ms; /* when the timer fires; 0: not armed */
        int64_t progress_ms;  /* when waiting output was last seen to shrink */
        uint64_t taken_mark;  /* what the kernel had taken by then */
        int64_t opened_us;    /* since 1970 */
        int64_t opened_ms;    /* monotonic */
        int64_t last_input_ms;
        uint64_t octets_in, octets_out;

        uint32_t searched;    /* octets of input known to hold no line end */
        uint32_t line_octets; /* of the line last read: dropped by the next call on the input */
        uint32_t turn_commands, turn_octets;
        uint32_t depth; /* of conn_enter */
        int fd;         /* owned */

        bool opened : 1;       /* the handler has a session */
        bool closing : 1;      /* conn_close: send what is written, then end */
        bool aborted : 1;      /* end now */
        bool ending : 1;       /* what ends with a session has been done */
        bool finished : 1;     /* the outermost leave frees */
        bool eof : 1;          /* the peer sends no more */
        bool reading : 1;      /* what comes is read */
        bool writing : 1;      /* in the clear: room for what is unsent is waited for */
        bool skipping : 1;     /* inside a line that is too long */
        bool ready_wanted : 1; /* the job calls ready */
        bool want_drain : 1;   /* a producer waits for low water */
        bool starttls : 1;     /* asked for; begins when the reply has left */
        bool handshaking : 1;
        bool tls : 1; /* handshake done */
        bool stop_told : 1;
        bool gathering : 1; /* conn_gather */

        char id[CONN_ID_SIZE];
        char peer_text[NET_ADDRESS_TEXT];
        struct net_address peer, local;
};

_Static_assert(sizeof(struct conn) <= 400, "idle connections are many: keep struct conn small");

/* ---- conn.c ---- */

/* Takes fd. The caller registers it and then calls conn_begin. */
struct conn *conn_new(struct net_server *n, const struct net_service *service, int fd,
                      const struct net_address *peer, uint64_t number);
/* Greets or shakes hands. May free the connection. */
void conn_begin(struct conn *c);
void conn_enter(struct conn *c);
/* May free the connection: the last thing a callback does with it. */
void conn_leave(struct conn *c);
/* An enter and leave in the next turn, for what was asked outside of one. */
void conn_wake(struct conn *c);
void conn_run_ready(struct conn *c);
/* The handler's opened, after which there is a session. */
void conn_open_session(struct conn *c);
/* Gives the bufferevent our callbacks and lets it run. Takes bev. */
void conn_attach(struct conn *c, struct bufferevent *bev);
/* Frees the bufferevent (and the SSL), or what stands for it in the clear; the socket. */
int conn_detach(struct conn *c);
/* Octets have come; no more will; nothing can be sent or received any more. Between enter and leave. */
void conn_input_came(struct conn *c);
void conn_input_ended(struct conn *c);
void conn_lost(struct conn *c);

/* ---- conn_clear.c ---- */

/* Octets that were received, and that nobody has taken. */
size_t conn_received(const struct conn *c);
/* Octets that were handed on and that the kernel has not taken. */
size_t conn_unsent(const struct conn *c);
/* Where they are, in TLS or in the clear. Borrowed until the outermost leave. */
struct evbuffer *conn_wire_input(struct conn *c);
struct evbuffer *conn_wire_output(struct conn *c);
/* In the clear: watches the socket for what is wanted now, and keeps no empty buffer. */
void conn_clear_settle(struct conn *c, bool reads);
/* Lets go of the socket, and of what was received and not sent. */
void conn_clear_stop(struct conn *c);
/* There is something to read, or room: a watch_fn. */
void conn_clear_ready(void *conn, unsigned what);

/* ---- conn_input.c ---- */

/* Reads on, or not, according to what waits already. */
void conn_input_adjust(struct conn *c);
/* Octets that have come and that nobody has read. */
size_t conn_input_waiting(const struct conn *c);
/* The line that was borrowed is read. */
void conn_input_settle(struct conn *c);

/* ---- conn_output.c ---- */

/* Hands what was gathered to the kernel or to the buffer of what is unsent. */
void conn_output_flush(struct conn *c);
/* Output has shrunk: wakes a producer that waits for it. */
void conn_output_drained(struct conn *c);

/* ---- conn_timer.c ---- */

void conn_deadline(struct conn *c, int64_t ms);
/* Output has begun to wait: watches that it is taken. */
void conn_watch_output(struct conn *c);
/* Compression is in use: looks later whether it rests. */
void conn_watch_pack(struct conn *c);

/* ---- conn_pack.c ---- */

void conn_pack_free(struct conn *c);
/* The input as the session reads it. */
struct evbuffer *conn_pack_input(const struct conn *c);
/* Unpacks some more for the session to read, or finds that compression has ended; false: neither. */
bool conn_unpack(struct conn *c);
/* More has come than was unpacked. */
bool conn_pack_holds(const struct conn *c);
/* The peer has ended its stream. */
bool conn_pack_ended(const struct conn *c);
/* Says goodbye if what came is damaged. */
void conn_pack_settle(struct conn *c);
/* What is written now is packed. */
bool conn_packs_output(const struct conn *c);
/* Appends what there is to send now. */
void conn_pack_output(struct conn *c, struct slice octets, struct buf *out);
/* Appends what is missing, so that the peer can read all that was written. */
void conn_pack_flush(struct conn *c, struct buf *out);
/* Gives memory back if it is time; when to look again, or 0: after the next use. */
int64_t conn_pack_rest(struct conn *c, int64_t now);
/* Octets that zlib holds. */
size_t conn_pack_memory(const struct conn *c);

/* ---- conn_tls.c ---- */

/* Shakes hands on fd. Takes fd. */
void conn_tls_accept(struct conn *c, int fd);
/* Once the reply to STARTTLS has left: changes to TLS on the same socket. */
void conn_tls_swap(struct conn *c);
void conn_tls_connected(struct conn *c);
/* `reason` NULL: what OpenSSL says. */
void conn_tls_failed(struct conn *c, const char *reason);
/* close_notify. */
void conn_tls_goodbye(struct conn *c);
struct ssl_st *conn_ssl(const struct conn *c);

#endif
