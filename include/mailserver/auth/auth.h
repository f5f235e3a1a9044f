/*
 * auth.h — who a client is: passwords and SASL, checked off the loop.
 *
 * A session makes one auth_exchange for each attempt (USER/PASS, AUTH, LOGIN),
 * hands it what the client says, and is called back on the loop. Wrong
 * password and unknown user take the same time and the same words; answers to
 * failures are held back, longer each time for one address and one account, and then
 * the address, or the two together, are banned for a while. Loopback and the trusted networks are
 * exempt from both.
 *
 * Mechanisms: PLAIN (RFC 4616) first in every list, LOGIN, SCRAM-SHA-256 and
 * SCRAM-SHA-1 with their -PLUS forms under TLS (RFC 5802, 7677).
 */
#ifndef MAILSERVER_AUTH_AUTH_H
#define MAILSERVER_AUTH_AUTH_H

#include "mailserver/core/conf.h"
#include "mailserver/net/address.h"

#include <stdint.h>

struct auth;
struct auth_exchange;
struct loop;
struct store;
struct task_hub;

struct auth_config {
        int64_t workers;     /* threads that hash; each hash takes 19 MiB */
        int64_t max_waiting; /* logins waiting for one of them */
        int64_t max_waiting_per_address;
        int64_t remember_ms;      /* a good password need not be hashed again for so long */
        int64_t failure_delay_ms; /* of the first failure; doubles */
        int64_t failure_delay_max_ms;
        int64_t failure_memory_ms; /* failures are forgotten after so long without another */
        int64_t max_failures_per_address, max_failures_per_pair, max_failures_per_name;
        int64_t ban_ms; /* the first; doubles with each in a row */
        int64_t ban_max_ms;
        int64_t ban_memory_ms;                /* how long after one the next is in a row with it */
        int64_t login_memory_ms;              /* how long a good login makes an address known */
        struct conf_strings trusted_networks; /* nothing is counted against them */
        bool allow_plaintext_loopback;        /* passwords in the clear from 127.0.0.0/8 and ::1 */
        bool channel_binding;                 /* SCRAM-…-PLUS is offered: RFC 5802 6 */
};
extern const struct conf_table auth_conf_table; /* "auth" */

/* ERR_SYNTAX: a trusted network is none; *reterr says which. */
MUST_CHECK enum err auth_config_check(const struct auth_config *config, struct error *reterr);

struct auth *auth_new(struct task_hub *hub, struct loop *loop, struct store *store,
                      const struct auth_config *config, struct error *reterr);
/* All exchanges must be gone. */
void auth_free(struct auth *a);
void auth_set_config(struct auth *a, const struct auth_config *config);

/* What the session knows about its client; copied by auth_exchange_new. */
struct auth_client {
        const char *connection_id; /* for logs */
        const char *protocol;      /* "smtp" */
        const struct net_address *peer;
        bool tls;
        const char *binding_type; /* "tls-exporter", "tls-unique" or NULL */
        struct slice binding;
};

/* May this client send a password at all: TLS, or loopback where the operator allows it. */
bool auth_offered(const struct auth *a, const struct auth_client *client);
/* "PLAIN LOGIN SCRAM-SHA-256 …" for this client, or nothing. */
void auth_mechanisms(const struct auth *a, const struct auth_client *client, struct buf *out);

enum auth_outcome {
        AUTH_CHALLENGE,    /* send auth_exchange_challenge (base64, may be empty), read a line */
        AUTH_OK,           /* auth_exchange_account, auth_exchange_name */
        AUTH_FAILED,       /* wrong, unknown, disabled or banned: one answer for all   */
        AUTH_BANNED,       /* the address is: say so, and close                        */
        AUTH_MALFORMED,    /* not base64, or not what the mechanism says               */
        AUTH_ABORTED,      /* the client said "*"                                      */
        AUTH_NO_MECHANISM, /* unknown, or not offered to this client                   */
        AUTH_UNAVAILABLE,  /* our queues are full or the store failed: try again later */
};
/* Loop; never from inside the call that asked. Not called after auth_exchange_free. */
typedef void auth_answered_fn(void *owner, struct auth_exchange *x, enum auth_outcome outcome);

struct auth_exchange *auth_exchange_new(struct auth *a, const struct auth_client *client,
                                        void *owner, auth_answered_fn *answered);
/* Any time, in the callback too; what is in flight is forgotten. NULL is fine. */
void auth_exchange_free(struct auth_exchange *x);
/* USER/PASS and LOGIN. Copies. */
void auth_exchange_password(struct auth_exchange *x, struct slice name, struct slice password);
/*
 * AUTH: `initial` is the initial response as it came (base64; "=" is an empty
 * one, RFC 4954 4); .ptr NULL when there was none.
 */
void auth_exchange_start(struct auth_exchange *x, struct slice mechanism, struct slice initial);
/* The client's answer to a challenge, as it came. */
void auth_exchange_respond(struct auth_exchange *x, struct slice line);
const char *auth_exchange_challenge(const struct auth_exchange *x);
int64_t auth_exchange_account(const struct auth_exchange *x);
const char *auth_exchange_name(const struct auth_exchange *x); /* "alice@example.org" */
const char *auth_exchange_mechanism(const struct auth_exchange *x);

/* Reads the bans that the store has; again when they have changed: STORE_CHANGE_BANS. */
void auth_load_bans(struct auth *a);
/* They have been read, or cannot be. */
bool auth_bans_loaded(const struct auth *a);
/* Is this address banned? Then it need not be let in where all there is to do is to log in. */
bool auth_bans_address(struct auth *a, const struct net_address *peer);

struct auth_stats {
        int64_t logins, failures, bans;                       /* since the start */
        int64_t banned_addresses, banned_pairs, banned_names; /* now; not an administrator's */
};
void auth_get_stats(struct auth *a, struct auth_stats *ret_stats);

/* Forgets remembered logins of an account: password changed, disabled, removed. */
void auth_forget(struct auth *a, int64_t account);

#endif
