/*
 * parts.c — the table of part offsets, written and read.
 *
 *      table  = version:octet  message size  entry+
 *      entry  = flags:octet  descendants  start  header length  body length
 *
 * Entries stand in the order of the parts' beginnings, parents before children.
 * Numbers are of seven bits an octet, the lowest first, the eighth bit says that
 * more follow. `start` counts from the start of the entry before. The flags are
 * the kind (bits 0-1) and the encoding (bits 2-4).
 *
 * The reader goes forward only and takes nothing for granted: counts must nest,
 * and every range must lie within the message.
 */
#include "mailserver/mime/parts.h"

#include "parts_table.h"

enum { VERSION = 1, KIND_BITS = 2 };

static void put_number(struct buf *out, uint64_t n)
{
        for (; n > 0x7f; n >>= 7)
                buf_addc(out, (char)(0x80 | (n & 0x7f)));
        buf_addc(out, (char)n);
}

static enum mime_section_kind section_kind(enum mime_kind kind)
{
        switch (kind) {
        case MIME_KIND_MULTIPART:
                return MIME_SECTION_MULTIPART;
        case MIME_KIND_MESSAGE:
                return MIME_SECTION_MESSAGE;
        case MIME_KIND_LEAF:
                break;
        }
        return MIME_SECTION_LEAF;
}

void mime_parts_render(const struct mime_index *index, struct buf *out)
{
        size_t before = 0;

        buf_addc(out, VERSION);
        put_number(out, index->message.len);
        for (uint32_t i = 0; i < index->n_parts; i++) {
                const struct mime_part *part = &index->parts[i];
                unsigned flags = section_kind(part->kind) | (unsigned)part->encoding << KIND_BITS;

                buf_addc(out, (char)flags);
                put_number(out, part->descendants);
                put_number(out, part->start - before);
                put_number(out, part->body - part->start);
                put_number(out, part->end - part->body);
                before = part->start;
        }
}

/* ---- reading ---- */

struct reader {
        struct slice rest;
        uint64_t message_size;
        uint64_t before; /* start of the entry before */
};

struct entry {
        enum mime_section_kind kind;
        enum mime_encoding encoding;
        uint64_t descendants;
        struct mime_range header, body;
};

static bool get_octet(struct reader *r, unsigned *ret_octet)
{
        if (!r->rest.len)
                return false;
        *ret_octet = (unsigned char)r->rest.ptr[0];
        r->rest = slice_from(r->rest, 1);
        return true;
}

static bool get_number(struct reader *r, uint64_t *ret_number)
{
        uint64_t n = 0;
        unsigned octet;

        for (unsigned shift = 0; shift < 63; shift += 7) {
                if (!get_octet(r, &octet))
                        return false;
                n |= (uint64_t)(octet & 0x7f) << shift;
                if (octet < 0x80) {
                        *ret_number = n;
                        return true;
                }
        }
        return false;
}

/* The sum, if it lies within the message. */
static bool advance(const struct reader *r, uint64_t from, uint64_t by, uint64_t *ret_sum)
{
        return !__builtin_add_overflow(from, by, ret_sum) && *ret_sum <= r->message_size;
}

static bool get_entry(struct reader *r, struct entry *e)
{
        uint64_t start, header, body;
        unsigned flags;

        if (!get_octet(r, &flags) || !get_number(r, &e->descendants) || !get_number(r, &start) ||
            !get_number(r, &header) || !get_number(r, &body))
                return false;
        if ((flags & 3) > MIME_SECTION_MESSAGE || flags >> KIND_BITS > MIME_ENCODING_UNKNOWN)
                return false;
        e->kind = (enum mime_section_kind)(flags & 3);
        e->encoding = (enum mime_encoding)(flags >> KIND_BITS);
        if (!advance(r, r->before, start, &e->header.start) ||
            !advance(r, e->header.start, header, &e->header.end) ||
            !advance(r, e->header.end, body, &e->body.end))
                return false;
        e->body.start = e->header.end;
        r->before = e->header.start;
        /* RFC 9051 9: a multipart has parts, a message has a message. */
        return e->kind == MIME_SECTION_LEAF ? e->descendants == 0 : e->descendants > 0;
}

/* The `number`th child of *e, of which the reader stands at the first. */
static enum err get_child(struct reader *r, struct entry *e, uint64_t number)
{
        uint64_t left = e->descendants;

        for (uint64_t child = 1; left; child++) {
                if (!get_entry(r, e) || e->descendants >= left)
                        return ERR_CORRUPT;
                if (child == number)
                        return ERR_OK;
                left -= 1 + e->descendants;
                for (uint64_t skip = e->descendants; skip; skip--) {
                        struct entry below;

                        if (!get_entry(r, &below) || below.descendants >= skip)
                                return ERR_CORRUPT;
                }
        }
        return ERR_NOTFOUND;
}

/*
 * One step of a section number. *at_message: *e is a message as such, whose part
 * 1 is itself unless it is a multipart.
 */
static enum err step(struct reader *r, struct entry *e, bool *at_message, uint64_t number)
{
        enum err err = ERR_OK;

        if (!*at_message && e->kind == MIME_SECTION_MESSAGE) {
                err = get_child(r, e, 1);
                *at_message = true;
        }
        if (err)
                return err;
        if (e->kind == MIME_SECTION_MULTIPART)
                err = get_child(r, e, number);
        else if (!*at_message || number != 1)
                err = ERR_NOTFOUND;
        *at_message = false;
        return err;
}

static enum err to_section(struct reader *r, const struct entry *e,
                           struct mime_section *ret_section)
{
        struct entry inner = *e;

        *ret_section = (struct mime_section){
                .kind = e->kind, .encoding = e->encoding, .header = e->header, .body = e->body
        };
        if (e->kind != MIME_SECTION_MESSAGE)
                return ERR_OK;
        if (get_child(r, &inner, 1))
                return ERR_CORRUPT;
        ret_section->inner_header = inner.header;
        ret_section->inner_text = inner.body;
        return ERR_OK;
}

/* RFC 9051 9 section-part: nz-number *("." nz-number). */
static bool cut_section_number(struct slice *rest, uint64_t *ret_number)
{
        if (rest->len && rest->ptr[0] == '0')
                return false;
        if (!slice_cut_number(rest, ret_number))
                return false;
        return !rest->len || (slice_skip(rest, '.') && rest->len);
}

static bool is_section(struct slice section)
{
        uint64_t number;

        while (section.len)
                if (!cut_section_number(&section, &number))
                        return false;
        return true;
}

enum err mime_parts_find(struct slice table, struct slice section, uint64_t message_size,
                         struct mime_section *ret_section)
{
        struct reader r = { .rest = table };
        bool at_message = true;
        uint64_t number;
        unsigned version;
        struct entry e;

        if (!is_section(section))
                return ERR_SYNTAX;
        if (!get_octet(&r, &version) || version != VERSION || !get_number(&r, &r.message_size) ||
            r.message_size != message_size || !get_entry(&r, &e))
                return ERR_CORRUPT;
        if (!section.len) {
                *ret_section = (struct mime_section){
                        .kind = MIME_SECTION_MESSAGE,
                        .encoding = e.encoding,
                        .body = {0, message_size},
                        .inner_header = e.header,
                        .inner_text = e.body
                };
                return ERR_OK;
        }
        while (section.len && cut_section_number(&section, &number)) {
                enum err err = step(&r, &e, &at_message, number);

                if (err)
                        return err;
        }
        return to_section(&r, &e, ret_section);
}
