/*
 * watch.h — sockets in the clear: to be told when there is something to read or room to write.
 *
 * One descriptor of epoll(7) stands in the loop for all of them, so that a socket which is watched
 * takes no memory of this process.
 */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include <stdbool.h>

struct loop;
struct watch;

/* What is wanted to be known of a socket, and what is known then. */
enum watch_what { WATCH_NOTHING = 0, WATCH_READ = 1u << 0, WATCH_WRITE = 1u << 1 };

/*
 * There is something to read, or room to write; both where there is an end or an error to be found
 * by either. Called anew in each turn while it is so. It may change and end the watching of
 * any socket.
 */
typedef void watch_fn(void *arg, unsigned what);

struct watch *watch_new(struct loop *l, watch_fn *ready);
/* All sockets were removed. */
void watch_free(struct watch *w);
/*
 * `wanted` of the socket instead of `before`, which is what it was last set to, or nothing. Borrows
 * the socket, which must be in no other way of the loop's, until nothing is wanted. False: the
 * kernel wants no more of them, and nothing has changed.
 */
bool watch_set(struct watch *w, int fd, void *arg, unsigned before, unsigned wanted);

#endif
