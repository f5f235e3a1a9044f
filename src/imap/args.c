/* args.c — the arguments of a command: atoms, strings, numbers, sets. */
#include "args.h"

#include "mailbox_name.h"
#include "utf7.h"

#include "mailserver/core/text.h"

enum { MAX_MAILBOX_NAME = 4096 };

static enum err want(struct imap_args *a, const char *what)
{
        a->wanted = what;
        return ERR_SYNTAX;
}

enum err imap_arg_too_much(struct imap_args *a, const char *wanted)
{
        a->wanted = wanted;
        a->too_much = true;
        return ERR_LIMIT;
}

void imap_arg_no_numbers(struct imap_args *a)
{
        a->uid_required = true;
        a->wanted = "UIDs, not message numbers";
}

static enum err too_much(struct imap_args *a)
{
        return imap_arg_too_much(a, "fewer or shorter arguments");
}

/* ---- single octets ---- */

bool imap_arg_take(struct imap_args *a, char c)
{
        return slice_skip(&a->rest, c);
}

bool imap_arg_at_end(const struct imap_args *a)
{
        return a->rest.len == 0;
}

enum err imap_arg_char(struct imap_args *a, char c)
{
        static const char *const names[] = { "(", ")", "[", "]", "<", ">", ".", ":" };

        if (imap_arg_take(a, c))
                return ERR_OK;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (names[i][0] == c)
                        return want(a, names[i]);
        return want(a, "another character");
}

enum err imap_arg_space(struct imap_args *a)
{
        if (!imap_arg_take(a, ' '))
                return want(a, "a space");
        /* Some clients send two. */
        imap_arg_take(a, ' ');
        return ERR_OK;
}

enum err imap_arg_end(struct imap_args *a)
{
        /* And some end their lines with one. */
        imap_arg_take(a, ' ');
        return imap_arg_at_end(a) ? ERR_OK : want(a, "the end of the command");
}

/* ---- atoms: RFC 9051 9, ATOM-CHAR ---- */

static bool is_atom_char(char c)
{
        return c > 0x20 && c < 0x7f && !strchr("(){%*\"\\]", c);
}

static bool is_astring_char(char c)
{
        return is_atom_char(c) || c == ']';
}

static bool is_list_char(char c)
{
        return is_astring_char(c) || c == '%' || c == '*';
}

/* UTF-8 outside of quotes is no atom, but clients with UTF-8 names send it so. */
static struct slice cut_while(struct imap_args *a, bool (*is)(char c), bool utf8)
{
        struct slice s = a->rest;
        size_t n = 0;

        while (n < s.len && (is(s.ptr[n]) || (utf8 && (unsigned char)s.ptr[n] >= 0x80)))
                n++;
        a->rest = slice_from(s, n);
        return slice_head(s, n);
}

enum err imap_arg_atom(struct imap_args *a, struct slice *ret)
{
        struct slice atom = cut_while(a, is_atom_char, false);

        if (!atom.len)
                return want(a, "a word");
        *ret = atom;
        return ERR_OK;
}

enum err imap_arg_flag(struct imap_args *a, struct slice *ret)
{
        struct slice start = a->rest;
        size_t backslash = imap_arg_take(a, '\\') ? 1 : 0;
        struct slice name = cut_while(a, is_atom_char, false);

        if (!name.len) {
                a->rest = start;
                return want(a, "a flag");
        }
        *ret = slice_head(start, backslash + name.len);
        return ERR_OK;
}

/* ---- strings ---- */

/* Where the quote closes, or -1; *ret_escaped: there is a backslash before it. */
static ptrdiff_t closing_quote(struct slice s, bool *ret_escaped)
{
        *ret_escaped = false;
        for (size_t i = 0; i < s.len; i++) {
                if (s.ptr[i] == '"')
                        return (ptrdiff_t)i;
                if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == '\0')
                        return -1;
                if (s.ptr[i] != '\\')
                        continue;
                i++;
                *ret_escaped = true;
                if (i >= s.len || (s.ptr[i] != '"' && s.ptr[i] != '\\'))
                        return -1;
        }
        return -1;
}

static enum err unescape(struct imap_args *a, struct slice s, struct slice *ret)
{
        char *text = arena_alloc(a->arena, s.len + 1);
        size_t n = 0;

        if (!text)
                return too_much(a);
        for (size_t i = 0; i < s.len; i++) {
                if (s.ptr[i] == '\\')
                        i++;
                text[n++] = s.ptr[i];
        }
        *ret = (struct slice){ text, n };
        return ERR_OK;
}

static enum err take_quoted(struct imap_args *a, struct slice *ret)
{
        struct slice inside = slice_from(a->rest, 1);
        bool escaped;
        ptrdiff_t end = closing_quote(inside, &escaped);

        if (end < 0)
                return want(a, "a quoted string that ends");
        a->rest = slice_from(inside, (size_t)end + 1);
        inside = slice_head(inside, (size_t)end);
        /* RFC 6855 3. Who has enabled nothing may send any octets: some do, in SEARCH and LOGIN. */
        if (a->utf8 && !text_utf8_valid(inside))
                return want(a, "a quoted string in UTF-8");
        if (escaped)
                return unescape(a, inside, ret);
        *ret = inside;
        return ERR_OK;
}

/* "{12+}", with or without "~"; no CRLF. False, and *s untouched, if it is none. */
static bool take_header(struct slice *s, struct imap_literal *ret)
{
        struct slice rest = *s;
        struct imap_literal literal = { .synchronising = true };

        literal.binary = slice_skip(&rest, '~');
        if (!slice_skip(&rest, '{') || !slice_cut_number(&rest, &literal.octets))
                return false;
        if (slice_skip(&rest, '+'))
                literal.synchronising = false;
        if (!slice_skip(&rest, '}'))
                return false;
        *s = rest;
        *ret = literal;
        return true;
}

enum err imap_arg_literal(struct imap_args *a, struct imap_literal *ret)
{
        struct slice rest = a->rest;

        if (!take_header(&rest, ret) || rest.len)
                return want(a, "a literal");
        a->rest = rest;
        return ERR_OK;
}

static enum err take_literal(struct imap_args *a, struct slice *ret)
{
        struct slice rest = a->rest;
        struct imap_literal literal;

        if (!take_header(&rest, &literal) || !slice_skip_word(&rest, SLICE("\r\n")) ||
            literal.octets > rest.len)
                return want(a, "a string");
        *ret = slice_head(rest, (size_t)literal.octets);
        /* RFC 9051 9: no argument but APPEND's message may be a literal8, which can hold NUL. */
        if (literal.binary || slice_find(*ret, '\0') >= 0)
                return want(a, "a literal without NUL");
        a->rest = slice_from(rest, (size_t)literal.octets);
        return ERR_OK;
}

static char first_char(const struct imap_args *a)
{
        return a->rest.len ? a->rest.ptr[0] : '\0';
}

static bool at_literal(const struct imap_args *a)
{
        return first_char(a) == '{' || slice_starts(a->rest, SLICE("~{"));
}

enum err imap_arg_string(struct imap_args *a, struct slice *ret)
{
        if (first_char(a) == '"')
                return take_quoted(a, ret);
        return take_literal(a, ret);
}

static enum err string_or(struct imap_args *a, bool (*is)(char c), const char *what,
                          struct slice *ret)
{
        struct slice atom;

        if (first_char(a) == '"' || at_literal(a))
                return imap_arg_string(a, ret);
        atom = cut_while(a, is, a->utf8);
        if (!atom.len)
                return want(a, what);
        *ret = atom;
        return ERR_OK;
}

enum err imap_arg_astring(struct imap_args *a, struct slice *ret)
{
        return string_or(a, is_astring_char, "a string", ret);
}

enum err imap_arg_nstring(struct imap_args *a, struct slice *ret)
{
        struct imap_args ahead = *a;
        struct slice word;

        if (first_char(a) == '"' || at_literal(a))
                return imap_arg_string(a, ret);
        if (imap_arg_atom(&ahead, &word) || !slice_eq_word(word, SLICE("NIL")))
                return want(a, "a string or NIL");
        a->rest = ahead.rest;
        *ret = (struct slice){ NULL, 0 };
        return ERR_OK;
}

/* ---- names of mailboxes ---- */

static enum err decode_name(struct imap_args *a, struct slice raw, struct slice *ret)
{
        AUTO_BUF(name, MAX_MAILBOX_NAME);

        if (a->utf8) {
                if (!text_utf8_valid(raw))
                        return want(a, "a mailbox name in UTF-8");
                *ret = raw;
                return ERR_OK;
        }
        if (imap_utf7_decode(raw, &name)) {
                /* RFC 3501 9: the grammar lets "a&b" pass, but no octet above 127. */
                a->cannot = !text_has_8bit(raw);
                return want(a, "a mailbox name in modified UTF-7");
        }
        *ret = arena_copy(a->arena, buf_slice(&name));
        return ret->ptr ? ERR_OK : too_much(a);
}

enum err imap_arg_mailbox_as(struct imap_args *a, struct slice *ret, struct slice *ret_supplied)
{
        struct slice raw;
        enum err err = string_or(a, is_astring_char, "a mailbox name", &raw);

        if (!err)
                err = decode_name(a, raw, ret_supplied);
        if (!err && imap_name_canonical(*ret_supplied, a->arena, ret))
                err = too_much(a);
        return err;
}

enum err imap_arg_mailbox(struct imap_args *a, struct slice *ret)
{
        struct slice supplied;

        return imap_arg_mailbox_as(a, ret, &supplied);
}

enum err imap_arg_list_mailbox(struct imap_args *a, struct slice *ret)
{
        struct slice raw;
        enum err err = string_or(a, is_list_char, "a mailbox name", &raw);

        if (!err)
                err = decode_name(a, raw, &raw);
        if (!err && imap_name_canonical(raw, a->arena, ret))
                err = too_much(a);
        return err;
}

/* ---- numbers ---- */

enum err imap_arg_number(struct imap_args *a, uint64_t max, uint64_t *ret)
{
        struct slice rest = a->rest;
        uint64_t number;

        if (!slice_cut_number(&rest, &number) || number > max)
                return want(a, "a number");
        a->rest = rest;
        *ret = number;
        return ERR_OK;
}

/* A number above 0, or "*", which is 0. */
static bool cut_seq_number(struct slice *s, uint32_t *ret)
{
        uint64_t number;

        if (slice_skip(s, '*')) {
                *ret = 0;
                return true;
        }
        if (!slice_cut_number(s, &number) || number == 0 || number > UINT32_MAX)
                return false;
        *ret = (uint32_t)number;
        return true;
}

static size_t count_ranges(struct slice s)
{
        size_t n = 1;

        for (size_t i = 0; i < s.len && (ascii_digit(s.ptr[i]) || strchr(":,*", s.ptr[i])); i++)
                n += s.ptr[i] == ',';
        return n;
}

enum err imap_arg_set(struct imap_args *a, struct imap_set *ret)
{
        struct imap_set set = { 0 };
        struct slice rest = a->rest;

        if (imap_arg_take(a, '$')) {
                *ret = (struct imap_set){ .saved = true };
                return ERR_OK;
        }
        set.ranges = arena_alloc(a->arena, count_ranges(rest) * sizeof *set.ranges);
        if (!set.ranges)
                return too_much(a);
        do {
                uint32_t first, last;

                if (!cut_seq_number(&rest, &first))
                        return want(a, "a set of numbers");
                last = first;
                if (slice_skip(&rest, ':') && !cut_seq_number(&rest, &last))
                        return want(a, "a set of numbers");
                set.ranges[set.n].first = first;
                set.ranges[set.n++].last = last;
        } while (slice_skip(&rest, ','));
        a->rest = rest;
        *ret = set;
        return ERR_OK;
}
