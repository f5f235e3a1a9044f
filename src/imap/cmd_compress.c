/*
 * cmd_compress.c — COMPRESS: RFC 4978 3.
 *
 * What is written after the tagged reply is compressed, so it begins when the
 * command has ended (what has changed in the view is told before that reply).
 */
#include "session_impl.h"

#include "mailserver/net/compress.h"

static void compress_end(struct imap_cmd *cmd)
{
        if (cmd->session->finished)
                conn_start_compress(cmd->session->conn);
}

static enum imap_flow compress_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        struct slice algorithm;

        if (imap_arg_space(args) || imap_arg_atom(args, &algorithm) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (!slice_eq_word(algorithm, SLICE("DEFLATE")))
                return imap_reply(cmd, IMAP_BAD, NULL, "COMPRESS wants DEFLATE");
        if (conn_is_compressed(s->conn))
                return imap_reply(cmd, IMAP_BAD, "COMPRESSIONACTIVE", "DEFLATE is active already");
        if (!s->server->config->compress)
                return imap_reply(cmd, IMAP_NO, "UNAVAILABLE", "Compression is switched off");
        cmd->end = compress_end;
        return imap_reply(cmd, IMAP_OK, NULL, "DEFLATE active");
}

const struct imap_command imap_cmd_compress = {
        .name = "COMPRESS",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "4978 3",
        .help = "Compresses all that follows, both ways.",
        .start = compress_start,
};
