/*
 * fetch_plan.h — what a FETCH asks for, item by item: RFC 9051 6.4.5, RFC 3501 6.4.5.
 *
 * The plan lies in an arena of its own and borrows nothing from the command, so
 * that a task may own it. What the answer calls each item is written once, here. Pure.
 */
#ifndef IMAP_FETCH_PLAN_H
#define IMAP_FETCH_PLAN_H

#include "args.h"

enum imap_fetch_kind {
        IMAP_FETCH_UID,
        IMAP_FETCH_FLAGS,
        IMAP_FETCH_MODSEQ, /* RFC 7162 3.1.4.2 */
        IMAP_FETCH_INTERNALDATE,
        IMAP_FETCH_SIZE, /* RFC822.SIZE */
        IMAP_FETCH_ENVELOPE,
        IMAP_FETCH_BODY, /* BODYSTRUCTURE without extension data */
        IMAP_FETCH_BODYSTRUCTURE,
        IMAP_FETCH_PREVIEW,  /* RFC 8970 */
        IMAP_FETCH_EMAILID,  /* RFC 8474 */
        IMAP_FETCH_THREADID, /* likewise */
        IMAP_FETCH_SAVEDATE, /* RFC 8514 */
        /* here and below: once for each section */
        IMAP_FETCH_SECTION, /* BODY[…]; RFC822, RFC822.HEADER, RFC822.TEXT */
        IMAP_FETCH_BINARY,
        IMAP_FETCH_BINARY_SIZE,
};

/* What of a part, or of the message: RFC 9051 6.4.5.1. */
enum imap_section_text {
        IMAP_SECTION_ALL,
        IMAP_SECTION_HEADER,
        IMAP_SECTION_FIELDS,
        IMAP_SECTION_FIELDS_NOT,
        IMAP_SECTION_TEXT,
        IMAP_SECTION_MIME,
};

struct imap_fetch_item {
        enum imap_fetch_kind kind;
        struct slice label; /* "BODY[1.HEADER.FIELDS (From To)]<0>" */
        /* SECTION, BINARY, BINARY_SIZE */
        struct slice part; /* "1.2"; empty: the message */
        enum imap_section_text text;
        const struct slice *names; /* FIELDS, FIELDS_NOT */
        size_t n_names;
        uint64_t first, count; /* octets [first, first + count) of it; whole: 0, UINT64_MAX */
};

struct imap_fetch_plan {
        struct arena arena;
        struct imap_fetch_item *items;
        size_t n;
        unsigned rows;  /* enum store_fetch_item, or-ed: what must be read */
        bool sets_seen; /* a body without PEEK */
};

/* Of one command. Each field of each header is compared with each name. */
enum { IMAP_FETCH_MAX_ITEMS = 256, IMAP_FETCH_MAX_NAMES = 500 };

/*
 * What follows the set: a macro, an item, a list of items; not the modifiers in
 * brackets (RFC 4466 2.4). With `uid` the first item is UID whether or not it was
 * asked for (RFC 9051 6.4.9). ERR_SYNTAX, ERR_LIMIT: args->wanted says what; then
 * there is nothing to be freed.
 */
MUST_CHECK enum err imap_fetch_plan_parse(struct imap_args *args, bool uid,
                                          struct imap_fetch_plan *ret_plan);
/* FLAGS, behind UID and MODSEQ where wanted: what STORE answers. */
void imap_fetch_plan_flags(bool uid, bool modseq, struct imap_fetch_plan *ret_plan);
/* UID or MODSEQ as well, if it is not asked for already. */
void imap_fetch_plan_want(struct imap_fetch_plan *plan, enum imap_fetch_kind kind);
bool imap_fetch_plan_has(const struct imap_fetch_plan *plan, enum imap_fetch_kind kind);
void imap_fetch_plan_done(struct imap_fetch_plan *plan);

#endif
