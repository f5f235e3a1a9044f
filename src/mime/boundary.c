/*
 * boundary.c — delimiter lines.
 *
 * RFC 2046 5.1.1 lets a receiver be content with the boundary at the beginning of
 * the line, whatever follows. Real mail has boundaries that begin with another
 * multipart's boundary ("b" and "b-1"), so here the boundary must end where it
 * seems to: at the line's end, at a blank (padding, or any text after it), or at
 * the "--" of a closing delimiter that ends the same way.
 */
#include "boundary.h"

static bool is_end(struct slice rest)
{
        return !rest.len || rest.ptr[0] == '\n' || rest.ptr[0] == '\r' || rest.ptr[0] == ' ' ||
               rest.ptr[0] == '\t';
}

static enum mime_delimiter after_boundary(struct slice rest)
{
        if (is_end(rest))
                return MIME_DELIMITER_OPEN;
        if (rest.len >= 2 && rest.ptr[0] == '-' && rest.ptr[1] == '-' &&
            is_end(slice_from(rest, 2)))
                return MIME_DELIMITER_CLOSE;
        return MIME_DELIMITER_NONE;
}

/* No blank may follow here: blanks are part of such a boundary. */
static bool is_line_end(struct slice rest)
{
        return !rest.len || rest.ptr[0] == '\n' || rest.ptr[0] == '\r';
}

enum mime_delimiter mime_delimiter_of(struct slice line, struct slice boundary)
{
        enum mime_delimiter found = MIME_DELIMITER_NONE;
        struct slice text = slice_from(line, 2), trimmed = boundary;

        while (trimmed.len &&
               (trimmed.ptr[trimmed.len - 1] == ' ' || trimmed.ptr[trimmed.len - 1] == '\t'))
                trimmed.len--;
        if (!trimmed.len || !slice_starts(line, SLICE("--")) || !slice_starts(text, trimmed))
                return MIME_DELIMITER_NONE;
        if (slice_starts(text, boundary))
                found = after_boundary(slice_from(text, boundary.len));
        if (found != MIME_DELIMITER_NONE || trimmed.len == boundary.len)
                return found;
        /* A boundary that ends with blanks (forbidden), which a relay has cut from the line. */
        text = slice_from(text, trimmed.len);
        if (is_line_end(text))
                return MIME_DELIMITER_OPEN;
        if (slice_starts(text, SLICE("--")) && is_line_end(slice_from(text, 2)))
                return MIME_DELIMITER_CLOSE;
        return MIME_DELIMITER_NONE;
}
