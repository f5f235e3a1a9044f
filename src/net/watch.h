/*
 * watch.h — sockets of which nothing is wanted but to be told when there is something to read.
 *
 * One descriptor of epoll(7) stands in the loop for all of them, so that a socket which is watched
 * takes no memory of this process.
 */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <stdbool.h>

struct loop;
struct watch;

/*
 * There is something to read, or an end or an error to be found by reading. Called anew in each
 * turn until the socket is removed. It may remove this socket, and must leave the others alone.
 */
typedef void watch_fn(void *arg);

/* NULL: no descriptor is left for it. */
struct watch *watch_new(struct loop *l, watch_fn *readable);
/* All sockets were removed. */
void watch_free(struct watch *w);
/* Borrows the socket, which must be in no other way of the loop's. False: the kernel wants no more. */
bool watch_add(struct watch *w, int fd, void *arg);
void watch_remove(struct watch *w, int fd);

#endif
