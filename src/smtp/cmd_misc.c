/*
 * cmd_misc.c — RSET, NOOP, VRFY, HELP, QUIT: RFC 5321 4.1.1.5 to 4.1.1.10.
 *
 * And the verbs that exist and are not for us: 502 rather than 500 (RFC 5321
 * 4.2.4). EXPN would tell strangers who is on a list.
 */
#include "command.h"

#include <stdio.h>

enum { MAX_TEXT = 256 };

static enum smtp_flow rset_start(struct smtp_session *s, struct slice args)
{
        (void)args;
        smtp_session_reset(s);
        return smtp_reply(s, 250, "2.0.0", "Reset");
}

static enum smtp_flow noop_start(struct smtp_session *s, struct slice args)
{
        (void)args; /* RFC 5321 4.1.1.9: a string may follow, and means nothing */
        return smtp_reply(s, 250, "2.0.0", "Nothing done");
}

/* RFC 5321 3.5.3, 7.3: the answer that tells nobody who is here; RCPT knows. */
static enum smtp_flow vrfy_start(struct smtp_session *s, struct slice args)
{
        if (!args.len)
                return smtp_reply(s, 501, "5.5.4", "Syntax: VRFY address");
        return smtp_reply(s, 252, "2.0.0", "Not verified here; RCPT will tell");
}

/* RFC 5321 4.2.3: our name comes first, for programs that read it. */
static enum smtp_flow quit_start(struct smtp_session *s, struct slice args)
{
        char text[MAX_TEXT];

        (void)args;
        snprintf(text, sizeof text, "%s Bye", smtp_session_server(s)->hostname);
        s->state = SMTP_STATE_CLOSING;
        return smtp_reply(s, 221, "2.0.0", text);
}

static enum smtp_flow help_verb(struct smtp_session *s, struct slice verb)
{
        const struct smtp_command *command = smtp_command_find(verb);
        char text[MAX_TEXT];

        if (!command || !command->syntax)
                return smtp_reply(s, 504, "5.5.4", "No help on that");
        snprintf(text, sizeof text, "Syntax: %s (RFC %s)", command->syntax, command->rfc);
        return smtp_reply(s, 214, "2.0.0", text);
}

static enum smtp_flow help_start(struct smtp_session *s, struct slice args)
{
        AUTO_BUF(verbs, MAX_TEXT);

        if (args.len)
                return help_verb(s, args);
        for (const struct smtp_command *const *c = smtp_commands; *c; c++)
                if ((*c)->syntax)
                        buf_addf(&verbs, " %s", (*c)->verb);
        conn_printf(s->conn, "214-2.0.0 Commands:" SLICE_FMT "\r\n", SLICE_ARG(buf_slice(&verbs)));
        return smtp_reply(s, 214, "2.0.0", "HELP and a command tells its syntax");
}

const struct smtp_command smtp_cmd_rset = {
        .verb = "RSET",
        .syntax = "RSET",
        .rfc = "5321 4.1.1.5",
        .needs = SMTP_NEEDS_NO_ARGS,
        .start = rset_start,
};
const struct smtp_command smtp_cmd_noop = {
        .verb = "NOOP",
        .syntax = "NOOP [string]",
        .rfc = "5321 4.1.1.9",
        .start = noop_start,
};
const struct smtp_command smtp_cmd_vrfy = {
        .verb = "VRFY",
        .syntax = "VRFY address",
        .rfc = "5321 4.1.1.6",
        .needs = SMTP_NEEDS_AUTH,
        .start = vrfy_start,
};
const struct smtp_command smtp_cmd_help = {
        .verb = "HELP",
        .syntax = "HELP [command]",
        .rfc = "5321 4.1.1.8",
        .start = help_start,
};
const struct smtp_command smtp_cmd_quit = {
        .verb = "QUIT",
        .syntax = "QUIT",
        .rfc = "5321 4.1.1.10",
        .needs = SMTP_NEEDS_NO_ARGS,
        .start = quit_start,
};

const struct smtp_command smtp_cmd_expn = { .verb = "EXPN", .rfc = "5321 4.1.1.7" };
const struct smtp_command smtp_cmd_etrn = { .verb = "ETRN", .rfc = "1985" };
const struct smtp_command smtp_cmd_saml = { .verb = "SAML", .rfc = "5321 F.6" };
const struct smtp_command smtp_cmd_send = { .verb = "SEND", .rfc = "5321 F.6" };
const struct smtp_command smtp_cmd_soml = { .verb = "SOML", .rfc = "5321 F.6" };
const struct smtp_command smtp_cmd_turn = { .verb = "TURN", .rfc = "5321 F.1" };
