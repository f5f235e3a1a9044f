/* html.h — the text of HTML, for previews: not a parser, a filter. */
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include "mailserver/core/slice.h"

#include <stdint.h>

enum html_state {
        HTML_TEXT,
        HTML_LESS,    /* after "<" */
        HTML_NAME,    /* in a tag's name */
        HTML_TAG,     /* in the rest of a tag */
        HTML_QUOTE,   /* in an attribute's value */
        HTML_MARKUP,  /* after "<!", up to ">" */
        HTML_COMMENT, /* after "<!--", up to "-->" */
        HTML_ENTITY,  /* after "&" */
};

struct html_filter {
        enum html_state state;
        char name[12]; /* of the tag or entity, lower case (an entity's: as it is) */
        size_t name_len;
        char quote;       /* what ends HTML_QUOTE */
        unsigned hyphens; /* just seen, in markup and comments */
        const char *raw;  /* the element whose text is no markup, and not shown; NULL: none */
        bool in_head;     /* of which nothing is shown */
};

/* Takes one character; calls put() with each that is to be seen, a space for a tag's gap. */
typedef void html_put_fn(void *to, uint32_t code);
void mime_html_put(struct html_filter *f, uint32_t code, html_put_fn *put, void *to);

#endif
