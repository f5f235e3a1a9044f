/*
 * fuzz_smtp_path.c — the path and parameters of MAIL and RCPT.
 *
 * What is accepted as an address can be printed, and read again it is the same;
 * what is refused leaves everything alone.
 */
#include "params.h"
#include "path.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void check_round_trip(struct slice address, bool has_8bit)
{
        AUTO_BUF(text, 2 * SMTP_MAX_ADDRESS + 8);
        AUTO_BUF(again, SMTP_MAX_ADDRESS);
        struct smtp_path path;
        struct slice rest;

        require(!buf_putc(&text, '<') && !smtp_address_print(address, &text) &&
                !buf_putc(&text, '>'));
        rest = buf_slice(&text);
        require(!smtp_path_parse(&rest, SMTP_PATH_FORWARD, &again, &path));
        require(rest.len == 0 && path.has_8bit == has_8bit);
        require(slice_eq(buf_slice(&again), address));
}

static void check_kind(struct slice in, enum smtp_path_kind kind)
{
        AUTO_BUF(address, SMTP_MAX_ADDRESS);
        struct slice rest = in;
        struct smtp_path path;
        struct smtp_mail_params params;
        struct smtp_rcpt_params rcpt;

        if (smtp_path_parse(&rest, kind, &address, &path)) {
                require(rest.ptr == in.ptr && rest.len == in.len && address.len == 0);
                return;
        }
        require(rest.len < in.len && (rest.len == 0 || rest.ptr[0] == ' '));
        require(text_utf8_valid(buf_slice(&address)));
        require(text_has_8bit(buf_slice(&address)) == path.has_8bit);
        for (size_t i = 0; i < address.len; i++)
                require((unsigned char)address.ptr[i] >= ' ' && address.ptr[i] != 0x7f);
        if (address.len)
                check_round_trip(buf_slice(&address), path.has_8bit);
        else
                require(kind == SMTP_PATH_REVERSE);
        if (!smtp_params_mail(rest, true, &params))
                require(params.size >= 0);
        require(smtp_params_rcpt(rest, path.has_8bit, &rcpt) != ERR_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };

        check_kind(in, SMTP_PATH_REVERSE);
        check_kind(in, SMTP_PATH_FORWARD);
        return 0;
}
