/*
 * secret.h — passwords in memory: held in one place, wiped when done.
 */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "mailserver/core/buf.h"

/* What a client may send as a name or a password, octets. */
enum { SECRET_MAX = 1024 };

/* Replaces the bytes of *b by a copy of `s`, in one allocation; false when `s` is too long. */
bool secret_set(struct buf *b, struct slice s);
/* Moves the bytes of *from to *to, whose own are wiped. */
void secret_move(struct buf *to, struct buf *from);
/* Overwrites all the memory of *b, then frees it. For AUTO too. */
void secret_done(struct buf *b);
/* For AUTO: overwrites and frees what the C string points to (malloc's). */
void secret_stringp(char **pointer_to_string);

#endif
