/*
 * change.h — what a commit changed, on its way to the watchers.
 *
 * The table outlives the store by the changes that are still with the hub:
 * each holds a reference.
 */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "mailserver/store/store.h"

struct watch_table;

struct watch_table *watch_table_new(void);
/* Tells nobody any more; frees when the last change has come back. */
void watch_table_unref(struct watch_table *table);
/*
 * Writer, after a commit: tells the watchers on the loop, before any task that
 * is given back later. Without a hub they are told here and now.
 */
void change_post(struct watch_table *table, struct task_hub *hub,
                 const struct store_change *changes, size_t n);

#endif
