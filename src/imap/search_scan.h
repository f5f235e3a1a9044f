/*
 * search_scan.h — the messages of a mailbox that match, found one task after another.
 *
 * A searching command parses its keys into a scan on the loop, then runs scan
 * work in read tasks of bounded time until it is over. What matches is handed to the
 * owner's function, in order of UID, on the worker.
 */
#ifndef IMAP_SEARCH_SCAN_H
#define IMAP_SEARCH_SCAN_H

#include "command.h"
#include "search_eval.h"

/* How long a task that searches or sorts works; what is left is another's. */
enum { IMAP_SCAN_TASK_US = 50000 };

/* Borrowed until the function returns. An error ends the scan. */
typedef enum err imap_scan_fn(void *arg, const struct store_fetch_row *row);

struct imap_scan {
        struct arena arena; /* of the tree */
        struct imap_search search;
        int64_t account, mailbox, now_us;
        struct uid_set recent;
        struct uid_set wanted;   /* all of the view, or fewer */
        struct uid_map messages; /* the view */
        struct search *index;    /* NULL: none */
        struct buf must_contain; /* for it to look up: search_expression.h */
        bool narrowed;           /* it has taken out of `wanted` what cannot match */
        struct metric *looked_at;
        unsigned items; /* of store_fetch: what keys need; the owner may add */
        uint32_t next;
        bool over; /* all have been looked at */
};

void imap_scan_init(struct imap_scan *scan);
void imap_scan_done(struct imap_scan *scan);
/* Loop, after imap_search_parse: ERR_SYNTAX where a charset may not be named: RFC 6855 3. */
MUST_CHECK enum err imap_scan_check_charset(const struct imap_scan *scan,
                                            const struct imap_cmd *cmd, struct imap_args *args);
/* Loop, after imap_search_parse…: the scan takes what it needs of the session and aims at the selected mailbox. */
void imap_scan_begin(struct imap_scan *scan, struct imap_cmd *cmd);
/* From here on it is about these messages of a mailbox; `recent` is the caller's to set. */
void imap_scan_aim(struct imap_scan *scan, int64_t mailbox, const struct uid_map *messages,
                   const struct uid_set *saved);
/* Looks at these anew, of the mailbox it is about; whatever the index says. */
void imap_scan_again(struct imap_scan *scan, const struct uid_set *uids);
/* Worker: looks at messages for a while. `cancelled` is the task's. */
MUST_CHECK enum err imap_scan_work(struct imap_scan *scan, struct store_txn *tx,
                                   const _Atomic bool *cancelled, imap_scan_fn *fn, void *arg);
/* Loop: a share of the memory that searching commands have, for `cmd`. */
void imap_scan_share(struct imap_cmd *cmd, struct imap_share *share);
/* Loop, between two tasks: INPROGRESS tells how far it is. */
void imap_scan_progress(const struct imap_scan *scan, struct imap_cmd *cmd);
/* Loop: what SAVE asks for becomes "$". False: it is too much, and the reply was NO. */
bool imap_scan_save(const struct imap_scan *scan, struct imap_cmd *cmd,
                    const struct uid_set *to_save);
/* The reply when keys could not be parsed. */
enum imap_flow imap_scan_refuse(struct imap_cmd *cmd, enum err err, const struct imap_args *args);

#endif
