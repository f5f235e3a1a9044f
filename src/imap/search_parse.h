/*
 * search_parse.h — what a SEARCH asks for, as a tree: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 5032.
 *
 * Strings are UTF-8 and folded (mime/text_fold.h) whatever charset they came in;
 * dates are days since 1970; flags are bits. The tree lies in an arena of its own
 * and borrows nothing from the command, so that a task may own it. Its depth and
 * the number of its keys are limited. Pure.
 */
#ifndef IMAP_SEARCH_PARSE_H
#define IMAP_SEARCH_PARSE_H

#include "fuzzy.h"
#include "search_return.h"

#include "mailserver/store/flags.h"
#include "mailserver/store/view.h"

enum imap_search_kind {
        IMAP_SEARCH_ALL,
        IMAP_SEARCH_AND,      /* of its children, one or more */
        IMAP_SEARCH_OR,       /* of its two children */
        IMAP_SEARCH_NOT,      /* its only child does not match */
        IMAP_SEARCH_FLAG,     /* `flag` is set */
        IMAP_SEARCH_KEYWORD,  /* likewise, once imap_search_bind_keywords has found `flag` */
        IMAP_SEARCH_RECENT,   /* RFC 3501 2.3.2 */
        IMAP_SEARCH_SET,      /* in `uids`, once imap_search_bind_sets has made them */
        IMAP_SEARCH_SIZE,     /* from ≤ octets < to */
        IMAP_SEARCH_INTERNAL, /* from ≤ day of the internal date < to */
        IMAP_SEARCH_SENT,     /* from ≤ day that the Date field names < to */
        IMAP_SEARCH_MODSEQ,   /* from ≤ MODSEQ: RFC 7162 3.1.5 */
        IMAP_SEARCH_SAVED,    /* from ≤ day it came into the mailbox < to: RFC 8514 4.3 */
        IMAP_SEARCH_EMAILID,  /* `text` is its name: RFC 8474 6 */
        IMAP_SEARCH_THREADID, /* `from` is its thread */
        IMAP_SEARCH_AGE,      /* from ≤ seconds since the internal date ≤ to: RFC 5032 3 */
        IMAP_SEARCH_HEADER,   /* a field `name` contains `text` */
        IMAP_SEARCH_BODY,     /* a textual part contains `text` */
        IMAP_SEARCH_TEXT,     /* likewise, or a header */
};

/* How dear it is to find out: the cheap keys of an AND are looked at first. */
enum imap_search_cost { IMAP_SEARCH_BY_ROW, IMAP_SEARCH_BY_HEADER, IMAP_SEARCH_BY_BODY };

struct imap_search_key {
        enum imap_search_kind kind;
        enum imap_search_cost cost;
        struct imap_search_key *child; /* the first; AND, OR, NOT */
        struct imap_search_key *next;  /* of the same parent */
        uint64_t flag;
        struct slice name;        /* HEADER, KEYWORD */
        struct slice text;        /* folded */
        struct imap_fuzzy *fuzzy; /* in the arena; NULL: `text` must stand there as it is */
        int64_t from, to;
        struct imap_set set; /* as written; gone with the command's arena */
        bool set_is_uids;
        struct uid_set uids; /* owned */

        /* search_eval.c: BODY and TEXT keys are looked for together, in one pass */
        struct imap_search_key *next_text;
        bool found;
};

struct imap_search {
        struct imap_search_key *root;
        struct imap_search_key *texts; /* all BODY and TEXT keys */
        struct imap_search_returns returns;
        bool has_fuzzy; /* FUZZY was said: RFC 6203 */
        /* set by imap_search_match: how well the message fits, 1 to 100; 100 without FUZZY */
        unsigned score;
        bool has_charset, has_keywords;
        bool has_email_ids;
        bool has_keys;    /* something is asked that stands in the row's keys: STORE_FETCH_KEYS */
        bool has_modseq;  /* the answer ends with a MODSEQ: RFC 7162 3.1.6 */
        bool has_numbers; /* message numbers: RFC 7162 3.2.10.2 */
};

/*
 * All that follows "SEARCH ". ERR_SYNTAX; ERR_LIMIT: too deep, too many keys, the arena is full;
 * ERR_NOTFOUND: a charset that is not known (NO [BADCHARSET]). Also on failure
 * ret_search->returns is as far as it was read: "$" depends on it.
 */
MUST_CHECK enum err imap_search_parse(struct imap_args *args, struct arena *arena,
                                      struct imap_search *ret_search);
/*
 * The parts of it, for commands that say more: SORT and THREAD have "charset keys". Sets of messages lie in
 * args->arena, all else in `arena`.
 */
MUST_CHECK enum err imap_search_charset_parse(struct imap_args *args, struct slice *ret_charset);
MUST_CHECK enum err imap_search_keys_parse(struct imap_args *args, struct arena *arena,
                                           struct slice charset, struct imap_search *search);
/* Frees what the arena does not hold. */
void imap_search_done(struct imap_search *search);
/*
 * Message numbers and "*" become UIDs of these messages, "$" becomes `saved`. Numbers that are not
 * there are left out. May be done again, with another mailbox.
 */
void imap_search_bind_sets(struct imap_search *search, const struct uid_map *messages,
                           const struct uid_set *saved);
/* UIDs up to "*" go on to the greatest there can be: for messages that are still to come. */
void imap_search_open_ends(struct imap_search *search);
/* Keywords become bits; those that nobody has used match nothing. */
void imap_search_bind_keywords(struct imap_search *search, const struct store_keywords *keywords);
/* The messages outside of which none can match; NULL: any may. */
const struct uid_set *imap_search_candidates(const struct imap_search *search);
/* All of the candidates match: nothing else is asked. */
bool imap_search_is_set(const struct imap_search *search);

#endif
