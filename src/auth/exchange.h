/*
 * exchange.h — one attempt to log in, and the service it belongs to.
 *
 * An exchange is at one of a few stages; each entry from the session moves it
 * on, and every outcome but a challenge ends it:
 *
 *      NEW ─► WORKING ─► ENDED                                  passwords
 *       └──► CHALLENGED ─► (WORKING ─►) CHALLENGED … ─► ENDED   SASL
 *
 * WORKING has a task in flight, or an outcome that waits for its moment.
 */
#ifndef AUTH_EXCHANGE_H
#define AUTH_EXCHANGE_H

#include "bans.h"
#include "guard.h"
#include "sasl.h"
#include "secret.h"

#include "mailserver/auth/auth.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/task.h"

struct remember;

struct auth {
        struct task_hub *hub;
        struct loop *loop;
        struct store *store;
        struct auth_config config;
        struct task_pool *hashers;
        struct sasl_context *sasl;
        struct remember *remember;
        struct guard *guard;
        struct bans *bans;
        struct net_network *trusted; /* owned */
        size_t n_trusted;
        struct auth_stats stats;
        bool have_secret;
        unsigned char secret[SASL_SECRET]; /* the store's, once it has been read */
        size_t exchanges;
};

enum exchange_stage { EXCHANGE_NEW, EXCHANGE_CHALLENGED, EXCHANGE_WORKING, EXCHANGE_ENDED };

struct auth_exchange;
typedef void exchange_fn(struct auth_exchange *x);

struct auth_exchange {
        struct auth *auth;
        void *owner; /* the session, borrowed */
        auth_answered_fn *answered;
        /* the client: owned copies of auth_client's */
        char *connection_id, *protocol, *binding_type;
        struct buf binding;
        struct net_address peer;
        bool tls;

        enum exchange_stage stage;
        const struct sasl_mechanism *mechanism; /* NULL for USER/PASS */
        struct buf challenge;                   /* base64 */
        struct buf name;                        /* who it says it is */
        struct buf subject; /* the same for all spellings of one name: what failures count by */
        struct task *task;  /* in flight, or NULL */
        struct task *held;  /* owned; waits for its turn */
        struct sasl_scram *scram; /* owned; not while a task has it */
        struct buf message;       /* SCRAM's, that waits for the secret or its turn */
        bool last_challenge;      /* server-final is out: nothing more is wanted */

        enum auth_outcome outcome; /* to be told */
        struct loop_job job;       /* tells it in the next turn … */
        struct timer timer;        /* … or later */
        exchange_fn *then;         /* what the timer calls when it is this attempt's turn */
        int64_t account;
        char *account_name; /* owned */
};

/* ---- auth.c ---- */

/* Nothing is counted against this address. */
bool auth_exempt(const struct auth *a, const struct net_address *peer);
/* It may bind to the client's channel: the -PLUS mechanisms. */
bool auth_binds(const struct auth *a, const struct auth_client *client);

/* ---- exchange.c: for the files that carry an attempt on ---- */

/* Ends the call from the session, or a task's done: the outcome is told in the next turn. */
void exchange_tell(struct auth_exchange *x, enum auth_outcome outcome);
/*
 * Calls `then`, which looks at what the client has to prove: now, or when an address
 * that has failed before may try again.
 */
void exchange_in_turn(struct auth_exchange *x, exchange_fn *then);
/* Sends `text` (not yet base64) and waits for an answer. */
void exchange_challenge(struct auth_exchange *x, struct slice text);
/* The client is this account; `how` it proved that is for the log. */
void exchange_succeed(struct auth_exchange *x, int64_t account, const char *account_name,
                      const char *how);
/* The name that failures count by, once it is known. */
void exchange_set_subject(struct auth_exchange *x, struct slice name);
/*
 * May not try, or not succeed: banned. If true the outcome is on its way; a failure, with
 * `password` as for exchange_fail.
 */
bool exchange_refused(struct auth_exchange *x, struct slice password);
/*
 * It is not: counted, and told after a while. `account`, for the log, may be
 * NULL; `password` is empty where it is not known (SCRAM).
 */
void exchange_fail(struct auth_exchange *x, const char *account, struct slice password,
                   const char *reason);
/* It cannot be said now. */
void exchange_unavailable(struct auth_exchange *x, enum err err, const char *where);
/* What the client sent is not what the mechanism says. */
void exchange_malformed(struct auth_exchange *x, const char *reason);
/* What the lanes and the hashers count this client's tasks by, before it has an account. */
int64_t exchange_key(const struct auth_exchange *x);
bool exchange_loopback(const struct auth_exchange *x);
/* "PLAIN", "USER". */
const char *exchange_mechanism(const struct auth_exchange *x);

/* ---- password.c ---- */

/* Checks a password for a name off the loop. `authzid` may be empty. Wipes nothing of its inputs. */
void password_check(struct auth_exchange *x, struct slice name, struct slice password,
                    struct slice authzid);

/* ---- login.c: LOGIN; text is decoded; .ptr NULL: there was no initial response ---- */

void login_start(struct auth_exchange *x, struct slice text);
void login_respond(struct auth_exchange *x, struct slice text);

/* ---- scram.c ---- */

void scram_respond(struct auth_exchange *x, struct slice text);

#endif
