/* sts_decide.c — see sts_decide.h. */
#include "sts_decide.h"

enum sts_decision sts_decide(const struct sts_known *known)
{
        bool same = known->kept && known->published && slice_eq(known->id, known->kept_id);

        /* No record, or none to be had: RFC 8461 5.1, what was kept counts. */
        if (!known->published || known->failed_lately)
                return known->kept ? STS_KEPT : STS_NONE;
        if (!same)
                return STS_FETCH;
        /* Before it ends, or whoever disturbs fetches on its last day would be rid of it: 10.2. */
        return known->now_us - known->fetched_us >= known->refresh_us ? STS_REFRESH : STS_KEPT;
}

const char *sts_response_wrong(long status, const char *type)
{
        struct slice rest = slice_of(type ? type : ""), media;

        if (status >= 300 && status < 400)
                return "a redirection, which is not followed";
        if (status != 200)
                return "not 200";
        if (!slice_cut(&rest, ';', &media))
                media = rest;
        return slice_eq_word(slice_trim(media), SLICE("text/plain")) ? NULL : "not text/plain";
}
