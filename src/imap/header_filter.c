/* header_filter.c — some fields of a header, as it streams by. */
#include "header_filter.h"

void imap_header_filter_init(struct imap_header_filter *f, const struct slice *names,
                             size_t n_names, bool invert)
{
        f->names = names;
        f->n_names = n_names;
        f->invert = invert;
        f->state = IMAP_FILTER_LINE;
        f->keep = invert; /* a header that begins with a continuation */
        f->name = f->n_held = 0;
}

/* `name` empty: no field. */
static bool passes(const struct imap_header_filter *f, struct slice name)
{
        for (size_t i = 0; name.len && i < f->n_names; i++)
                if (f->names[i].len == name.len && slice_eq_word(f->names[i], name))
                        return !f->invert;
        return f->invert;
}

/* It is known now what the line is: what was held back goes out or is dropped. */
static enum err decide(struct imap_header_filter *f, bool keep, struct buf *out)
{
        struct slice held = { f->held, f->n_held };

        f->keep = keep;
        f->state = IMAP_FILTER_REST;
        f->n_held = 0;
        return keep ? buf_put(out, held) : ERR_OK;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* RFC 5322 3.6.8 ftext. */
static bool is_name_octet(char c)
{
        return c > ' ' && c < 0x7f && c != ':';
}

/* One octet at the start of a line, or in a name. True: it was taken. */
static bool hold(struct imap_header_filter *f, char c)
{
        if (f->n_held == sizeof f->held)
                return false;
        switch (f->state) {
        case IMAP_FILTER_LINE:
                if (c == '\r') {
                        f->state = IMAP_FILTER_CR;
                        break;
                }
                f->state = IMAP_FILTER_NAME;
                f->name = 0;
                __attribute__((fallthrough));
        case IMAP_FILTER_NAME:
                if (is_name_octet(c)) {
                        f->name++;
                        break;
                }
                if (!is_blank(c) || !f->name)
                        return false;
                f->state = IMAP_FILTER_BLANK;
                break;
        case IMAP_FILTER_BLANK:
                if (!is_blank(c))
                        return false;
                break;
        case IMAP_FILTER_CR:
        case IMAP_FILTER_REST:
                return false;
        }
        f->held[f->n_held++] = c;
        return true;
}

/* Octet `c` could not be held back: the line is no longer in doubt. It is not taken. */
static enum err settle(struct imap_header_filter *f, char c, struct buf *out)
{
        bool empty_line = c == '\n' && (f->state == IMAP_FILTER_CR || f->n_held == 0);
        size_t name = c == ':' && f->state != IMAP_FILTER_CR ? f->name : 0;

        return decide(f, empty_line || passes(f, (struct slice){ f->held, name }), out);
}

/*
 * Is the line at the start of `line` a field whose name and colon are all there? Most are, and need
 * not be held back octet by octet.
 */
static bool is_field(struct slice line, struct slice *ret_name)
{
        size_t max = line.len < IMAP_FIELD_NAME_MAX ? line.len : IMAP_FIELD_NAME_MAX, at = 0;

        while (at < max && is_name_octet(line.ptr[at]))
                at++;
        *ret_name = slice_head(line, at);
        while (at < max && is_blank(line.ptr[at]))
                at++;
        return ret_name->len && at < max && line.ptr[at] == ':';
}

enum err imap_header_filter_put(struct imap_header_filter *f, struct slice in, struct buf *out)
{
        size_t at = 0;
        enum err err = ERR_OK;

        while (!err && at < in.len) {
                struct slice name;
                const char *end;
                size_t stop;

                if (f->state == IMAP_FILTER_LINE && is_field(slice_from(in, at), &name)) {
                        f->keep = passes(f, name);
                        f->state = IMAP_FILTER_REST;
                } else if (f->state == IMAP_FILTER_LINE && is_blank(in.ptr[at])) {
                        f->state = IMAP_FILTER_REST; /* a continuation goes where its field went */
                } else if (f->state != IMAP_FILTER_REST) {
                        if (hold(f, in.ptr[at]))
                                at++;
                        else
                                err = settle(f, in.ptr[at], out);
                        continue;
                }
                end = memchr(in.ptr + at, '\n', in.len - at);
                stop = end ? (size_t)(end - in.ptr) + 1 : in.len;
                if (f->keep)
                        err = buf_put(out, (struct slice){ in.ptr + at, stop - at });
                if (end)
                        f->state = IMAP_FILTER_LINE;
                at = stop;
        }
        return err;
}

enum err imap_header_filter_end(struct imap_header_filter *f, struct buf *out)
{
        enum err err = ERR_OK;

        if (f->n_held)
                err = decide(f, passes(f, (struct slice){ NULL, 0 }), out);
        f->state = IMAP_FILTER_LINE;
        return err;
}
