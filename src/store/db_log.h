/*
 * db_log.h — a VFS that hands the write-ahead log to the kernel in large pieces.
 *
 * SQLite writes each page of the log in two calls, 24 octets and the page. Here they gather, and are
 * written when 64 KiB have, before the sync, and before anything else is asked of the log. So it is
 * for connections whose commits are synced, which are told of only then; with synchronous=NORMAL
 * others would look for pages that are not there yet.
 */
#ifndef STORE_DB_LOG_H
#define STORE_DB_LOG_H

/* The name of such a VFS above `vfs`; NULL: above the real one. Kept for the life of the process. NULL:
 * there is no such `vfs`. */
const char *db_log_vfs(const char *vfs);

#endif
