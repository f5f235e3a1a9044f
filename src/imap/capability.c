/*
 * capability.c — CAPABILITY: RFC 9051 6.1.1, 7.2.2.
 *
 * The words come from the table of commands; those that belong to none stand
 * here. Before login only what may be used then is told.
 */
#include "session_impl.h"

static void put_word(struct buf *out, const char *word)
{
        if (out->len)
                buf_addc(out, ' ');
        buf_add(out, slice_of(word));
}

static const struct {
        unsigned bit;
        const char *word;
} extensions[] = {
        {IMAP_ENABLED_REV2,  "IMAP4rev2"  },
        { IMAP_ENABLED_UTF8, "UTF8=ACCEPT"},
};
enum { N_EXTENSIONS = sizeof extensions / sizeof *extensions };

unsigned imap_extension_bit(struct slice word)
{
        for (size_t i = 0; i < N_EXTENSIONS; i++)
                if (slice_eq_word(word, slice_of(extensions[i].word)))
                        return extensions[i].bit;
        return 0;
}

void imap_put_extensions(unsigned bits, struct buf *out)
{
        for (size_t i = 0; i < N_EXTENSIONS; i++)
                if (bits & extensions[i].bit)
                        buf_addf(out, " %s", extensions[i].word);
}

static void put_mechanisms(const struct imap_session *s, struct buf *out)
{
        struct auth_client client;
        AUTO_BUF(binding, 256);
        AUTO_BUF(mechanisms, 512);
        struct slice rest, word;

        imap_auth_client(s, &binding, &client);
        auth_mechanisms(s->server->auth, &client, &mechanisms);
        rest = buf_slice(&mechanisms);
        while (rest.len) {
                if (!slice_cut(&rest, ' ', &word)) {
                        word = rest;
                        rest = SLICE("");
                }
                put_word(out, "AUTH=");
                buf_add(out, word);
        }
}

static void put_login(const struct imap_session *s, struct buf *out)
{
        if (conn_may_start_tls(s->conn))
                put_word(out, "STARTTLS");
        if (!imap_auth_offered(s)) {
                put_word(out, "LOGINDISABLED");
                return;
        }
        put_word(out, "SASL-IR");
        put_mechanisms(s, out);
}

void imap_put_capability(const struct imap_session *s, struct buf *out)
{
        bool login = s->state == IMAP_NOT_AUTHENTICATED;

        put_word(out, "IMAP4rev1");
        imap_put_extensions(IMAP_ENABLED_REV2 | (login ? 0 : IMAP_ENABLED_UTF8), out);
        put_word(out, "LITERAL+");
        for (size_t i = 0; i < imap_n_commands; i++) {
                const struct imap_command *c = imap_commands[i];

                if (c->capability && (!login || c->states & IMAP_NOT_AUTHENTICATED))
                        put_word(out, c->capability);
        }
        if (login)
                put_login(s, out);
        else if (imap_command_find(SLICE("APPEND")))
                /* RFC 7889 3. */
                buf_addf(out, " APPENDLIMIT=%lld", (long long)s->server->config->max_message_size);
}
