/* modseq.c — what a client may conclude from the MODSEQs it sees. */
#include "modseq.h"

#include "session_impl.h"

enum { VANISHED_LINE = 8000 }; /* RFC 7162 4 has clients send no longer ones */

enum err imap_arg_modseq(struct imap_args *args, bool zero, int64_t *ret_modseq)
{
        uint64_t number;
        enum err err = imap_arg_number(args, INT64_MAX, &number);

        if (!err && !zero && !number)
                err = ERR_SYNTAX;
        if (err) {
                args->wanted = "a mod-sequence";
                return err;
        }
        *ret_modseq = (int64_t)number;
        return ERR_OK;
}

bool imap_has_condstore(const struct imap_session *s)
{
        return s->enabled & IMAP_ENABLED_CONDSTORE;
}

int64_t imap_modseq_told(const struct imap_session *s)
{
        const struct imap_mailbox *m = s->mailbox;

        return m->withheld.n ? m->withheld_since : m->view.modseq;
}

static void say_highest(struct imap_session *s, const char *text)
{
        conn_printf(s->conn, "* OK [HIGHESTMODSEQ %lld] %s\r\n", (long long)imap_modseq_told(s),
                    text);
}

void imap_enable_condstore(struct imap_cmd *cmd)
{
        struct imap_session *s = cmd->session;

        if (imap_has_condstore(s))
                return;
        s->enabled |= IMAP_ENABLED_CONDSTORE;
        if (s->mailbox)
                say_highest(s, "CONDSTORE is enabled");
}

void imap_modseq_sent(struct imap_session *s, int64_t modseq)
{
        struct imap_mailbox *m = s->mailbox;

        if (!m || modseq <= m->sent_modseq)
                return;
        m->sent_modseq = modseq;
        /*
         * It was read before its commit has come to the watcher: what else happened up to it is
         * read now, not with the next command.
         */
        if (modseq > m->view.modseq && !(m->dirty && m->pending.modseq >= modseq))
                m->dirty = m->unknown = true;
}

void imap_flags_remember(struct imap_session *s, const struct store_flags_told *told)
{
        if (s->mailbox && imap_has_condstore(s))
                imap_flag_memory_put(&s->mailbox->flags, told);
}

size_t imap_flags_known(const struct imap_session *s, const struct uid_set *uids, int64_t modseq,
                        struct store_flags_told *told)
{
        return s->mailbox ? imap_flag_memory_find(&s->mailbox->flags, uids, modseq, told) : 0;
}

enum imap_flow imap_reply_highest(struct imap_cmd *cmd, const char *text)
{
        cmd->session->says_highest = imap_has_condstore(cmd->session);
        return imap_reply(cmd, IMAP_OK, NULL, text);
}

/* "tag OK text" becomes "tag OK [HIGHESTMODSEQ n] text". */
static void put_into_tagged(struct imap_session *s)
{
        size_t head = s->cmd.tag.len + strlen(" OK ");
        struct buf line = { .max = s->tagged.max };

        buf_add(&line, slice_head(buf_slice(&s->tagged), head));
        buf_addf(&line, "[HIGHESTMODSEQ %lld] ", (long long)imap_modseq_told(s));
        buf_add(&line, slice_from(buf_slice(&s->tagged), head));
        buf_done(&s->tagged);
        s->tagged = line;
}

void imap_modseq_settle(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;
        int64_t told;
        bool early, paid;

        if (!m || !imap_has_condstore(s))
                return;
        told = imap_modseq_told(s);
        early = m->sent_modseq > told;
        if (early && m->sent_modseq > m->owed_modseq)
                m->owed_modseq = m->sent_modseq;
        paid = m->owed_modseq && told >= m->owed_modseq;
        if (s->says_highest)
                put_into_tagged(s);
        else if (early)
                /* RFC 7162 3.2, and the example in 6. */
                say_highest(s, "Not all has been told yet");
        else if (paid)
                say_highest(s, "All has been told");
        if (paid)
                m->owed_modseq = 0;
        m->sent_modseq = 0;
}

void imap_put_vanished(struct buf *out, const struct uid_set *uids, size_t *at, bool earlier)
{
        size_t start = out->len;
        const char *gap = earlier ? "* VANISHED (EARLIER) " : "* VANISHED ";

        while (*at < uids->n && out->len - start < VANISHED_LINE) {
                const struct uid_range *range = &uids->ranges[(*at)++];

                if (range->first == range->last)
                        buf_addf(out, "%s%u", gap, range->first);
                else
                        buf_addf(out, "%s%u:%u", gap, range->first, range->last);
                gap = ",";
        }
        buf_add(out, SLICE("\r\n"));
}
