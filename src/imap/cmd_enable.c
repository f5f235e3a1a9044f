/*
 * cmd_enable.c — ENABLE: RFC 9051 6.3.1, once RFC 5161.
 *
 * IMAP4rev2 and UTF8=ACCEPT (RFC 6855) make names of mailboxes UTF-8; CONDSTORE and
 * QRESYNC (RFC 7162 3.1, 3.2.3) say more of what has changed; UIDONLY (RFC 9586 3.1)
 * does away with message numbers. Words that are not known are passed over, and so
 * is what a client is known not to bear (profile.c): it is told what was switched on.
 */
#include "session_impl.h"

static enum imap_flow enable_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        AUTO_BUF(enabled, 256);
        unsigned bits = 0;
        struct slice word;

        do {
                if (imap_arg_space(args) || imap_arg_atom(args, &word))
                        return imap_bad_args(cmd, args);
                bits |= imap_extension_bit(word);
        } while (!imap_arg_at_end(args));
        if (bits == IMAP_ENABLED_UTF8)
                imap_profile_by_enable(cmd);
        if (imap_profile_keeps_utf7(s->profile))
                bits &= ~(unsigned)(IMAP_ENABLED_REV2 | IMAP_ENABLED_UTF8);
        s->enabled |= bits;
        if (bits & IMAP_ENABLED_QRESYNC)
                s->enabled |= IMAP_ENABLED_CONDSTORE;
        imap_put_extensions(bits, &enabled);
        imap_untagged(cmd, "ENABLED%s", enabled.len ? enabled.ptr : "");
        return imap_reply(cmd, IMAP_OK, NULL, "ENABLE completed");
}

const struct imap_command imap_cmd_enable = {
        .name = "ENABLE",
        .states = IMAP_AUTHENTICATED,
        .rfc = "9051 6.3.1",
        .help = "Switches extensions on for this connection.",
        .start = enable_start,
};
