/*
 * cmd_capa.c — CAPA: what can be done here and now.
 *
 * RFC 2449 5. Each command brings its own line; below are those that belong to
 * none. A line is there only if it is true for this connection at this moment.
 */
#include "command.h"

/* RFC 2449 6.4, 6.6, 6.7, 6.9; RFC 3206 5. */
static const char *const properties[] = {
        "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "IMPLEMENTATION mailserver",
};

static void add_command(struct pop3_session *s, const struct pop3_command *command, struct buf *out)
{
        size_t before = out->len;

        if (!command->capability)
                return;
        buf_add(out, slice_of(command->capability));
        if (command->capability_of && !command->capability_of(s, out))
                buf_truncate(out, before);
        else
                buf_add(out, SLICE("\r\n"));
}

static void capa_start(struct pop3_session *s, struct slice args)
{
        AUTO_BUF(out, 4096);

        if (!pop3_arg_none(s, args))
                return;
        for (size_t i = 0; i < pop3_n_commands; i++)
                add_command(s, pop3_commands[i], &out);
        for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
                buf_addf(&out, "%s\r\n", properties[i]);
        pop3_ok(s, "Capabilities follow");
        conn_write(s->conn, buf_slice(&out));
        conn_write(s->conn, SLICE(".\r\n"));
}

const struct pop3_command pop3_cmd_capa = {
        .verb = "CAPA",
        .states = POP3_AUTHORIZATION | POP3_TRANSACTION,
        .rfc = "2449 5",
        .start = capa_start,
};
