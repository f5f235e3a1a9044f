/* param.h — parameters as they stand, before RFC 2231 makes them whole. */
#ifndef MIME_PARAM_H
#define MIME_PARAM_H

#include "scan.h"

#include "mailserver/mime/content.h"

struct raw_param {
        struct slice name;  /* "filename*0*" */
        struct slice value; /* unquoted, without line ends */
};

/* Cuts the next parameter from the front; false at the end. */
bool mime_param_next(struct mime_scan *scan, struct arena *arena, struct raw_param *ret_param);
/* RFC 2231: the parameters that `raw` means, in the order of their first pieces. */
struct mime_param *mime_params_join(const struct raw_param *raw, size_t n, struct arena *arena);

#endif
