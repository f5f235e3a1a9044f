/*
 * cmd_list.c — STAT, LIST and UIDL: what is there.
 *
 * RFC 1939 5 and 7. Messages marked deleted are left out and not counted. Sizes
 * are those RETR sends, stuffing apart (RFC 6856 2.1 wants that). A long list is
 * written piece by piece, as the client takes it.
 */
#include "command.h"

/* Messages a piece: some 20 octets each. */
enum { LIST_PIECE = 512 };

static void stat_start(struct pop3_session *s, struct slice args)
{
        if (pop3_arg_none(s, args))
                pop3_ok(s, "%zu %lld", maildrop_count(&s->drop) - s->drop.n_deleted,
                        (long long)s->drop.octets);
}

typedef void line_fn(const struct maildrop *d, size_t index, struct buf *out);

static void size_line(const struct maildrop *d, size_t index, struct buf *out)
{
        buf_addf(out, "%zu %lld", index + 1, (long long)maildrop_size(d, index));
}

static void uidl_line(const struct maildrop *d, size_t index, struct buf *out)
{
        buf_addf(out, "%zu ", index + 1);
        maildrop_uidl(d, index, out);
}

static void produce(struct pop3_session *s, line_fn *line)
{
        AUTO_BUF(out, BUF_MAX);
        size_t n = maildrop_count(&s->drop);

        for (size_t i = 0; i < LIST_PIECE && s->cursor < n; i++, s->cursor++) {
                if (maildrop_is_deleted(&s->drop, s->cursor))
                        continue;
                line(&s->drop, s->cursor, &out);
                buf_add(&out, SLICE("\r\n"));
        }
        if (s->cursor == n) {
                buf_add(&out, SLICE(".\r\n"));
                pop3_produced(s);
        }
        conn_write_take(s->conn, &out);
}

static void produce_sizes(struct pop3_session *s)
{
        produce(s, size_line);
}

static void produce_uidls(struct pop3_session *s)
{
        produce(s, uidl_line);
}

static void start(struct pop3_session *s, struct slice args, line_fn *line,
                  void (*produce_all)(struct pop3_session *s))
{
        AUTO_BUF(one, 256);
        size_t index;

        if (pop3_arg_end(args)) {
                s->cursor = 0;
                pop3_ok(s, "%zu messages (%lld octets)",
                        maildrop_count(&s->drop) - s->drop.n_deleted, (long long)s->drop.octets);
                pop3_produce(s, produce_all);
                return;
        }
        if (!pop3_arg_message(s, &args, &index) || !pop3_arg_none(s, args))
                return;
        line(&s->drop, index, &one);
        pop3_ok(s, "%s", one.ptr);
}

static void list_start(struct pop3_session *s, struct slice args)
{
        start(s, args, size_line, produce_sizes);
}

static void uidl_start(struct pop3_session *s, struct slice args)
{
        start(s, args, uidl_line, produce_uidls);
}

const struct pop3_command pop3_cmd_stat = {
        .verb = "STAT",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = stat_start,
};
const struct pop3_command pop3_cmd_list = {
        .verb = "LIST",
        .states = POP3_TRANSACTION,
        .rfc = "1939 5",
        .start = list_start,
};
const struct pop3_command pop3_cmd_uidl = {
        .verb = "UIDL",
        .states = POP3_TRANSACTION,
        .rfc = "1939 7",
        .capability = "UIDL",
        .start = uidl_start,
};
