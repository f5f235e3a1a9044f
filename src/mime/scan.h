/*
 * scan.h — the lexical floor of structured header fields: RFC 5322 3.2.
 *
 * A scanner cuts a value into tokens. Strings, comments and domain literals
 * that never close are taken for ordinary text, and the scanner remembers that
 * it looked: so any octets are read in linear time.
 */
#ifndef MIME_SCAN_H
#define MIME_SCAN_H

#include "mailserver/core/arena.h"
#include "mailserver/core/slice.h"

struct mime_scan {
        struct slice rest;
        bool no_quote, no_paren, no_bracket; /* nothing closes one in what is left */
};

enum mime_token_kind {
        MIME_TOKEN_BLANK,   /* blanks and line ends */
        MIME_TOKEN_COMMENT, /* (…), nested */
        MIME_TOKEN_QUOTED,  /* "…" */
        MIME_TOKEN_LITERAL, /* […] */
        MIME_TOKEN_SPECIAL, /* one of < > @ , ; : . */
        MIME_TOKEN_ATOM,    /* anything else; an encoded word (RFC 2047 2) in one piece */
};

struct mime_token {
        enum mime_token_kind kind;
        struct slice text;   /* as it stands */
        struct slice inside; /* of a comment or quoted string: without its ends, escapes left */
};

/* Cuts the next token from the front; false at the end. */
bool mime_scan_token(struct mime_scan *scan, struct mime_token *ret_token);
/* With rest at '"' or '(': cuts the string or comment; false, and untouched, if it never closes. */
bool mime_scan_quoted(struct mime_scan *scan, struct slice *ret_inside);
bool mime_scan_comment(struct mime_scan *scan, struct slice *ret_inside);
/* Skips blanks, line ends and comments: RFC 5322 3.2.2 CFWS. */
void mime_scan_cfws(struct mime_scan *scan);

static inline bool mime_is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
/* 0 to 15; -1: no hexadecimal digit. */
static inline int mime_hex_value(char c)
{
        if (ascii_digit(c))
                return c - '0';
        c = ascii_lower(c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
/* Drops blanks and line ends from both ends. */
struct slice mime_trim(struct slice s);

/*
 * Text put together from pieces. It stays borrowed while the pieces lie side by
 * side; otherwise it moves to the arena, once, into `bound` octets, which the
 * pieces must not exceed.
 */
struct mime_joiner {
        struct arena *arena;
        size_t bound;
        struct slice text;
        char *copy;  /* where text lies once it had to move */
        bool failed; /* the arena is full; text is what fitted */
};

void mime_join(struct mime_joiner *j, struct slice piece);
/* Joins the inside of a quoted string or comment: line ends and escapes removed. */
void mime_join_unescaped(struct mime_joiner *j, struct slice inside);

#endif
