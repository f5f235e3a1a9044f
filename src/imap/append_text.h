/*
 * append_text.h — an APPEND's octets on their way into the spool.
 *
 * A literal's line feeds get the carriage return that is missing; a literal8's octets
 * stay as they are: RFC 3516 4.4. NULs, which only the latter may hold (RFC 9051 4.3), are
 * noticed. The same however the octets are cut. Pure.
 */
#ifndef IMAP_APPEND_TEXT_H
#define IMAP_APPEND_TEXT_H

#include "mailserver/core/slice.h"

struct imap_append_text {
        bool binary;   /* literal8 */
        bool after_cr; /* the last octet was one */
        bool nul;      /* a NUL was there: the message is to be refused, or encoded */
        void (*put)(void *arg, struct slice octets);
        void *arg;
};
void imap_append_text_put(struct imap_append_text *t, struct slice octets);

#endif
