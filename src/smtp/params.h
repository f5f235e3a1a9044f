/*
 * params.h — what may follow the path in MAIL and RCPT: RFC 5321 4.1.2.
 *
 * Pure. SIZE (RFC 1870), BODY (RFC 1652), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 5).
 */
#ifndef SMTP_PARAMS_H
#define SMTP_PARAMS_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

struct smtp_mail_params {
        int64_t size;   /* SIZE=; 0 when not given; INT64_MAX for anything above */
        bool eight_bit; /* BODY=8BITMIME */
        bool smtputf8;
};

/*
 * The rest of a MAIL command behind its path. `auth_offered`: AUTH=, the
 * message's first submitter, is known; it is checked and not used, since no
 * client of ours is trusted to speak for others (RFC 4954 5). ERR_SYNTAX:
 * malformed or twice (501); ERR_NOTFOUND: not known or not offered (555).
 */
MUST_CHECK enum err smtp_params_mail(struct slice rest, bool auth_offered,
                                     struct smtp_mail_params *ret_params);
/* The same for RCPT, where none is known yet. */
MUST_CHECK enum err smtp_params_rcpt(struct slice rest);

#endif
