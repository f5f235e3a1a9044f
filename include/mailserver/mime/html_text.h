/*
 * html_text.h — what is to be seen of HTML, as a stream: UTF-8 in, UTF-8 out.
 *
 * Tags, comments, scripts and styles go, entities become characters, and blanks that follow each
 * other become one. Any octets are read; the same text however the input is cut between characters.
 */
#ifndef MAILSERVER_MIME_HTML_TEXT_H
#define MAILSERVER_MIME_HTML_TEXT_H

#include "mailserver/core/buf.h"

struct mime_html_text;

struct mime_html_text *mime_html_text_new(void);
void mime_html_text_free(struct mime_html_text *t);
/* Whole characters. ERR_LIMIT: *out is full. */
MUST_CHECK enum err mime_html_text_put(struct mime_html_text *t, struct slice utf8,
                                       struct buf *out);
/* The text is over: gives what was held back. */
MUST_CHECK enum err mime_html_text_end(struct mime_html_text *t, struct buf *out);

#endif
