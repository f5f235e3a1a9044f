/* bulk.c — mail for many, which others need not wait for. */
#include "bulk.h"

#include "mailserver/mime/field.h"

static bool is_bulk_word(struct slice value)
{
        struct slice word = slice_trim(value);

        return slice_eq_word(word, SLICE("bulk")) || slice_eq_word(word, SLICE("list")) ||
               slice_eq_word(word, SLICE("junk"));
}

bool bulk_says_so(struct slice header)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                if (slice_eq_word(field.name, SLICE("List-Id")))
                        return true;
                if (slice_eq_word(field.name, SLICE("Precedence")) && is_bulk_word(field.value))
                        return true;
        }
        return false;
}
