/*
 * rfc2231.c — parameter values in pieces and in charsets: RFC 2231 3 and 4.
 *
 * "name*0*=utf-8'en'%c3; name*1=x; name*2*=%b6" is one value. The pieces may come
 * in any order and must begin with 0; pieces that do not are parameters of their
 * own. The octets of all pieces are put together before the charset is applied,
 * because mailers cut characters in two.
 */
#include "param.h"

#include "mailserver/mime/charset.h"

/* A name taken apart. */
struct piece {
        struct slice base;
        uint64_t section; /* of "name*1" */
        bool numbered;
        bool extended; /* the name ends with "*" */
};

/* The longest a decoded value may get; also bounds what one field can take of the arena. */
enum { MAX_DECODED = 65536 };

static struct piece piece_of(struct slice name)
{
        struct piece p = { .base = name };
        ptrdiff_t star;

        if (name.len > 1 && name.ptr[name.len - 1] == '*') {
                p.extended = true;
                p.base.len--;
        }
        star = slice_rfind(p.base, '*');
        if (star > 0 && slice_number(slice_from(p.base, (size_t)star + 1), &p.section)) {
                p.numbered = true;
                p.base.len = (size_t)star;
        }
        if (slice_find(p.base, '*') >= 0) /* RFC 2231 7: no star in the attribute itself */
                p = (struct piece){ .base = name };
        return p;
}

/* "%c3" to its octet; other octets stand for themselves, "%" too where no digits follow. */
static enum err percent_decode(struct slice s, struct buf *out)
{
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < s.len; i++) {
                int high = s.ptr[i] == '%' && i + 2 < s.len ? mime_hex_value(s.ptr[i + 1]) : -1;
                int low = high >= 0 ? mime_hex_value(s.ptr[i + 2]) : -1;
                char octet = s.ptr[i];

                if (low >= 0) {
                        octet = (char)(high << 4 | low);
                        i += 2;
                }
                err = buf_putc(out, octet);
        }
        return err;
}

/* Cuts "charset'language'" from the front; empty when the mail leaves it out. */
static struct slice cut_charset(struct slice *value)
{
        struct slice rest = *value, charset, language;

        if (!slice_cut(&rest, '\'', &charset) || !slice_cut(&rest, '\'', &language))
                return SLICE("");
        *value = rest;
        return charset;
}

/* The decoded octets in `charset` as a value; .ptr NULL when the arena is full. */
static struct slice finish(struct slice charset, const struct buf *octets, struct arena *arena)
{
        AUTO_BUF(text, MAX_DECODED);
        enum err cut = mime_charset_to_utf8(charset, buf_slice(octets), &text);

        (void)cut; /* at MAX_DECODED, between two characters */
        return arena_copy(arena, buf_slice(&text));
}

struct join {
        const struct raw_param *raw;
        const struct piece *pieces;
        size_t n;
        bool used[MIME_MAX_PARAMS];
        struct arena *arena;
};

/* The unused piece `section` of `base`; n: there is none. */
static size_t find_piece(const struct join *j, struct slice base, uint64_t section)
{
        size_t i = 0;

        while (i < j->n &&
               (j->used[i] || !j->pieces[i].numbered || j->pieces[i].section != section ||
                !slice_eq_word(j->pieces[i].base, base)))
                i++;
        return i;
}

/* All pieces of `base`, whose first is `at`. */
static struct slice join_pieces(struct join *j, size_t at, bool *ret_extended)
{
        AUTO_BUF(octets, MAX_DECODED);
        struct slice base = j->pieces[at].base, charset = SLICE("");
        bool extended = j->pieces[at].extended;
        enum err full = ERR_OK;

        for (uint64_t section = 0; at < j->n; at = find_piece(j, base, ++section)) {
                struct slice value = j->raw[at].value;

                j->used[at] = true;
                if (section == 0 && extended)
                        charset = cut_charset(&value);
                if (full)
                        continue;
                full = j->pieces[at].extended ? percent_decode(value, &octets)
                                              : buf_put(&octets, value);
        }
        *ret_extended = extended;
        /* Without a charset the octets are the mail's own, as those of any other value. */
        return extended ? finish(charset, &octets, j->arena)
                        : arena_copy(j->arena, buf_slice(&octets));
}

static struct slice decode_extended(struct slice value, struct arena *arena)
{
        AUTO_BUF(octets, MAX_DECODED);
        struct slice charset = cut_charset(&value);
        enum err cut = percent_decode(value, &octets);

        (void)cut;
        return finish(charset, &octets, arena);
}

/* What parameter `at` becomes; false: nothing (a later piece, or the arena is full). */
static bool join_one(struct join *j, size_t at, struct mime_param *ret_param)
{
        const struct piece *p = &j->pieces[at];
        bool extended;

        if (j->used[at])
                return false;
        ret_param->name = j->raw[at].name;
        ret_param->value = j->raw[at].value;
        if (p->numbered) {
                size_t first = find_piece(j, p->base, 0);

                if (first == j->n) /* no beginning: as it stands */
                        return true;
                ret_param->value = join_pieces(j, first, &extended);
                /* "name*" of "name*0*": the star stands behind the base anyway. */
                ret_param->name = (struct slice){ p->base.ptr, p->base.len + extended };
        } else if (p->extended) {
                ret_param->value = decode_extended(j->raw[at].value, j->arena);
        }
        return ret_param->value.ptr != NULL;
}

struct mime_param *mime_params_join(const struct raw_param *raw, size_t n, struct arena *arena)
{
        struct piece pieces[MIME_MAX_PARAMS];
        struct join j = { .raw = raw, .pieces = pieces, .n = n, .arena = arena };
        struct mime_param *first = NULL, **end = &first;

        for (size_t i = 0; i < n; i++)
                pieces[i] = piece_of(raw[i].name);
        for (size_t i = 0; i < n; i++) {
                struct mime_param param = { 0 };

                if (!join_one(&j, i, &param))
                        continue;
                *end = ARENA_NEW(arena, struct mime_param);
                if (!*end)
                        break;
                **end = param;
                end = &(*end)->next;
        }
        return first;
}
