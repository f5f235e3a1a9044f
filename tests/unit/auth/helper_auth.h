/*
 * helper_auth.h — a loop, a store in a directory of its own, and auth on top,
 * as the daemon has them; and attempts to log in, one call each.
 */
#ifndef TESTS_HELPER_AUTH_H
#define TESTS_HELPER_AUTH_H

#include "mailserver/auth/auth.h"
#include "mailserver/core/loop.h"
#include "mailserver/store/account.h"

struct house {
        char dir[64];
        struct loop *loop;
        struct task_hub *hub;
        struct store *store;
        struct auth *auth;
};

/* Failures are answered at once; passwords in the clear are allowed on loopback. */
extern const struct auth_config house_auth_config;

/* example.org and example.net; alice@ both, bob@example.org, disabled carol@example.org,
 * dave@example.org without a password. Their passwords are "secret of alice" and so on. */
void house_open(struct house *h);
/* Closes and opens again: what the disk has is there, what memory had is not. */
void house_reopen(struct house *h);
void house_close(struct house *h);
/* As the daemon does at its start, and when they have changed. */
void house_load_bans(struct house *h);

/* Runs fn(tx, arg) in a transaction and asserts that it succeeds. */
typedef enum err house_fn(struct store_txn *tx, void *arg);
void house_write(struct house *h, house_fn *fn, void *arg);
void house_set_password(struct house *h, const char *account, const char *password);

struct net_address house_address(const char *text);
/* Loopback without TLS; client.tls and the rest are the test's to change. */
struct auth_client house_client(void);

struct attempt {
        struct house *house;
        struct auth_exchange *exchange;
        bool answered;
        enum auth_outcome outcome;
};
void attempt_begin(struct attempt *a, struct house *h, const struct auth_client *client);
void attempt_end(struct attempt *a);
/* Turns the loop until the exchange has answered. */
enum auth_outcome attempt_wait(struct attempt *a);
enum auth_outcome attempt_password(struct attempt *a, const char *name, const char *password);
/* `initial` is plain octets, encoded here; .ptr NULL: none. */
enum auth_outcome attempt_start(struct attempt *a, const char *mechanism, struct slice initial);
enum auth_outcome attempt_respond(struct attempt *a, struct slice octets);
/* The same without encoding. */
enum auth_outcome attempt_start_raw(struct attempt *a, const char *mechanism, const char *initial);
enum auth_outcome attempt_respond_raw(struct attempt *a, const char *line);
/* The challenge, decoded. */
void attempt_challenge(const struct attempt *a, struct buf *out);

/* One login from beginning to end. */
enum auth_outcome log_in(struct house *h, const struct auth_client *client, const char *name,
                         const char *password);

#endif
