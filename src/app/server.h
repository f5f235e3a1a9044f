/*
 * server.h — the running daemon: what is made at start, in order, and joined.
 */
#ifndef MAILSERVER_APP_SERVER_H
#define MAILSERVER_APP_SERVER_H

#include "config.h"

#include "mailserver/core/error.h"

struct auth;
struct loop;
struct net_server;
struct reload;
struct search;
struct server;
struct store;
struct task_hub;
struct tls_set;

enum { SERVER_HOLDS = 8 };

struct server_params {
        const char *config_path;
        struct config *config;           /* taken */
        const char *holds[SERVER_HOLDS]; /* test builds: task classes whose completions are held */
        size_t n_holds;
};

/*
 * Opens the ports, drops privileges, opens the store, starts everything and
 * serves until told to stop. The process' exit status.
 */
int server_main(const struct server_params *params);
/*
 * What the file alone does not show: whether the certificates load. As root, becomes the user for
 * good and warns of what that one cannot read, or that there is none.
 */
MUST_CHECK enum err server_check(const struct config *config, struct error *reterr);

/* ---- for the control commands, reload and signals (loop) ---- */

struct store *server_store(struct server *s);
struct queue *server_queue(struct server *s);
struct search *server_search(struct server *s);
struct net_server *server_net(struct server *s);
struct auth *server_auth(struct server *s);
struct loop *server_loop(struct server *s);
struct task_hub *server_hub(struct server *s);
const struct config *server_config(const struct server *s);
const char *server_config_path(const struct server *s);
const struct tls_set *server_tls(const struct server *s);
int64_t server_started_us(const struct server *s);
/* Connections that were not let in because their address is banned. */
int64_t server_refused_banned(const struct server *s);
/* Begins a clean stop; a second call cuts it short. */
void server_stop(struct server *s, const char *why);
struct reload *server_reloader(struct server *s);
/* Reads configuration and certificates anew; what changed is logged. */
void server_reload(struct server *s);
/* Takes both; either may be NULL (unchanged). Tells every module. */
void server_apply(struct server *s, struct config *config, struct tls_set *tls);

#endif
