/* ctl_password.h — asking a person for a new password. */
#ifndef MAILSERVER_APP_CTL_PASSWORD_H
#define MAILSERVER_APP_CTL_PASSWORD_H

#include "mailserver/core/buf.h"

/*
 * From the terminal (twice, not shown) or the first line of standard input;
 * gives what is stored in its place. False, and said why, when there is none.
 */
bool ctl_password_verifiers(bool from_stdin, struct buf *out_verifiers);

#endif
