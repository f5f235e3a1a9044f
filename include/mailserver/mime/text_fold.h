/*
 * text_fold.h — UTF-8 in the form in which SEARCH compares it.
 *
 * Case is folded, compatible characters become one, accents are composed,
 * invisible characters go (Unicode's NFKC_Casefold). Cut only where
 * text_fold_cut says, text may be folded in pieces. Time is linear in the text,
 * also where a stranger has piled up accents.
 */
#ifndef MAILSERVER_MIME_TEXT_FOLD_H
#define MAILSERVER_MIME_TEXT_FOLD_H

#include "mailserver/core/buf.h"

/* Appends. ERR_LIMIT past out's ceiling; octets that are not UTF-8 are taken as they are. */
MUST_CHECK enum err text_fold(struct slice utf8, struct buf *out);
/* How much of the front of a text that goes on may be folded now; the rest waits for what follows.
 * Never 0 when there are more than TEXT_FOLD_WAITS octets. */
enum { TEXT_FOLD_WAITS = 512 };
size_t text_fold_cut(struct slice utf8);

#endif
