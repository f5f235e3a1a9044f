/*
 * queue_hints.h — what the refusals of large providers mean, and what to do about them.
 *
 * Pure: a table over the words of a reply.
 */
#ifndef MAILSERVER_APP_QUEUE_HINTS_H
#define MAILSERVER_APP_QUEUE_HINTS_H

#include "mailserver/core/slice.h"

/*
 * Sentences for the administrator about a reply as it was remembered, with its enhanced status;
 * NULL: none is known. Static.
 */
const char *queue_hint(struct slice status, struct slice reply);

#endif
