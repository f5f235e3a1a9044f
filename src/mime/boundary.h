/* boundary.h — is this line a delimiter? RFC 2046 5.1.1. */
#ifndef MIME_BOUNDARY_H
#define MIME_BOUNDARY_H

#include "mailserver/core/slice.h"

enum mime_delimiter { MIME_DELIMITER_NONE, MIME_DELIMITER_OPEN, MIME_DELIMITER_CLOSE };

/*
 * What `line` (with or without its line end) is to a multipart with this boundary.
 * Anything may follow after a blank; "--boundaryx" belongs to another boundary.
 */
enum mime_delimiter mime_delimiter_of(struct slice line, struct slice boundary);

#endif
