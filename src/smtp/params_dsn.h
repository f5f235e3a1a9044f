/*
 * params_dsn.h — the values that ask for reports: RFC 3461 4. Pure.
 *
 * All give ERR_SYNTAX for what is malformed or too long, whatever the value holds.
 */
#ifndef SMTP_PARAMS_DSN_H
#define SMTP_PARAMS_DSN_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

/* "FULL" or "HDRS": of enum store_queue_flag (store/queue.h). */
MUST_CHECK enum err smtp_dsn_ret(struct slice value, unsigned *ret_flag);
/* xtext of what can be printed. */
MUST_CHECK enum err smtp_dsn_envid(struct slice value);
/* "NEVER", or a list of "SUCCESS", "FAILURE", "DELAY": enum store_queue_notify. */
MUST_CHECK enum err smtp_dsn_notify(struct slice value, unsigned *ret_notify);
/* "rfc822;…": an address type, and xtext; `utf8`: or UTF-8 (RFC 6533 3). */
MUST_CHECK enum err smtp_dsn_orcpt(struct slice value, bool utf8);

#endif
