/*
 * index.h — the tree of a message's parts, by offsets into the message.
 *
 * The parts stand in one array in the order of their beginnings (a parent before
 * its children), so a walk needs no recursion: the next sibling of part i is
 * i + 1 + descendants.
 */
#ifndef MIME_INDEX_H
#define MIME_INDEX_H

#include "mailserver/core/arena.h"
#include "mailserver/mime/content.h"
#include "mailserver/mime/summary.h"
#include "mailserver/mime/transfer.h"

/* Whatever the limits say. */
#define MIME_MAX_DEPTH 256

enum mime_kind {
        MIME_KIND_LEAF,
        MIME_KIND_MULTIPART, /* has one child or more */
        MIME_KIND_MESSAGE,   /* message/rfc822 or message/global: has one child, the message */
};

/* Values of header fields as they stand; .ptr NULL: the field is not there. The first counts. */
struct mime_content_fields {
        struct slice type, encoding, id, description, disposition, md5, language, location;
};

struct mime_part {
        enum mime_kind kind;
        enum mime_encoding encoding;
        bool defaulted;          /* the type is not the mail's own word */
        bool attachment;         /* by its Content-Disposition: RFC 2183 2.2 */
        uint32_t descendants;    /* parts below this one, all levels */
        size_t start, body, end; /* header [start, body), body [body, end) */
        size_t lines;            /* line ends in the body */
        struct slice type, subtype;
        struct mime_param *params; /* in the index's arena */
        struct mime_content_fields fields;
};

struct mime_index {
        struct slice message; /* borrowed */
        struct mime_part *parts;
        uint32_t n_parts, capacity;
        bool has_8bit, has_8bit_header;
        struct arena arena;
};

/* `message` must outlive the index. Any octets give a tree of at least one part. */
void mime_index_build(struct mime_index *index, struct slice message,
                      const struct mime_limits *limits);
void mime_index_done(struct mime_index *index);

static inline struct slice mime_part_header(const struct mime_index *index,
                                            const struct mime_part *part)
{
        return (struct slice){ index->message.ptr + part->start, part->body - part->start };
}
static inline struct slice mime_part_body(const struct mime_index *index,
                                          const struct mime_part *part)
{
        return (struct slice){ index->message.ptr + part->body, part->end - part->body };
}
/* ASCII case ignored; the subtype may be NULL for any. */
bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype);

#endif
