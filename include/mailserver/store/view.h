/*
 * view.h — a mailbox as one client has been told it is, and what has changed since.
 *
 * A view is made from one snapshot and brought up to date by MODSEQ alone: who
 * changed what, and in which process, does not matter. What a mailbox held at some
 * MODSEQ is remembered (store.view_cache), and views share it. STORE_READ.
 */
#ifndef MAILSERVER_STORE_VIEW_H
#define MAILSERVER_STORE_VIEW_H

#include "mailserver/core/uid_map.h"
#include "mailserver/store/store.h"

struct store_view {
        int64_t mailbox;
        uint32_t uidvalidity, uidnext;
        int64_t modseq;          /* told up to here */
        struct uid_map messages; /* the client's numbers and their UIDs */
        bool exact; /* `messages` is what the mailbox held at `modseq`, no more and no less */
        uint32_t first_unseen; /* message number, 0: none; as of store_view_take */
        int64_t unseen;        /* how many; as of store_view_take */
        uint32_t recent_from;  /* nobody was told of UIDs from here on; as of store_view_take */
};
void store_view_done(struct store_view *v);
/* ERR_NOTFOUND. */
MUST_CHECK enum err store_view_take(struct store_txn *tx, int64_t mailbox,
                                    struct store_view *ret_view);
/*
 * Which messages a mailbox holds, found over several transactions when nothing is remembered of it and every
 * row must be read, so that a large one holds no reader for long. What it comes to is remembered:
 * store_view_take finds it there. Zero at the start.
 */
struct store_survey {
        bool over; /* there is no more to do, or nothing to gain */
        int64_t mailbox, modseq;
        uint32_t uidvalidity, uidnext, next; /* UIDs below `next` were read */
        struct uid_map messages;
};
void store_survey_done(struct store_survey *s);
/* Reads up to `max_rows` more rows. ERR_NOTFOUND. */
MUST_CHECK enum err store_survey_go_on(struct store_txn *tx, int64_t mailbox, size_t max_rows,
                                       struct store_survey *s);
/*
 * Any thread. What an exact view has come to is remembered for others, or it takes what another has
 * come to: then it is in memory once.
 */
void store_view_share(struct store *s, struct store_view *v);
/*
 * STORE_WRITE: sessions were told of all messages below uidnext, which are \Recent for nobody else:
 * RFC 3501 2.3.2.
 */
MUST_CHECK enum err store_view_take_recent(struct store_txn *tx, int64_t mailbox, uint32_t uidnext);

/*
 * UIDs of `within` that were expunged after `since`; where expunges so old are forgotten, all of
 * `within` that are not there (RFC 7162 3.2.6). None at or above the mailbox' uidnext.
 */
MUST_CHECK enum err store_expunged_since(struct store_txn *tx, int64_t mailbox, int64_t since,
                                         const struct uid_set *within,
                                         struct uid_set *ret_expunged);

struct store_flag_change {
        uint32_t uid;
        uint64_t flags;
        int64_t modseq;
};
/* What happened to a mailbox after `since`. */
struct store_changes {
        int64_t modseq; /* up to here */
        uint32_t uidnext;
        struct uid_set expunged;
        struct uid_set arrived; /* UIDs at or above the uidnext of the view */
        /* Of messages below the uidnext of the view that are there; by uid; owned. */
        struct store_flag_change *flags;
        size_t n_flags;
        uint32_t next; /* UID from which more may have changed: store_changes_more; 0: none */
        uint32_t last; /* and to which */
        uint64_t used; /* all flags and keywords of `flags` and `arrived` */
        bool exact;    /* all that happened up to `modseq`, and nothing later, is in here */
        bool gone;     /* the mailbox was removed */
};
void store_changes_done(struct store_changes *c);
/*
 * `known`: what the watcher was told since then, as one: only where it says flags changed are they
 * looked at, and `modseq` is its, though more may have happened, of which the watcher is still to
 * be told. NULL: whatever happened. `uidnext`: of the view; `since`: its modseq; `messages`: how many
 * it holds of which it was not told that they are gone, -1 if that is not known. `expunged` is below
 * uidnext, complete however old the view is, and may name UIDs it does not have.
 */
MUST_CHECK enum err store_changes_since(struct store_txn *tx, int64_t mailbox, int64_t since,
                                        uint32_t uidnext, int64_t messages,
                                        const struct store_change *known,
                                        struct store_changes *ret_changes);
/* At most so many `flags` are read at once. */
enum { STORE_CHANGES_FLAGS = 8192 };
/*
 * `changes.flags` become the next ones. What changed again after `changes.modseq` is left for the
 * store_changes_since that goes on from there. Also on failure `changes` is valid.
 */
MUST_CHECK enum err store_changes_more(struct store_txn *tx, int64_t mailbox, int64_t since,
                                       uint32_t uidnext, struct store_changes *changes);

#endif
