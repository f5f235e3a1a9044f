/*
 * cmd_auth.c — AUTH: logging in by SASL.
 *
 * RFC 5034 4. AUTH alone lists the mechanisms, as clients older than CAPA
 * expect. The lines that follow belong to the exchange (login.c).
 */
#include "command.h"

static void list_mechanisms(struct pop3_session *s)
{
        struct auth_client client;
        AUTO_BUF(binding, 256);
        AUTO_BUF(mechanisms, 512);
        struct slice rest, word;

        pop3_auth_client(s, &binding, &client);
        auth_mechanisms(s->server->auth, &client, &mechanisms);
        rest = buf_slice(&mechanisms);
        pop3_ok(s, "Mechanisms follow");
        while (pop3_arg_word(&rest, &word))
                conn_printf(s->conn, SLICE_FMT "\r\n", SLICE_ARG(word));
        conn_write(s->conn, SLICE(".\r\n"));
}

static void auth_start(struct pop3_session *s, struct slice args)
{
        struct slice mechanism, initial = { 0 };

        if (!pop3_auth_offered(s)) {
                pop3_auth_refuse(s);
                return;
        }
        if (!pop3_arg_word(&args, &mechanism)) {
                list_mechanisms(s);
                return;
        }
        if (pop3_arg_word(&args, &initial) && !pop3_arg_none(s, args))
                return;
        auth_exchange_start(pop3_auth_begin(s), mechanism, initial);
}

static bool auth_capability(struct pop3_session *s, struct buf *out)
{
        struct auth_client client;
        AUTO_BUF(binding, 256);
        size_t before;

        pop3_auth_client(s, &binding, &client);
        buf_addc(out, ' ');
        before = out->len;
        auth_mechanisms(s->server->auth, &client, out);
        return out->len > before;
}

const struct pop3_command pop3_cmd_auth = {
        .verb = "AUTH",
        .states = POP3_AUTHORIZATION,
        .rfc = "5034 4",
        .capability = "SASL",
        .capability_of = auth_capability,
        .start = auth_start,
};
