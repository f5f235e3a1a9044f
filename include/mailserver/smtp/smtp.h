/*
 * smtp.h — the SMTP server: RFC 5321 on port 25, RFC 6409 on 587, 465 and 2525.
 */
#ifndef MAILSERVER_SMTP_SMTP_H
#define MAILSERVER_SMTP_SMTP_H

#include "mailserver/core/conf.h"
#include "mailserver/net/conn.h"
#include "mailserver/smtp/sink.h"

struct auth;
struct store;

enum smtp_bare_newline { SMTP_BARE_NEWLINE_NORMALIZE, SMTP_BARE_NEWLINE_REJECT };

struct smtp_config {
        int64_t max_message_size;
        int64_t max_recipients;         /* a transaction: LIMITS RCPTMAX (RFC 9422) */
        int64_t max_messages;           /* a connection: LIMITS MAILMAX */
        int64_t max_errors;             /* failed commands, then 421 */
        int64_t max_unknown_recipients; /* in one connection, then 421: address harvesting */
        int64_t max_line;               /* command line, octets */
        int64_t timeout_ms;             /* RFC 5321 4.5.3.2 */
        int bare_newline;               /* enum smtp_bare_newline */
};
extern const struct conf_table smtp_conf_table; /* "smtp" */

/* One per process; shared by its services. Everything is borrowed until smtp_server_free. */
struct smtp_server;
struct smtp_server_params {
        const char *hostname;
        const struct smtp_config *config;
        struct auth *auth;
        struct store *store; /* for spools */
        const struct smtp_sink_ops *sink_ops;
        struct smtp_sink *sink;
};
struct smtp_server *smtp_server_new(const struct smtp_server_params *params);
void smtp_server_free(struct smtp_server *s);
/* After a reload: for new sessions at once, for others from their next command on. */
void smtp_server_set_config(struct smtp_server *s, const struct smtp_config *config);

/* What the listeners are given: context of net_service.context. */
struct smtp_service;
/* Port 25: no AUTH, local recipients. */
struct smtp_service *smtp_service_mx(struct smtp_server *s);
/* 587, 2525, 465: AUTH required. */
struct smtp_service *smtp_service_submission(struct smtp_server *s);
extern const struct conn_handler smtp_handler;

/* Appends the commands and extensions as tables in Markdown: docs/commands.md. */
void smtp_print_commands(struct buf *out);

#endif
