/*
 * helper_pop3.h — a whole POP3 service in one thread: loop, store, auth and a
 * listener on 127.0.0.1, with clients that turn the loop while they wait.
 *
 * alice@example.org has the password "secret"; passwords may go in the clear.
 */
#ifndef TESTS_HELPER_POP3_H
#define TESTS_HELPER_POP3_H

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/net/server.h"
#include "mailserver/pop3/pop3.h"
#include "mailserver/store/store.h"

struct house {
        char dir[64];
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        struct auth *auth;
        struct pop3_server *pop3;
        struct pop3_config config; /* the defaults; in force at once when changed */
        struct net_config net_config;
        struct net_service service;
        struct net_server *net;
        uint16_t port;
};

void house_open(struct house *h);
void house_close(struct house *h);
/* Turns the loop once; waits a moment at most. */
void house_turn(struct house *h);
#define turn_until(h, condition)                                                                   \
        do {                                                                                       \
                house_turn(h);                                                                     \
        } while (!(condition))

/* Runs fn in a lane and waits for its result. */
typedef enum err house_fn(struct store_txn *tx, void *arg);
enum err house_run(struct house *h, enum store_lane lane, house_fn *fn, void *arg);
/* A message into alice's INBOX, octet for octet. */
void house_deliver(struct house *h, struct slice message);
/* How many messages are in it. */
size_t house_count(struct house *h);
/* All of alice's mail and herself are gone from the store. */
void house_remove_alice(struct house *h);
/* The writer does nothing, and its lane is full, until it is let go. */
void house_fill_writer(struct house *h);
void house_let_writer_go(void);
/* Lines logged since the last call that hold `text`. */
size_t house_logged(const char *text);

struct client {
        struct house *house;
        int fd;
        struct buf in;
        bool eof;
};

void client_connect(struct client *c, struct house *h);
void client_close(struct client *c);
/* Closed without goodbye, by a reset. */
void client_abort(struct client *c);
/* As many octets as the sockets take without anybody reading. */
void client_send(struct client *c, struct slice octets);
void client_say(struct client *c, const char *text);
/* The next line must be this one; "*" at its end stands for anything. */
void client_expect(struct client *c, const char *line);
/* Takes what has come, turning the loop until there is something. */
void client_receive(struct client *c);
/* Octets that have come and were not expected yet. */
size_t client_pending(struct client *c);
/* The server must have nothing more to say and close. */
void client_expect_close(struct client *c);
/* The rest of a multi-line response, stuffed as it came, without the final dot. */
void client_read_dotted(struct client *c, struct buf *out);
/* Connects and logs alice in. */
void client_log_in(struct client *c, struct house *h);

#endif
