/*
 * roots.h — the certificates that other servers' are checked against, read by a
 * worker at the start and every half hour, so that no connection reads them on the loop.
 */
#ifndef QUEUE_ROOTS_H
#define QUEUE_ROOTS_H

struct loop;
struct roots;
struct store;

/* `ca_file`: NULL for the system's; copied. */
struct roots *roots_new(struct loop *l, struct store *store, const char *ca_file);
void roots_free(struct roots *r); /* NULL is fine */

#endif
