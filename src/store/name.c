/*
 * name.c — domains and local parts in the one form in which they are kept.
 *
 * Domains become lower-case A-labels (RFC 5890 2.3.2.1) as browsers and other
 * mail servers map them (UTS 46, non-transitional), so that "BÜCHER.example"
 * and "xn--bcher-kva.example" are one. Local parts are case-folded and NFC:
 * RFC 5321 2.4 leaves their case to the host that owns them, and two accounts
 * that differ by case only would be a trap. Nothing inside a local part is ever
 * interpreted ("%", "!" and quoted relays are just letters of it).
 */
#include "name.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"

#include <idn2.h>
#include <stdlib.h>
#include <utf8proc.h>

enum {
        LABEL_MAX = 63, /* RFC 1035 2.3.4 */
        /* A domain before it is mapped: no U-label is longer than four octets for each of its A-label. */
        DOMAIN_INPUT_MAX = 4 * NAME_DOMAIN_MAX,
        FOLD_ROUNDS = 4,
};

bool name_split(struct slice address, struct slice *ret_local, struct slice *ret_domain)
{
        ptrdiff_t at = slice_rfind(address, '@');

        if (at < 0)
                return false;
        *ret_local = slice_head(address, (size_t)at);
        *ret_domain = slice_from(address, (size_t)at + 1);
        return true;
}

/* ---- domains ---- */

/* Letters, digits and inner hyphens: RFC 5321 4.1.2 sub-domain. */
static bool label_valid(struct slice label)
{
        if (label.len == 0 || label.len > LABEL_MAX)
                return false;
        if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
                return false;
        for (size_t i = 0; i < label.len; i++)
                if (!ascii_alnum(label.ptr[i]) && label.ptr[i] != '-')
                        return false;
        return true;
}

static bool domain_valid(struct slice domain)
{
        struct slice rest = domain, label;

        if (domain.len > NAME_DOMAIN_MAX)
                return false;
        while (slice_cut(&rest, '.', &label))
                if (!label_valid(label))
                        return false;
        return label_valid(rest);
}

/* Has it U-labels, or labels that claim to be A-labels? */
static bool domain_needs_mapping(struct slice domain)
{
        struct slice rest = domain, label;

        if (text_has_8bit(domain))
                return true;
        while (slice_cut(&rest, '.', &label))
                if (slice_skip_word(&label, SLICE("xn--")))
                        return true;
        return slice_skip_word(&rest, SLICE("xn--"));
}

/*
 * `domain` in A-labels; NULL when it cannot be mapped. The caller frees it with idn2_free. Not with
 * IDN2_USE_STD3_ASCII_RULES, which drops a slash or an underscore where it should refuse it;
 * they are plain in the result, and domain_valid refuses them there.
 */
static char *domain_map(struct slice domain)
{
        const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
        AUTO(mem_freep) char *text = mem_strdup(domain);
        uint8_t *mapped = NULL;

        if (!text_utf8_valid(domain) || memchr(domain.ptr, 0, domain.len))
                return NULL;
        if (idn2_lookup_u8((const uint8_t *)text, &mapped, flags) != IDN2_OK)
                return NULL;
        return (char *)mapped;
}

static enum err domain_put(struct slice domain, struct buf *out)
{
        enum err err;

        if (!domain_valid(domain))
                return ERR_SYNTAX;
        err = buf_reserve(out, domain.len);
        for (size_t i = 0; !err && i < domain.len; i++)
                buf_addc(out, ascii_lower(domain.ptr[i]));
        return err;
}

enum err store_domain_normalise(struct slice name, struct buf *out)
{
        char *mapped;
        enum err err;

        if (name.len == 0 || name.len > DOMAIN_INPUT_MAX)
                return ERR_SYNTAX;
        if (!domain_needs_mapping(name))
                return domain_put(name, out);
        mapped = domain_map(name);
        if (!mapped)
                return ERR_SYNTAX;
        err = domain_put(slice_of(mapped), out);
        idn2_free(mapped);
        return err;
}

/* ---- local parts ---- */

/* Printable, and not made to mislead a reader. The two joiners are letters of some scripts. */
static bool local_character_allowed(utf8proc_int32_t c)
{
        const utf8proc_int32_t zero_width_non_joiner = 0x200c, zero_width_joiner = 0x200d;

        switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_CN: /* unassigned: its folding may change with Unicode */
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
                return false;
        case UTF8PROC_CATEGORY_CF:
                return c == zero_width_non_joiner || c == zero_width_joiner;
        default:
                return true;
        }
}

static bool local_valid(struct slice local)
{
        size_t i = 0;

        if (local.len == 0 || local.len > NAME_LOCAL_MAX)
                return false;
        while (i < local.len) {
                utf8proc_int32_t c;
                utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)local.ptr + i,
                                                      (utf8proc_ssize_t)(local.len - i), &c);

                if (n <= 0 || !local_character_allowed(c))
                        return false;
                i += (size_t)n;
        }
        return true;
}

/* Folded and composed once; NULL when it is not UTF-8. The caller frees it. */
static char *fold_once(struct slice local)
{
        utf8proc_uint8_t *folded = NULL;
        utf8proc_ssize_t n =
                utf8proc_map((const utf8proc_uint8_t *)local.ptr, (utf8proc_ssize_t)local.len,
                             &folded, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);

        return n < 0 ? NULL : (char *)folded;
}

/*
 * Composing can make a letter that folds again (and the other way round), so fold until
 * nothing changes: a name must be its own normal form.
 */
static enum err fold(struct slice local, struct buf *out)
{
        AUTO_BUF(current, NAME_LOCAL_MAX);
        enum err err = buf_put(&current, local);

        for (int i = 0; !err && i < FOLD_ROUNDS; i++) {
                char *folded = fold_once(buf_slice(&current));
                bool stable;

                if (!folded)
                        return ERR_SYNTAX;
                stable = slice_eq(slice_of(folded), buf_slice(&current));
                buf_clear(&current);
                err = buf_put(&current, slice_of(folded)); /* past the ceiling: too long */
                free(folded);
                if (stable)
                        return local_valid(buf_slice(&current)) ? buf_put(out, buf_slice(&current))
                                                                : ERR_SYNTAX;
        }
        return ERR_SYNTAX;
}

enum err name_local_normalise(struct slice local, struct buf *out)
{
        enum err err;

        if (!local_valid(local))
                return ERR_SYNTAX;
        if (text_has_8bit(local))
                return fold(local, out);
        err = buf_reserve(out, local.len);
        for (size_t i = 0; !err && i < local.len; i++)
                buf_addc(out, ascii_lower(local.ptr[i]));
        return err;
}

/* RFC 5322 3.2.3 atext; RFC 6531 3.3 adds everything beyond ASCII, of which we leave out spaces. */
static bool is_atext(utf8proc_int32_t c)
{
        if (c >= 0x80)
                return utf8proc_category(c) != UTF8PROC_CATEGORY_ZS;
        return ascii_alnum((char)c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

bool name_is_dot_string(struct slice local)
{
        bool after_dot = true; /* neither at the ends nor twice */

        for (size_t i = 0; i < local.len;) {
                utf8proc_int32_t c;
                utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)local.ptr + i,
                                                      (utf8proc_ssize_t)(local.len - i), &c);

                if (n <= 0 || (c == '.' ? after_dot : !is_atext(c)))
                        return false;
                after_dot = c == '.';
                i += (size_t)n;
        }
        return !after_dot;
}

/* ---- addresses ---- */

enum err store_address_remote(struct slice address, struct buf *out)
{
        AUTO_BUF(host, NAME_DOMAIN_MAX);
        struct slice local, domain;
        enum err err;

        if (!name_split(address, &local, &domain) || !local.len || !text_utf8_valid(local))
                return ERR_SYNTAX;
        err = store_domain_normalise(domain, &host);
        return err ? err
                   : buf_printf(out, SLICE_FMT "@" SLICE_FMT, SLICE_ARG(local),
                                SLICE_ARG(buf_slice(&host)));
}

enum err store_address_normalise(struct slice address, struct buf *out)
{
        AUTO_BUF(text, NAME_LOCAL_MAX + 1 + NAME_DOMAIN_MAX);
        struct slice local, domain;
        enum err err;

        if (!name_split(address, &local, &domain))
                return ERR_SYNTAX;
        err = name_local_normalise(local, &text);
        if (!err)
                err = buf_putc(&text, '@');
        if (!err)
                err = store_domain_normalise(domain, &text);
        if (!err && text.len > NAME_ADDRESS_MAX)
                err = ERR_SYNTAX;
        return err ? err : buf_put(out, buf_slice(&text));
}
