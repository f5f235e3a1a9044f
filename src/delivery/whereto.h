/*
 * whereto.h — where mail for an address goes: accounts here, addresses
 * elsewhere, or nowhere.
 */
#ifndef DELIVERY_WHERETO_H
#define DELIVERY_WHERETO_H

#include "sink.h"

/* Who asks. */
struct whereto_ask {
        const struct delivery_rules *rules;
        int64_t account;  /* 0: nobody is logged in; he reaches our own addresses only */
        bool null_sender; /* MAIL FROM:<> */
        int64_t now_us;
};

struct whereto {
        struct store_targets targets; /* of an address of ours */
        char *elsewhere;              /* owned; the address itself is not ours; NULL: see targets */
        bool is_report;               /* `elsewhere` is where a report to an address of SRS goes */
};
void whereto_done(struct whereto *w);

/*
 * ERR_DENIED: not ours, and not for who asks; ERR_NOTFOUND: ours, and no such user; ERR_SYNTAX: no
 * address; ERR_LIMIT: aliases nest too deep. *ret_refusal says more where its code is not 0.
 * Where nothing can be sent elsewhere, what leads there is as if it did not exist.
 */
MUST_CHECK enum err whereto_find(struct store_txn *tx, const struct whereto_ask *ask,
                                 struct slice address, struct whereto *ret_whereto,
                                 struct smtp_reply *ret_refusal);

#endif
