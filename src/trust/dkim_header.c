/* dkim_header.c — see dkim_header.h. */
#include "dkim_header.h"

#include "mailserver/core/mem.h"
#include "mailserver/mime/field.h"
#include "mailserver/trust/dkim.h"

enum { MAX_OCTETS = 4 << 20 };

/* All fields of a header, and which were taken. */
struct fields {
        struct mime_field *items;
        bool *taken;
        size_t n;
};

static void fields_done(struct fields *f)
{
        mem_free(f->items);
        mem_free(f->taken);
}

static void read_fields(struct slice header, struct fields *f)
{
        struct slice rest = header;
        struct mime_field field;
        size_t n = 0;

        while (mime_field_next(&rest, &field))
                n++;
        f->items = mem_alloc_array(n, sizeof *f->items);
        f->taken = mem_alloc_array(n, sizeof *f->taken);
        rest = header;
        while (mime_field_next(&rest, &field))
                f->items[f->n++] = field;
}

static void add_lowest(struct fields *f, struct slice name, struct buf *out)
{
        for (size_t i = f->n; i-- > 0;) {
                if (f->taken[i] || !slice_eq_word(f->items[i].name, name))
                        continue;
                f->taken[i] = true;
                dkim_relaxed_field(f->items[i].whole, out);
                return;
        }
}

enum err dkim_header_octets(struct slice header, const struct dkim_names *names,
                            struct slice signature, struct buf *out)
{
        AUTO(fields_done) struct fields fields = { 0 };
        size_t start = out->len;

        read_fields(header, &fields);
        for (size_t i = 0; i < names->n; i++)
                add_lowest(&fields, names->items[i], out);
        dkim_relaxed_field(signature, out);
        buf_truncate(out, out->len - 2); /* 3.7: without the last CRLF */
        return out->len - start < out->max ? ERR_OK : ERR_LIMIT;
}
