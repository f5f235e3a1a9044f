/*
 * mta_sts.h — MTA-STS: a domain says which mail servers it has, and that they
 * speak TLS. RFC 8461. Pure: the TXT record, the policy, the match.
 */
#ifndef MAILSERVER_TRUST_MTA_STS_H
#define MAILSERVER_TRUST_MTA_STS_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mta_sts_mode { MTA_STS_NONE, MTA_STS_TESTING, MTA_STS_ENFORCE };

enum {
        MTA_STS_MAX_POLICY = 64 << 10, /* octets of a policy: RFC 8461 3.3 */
        MTA_STS_MAX_AGE = 31557600,    /* seconds: RFC 8461 3.2 */
        MTA_STS_MAX_MX = 64,
        MTA_STS_ID_SIZE = 33,
};

/*
 * The id of a domain's policy from the TXT records at _mta-sts.DOMAIN; those that do not begin
 * with "v=STSv1;" are others'. ERR_NOTFOUND: none, or more than one (RFC 8461 3.1); ERR_SYNTAX:
 * one, and it is wrong.
 */
MUST_CHECK enum err mta_sts_id(const struct slice *records, size_t n, char ret_id[MTA_STS_ID_SIZE]);

struct mta_sts_policy {
        enum mta_sts_mode mode;
        int64_t max_age_s;
        struct slice mx[MTA_STS_MAX_MX]; /* borrowed from the text */
        size_t n_mx;
};
/*
 * Keys that are not known are passed over; of a known one that comes twice the first counts, but
 * for mx (RFC 8461 3.2). ERR_SYNTAX: no version STSv1, mode or max_age, or no mx though
 * the mode is not none; *reterr says which. ERR_LIMIT: too large.
 */
MUST_CHECK enum err mta_sts_parse(struct slice text, struct mta_sts_policy *ret_policy,
                                  struct error *reterr);
/* Is the host one of the policy's? "*.example.org" stands for one label: RFC 8461 4.1. */
bool mta_sts_matches(const struct mta_sts_policy *policy, struct slice host);

#endif
