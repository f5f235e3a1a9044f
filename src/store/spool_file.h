/* spool_file.h — from a spool to a blob, without another copy. */
#ifndef STORE_SPOOL_FILE_H
#define STORE_SPOOL_FILE_H

#include "mailserver/store/spool.h"

/*
 * Worker, after spool_finish: a file without a name that holds the whole message and nothing
 * else, ready for blob_publish. It is the spool's; what is mapped stays mapped. ERR_FULL, ERR_IO.
 */
MUST_CHECK enum err spool_file(struct spool *spool, int *ret_file, struct error *reterr);
/* Worker: the spool has been mapped and needs its file no more; what is mapped stays mapped. */
void spool_close_file(struct spool *spool);

#endif
