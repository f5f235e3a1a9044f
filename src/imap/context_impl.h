/* context_impl.h — a context from inside: context.c, context_tell.c. */
#ifndef IMAP_CONTEXT_IMPL_H
#define IMAP_CONTEXT_IMPL_H

#include "context.h"
#include "session_impl.h"

#include "mailserver/core/mem.h"

struct imap_context {
        int refs; /* the mailbox's, and that of a task which looks */
        char *tag;
        char *label; /* its search correlators */
        bool uid;    /* told by UIDs */
        struct imap_scan scan;
        struct uid_set found; /* the result as the client has been told it */
        struct imap_sort sort;
        uint32_t *list; /* the same in its order, if sort.n; owned */
        size_t n;
};

/* UIDs in an order. */
struct imap_order {
        uint32_t *uids; /* owned */
        size_t n;
};

/* The result once those of `changed` are in it that match (`now`), and no others of them. */
void imap_context_result(const struct imap_context *c, const struct uid_set *changed,
                         const struct uid_set *now, struct uid_set *ret);
/* ADDTO and REMOVEFROM for that; the context has the new result then. Takes the order's UIDs. */
void imap_context_tell(struct imap_session *s, struct imap_context *c,
                       const struct uid_set *changed, const struct uid_set *now,
                       struct imap_order *order, struct buf *out);

#endif
