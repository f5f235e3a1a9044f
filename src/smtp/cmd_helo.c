/*
 * cmd_helo.c — HELO and EHLO: RFC 5321 4.1.1.1.
 *
 * What a client calls itself is not checked beyond being one printable word
 * (RFC 5321 4.1.4 forbids to refuse mail because it is not the right name); it only appears
 * in our Received field. EHLO lists what can be done now, as it is now.
 */
#include "command.h"

enum { MAX_HELO = 255, MAX_EHLO_REPLY = 4096 };

static bool word_valid(struct slice word)
{
        if (!word.len || word.len > MAX_HELO)
                return false;
        for (size_t i = 0; i < word.len; i++)
                if ((unsigned char)word.ptr[i] <= ' ' || word.ptr[i] == 0x7f)
                        return false;
        return true;
}

static void greet(struct smtp_session *s, struct slice name, bool extended)
{
        smtp_session_reset(s);
        mem_free(s->helo);
        s->helo = mem_strdup(name);
        s->extended = extended;
}

static enum smtp_flow helo_start(struct smtp_session *s, struct slice args)
{
        if (!word_valid(args))
                return smtp_reply(s, 501, "5.5.4", "Syntax: HELO domain");
        greet(s, args, false);
        return smtp_reply(s, 250, NULL, smtp_session_server(s)->hostname);
}

static void print_extension(const struct smtp_session *s, const struct smtp_extension *extension,
                            struct buf *out)
{
        if (extension->offered && !extension->offered(s))
                return;
        /* HELP comes last and is always there: its line is the one without the hyphen. */
        buf_addf(out, "250%c%s", extension[1].keyword ? '-' : ' ', extension->keyword);
        if (extension->arguments) {
                buf_addc(out, ' ');
                extension->arguments(s, out);
        }
        buf_add(out, SLICE("\r\n"));
}

static enum smtp_flow ehlo_start(struct smtp_session *s, struct slice args)
{
        AUTO_BUF(reply, MAX_EHLO_REPLY);

        if (!word_valid(args))
                return smtp_reply(s, 501, "5.5.4", "Syntax: EHLO domain");
        greet(s, args, true);
        buf_addf(&reply, "250-%s\r\n", smtp_session_server(s)->hostname);
        for (const struct smtp_extension *e = smtp_extensions; e->keyword; e++)
                print_extension(s, e, &reply);
        conn_write(s->conn, buf_slice(&reply));
        return SMTP_FINISHED;
}

const struct smtp_command smtp_cmd_helo = {
        .verb = "HELO",
        .syntax = "HELO domain",
        .rfc = "5321 4.1.1.1",
        .start = helo_start,
};
const struct smtp_command smtp_cmd_ehlo = {
        .verb = "EHLO",
        .syntax = "EHLO domain",
        .rfc = "5321 4.1.1.1",
        .start = ehlo_start,
};
