/*
 * args.h — the arguments of a command: RFC 9051 9, read left to right.
 *
 * A command is gathered whole before it starts: its line, and where a literal
 * stands, "{n}" CRLF and the n octets, in one run of octets (APPEND's message is
 * the exception: cmd_append.c). Each function takes one thing from the front
 * and returns ERR_OK, or ERR_SYNTAX (or ERR_LIMIT, by imap_arg_too_much) after noting what
 * was wanted in args->wanted; then the command is answered by imap_bad_args. Spaces between
 * arguments are taken by imap_arg_space, exactly one, as the grammar says; one
 * more is forgiven where clients are known to send it.
 * Results are borrowed from the command's octets or live in its arena.
 */
#ifndef IMAP_ARGS_H
#define IMAP_ARGS_H

#include "mailserver/core/arena.h"
#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"
#include "mailserver/core/uid_set.h"

#include <stdint.h>

struct imap_args {
        struct slice rest;
        struct arena *arena;
        bool utf8; /* quoted strings and mailbox names are UTF-8: rev2 or UTF8=ACCEPT enabled */
        const char *wanted; /* what was missing: for the BAD reply */
        bool too_much;      /* it is understood, but over a limit: NO [LIMIT] instead */
        bool cannot;        /* it is understood, but can never be: NO [CANNOT] instead */
        bool uid_only;      /* no message numbers: UIDONLY is enabled */
        bool uid_required;  /* there were some: BAD [UIDREQUIRED] */
};

MUST_CHECK enum err imap_arg_space(struct imap_args *a);
/* Notes that this was wanted: "fewer flags". Returns ERR_LIMIT. */
MUST_CHECK enum err imap_arg_too_much(struct imap_args *a, const char *wanted);
/* Message numbers were said where there are none: RFC 9586 3. The command is refused with
 * ERR_SYNTAX. */
void imap_arg_no_numbers(struct imap_args *a);
/* Nothing may follow. */
MUST_CHECK enum err imap_arg_end(struct imap_args *a);
/* One octet, such as '('. */
MUST_CHECK enum err imap_arg_char(struct imap_args *a, char c);
/* Looks, and takes it if it is there. */
bool imap_arg_take(struct imap_args *a, char c);
bool imap_arg_at_end(const struct imap_args *a);
MUST_CHECK enum err imap_arg_atom(struct imap_args *a, struct slice *ret);
/* quoted or literal; never with a NUL */
MUST_CHECK enum err imap_arg_string(struct imap_args *a, struct slice *ret);
/* astring: atom (with "]") or string */
MUST_CHECK enum err imap_arg_astring(struct imap_args *a, struct slice *ret);
/* nstring: string or NIL; NIL gives .ptr NULL */
MUST_CHECK enum err imap_arg_nstring(struct imap_args *a, struct slice *ret);
/* A mailbox name as UTF-8 (from modified UTF-7 unless a->utf8), in its canonical form. */
MUST_CHECK enum err imap_arg_mailbox(struct imap_args *a, struct slice *ret);
/* The same; and as the client has it, for OLDNAME. */
MUST_CHECK enum err imap_arg_mailbox_as(struct imap_args *a, struct slice *ret,
                                        struct slice *ret_supplied);
/* list-mailbox: the same with wildcards. */
MUST_CHECK enum err imap_arg_list_mailbox(struct imap_args *a, struct slice *ret);
MUST_CHECK enum err imap_arg_number(struct imap_args *a, uint64_t max, uint64_t *ret);
/* "\Seen" or a keyword; the backslash is kept. */
MUST_CHECK enum err imap_arg_flag(struct imap_args *a, struct slice *ret);
/* "dd-Mon-yyyy hh:mm:ss +zzzz" in quotes → µs since 1970. */
MUST_CHECK enum err imap_arg_date_time(struct imap_args *a, int64_t *ret_us);
/* "1-Feb-1994", quoted or not → days since 1970. */
MUST_CHECK enum err imap_arg_date(struct imap_args *a, int64_t *ret_day);

/* A sequence-set as it was written: "1:5,9,*" or "$"; given numbers only when the view is known. */
struct imap_set {
        bool saved; /* "$": RFC 9051 6.4.4.1 */
        struct {
                uint32_t first, last; /* 0 stands for "*" */
        } * ranges;                   /* in the arena */
        size_t n;
};
MUST_CHECK enum err imap_arg_set(struct imap_args *a, struct imap_set *ret);

/* The header of a literal that was not gathered, at the end of what was: "{310+}". */
struct imap_literal {
        uint64_t octets;
        bool synchronising; /* the client waits for "+" */
        bool binary;        /* literal8: "~{310}" */
};
MUST_CHECK enum err imap_arg_literal(struct imap_args *a, struct imap_literal *ret);

#endif
