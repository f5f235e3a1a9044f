/* names.h — a short list of owned strings. */
#ifndef DELIVERY_NAMES_H
#define DELIVERY_NAMES_H

#include "mailserver/core/slice.h"

struct names {
        char **items;
        size_t n, cap;
};

void names_done(struct names *list);
/* Copies. False: there are `max` already. */
bool names_add(struct names *list, struct slice name, size_t max);
bool names_have(const struct names *list, struct slice name);

#endif
