/*
 * parts.h — where the sections of a message lie: RFC 9051 6.4.5.1.
 *
 * The table is made by mime_summarise, stored beside the message, and read here
 * to answer BODY[section] and BINARY[section] without parsing again. It is a few
 * octets a part: see docs/internals/mime.md for the format.
 */
#ifndef MAILSERVER_MIME_PARTS_H
#define MAILSERVER_MIME_PARTS_H

#include "mailserver/core/error.h"
#include "mailserver/mime/transfer.h"

#include <stdint.h>

/* Octets [start, end) of the message. */
struct mime_range {
        uint64_t start, end;
};

enum mime_section_kind {
        MIME_SECTION_LEAF,
        MIME_SECTION_MULTIPART,
        MIME_SECTION_MESSAGE, /* has inner_header and inner_text */
};

struct mime_section {
        enum mime_section_kind kind;
        enum mime_encoding encoding;
        struct mime_range header;       /* section.MIME: the part's own header */
        struct mime_range body;         /* section: as in the mail, not decoded */
        struct mime_range inner_header; /* section.HEADER of an embedded message */
        struct mime_range inner_text;   /* section.TEXT */
};

/*
 * Finds a section by its number, "1.2.3"; "" is the message itself: body is all
 * of it, inner_header and inner_text are HEADER and TEXT. A message that is no
 * multipart is its own part 1. All ranges lie within message_size.
 * ERR_SYNTAX: not a section number; ERR_NOTFOUND: there is no such part;
 * ERR_CORRUPT: the table is damaged, or of a message of another size.
 */
MUST_CHECK enum err mime_parts_find(struct slice table, struct slice section, uint64_t message_size,
                                    struct mime_section *ret_section);

#endif
