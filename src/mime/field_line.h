/* field_line.h — does this line begin a header field? */
#ifndef MIME_FIELD_LINE_H
#define MIME_FIELD_LINE_H

#include "mailserver/core/slice.h"

bool mime_is_field_line(struct slice line);

#endif
