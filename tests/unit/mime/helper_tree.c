/* helper_tree.c — the tree of a message as text that a person can compare. */
#include "helper_tree.h"

static void put_part(struct mime_index *index, uint32_t i, bool types, struct buf *out)
{
        const struct mime_part *part = &index->parts[i];

        if (types && part->kind == MIME_KIND_LEAF)
                buf_addf(out, "%.*s/", SLICE_ARG(part->type));
        if (types)
                buf_add(out, part->subtype);
        if (part->kind == MIME_KIND_LEAF) {
                buf_addc(out, '(');
                buf_add(out, mime_part_body(index, part));
                buf_addc(out, ')');
                return;
        }
        buf_addc(out, part->kind == MIME_KIND_MULTIPART ? '[' : '<');
        for (uint32_t child = i + 1; child <= i + part->descendants;
             child += 1 + index->parts[child].descendants)
                put_part(index, child, types, out);
        buf_addc(out, part->kind == MIME_KIND_MULTIPART ? ']' : '>');
}

void tree_line(struct mime_index *index, bool types, struct buf *out)
{
        put_part(index, 0, types, out);
}

static void put_lines(struct mime_index *index, uint32_t i, struct slice section, struct buf *out)
{
        const struct mime_part *part = &index->parts[i];
        unsigned n = 1;

        buf_addf(out, "%-8.*s %.*s/%.*s header %zu body %zu lines %zu\n", SLICE_ARG(section),
                 SLICE_ARG(part->type), SLICE_ARG(part->subtype), part->body - part->start,
                 part->end - part->body, part->lines);
        for (uint32_t child = i + 1; child <= i + part->descendants;
             child += 1 + index->parts[child].descendants) {
                AUTO_BUF(name, 4096);

                if (section.len)
                        buf_addf(&name, "%.*s.", SLICE_ARG(section));
                if (part->kind == MIME_KIND_MESSAGE)
                        buf_add(&name, SLICE("message"));
                else
                        buf_addf(&name, "%u", n++);
                put_lines(index, child, buf_slice(&name), out);
        }
}

void tree_page(struct mime_index *index, struct buf *out)
{
        put_lines(index, 0, SLICE(""), out);
}
