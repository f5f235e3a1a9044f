/* lock.h — one process at a time: flock on data_dir/lock. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "mailserver/core/error.h"

/*
 * Also closes the directory to others (mode 0700). ERR_EXISTS: another process
 * has it. The file holds the process id, for people.
 */
MUST_CHECK enum err lock_take(int dir, const char *path, int *ret_lock, struct error *reterr);
/* -1: nothing. */
void lock_release(int lock);

#endif
