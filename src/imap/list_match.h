/* list_match.h — the patterns of LIST: RFC 9051 6.3.9. */
#ifndef IMAP_LIST_MATCH_H
#define IMAP_LIST_MATCH_H

#include "mailserver/core/slice.h"

/*
 * "*" stands for anything, "%" for anything without "/". INBOX, and what is below it, is
 * matched in any case. Time is at most pattern times name, memory a name.
 */
bool imap_list_match(struct slice pattern, struct slice name);

#endif
