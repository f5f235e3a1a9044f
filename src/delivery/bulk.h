/* bulk.h — mail for many, which others need not wait for. Pure. */
#ifndef DELIVERY_BULK_H
#define DELIVERY_BULK_H

#include "mailserver/core/slice.h"

#include <stdbool.h>

/* By its own words: Precedence (RFC 2076 3.9), or a list's List-Id (RFC 2919 3). */
bool bulk_says_so(struct slice header);

#endif
