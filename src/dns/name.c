/* name.c — see mailserver/dns/name.h. */
#include "mailserver/dns/name.h"

#include <idn2.h>

static bool is_ascii(struct slice s)
{
        for (size_t i = 0; i < s.len; i++)
                if ((unsigned char)s.ptr[i] > 0x7f)
                        return false;
        return true;
}

/* Letters, digits, hyphens (RFC 952, RFC 1123 2.1), and the underscore of service names. */
static enum err add_label(struct slice label, struct buf *out)
{
        if (label.len == 0 || label.len > 63)
                return ERR_SYNTAX;
        for (size_t i = 0; i < label.len; i++) {
                char c = ascii_lower(label.ptr[i]);

                if (!ascii_alnum(c) && c != '-' && c != '_')
                        return ERR_SYNTAX;
                buf_addc(out, c);
        }
        return ERR_OK;
}

static enum err add_name(struct slice name, struct buf *out)
{
        struct slice label;
        size_t start = out->len;
        enum err err = ERR_OK;

        if (slice_ends(name, SLICE(".")))
                name.len--;
        if (name.len == 0 || name.len > DNS_MAX_NAME)
                return ERR_SYNTAX;
        while (!err && slice_cut(&name, '.', &label)) {
                err = add_label(label, out);
                buf_addc(out, '.');
        }
        if (!err)
                err = add_label(name, out);
        if (err)
                buf_truncate(out, start);
        return err;
}

enum err dns_name_ascii(const char *name, struct buf *out)
{
        char *converted = NULL;
        enum err err;

        if (is_ascii(slice_of(name)))
                return add_name(slice_of(name), out);
        if (idn2_to_ascii_8z(name, &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
                return ERR_SYNTAX;
        err = add_name(slice_of(converted), out);
        idn2_free(converted);
        return err;
}
