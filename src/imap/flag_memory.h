/*
 * flag_memory.h — flags a client was told lately: RFC 7162 3.1.12.
 *
 * A message has one MODSEQ, and whatever changes raises it. A STORE UNCHANGEDSINCE
 * of flags nobody touched shall not fail for that; by what the client was told it can
 * be seen whether they were. Each message has its place in a table of fixed size, and
 * there the last one told stays: it is a memory, not a record. Loop thread.
 */
#ifndef IMAP_FLAG_MEMORY_H
#define IMAP_FLAG_MEMORY_H

#include "mailserver/core/uid_set.h"
#include "mailserver/store/flags.h"

enum { IMAP_FLAG_MEMORY = 512 };

/* Zero-initialised is empty; there is no table before the first message. */
struct imap_flag_memory {
        struct store_flags_told *places; /* owned; IMAP_FLAG_MEMORY of them; uid 0: none */
};

void imap_flag_memory_done(struct imap_flag_memory *m);
/* The client knows the flags that the message had at this MODSEQ. */
void imap_flag_memory_put(struct imap_flag_memory *m, const struct store_flags_told *told);
/* Those of `uids` told as of `modseq` or before, into told[IMAP_FLAG_MEMORY]; how many. */
size_t imap_flag_memory_find(const struct imap_flag_memory *m, const struct uid_set *uids,
                             int64_t modseq, struct store_flags_told *told);

#endif
