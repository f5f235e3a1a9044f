/* list_args.h — the arguments of LIST: RFC 9051 6.3.9, the grammar of RFC 5258 6. */
#ifndef IMAP_LIST_ARGS_H
#define IMAP_LIST_ARGS_H

#include "args.h"
#include "list_names.h"

enum { IMAP_LIST_MAX_PATTERNS = 100 };

struct imap_list_args {
        bool extended;   /* the form with options */
        unsigned select; /* enum imap_list_select */
        unsigned status; /* enum imap_status_item; 0: none is wanted */
        bool return_subscribed;
        struct slice *patterns; /* with the reference before each; in the arena */
        size_t n_patterns;
        struct slice reference;
        bool reference_impossible; /* no name can begin so */
};
MUST_CHECK enum err imap_list_parse(struct imap_args *args, struct imap_list_args *ret_list);
/* LSUB: a reference and one pattern. */
MUST_CHECK enum err imap_lsub_parse(struct imap_args *args, struct imap_list_args *ret_list);

#endif
