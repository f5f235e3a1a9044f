/*
 * fuzz_smtp_client_reply.c — what a server says: lines to replies, and its offers.
 *
 * A reply has a code, a status of the code's class and printable text within its
 * ceiling; what is none says why. A second reading gives the same.
 */
#include "client_offer.h"
#include "client_reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 8 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void check_text(const struct smtp_client_reader *r)
{
        require(r->len <= SMTP_CLIENT_TEXT && strlen(r->text) == r->len);
        for (size_t i = 0; i < r->len; i++)
                require(r->text[i] >= ' ' && r->text[i] < 0x7f);
}

static void check_reply(const struct smtp_client_reader *r)
{
        struct slice status = slice_of(r->status);
        char again[SMTP_CLIENT_STATUS];
        int class = r->code / 100;

        require(r->code >= 200 && r->code <= 599 && r->lines >= 1 && r->lines <= MAX_LINES);
        require(r->status[0] == (char)('0' + class) || (class == 3 && r->status[0] == '4'));
        if (r->status[0] == (char)('0' + class)) {
                require(smtp_client_cut_status(&status, r->code, again) && status.len == 0);
                require(strcmp(again, r->status) == 0);
        }
}

static enum smtp_client_read read_one(struct smtp_client_reader *r, struct slice *in,
                                      struct smtp_client_offer *offer)
{
        enum smtp_client_read got = SMTP_CLIENT_MORE;
        struct slice line;

        smtp_client_reader_begin(r);
        while (got == SMTP_CLIENT_MORE && slice_cut(in, '\n', &line)) {
                if (line.len && line.ptr[line.len - 1] == '\r')
                        line.len--;
                got = smtp_client_reader_line(r, line);
                check_text(r);
                if (got != SMTP_CLIENT_BAD)
                        smtp_client_offer_line(offer, r->line);
        }
        return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };

        for (;;) {
                struct smtp_client_reader r = { .max_lines = MAX_LINES }, s = r;
                struct smtp_client_offer offer = { 0 }, same = { 0 };
                struct slice again = in;
                enum smtp_client_read got = read_one(&r, &in, &offer);

                require(read_one(&s, &again, &same) == got && again.len == in.len);
                require(r.code == s.code && strcmp(r.text, s.text) == 0);
                require(offer.auth == same.auth && offer.max_size == same.max_size);
                require(offer.max_size >= 0 && (offer.size || offer.max_size == 0));
                if (got != SMTP_CLIENT_DONE) {
                        require(got == SMTP_CLIENT_MORE || r.len > 0);
                        return 0;
                }
                check_reply(&r);
        }
}
