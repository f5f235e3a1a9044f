/*
 * slices.h — many messages, as many at a time as one transaction may change.
 *
 * Between two slices others' mail is stored. The view stays as it is while a command
 * is in hand, so message numbers say how much a slice holds.
 */
#ifndef IMAP_SLICES_H
#define IMAP_SLICES_H

#include "mailserver/store/view.h"

struct imap_slices {
        struct uid_set uids;  /* all; owned */
        struct uid_set slice; /* in hand; owned */
        size_t max;           /* messages of a slice */
        size_t range;         /* where the next slice begins */
        uint32_t next;
};

/* Takes *uids, ranges of UIDs that need not all be messages. No slice is in hand yet. */
void imap_slices_init(struct imap_slices *s, struct uid_set *uids, size_t max);
void imap_slices_done(struct imap_slices *s);
/* To the next slice: of at most `max` messages of the view. False: that was all. */
bool imap_slices_next(struct imap_slices *s, const struct uid_map *messages);

#endif
