/* reply.c — tagged and untagged responses: RFC 9051 7. */
#include "session_impl.h"
#include "utf7.h"

#include "mailserver/core/text.h"
#include "mailserver/store/message.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A tagged line may carry COPYUID's sets, or MODIFIED's. */
enum { MAX_TAGGED = 16 << 20, MAX_QUOTED = 1024 };

/* ---- tagged ---- */

enum imap_flow imap_reply(struct imap_cmd *cmd, enum imap_status status, const char *code,
                          const char *text)
{
        static const char *const words[] = { "OK", "NO", "BAD" };
        struct imap_session *s = cmd->session;

        assert(s->in_hand && !s->replied && !s->finished);
        /* SELECT that fails leaves nothing selected: RFC 9051 6.3.2. */
        if (s->opening && status != IMAP_OK)
                imap_close_mailbox(s, false);
        s->tagged.max = MAX_TAGGED;
        buf_add(&s->tagged, cmd->tag);
        if (!code || buf_printf(&s->tagged, " %s [%s] %s\r\n", words[status], code, text))
                buf_addf(&s->tagged, " %s %s\r\n", words[status], text);
        s->replied = true;
        s->line = NULL;
        if (status == IMAP_OK)
                s->errors = 0;
        if (status != IMAP_BAD) {
                imap_view_settle(s);
                return IMAP_FINISHED;
        }
        /* Nothing was done: nothing has changed by it. */
        conn_write(s->conn, buf_slice(&s->tagged));
        s->replied = false;
        s->finished = true;
        if (!imap_count_error(s))
                imap_session_wake(s);
        return IMAP_FINISHED;
}

/* RFC 9051 7.1, once RFC 5530. */
static const struct {
        const char *code, *text;
} errors[ERR_MAX_] = {
        [ERR_SYNTAX] = {"CANNOT",         "Not a possible value"                  },
        [ERR_LIMIT] = { "LIMIT",         "Over a limit of this server"           },
        [ERR_DENIED] = { "CANNOT",        "Not allowed"                           },
        [ERR_NOTFOUND] = { "NONEXISTENT",   "No such mailbox"                       },
        [ERR_EXISTS] = { "ALREADYEXISTS", "It exists already"                     },
        [ERR_QUOTA] = { "OVERQUOTA",     "The account has no room for it"        },
        [ERR_BUSY] = { "UNAVAILABLE",   "Too busy, try again later"             },
        [ERR_FULL] = { "UNAVAILABLE",   "No room on the server, try again later"},
        [ERR_IO] = { "UNAVAILABLE",   "Not possible now, try again later"     },
        [ERR_CORRUPT] = { "CORRUPTION",    "Damaged; tell the administrator"       },
        [ERR_CANCELLED] = { "UNAVAILABLE",   "Not possible now, try again later"     },
};

enum imap_flow imap_reply_err(struct imap_cmd *cmd, enum err err)
{
        assert(errors[err].code);
        return imap_reply(cmd, IMAP_NO, errors[err].code, errors[err].text);
}

enum imap_flow imap_reply_too_many(struct imap_cmd *cmd, int64_t max)
{
        char code[40];

        snprintf(code, sizeof code, "MESSAGELIMIT %lld", (long long)max);
        return imap_reply(cmd, IMAP_NO, code, "Too many messages in one command; none was stored");
}

enum imap_flow imap_bad_args(struct imap_cmd *cmd, const struct imap_args *args)
{
        char text[160];

        snprintf(text, sizeof text, "%s wants %s", cmd->def ? cmd->def->name : "The command",
                 args->wanted ? args->wanted : "other arguments");
        /* RFC 9051 7.1 LIMIT, CANNOT: it is no mistake of grammar. */
        if (args->too_much || args->cannot)
                return imap_reply(cmd, IMAP_NO, args->too_much ? "LIMIT" : "CANNOT", text);
        return imap_reply(cmd, IMAP_BAD, args->uid_required ? "UIDREQUIRED" : NULL, text);
}

/* ---- untagged ---- */

void imap_untagged(struct imap_cmd *cmd, const char *fmt, ...)
{
        va_list args;
        char *text = NULL;
        int len;

        va_start(args, fmt);
        len = vasprintf(&text, fmt, args);
        va_end(args);
        assert(len >= 0);
        imap_write(cmd, SLICE("* "));
        imap_write(cmd, (struct slice){ text, (size_t)len });
        imap_write(cmd, SLICE("\r\n"));
        free(text);
}

void imap_write(struct imap_cmd *cmd, struct slice octets)
{
        cmd->progress.silenced = true;
        conn_write(cmd->session->conn, octets);
}

void imap_write_take(struct imap_cmd *cmd, struct buf *octets)
{
        cmd->progress.silenced = true;
        conn_write_take(cmd->session->conn, octets);
}

/* ---- strings, names and flags ---- */

static bool may_be_quoted(struct slice s, bool utf8)
{
        if (s.len > MAX_QUOTED)
                return false;
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == '\0' ||
                    (!utf8 && (unsigned char)s.ptr[i] >= 0x80))
                        return false;
        return true;
}

static void put_string(struct buf *out, struct slice s, bool utf8)
{
        if (!may_be_quoted(s, utf8)) {
                buf_addf(out, "{%zu}\r\n", s.len);
                buf_add(out, s);
                return;
        }
        buf_addc(out, '"');
        for (size_t i = 0; i < s.len; i++) {
                if (s.ptr[i] == '"' || s.ptr[i] == '\\')
                        buf_addc(out, '\\');
                buf_addc(out, s.ptr[i]);
        }
        buf_addc(out, '"');
}

void imap_put_string(struct buf *out, struct slice s)
{
        put_string(out, s, false);
}

static bool is_atom(struct slice s)
{
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f || strchr("(){%*\"\\", s.ptr[i]))
                        return false;
        return s.len > 0 && !slice_eq_word(s, SLICE("NIL"));
}

static void put_name(struct buf *out, struct slice name, bool utf8)
{
        if (is_atom(name))
                buf_add(out, name);
        else
                put_string(out, name, utf8);
}

void imap_put_mailbox_as(struct buf *out, struct slice name, bool utf8)
{
        AUTO_BUF(encoded, BUF_MAX);

        if (utf8 || imap_utf7_encode(name, &encoded))
                put_name(out, name, utf8);
        else
                put_name(out, buf_slice(&encoded), false);
}

void imap_put_mailbox(const struct imap_session *s, struct buf *out, struct slice name)
{
        imap_put_mailbox_as(out, name, imap_is_utf8(s));
}

static const struct {
        uint64_t bit;
        const char *name;
} system_flags[] = {
        {STORE_FLAG_ANSWERED, "\\Answered"},
        { STORE_FLAG_FLAGGED, "\\Flagged" },
        { STORE_FLAG_DELETED, "\\Deleted" },
        { STORE_FLAG_SEEN,    "\\Seen"    },
        { STORE_FLAG_DRAFT,   "\\Draft"   },
};

static void put_flag(struct buf *out, const char *name, const char **gap)
{
        buf_add(out, slice_of(*gap));
        buf_add(out, slice_of(name));
        *gap = " ";
}

void imap_put_flags_as(const struct store_keywords *keywords, struct buf *out, uint64_t flags,
                       bool recent)
{
        const char *gap = "(";

        for (size_t i = 0; i < sizeof system_flags / sizeof *system_flags; i++)
                if (flags & system_flags[i].bit)
                        put_flag(out, system_flags[i].name, &gap);
        if (recent)
                put_flag(out, "\\Recent", &gap);
        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; flags >> bit && bit < STORE_KEYWORD_BITS;
             bit++)
                if (flags >> bit & 1 && store_keyword_name(keywords, bit))
                        put_flag(out, store_keyword_name(keywords, bit), &gap);
        buf_add(out, *gap == '(' ? SLICE("()") : SLICE(")"));
}

void imap_put_flags(const struct imap_session *s, struct buf *out, uint64_t flags, bool recent)
{
        imap_put_flags_as(imap_session_keywords(s), out, flags, recent);
}

void imap_put_mailbox_flags(const struct imap_session *s, struct buf *out)
{
        const struct imap_mailbox *m = s->mailbox;
        uint64_t all = UINT64_MAX, free_bits = 0;
        AUTO_BUF(flags, BUF_MAX);

        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++)
                free_bits += !store_keyword_name(&m->keywords, bit);
        imap_put_flags(s, &flags, all, false);
        buf_addf(out, "* FLAGS " SLICE_FMT "\r\n", SLICE_ARG(buf_slice(&flags)));
        if (m->read_only) {
                buf_add(out, SLICE("* OK [PERMANENTFLAGS ()] Nothing may be changed\r\n"));
                return;
        }
        buf_truncate(&flags, flags.len - 1);
        buf_addf(out, "* OK [PERMANENTFLAGS " SLICE_FMT "%s)] Kept\r\n",
                 SLICE_ARG(buf_slice(&flags)), free_bits ? " \\*" : "");
}
