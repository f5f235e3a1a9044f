/* received.c — our Received field: RFC 5321 4.4. */
#include "received.h"

#include "path.h"

#include "mailserver/core/clock.h"
#include "mailserver/smtp/address.h"

#include <assert.h>

enum { MAX_HELO = 255 };

const char *smtp_received_with(const struct smtp_received *received)
{
        /* By TLS, then AUTH. RFC 3848 2 and RFC 6531 4.3 have no words without EHLO. */
        static const char *const words[2][4] = {
                {"ESMTP",     "ESMTPA",    "ESMTPS",    "ESMTPSA"   },
                { "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"},
        };
        int which = (received->tls_version ? 2 : 0) + (received->authenticated ? 1 : 0);

        if (which == 0 && !received->extended && !received->smtputf8)
                return "SMTP";
        return words[received->smtputf8][which];
}

/* What clients call themselves is often no domain; it must not break the field's syntax. */
static void print_helo(struct slice helo, struct buf *out)
{
        helo = slice_head(helo, MAX_HELO);
        if (smtp_literal_valid(helo)) {
                buf_add(out, helo);
                return;
        }
        for (size_t i = 0; i < helo.len; i++) {
                char c = helo.ptr[i];

                buf_addc(out, ascii_alnum(c) || (c && strchr("-._", c)) ? c : '?');
        }
        if (!helo.len)
                buf_addc(out, '?');
}

void smtp_received_print(const struct smtp_received *received, struct buf *out)
{
        char date[CLOCK_RFC5322_SIZE];
        enum err err;

        clock_rfc5322(received->received_us, date);
        buf_add(out, SLICE("Received: from "));
        print_helo(received->helo, out);
        buf_addf(out, " ([%s])\r\n\tby %s with %s id %s", received->peer, received->hostname,
                 smtp_received_with(received), received->id);
        if (received->recipient) {
                buf_add(out, SLICE("\r\n\tfor <"));
                err = smtp_address_print(slice_of(received->recipient), out);
                assert(!err); /* SMTP_MAX_RECEIVED has room for two octets for each of an address */
                buf_addc(out, '>');
        }
        if (received->tls_version)
                buf_addf(out, "\r\n\ttls %s (%s, %d bits)", received->tls_cipher,
                         received->tls_version, received->tls_bits);
        buf_addf(out, ";\r\n\t%s\r\n", date);
}
