/* server.h — what the sessions of one process share. */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include "mailserver/smtp/smtp.h"

struct smtp_service {
        struct smtp_server *server;
        bool submission; /* AUTH required, any sender of the account's; false: port 25 */
};

struct smtp_server {
        char *hostname; /* owned */
        const struct smtp_config *config;
        struct auth *auth;
        struct store *store;
        const struct smtp_sink_ops *sink_ops;
        struct smtp_sink *sink;
        struct smtp_service mx, submission;
};

#endif
