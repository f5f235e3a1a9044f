/* path.c — the <paths> of MAIL and RCPT: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3. */
#include "path.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"

#include <arpa/inet.h>

enum { MAX_LABEL = 63 }; /* RFC 1035 2.3.4, by way of RFC 5321 2.3.5 */

static bool is_8bit(char c)
{
        return (unsigned char)c & 0x80;
}

/* RFC 5321 4.1.2 Atom, RFC 6531 3.3: any UTF-8 too. */
static bool is_atext(char c)
{
        return ascii_alnum(c) || is_8bit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* ---- domains and literals ---- */

static bool label_valid(struct slice label)
{
        if (label.len == 0 || label.len > MAX_LABEL || label.ptr[0] == '-' ||
            label.ptr[label.len - 1] == '-')
                return false;
        for (size_t i = 0; i < label.len; i++)
                if (!ascii_alnum(label.ptr[i]) && label.ptr[i] != '-' && !is_8bit(label.ptr[i]))
                        return false;
        return true;
}

bool smtp_domain_valid(struct slice domain, bool utf8)
{
        struct slice rest = domain, label;

        if (domain.len > SMTP_MAX_DOMAIN)
                return false;
        while (slice_cut(&rest, '.', &label))
                if (!label_valid(label))
                        return false;
        return label_valid(rest) && (utf8 ? text_utf8_valid(domain) : !text_has_8bit(domain));
}

static bool ip_valid(int family, struct slice text)
{
        char copy[INET6_ADDRSTRLEN];
        unsigned char ip[16];

        if (text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
                return false;
        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        return inet_pton(family, copy, ip) == 1;
}

/*
 * RFC 5321 4.1.3 General-address-literal, for forms still to be invented. Tags begin with
 * a letter, so that an IPv6 address without its tag is not taken for one; an @ is refused, since
 * in an address the last one is the separator.
 */
static bool general_literal_valid(struct slice text)
{
        struct slice tag;

        if (!slice_cut(&text, ':', &tag) || !label_valid(tag) || !ascii_alpha(tag.ptr[0]) ||
            text_has_8bit(tag) || !text.len)
                return false;
        for (size_t i = 0; i < text.len; i++)
                if (text.ptr[i] < '!' || text.ptr[i] > '~' || strchr("[\\]@", text.ptr[i]))
                        return false;
        return true;
}

bool smtp_literal_valid(struct slice literal)
{
        struct slice text;

        if (literal.len < 2 || literal.len > SMTP_MAX_DOMAIN || literal.ptr[0] != '[' ||
            literal.ptr[literal.len - 1] != ']')
                return false;
        text = (struct slice){ literal.ptr + 1, literal.len - 2 };
        if (slice_skip_word(&text, SLICE("IPv6:")))
                return ip_valid(AF_INET6, text);
        return ip_valid(AF_INET, text) || general_literal_valid(text);
}

/* Cuts a domain or literal from *rest. */
static enum err cut_domain(struct slice *rest, struct slice *ret_domain)
{
        size_t n = 0;
        bool literal = rest->len && rest->ptr[0] == '[';
        struct slice domain;

        if (literal)
                n = (size_t)(slice_find(*rest, ']') + 1);
        else
                while (n < rest->len && (ascii_alnum(rest->ptr[n]) || is_8bit(rest->ptr[n]) ||
                                         rest->ptr[n] == '-' || rest->ptr[n] == '.'))
                        n++;
        domain = slice_head(*rest, n);
        if (n > SMTP_MAX_DOMAIN)
                return ERR_LIMIT;
        if (literal ? !smtp_literal_valid(domain) : !smtp_domain_valid(domain, true))
                return ERR_SYNTAX;
        *rest = slice_from(*rest, n);
        *ret_domain = domain;
        return ERR_OK;
}

/* RFC 5321 4.1.2 A-d-l: "@one,@two:", to be accepted and ignored. */
static enum err skip_source_route(struct slice *rest)
{
        struct slice domain;
        enum err err;

        if (!rest->len || rest->ptr[0] != '@')
                return ERR_OK;
        do {
                if (!slice_skip(rest, '@'))
                        return ERR_SYNTAX;
                err = cut_domain(rest, &domain);
                if (err)
                        return err;
        } while (slice_skip(rest, ','));
        return slice_skip(rest, ':') ? ERR_OK : ERR_SYNTAX;
}

/* ---- local parts ---- */

static enum err cut_quoted(struct slice *rest, struct buf *address)
{
        size_t i = 1; /* behind the first quote */

        for (; i < rest->len && rest->ptr[i] != '"'; i++) {
                unsigned char c = (unsigned char)rest->ptr[i];

                if (c == '\\') {
                        if (++i == rest->len || is_8bit(rest->ptr[i]))
                                return ERR_SYNTAX;
                        c = (unsigned char)rest->ptr[i];
                }
                if (c < ' ' || c == 0x7f)
                        return ERR_SYNTAX;
                if (buf_putc(address, (char)c))
                        return ERR_LIMIT;
        }
        if (i >= rest->len)
                return ERR_SYNTAX;
        *rest = slice_from(*rest, i + 1);
        return ERR_OK;
}

static bool dot_string_valid(struct slice s)
{
        struct slice atom;
        bool last;

        do {
                last = !slice_cut(&s, '.', &atom);
                if (last)
                        atom = s;
                if (!atom.len)
                        return false;
                for (size_t i = 0; i < atom.len; i++)
                        if (!is_atext(atom.ptr[i]))
                                return false;
        } while (!last);
        return true;
}

static enum err cut_local(struct slice *rest, struct buf *address)
{
        size_t before = address->len, n = 0;
        enum err err = ERR_OK;

        if (rest->len && rest->ptr[0] == '"') {
                err = cut_quoted(rest, address);
        } else {
                while (n < rest->len && (is_atext(rest->ptr[n]) || rest->ptr[n] == '.'))
                        n++;
                if (!dot_string_valid(slice_head(*rest, n)))
                        return ERR_SYNTAX;
                err = buf_put(address, slice_head(*rest, n));
                *rest = slice_from(*rest, n);
        }
        if (err)
                return err;
        /* "" is grammar, and no mailbox: without a local part it would mean the whole domain. */
        if (address->len == before)
                return ERR_SYNTAX;
        return address->len - before > SMTP_MAX_LOCAL ? ERR_LIMIT : ERR_OK;
}

/* ---- paths ---- */

static enum err cut_mailbox(struct slice *rest, enum smtp_path_kind kind, struct buf *address)
{
        size_t before = address->len;
        struct slice domain;
        enum err err = cut_local(rest, address);

        if (err)
                return err;
        if (!slice_skip(rest, '@')) {
                struct slice local = slice_from(buf_slice(address), before);

                return kind == SMTP_PATH_FORWARD && slice_eq_word(local, SLICE("postmaster"))
                               ? ERR_OK
                               : ERR_SYNTAX;
        }
        err = cut_domain(rest, &domain);
        if (!err)
                err = buf_putc(address, '@');
        return err ? err : buf_put(address, domain);
}

enum err smtp_path_parse(struct slice *rest, enum smtp_path_kind kind, struct buf *address,
                         struct smtp_path *ret_path)
{
        size_t before = address->len;
        struct slice text, left = *rest;
        enum err err = ERR_OK;

        while (left.len && left.ptr[0] == ' ')
                left = slice_from(left, 1);
        if (!slice_skip(&left, '<'))
                return ERR_SYNTAX;
        if (kind == SMTP_PATH_FORWARD || !left.len || left.ptr[0] != '>') {
                err = skip_source_route(&left);
                if (!err)
                        err = cut_mailbox(&left, kind, address);
        }
        if (!err && (!slice_skip(&left, '>') || (left.len && left.ptr[0] != ' ')))
                err = ERR_SYNTAX;
        text = slice_from(buf_slice(address), before);
        if (!err && !text_utf8_valid(text))
                err = ERR_SYNTAX;
        if (err) {
                buf_truncate(address, before);
                return err;
        }
        ret_path->has_8bit = text_has_8bit(text);
        *rest = left;
        return ERR_OK;
}

enum err smtp_address_print(struct slice address, struct buf *out)
{
        ptrdiff_t at = slice_rfind(address, '@');
        struct slice local = at < 0 ? address : slice_head(address, (size_t)at);
        size_t before = out->len;
        enum err err;

        if (dot_string_valid(local))
                return buf_put(out, address);
        err = buf_putc(out, '"');
        for (size_t i = 0; !err && i < local.len; i++) {
                if (local.ptr[i] == '"' || local.ptr[i] == '\\')
                        err = buf_putc(out, '\\');
                if (!err)
                        err = buf_putc(out, local.ptr[i]);
        }
        if (!err)
                err = buf_putc(out, '"');
        if (!err)
                err = buf_put(out, slice_from(address, local.len));
        if (err)
                buf_truncate(out, before);
        return err;
}
