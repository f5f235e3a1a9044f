/* search_impl.h — the service from inside: what the loop, and what searches have of it. */
#ifndef SEARCH_IMPL_H
#define SEARCH_IMPL_H

#include "worker.h"

#include "mailserver/core/loop.h"
#include "mailserver/core/metrics.h"
#include "mailserver/store/store.h"

/* More mailboxes with news at one time: all are looked at. */
enum { SEARCH_MAX_DUE = 4096 };

struct search {
        struct search_config config;                /* does not change */
        struct search_worker *worker;               /* owned; NULL: the index is off */
        struct metric *narrowed, *unhelped, *steps; /* searches, searches, steps */

        /* The loop's. */
        struct loop *loop;
        struct store *store;
        struct store_watcher watcher;
        struct timer timer, daily;
        struct task *running;        /* borrowed; NULL: none */
        int64_t due[SEARCH_MAX_DUE]; /* mailboxes in which something has happened, ascending */
        size_t n_due;
        int64_t gives_way_until_ms; /* the loop's time; 0: it does not wait for a pause */
        bool walk_due, rebuild_due, stopped, opened;
        bool failed;                      /* the last step, which is to be tried again */
        struct search_status status;      /* of the last step */
        struct search_listener *listener; /* borrowed; NULL: none */
};

#endif
