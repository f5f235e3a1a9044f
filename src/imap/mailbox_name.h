/*
 * mailbox_name.h — the one form in which a mailbox' name is stored and found: RFC 9051 5.1.
 *
 * Unicode in Normalization Form C, and INBOX in capitals where it is the name or its first level.
 * Clients may write others: macOS takes letters and their accents apart. Pure.
 */
#ifndef IMAP_MAILBOX_NAME_H
#define IMAP_MAILBOX_NAME_H

#include "mailserver/core/arena.h"
#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

/* `name` is valid UTF-8. What is longer than any name may be, or has letters with more marks than any
 * has, stays as it is. ERR_LIMIT: no room in the arena. */
MUST_CHECK enum err imap_name_canonical(struct slice name, struct arena *arena,
                                        struct slice *ret_name);
/* A mailbox can have it, as far as its levels go: none is empty. */
bool imap_name_possible(struct slice name);
/* How many levels it has: one more than slashes. */
size_t imap_name_levels(struct slice name);

#endif
