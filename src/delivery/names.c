/* names.c — a short list of owned strings. */
#include "names.h"

#include "mailserver/core/mem.h"

void names_done(struct names *list)
{
        for (size_t i = 0; i < list->n; i++)
                mem_free(list->items[i]);
        mem_free(list->items);
        *list = (struct names){ 0 };
}

bool names_add(struct names *list, struct slice name, size_t max)
{
        if (list->n >= max)
                return false;
        list->items = mem_grow(list->items, list->n, 1, &list->cap, sizeof *list->items);
        list->items[list->n++] = mem_strdup(name);
        return true;
}

bool names_have(const struct names *list, struct slice name)
{
        for (size_t i = 0; i < list->n; i++)
                if (slice_eq(slice_of(list->items[i]), name))
                        return true;
        return false;
}
