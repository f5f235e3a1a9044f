/* trace.c — the fields of a message that tell where it has been: RFC 5321 4.4, 6.3. */
#include "trace.h"

#include "mailserver/mime/field.h"
#include "mailserver/smtp/address.h"
#include "mailserver/store/address.h"

#include <assert.h>

enum { MAX_ADDRESS = 1024 };

static enum err add_delivered_to(struct slice value, struct trace_found *found)
{
        struct slice address = slice_trim(value);
        AUTO_BUF(normal, MAX_ADDRESS);

        if (slice_skip(&address, '<') && address.len && address.ptr[address.len - 1] == '>')
                address.len--;
        if (store_address_normalise(address, &normal))
                return ERR_OK; /* not an address of ours, whatever it is */
        if (names_have(&found->delivered_to, buf_slice(&normal)))
                return ERR_OK;
        return names_add(&found->delivered_to, buf_slice(&normal), TRACE_MAX_DELIVERED) ? ERR_OK
                                                                                        : ERR_LIMIT;
}

enum err trace_scan(struct slice header, struct trace_found *ret_found)
{
        struct mime_field field;
        enum err err = ERR_OK;

        *ret_found = (struct trace_found){ 0 };
        while (!err && mime_field_next(&header, &field)) {
                if (slice_eq_word(field.name, SLICE("Received")))
                        ret_found->received++;
                else if (slice_eq_word(field.name, SLICE("Delivered-To")))
                        err = add_delivered_to(field.value, ret_found);
        }
        return err;
}

void trace_print_delivered_to(struct slice address, struct buf *out)
{
        enum err err;

        buf_add(out, SLICE("Delivered-To: "));
        err = smtp_address_print(address, out);
        assert(!err);
        buf_add(out, SLICE("\r\n"));
}

void trace_print(struct slice sender, struct slice account_name, struct buf *out)
{
        enum err err = ERR_OK;

        buf_add(out, SLICE("Return-Path: <"));
        if (sender.len)
                err = smtp_address_print(sender, out);
        assert(!err);
        buf_add(out, SLICE(">\r\n"));
        trace_print_delivered_to(account_name, out);
}
