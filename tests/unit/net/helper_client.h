/* helper_client.h — a net_client and what its owner has been told, beside the server of helper_net.h. */
#ifndef HELPER_CLIENT_H
#define HELPER_CLIENT_H

#include "helper_net.h"

#include "mailserver/net/client.h"

enum { TRIAL_LINE = 200 };

struct trial {
        struct fixture *f;
        struct net_client *client;
        unsigned connected, readies, tls_started, timed_out, closed;
        char why[512];
        struct buf lines; /* all that came, each with LF behind it */
        bool too_long;
        bool deaf;                               /* ready reads nothing */
        bool close_in_callback;                  /* net_client_close in whatever is called next */
        const struct net_client_tls_params *tls; /* start at connected */
};

/* Times are generous; of `params` only addresses and sources count. */
void trial_open(struct trial *t, struct fixture *f, const struct net_client_params *params);
/* To the fixture's server. */
void trial_connect(struct trial *t, struct fixture *f);
void trial_say(struct trial *t, const char *text);
/* Turns until the line has come; it is dropped with what was before. */
void trial_expect(struct trial *t, const char *line);
void trial_expect_closed(struct trial *t, const char *words);
void trial_close(struct trial *t);

#endif
