/* privileges.h — from root to the service's own user. */
#ifndef MAILSERVER_APP_PRIVILEGES_H
#define MAILSERVER_APP_PRIVILEGES_H

#include "mailserver/core/error.h"

/* Makes data_dir for `user` if it is not there. ERR_NOTFOUND: no such user; ERR_DENIED; ERR_IO. */
MUST_CHECK enum err privileges_prepare_dir(const char *data_dir, const char *user,
                                           struct error *reterr);
/* Becomes `user`, for good. Nothing when not root. */
MUST_CHECK enum err privileges_drop(const char *user, struct error *reterr);
/* As root: becomes the owner of `dir`, so that files made there are the daemon's. */
MUST_CHECK enum err privileges_become_owner(const char *dir, struct error *reterr);

#endif
