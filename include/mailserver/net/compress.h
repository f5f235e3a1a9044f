/*
 * compress.h — compression of a connection: raw DEFLATE both ways, above TLS (RFC 4978).
 *
 * Nothing else changes for the session: lines, ceilings, high water and turns are those of the
 * octets it reads and writes. A stream that is damaged ends as if the server stopped
 * (conn_handler.stopping); one that its sender ends is the end of input (conn_eof).
 */
#ifndef MAILSERVER_NET_COMPRESS_H
#define MAILSERVER_NET_COMPRESS_H

#include "mailserver/net/conn.h"

/* What was written before leaves as it is; what follows, and all that is not yet read, is packed. */
void conn_start_compress(struct conn *c);
/* What was written before is the end of our stream; what follows, and what comes behind the peer's
 * flush or the end of its own, is in the clear. RFC 8437 4.1. */
void conn_stop_compress(struct conn *c);
bool conn_is_compressed(const struct conn *c);

#endif
