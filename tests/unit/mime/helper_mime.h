/* helper_mime.h — what the tests of the mime module share. */
#ifndef HELPER_MIME_H
#define HELPER_MIME_H

#include "mailserver/core/buf.h"

#include <check.h>

/* Fails naming the case when the bytes differ. */
void check_slice(const char *name, struct slice got, struct slice want);
/* `unit` repeated until `size` octets are reached. */
void fill_repeated(struct buf *out, struct slice unit, size_t size);
/* Runs one program of one case; the value is for main to return. */
int run_tests(const char *name, const TTest *const *tests, size_t n);

#define RUN_TESTS(name, ...)                                                                       \
        run_tests(name, (const TTest *const[]){ __VA_ARGS__ },                                     \
                  sizeof((const TTest *const[]){ __VA_ARGS__ }) / sizeof(const TTest *))
/* A slice in a static table, where SLICE is no constant. */
#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
