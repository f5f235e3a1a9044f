/*
 * command_table.c — the only list of commands, and the list of extensions beside
 * it: dispatcher, HELP and EHLO all read these.
 */
#include "command.h"

const struct smtp_command *const smtp_commands[] = {
        &smtp_cmd_auth,
        &smtp_cmd_bdat,
        &smtp_cmd_data,
        &smtp_cmd_ehlo,
        &smtp_cmd_etrn,
        &smtp_cmd_expn,
        &smtp_cmd_helo,
        &smtp_cmd_help,
        &smtp_cmd_mail,
        &smtp_cmd_noop,
        &smtp_cmd_quit,
        &smtp_cmd_rcpt,
        &smtp_cmd_rset,
        &smtp_cmd_saml,
        &smtp_cmd_send,
        &smtp_cmd_soml,
        &smtp_cmd_starttls,
        &smtp_cmd_turn,
        &smtp_cmd_vrfy,
        /* sorted, as HELP lists them; a test checks the order */
        NULL,
};

const struct smtp_command *smtp_command_find(struct slice verb)
{
        for (const struct smtp_command *const *c = smtp_commands; *c; c++)
                if (slice_eq_word(verb, slice_of((*c)->verb)))
                        return *c;
        return NULL;
}

/* ---- extensions ---- */

static void size_arguments(const struct smtp_session *s, struct buf *out)
{
        buf_addf(out, "%lld", (long long)smtp_session_config(s)->max_message_size);
}

/* RFC 9422 4. */
static void limits_arguments(const struct smtp_session *s, struct buf *out)
{
        const struct smtp_config *config = smtp_session_config(s);

        buf_addf(out, "RCPTMAX=%lld MAILMAX=%lld", (long long)config->max_recipients,
                 (long long)config->max_messages);
}

static bool starttls_offered(const struct smtp_session *s)
{
        return conn_may_start_tls(s->conn);
}

static bool login_offered(const struct smtp_session *s)
{
        return s->service->submission && !s->account_name && smtp_auth_offered(s);
}

/* BINARYMIME (RFC 3030 3) is not here: line ends and NULs of a message are looked after. */
const struct smtp_extension smtp_extensions[] = {
        {"PIPELINING",           NULL,             NULL                }, /* RFC 2920 */
        { "SIZE",                NULL,             size_arguments      }, /* RFC 1870 */
        { "8BITMIME",            NULL,             NULL                }, /* RFC 1652 */
        { "SMTPUTF8",            NULL,             NULL                }, /* RFC 6531 */
        { "CHUNKING",            NULL,             NULL                }, /* RFC 3030 */
        { "ENHANCEDSTATUSCODES", NULL,             NULL                }, /* RFC 2034 */
        { "DSN",                 NULL,             NULL                }, /* RFC 3461 */
        { "STARTTLS",            starttls_offered, NULL                }, /* RFC 3207 */
        { "AUTH",                login_offered,    smtp_auth_mechanisms}, /* RFC 4954 */
        { "LIMITS",              NULL,             limits_arguments    }, /* RFC 9422 */
        { "HELP",                NULL,             NULL                }, /* RFC 5321 4.1.1.8 */
        { NULL,                  NULL,             NULL                },
};
