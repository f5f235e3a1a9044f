/*
 * conf_print.c — what people read about options: the example file, the manual
 * page, the values in force, what a reload changed.
 */
#include "conf_internal.h"

enum { WIDTH = 80, INDENT = 2 };

/* ---- the example file ---- */

static void indent(struct buf *out, size_t depth)
{
        buf_addf(out, "%*s", (int)(depth * INDENT), "");
}

/* Words of `text` in comment lines, the first after `head`. */
static void write_comment(struct buf *out, size_t depth, const char *head, struct slice text)
{
        size_t column = WIDTH;
        struct slice rest = text;

        while (rest.len) {
                struct slice word = slice_cut_piece(&rest, ' ');

                if (column + 1 + word.len > WIDTH) {
                        if (out->len && out->ptr[out->len - 1] != '\n')
                                buf_addc(out, '\n');
                        indent(out, depth);
                        buf_addf(out, "# %s", head);
                        column = depth * INDENT + 2 + strlen(head);
                } else {
                        buf_addc(out, ' ');
                        column++;
                }
                buf_add(out, word);
                column += word.len;
        }
        buf_addc(out, '\n');
}

/* What the default beside it does not show. */
static void write_range(const struct conf_option *o, struct buf *out)
{
        if (o->type == CONF_ENUM) {
                buf_add(out, SLICE(" One of "));
                for (const char *const *word = o->words; *word; word++)
                        buf_addf(out, "%s\"%s\"", word == o->words ? "" : ", ", *word);
                buf_addc(out, '.');
        } else if (o->min || o->max) {
                buf_add(out, SLICE(" From "));
                conf_write_number(o->type, o->min, out);
                buf_add(out, SLICE(" to "));
                conf_write_number(o->type, o->max, out);
                buf_addc(out, '.');
        }
}

/* The help, what may be written, and whether a reload is enough. */
static void write_help(const struct conf_option *o, struct buf *out)
{
        buf_add(out, slice_of(o->help ? o->help : ""));
        write_range(o, out);
        if (o->fixed)
                buf_add(out, SLICE(" A change needs a restart."));
}

static void write_fallback(const struct conf_option *o, struct buf *out)
{
        union {
                bool yes;
                int64_t number;
                char *string;
                int word;
                struct conf_strings strings;
                struct conf_ports ports;
                struct conf_groups groups;
        } value;

        conf_value_default(o, &value);
        if (o->type == CONF_STRING && !value.string)
                buf_add(out, SLICE("\"\""));
        else
                conf_write_value(o, &value, out);
        conf_value_free(o, &value);
}

/* Between things, not below the brace that opens a group. */
static void write_gap(struct buf *out)
{
        if (!slice_ends(buf_slice(out), SLICE("{\n")))
                buf_addc(out, '\n');
}

static void example_option(const struct conf_option *o, size_t depth, struct buf *out)
{
        AUTO_BUF(help, BUF_MAX);

        write_gap(out);
        write_help(o, &help);
        if (help.len)
                write_comment(out, depth, "", slice_trim(buf_slice(&help)));
        for (const struct conf_option *inner = o->groups ? o->groups->options : NULL;
             inner && inner->name; inner++) {
                buf_clear(&help);
                buf_addf(&help, "%s: ", inner->name);
                write_help(inner, &help);
                write_comment(out, depth, "  ", slice_trim(buf_slice(&help)));
        }
        indent(out, depth);
        buf_addf(out, "#%s = ", o->name);
        write_fallback(o, out);
        buf_addc(out, '\n');
}

/* Number of dotted parts that two paths begin with alike. */
static size_t common_parts(struct slice a, struct slice b)
{
        size_t n = 0;

        while (a.len && b.len && slice_eq(slice_cut_piece(&a, '.'), slice_cut_piece(&b, '.')))
                n++;
        return n;
}

static size_t parts(const char *path)
{
        return common_parts(slice_of(path), slice_of(path));
}

static void close_groups(struct buf *out, size_t from, size_t to)
{
        while (from > to) {
                indent(out, --from);
                buf_add(out, SLICE("}\n"));
        }
}

/* Opens what `path` has beyond its first `open` parts; help stands above the last. */
static void open_groups(struct buf *out, const struct conf_table *table, size_t open)
{
        struct slice rest = slice_of(table->path);

        for (size_t depth = 0; rest.len; depth++) {
                struct slice part = slice_cut_piece(&rest, '.');

                if (depth < open)
                        continue;
                write_gap(out);
                if (!rest.len && table->help)
                        write_comment(out, depth, "", slice_of(table->help));
                indent(out, depth);
                buf_addf(out, SLICE_FMT " = {\n", SLICE_ARG(part));
        }
}

static const char example_head[] =
        "# Every option with its default. To change one, remove the # before its name.\n"
        "# Sizes are octets, or \"64K\", \"50M\", \"2G\"; times have a unit: \"500ms\", \"30s\",\n"
        "# \"10m\", \"4h\", \"5d\". Made from the program's own tables: mailserver.conf(5).\n";

void conf_print_example(const struct conf_section *sections, struct buf *out)
{
        const char *path = "";

        buf_add(out, slice_of(example_head));
        for (; sections->table; sections++) {
                const struct conf_table *table = sections->table;
                size_t common = common_parts(slice_of(path), slice_of(table->path));

                close_groups(out, parts(path), common);
                open_groups(out, table, common);
                for (const struct conf_option *o = table->options; o->name; o++)
                        example_option(o, parts(table->path), out);
                path = table->path;
        }
        close_groups(out, parts(path), 0);
}

/* ---- the manual page ---- */

static void write_roff(struct slice text, struct buf *out)
{
        if (text.len && (text.ptr[0] == '.' || text.ptr[0] == '\''))
                buf_add(out, SLICE("\\&"));
        for (size_t i = 0; i < text.len; i++) {
                char c = text.ptr[i];

                if (c == '\\')
                        buf_add(out, SLICE("\\e"));
                else if (c == '-')
                        buf_add(out, SLICE("\\-"));
                else if (c == '"')
                        buf_add(out, SLICE("\\(dq"));
                else
                        buf_addc(out, c);
        }
}

static void man_option(const struct conf_option *o, struct buf *out)
{
        AUTO_BUF(text, BUF_MAX);

        buf_add(out, SLICE(".TP\n.B "));
        write_roff(slice_of(o->name), out);
        buf_addc(out, '\n');
        write_help(o, &text);
        buf_add(&text, text.len ? SLICE(" Default: ") : SLICE("Default: "));
        if (o->type == CONF_STRING && !o->fallback)
                buf_add(&text, SLICE("none"));
        else
                write_fallback(o, &text);
        write_roff(slice_trim(buf_slice(&text)), out);
        buf_add(out, SLICE(".\n"));
        if (!o->groups)
                return;
        buf_add(out, SLICE(".RS\n"));
        for (const struct conf_option *inner = o->groups->options; inner->name; inner++)
                man_option(inner, out);
        buf_add(out, SLICE(".RE\n"));
}

void conf_print_man(const struct conf_section *sections, struct buf *out)
{
        for (; sections->table; sections++) {
                const struct conf_table *table = sections->table;

                buf_add(out, SLICE(".SS "));
                write_roff(table->path[0] ? slice_of(table->path) : SLICE("top level"), out);
                buf_addc(out, '\n');
                if (table->help) {
                        write_roff(slice_of(table->help), out);
                        buf_addc(out, '\n');
                }
                for (const struct conf_option *o = table->options; o->name; o++)
                        man_option(o, out);
        }
}

/* ---- values and changes ---- */

static void write_name(const struct conf_table *table, const struct conf_option *o, struct buf *out)
{
        buf_addf(out, "%s%s%s", table->path, table->path[0] ? "." : "", o->name);
}

void conf_print_values(const struct conf_section *sections, struct buf *out)
{
        for (; sections->table; sections++)
                for (const struct conf_option *o = sections->table->options; o->name; o++) {
                        write_name(sections->table, o, out);
                        buf_add(out, SLICE(" = "));
                        conf_write_value(o, conf_field(o, sections->into), out);
                        buf_addc(out, '\n');
                }
}

static bool print_change(const struct conf_table *table, const struct conf_option *o,
                         const void *before, const void *after, struct buf *out)
{
        AUTO_BUF(old, BUF_MAX);
        AUTO_BUF(new, BUF_MAX);

        conf_write_value(o, before, &old);
        conf_write_value(o, after, &new);
        if (slice_eq(buf_slice(&old), buf_slice(&new)))
                return false;
        write_name(table, o, out);
        buf_addf(out, ": %s -> %s%s\n", old.ptr, new.ptr, o->fixed ? " (needs a restart)" : "");
        return true;
}

bool conf_print_changes(const struct conf_section *before, const struct conf_section *after,
                        struct buf *out)
{
        bool any = false;

        for (; before->table && after->table; before++, after++)
                for (const struct conf_option *o = before->table->options; o->name; o++)
                        if (print_change(before->table, o, conf_field(o, before->into),
                                         conf_field(o, after->into), out))
                                any = true;
        return any;
}
