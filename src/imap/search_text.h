/*
 * search_text.h — looking for several strings at once in a message's text.
 *
 * What is looked into is mime/text_walk.h's: decoded and folded. No session and no
 * store: the octets come through a function.
 */
#ifndef IMAP_SEARCH_TEXT_H
#define IMAP_SEARCH_TEXT_H

#include "search_parse.h"

#include "mailserver/mime/text_walk.h"

/* Sets `found` of each key of the list `texts`. Errors are those of `read`, or ERR_CORRUPT. */
MUST_CHECK enum err imap_search_texts(struct imap_search_key *texts,
                                      const struct mime_text_source *source);
/* Does a field of this name, decoded, contain the folded text? */
bool imap_search_field(struct slice header, struct slice name, struct slice text);
/* Looks through fields of this name; the caller begins, and asks what was found. */
void imap_search_field_fuzzily(struct slice header, struct slice name, struct imap_fuzzy *fuzzy);

#endif
