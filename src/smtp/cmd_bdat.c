/*
 * cmd_bdat.c — BDAT: a chunk of the message, its length before it: RFC 3030 2.
 *
 * The chunk stands right behind the command and is read to its end before
 * anything is answered, also when the answer is no. So the length comes first: the
 * order of commands is checked only behind it, which is why the table's entry needs
 * nothing. Without a length no one can tell where commands begin again: the
 * connection is closed.
 */
#include "command.h"

static bool read_size(struct slice args, int64_t *ret_size, bool *ret_last)
{
        uint64_t size;

        if (!slice_cut_number(&args, &size) || size > INT64_MAX)
                return false;
        *ret_size = (int64_t)size;
        *ret_last = false;
        if (!args.len)
                return true;
        *ret_last = args.ptr[0] == ' ' && slice_eq_word(slice_trim(args), SLICE("LAST"));
        return *ret_last;
}

static enum smtp_flow bdat_start(struct smtp_session *s, struct slice args)
{
        static const struct smtp_reply mixed = { 503, "5.5.1", "DATA and BDAT do not mix" };
        int64_t size;
        bool last;

        if (!read_size(args, &size, &last)) {
                smtp_reply(s, 501, "5.5.4", "Syntax: BDAT size [LAST]");
                return smtp_reply_closing(s, "4.7.0", "No telling where that chunk ends");
        }
        s->chunk = (struct smtp_chunk){
                .left = size,
                .size = size,
                .last = last,
                .refusal = smtp_missing(s, SMTP_NEEDS_HELO | SMTP_NEEDS_AUTH | SMTP_NEEDS_MAIL |
                                                   SMTP_NEEDS_RCPT),
        };
        if (!s->chunk.refusal && s->txn->content == SMTP_CONTENT_DATA)
                s->chunk.refusal = &mixed;
        smtp_content_chunk(s);
        return SMTP_FINISHED;
}

const struct smtp_command smtp_cmd_bdat = {
        .verb = "BDAT",
        .syntax = "BDAT size [LAST]",
        .rfc = "3030 2",
        .start = bdat_start,
};
