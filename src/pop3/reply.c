/* reply.c — +OK and -ERR. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>

/* RFC 2449 4: the first line of a response has at most 512 octets. */
enum { REPLY_MAX = 512 };

void pop3_ok(struct pop3_session *s, const char *fmt, ...)
{
        char text[REPLY_MAX - sizeof "+OK \r\n"];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        conn_printf(s->conn, "+OK %s\r\n", text);
}

void pop3_err(struct pop3_session *s, const char *code, const char *text)
{
        if (code)
                conn_printf(s->conn, "-ERR [%s] %s\r\n", code, text);
        else
                conn_printf(s->conn, "-ERR %s\r\n", text);
}

void pop3_bad(struct pop3_session *s, const char *code, const char *text)
{
        s->errors++;
        if (s->errors < s->server->config->max_errors) {
                pop3_err(s, code, text);
                return;
        }
        pop3_err(s, code, "Too many errors, goodbye");
        s->end = "errors";
        conn_close(s->conn);
}

void pop3_fail(struct pop3_session *s, enum err err)
{
        switch (err) {
        case ERR_NOTFOUND:
                pop3_err(s, NULL, "The message is no longer there");
                return;
        case ERR_CORRUPT:
                pop3_err(s, "SYS/PERM", "The message is damaged; tell the administrator");
                return;
        case ERR_OK:
        case ERR_SYNTAX:
        case ERR_LIMIT:
        case ERR_DENIED:
        case ERR_EXISTS:
        case ERR_QUOTA:
        case ERR_BUSY:
        case ERR_FULL:
        case ERR_IO:
        case ERR_CANCELLED:
        case ERR_MAX_:
                break;
        }
        pop3_err(s, "SYS/TEMP", "Not possible now, try again later");
}
