/* fetch_plan.c — reading what a FETCH asks for. */
#include "fetch_plan.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/fetch.h"

#include <assert.h>

/* A command's line, twice: names and labels. */
enum { MAX_ARENA = 512 << 10, MAX_LABEL = 128 << 10 };
enum { MAX_WANTED = 2 }; /* UID and MODSEQ */

static const struct {
        struct slice name;
        enum imap_fetch_kind kind;
        unsigned rows;
} simple_items[] = {
        {{ "UID", 3 },             IMAP_FETCH_UID,           0                   },
        { { "FLAGS", 5 },          IMAP_FETCH_FLAGS,         0                   },
        { { "MODSEQ", 6 },         IMAP_FETCH_MODSEQ,        0                   },
        { { "INTERNALDATE", 12 },  IMAP_FETCH_INTERNALDATE,  STORE_FETCH_ROW     },
        { { "RFC822.SIZE", 11 },   IMAP_FETCH_SIZE,          STORE_FETCH_ROW     },
        { { "ENVELOPE", 8 },       IMAP_FETCH_ENVELOPE,      STORE_FETCH_CONTENT },
        { { "BODY", 4 },           IMAP_FETCH_BODY,          STORE_FETCH_CONTENT },
        { { "BODYSTRUCTURE", 13 }, IMAP_FETCH_BODYSTRUCTURE, STORE_FETCH_CONTENT },
        { { "PREVIEW", 7 },        IMAP_FETCH_PREVIEW,       STORE_FETCH_CONTENT },
        { { "EMAILID", 7 },        IMAP_FETCH_EMAILID,       STORE_FETCH_EMAIL_ID},
        { { "THREADID", 8 },       IMAP_FETCH_THREADID,      STORE_FETCH_KEYS    },
        { { "SAVEDATE", 8 },       IMAP_FETCH_SAVEDATE,      STORE_FETCH_ROW     },
};
enum { N_SIMPLE = sizeof simple_items / sizeof *simple_items };

/* RFC 3501 6.4.5: sections by their old names. */
static const struct {
        struct slice name;
        enum imap_section_text text;
        bool peek;
} old_items[] = {
        {{ "RFC822", 6 },          IMAP_SECTION_ALL,    false},
        { { "RFC822.HEADER", 13 }, IMAP_SECTION_HEADER, true },
        { { "RFC822.TEXT", 11 },   IMAP_SECTION_TEXT,   false},
};

/* Items with a section in brackets. */
static const struct {
        struct slice name, label;
        enum imap_fetch_kind kind;
        bool peek;
} section_items[] = {
        {{ "BODY", 4 },          { "BODY", 4 },         IMAP_FETCH_SECTION,     false},
        { { "BODY.PEEK", 9 },    { "BODY", 4 },         IMAP_FETCH_SECTION,     true },
        { { "BINARY", 6 },       { "BINARY", 6 },       IMAP_FETCH_BINARY,      false},
        { { "BINARY.PEEK", 11 }, { "BINARY", 6 },       IMAP_FETCH_BINARY,      true },
        { { "BINARY.SIZE", 11 }, { "BINARY.SIZE", 11 }, IMAP_FETCH_BINARY_SIZE, true },
};

/* RFC 9051 6.4.5. Kinds, ended by UID. */
static const struct {
        struct slice name;
        enum imap_fetch_kind kinds[6];
} macros[] = {
        {{ "ALL", 3 },
         { IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE }},
        { { "FAST", 4 }, { IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_SIZE }     },
        { { "FULL", 4 },
         { IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE,
            IMAP_FETCH_BODY }                                                               },
};

struct parser {
        struct imap_args *args;
        struct imap_fetch_plan *plan;
        size_t cap, n_names;
};

static enum err want(struct parser *p, const char *what)
{
        p->args->wanted = what;
        return ERR_SYNTAX;
}

static enum err too_much(struct parser *p)
{
        return imap_arg_too_much(p->args, "fewer or shorter items");
}

static enum err add(struct parser *p, const struct imap_fetch_item *item)
{
        if (p->plan->n == p->cap)
                return too_much(p);
        p->plan->items[p->plan->n++] = *item;
        return ERR_OK;
}

bool imap_fetch_plan_has(const struct imap_fetch_plan *plan, enum imap_fetch_kind kind)
{
        for (size_t i = 0; i < plan->n; i++)
                if (plan->items[i].kind == kind)
                        return true;
        return false;
}

/* An item without a section; what is there already is not asked for twice. */
static enum err add_simple(struct parser *p, enum imap_fetch_kind kind)
{
        size_t i = 0;

        if (imap_fetch_plan_has(p->plan, kind))
                return ERR_OK;
        while (simple_items[i].kind != kind)
                i++;
        p->plan->rows |= simple_items[i].rows;
        return add(p, &(struct imap_fetch_item){ .kind = kind, .label = simple_items[i].name });
}

/* ---- sections ---- */

static unsigned rows_of(const struct imap_fetch_item *item)
{
        if (item->part.len)
                return STORE_FETCH_HEADER | STORE_FETCH_PARTS | STORE_FETCH_SHORT;
        switch (item->text) {
        case IMAP_SECTION_HEADER:
        case IMAP_SECTION_FIELDS:
        case IMAP_SECTION_FIELDS_NOT:
                return STORE_FETCH_HEADER;
        case IMAP_SECTION_ALL:
                if (item->kind == IMAP_FETCH_BINARY_SIZE)
                        return STORE_FETCH_ROW;
                break;
        case IMAP_SECTION_TEXT:
        case IMAP_SECTION_MIME:
                break;
        }
        return STORE_FETCH_HEADER | STORE_FETCH_SHORT;
}

/* RFC 9051 9 section-part: nz-number *("." nz-number), and the dot before a section-text. */
static enum err read_part(struct parser *p, struct imap_fetch_item *item, bool *ret_dot)
{
        struct slice start = p->args->rest;
        size_t len = 0;

        *ret_dot = false;
        while (p->args->rest.len && ascii_digit(p->args->rest.ptr[0])) {
                bool zero = p->args->rest.ptr[0] == '0';
                uint64_t number;

                if (zero || imap_arg_number(p->args, UINT32_MAX, &number))
                        return want(p, "the number of a part");
                len = start.len - p->args->rest.len;
                *ret_dot = imap_arg_take(p->args, '.');
                if (!*ret_dot)
                        break;
        }
        item->part = arena_copy(&p->plan->arena, slice_head(start, len));
        return item->part.ptr ? ERR_OK : too_much(p);
}

static size_t count_spaces(struct slice s)
{
        size_t n = 0;

        for (size_t i = 0; i < s.len; i++)
                n += s.ptr[i] == ' ';
        return n;
}

/* RFC 9051 9 header-list, each name an astring. */
static enum err read_names(struct parser *p, struct imap_fetch_item *item)
{
        ptrdiff_t end = slice_find(p->args->rest, ')');
        size_t cap = count_spaces(slice_head(p->args->rest, (size_t)end)) + 1;
        struct slice *names;

        if (imap_arg_space(p->args) || imap_arg_char(p->args, '('))
                return want(p, "a list of field names");
        names = arena_alloc(&p->plan->arena, cap * sizeof *names);
        if (!names)
                return too_much(p);
        do {
                struct slice name;
                enum err err = imap_arg_astring(p->args, &name);

                if (err)
                        return err;
                if (item->n_names == cap || ++p->n_names > IMAP_FETCH_MAX_NAMES)
                        return too_much(p);
                names[item->n_names] = arena_copy(&p->plan->arena, name);
                if (!names[item->n_names++].ptr)
                        return too_much(p);
                /* Some clients leave a space before the bracket. */
        } while (imap_arg_take(p->args, ' ') && !slice_starts(p->args->rest, SLICE(")")));
        item->names = names;
        return imap_arg_char(p->args, ')');
}

static const struct slice text_names[] = {
        [IMAP_SECTION_ALL] = {"",                   0 },
        [IMAP_SECTION_HEADER] = { "HEADER",            6 },
        [IMAP_SECTION_FIELDS] = { "HEADER.FIELDS",     13},
        [IMAP_SECTION_FIELDS_NOT] = { "HEADER.FIELDS.NOT", 17},
        [IMAP_SECTION_TEXT] = { "TEXT",              4 },
        [IMAP_SECTION_MIME] = { "MIME",              4 },
};
enum { N_TEXTS = sizeof text_names / sizeof *text_names };

/* Letters, digits and dots from the front. */
static struct slice cut_word(struct imap_args *args)
{
        struct slice s = args->rest;
        size_t n = 0;

        while (n < s.len && (ascii_alnum(s.ptr[n]) || s.ptr[n] == '.'))
                n++;
        args->rest = slice_from(s, n);
        return slice_head(s, n);
}

static enum err read_text(struct parser *p, struct imap_fetch_item *item)
{
        struct slice word = cut_word(p->args);
        size_t i = IMAP_SECTION_HEADER;

        while (i < N_TEXTS && !slice_eq_word(word, text_names[i]))
                i++;
        /* MIME is of a part: RFC 9051 6.4.5.1. */
        if (i == N_TEXTS || (i == IMAP_SECTION_MIME && !item->part.len))
                return want(p, "a section");
        item->text = (enum imap_section_text)i;
        if (i == IMAP_SECTION_FIELDS || i == IMAP_SECTION_FIELDS_NOT)
                return read_names(p, item);
        return ERR_OK;
}

/* "[" … "]" */
static enum err read_section(struct parser *p, struct imap_fetch_item *item)
{
        bool dot;
        enum err err = imap_arg_char(p->args, '[');

        if (!err)
                err = read_part(p, item, &dot);
        if (err)
                return err;
        if (dot || (!item->part.len && !slice_starts(p->args->rest, SLICE("]")))) {
                if (item->kind != IMAP_FETCH_SECTION)
                        return want(p, "the number of a part");
                err = read_text(p, item);
        }
        return err ? err : imap_arg_char(p->args, ']');
}

/* RFC 9051 9 partial: "<" number64 "." nz-number64 ">" */
static enum err read_partial(struct parser *p, struct imap_fetch_item *item)
{
        if (item->kind == IMAP_FETCH_BINARY_SIZE || !imap_arg_take(p->args, '<'))
                return ERR_OK;
        if (imap_arg_number(p->args, INT64_MAX, &item->first) || imap_arg_char(p->args, '.') ||
            imap_arg_number(p->args, INT64_MAX, &item->count) || item->count == 0 ||
            imap_arg_char(p->args, '>'))
                return want(p, "<octet.octets>");
        return ERR_OK;
}

/* ---- labels ---- */

static bool is_plain(struct slice name)
{
        for (size_t i = 0; i < name.len; i++)
                if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f || strchr("(){%*\"\\", name.ptr[i]))
                        return false;
        return name.len > 0;
}

/* A field name as an astring. What is no field name matches nothing; it is given back as it came. */
static enum err put_name(struct buf *out, struct slice name)
{
        enum err err = ERR_OK;
        bool literal = false;

        if (is_plain(name))
                return buf_put(out, name);
        for (size_t i = 0; i < name.len; i++)
                literal |= name.ptr[i] < ' ' || name.ptr[i] == 0x7f;
        if (literal) {
                err = buf_printf(out, "{%zu}\r\n", name.len);
                return err ? err : buf_put(out, name);
        }
        err = buf_putc(out, '"');
        for (size_t i = 0; !err && i < name.len; i++) {
                if (name.ptr[i] == '"' || name.ptr[i] == '\\')
                        err = buf_putc(out, '\\');
                if (!err)
                        err = buf_putc(out, name.ptr[i]);
        }
        return err ? err : buf_putc(out, '"');
}

static enum err put_names(struct buf *out, const struct imap_fetch_item *item)
{
        enum err err = buf_put(out, SLICE(" ("));

        for (size_t i = 0; !err && i < item->n_names; i++) {
                if (i)
                        err = buf_putc(out, ' ');
                if (!err)
                        err = put_name(out, item->names[i]);
        }
        return err ? err : buf_putc(out, ')');
}

static enum err make_label(struct parser *p, struct slice name, struct imap_fetch_item *item)
{
        AUTO_BUF(label, MAX_LABEL);
        enum err err = buf_printf(&label, SLICE_FMT "[" SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(name),
                                  SLICE_ARG(item->part), item->part.len && item->text ? "." : "",
                                  SLICE_ARG(text_names[item->text]));

        if (!err && item->names)
                err = put_names(&label, item);
        if (!err)
                err = buf_putc(&label, ']');
        if (!err && item->count != UINT64_MAX)
                err = buf_printf(&label, "<%llu>", (unsigned long long)item->first);
        item->label =
                err ? (struct slice){ NULL, 0 } : arena_copy(&p->plan->arena, buf_slice(&label));
        return item->label.ptr ? ERR_OK : too_much(p);
}

/* ---- items ---- */

static enum err add_section(struct parser *p, struct imap_fetch_item *item, bool peek)
{
        p->plan->rows |= rows_of(item);
        p->plan->sets_seen |= !peek;
        return add(p, item);
}

static enum err read_section_item(struct parser *p, struct slice name)
{
        struct imap_fetch_item item = { .count = UINT64_MAX };

        for (size_t i = 0; i < sizeof section_items / sizeof *section_items; i++) {
                enum err err;

                if (!slice_eq_word(name, section_items[i].name))
                        continue;
                item.kind = section_items[i].kind;
                err = read_section(p, &item);
                if (!err)
                        err = read_partial(p, &item);
                if (!err)
                        err = make_label(p, section_items[i].label, &item);
                return err ? err : add_section(p, &item, section_items[i].peek);
        }
        return want(p, "the name of an item");
}

/* RFC 8970 6: "PREVIEW" [SP "(" "LAZY" ")"]; it is always there, so LAZY means nothing more. */
static enum err read_preview(struct parser *p)
{
        if (slice_starts(p->args->rest, SLICE(" (")) &&
            !slice_skip_word(&p->args->rest, SLICE(" (LAZY)")))
                return want(p, "(LAZY)");
        return add_simple(p, IMAP_FETCH_PREVIEW);
}

static enum err read_item(struct parser *p)
{
        struct slice name = cut_word(p->args);

        if (slice_starts(p->args->rest, SLICE("[")))
                return read_section_item(p, name);
        if (slice_eq_word(name, SLICE("PREVIEW")))
                return read_preview(p);
        for (size_t i = 0; i < N_SIMPLE; i++)
                if (slice_eq_word(name, simple_items[i].name))
                        return add_simple(p, simple_items[i].kind);
        for (size_t i = 0; i < sizeof old_items / sizeof *old_items; i++) {
                struct imap_fetch_item item = { .kind = IMAP_FETCH_SECTION,
                                                .label = old_items[i].name,
                                                .text = old_items[i].text,
                                                .count = UINT64_MAX };

                if (slice_eq_word(name, old_items[i].name))
                        return add_section(p, &item, old_items[i].peek);
        }
        return want(p, "the name of an item");
}

static enum err read_list(struct parser *p)
{
        enum err err;

        do {
                err = read_item(p);
                /* Some clients leave a space before the bracket. */
        } while (!err && imap_arg_take(p->args, ' ') && !slice_starts(p->args->rest, SLICE(")")));
        return err ? err : imap_arg_char(p->args, ')');
}

/* True when there was a macro; *ret_err. */
static bool read_macro(struct parser *p, enum err *ret_err)
{
        struct imap_args ahead = *p->args;
        struct slice word = cut_word(&ahead);

        for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
                if (!slice_eq_word(word, macros[i].name))
                        continue;
                p->args->rest = ahead.rest;
                *ret_err = ERR_OK;
                for (size_t k = 0; !*ret_err && macros[i].kinds[k] != IMAP_FETCH_UID; k++)
                        *ret_err = add_simple(p, macros[i].kinds[k]);
                return true;
        }
        return false;
}

static struct parser begin(struct imap_args *args, size_t cap, struct imap_fetch_plan *plan)
{
        *plan = (struct imap_fetch_plan){ .arena = ARENA_INIT(MAX_ARENA) };
        /* And room for what imap_fetch_plan_want adds. */
        plan->items = arena_alloc(&plan->arena, (cap + MAX_WANTED) * sizeof *plan->items);
        assert(plan->items);
        return (struct parser){ .args = args, .plan = plan, .cap = cap };
}

enum err imap_fetch_plan_parse(struct imap_args *args, bool uid, struct imap_fetch_plan *ret_plan)
{
        /* A macro has five, UID may come on top; each other item but the first has its space. */
        size_t cap = count_spaces(args->rest) + 6;
        struct imap_fetch_plan plan;
        struct parser p =
                begin(args, cap < IMAP_FETCH_MAX_ITEMS ? cap : IMAP_FETCH_MAX_ITEMS, &plan);
        enum err err = uid ? add_simple(&p, IMAP_FETCH_UID) : ERR_OK;

        if (!err && imap_arg_take(args, '('))
                err = read_list(&p);
        else if (!err && !read_macro(&p, &err))
                err = read_item(&p);
        if (!err && !slice_starts(args->rest, SLICE(" (")))
                err = imap_arg_end(args);
        if (err)
                imap_fetch_plan_done(&plan);
        else
                *ret_plan = plan;
        return err;
}

void imap_fetch_plan_want(struct imap_fetch_plan *plan, enum imap_fetch_kind kind)
{
        struct imap_args none = { 0 };
        struct parser p = { .args = &none, .plan = plan, .cap = plan->n + 1 };
        enum err err = add_simple(&p, kind);

        assert(!err && (kind == IMAP_FETCH_UID || kind == IMAP_FETCH_MODSEQ));
}

void imap_fetch_plan_flags(bool uid, bool modseq, struct imap_fetch_plan *ret_plan)
{
        struct imap_args none = { 0 };
        struct parser p = begin(&none, 1, ret_plan);
        enum err err;

        if (uid)
                imap_fetch_plan_want(ret_plan, IMAP_FETCH_UID);
        if (modseq)
                imap_fetch_plan_want(ret_plan, IMAP_FETCH_MODSEQ);
        p.cap = ret_plan->n + 1;
        err = add_simple(&p, IMAP_FETCH_FLAGS);
        assert(!err);
}

void imap_fetch_plan_done(struct imap_fetch_plan *plan)
{
        arena_done(&plan->arena);
        *plan = (struct imap_fetch_plan){ 0 };
}
