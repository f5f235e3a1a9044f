/* conf_internal.h — what the files of conf share: values by type, and complaints. */
#ifndef CORE_CONF_INTERNAL_H
#define CORE_CONF_INTERNAL_H

#include "conf_source.h"

#include "mailserver/core/conf.h"

#include <libconfig.h>

struct conf_reader {
        const struct conf_source *source;
        const config_t *config;
        struct buf *report;
        bool failed;
};

/* Appends "file:line: option: <fmt>" for a setting, and remembers that there was one. */
void conf_complain(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
        PRINTF(3, 4);
/*
 * Reads the children of `group` into the options of those sections whose path
 * is `prefix`, descends where a path is longer, complains of everything else.
 */
void conf_read_group(struct conf_reader *r, const struct conf_section *sections, const char *prefix,
                     const config_setting_t *group);

static inline void *conf_field(const struct conf_option *o, void *base)
{
        return (char *)base + o->offset;
}

/* ---- conf_value.c: one field ---- */

/* Frees and zeroes. */
void conf_value_free(const struct conf_option *o, void *field);
/* From fallback; what the field held is overwritten, not freed. A wrong fallback aborts. */
void conf_value_default(const struct conf_option *o, void *field);
/* Replaces what the field holds; complains, and leaves it, when the setting is not right. */
void conf_value_read(struct conf_reader *r, const struct conf_option *o,
                     const config_setting_t *setting, void *field);
void conf_table_default(const struct conf_table *table, void *into);
void conf_table_free(const struct conf_table *table, void *from);

/* ---- conf_write.c: as text ---- */

/* As it would stand in a file; `unset` for a string that is not there. */
void conf_write_value(const struct conf_option *o, const void *field, struct buf *out);
/* What may be written: "a whole number from 1 to 10". */
void conf_write_wanted(const struct conf_option *o, struct buf *out);
/* A number of the option's type, with its unit: 50M, 10m, 7. */
void conf_write_number(enum conf_type type, int64_t value, struct buf *out);

#endif
