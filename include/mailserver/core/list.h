/* list.h — a doubly linked list whose links live inside its members. */
#ifndef MAILSERVER_CORE_LIST_H
#define MAILSERVER_CORE_LIST_H

#include "mailserver/core/mem.h"

#include <stdbool.h>
#include <stddef.h>

/* A head, or a member's link. An unlinked member points to itself. */
struct list {
        struct list *prev, *next;
};

#define LIST_INIT(name)                                                                            \
        {                                                                                          \
                &(name), &(name)                                                                   \
        }

static inline void list_init(struct list *l)
{
        l->prev = l->next = l;
}
static inline bool list_empty(const struct list *head)
{
        return head->next == head;
}
/* A zeroed link, never initialised, counts as unlinked. */
static inline bool list_linked(const struct list *link)
{
        return link->next && link->next != link;
}
static inline void list_append(struct list *head, struct list *link)
{
        link->prev = head->prev;
        link->next = head;
        head->prev->next = link;
        head->prev = link;
}
static inline void list_prepend(struct list *head, struct list *link)
{
        list_append(head->next, link);
}
/* Unlinks; harmless on an unlinked member. */
static inline void list_remove(struct list *link)
{
        if (!list_linked(link))
                return;
        link->prev->next = link->next;
        link->next->prev = link->prev;
        list_init(link);
}
/* The first member's link, unlinked; NULL when empty. */
static inline struct list *list_pop(struct list *head)
{
        struct list *first = head->next;

        if (first == head)
                return NULL;
        list_remove(first);
        return first;
}
/* Moves all members of `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
        if (list_empty(from))
                return;
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
}

#define list_each(link, head)                                                                      \
        for (struct list *link = (head)->next; link != (head); link = link->next)
/* The member may be removed inside the loop. */
#define list_each_safe(link, head)                                                                 \
        for (struct list *link = (head)->next, *link##_next = link->next; link != (head);          \
             link = link##_next, link##_next = link->next)

#endif
