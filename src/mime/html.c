/*
 * html.c — tags and comments go, entities become characters, the contents of
 * head, style and script are not shown. A tag that is no matter of a word's inside
 * leaves a space. What is broken is shown or swallowed; it cannot do harm.
 */
#include "html.h"

#include "scan.h"

static const struct {
        const char *name;
        uint32_t code;
} entities[] = {
        {"amp",     '&'   },
        { "lt",     '<'   },
        { "gt",     '>'   },
        { "quot",   '"'   },
        { "apos",   '\''  },
        { "nbsp",   0xa0  },
        { "iexcl",  0xa1  },
        { "cent",   0xa2  },
        { "pound",  0xa3  },
        { "yen",    0xa5  },
        { "sect",   0xa7  },
        { "copy",   0xa9  },
        { "laquo",  0xab  },
        { "shy",    0xad  },
        { "reg",    0xae  },
        { "deg",    0xb0  },
        { "middot", 0xb7  },
        { "raquo",  0xbb  },
        { "frac12", 0xbd  },
        { "iquest", 0xbf  },
        { "Agrave", 0xc0  },
        { "Aacute", 0xc1  },
        { "Acirc",  0xc2  },
        { "Atilde", 0xc3  },
        { "Auml",   0xc4  },
        { "Aring",  0xc5  },
        { "AElig",  0xc6  },
        { "Ccedil", 0xc7  },
        { "Egrave", 0xc8  },
        { "Eacute", 0xc9  },
        { "Ecirc",  0xca  },
        { "Ouml",   0xd6  },
        { "Oslash", 0xd8  },
        { "Uuml",   0xdc  },
        { "szlig",  0xdf  },
        { "agrave", 0xe0  },
        { "aacute", 0xe1  },
        { "acirc",  0xe2  },
        { "atilde", 0xe3  },
        { "auml",   0xe4  },
        { "aring",  0xe5  },
        { "aelig",  0xe6  },
        { "ccedil", 0xe7  },
        { "egrave", 0xe8  },
        { "eacute", 0xe9  },
        { "ecirc",  0xea  },
        { "euml",   0xeb  },
        { "igrave", 0xec  },
        { "iacute", 0xed  },
        { "icirc",  0xee  },
        { "iuml",   0xef  },
        { "ntilde", 0xf1  },
        { "ograve", 0xf2  },
        { "oacute", 0xf3  },
        { "ocirc",  0xf4  },
        { "otilde", 0xf5  },
        { "ouml",   0xf6  },
        { "times",  0xd7  },
        { "oslash", 0xf8  },
        { "ugrave", 0xf9  },
        { "uacute", 0xfa  },
        { "ucirc",  0xfb  },
        { "uuml",   0xfc  },
        { "yacute", 0xfd  },
        { "ensp",   0x2002},
        { "emsp",   0x2003},
        { "thinsp", 0x2009},
        { "zwnj",   0x200c},
        { "zwj",    0x200d},
        { "ndash",  0x2013},
        { "mdash",  0x2014},
        { "lsquo",  0x2018},
        { "rsquo",  0x2019},
        { "sbquo",  0x201a},
        { "ldquo",  0x201c},
        { "rdquo",  0x201d},
        { "bdquo",  0x201e},
        { "bull",   0x2022},
        { "hellip", 0x2026},
        { "euro",   0x20ac},
        { "trade",  0x2122},
        { "rarr",   0x2192},
};

/* Tags that may stand inside a word. */
static const char *const inline_tags[] = { "a",    "b",      "i",    "u",   "s",    "em",  "strong",
                                           "span", "font",   "code", "tt",  "abbr", "big", "small",
                                           "sub",  "strike", "mark", "wbr", "ins",  "del" };
/* Only their own closing tag is a tag in them. */
static const char *const raw_elements[] = { "style", "script", "title", "textarea" };

static struct slice name_of(const struct html_filter *f)
{
        return (struct slice){ f->name, f->name_len };
}

static void start_name(struct html_filter *f, enum html_state state)
{
        f->state = state;
        f->name_len = 0;
}

/* False when there is no more room: no name of interest is that long. */
static bool add_to_name(struct html_filter *f, uint32_t code)
{
        if (f->name_len == sizeof f->name || code > 0x7f)
                return false;
        f->name[f->name_len++] = (char)code;
        return true;
}

static bool is_inline(struct slice tag)
{
        slice_skip(&tag, '/');
        for (size_t i = 0; i < sizeof inline_tags / sizeof inline_tags[0]; i++)
                if (slice_eq_word(tag, slice_of(inline_tags[i])))
                        return true;
        return false;
}

static void end_tag(struct html_filter *f, html_put_fn *put, void *to)
{
        struct slice tag = name_of(f);
        bool closing = slice_skip(&tag, '/');

        f->state = HTML_TEXT;
        if (f->raw) {
                if (closing && slice_eq_word(tag, slice_of(f->raw)))
                        f->raw = NULL;
                return;
        }
        for (size_t i = 0; !closing && i < sizeof raw_elements / sizeof raw_elements[0]; i++)
                if (slice_eq_word(tag, slice_of(raw_elements[i])))
                        f->raw = raw_elements[i];
        if (slice_eq_word(tag, SLICE("head")))
                f->in_head = !closing;
        if (slice_eq_word(tag, SLICE("body"))) /* ends a head that was never closed */
                f->in_head = false;
        if (!is_inline(tag))
                put(to, ' ');
}

static void show(const struct html_filter *f, uint32_t code, html_put_fn *put, void *to)
{
        if (!f->raw && !f->in_head)
                put(to, code);
}

/* The entity stands in f->name; 0: unknown. */
static uint32_t entity_code(const struct html_filter *f)
{
        struct slice name = name_of(f);
        uint64_t number = 0;

        if (slice_skip(&name, '#')) {
                if (!slice_skip_word(&name, SLICE("x")))
                        return slice_number(name, &number) && number <= 0x10ffff ? (uint32_t)number
                                                                                 : 0;
                for (; name.len && number <= 0x10ffff; name = slice_from(name, 1)) {
                        if (mime_hex_value(name.ptr[0]) < 0)
                                return 0;
                        number = number << 4 | (unsigned)mime_hex_value(name.ptr[0]);
                }
                return number <= 0x10ffff ? (uint32_t)number : 0;
        }
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
                if (slice_eq(name, slice_of(entities[i].name)))
                        return entities[i].code;
        return 0;
}

static void end_entity(struct html_filter *f, uint32_t code, html_put_fn *put, void *to)
{
        uint32_t means = code == ';' ? entity_code(f) : 0;

        f->state = HTML_TEXT;
        if (means) {
                show(f, means, put, to);
                return;
        }
        show(f, '&', put, to);
        for (size_t i = 0; i < f->name_len; i++)
                show(f, (unsigned char)f->name[i], put, to);
        mime_html_put(f, code, put, to); /* now as text */
}

static bool is_ascii_space(uint32_t code)
{
        return code == ' ' || code == '\t' || code == '\r' || code == '\n' || code == '\f';
}

static bool is_ascii_alnum(uint32_t code)
{
        return code < 0x80 && ascii_alnum((char)code);
}

/* After "<": a tag, markup, or only a less-than sign. */
static void put_after_less(struct html_filter *f, uint32_t code, html_put_fn *put, void *to)
{
        if (f->raw && code != '/') {
                f->state = HTML_TEXT;
        } else if (code == '!' || code == '?') {
                f->state = HTML_MARKUP;
                f->hyphens = 0;
        } else if (code == '/' || (is_ascii_alnum(code) && !ascii_digit((char)code))) {
                start_name(f, HTML_NAME);
                add_to_name(f, code);
        } else {
                f->state = HTML_TEXT;
                show(f, '<', put, to);
                mime_html_put(f, code, put, to); /* now as text */
        }
}

/* In the name and the attributes of a tag. */
static void put_in_tag(struct html_filter *f, uint32_t code, html_put_fn *put, void *to)
{
        if (code == '>') {
                end_tag(f, put, to);
        } else if (f->state == HTML_NAME) {
                /* "<br/>" too */
                if (is_ascii_space(code) || (code == '/' && f->name_len) || !add_to_name(f, code))
                        f->state = HTML_TAG;
        } else if (f->raw && f->state == HTML_TAG && !is_ascii_space(code)) {
                f->state = HTML_TEXT; /* no closing tag after all */
        } else if (code == '"' || code == '\'') {
                f->quote = (char)code;
                f->state = HTML_QUOTE;
        }
}

static void put_in_markup(struct html_filter *f, uint32_t code)
{
        if (code == '>' && (f->state == HTML_MARKUP || f->hyphens >= 2))
                f->state = HTML_TEXT;
        else if (f->state == HTML_MARKUP && code != '-')
                f->hyphens = 99; /* no comment any more: "<!doctype" */
        else if (f->state == HTML_MARKUP && ++f->hyphens == 2)
                f->state = HTML_COMMENT;
        else if (f->state == HTML_COMMENT)
                f->hyphens = code == '-' ? f->hyphens + 1 : 0;
}

void mime_html_put(struct html_filter *f, uint32_t code, html_put_fn *put, void *to)
{
        switch (f->state) {
        case HTML_TEXT:
                if (code == '<')
                        f->state = HTML_LESS;
                else if (code == '&')
                        start_name(f, HTML_ENTITY);
                else
                        show(f, code, put, to);
                break;
        case HTML_LESS:
                put_after_less(f, code, put, to);
                break;
        case HTML_NAME:
        case HTML_TAG:
                put_in_tag(f, code, put, to);
                break;
        case HTML_QUOTE:
                if (code == (unsigned char)f->quote)
                        f->state = HTML_TAG;
                break;
        case HTML_MARKUP:
        case HTML_COMMENT:
                put_in_markup(f, code);
                break;
        case HTML_ENTITY:
                if ((!is_ascii_alnum(code) && code != '#') || !add_to_name(f, code))
                        end_entity(f, code, put, to);
                break;
        }
}
