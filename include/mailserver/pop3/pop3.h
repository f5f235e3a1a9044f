/*
 * pop3.h — the POP3 server: RFC 1939 with CAPA, SASL, STLS, UTF8 and LANG.
 */
#ifndef MAILSERVER_POP3_POP3_H
#define MAILSERVER_POP3_POP3_H

#include "mailserver/core/conf.h"
#include "mailserver/net/conn.h"

struct auth;
struct store;

struct pop3_config {
        int64_t timeout_ms;       /* after login: RFC 1939 3 wants at least 10 minutes */
        int64_t login_timeout_ms; /* before */
        int64_t max_errors;       /* failed commands, then the connection is closed */
        int64_t max_line;         /* command line, octets */
};
extern const struct conf_table pop3_conf_table; /* "pop3" */

struct pop3_server; /* net_service.context */
/* Everything is borrowed until pop3_server_free. */
struct pop3_server *pop3_server_new(const char *hostname, const struct pop3_config *config,
                                    struct auth *auth, struct store *store);
void pop3_server_free(struct pop3_server *s);
void pop3_server_set_config(struct pop3_server *s, const struct pop3_config *config);
extern const struct conn_handler pop3_handler;

/* Appends the commands and extensions as tables in Markdown: docs/commands.md. */
void pop3_print_commands(struct buf *out);

#endif
