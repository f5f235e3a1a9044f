/* conf_value.c — one field: its default, its setting in the file, its memory. */
#include "conf_internal.h"

#include "mailserver/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- memory ---- */

static void free_strings(struct conf_strings *list)
{
        for (size_t i = 0; i < list->n; i++)
                mem_free(list->items[i]);
        mem_free(list->items);
        *list = (struct conf_strings){ 0 };
}

static void free_groups(const struct conf_table *table, struct conf_groups *list)
{
        for (size_t i = 0; i < list->n; i++)
                conf_table_free(table, (char *)list->items + i * table->size);
        mem_free(list->items);
        *list = (struct conf_groups){ 0 };
}

static void zero(const struct conf_option *o, void *field)
{
        static const size_t sizes[] = {
                [CONF_BOOL] = sizeof(bool),
                [CONF_INT] = sizeof(int64_t),
                [CONF_SIZE] = sizeof(int64_t),
                [CONF_TIME] = sizeof(int64_t),
                [CONF_STRING] = sizeof(char *),
                [CONF_ENUM] = sizeof(int),
                [CONF_STRINGS] = sizeof(struct conf_strings),
                [CONF_PORTS] = sizeof(struct conf_ports),
                [CONF_GROUPS] = sizeof(struct conf_groups),
        };

        memset(field, 0, sizes[o->type]);
}

void conf_value_free(const struct conf_option *o, void *field)
{
        if (o->type == CONF_STRING)
                mem_freep(field);
        else if (o->type == CONF_STRINGS)
                free_strings(field);
        else if (o->type == CONF_PORTS)
                mem_free(((struct conf_ports *)field)->items);
        else if (o->type == CONF_GROUPS)
                free_groups(o->groups, field);
        zero(o, field);
}

static void append_string(struct conf_strings *list, struct slice item)
{
        list->items = mem_realloc(list->items, (list->n + 1) * sizeof *list->items);
        list->items[list->n++] = mem_strdup(item);
}

static void append_port(struct conf_ports *list, uint16_t port)
{
        list->items = mem_realloc(list->items, (list->n + 1) * sizeof *list->items);
        list->items[list->n++] = port;
}

/* ---- numbers and words ---- */

static bool in_range(const struct conf_option *o, int64_t value)
{
        return !o->min && !o->max ? value >= 0 : value >= o->min && value <= o->max;
}

static bool parse_integer(struct slice text, int64_t *ret_value)
{
        bool negative = slice_skip(&text, '-');
        uint64_t n;

        if (!slice_number(text, &n) || n > INT64_MAX)
                return false;
        *ret_value = negative ? -(int64_t)n : (int64_t)n;
        return true;
}

static bool parse_quantity(enum conf_type type, struct slice text, int64_t *ret_value)
{
        if (type == CONF_SIZE)
                return conf_parse_size(text, ret_value);
        if (type == CONF_TIME)
                return conf_parse_time(text, ret_value);
        return parse_integer(text, ret_value);
}

static bool find_word(const struct conf_option *o, struct slice text, int *ret_index)
{
        for (int i = 0; o->words[i]; i++)
                if (slice_eq(slice_of(o->words[i]), text)) {
                        *ret_index = i;
                        return true;
                }
        return false;
}

/* ---- defaults ---- */

/* Cuts the next of "[a, b]" or of a lone "a", quotation marks taken off. */
static bool next_item(struct slice *rest, struct slice *ret_item)
{
        if (!slice_trim(*rest).len)
                return false;
        *ret_item = slice_trim(slice_cut_piece(rest, ','));
        if (ret_item->len >= 2 && slice_starts(*ret_item, SLICE("\"")) &&
            slice_ends(*ret_item, SLICE("\"")))
                *ret_item = slice_head(slice_from(*ret_item, 1), ret_item->len - 2);
        return true;
}

static struct slice list_inside(struct slice text)
{
        if (slice_starts(text, SLICE("[")) && slice_ends(text, SLICE("]")))
                return slice_head(slice_from(text, 1), text.len - 2);
        return text;
}

static bool default_ports(struct slice text, struct conf_ports *list)
{
        struct slice rest = list_inside(text), item;
        uint64_t port;

        while (next_item(&rest, &item)) {
                if (!slice_number(item, &port) || port > UINT16_MAX)
                        return false;
                append_port(list, (uint16_t)port);
        }
        return true;
}

static bool default_from(const struct conf_option *o, struct slice text, void *field)
{
        struct slice rest = list_inside(text), item;

        switch (o->type) {
        case CONF_BOOL:
                *(bool *)field = slice_eq(text, SLICE("true"));
                return *(bool *)field || slice_eq(text, SLICE("false"));
        case CONF_INT:
        case CONF_SIZE:
        case CONF_TIME:
                return parse_quantity(o->type, text, field) && in_range(o, *(int64_t *)field);
        case CONF_STRING:
                *(char **)field = mem_strdup(text);
                return true;
        case CONF_ENUM:
                return find_word(o, text, field);
        case CONF_STRINGS:
                while (next_item(&rest, &item))
                        append_string(field, item);
                return true;
        case CONF_PORTS:
                return default_ports(text, field);
        case CONF_GROUPS:
                break;
        }
        return false;
}

void conf_value_default(const struct conf_option *o, void *field)
{
        zero(o, field);
        if (!o->fallback || default_from(o, slice_of(o->fallback), field))
                return;
        fprintf(stderr, "mailserver: the default of option %s is wrong: %s\n", o->name,
                o->fallback);
        abort();
}

void conf_table_default(const struct conf_table *table, void *into)
{
        for (const struct conf_option *o = table->options; o->name; o++)
                conf_value_default(o, conf_field(o, into));
}

void conf_table_free(const struct conf_table *table, void *from)
{
        for (const struct conf_option *o = table->options; o->name; o++)
                conf_value_free(o, conf_field(o, from));
}

/* ---- settings of the file ---- */

static bool is_list(const config_setting_t *s)
{
        return config_setting_is_array(s) || config_setting_is_list(s);
}

static bool is_integer(const config_setting_t *s)
{
        int type = config_setting_type(s);

        return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static void wrong(struct conf_reader *r, const struct conf_option *o, const config_setting_t *s)
{
        AUTO_BUF(wanted, 1024);

        conf_write_wanted(o, &wanted);
        conf_complain(r, s, "this is not what belongs here; write %s", wanted.ptr);
}

static bool read_quantity(const struct conf_option *o, const config_setting_t *s, int64_t *field)
{
        const char *text = config_setting_get_string(s);
        int64_t value;

        if (is_integer(s))
                value = config_setting_get_int64(s);
        else if (!text || o->type == CONF_INT || !parse_quantity(o->type, slice_of(text), &value))
                return false;
        /* 30 of what? */
        if ((is_integer(s) && o->type == CONF_TIME && value != 0) || !in_range(o, value))
                return false;
        *field = value;
        return true;
}

static bool read_string(const config_setting_t *s, char **field)
{
        const char *text = config_setting_get_string(s);

        if (!text)
                return false;
        mem_free(*field);
        *field = mem_strdup(slice_of(text));
        return true;
}

static bool read_strings(const config_setting_t *s, struct conf_strings *field)
{
        struct conf_strings list = { 0 };
        unsigned n = is_list(s) ? (unsigned)config_setting_length(s) : 1;

        for (unsigned i = 0; i < n; i++) {
                const config_setting_t *item = is_list(s) ? config_setting_get_elem(s, i) : s;
                const char *text = config_setting_get_string(item);

                if (!text) {
                        free_strings(&list);
                        return false;
                }
                append_string(&list, slice_of(text));
        }
        free_strings(field);
        *field = list;
        return true;
}

static bool read_ports(const config_setting_t *s, struct conf_ports *field)
{
        struct conf_ports list = { 0 };
        unsigned n = is_list(s) ? (unsigned)config_setting_length(s) : 1;

        for (unsigned i = 0; i < n; i++) {
                const config_setting_t *item = is_list(s) ? config_setting_get_elem(s, i) : s;
                long long port = config_setting_get_int64(item);

                if (!is_integer(item) || port < 0 || port > UINT16_MAX) {
                        mem_free(list.items);
                        return false;
                }
                append_port(&list, (uint16_t)port);
        }
        mem_free(field->items);
        *field = list;
        return true;
}

static bool read_groups(struct conf_reader *r, const struct conf_option *o,
                        const config_setting_t *s, struct conf_groups *field)
{
        const struct conf_table *table = o->groups;
        unsigned n = is_list(s) ? (unsigned)config_setting_length(s) : 0;

        for (unsigned i = 0; i < n; i++)
                if (!config_setting_is_group(config_setting_get_elem(s, i)))
                        return false;
        if (!is_list(s))
                return false;
        free_groups(table, field);
        field->items = mem_alloc_array(n, table->size);
        for (unsigned i = 0; i < n; i++) {
                void *into = (char *)field->items + i * table->size;
                const struct conf_section section[] = {
                        {table, into},
                        { NULL, NULL}
                };

                conf_table_default(table, into);
                field->n++;
                conf_read_group(r, section, table->path, config_setting_get_elem(s, i));
        }
        return true;
}

static bool read_value(struct conf_reader *r, const struct conf_option *o,
                       const config_setting_t *s, void *field)
{
        const char *text = config_setting_get_string(s);

        switch (o->type) {
        case CONF_BOOL:
                if (config_setting_type(s) != CONFIG_TYPE_BOOL)
                        return false;
                *(bool *)field = config_setting_get_bool(s);
                return true;
        case CONF_INT:
        case CONF_SIZE:
        case CONF_TIME:
                return read_quantity(o, s, field);
        case CONF_STRING:
                return read_string(s, field);
        case CONF_ENUM:
                return text && find_word(o, slice_of(text), field);
        case CONF_STRINGS:
                return read_strings(s, field);
        case CONF_PORTS:
                return read_ports(s, field);
        case CONF_GROUPS:
                return read_groups(r, o, s, field);
        }
        return false;
}

void conf_value_read(struct conf_reader *r, const struct conf_option *o,
                     const config_setting_t *setting, void *field)
{
        if (!read_value(r, o, setting, field))
                wrong(r, o, setting);
}
