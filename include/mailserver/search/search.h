/*
 * search.h — a full-text index beside the store, so that SEARCH need not read all mail.
 *
 * The index says which messages may contain a text; whoever asks verifies each of
 * them. What is not indexed yet always may. So a search is never falsely empty, nor
 * falsely full; without an index it is only slower. Messages are indexed in the background,
 * soon after they came; delivery does not wait for it. data_dir/search.db is
 * derived: removed, torn or of an older version, it is built again by itself.
 *
 * The loop's, but for what says otherwise.
 */
#ifndef MAILSERVER_SEARCH_SEARCH_H
#define MAILSERVER_SEARCH_SEARCH_H

#include "mailserver/core/buf.h"
#include "mailserver/core/conf.h"
#include "mailserver/core/error.h"
#include "mailserver/core/uid_set.h"

struct loop;
struct search;
struct store;
struct store_txn;

struct search_config {
        bool index;
        int64_t delay_ms;          /* from an arrival to its indexing: more may come meanwhile */
        int64_t give_way_ms;       /* most that a step waits for a moment without changes */
        int64_t max_message_text;  /* octets of folded text; of more a message is not indexed */
        int64_t max_message_grams; /* different ones; likewise */
        int64_t batch_messages;    /* most of one transaction; likewise the next two */
        int64_t batch_text;        /* octets of folded text */
        int64_t batch_ms;          /* reading */
        int64_t max_size;          /* octets of search.db; 0: no limit */
        int64_t max_gone;          /* documents more than twice the messages: it is built anew */
        int64_t max_candidates;    /* more documents that may match: all mail is looked through */
        int64_t cache_size;        /* SQLite's page cache of one connection */
};
extern const struct conf_table search_conf_table; /* "search" */

/* All is borrowed but `config`, which is copied. */
struct search *search_new(struct loop *l, struct store *store, const char *data_dir,
                          const struct search_config *config);
/*
 * The index has been compared with the store, or cannot be. No mail may come in before: what comes to
 * a store that was put back from a backup could not be told from what a newer index knows.
 */
bool search_opened(const struct search *s);
/* Before the store is closed. NULL is fine. What runs comes to its end by itself, in the hub. */
void search_stop(struct search *s);
/* After the store was closed. */
void search_free(struct search *s);

/* ---- searching (any worker, in a task of STORE_READ) ---- */

/*
 * What messages must contain, as text for search_narrow. Appends to *out; false, and *out is as it
 * was: nothing can be looked up by it (fewer than three characters), so any message may match.
 * Combine as "(" a " AND " b ")" and "(" a " OR " b ")".
 */
bool search_needle_put(struct slice folded, struct buf *out);
/* Expressions longer than that are not worth looking up. */
enum { SEARCH_EXPRESSION_MAX = 16 << 10 };
/*
 * Takes messages out of *uids that cannot match. Not knowing takes out none: there is no index, it
 * is not ready, or too many may match. Never fails.
 */
void search_narrow(struct search *s, struct store_txn *tx, int64_t mailbox, struct slice expression,
                   struct uid_set *uids);

/* ---- administration ---- */

/* Searches since the start that it has helped, or could not, are in core/metrics.h by these names. */
#define SEARCH_METRIC_NARROWED     "search.narrowed"
#define SEARCH_METRIC_NOT_NARROWED "search.not_narrowed"
struct search_status {
        bool on, ready;        /* ready: searches use it */
        bool rebuilding, full; /* full: nothing more is taken in, max_size or the disk's reserve */
        int64_t documents, octets; /* of search.db */
        int64_t done, all;         /* messages: of the walk over the store that goes on, or 0 */
        int64_t failures;          /* steps that have failed since the start */
        int64_t waiting; /* mailboxes and walks that are due, or in work; 0: all is done */
};
void search_get_status(struct search *s, struct search_status *ret_status);
/* Told of a rebuild: messages it has come to, of all; and at its end, once, how it went. */
struct search_listener {
        void (*progress)(struct search_listener *l, int64_t done, int64_t all);
        /* ERR_FULL: no room for it, it waits; ERR_CANCELLED: the server stops. */
        void (*ended)(struct search_listener *l, enum err result);
};
/*
 * Builds the index anew beside the one in use, which answers until the new one is finished. `l` is
 * borrowed until it ended; NULL: nobody. ERR_DENIED: the index is off. ERR_EXISTS: that is going on. One
 * that waits after a failure is tried again at once.
 */
MUST_CHECK enum err search_rebuild(struct search *s, struct search_listener *l);

#endif
