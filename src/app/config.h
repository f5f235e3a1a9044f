/*
 * config.h — everything mailserver.conf can say, as one struct.
 *
 * Each module owns its table of options; this file joins them and adds the
 * top level and the listeners.
 */
#ifndef MAILSERVER_APP_CONFIG_H
#define MAILSERVER_APP_CONFIG_H

#include "mailserver/auth/auth.h"
#include "mailserver/core/conf.h"
#include "mailserver/delivery/delivery.h"
#include "mailserver/dns/resolver.h"
#include "mailserver/imap/imap.h"
#include "mailserver/net/server.h"
#include "mailserver/pop3/pop3.h"
#include "mailserver/queue/queue.h"
#include "mailserver/search/search.h"
#include "mailserver/smtp/client.h"
#include "mailserver/smtp/smtp.h"
#include "mailserver/store/store.h"

/* In the order of the example file. */
enum service_id {
        SERVICE_SMTP,
        SERVICE_SUBMISSION,
        SERVICE_SUBMISSIONS,
        SERVICE_POP3,
        SERVICE_POP3S,
        SERVICE_IMAP,
        SERVICE_IMAPS,
        SERVICE_MAX_,
};

struct main_config {
        char *hostname; /* "" in the file: the machine's name, filled in by config_load */
        char *data_dir;
        char *user;    /* to become after binding when started as root */
        int log_level; /* enum log_level */
        int64_t shutdown_timeout_ms;
};

enum { CONFIG_MAX_SECTIONS = 15 + SERVICE_MAX_ };

struct config {
        struct main_config main;
        struct tls_config tls;
        struct net_listen_config listen[SERVICE_MAX_];
        struct net_config net;
        struct smtp_config smtp;
        struct pop3_config pop3;
        struct imap_config imap;
        struct auth_config auth;
        struct delivery_config delivery;
        struct resolver_config resolver;
        struct queue_config queue;
        struct smtp_client_config outbound;
        struct store_config store;
        struct search_config search;
        struct conf_section sections[CONFIG_MAX_SECTIONS]; /* point into this struct */
};

/* With the defaults; the caller frees. */
struct config *config_new(void);
/* NULL is fine. */
void config_free(struct config *c);
/*
 * Reads the file; on failure *report holds a line for each error, and NULL is
 * returned. Blocks.
 */
struct config *config_load(const char *path, struct buf *report);
/* "smtp", "submissions": the IANA names under `listen`. */
const char *service_name(enum service_id id);

#endif
