/*
 * field.c — where a header block ends and how it falls into fields.
 *
 * RFC 5322 2.2 and 2.2.3: a field is a line and the lines after it that begin
 * with a blank. RFC 5322 4.5 allows blanks before the colon. A line of blanks
 * alone continues its field (obs-FWS, 4.2), as tempting as it is to take it
 * for the empty line.
 */
#include "mailserver/mime/field.h"

#include "field_line.h"

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Length of the first line, its line end included. */
static size_t line_length(struct slice s)
{
        const char *end = s.len ? memchr(s.ptr, '\n', s.len) : NULL;

        return end ? (size_t)(end - s.ptr) + 1 : s.len;
}

static bool at_empty_line(struct slice s)
{
        return s.len && (s.ptr[0] == '\n' || (s.len > 1 && s.ptr[0] == '\r' && s.ptr[1] == '\n'));
}

size_t mime_header_length(struct slice message)
{
        struct slice rest = message;

        while (rest.len && !at_empty_line(rest))
                rest = slice_from(rest, line_length(rest));
        return message.len - rest.len + (rest.len ? line_length(rest) : 0);
}

/* `line` up to its colon, without the blanks before it; empty when that is no field name. */
static struct slice field_name(struct slice line, size_t *ret_colon)
{
        size_t n = 0, end;

        /* RFC 5322 3.6.8 ftext: printable, not the colon. */
        while (n < line.len && line.ptr[n] > ' ' && line.ptr[n] < 0x7f && line.ptr[n] != ':')
                n++;
        for (end = n; end < line.len && is_blank(line.ptr[end]);)
                end++;
        *ret_colon = end;
        return slice_head(line, end < line.len && line.ptr[end] == ':' ? n : 0);
}

bool mime_is_field_line(struct slice line)
{
        size_t colon;

        return field_name(line, &colon).len > 0;
}

static struct slice without_line_end(struct slice s)
{
        if (s.len && s.ptr[s.len - 1] == '\n') {
                s.len--;
                if (s.len && s.ptr[s.len - 1] == '\r')
                        s.len--;
        }
        return s;
}

bool mime_field_next(struct slice *rest, struct mime_field *ret_field)
{
        struct slice after = *rest;
        size_t colon;

        if (!rest->len || at_empty_line(*rest))
                return false;
        do {
                after = slice_from(after, line_length(after));
        } while (after.len && is_blank(after.ptr[0]));
        ret_field->whole = slice_head(*rest, rest->len - after.len);
        ret_field->name = field_name(ret_field->whole, &colon);
        ret_field->value =
                without_line_end(slice_from(ret_field->whole, ret_field->name.len ? colon + 1 : 0));
        *rest = after;
        return true;
}

bool mime_field_find(struct slice header, struct slice name, struct mime_field *ret_field)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                if (slice_eq_word(field.name, name)) {
                        *ret_field = field;
                        return true;
                }
        }
        return false;
}
