/* slice.c — comparing and cutting borrowed bytes. */
#include "mailserver/core/slice.h"

bool slice_eq(struct slice a, struct slice b)
{
        return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_eq_word(struct slice a, struct slice b)
{
        if (a.len != b.len)
                return false;
        for (size_t i = 0; i < a.len; i++)
                if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
                        return false;
        return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
        return s.len >= prefix.len && slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
        return s.len >= suffix.len && slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
        size_t shorter = a.len < b.len ? a.len : b.len;
        int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

        return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool slice_cut(struct slice *rest, char stop, struct slice *ret_head)
{
        ptrdiff_t at = slice_find(*rest, stop);

        if (at < 0)
                return false;
        *ret_head = slice_head(*rest, (size_t)at);
        *rest = slice_from(*rest, (size_t)at + 1);
        return true;
}

struct slice slice_cut_piece(struct slice *rest, char stop)
{
        struct slice piece = *rest;

        if (!slice_cut(rest, stop, &piece))
                *rest = slice_from(*rest, rest->len);
        return piece;
}

bool slice_skip_word(struct slice *rest, struct slice word)
{
        if (rest->len < word.len || !slice_eq_word(slice_head(*rest, word.len), word))
                return false;
        *rest = slice_from(*rest, word.len);
        return true;
}

bool slice_skip(struct slice *rest, char c)
{
        if (!rest->len || rest->ptr[0] != c)
                return false;
        *rest = slice_from(*rest, 1);
        return true;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
        while (s.len && is_blank(s.ptr[0]))
                s = slice_from(s, 1);
        while (s.len && is_blank(s.ptr[s.len - 1]))
                s.len--;
        return s;
}

ptrdiff_t slice_find(struct slice s, char c)
{
        const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;

        return hit ? hit - s.ptr : -1;
}

ptrdiff_t slice_rfind(struct slice s, char c)
{
        const char *hit = s.len ? memrchr(s.ptr, c, s.len) : NULL;

        return hit ? hit - s.ptr : -1;
}

/* How often an octet stands in text, roughly: what is not listed is rare. */
static size_t commonness(char c)
{
        static const char rising[] =
                "~`^{}|\\%$&+#!;?*@_()[]/9876543Q2Z0J1XKVY:=\"'UGWqzHxjFLBDONPM>CR<"
                "-AITES,.kvbywgfpumc\r\ndlhrsinoate ";
        const char *at;

        if ((unsigned char)c >= 0x80)
                return (unsigned char)c >= 0xc0 ? sizeof rising : sizeof rising / 2;
        at = memchr(rising, c, sizeof rising - 1);
        return at ? (size_t)(at - rising) + 1 : 0;
}

static size_t rarest(struct slice text)
{
        size_t best = 0;

        for (size_t i = 1; i < text.len; i++)
                if (commonness(text.ptr[i]) < commonness(text.ptr[best]))
                        best = i;
        return best;
}

/* Looks for the rarest octet, which is one pass of wide instructions; where it is not rare, memmem. */
bool slice_contains(struct slice s, struct slice text)
{
        enum { OCTETS_PER_MISS = 32, FREE_MISSES = 16 };
        size_t rare, end, misses = 0;

        if (text.len > s.len)
                return false;
        if (!text.len)
                return true;
        rare = rarest(text);
        end = s.len - (text.len - 1 - rare);
        for (size_t at = rare; at < end; at++) {
                const char *hit = memchr(s.ptr + at, text.ptr[rare], end - at);

                if (!hit)
                        return false;
                if (!memcmp(hit - rare, text.ptr, text.len))
                        return true;
                at = (size_t)(hit - s.ptr);
                if (++misses > FREE_MISSES + at / OCTETS_PER_MISS) {
                        s = slice_from(s, at + 1 - rare);
                        return s.len && memmem(s.ptr, s.len, text.ptr, text.len);
                }
        }
        return false;
}

bool slice_cut_number(struct slice *rest, uint64_t *ret_value)
{
        uint64_t value = 0;
        size_t n = 0;

        for (; n < rest->len && ascii_digit(rest->ptr[n]); n++)
                if (__builtin_mul_overflow(value, 10u, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(rest->ptr[n] - '0'), &value))
                        return false;
        if (n == 0 || n > 20)
                return false;
        *rest = slice_from(*rest, n);
        *ret_value = value;
        return true;
}

bool slice_number(struct slice s, uint64_t *ret_value)
{
        uint64_t value;

        if (!slice_cut_number(&s, &value) || s.len)
                return false;
        *ret_value = value;
        return true;
}
