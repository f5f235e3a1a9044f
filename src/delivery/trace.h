/*
 * trace.h — the fields of a message that tell where it has been: RFC 5321 4.4, 6.3.
 *
 * Pure.
 */
#ifndef DELIVERY_TRACE_H
#define DELIVERY_TRACE_H

#include "names.h"

#include "mailserver/core/buf.h"

enum {
        TRACE_MAX_DELIVERED = 200, /* Delivered-To fields before it is taken for a loop */
        TRACE_MAX_OCTETS = 4096,
};

struct trace_found {
        int64_t received;          /* Received fields, ours included */
        struct names delivered_to; /* stored form of each; what is no address is left out */
};
/* ERR_LIMIT: more than TRACE_MAX_DELIVERED. Free *ret_found in any case: names_done. */
MUST_CHECK enum err trace_scan(struct slice header, struct trace_found *ret_found);

/*
 * What a recipient's copy begins with: Return-Path, and Delivered-To, which names the
 * account (not the address that led to it), so that the same account is known again
 * whatever alias the next round takes. `out` needs a ceiling of TRACE_MAX_OCTETS.
 */
void trace_print(struct slice sender, struct slice account_name, struct buf *out);
/* The second of them alone: an alias, by which what it sends on is known when it comes back. */
void trace_print_delivered_to(struct slice address, struct buf *out);

#endif
