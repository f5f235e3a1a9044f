/*
 * search_sources.h — which mailboxes an ESEARCH looks into: RFC 7377 2.2, RFC 5465 6.
 */
#ifndef IMAP_SEARCH_SOURCES_H
#define IMAP_SEARCH_SOURCES_H

#include "args.h"

enum imap_source {
        IMAP_SOURCE_SELECTED = 1u << 0,
        IMAP_SOURCE_INBOXES = 1u << 1, /* where mail is delivered */
        IMAP_SOURCE_PERSONAL = 1u << 2,
        IMAP_SOURCE_SUBSCRIBED = 1u << 3,
        /* of one name: */
        IMAP_SOURCE_MAILBOX = 1u << 4,
        IMAP_SOURCE_SUBTREE = 1u << 5,     /* and all below it */
        IMAP_SOURCE_SUBTREE_ONE = 1u << 6, /* and one level below it */
};

/* Borrows from the arena it was parsed into. */
struct imap_sources {
        unsigned kinds; /* those that have no name, or-ed */
        struct imap_source_name {
                struct imap_source_name *next;
                enum imap_source kind;
                struct slice name; /* UTF-8, canonical */
        } * names;
};

/* "IN (…) " if it is there; else SELECTED. Everything lies in args->arena. ERR_SYNTAX, ERR_LIMIT. */
MUST_CHECK enum err imap_sources_parse(struct imap_args *args, struct imap_sources *ret);
/* Is a mailbox of the account among them, but for SELECTED? */
bool imap_sources_have(const struct imap_sources *sources, struct slice name, bool subscribed);

#endif
