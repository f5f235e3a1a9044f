/*
 * summary.h — everything that is worked out about a message once, when it is
 * stored: the tree of its parts and the renderings IMAP clients ask for.
 *
 * Pure: octets in, renderings out; linear time; any octets give a valid tree.
 */
#ifndef MAILSERVER_MIME_SUMMARY_H
#define MAILSERVER_MIME_SUMMARY_H

#include "mailserver/core/buf.h"
#include "mailserver/mime/keys.h"

struct mime_limits {
        unsigned max_depth;   /* nesting; deeper parts become application/octet-stream leaves */
        unsigned max_parts;   /* in all; the rest of the multipart becomes one leaf */
        size_t max_rendering; /* octets of envelope or bodystructure: cut values, never syntax */
};
extern const struct mime_limits mime_limits_default; /* 64, 1,000, 1 MiB */

struct mime_summary {
        size_t header_length; /* the empty line included */
        struct buf envelope;  /* "(…)" as RFC 9051 7.5.2 ENVELOPE; pure ASCII where the mail is */
        struct buf bodystructure; /* "(…)" with extension data; BODY is cut from it by the reader */
        struct buf body;          /* "(…)" without extension data: FETCH BODY */
        struct buf parts;         /* part table for BODY[section]: mime/parts.h reads it */
        struct buf preview;       /* UTF-8, at most 200 characters: RFC 8970 3.1 */
        struct mime_keys keys;    /* for SEARCH, SORT and THREAD */
        bool has_8bit;            /* an octet above 0x7f anywhere */
        bool has_8bit_header;     /* in a header of the message or of an embedded one */
        bool has_attachment;      /* a part with Content-Disposition: attachment */
};

/* All bufs of *ret_summary must be initialised by mime_summary_init. */
void mime_summary_init(struct mime_summary *summary);
void mime_summary_done(struct mime_summary *summary);
/* `message` is the whole message. Never fails; limits cut. */
void mime_summarise(struct slice message, const struct mime_limits *limits,
                    struct mime_summary *ret_summary);

#endif
