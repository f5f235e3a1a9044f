/*
 * helper_sts.h — MTA-STS over a store in a temporary directory, the name server
 * of helper_names.h and the web server https_peer.py.
 */
#ifndef HELPER_STS_H
#define HELPER_STS_H

#include "sts.h"

struct sts_rig {
        struct loop *loop;
        struct sts_options options; /* sts_rig_restart takes changes over */
        struct sts *sts;
};
extern struct sts_rig rig;

void sts_rig_start(void);
void sts_rig_stop(void);
/* Ends it and begins anew on the same store, with rig.options. */
void sts_rig_restart(void);

/* The store's workers have as much to do as they may, until the latter. */
void sts_rig_fill_workers(void);
void sts_rig_free_workers(void *unused);

/* NAME.example.org has a record with this id, a web server, and there this policy; "%s" in it is
 * the domain. */
void sts_publish(const char *name, const char *id, const char *policy);
/* What its web server answers, octet for octet. */
void sts_respond(const char *name, const char *response);
/* The web server "stall" hangs up. */
void sts_go_on(void);
/* How often these words stand in the requests so far. */
unsigned sts_requests(const char *words);

struct sts_heard {
        unsigned times;
        bool policy;
        enum mta_sts_mode mode;
        char mx[256]; /* the first */
};
/* An sts_answered_fn; owner is a struct sts_heard. */
void sts_hear(void *owner, const struct mta_sts_policy *policy);
/* Asks and waits. */
struct sts_heard sts_rig_ask(const char *domain);

#endif
