/*
 * render.h — IMAP's strings and lists, under a budget: RFC 9051 4.3 and 9.
 *
 * Only values are counted: brackets, NILs and numbers are bounded by the number
 * of parts. A value that does not fit is cut; the syntax is whole whatever happens.
 */
#ifndef MIME_RENDER_H
#define MIME_RENDER_H

#include "mailserver/core/buf.h"

struct mime_render {
        struct buf *out;
        size_t budget; /* octets that values may still take */
        size_t each;   /* octets that one value may take */
};

/* `max` octets of values, of which one may take a sixteenth. */
struct mime_render mime_render_to(struct buf *out, size_t max);

/*
 * A string: quoted where ASCII allows, a literal where octets are above 0x7f, for
 * IMAP4rev1 knows no others. Line ends and NULs are left out.
 */
void mime_render_string(struct mime_render *r, struct slice value);
/* NIL when value.ptr is NULL. */
void mime_render_nstring(struct mime_render *r, struct slice value);
/* A token of a known, small length, in upper case: media types. Not counted. */
void mime_render_token(struct mime_render *r, struct slice token);
/* As a string, in upper case: names, which have no case. */
void mime_render_upper(struct mime_render *r, struct slice value);
/* Syntax: not counted. */
void mime_render_raw(struct mime_render *r, const char *text);
void mime_render_number(struct mime_render *r, size_t n);
/* Little more would fit: a list had better end. */
bool mime_render_tight(const struct mime_render *r);

#endif
