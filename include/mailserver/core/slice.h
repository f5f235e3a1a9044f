/*
 * slice.h — a borrowed run of bytes: pointer and length, no NUL, no owner.
 *
 * A slice is passed by value and never freed. It is valid while whatever it
 * was cut from is unchanged: a slice of an input line lives until that command
 * is finished; a slice of a buf lives until the buf is next written to.
 */
#ifndef MAILSERVER_CORE_SLICE_H
#define MAILSERVER_CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
        const char *ptr;
        size_t len;
};

/* SLICE("text") for literals; slice_of(cstr) for C strings. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_FMT      "%.*s"
#define SLICE_ARG(s)   (int)(s).len, (s).ptr

static inline struct slice slice_of(const char *cstr)
{
        return (struct slice){ cstr, strlen(cstr) };
}

/* Everything from `offset` on; empty when offset is past the end. */
static inline struct slice slice_from(struct slice s, size_t offset)
{
        size_t n = offset < s.len ? offset : s.len;

        /* An empty slice may be { NULL, 0 }, to which not even 0 may be added. */
        return n ? (struct slice){ s.ptr + n, s.len - n } : s;
}

/* At most the first `len` bytes. */
static inline struct slice slice_head(struct slice s, size_t len)
{
        return (struct slice){ s.ptr, len < s.len ? len : s.len };
}

bool slice_eq(struct slice a, struct slice b);
/* ASCII case only, whatever the locale: protocol words, never user text. */
bool slice_eq_word(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* memcmp order, the shorter first on a tie: <0, 0, >0. */
int slice_cmp(struct slice a, struct slice b);
/* Cuts up to `stop` from the front of *rest; false, and *rest untouched, if there is none. */
bool slice_cut(struct slice *rest, char stop, struct slice *ret_head);
/* Cuts up to `stop` as above, or takes all that is left. */
struct slice slice_cut_piece(struct slice *rest, char stop);
/* Drops `word` (ASCII case ignored) from the front of *rest; false, and untouched, if not there. */
bool slice_skip_word(struct slice *rest, struct slice word);
/* Drops one `c` from the front; false if not there. */
bool slice_skip(struct slice *rest, char c);
/* Drops spaces and tabs from both ends. */
struct slice slice_trim(struct slice s);
/* Index of the first `c`, or -1. */
ptrdiff_t slice_find(struct slice s, char c);
/* Does `s` contain `text`, octet for octet? In time linear in `s`; fast where a rare octet is in `text`. */
bool slice_contains(struct slice s, struct slice text);
/* Index of the last `c`, or -1. */
ptrdiff_t slice_rfind(struct slice s, char c);
/* The whole of `s` as decimal digits, 1 to 20 of them; false if it is anything else or overflows. */
bool slice_number(struct slice s, uint64_t *ret_value);
/* Cuts a run of digits from the front of *rest as above. */
bool slice_cut_number(struct slice *rest, uint64_t *ret_value);

/* ASCII lower case; other bytes unchanged. */
static inline char ascii_lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
/* ASCII upper case; other bytes unchanged. */
static inline char ascii_upper(char c)
{
        return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}
static inline bool ascii_alpha(char c)
{
        return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
static inline bool ascii_digit(char c)
{
        return c >= '0' && c <= '9';
}
static inline bool ascii_alnum(char c)
{
        return ascii_alpha(c) || ascii_digit(c);
}

#endif
