/*
 * report.h — delivery status notifications: what people are told about mail
 * that did not arrive, is late, or did arrive and they had asked.
 * RFC 3461, 3464, 6522, 6533.
 *
 * Pure. A report is multipart/report: plain words first, then the facts for
 * programs, then the message (its header, or all of it). What a remote server
 * has said is quoted, and never leaves this escaped text.
 */
#ifndef MAILSERVER_SMTP_REPORT_H
#define MAILSERVER_SMTP_REPORT_H

#include "mailserver/core/buf.h"
#include "mailserver/core/error.h"

#include <stdbool.h>
#include <stdint.h>

enum report_action { /* RFC 3464 2.3.3 */
                     REPORT_FAILED,
                     REPORT_DELAYED,
                     REPORT_DELIVERED,
                     REPORT_RELAYED, /* to a server that sends no reports */
                     REPORT_EXPANDED,
};

struct report_recipient {
        const char *final;    /* "bob@away.org" */
        const char *original; /* ORCPT: "rfc822;…" xtext decoded; NULL: none */
        enum report_action action;
        const char *status;     /* "5.1.1" */
        const char *remote_mta; /* "mx.away.org"; NULL: nobody was reached */
        const char *diagnostic; /* what it said: "550 5.1.1 No such user"; NULL: nothing */
        const char *reason; /* our own words, before a diagnostic if both are there; NULL: none */
        int64_t last_attempt_us; /* 0: none */
        int64_t retry_until_us;  /* REPORT_DELAYED */
};
struct report {
        const char *hostname; /* the reporting MTA */
        const char *from;     /* "postmaster@example.org": author, shown as "Mail Delivery" */
        const char *to;       /* envelope sender of the original: whom this goes to */
        const char *mail_id;  /* the original's, as log lines have it */
        const char *envid;    /* xtext decoded; NULL: none */
        int64_t arrival_us, now_us;
        const struct report_recipient *recipients; /* one at least, all of one action */
        size_t n;
        struct slice original;  /* the original, from its first octet: whole or cut */
        size_t original_header; /* length of its header, the empty line included */
        bool original_cut;      /* `original` ends before the message does */
        bool full;              /* RET=FULL: all of it, if `original` is whole; else the header */
        bool smtputf8;          /* may use RFC 6533: the original needed SMTPUTF8 */
};

enum { REPORT_MAX_ORIGINAL = 64 << 10 }; /* octets of the original that a report may carry */

/*
 * Appends the message: header, empty line, body, CRLF line ends, 7-bit unless smtputf8. Its
 * envelope sender is "" (RFC 3461 6.2), its header says Auto-Submitted: auto-replied (RFC 3834).
 * ERR_LIMIT: out's ceiling.
 */
MUST_CHECK enum err report_write(const struct report *report, struct buf *out);

#endif
