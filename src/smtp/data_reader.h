/*
 * data_reader.h — the octets of a message as they come: RFC 5321 4.1.1.4, 4.5.2.
 *
 * Pure and streaming: whatever the pieces, the answer is the same. Only CRLF ends a
 * line, and only CRLF.CRLF the data: a dot between other line ends is content,
 * so that no message can smuggle in another. A CR or LF that stands alone (RFC
 * 5321 2.3.8) becomes CRLF, or is a fault; so is a NUL. In BDAT's chunks (RFC 3030)
 * dots mean nothing and there is no end to find; the rest is the same.
 *
 * After a fault the octets are read to their end, counted and dropped.
 */
#ifndef SMTP_DATA_READER_H
#define SMTP_DATA_READER_H

#include "mailserver/core/slice.h"

enum smtp_data_fault {
        SMTP_DATA_FINE,
        SMTP_DATA_NUL,     /* a NUL octet (RFC 5322 3.5 has none, RFC 3030 3 wants BINARYMIME) */
        SMTP_DATA_BARE,    /* a CR or LF alone, and those are to be rejected */
        SMTP_DATA_TOO_BIG, /* more than max_octets */
};

enum smtp_data_state {
        SMTP_DATA_LINE_START, /* behind CRLF, or nothing read yet: a dot is special */
        SMTP_DATA_LINE,       /* within a line                                      */
        SMTP_DATA_CR,         /* behind a CR that has not been put out yet          */
        SMTP_DATA_DOT,        /* behind a dot that began a line                     */
        SMTP_DATA_DOT_CR,     /* behind that and a CR                               */
        SMTP_DATA_END,        /* the final dot has been read                        */
};

typedef void smtp_data_put_fn(void *arg, struct slice octets);

struct smtp_data_reader {
        bool dots;        /* DATA; false: BDAT                              */
        bool reject_bare; /* false: CR and LF alone become CRLF             */
        int64_t max_octets;
        smtp_data_put_fn *put; /* gets the content, in runs of the input     */
        void *arg;

        /* Zero at the start. */
        enum smtp_data_state state;
        enum smtp_data_fault fault; /* the first; nothing is put out after it */
        int64_t octets;             /* of content so far, dropped ones too    */
};

/* Reads `in` up to the end of the data, if that is in it; how many octets it took. */
size_t smtp_data_feed(struct smtp_data_reader *r, struct slice in);
/* BDAT: the last chunk was read. */
void smtp_data_finish(struct smtp_data_reader *r);

#endif
