/* conf_write.c — values and what may be written for them, as text. */
#include "conf_internal.h"

void conf_write_number(enum conf_type type, int64_t value, struct buf *out)
{
        if (type == CONF_SIZE)
                conf_write_size(value, out);
        else if (type == CONF_TIME)
                conf_write_time(value, out);
        else
                buf_addf(out, "%lld", (long long)value);
}

void conf_write_wanted(const struct conf_option *o, struct buf *out)
{
        static const char *const kinds[] = {
                [CONF_BOOL] = "true or false",
                [CONF_INT] = "a whole number",
                [CONF_SIZE] = "a size in octets, 4096, \"64K\", \"50M\", \"2G\",",
                [CONF_TIME] = "a time with its unit, \"500ms\", \"30s\", \"10m\", \"4h\", \"5d\",",
                [CONF_STRING] = "a string in quotation marks",
                [CONF_ENUM] = "one of",
                [CONF_STRINGS] = "a string or a list of them, [\"a\", \"b\"]",
                [CONF_PORTS] = "a port from 0 to 65535 or a list of them, [25, 2525]",
                [CONF_GROUPS] = "a list of groups, ( { ... }, { ... } )",
        };

        buf_add(out, slice_of(kinds[o->type]));
        if (o->type == CONF_ENUM)
                for (const char *const *word = o->words; *word; word++)
                        buf_addf(out, "%s\"%s\"", word == o->words ? " " : ", ", *word);
        if (o->type != CONF_INT && o->type != CONF_SIZE && o->type != CONF_TIME)
                return;
        if (!o->min && !o->max) {
                buf_add(out, SLICE(" not below 0"));
                return;
        }
        buf_add(out, SLICE(" from "));
        conf_write_number(o->type, o->min, out);
        buf_add(out, SLICE(" to "));
        conf_write_number(o->type, o->max, out);
}

static void write_string(const char *text, struct buf *out)
{
        buf_addc(out, '"');
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        buf_addc(out, '\\');
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        buf_addf(out, "\\x%02x", (unsigned)*text);
                else
                        buf_addc(out, *text);
        }
        buf_addc(out, '"');
}

static void write_strings(const struct conf_strings *list, struct buf *out)
{
        buf_addc(out, '[');
        for (size_t i = 0; i < list->n; i++) {
                if (i)
                        buf_add(out, SLICE(", "));
                write_string(list->items[i], out);
        }
        buf_addc(out, ']');
}

static void write_ports(const struct conf_ports *list, struct buf *out)
{
        if (list->n == 1) {
                buf_addf(out, "%u", list->items[0]);
                return;
        }
        buf_addc(out, '[');
        for (size_t i = 0; i < list->n; i++)
                buf_addf(out, "%s%u", i ? ", " : "", list->items[i]);
        buf_addc(out, ']');
}

static void write_groups(const struct conf_table *table, const struct conf_groups *list,
                         struct buf *out)
{
        buf_addc(out, '(');
        for (size_t i = 0; i < list->n; i++) {
                const char *item = (const char *)list->items + i * table->size;

                buf_add(out, i ? SLICE(", {") : SLICE(" {"));
                for (const struct conf_option *o = table->options; o->name; o++) {
                        buf_addf(out, " %s = ", o->name);
                        conf_write_value(o, item + o->offset, out);
                        buf_addc(out, ';');
                }
                buf_add(out, SLICE(" }"));
        }
        buf_add(out, list->n ? SLICE(" )") : SLICE(")"));
}

/* Quoted where a unit makes it no number. */
static void write_quantity(enum conf_type type, int64_t value, struct buf *out)
{
        AUTO_BUF(text, 64);
        bool plain;

        conf_write_number(type, value, &text);
        plain = slice_number(buf_slice(&text), &(uint64_t){ 0 }) || value < 0;
        buf_addf(out, plain ? "%s" : "\"%s\"", text.ptr);
}

void conf_write_value(const struct conf_option *o, const void *field, struct buf *out)
{
        switch (o->type) {
        case CONF_BOOL:
                buf_add(out, *(const bool *)field ? SLICE("true") : SLICE("false"));
                break;
        case CONF_INT:
        case CONF_SIZE:
        case CONF_TIME:
                write_quantity(o->type, *(const int64_t *)field, out);
                break;
        case CONF_STRING:
                if (*(char *const *)field)
                        write_string(*(char *const *)field, out);
                else
                        buf_add(out, SLICE("unset"));
                break;
        case CONF_ENUM:
                write_string(o->words[*(const int *)field], out);
                break;
        case CONF_STRINGS:
                write_strings(field, out);
                break;
        case CONF_PORTS:
                write_ports(field, out);
                break;
        case CONF_GROUPS:
                write_groups(o->groups, field, out);
                break;
        }
}
