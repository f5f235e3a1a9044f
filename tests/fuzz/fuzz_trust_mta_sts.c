/* fuzz_trust_mta_sts.c — a policy from any web server. What is accepted is whole and bounded. */
#include "mailserver/trust/mta_sts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = { (const char *)data, size };
        struct mta_sts_policy policy;
        struct error error;
        char id[MTA_STS_ID_SIZE];

        if (!mta_sts_id(&text, 1, id))
                require(strlen(id) > 0 && strlen(id) < MTA_STS_ID_SIZE);
        if (mta_sts_parse(text, &policy, &error))
                return 0;
        require(policy.max_age_s >= 0 && policy.max_age_s <= MTA_STS_MAX_AGE);
        require(policy.mode == MTA_STS_NONE || policy.n_mx > 0);
        for (size_t i = 0; i < policy.n_mx; i++)
                if (policy.mx[i].ptr[0] != '*')
                        require(mta_sts_matches(&policy, policy.mx[i]) ||
                                slice_ends(policy.mx[i], SLICE(".")));
        return 0;
}
