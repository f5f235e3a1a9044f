/*
 * signals.h — SIGTERM and SIGINT stop, SIGHUP reloads, SIGUSR1 says what is
 * going on, SIGUSR2 (test builds) releases held completions.
 */
#ifndef MAILSERVER_APP_SIGNALS_H
#define MAILSERVER_APP_SIGNALS_H

struct server;
struct signals;

/* Also ignores SIGPIPE. The loop must have been made. */
struct signals *signals_new(struct server *s);
/* They are blocked from now on: what they would act on is going. NULL is fine. */
void signals_free(struct signals *signals);

#endif
