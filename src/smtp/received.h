/*
 * received.h — our Received field: RFC 5321 4.4, its WITH words of RFC 3848 and
 * RFC 6531 4.3, its tls clause of RFC 8314 4.3. Pure.
 */
#ifndef SMTP_RECEIVED_H
#define SMTP_RECEIVED_H

#include "mailserver/core/buf.h"

enum { SMTP_MAX_RECEIVED = 4096 };

struct smtp_received {
        struct slice helo; /* as the client said it */
        const char *peer;  /* address literal without its brackets */
        const char *hostname;
        const char *id;
        const char *recipient; /* "local@domain"; NULL unless there is exactly one */
        int64_t received_us;

        bool extended; /* EHLO */
        bool authenticated;
        bool smtputf8;
        const char *tls_version, *tls_cipher; /* NULL: in the clear */
        int tls_bits;
};

/* The whole field, with its last CRLF; `out` needs a ceiling of SMTP_MAX_RECEIVED. */
void smtp_received_print(const struct smtp_received *received, struct buf *out);
/* "ESMTPSA": RFC 3848 2. */
const char *smtp_received_with(const struct smtp_received *received);

#endif
