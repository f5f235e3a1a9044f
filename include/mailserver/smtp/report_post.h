/*
 * report_post.h — a report goes to the sender of what it is about: into his
 * mailbox here, or into the queue.
 */
#ifndef MAILSERVER_SMTP_REPORT_POST_H
#define MAILSERVER_SMTP_REPORT_POST_H

#include "mailserver/core/slice.h"
#include "mailserver/store/address.h"

struct store_draft;

struct report_post {
        const struct store_address_rules *rules;
        const char *to; /* the envelope sender; if it is one of ours by SRS, one step back */
        bool smtputf8;  /* the report itself needs it (RFC 6533) */
        int64_t now_us;
        int64_t lifetime_us; /* in the queue; 0: there is none, and he must be here */
};
/*
 * STORE_WRITE. Stores `report`, a message as report_write makes it, signed (DKIM) if it leaves and
 * the domain of its From field, or one above that, has keys; its envelope sender is
 * <>, and nothing is ever reported about it (RFC 3461 6.1). *draft is replaced, and must live until
 * the commit: store_draft_free. ERR_NOTFOUND: there is no such sender; nothing is stored.
 */
MUST_CHECK enum err report_post(struct store_txn *tx, const struct report_post *post,
                                struct slice report, struct store_draft **draft);

#endif
