/*
 * control.h — data_dir/control.sock, where mailserverctl talks to the daemon.
 *
 * Mode 0600: who may open the socket may do everything. One request a
 * connection: ctl.h has the lines.
 */
#ifndef MAILSERVER_APP_CONTROL_H
#define MAILSERVER_APP_CONTROL_H

#include "mailserver/core/error.h"

struct control;
struct server;

#define CONTROL_SOCKET_NAME "control.sock"

MUST_CHECK enum err control_new(struct server *s, struct control **ret_control,
                                struct error *reterr);
/* Closes what is open; calls in flight are forgotten. */
void control_free(struct control *c);

#endif
