/* status.h — how the server is, in numbers: for `status` and SIGUSR1. */
#ifndef MAILSERVER_APP_STATUS_H
#define MAILSERVER_APP_STATUS_H

#include "mailserver/core/error.h"

struct server;
struct store_txn;

typedef void status_fn(void *arg, const char *name, const char *value);
/* Calls fn with each name and value; values are text for people or plain numbers. */
void status_each(struct server *s, status_fn *fn, void *arg);
/* The same of what only the store knows: how much mail waits. Any lane. */
MUST_CHECK enum err status_each_stored(struct store_txn *tx, status_fn *fn, void *arg);
/* A log line a value, and one a session. */
void status_log(struct server *s);

#endif
