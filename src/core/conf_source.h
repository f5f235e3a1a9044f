/*
 * conf_source.h — the text of a configuration, its includes in place, and
 * where each line of it came from.
 *
 * libconfig 1.5 is not given the files themselves: it cuts integers without an
 * L to 32 bits in silence, takes an included directory for a reason to exit,
 * cannot include by an absolute path, and accepts a comment or string that is
 * never closed. This pass gives it text in which none of that can happen.
 */
#ifndef CORE_CONF_SOURCE_H
#define CORE_CONF_SOURCE_H

#include "mailserver/core/buf.h"

enum { CONF_MAX_OCTETS = 1 << 20, CONF_MAX_DEPTH = 10, CONF_MAX_FILES = 100 };

struct conf_origin {
        unsigned at; /* line of the text that this run of lines starts at, from 1 */
        unsigned line;
        char *file; /* owned */
};

struct conf_source {
        struct buf text;
        unsigned lines;              /* in text so far */
        struct conf_origin *origins; /* owned, ascending */
        size_t n_origins;
        unsigned files;
};

#define CONF_SOURCE_INIT                                                                           \
        {                                                                                          \
                .text = BUF_INIT(CONF_MAX_OCTETS), .lines = 1                                      \
        }

void conf_source_done(struct conf_source *s);
/* On failure *report has a line. ERR_NOTFOUND, ERR_DENIED, ERR_IO: the file itself; ERR_SYNTAX. */
MUST_CHECK enum err conf_source_file(struct conf_source *s, const char *path, struct buf *report);
/* The same for text that has no place from which to include. */
MUST_CHECK enum err conf_source_text(struct conf_source *s, const char *text, const char *name,
                                     struct buf *report);
/* File and line of a line of s->text; borrowed. */
const char *conf_source_where(const struct conf_source *s, unsigned at, unsigned *ret_line);

#endif
