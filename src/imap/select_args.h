/*
 * select_args.h — the parameters of SELECT and EXAMINE: RFC 4466 2.1, RFC 7162 3.1.8, 3.2.5.
 *
 * QRESYNC says what the client knew when it was last here. Sets lie in the
 * command's arena. Pure.
 */
#ifndef IMAP_SELECT_ARGS_H
#define IMAP_SELECT_ARGS_H

#include "args.h"

#include "mailserver/core/uid_map.h"

struct imap_select_args {
        bool condstore, qresync;
        /* of QRESYNC */
        uint32_t uidvalidity;
        int64_t modseq;
        bool has_known;
        struct imap_set known;
        bool has_match;
        struct imap_set numbers, uids; /* ascending; as many each: RFC 7162 3.2.5.2 */
};

/* Behind the name: " (CONDSTORE QRESYNC (…))", or nothing. ERR_SYNTAX, ERR_LIMIT. */
MUST_CHECK enum err imap_select_args_parse(struct imap_args *args,
                                           struct imap_select_args *ret_select);
/* The largest UID of which the client still has the right message number; 0: none, or none was said. */
uint32_t imap_select_args_match(const struct imap_select_args *select,
                                const struct uid_map *messages);

#endif
