/*
 * fuzz_mime_encoded_word.c — header text and charsets: whatever comes in, UTF-8
 * comes out, the same for every split.
 *
 * The first octet chooses a charset and where the text is cut.
 */
#include "mailserver/core/text.h"
#include "mailserver/mime/charset.h"
#include "mailserver/mime/encoded_word.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const charsets[] = { "utf-8",     "us-ascii", "iso-8859-1", "iso-2022-jp",
                                        "shift_jis", "gb2312",   "big5",       "euc-kr",
                                        "utf-7",     "utf-16",   "koi8-r",     "windows-1255" };

static void check_split(struct slice name, struct slice text, size_t step)
{
        AUTO_BUF(whole, (size_t)1 << 20);
        AUTO_BUF(pieces, (size_t)1 << 20);
        struct mime_charset c;
        enum err err = mime_charset_to_utf8(name, text, &whole);

        if (!text_utf8_valid(buf_slice(&whole)))
                abort();
        if (err)
                return;
        mime_charset_open(&c, name);
        while (text.len) {
                if (mime_charset_put(&c, slice_head(text, step), &pieces))
                        abort();
                text = slice_from(text, step);
        }
        if (mime_charset_end(&c, &pieces) || !slice_eq(buf_slice(&whole), buf_slice(&pieces)))
                abort();
        mime_charset_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(text, (size_t)1 << 20);
        AUTO_BUF(small, 64);
        struct slice in;
        enum err err;

        if (size < 1)
                return 0;
        in = (struct slice){ (const char *)data + 1, size - 1 };
        err = mime_header_to_utf8(in, &text);
        if (!text_utf8_valid(buf_slice(&text)) || slice_find(buf_slice(&text), '\n') >= 0 ||
            slice_find(buf_slice(&text), '\0') >= 0)
                abort();
        /* A small buffer gets the beginning of the same. */
        if (mime_header_to_utf8(in, &small) == ERR_OK && err == ERR_OK &&
            !slice_eq(buf_slice(&small), buf_slice(&text)))
                abort();
        if (!text_utf8_valid(buf_slice(&small)))
                abort();
        check_split(slice_of(charsets[data[0] % 12]), in, 1 + data[0] / 12 % 8);
        return 0;
}
