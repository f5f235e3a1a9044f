/* buf.c — growing bytes under a ceiling. */
#include "mailserver/core/buf.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { BUF_FIRST = 64 };

void buf_done(struct buf *b)
{
        mem_free(b->ptr);
        b->ptr = NULL;
        b->len = b->cap = 0;
}

void buf_clear(struct buf *b)
{
        buf_truncate(b, 0);
}

void buf_truncate(struct buf *b, size_t len)
{
        assert(len <= b->len);
        b->len = len;
        if (b->ptr)
                b->ptr[len] = '\0';
}

enum err buf_reserve(struct buf *b, size_t n)
{
        size_t cap = b->cap ? b->cap : BUF_FIRST;

        if (n > b->max || b->len > b->max - n)
                return ERR_LIMIT;
        if (b->len + n < b->cap)
                return ERR_OK;
        while (cap <= b->len + n)
                cap *= 2;
        if (cap > b->max + 1)
                cap = b->max + 1;
        b->ptr = mem_realloc(b->ptr, cap);
        b->cap = cap;
        b->ptr[b->len] = '\0';
        return ERR_OK;
}

enum err buf_put(struct buf *b, struct slice s)
{
        enum err err = buf_reserve(b, s.len);

        if (err)
                return err;
        if (s.len)
                memcpy(b->ptr + b->len, s.ptr, s.len);
        b->len += s.len;
        b->ptr[b->len] = '\0';
        return ERR_OK;
}

enum err buf_putc(struct buf *b, char c)
{
        enum err err = b->len + 1 < b->cap ? ERR_OK : buf_reserve(b, 1);

        if (err)
                return err;
        b->ptr[b->len++] = c;
        b->ptr[b->len] = '\0';
        return ERR_OK;
}

enum err buf_put_number(struct buf *b, uint64_t number)
{
        enum { MOST_DIGITS = 20 };
        size_t n = 1;
        char *end;
        enum err err;

        for (uint64_t limit = 10; n < MOST_DIGITS && number >= limit; limit *= 10)
                n++;
        err = b->len + n < b->cap ? ERR_OK : buf_reserve(b, n);
        if (err)
                return err;
        b->len += n;
        end = b->ptr + b->len;
        *end = '\0';
        for (; n; n--, number /= 10)
                *--end = (char)('0' + number % 10);
        return ERR_OK;
}

enum err buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
        size_t room = b->cap - b->len;
        va_list again;
        enum err err;
        int n;

        /* Most often there is room, and it is printed only once. */
        va_copy(again, args);
        n = vsnprintf(room ? b->ptr + b->len : NULL, room, fmt, again);
        va_end(again);
        assert(n >= 0);
        if ((size_t)n >= room) {
                if (room)
                        b->ptr[b->len] = '\0';
                err = buf_reserve(b, (size_t)n);
                if (err)
                        return err;
                vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, args);
        }
        b->len += (size_t)n;
        return ERR_OK;
}

enum err buf_printf(struct buf *b, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        enum err err = buf_vprintf(b, fmt, args);
        va_end(args);
        return err;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        enum err ignored = buf_vprintf(b, fmt, args);
        va_end(args);
        (void)ignored;
}

void buf_consume(struct buf *b, size_t n)
{
        assert(n <= b->len);
        if (n == 0)
                return;
        memmove(b->ptr, b->ptr + n, b->len - n);
        buf_truncate(b, b->len - n);
}

char *buf_take(struct buf *b, size_t *ret_len)
{
        char *bytes = b->ptr ? b->ptr : mem_alloc(1);

        if (ret_len)
                *ret_len = b->len;
        b->ptr = NULL;
        b->len = b->cap = 0;
        return bytes;
}
