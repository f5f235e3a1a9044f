/* search_eval.h — does a message match? RFC 9051 6.4.4. Pure but for the function that reads. */
#ifndef IMAP_SEARCH_EVAL_H
#define IMAP_SEARCH_EVAL_H

#include "search_text.h"

#include "mailserver/store/fetch.h"

/* What must be read of each row (enum store_fetch_item); without the body where cheap keys come
 * first: then it is read for those that are left. */
unsigned imap_search_items(const struct imap_search *search);

struct imap_search_message {
        const struct store_fetch_row *row;
        bool recent;
        int64_t now_us;
        /* Octets of the message behind its trace, as mime_text_source has it. */
        enum err (*read)(void *arg, uint64_t offset, size_t max, struct buf *out);
        void *arg;
};
MUST_CHECK enum err imap_search_match(struct imap_search *search,
                                      const struct imap_search_message *message, bool *ret_match);

#endif
