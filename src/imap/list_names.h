/*
 * list_names.h — the names of an account as a tree, and which of them LIST or LSUB shows:
 * RFC 9051 6.3.9, RFC 3501 6.3.9, RFC 6154.
 *
 * Levels that are no mailboxes but have some below them are names too. Pure.
 */
#ifndef IMAP_LIST_NAMES_H
#define IMAP_LIST_NAMES_H

#include "status.h"

#include "mailserver/store/mailbox.h"

enum imap_list_select {
        IMAP_LIST_SUBSCRIBED = 1u << 0,
        IMAP_LIST_REMOTE = 1u << 1, /* there are none */
        IMAP_LIST_RECURSIVEMATCH = 1u << 2,
        IMAP_LIST_SPECIAL_USE = 1u << 3,
        IMAP_LIST_LSUB = 1u << 4, /* RFC 3501's command: with SUBSCRIBED */
};

#define IMAP_LIST_NO_PARENT SIZE_MAX

struct imap_list_name {
        char *name;      /* owned */
        size_t parent;   /* the level above it, or IMAP_LIST_NO_PARENT */
        int64_t mailbox; /* 0: there is no such mailbox */
        bool subscribed;
        enum store_special_use use;
        bool has_children; /* mailboxes below it */
        /* imap_list_choose */
        bool matches, levels; /* a pattern; one that ends with "%" */
        bool selected;
        bool child_selected, child_hidden; /* below it; and not matched by any pattern */
        bool shown;
        struct imap_status_counts counts; /* of those that are shown, when wanted */
};

struct imap_list_names {
        struct imap_list_name *items; /* owned; a parent before its children, INBOX first */
        size_t n, cap;
};

void imap_list_done(struct imap_list_names *names);
void imap_list_add(struct imap_list_names *names, struct slice name, int64_t mailbox,
                   enum store_special_use use, bool subscribed);
/* All were added, in any order, some perhaps twice: makes the tree of them. */
void imap_list_complete(struct imap_list_names *names);
/* Sets `shown` of each by patterns (any of them) and enum imap_list_select. */
void imap_list_choose(struct imap_list_names *names, const struct slice *patterns,
                      size_t n_patterns, unsigned select);

#endif
