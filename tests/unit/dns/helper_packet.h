/* helper_packet.h — DNS messages written down for tests. */
#ifndef HELPER_PACKET_H
#define HELPER_PACKET_H

#include "mailserver/core/buf.h"

enum { PACKET_MAX = 65535, RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };

/* A header and one question for (name, type); counts of records are counted up by packet_rr. */
void packet_begin(struct buf *p, unsigned rcode, const char *name, unsigned type);
/* A resource record in the answer section, or (authority) in the one after it. */
void packet_rr(struct buf *p, const char *owner, unsigned type, unsigned ttl, struct slice data);
void packet_soa(struct buf *p, const char *owner, unsigned ttl, unsigned minimum);
/* A name in wire form, uncompressed. */
void packet_name(struct buf *p, const char *name);
/* "\0\012" and a name: the data of an MX record. */
void packet_mx(struct buf *p, const char *owner, unsigned preference, const char *host);

#endif
