/*
 * buf.h — an owned, growable run of bytes with a ceiling.
 *
 * The ceiling is given once, at init, and is the reason a hostile client cannot
 * make us allocate without bound: the write that would pass it changes nothing
 * and returns ERR_LIMIT. A NUL always follows the last byte, for printing.
 * Running out of memory below the ceiling aborts (mem.h).
 */
#ifndef MAILSERVER_CORE_BUF_H
#define MAILSERVER_CORE_BUF_H

#include "mailserver/core/cleanup.h"
#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

#include <stdarg.h>

struct buf {
        char *ptr;
        size_t len, cap, max;
};

#define BUF_INIT(ceiling)                                                                          \
        {                                                                                          \
                .max = (ceiling)                                                                   \
        }
/* A local buf that frees itself. */
#define AUTO_BUF(name, ceiling) AUTO(buf_done) struct buf name = BUF_INIT(ceiling)
/* For bytes whose size our own code bounds already: 1 GiB. */
#define BUF_MAX                 ((size_t)1 << 30)

/* Frees the bytes; *b may be used again (empty, same ceiling). */
void buf_done(struct buf *b);
/* Forgets the bytes, keeps the memory. */
void buf_clear(struct buf *b);
MUST_CHECK enum err buf_put(struct buf *b, struct slice s);
MUST_CHECK enum err buf_putc(struct buf *b, char c);
/* In decimal; much cheaper than printing it. */
MUST_CHECK enum err buf_put_number(struct buf *b, uint64_t number);
MUST_CHECK enum err buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
MUST_CHECK enum err buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF(2, 0);
/* Room for `n` more bytes without another allocation; ERR_LIMIT past the ceiling. */
MUST_CHECK enum err buf_reserve(struct buf *b, size_t n);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Cuts to `len` bytes, which must not exceed b->len. */
void buf_truncate(struct buf *b, size_t len);
/* Moves the bytes out, NUL-terminated; the caller frees them with mem_free. *b is empty after. */
char *buf_take(struct buf *b, size_t *ret_len);

/*
 * The same for output our own code bounds (a reply line, a log line): past the
 * ceiling the bytes are dropped and b->len stays where it was.
 */
static inline void buf_add(struct buf *b, struct slice s)
{
        enum err ignored = buf_put(b, s);

        (void)ignored;
}
static inline void buf_addc(struct buf *b, char c)
{
        enum err ignored = buf_putc(b, c);

        (void)ignored;
}
static inline void buf_add_number(struct buf *b, uint64_t number)
{
        enum err ignored = buf_put_number(b, number);

        (void)ignored;
}
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

static inline struct slice buf_slice(const struct buf *b)
{
        return (struct slice){ b->ptr ? b->ptr : "", b->len };
}

#endif
