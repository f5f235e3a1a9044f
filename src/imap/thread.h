/*
 * thread.h — messages as threads: RFC 5256 3, THREAD; REFS is draft-ietf-morg-inthread.
 *
 * Messages are added one after another in the order of the mailbox, each in the time its
 * references take; then the tree is finished in n log n, step by step. Nothing is
 * recursive: a thread may be as deep as there are messages. Pure.
 */
#ifndef IMAP_THREAD_H
#define IMAP_THREAD_H

#include "args.h"
#include "search_share.h"

#include "mailserver/core/uid_map.h"
#include "mailserver/store/fetch.h"

enum imap_thread_algorithm { IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES, IMAP_THREAD_REFS };
MUST_CHECK enum err imap_arg_thread_algorithm(struct imap_args *a, enum imap_thread_algorithm *ret);

struct imap_threads;

/* `max_octets`: of ids, subjects and the tree together; `share` is borrowed, or NULL. */
struct imap_threads *imap_threads_new(enum imap_thread_algorithm algorithm, size_t max_octets,
                                      struct imap_share *share);
void imap_threads_free(struct imap_threads *t);
/* A row with STORE_FETCH_KEYS; rows come in order of UID. ERR_LIMIT. */
MUST_CHECK enum err imap_threads_add(struct imap_threads *t, const struct store_fetch_row *row);
/*
 * When all are added: a step to their order; *ret_over says that it was the last. Of a million messages a step is
 * a fraction of a second.
 */
MUST_CHECK enum err imap_threads_step(struct imap_threads *t, bool *ret_over);
/*
 * After the last step: appends " (2)(3 6 (4 23)(44 7 96))", nothing when there are none. The
 * numbers are those of `map`, or UIDs; messages that are not there are left out by the
 * caller before. ERR_LIMIT: more than `out` takes.
 */
MUST_CHECK enum err imap_threads_put(const struct imap_threads *t, const struct uid_map *map,
                                     bool uid, struct buf *out);

#endif
