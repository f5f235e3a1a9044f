/*
 * fuzz_store_address.c — addresses and domains as strangers write them.
 *
 * What is accepted must be its own normal form, within the limits, and divide
 * into two parts that are accepted by themselves; what is refused must leave
 * the output alone.
 */
#include "mailserver/store/address.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum err normalise_fn(struct slice in, struct buf *out);

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* Is `in` accepted? If so `out` holds its normal form. */
static bool check_normal_form(normalise_fn *normalise, struct slice in, size_t max, struct buf *out)
{
        AUTO_BUF(again, BUF_MAX);
        enum err err = normalise(in, out);

        if (err) {
                require(err == ERR_SYNTAX && out->len == 0);
                return false;
        }
        require(out->len > 0 && out->len <= max);
        require(!memchr(out->ptr, '\0', out->len) && !memchr(out->ptr, '\n', out->len));
        require(normalise(buf_slice(out), &again) == ERR_OK);
        require(slice_eq(buf_slice(out), buf_slice(&again)));
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };
        AUTO_BUF(address, BUF_MAX);
        AUTO_BUF(domain, BUF_MAX);
        AUTO_BUF(domain_again, BUF_MAX);

        if (check_normal_form(store_address_normalise, in, 254, &address)) {
                ptrdiff_t at = slice_rfind(buf_slice(&address), '@');

                require(at > 0 && at <= 64);
                require(check_normal_form(store_domain_normalise,
                                          slice_from(buf_slice(&address), (size_t)at + 1), 255,
                                          &domain_again));
        }
        if (check_normal_form(store_domain_normalise, in, 255, &domain))
                for (size_t i = 0; i < domain.len; i++)
                        require(ascii_alnum(domain.ptr[i]) || domain.ptr[i] == '-' ||
                                domain.ptr[i] == '.');
        return 0;
}
