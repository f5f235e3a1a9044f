/* search_expression.h — what a message must contain to match, for the index to look up. Pure. */
#ifndef IMAP_SEARCH_EXPRESSION_H
#define IMAP_SEARCH_EXPRESSION_H

#include "search_parse.h"

/* Appends it as search_narrow (mailserver/search/search.h) wants it; nothing: any message may match. */
void imap_search_expression(const struct imap_search *search, struct buf *out);

#endif
