/* scan.c — tokens of structured fields, and text joined from them. */
#include "scan.h"

/* What ends an atom: 1 a special, 2 a blank, 3 may open something. */
enum { CHAR_ATOM, CHAR_SPECIAL, CHAR_BLANK, CHAR_OPEN };
static const unsigned char char_class[256] = {
        ['<'] = CHAR_SPECIAL, ['>'] = CHAR_SPECIAL, ['@'] = CHAR_SPECIAL, [','] = CHAR_SPECIAL,
        [';'] = CHAR_SPECIAL, [':'] = CHAR_SPECIAL, ['.'] = CHAR_SPECIAL, [' '] = CHAR_BLANK,
        ['\t'] = CHAR_BLANK,  ['\r'] = CHAR_BLANK,  ['\n'] = CHAR_BLANK,  ['"'] = CHAR_OPEN,
        ['('] = CHAR_OPEN,    ['['] = CHAR_OPEN,
};

static unsigned char class_of(char c)
{
        return char_class[(unsigned char)c];
}

struct slice mime_trim(struct slice s)
{
        while (s.len && mime_is_space(s.ptr[0]))
                s = slice_from(s, 1);
        while (s.len && mime_is_space(s.ptr[s.len - 1]))
                s.len--;
        return s;
}

/*
 * Cuts the first `len` octets, of which the ends are not `inside`. The scan of
 * something unclosed runs to the end once: *no_close stops the next one.
 */
static bool cut_closed(struct mime_scan *scan, size_t len, bool *no_close, struct slice *ret_inside)
{
        if (len > scan->rest.len) {
                *no_close = true;
                return false;
        }
        *ret_inside = (struct slice){ scan->rest.ptr + 1, len - 2 };
        scan->rest = slice_from(scan->rest, len);
        return true;
}

bool mime_scan_quoted(struct mime_scan *scan, struct slice *ret_inside)
{
        struct slice s = scan->rest;
        size_t i = 1;

        if (scan->no_quote)
                return false;
        while (i < s.len && s.ptr[i] != '"')
                i += s.ptr[i] == '\\' ? 2 : 1;
        return cut_closed(scan, i + 1, &scan->no_quote, ret_inside);
}

bool mime_scan_comment(struct mime_scan *scan, struct slice *ret_inside)
{
        struct slice s = scan->rest;
        size_t i = 1;

        if (scan->no_paren)
                return false;
        for (size_t depth = 1; i < s.len; i++) {
                if (s.ptr[i] == '\\')
                        i++;
                else if (s.ptr[i] == '(')
                        depth++;
                else if (s.ptr[i] == ')' && --depth == 0)
                        break;
        }
        return cut_closed(scan, i + 1, &scan->no_paren, ret_inside);
}

static bool scan_literal(struct mime_scan *scan, struct slice *ret_inside)
{
        ptrdiff_t end = scan->no_bracket ? -1 : slice_find(scan->rest, ']');

        return cut_closed(scan, end < 0 ? scan->rest.len + 1 : (size_t)end + 1, &scan->no_bracket,
                          ret_inside);
}

void mime_scan_cfws(struct mime_scan *scan)
{
        struct slice comment;

        for (;;) {
                while (scan->rest.len && mime_is_space(scan->rest.ptr[0]))
                        scan->rest = slice_from(scan->rest, 1);
                if (!scan->rest.len || scan->rest.ptr[0] != '(' ||
                    !mime_scan_comment(scan, &comment))
                        return;
        }
}

/*
 * Length of the encoded word at the start of `s`, 0 if there is none. Mailers
 * leave commas and colons inside (RFC 2047 5 forbids it), so it counts as one
 * atom. Looks no further than the fourth question mark: linear in sum.
 */
static size_t encoded_word_length(struct slice s)
{
        size_t i = 2;

        for (int marks = 0; i < s.len && !mime_is_space(s.ptr[i]); i++) {
                if (s.ptr[i] != '?')
                        continue;
                if (++marks == 3)
                        return i + 1 < s.len && s.ptr[i + 1] == '=' ? i + 2 : 0;
        }
        return 0;
}

static size_t atom_length(struct slice s)
{
        size_t i = 1; /* the first is ours whatever it is: an opener that never closes */

        if (s.len > 2 && s.ptr[0] == '=' && s.ptr[1] == '?') {
                size_t word = encoded_word_length(s);

                if (word)
                        return word;
        }
        while (i < s.len && class_of(s.ptr[i]) == CHAR_ATOM)
                i++;
        return i;
}

static size_t blank_length(struct slice s)
{
        size_t i = 1;

        while (i < s.len && mime_is_space(s.ptr[i]))
                i++;
        return i;
}

static bool scan_opened(struct mime_scan *scan, struct mime_token *ret_token)
{
        switch (scan->rest.ptr[0]) {
        case '"':
                ret_token->kind = MIME_TOKEN_QUOTED;
                return mime_scan_quoted(scan, &ret_token->inside);
        case '(':
                ret_token->kind = MIME_TOKEN_COMMENT;
                return mime_scan_comment(scan, &ret_token->inside);
        default:
                ret_token->kind = MIME_TOKEN_LITERAL;
                return scan_literal(scan, &ret_token->inside);
        }
}

bool mime_scan_token(struct mime_scan *scan, struct mime_token *ret_token)
{
        struct slice from = scan->rest;
        unsigned char class;
        size_t len;

        if (!from.len)
                return false;
        class = class_of(from.ptr[0]);
        if (class == CHAR_OPEN && scan_opened(scan, ret_token)) {
                ret_token->text = slice_head(from, from.len - scan->rest.len);
                return true;
        }
        if (class == CHAR_BLANK) {
                ret_token->kind = MIME_TOKEN_BLANK;
                len = blank_length(from);
        } else if (class == CHAR_SPECIAL) {
                ret_token->kind = MIME_TOKEN_SPECIAL;
                len = 1;
        } else {
                ret_token->kind = MIME_TOKEN_ATOM;
                len = atom_length(from);
        }
        ret_token->text = ret_token->inside = slice_head(from, len);
        scan->rest = slice_from(from, len);
        return true;
}

void mime_join(struct mime_joiner *j, struct slice piece)
{
        if (!piece.len || j->failed)
                return;
        if (!j->copy) {
                if (!j->text.len) {
                        j->text = piece;
                        return;
                }
                if (j->text.ptr + j->text.len == piece.ptr) {
                        j->text.len += piece.len;
                        return;
                }
                j->copy = arena_alloc(j->arena, j->bound);
                if (!j->copy) {
                        j->failed = true;
                        return;
                }
                memcpy(j->copy, j->text.ptr, j->text.len);
                j->text.ptr = j->copy;
        }
        memcpy(j->copy + j->text.len, piece.ptr, piece.len);
        j->text.len += piece.len;
}

void mime_join_unescaped(struct mime_joiner *j, struct slice inside)
{
        size_t from = 0;

        for (size_t i = 0; i < inside.len; i++) {
                char c = inside.ptr[i];

                if (c != '\\' && c != '\r' && c != '\n')
                        continue;
                mime_join(j, slice_head(slice_from(inside, from), i - from));
                from = i + 1;
                /* RFC 5322 3.2.1: the octet after the backslash stands for itself. */
                if (c == '\\' && from < inside.len && inside.ptr[from] != '\r' &&
                    inside.ptr[from] != '\n')
                        i++;
        }
        mime_join(j, slice_from(inside, from));
}
