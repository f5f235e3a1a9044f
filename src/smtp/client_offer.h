/* client_offer.h — what a server says it can do in its reply to EHLO or LHLO: RFC 5321 4.1.1.1. */
#ifndef SMTP_CLIENT_OFFER_H
#define SMTP_CLIENT_OFFER_H

#include "mailserver/core/slice.h"

enum smtp_client_mechanism {
        SMTP_CLIENT_PLAIN = 1u << 0,
        SMTP_CLIENT_LOGIN = 1u << 1,
        SMTP_CLIENT_SCRAM_SHA_256 = 1u << 2,
};

struct smtp_client_offer {
        bool pipelining, chunking, eight_bit, smtputf8, dsn, starttls;
        bool size;        /* SIZE is a parameter of MAIL: RFC 1870 */
        int64_t max_size; /* 0: not said, or no limit */
        unsigned auth;    /* enum smtp_client_mechanism, those we know */
};

/* One line behind the first, without its code. What is not known is not for us. */
void smtp_client_offer_line(struct smtp_client_offer *o, struct slice line);

#endif
