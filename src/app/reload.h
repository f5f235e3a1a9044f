/*
 * reload.h — SIGHUP, `mailserverctl reload`, and certificates that change.
 *
 * Files are read on a worker; what they say is applied on the loop. A file
 * with a mistake changes nothing.
 */
#ifndef MAILSERVER_APP_RELOAD_H
#define MAILSERVER_APP_RELOAD_H

#include "mailserver/core/buf.h"

struct reload;
struct server;

struct reload *reload_new(struct server *s);
void reload_free(struct reload *r);
/*
 * Reads configuration and certificates anew. `done` (may be NULL) is called on
 * the loop with a report for people, a line a change or error.
 */
void reload_start(struct reload *r, void *owner,
                  void (*done)(void *owner, enum err result, struct slice report));
/* Looks at the certificates every minute from now on. */
void reload_watch_certificates(struct reload *r);

#endif
