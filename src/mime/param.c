/*
 * param.c — one parameter after the other: RFC 2045 5.1 and its ruins.
 *
 * An unquoted value with blanks, "name=my file.txt", is taken whole up to the
 * next semicolon; but a comment that ends it is a comment (RFC 2045 5.1 has that
 * very example), and a word that looks like "name=" begins the next parameter,
 * whose semicolon is missing.
 */
#include "param.h"

static bool at_char(const struct mime_scan *scan, char c)
{
        return scan->rest.len && scan->rest.ptr[0] == c;
}

static bool at_end(const struct mime_scan *scan)
{
        return !scan->rest.len || scan->rest.ptr[0] == ';';
}

static void skip_spaces(struct mime_scan *scan)
{
        while (scan->rest.len && mime_is_space(scan->rest.ptr[0]))
                scan->rest = slice_from(scan->rest, 1);
}

static bool is_name_char(char c)
{
        return (unsigned char)c > ' ' && c != 0x7f && !strchr("=;\"(),", c);
}

static struct slice cut_name(struct mime_scan *scan)
{
        size_t n = 0;

        while (n < scan->rest.len && is_name_char(scan->rest.ptr[n]))
                n++;
        struct slice name = slice_head(scan->rest, n);
        scan->rest = slice_from(scan->rest, n);
        return name;
}

/* Comments at *scan: true when they end the value; else they are its text, and passed over. */
static bool comments_end_value(struct mime_scan *scan)
{
        struct slice inside;

        while (at_char(scan, '(')) {
                if (!mime_scan_comment(scan, &inside)) {
                        scan->rest = slice_from(scan->rest, 1);
                        return false;
                }
                skip_spaces(scan);
        }
        return at_end(scan);
}

/* Does the next word begin another parameter? */
static bool at_parameter(const struct mime_scan *scan)
{
        struct mime_scan ahead = *scan;

        return cut_name(&ahead).len && at_char(&ahead, '=');
}

/* A value without quotes, as it stands in the mail. */
static struct slice cut_unquoted(struct mime_scan *scan)
{
        const char *start = scan->rest.ptr, *end = start;

        while (!at_end(scan)) {
                const char *before = scan->rest.ptr;
                bool spaced = mime_is_space(*before);

                skip_spaces(scan);
                if (at_end(scan) || (spaced && at_parameter(scan)))
                        break;
                if (at_char(scan, '(')) {
                        if (comments_end_value(scan))
                                break;
                        end = scan->rest.ptr;
                        continue;
                }
                while (!at_end(scan) && !at_char(scan, '(') && !mime_is_space(scan->rest.ptr[0]))
                        scan->rest = slice_from(scan->rest, 1);
                end = scan->rest.ptr;
        }
        return mime_trim((struct slice){ start, (size_t)(end - start) });
}

/* Line ends removed; they are folding wherever they stand. */
static void join_unfolded(struct mime_joiner *j, struct slice s)
{
        while (s.len) {
                size_t n = 0;

                while (n < s.len && s.ptr[n] != '\r' && s.ptr[n] != '\n')
                        n++;
                mime_join(j, slice_head(s, n));
                s = slice_from(s, n + 1);
        }
}

static struct slice cut_value(struct mime_scan *scan, struct arena *arena)
{
        struct mime_joiner j = { .arena = arena };
        struct slice inside;

        if (at_char(scan, '"') && mime_scan_quoted(scan, &inside)) {
                j.bound = inside.len;
                mime_join_unescaped(&j, inside);
        } else {
                slice_skip(&scan->rest, '"'); /* it never closes */
                inside = cut_unquoted(scan);
                j.bound = inside.len;
                join_unfolded(&j, inside);
        }
        return j.text.ptr ? j.text : SLICE("");
}

bool mime_param_next(struct mime_scan *scan, struct arena *arena, struct raw_param *ret_param)
{
        struct slice junk;

        for (;;) {
                mime_scan_cfws(scan);
                if (!scan->rest.len)
                        return false;
                if (at_char(scan, '"') && mime_scan_quoted(scan, &junk))
                        continue;
                ret_param->name = cut_name(scan);
                mime_scan_cfws(scan);
                if (!slice_skip(&scan->rest, '=')) {
                        /* No parameter: pass over what stopped the name, if anything did. */
                        if (!ret_param->name.len)
                                scan->rest = slice_from(scan->rest, 1);
                        continue;
                }
                mime_scan_cfws(scan);
                ret_param->value = cut_value(scan, arena);
                if (ret_param->name.len)
                        return true;
        }
}
