/*
 * text_fold.c — UTF-8 in the form in which SEARCH compares it.
 *
 * ASCII is lowered where it stands. What is not goes through utf8proc in runs of
 * at most RUN octets: it sorts accents by exchanging neighbours, which costs the
 * square of their number.
 */
#include "mailserver/mime/text_fold.h"

#include "utf8.h"

#include <utf8proc.h>

/* No character becomes more than 18 (U+FDFA); the shortest that does so much has three octets. */
enum { RUN = 256, LOOK_BACK = 64, MAX_FOLDED = RUN * 6 + 18 };

static bool is_ascii(char c)
{
        return (unsigned char)c < 0x80;
}

static bool is_continuation(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80;
}

/* May the character at `at` become one with those before it? */
static bool joins(struct slice s, size_t at)
{
        utf8proc_int32_t code;
        utf8proc_category_t category;

        if (is_ascii(s.ptr[at]))
                return false;
        if (utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + at, (utf8proc_ssize_t)(s.len - at),
                             &code) < 0)
                return false;
        category = utf8proc_category(code);
        return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
               category == UTF8PROC_CATEGORY_ME ||
               (code >= 0x1160 && code <= 0x11ff); /* Hangul vowels and finals */
}

/* The last place at or before `at` where the text may be cut; else the end of a character. */
static size_t cut_before(struct slice s, size_t at)
{
        size_t lowest = at > LOOK_BACK ? at - LOOK_BACK : 1, hard = 0;

        for (size_t i = at; i >= lowest && i > 0; i--) {
                if (is_continuation(s.ptr[i]))
                        continue;
                if (!joins(s, i))
                        return i;
                if (!hard)
                        hard = i;
        }
        return hard ? hard : at;
}

size_t text_fold_cut(struct slice utf8)
{
        size_t lowest = utf8.len > TEXT_FOLD_WAITS ? utf8.len - TEXT_FOLD_WAITS : 0;

        /* The last character may be followed by an accent. */
        for (size_t i = utf8.len; i > lowest; i--)
                if (is_ascii(utf8.ptr[i - 1]))
                        return i - 1;
        return utf8.len > TEXT_FOLD_WAITS ? cut_before(utf8, utf8.len - LOOK_BACK) : 0;
}

/* One run, of at most RUN octets. */
static enum err fold_run(struct slice run, struct buf *out)
{
        static const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                 UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                                 UTF8PROC_IGNORE;
        utf8proc_int32_t codes[MAX_FOLDED + 1];
        utf8proc_ssize_t n =
                utf8proc_decompose((const utf8proc_uint8_t *)run.ptr, (utf8proc_ssize_t)run.len,
                                   codes, MAX_FOLDED, options);

        if (n < 0 || n > MAX_FOLDED)
                return buf_put(out, run);
        n = utf8proc_reencode(codes, n, options);
        if (n < 0)
                return buf_put(out, run);
        return buf_put(out, (struct slice){ (const char *)codes, (size_t)n });
}

/* Lowers the ASCII that `s` begins with, into `out`; how many octets that are. */
static size_t lower_ascii(struct slice s, char *restrict out)
{
        size_t n = 0;

        for (; n + MIME_ASCII_BLOCK <= s.len && mime_is_ascii_block(s.ptr + n);
             n += MIME_ASCII_BLOCK)
                for (size_t i = n; i < n + MIME_ASCII_BLOCK; i++)
                        out[i] = ascii_lower(s.ptr[i]);
        for (; n < s.len && is_ascii(s.ptr[n]); n++)
                out[n] = ascii_lower(s.ptr[n]);
        return n;
}

/* *utf8 without the ASCII at its start, but for the last before something else: it may bear an accent. */
static enum err put_ascii(struct slice *utf8, struct buf *out)
{
        enum err err = buf_reserve(out, utf8->len);
        size_t n;

        if (err)
                return err;
        n = lower_ascii(*utf8, out->ptr + out->len);
        if (n && n < utf8->len)
                n--;
        out->len += n;
        out->ptr[out->len] = '\0';
        *utf8 = slice_from(*utf8, n);
        return ERR_OK;
}

enum err text_fold(struct slice utf8, struct buf *out)
{
        enum err err = ERR_OK;

        while (!err && utf8.len) {
                size_t n;

                err = put_ascii(&utf8, out);
                if (err || !utf8.len)
                        break;
                for (n = 1; n <= RUN && n < utf8.len && !is_ascii(utf8.ptr[n]); n++)
                        ;
                if (n > RUN)
                        n = cut_before(utf8, RUN);
                err = fold_run(slice_head(utf8, n), out);
                utf8 = slice_from(utf8, n);
        }
        return err;
}
