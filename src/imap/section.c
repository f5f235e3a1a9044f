/* section.c — finding the octets of BODY[…] and BINARY[…]. */
#include "section.h"

static struct mime_range shifted(struct mime_range r, uint64_t by)
{
        return (struct mime_range){ r.start + by, r.end + by };
}

/* What of a part, or of the message. ERR_NOTFOUND: it has no such thing. */
static enum err choose(const struct imap_fetch_item *item, const struct mime_section *s,
                       struct mime_range *ret)
{
        switch (item->text) {
        case IMAP_SECTION_ALL:
                *ret = s->body;
                return ERR_OK;
        case IMAP_SECTION_MIME:
                *ret = s->header;
                return ERR_OK;
        case IMAP_SECTION_HEADER:
        case IMAP_SECTION_FIELDS:
        case IMAP_SECTION_FIELDS_NOT:
                *ret = s->inner_header;
                break;
        case IMAP_SECTION_TEXT:
                *ret = s->inner_text;
                break;
        }
        /* RFC 9051 6.4.5.1: only a message has a header and a text. */
        return s->kind == MIME_SECTION_MESSAGE ? ERR_OK : ERR_NOTFOUND;
}

/* The message itself needs no table of parts. */
static enum err find_in_message(const struct imap_fetch_item *item,
                                const struct store_fetch_row *row, struct mime_range *ret)
{
        uint64_t size = (uint64_t)row->size, header = row->trace.len + row->header.len;
        struct mime_section whole = {
                .kind = MIME_SECTION_MESSAGE,
                .body = {0,       size  },
                .inner_header = { 0,      header},
                .inner_text = { header, size  },
        };

        return header > size ? ERR_CORRUPT : choose(item, &whole, ret);
}

static enum err find_in_part(const struct imap_fetch_item *item, const struct store_fetch_row *row,
                             struct imap_extract *ret)
{
        struct mime_section section;
        enum err err = ERR_CORRUPT;

        if (row->size >= (int64_t)row->trace.len)
                err = mime_parts_find(row->parts, item->part, (uint64_t)row->size - row->trace.len,
                                      &section);
        /* A number too large to be one. */
        if (err == ERR_SYNTAX)
                return ERR_NOTFOUND;
        if (!err)
                err = choose(item, &section, &ret->range);
        if (err)
                return err;
        ret->range = shifted(ret->range, row->trace.len);
        /* RFC 2046 5: the encoding of a multipart or message can be none. */
        ret->encoding = section.kind == MIME_SECTION_LEAF ? section.encoding : MIME_ENCODING_BINARY;
        return ERR_OK;
}

enum err imap_extract_find(const struct imap_fetch_item *item, const struct store_fetch_row *row,
                           struct imap_extract *ret_extract)
{
        struct imap_extract e = { .encoding = MIME_ENCODING_BINARY };
        enum err err =
                item->part.len ? find_in_part(item, row, &e) : find_in_message(item, row, &e.range);

        if (err)
                return err;
        if (item->kind != IMAP_FETCH_SECTION) {
                if (e.encoding == MIME_ENCODING_UNKNOWN)
                        return ERR_DENIED;
                e.how = IMAP_EXTRACT_DECODED;
        } else if (item->text == IMAP_SECTION_FIELDS || item->text == IMAP_SECTION_FIELDS_NOT) {
                e.how = IMAP_EXTRACT_FIELDS;
        }
        *ret_extract = e;
        return ERR_OK;
}

/* ---- on the way ---- */

void imap_transform_init(struct imap_transform *t, const struct imap_fetch_item *item,
                         const struct imap_extract *extract)
{
        t->how = extract->how;
        switch (extract->how) {
        case IMAP_EXTRACT_FIELDS:
                imap_header_filter_init(&t->filter, item->names, item->n_names,
                                        item->text == IMAP_SECTION_FIELDS_NOT);
                break;
        case IMAP_EXTRACT_DECODED:
                mime_decoder_init(&t->decoder, extract->encoding);
                break;
        case IMAP_EXTRACT_AS_IS:
                break;
        }
}

enum err imap_transform_put(struct imap_transform *t, struct slice in, struct buf *out)
{
        switch (t->how) {
        case IMAP_EXTRACT_FIELDS:
                return imap_header_filter_put(&t->filter, in, out);
        case IMAP_EXTRACT_DECODED:
                return mime_decoder_put(&t->decoder, in, out);
        case IMAP_EXTRACT_AS_IS:
                break;
        }
        return buf_put(out, in);
}

enum err imap_transform_end(struct imap_transform *t, struct buf *out)
{
        switch (t->how) {
        case IMAP_EXTRACT_FIELDS:
                return imap_header_filter_end(&t->filter, out);
        case IMAP_EXTRACT_DECODED:
                return mime_decoder_end(&t->decoder, out);
        case IMAP_EXTRACT_AS_IS:
                break;
        }
        return ERR_OK;
}
