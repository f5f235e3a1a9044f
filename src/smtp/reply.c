/*
 * reply.c — replies, and the one table from our errors to them.
 *
 * RFC 5321 4.2; enhanced codes RFC 2034 and RFC 3463. No reply carries a
 * peer's octets: not addresses (RFC 6531 3.7.4.1), not what it called itself.
 */
#include "command.h"

#include <assert.h>
#include <stdio.h>

enum { MAX_REPLY = 512 }; /* RFC 5321 4.5.3.1.5, CRLF included */

static const struct smtp_reply replies[ERR_MAX_] = {
        [ERR_SYNTAX] = {501,  "5.5.4", "Syntax error in the arguments"             },
        [ERR_LIMIT] = { 552, "5.3.4", "Message is larger than this server accepts"},
        [ERR_DENIED] = { 550, "5.7.1", "Not allowed"                               },
        [ERR_NOTFOUND] = { 550, "5.1.1", "No such user here"                         },
        [ERR_EXISTS] = { 451, "4.3.0", "Temporary failure, try again later"        },
        [ERR_QUOTA] = { 452, "4.2.2", "Mailbox is full, try again later"          },
        [ERR_BUSY] = { 451, "4.3.2", "Too busy, try again later"                 },
        [ERR_FULL] = { 452, "4.3.1", "Not enough storage, try again later"       },
        [ERR_IO] = { 451, "4.3.0", "Temporary failure, try again later"        },
        [ERR_CORRUPT] = { 451, "4.3.0", "Temporary failure, try again later"        },
        [ERR_CANCELLED] = { 451, "4.3.2", "Stopped, try again later"                  },
};

struct smtp_reply smtp_reply_of(enum err err)
{
        assert(err > ERR_OK && err < ERR_MAX_);
        return replies[err];
}

enum smtp_flow smtp_reply(struct smtp_session *s, int code, const char *enhanced, const char *text)
{
        char line[MAX_REPLY - 1]; /* with the NUL; CRLF comes after it */
        int n = snprintf(line, sizeof line, "%d %s%s%s", code, enhanced ? enhanced : "",
                         enhanced ? " " : "", text);

        assert(n > 0);
        conn_write(s->conn, slice_of(line));
        conn_write(s->conn, SLICE("\r\n"));
        if (code >= 500)
                s->errors++;
        return SMTP_FINISHED;
}

enum smtp_flow smtp_reply_with(struct smtp_session *s, const struct smtp_reply *reply)
{
        return smtp_reply(s, reply->code, reply->enhanced, reply->text);
}

enum smtp_flow smtp_reply_err(struct smtp_session *s, enum err err)
{
        struct smtp_reply reply = smtp_reply_of(err);

        return smtp_reply_with(s, &reply);
}

enum smtp_flow smtp_reply_closing(struct smtp_session *s, const char *enhanced, const char *text)
{
        s->state = SMTP_STATE_CLOSING;
        return smtp_reply(s, 421, enhanced, text);
}
