/*
 * imap_syntax.h — is this what RFC 9051 9 allows? A checker written from the
 * grammar, knowing nothing of how we render, for fuzz targets and unit tests.
 *
 * Each function takes one production from the front of *s; false if it is not there.
 */
#ifndef IMAP_SYNTAX_H
#define IMAP_SYNTAX_H

#include "mailserver/core/slice.h"

static inline bool imap_take_nil(struct slice *s)
{
        return slice_skip_word(s, SLICE("NIL"));
}

static inline bool imap_take_number(struct slice *s)
{
        uint64_t number;

        return slice_cut_number(s, &number);
}

/* DQUOTE *QUOTED-CHAR DQUOTE, of IMAP4rev1: no octet above 0x7f. */
static inline bool imap_take_quoted(struct slice *s)
{
        if (!slice_skip(s, '"'))
                return false;
        while (s->len && s->ptr[0] != '"') {
                char c = s->ptr[0];

                if (c == '\0' || c == '\r' || c == '\n' || (c & 0x80))
                        return false;
                *s = slice_from(*s, 1);
                if (c == '\\') {
                        if (!s->len || (s->ptr[0] != '"' && s->ptr[0] != '\\'))
                                return false;
                        *s = slice_from(*s, 1);
                }
        }
        return slice_skip(s, '"');
}

/* "{" number "}" CRLF *CHAR8, where CHAR8 is not NUL. */
static inline bool imap_take_literal(struct slice *s)
{
        uint64_t len;

        if (!slice_skip(s, '{') || !slice_cut_number(s, &len) ||
            !slice_skip_word(s, SLICE("}\r\n")) || len > s->len ||
            slice_find(slice_head(*s, (size_t)len), '\0') >= 0)
                return false;
        *s = slice_from(*s, (size_t)len);
        return true;
}

static inline bool imap_take_string(struct slice *s)
{
        return s->len && s->ptr[0] == '{' ? imap_take_literal(s) : imap_take_quoted(s);
}

static inline bool imap_take_nstring(struct slice *s)
{
        return imap_take_nil(s) || imap_take_string(s);
}

static inline bool imap_take_space(struct slice *s)
{
        return slice_skip(s, ' ');
}

/* "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")" */
static inline bool imap_take_address(struct slice *s)
{
        return slice_skip(s, '(') && imap_take_nstring(s) && imap_take_space(s) &&
               imap_take_nstring(s) && imap_take_space(s) && imap_take_nstring(s) &&
               imap_take_space(s) && imap_take_nstring(s) && slice_skip(s, ')');
}

/* "(" 1*address ")" / nil */
static inline bool imap_take_addresses(struct slice *s)
{
        if (imap_take_nil(s))
                return true;
        if (!slice_skip(s, '(') || !imap_take_address(s))
                return false;
        while (s->len && s->ptr[0] == '(')
                if (!imap_take_address(s))
                        return false;
        return slice_skip(s, ')');
}

static inline bool imap_take_envelope(struct slice *s)
{
        if (!slice_skip(s, '(') || !imap_take_nstring(s) || !imap_take_space(s) ||
            !imap_take_nstring(s))
                return false;
        for (int i = 0; i < 6; i++)
                if (!imap_take_space(s) || !imap_take_addresses(s))
                        return false;
        return imap_take_space(s) && imap_take_nstring(s) && imap_take_space(s) &&
               imap_take_nstring(s) && slice_skip(s, ')');
}

/* body-fld-param */
static inline bool imap_take_params(struct slice *s)
{
        if (imap_take_nil(s))
                return true;
        if (!slice_skip(s, '('))
                return false;
        do {
                if (!imap_take_string(s) || !imap_take_space(s) || !imap_take_string(s))
                        return false;
        } while (imap_take_space(s));
        return slice_skip(s, ')');
}

/* body-fld-dsp */
static inline bool imap_take_disposition(struct slice *s)
{
        if (imap_take_nil(s))
                return true;
        return slice_skip(s, '(') && imap_take_string(s) && imap_take_space(s) &&
               imap_take_params(s) && slice_skip(s, ')');
}

/* body-fld-lang */
static inline bool imap_take_language(struct slice *s)
{
        if (!s->len || s->ptr[0] != '(')
                return imap_take_nstring(s);
        slice_skip(s, '(');
        do {
                if (!imap_take_string(s))
                        return false;
        } while (imap_take_space(s));
        return slice_skip(s, ')');
}

/* body-fld-dsp SP body-fld-lang SP body-fld-loc, and nothing yet undefined */
static inline bool imap_take_extension(struct slice *s)
{
        return imap_take_space(s) && imap_take_disposition(s) && imap_take_space(s) &&
               imap_take_language(s) && imap_take_space(s) && imap_take_nstring(s);
}

static inline bool imap_take_body(struct slice *s, bool extended);

static inline bool imap_take_multipart(struct slice *s, bool extended)
{
        do {
                if (!imap_take_body(s, extended))
                        return false;
        } while (s->len && s->ptr[0] == '(');
        if (!imap_take_space(s) || !imap_take_string(s))
                return false;
        return !extended || (imap_take_space(s) && imap_take_params(s) && imap_take_extension(s));
}

static inline bool imap_take_single(struct slice *s, bool extended)
{
        bool text = slice_starts(*s, SLICE("\"TEXT\""));
        bool message = slice_starts(*s, SLICE("\"MESSAGE\" \"RFC822\"")) ||
                       slice_starts(*s, SLICE("\"MESSAGE\" \"GLOBAL\""));

        if (!imap_take_string(s) || !imap_take_space(s) || !imap_take_string(s) ||
            !imap_take_space(s) || !imap_take_params(s) || !imap_take_space(s) ||
            !imap_take_nstring(s) || !imap_take_space(s) || !imap_take_nstring(s) ||
            !imap_take_space(s) || !imap_take_string(s) || !imap_take_space(s) ||
            !imap_take_number(s))
                return false;
        if (message && (!imap_take_space(s) || !imap_take_envelope(s) || !imap_take_space(s) ||
                        !imap_take_body(s, extended)))
                return false;
        if ((message || text) && (!imap_take_space(s) || !imap_take_number(s)))
                return false;
        return !extended || (imap_take_space(s) && imap_take_nstring(s) && imap_take_extension(s));
}

/* body; `extended` as in BODYSTRUCTURE. As deep as the tree, which is capped. */
static inline bool imap_take_body(struct slice *s, bool extended)
{
        if (!slice_skip(s, '('))
                return false;
        if (s->len && s->ptr[0] == '(' ? !imap_take_multipart(s, extended)
                                       : !imap_take_single(s, extended))
                return false;
        return slice_skip(s, ')');
}

/* The whole of `s` is one. */
static inline bool imap_is_envelope(struct slice s)
{
        return imap_take_envelope(&s) && !s.len;
}
static inline bool imap_is_body(struct slice s, bool extended)
{
        return imap_take_body(&s, extended) && !s.len;
}

#endif
