/*
 * fuzz_smtp_command.c — a whole session as a stranger holds it, over the
 * stand-ins of the session's unit tests.
 *
 * The first octet chooses port 25 or submission, TLS, and bare line ends; the
 * second how the rest, which is what the client sends, is cut. However it is cut, the
 * session says the same and takes the same messages; all it says is reply lines.
 */
#include "../unit/smtp/helper_session.c" /* sees into its struct conn */

#include "mailserver/core/log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void no_line(enum log_level level, const char *line)
{
        (void)level;
        (void)line;
}

/* What was said, and after it the messages that were taken. */
static void hold(struct slice in, size_t piece, uint8_t flags, struct buf *out)
{
        struct fake f = { .submission = flags & 1,
                          .tls_possible = flags & 2,
                          .account_full = flags & 8,
                          .disk_low = (flags & 0xf0) == 0xf0 };

        fake_open(&f);
        f.config.bare_newline = flags & 4 ? SMTP_BARE_NEWLINE_REJECT : SMTP_BARE_NEWLINE_NORMALIZE;
        f.config.max_message_size = 200;
        f.config.max_recipients = 3;
        for (; in.len && !fake_closing(&f); in = slice_from(in, piece)) {
                fake_send(&f, slice_head(in, piece));
                if (f.conn->start_tls)
                        fake_shake_hands(&f);
        }
        fake_send_eof(&f);
        require(fake_closing(&f));
        buf_addf(out, "%s", fake_heard(&f));
        require(!f.session);
        buf_addc(out, '\0');
        for (size_t i = 0; i < f.n_messages; i++) {
                buf_addf(out, "%s>%s:", f.messages[i].sender, f.messages[i].recipients);
                require(f.messages[i].content.len <= 200);
                buf_add(out, buf_slice(&f.messages[i].content));
        }
        fake_close(&f);
}

static void check_reply(struct slice line)
{
        require(line.len >= 5 && line.len <= 511 && line.ptr[line.len - 1] == '\r');
        for (size_t i = 0; i < 3; i++)
                require(ascii_digit(line.ptr[i]));
        require(line.ptr[3] == ' ' || line.ptr[3] == '-');
        for (size_t i = 3; i + 1 < line.len; i++)
                require(line.ptr[i] >= ' ' && line.ptr[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(whole, 1 << 24);
        AUTO_BUF(pieces, 1 << 24);
        struct slice in, said, line;

        if (size < 2 || size > 8192)
                return 0;
        log_set_sink(no_line);
        in = (struct slice){ (const char *)data + 2, size - 2 };
        hold(in, SIZE_MAX, data[0], &whole);
        hold(in, 1 + data[1] % 32, data[0], &pieces);
        said = slice_of(whole.ptr);
        while (slice_cut(&said, '\n', &line))
                check_reply(line);
        require(said.len == 0);
        /* These two look at what has come along behind a command: there the cut matters. */
        if (!strstr(whole.ptr, "last command before its reply") &&
            !strstr(whole.ptr, "220 2.0.0 Go ahead"))
                require(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
        return 0;
}
