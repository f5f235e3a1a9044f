/*
 * object_id.h — the names RFC 8474 gives to mailboxes, messages and threads.
 *
 * Each kind has a letter of its own in front, so that no two are alike, and hexadecimal digits
 * behind it, so that none differ by case alone (RFC 8474 8.1).
 */
#ifndef IMAP_OBJECT_ID_H
#define IMAP_OBJECT_ID_H

#include "mailserver/core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* 1*255(ALPHA / DIGIT / "_" / "-"): RFC 8474 7. */
bool imap_is_object_id(struct slice s);

/* " (F5f3b-65f1c0a2)": neither number is used again in the life of a store, whatever is renamed. */
void imap_put_mailbox_id(struct buf *out, int64_t mailbox, int64_t uidvalidity);
/* " (M…)"; `email_id` as store/fetch.h has it. */
MUST_CHECK enum err imap_put_email_id(struct buf *out, struct slice email_id);
/* " (T…)" */
MUST_CHECK enum err imap_put_thread_id(struct buf *out, int64_t thread_id);
/* Is it this message's? */
bool imap_is_email_id(struct slice object_id, struct slice email_id);
/* The number of a thread; -1: no thread can have this name. */
int64_t imap_thread_of_id(struct slice object_id);

#endif
