/*
 * keys.h — what SEARCH, SORT and THREAD ask of a header, worked out once.
 *
 * Texts are compared octet by octet: they are in the form of i;unicode-casemap
 * (RFC 5051), which RFC 5255 4.2 wants for sorting. Pure; any octets give keys.
 */
#ifndef MAILSERVER_MIME_KEYS_H
#define MAILSERVER_MIME_KEYS_H

#include "mailserver/core/buf.h"

#include <stdint.h>

/* Octets of an address's key; a base subject has at most 1,000. */
enum { MIME_KEYS_ADDRESS = 255 };

struct mime_keys {
        struct buf base_subject; /* RFC 5256 2.1 */
        struct buf message_id;   /* "<…>" or empty */
        struct buf references;   /* message ids for threading, space separated: RFC 5256 3 */
        /* Of the first address of From, To and Cc the mailbox: RFC 5256 3. */
        struct buf from, to, cc;
        struct buf display_from, display_to; /* and as people see it: RFC 5957 3 */
        int64_t sent_us;                     /* Date field; INT64_MIN when missing or unreadable */
        int64_t sent_day;      /* since 1970, as its author wrote it; INT64_MIN likewise */
        bool subject_is_reply; /* a reply or forward by its subject: RFC 5256 2.1 */
};

void mime_keys_init(struct mime_keys *keys);
void mime_keys_done(struct mime_keys *keys);
/* Of a header block. `keys` must be initialised, and be fresh. */
void mime_keys_of(struct slice header, struct mime_keys *keys);

#endif
