/*
 * slices.h — many messages, as many at a time as one transaction may change.
 *
 * Between two slices others' mail is stored: a slice has up to max_slice_messages, fewer when the last
 * one took longer than slice_time, though a thousand always. The view stays as it is while a command
 * is in hand, so message numbers say how much a slice holds.
 */
#ifndef IMAP_SLICES_H
#define IMAP_SLICES_H

#include "mailserver/core/task.h"
#include "mailserver/imap/imap.h"
#include "mailserver/store/view.h"

struct imap_slices {
        struct uid_set uids;  /* all; owned */
        struct uid_set slice; /* in hand; owned */
        size_t max;           /* messages of a slice */
        int64_t aim_us;       /* that it should take */
        size_t n;             /* messages of the one in hand */
        size_t range;         /* where the next slice begins */
        uint32_t next;
};

/*
 * Takes *uids, ranges of UIDs that need not all be messages. No slice is in hand yet. Without `config` there
 * is one for all.
 */
void imap_slices_init(struct imap_slices *s, struct uid_set *uids,
                      const struct imap_config *config);
void imap_slices_done(struct imap_slices *s);
/* To the next slice, of messages of the view; `task` has done the last one, if any. False: that was all. */
bool imap_slices_next(struct imap_slices *s, const struct uid_map *messages,
                      const struct task *task);

#endif
