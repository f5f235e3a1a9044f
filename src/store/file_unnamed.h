/* file_unnamed.h — files that wait for their name: what the sweep and the tests must know. */
#ifndef STORE_FILE_UNNAMED_H
#define STORE_FILE_UNNAMED_H

#include <stdbool.h>

/* Begins the names of files that should have none, where the file system cannot do that. */
#define FILE_UNNAMED_PREFIX "unnamed-"

/* create_unnamed of file_ops_real; with can_tmpfile false always the second-best way. */
int file_create_unnamed(int dir, bool can_tmpfile);

#endif
