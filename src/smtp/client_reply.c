/* client_reply.c — see client_reply.h. */
#include "client_reply.h"

#include <stdio.h>

enum { CODE_DIGITS = 3, SHOWN_OCTETS = 60 };

bool smtp_client_escape(struct slice s, char *out, size_t size, size_t *len)
{
        static const char hex[] = "0123456789abcdef";

        for (size_t i = 0; i < s.len; i++) {
                unsigned char octet = (unsigned char)s.ptr[i];
                bool plain = octet >= ' ' && octet < 0x7f;

                if (*len + (plain ? 1 : 4) >= size)
                        return false;
                if (plain) {
                        out[(*len)++] = (char)octet;
                } else {
                        out[(*len)++] = '\\';
                        out[(*len)++] = 'x';
                        out[(*len)++] = hex[octet >> 4];
                        out[(*len)++] = hex[octet & 15];
                }
                out[*len] = '\0';
        }
        return true;
}

/* One to three digits, no zero before others: RFC 3463 2. */
static bool cut_subcode(struct slice *rest, char out[CODE_DIGITS + 1])
{
        size_t n = 0;

        while (n < rest->len && n <= CODE_DIGITS && ascii_digit(rest->ptr[n]))
                n++;
        if (n == 0 || n > CODE_DIGITS)
                return false;
        memcpy(out, rest->ptr, n);
        out[n] = '\0';
        *rest = slice_from(*rest, n);
        return true;
}

bool smtp_client_cut_status(struct slice *text, int code, char out[SMTP_CLIENT_STATUS])
{
        struct slice rest = *text;
        char subject[CODE_DIGITS + 1], detail[CODE_DIGITS + 1];

        /* RFC 2034 4: the class is the code's. */
        if (!slice_skip(&rest, (char)('0' + code / 100)) || !slice_skip(&rest, '.') ||
            !cut_subcode(&rest, subject) || !slice_skip(&rest, '.') ||
            !cut_subcode(&rest, detail) || (rest.len && rest.ptr[0] != ' '))
                return false;
        snprintf(out, SMTP_CLIENT_STATUS, "%c.%.3s.%.3s", '0' + code / 100, subject, detail);
        slice_skip(&rest, ' ');
        *text = rest;
        return true;
}

void smtp_client_status_of(int code, char out[SMTP_CLIENT_STATUS])
{
        bool settled = code / 100 == 2 || code / 100 == 5;

        snprintf(out, SMTP_CLIENT_STATUS, "%c.0.0", settled ? '0' + code / 100 : '4');
}

void smtp_client_reader_begin(struct smtp_client_reader *r)
{
        *r = (struct smtp_client_reader){ .max_lines = r->max_lines };
}

static enum smtp_client_read bad(struct smtp_client_reader *r, const char *why, struct slice line)
{
        size_t len = (size_t)snprintf(r->text, sizeof r->text, "%s: ", why);

        smtp_client_escape(slice_head(line, SHOWN_OCTETS), r->text, sizeof r->text, &len);
        r->len = len;
        return SMTP_CLIENT_BAD;
}

/* RFC 5321 4.2: three digits, and a hyphen, a space or nothing. */
static bool cut_code(struct slice *line, int *ret_code, bool *ret_more)
{
        int code = 0;

        if (line->len < CODE_DIGITS || line->ptr[0] < '2' || line->ptr[0] > '5')
                return false;
        for (size_t i = 0; i < CODE_DIGITS; i++) {
                if (!ascii_digit(line->ptr[i]))
                        return false;
                code = code * 10 + (line->ptr[i] - '0');
        }
        if (line->len > CODE_DIGITS && line->ptr[CODE_DIGITS] != '-' &&
            line->ptr[CODE_DIGITS] != ' ')
                return false;
        *ret_more = line->len > CODE_DIGITS && line->ptr[CODE_DIGITS] == '-';
        *ret_code = code;
        *line = slice_from(*line, CODE_DIGITS + 1);
        return true;
}

static void append(struct smtp_client_reader *r, struct slice text)
{
        if (r->cut || text.len == 0)
                return;
        r->cut = (r->len && !smtp_client_escape(SLICE(" "), r->text, sizeof r->text, &r->len)) ||
                 !smtp_client_escape(text, r->text, sizeof r->text, &r->len);
}

enum smtp_client_read smtp_client_reader_line(struct smtp_client_reader *r, struct slice line)
{
        char status[SMTP_CLIENT_STATUS];
        struct slice text = line, rest;
        bool more;
        int code;

        if (r->lines >= r->max_lines)
                return bad(r, "the server's reply has no end", line);
        if (!cut_code(&text, &code, &more))
                return bad(r, "the server said what is no reply", line);
        if (r->lines && code != r->code)
                return bad(r, "the server's reply has lines of different codes", line);
        r->code = code;
        r->line = rest = text;
        if (smtp_client_cut_status(&rest, code, status)) {
                if (!r->status[0])
                        memcpy(r->status, status, sizeof status);
                /* Servers say it on every line; once is enough for people. */
                if (r->lines && strcmp(r->status, status) == 0)
                        text = rest;
        }
        append(r, slice_trim(text));
        r->lines++;
        if (more)
                return SMTP_CLIENT_MORE;
        if (!r->status[0])
                smtp_client_status_of(code, r->status);
        return SMTP_CLIENT_DONE;
}
