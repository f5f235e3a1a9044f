/*
 * profile.h — known mail programs, and what is done for them.
 *
 * All that the server does for one program's sake stands in one table (profile.c), which
 * mailserverctl quirks prints: it is done for everybody where that harms nobody, or else only for
 * the program, which is known by its ID (RFC 2971) or by how it begins.
 */
#ifndef IMAP_PROFILE_H
#define IMAP_PROFILE_H

#include "mailserver/core/slice.h"

#include <stdbool.h>

struct imap_cmd;
struct imap_profile;
struct imap_session;

/* The client has said its ID: the session is this program's from here on, if it is one we know. */
void imap_profile_by_id(struct imap_session *s, struct slice name, struct slice version);
/* The client enables UTF8=ACCEPT and nothing else; what it has not said may tell who it is. */
void imap_profile_by_enable(const struct imap_cmd *cmd);
/* NULL: it is none of those we know. */
const char *imap_profile_name(const struct imap_profile *profile);
/* Whatever it enables, names of mailboxes stay in modified UTF-7. */
bool imap_profile_keeps_utf7(const struct imap_profile *profile);

#endif
