/*
 * report_original.c — the last part: the message that is reported on, or its
 * header.
 *
 * message/rfc822 may not be encoded (RFC 2046 5.2.1), so one with 8-bit octets is
 * returned as a whole only in message/global (RFC 6533 4.3), else as its header, which may be
 * quoted-printable (RFC 6522 4).
 */
#include "report_impl.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/transfer.h"

enum { MAX_LINE = 998, MAX_MESSAGE_ID = 250 };

/* RFC 2045 2.7 and 2.8: lines of at most 998 octets, ended by CRLF, without NUL. */
static bool is_lines(struct slice text)
{
        size_t length = 0;

        for (size_t i = 0; i < text.len; i++) {
                char c = text.ptr[i];

                if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n') {
                        length = 0;
                        i++;
                } else if (c == '\0' || c == '\r' || c == '\n' || ++length > MAX_LINE) {
                        return false;
                }
        }
        return true;
}

/* Only "<", visible ASCII without brackets, ">": it goes into our own header. */
static struct slice good_message_id(struct slice header)
{
        struct mime_field field;
        struct slice id = { "", 0 };

        if (!mime_field_find(header, SLICE("Message-ID"), &field))
                return id;
        id = field.value;
        while (id.len && strchr(" \t\r\n", id.ptr[0]) && id.ptr[0])
                id = slice_from(id, 1);
        while (id.len && strchr(" \t\r\n", id.ptr[id.len - 1]) && id.ptr[id.len - 1])
                id.len--;
        if (id.len < 3 || id.len > MAX_MESSAGE_ID || id.ptr[0] != '<' || id.ptr[id.len - 1] != '>')
                return (struct slice){ "", 0 };
        for (size_t i = 1; i < id.len - 1; i++)
                if (id.ptr[i] <= ' ' || id.ptr[i] > '~' || id.ptr[i] == '<' || id.ptr[i] == '>')
                        return (struct slice){ "", 0 };
        return id;
}

static bool may_be_whole(const struct report *report, struct slice header)
{
        struct slice all = report->original;

        if (!report->full || report->original_cut || all.len > REPORT_MAX_ORIGINAL ||
            !is_lines(all))
                return false;
        return !text_has_8bit(all) || (report->smtputf8 && text_utf8_valid(header));
}

void report_original_look(const struct report *report, struct report_original *ret_original)
{
        size_t max = report->original_header < REPORT_MAX_ORIGINAL ? report->original_header
                                                                   : REPORT_MAX_ORIGINAL;
        struct slice header = slice_head(report->original, max);
        ptrdiff_t end = slice_rfind(header, '\n');

        if (header.len < report->original_header && end >= 0)
                header.len = (size_t)end + 1;
        ret_original->header = header;
        ret_original->message_id = good_message_id(header);
        ret_original->whole = report->original.len > 0 && may_be_whole(report, header);
}

static void put_part(struct buf *out, const char *type, const char *encoding, struct slice body)
{
        buf_addf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", type, encoding);
        buf_add(out, body);
}

void report_original_part(const struct report *report, const struct report_original *original,
                          struct buf *out)
{
        struct slice header = original->header;
        AUTO_BUF(encoded, BUF_MAX);
        enum err err;

        if (original->whole) {
                bool eight_bit = text_has_8bit(report->original);

                put_part(out, eight_bit ? "message/global" : "message/rfc822",
                         eight_bit ? "8bit" : "7bit", report->original);
        } else if (header.len && is_lines(header) && !text_has_8bit(header)) {
                put_part(out, "text/rfc822-headers", "7bit", header);
        } else if (header.len && report->smtputf8 && is_lines(header) && text_utf8_valid(header)) {
                put_part(out, "message/global-headers", "8bit", header);
        } else if (header.len) {
                err = mime_quoted_printable_encode(header, &encoded);
                if (!err)
                        put_part(out, "text/rfc822-headers", "quoted-printable",
                                 buf_slice(&encoded));
        }
}
