/* content.c — Content-Type and its like: RFC 2045 5.1. */
#include "mailserver/mime/content.h"

#include "param.h"

enum { MAX_TYPE = 127 }; /* RFC 6838 4.2 */

/* RFC 2045 5.1 token. */
static bool is_token_char(char c)
{
        return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Cuts a token; .ptr NULL if there is none, or it is too long to be a type. */
static struct slice cut_token(struct mime_scan *scan)
{
        struct slice token = scan->rest;
        size_t n = 0;

        while (n < token.len && is_token_char(token.ptr[n]))
                n++;
        scan->rest = slice_from(token, n);
        return n && n <= MAX_TYPE ? slice_head(token, n) : (struct slice){ NULL, 0 };
}

void mime_content_parse(struct slice value, struct arena *arena, struct mime_content *ret_content)
{
        struct mime_scan scan = { .rest = value };
        struct raw_param raw[MIME_MAX_PARAMS];
        size_t n = 0;

        *ret_content = (struct mime_content){ 0 };
        mime_scan_cfws(&scan);
        if (slice_skip(&scan.rest, '"')) /* the whole type in quotes */
                mime_scan_cfws(&scan);
        ret_content->type = cut_token(&scan);
        mime_scan_cfws(&scan);
        if (slice_skip(&scan.rest, '/')) {
                mime_scan_cfws(&scan);
                ret_content->subtype = cut_token(&scan);
        }
        /* Junk up to the parameters: "text/plain/x; …". */
        while (scan.rest.len && scan.rest.ptr[0] != ';' && !mime_is_space(scan.rest.ptr[0]))
                scan.rest = slice_from(scan.rest, 1);
        while (n < MIME_MAX_PARAMS && mime_param_next(&scan, arena, &raw[n]))
                n++;
        ret_content->params = mime_params_join(raw, n, arena);
}

struct slice mime_param_find(const struct mime_param *params, struct slice name)
{
        struct slice found = { NULL, 0 };

        for (; params; params = params->next) {
                if (params->name.len == name.len + 1 && params->name.ptr[name.len] == '*' &&
                    slice_eq_word(slice_head(params->name, name.len), name))
                        return params->value;
                if (!found.ptr && slice_eq_word(params->name, name))
                        found = params->value;
        }
        return found;
}
