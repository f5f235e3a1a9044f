/*
 * params.h — what may follow the path in MAIL and RCPT: RFC 5321 4.1.2.
 *
 * Pure. SIZE (RFC 1870), BODY (RFC 1652), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 5); RET,
 * ENVID, NOTIFY and ORCPT (RFC 3461 4).
 */
#ifndef SMTP_PARAMS_H
#define SMTP_PARAMS_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

struct smtp_mail_params {
        int64_t size;   /* SIZE=; 0 when not given; INT64_MAX for anything above */
        bool eight_bit; /* BODY=8BITMIME */
        bool smtputf8;
        unsigned ret;       /* RET=, of enum store_queue_flag; 0: not said */
        struct slice envid; /* ENVID=, xtext, of the line; .ptr NULL: none */
};
struct smtp_rcpt_params {
        unsigned notify;    /* NOTIFY=, enum store_queue_notify; 0: not said */
        struct slice orcpt; /* ORCPT=, "type;xtext", of the line; .ptr NULL: none */
};

/*
 * The rest of a MAIL command behind its path. `auth_offered`: AUTH=, the
 * message's first submitter, is known; it is checked and not used, since no
 * client of ours is trusted to speak for others (RFC 4954 5). ERR_SYNTAX:
 * malformed or twice (501); ERR_NOTFOUND: not known or not offered (555).
 */
MUST_CHECK enum err smtp_params_mail(struct slice rest, bool auth_offered,
                                     struct smtp_mail_params *ret_params);
/* The same for RCPT. `smtputf8`: MAIL had it. */
MUST_CHECK enum err smtp_params_rcpt(struct slice rest, bool smtputf8,
                                     struct smtp_rcpt_params *ret_params);

#endif
