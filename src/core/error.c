/* error.c — names of the errors, and filling one in. */
#include "mailserver/core/error.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[ERR_MAX_] = {
        [ERR_OK] = "ok",         [ERR_SYNTAX] = "syntax",     [ERR_LIMIT] = "limit",
        [ERR_DENIED] = "denied", [ERR_NOTFOUND] = "notfound", [ERR_EXISTS] = "exists",
        [ERR_QUOTA] = "quota",   [ERR_BUSY] = "busy",         [ERR_FULL] = "full",
        [ERR_IO] = "io",         [ERR_CORRUPT] = "corrupt",   [ERR_CANCELLED] = "cancelled",
};

const char *err_name(enum err e)
{
        return (unsigned)e < ERR_MAX_ ? names[e] : "unknown";
}

enum err fail(struct error *reterr, enum err code, const char *fmt, ...)
{
        va_list args;

        if (!reterr)
                return code;
        reterr->code = code;
        va_start(args, fmt);
        vsnprintf(reterr->text, sizeof reterr->text, fmt, args);
        va_end(args);
        return code;
}
