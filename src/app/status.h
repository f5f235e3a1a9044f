/* status.h — how the server is, in numbers: for `status` and SIGUSR1. */
#ifndef MAILSERVER_APP_STATUS_H
#define MAILSERVER_APP_STATUS_H

struct server;

/* Calls fn with each name and value; values are text for people or plain numbers. */
void status_each(struct server *s, void (*fn)(void *arg, const char *name, const char *value),
                 void *arg);
/* A log line a value, and one a session. */
void status_log(struct server *s);

#endif
