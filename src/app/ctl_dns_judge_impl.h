/* ctl_dns_judge_impl.h — what the parts of the judge share. */
#ifndef APP_CTL_DNS_JUDGE_IMPL_H
#define APP_CTL_DNS_JUDGE_IMPL_H

#include "ctl_dns_judge.h"

#include "mailserver/core/buf.h"

enum { VERDICT_MAX = 2048 };

struct verdict {
        const char *state; /* NULL: answers lack */
        struct buf found, fix;
};

/* "" if it is not there. */
const char *dns_row_text(const json_t *row, const char *key);
/* "3 1 1 0123…" */
void dns_put_tlsa(const struct dns_record *record, struct buf *out);
/* A TXT record; `a` has some. */
void dns_judge_text(const struct dns_judge *j, const json_t *row, const struct dns_answer *a,
                    struct verdict *v);

#endif
