/*
 * path.h — the <paths> of MAIL and RCPT: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3.
 *
 * Pure. A path becomes one text, "local@domain" with the quoting taken off; a
 * source route before it is accepted and ignored (RFC 5321 3.3, appendix C);
 * an address literal stays as it is, "[192.0.2.1]".
 */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include "mailserver/core/buf.h"

enum {
        /*
         * RFC 5321 4.5.3.1.1 asks for at least 64 octets and advises against a
         * limit: the return paths of mailing lists and of SRS are often longer.
         */
        SMTP_MAX_LOCAL = 256,
        SMTP_MAX_DOMAIN = 255, /* RFC 5321 4.5.3.1.2 */
        SMTP_MAX_ADDRESS = SMTP_MAX_LOCAL + 1 + SMTP_MAX_DOMAIN,
};

enum smtp_path_kind {
        SMTP_PATH_REVERSE, /* of MAIL: <> is allowed, and gives an empty address */
        SMTP_PATH_FORWARD, /* of RCPT: <postmaster> may stand alone (RFC 5321 4.5.1) */
};

struct smtp_path {
        bool has_8bit; /* only a transaction with SMTPUTF8 may use it */
};

/*
 * Cuts a path from the front of *rest and appends its address to *address,
 * which needs a ceiling of SMTP_MAX_ADDRESS at least. Blanks before the path are
 * skipped: Outlook sends one. What follows must be a space or nothing.
 * ERR_SYNTAX; ERR_LIMIT: a part is too long.
 */
MUST_CHECK enum err smtp_path_parse(struct slice *rest, enum smtp_path_kind kind,
                                    struct buf *address, struct smtp_path *ret_path);

/* A domain name (letters, digits, hyphens; any UTF-8 too when `utf8`), nothing else around it. */
bool smtp_domain_valid(struct slice domain, bool utf8);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]" or "[tag:text]": RFC 5321 4.1.3. */
bool smtp_literal_valid(struct slice literal);

#endif
