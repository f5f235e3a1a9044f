/*
 * conf.c — from text to structs: every setting finds its row of a table, and
 * what does not fit is reported with its place, all of it.
 */
#include "mailserver/core/conf.h"

#include "conf_internal.h"

#include "mailserver/core/mem.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * libconfig 1.5 forgets the strings it has just read when a syntax error
 * follows: some octets for each load that fails. Leak checkers look away there.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_CHECKED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_CHECKED
#endif

#ifdef LEAKS_ARE_CHECKED
#include <sanitizer/lsan_interface.h>
#define LEAKS_IGNORED(statement)                                                                   \
        do {                                                                                       \
                __lsan_disable();                                                                  \
                statement;                                                                         \
                __lsan_enable();                                                                   \
        } while (0)
#else
#define LEAKS_IGNORED(statement) statement
#endif

/* ---- places and complaints ---- */

/* "tls.more[1].certificate" */
static void write_path(const config_setting_t *s, struct buf *out)
{
        const config_setting_t *chain[32], *up;
        size_t n = 0;

        for (up = s; up && !config_setting_is_root(up) && n < 32; up = config_setting_parent(up))
                chain[n++] = up;
        while (n--) {
                const char *name = config_setting_name(chain[n]);

                if (name)
                        buf_addf(out, "%s%s", out->len ? "." : "", name);
                else
                        buf_addf(out, "[%d]", config_setting_index(chain[n]));
        }
}

void conf_complain(struct conf_reader *r, const config_setting_t *at, const char *fmt, ...)
{
        AUTO_BUF(path, 512);
        unsigned line;
        const char *file = conf_source_where(r->source, config_setting_source_line(at), &line);
        char text[1024];
        va_list args;

        write_path(at, &path);
        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        buf_addf(r->report, "%s:%u: %s: %s\n", file, line, buf_slice(&path).ptr, text);
        r->failed = true;
}

/* What stands in the file of that option: itself, or the nearest group around it; NULL: none. */
static const config_setting_t *nearest_setting(const config_t *config, struct slice option)
{
        char path[256];
        const config_setting_t *found = NULL;

        snprintf(path, sizeof path, SLICE_FMT, SLICE_ARG(option));
        while (path[0] && !(found = config_lookup(config, path))) {
                char *dot = strrchr(path, '.');

                *(dot ? dot : path) = '\0';
        }
        return found;
}

void conf_object(struct conf_reader *r, const char *fmt, ...)
{
        char text[1024];
        va_list args;
        struct slice rest, option;
        const config_setting_t *at;
        unsigned line = 1;
        const char *file = conf_source_where(r->source, 1, &line);

        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        rest = slice_of(text);
        at = slice_cut(&rest, ':', &option) ? nearest_setting(r->config, option) : NULL;
        if (at)
                file = conf_source_where(r->source, config_setting_source_line(at), &line);
        buf_addf(r->report, "%s:%u: %s\n", file, line, text);
        r->failed = true;
}

/* The part of `path` that follows `prefix`, up to a dot; empty when it does not continue it. */
static struct slice next_part(const char *path, const char *prefix)
{
        struct slice rest = slice_of(path), part;

        if (!slice_starts(rest, slice_of(prefix)))
                return SLICE("");
        rest = slice_from(rest, strlen(prefix));
        if (prefix[0] && !slice_skip(&rest, '.'))
                return SLICE("");
        return slice_cut(&rest, '.', &part) ? part : rest;
}

/* ---- unknown options ---- */

enum { FAR = 3, LONGEST_NAME = 40 };

/* How many letters must be changed, added or dropped; FAR for anything that is too many. */
static unsigned distance(struct slice a, struct slice b)
{
        unsigned row[LONGEST_NAME + 1];

        if (a.len > LONGEST_NAME || b.len > LONGEST_NAME)
                return FAR;
        for (unsigned j = 0; j <= b.len; j++)
                row[j] = j;
        for (unsigned i = 1; i <= a.len; i++) {
                unsigned corner = row[0];

                row[0] = i;
                for (unsigned j = 1; j <= b.len; j++) {
                        unsigned best = corner + (a.ptr[i - 1] != b.ptr[j - 1]);

                        corner = row[j];
                        if (row[j] + 1 < best)
                                best = row[j] + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                }
        }
        return row[b.len] < FAR ? row[b.len] : FAR;
}

static void consider(struct slice wrong, struct slice name, struct slice *best, unsigned *nearest)
{
        unsigned d = distance(wrong, name);

        if (d < *nearest && d < name.len) {
                *nearest = d;
                *best = name;
        }
}

static void complain_unknown(struct conf_reader *r, const struct conf_section *sections,
                             const char *prefix, const config_setting_t *setting)
{
        struct slice name = slice_of(config_setting_name(setting)), best = SLICE("");
        unsigned nearest = FAR;

        for (; sections->table; sections++) {
                consider(name, next_part(sections->table->path, prefix), &best, &nearest);
                if (strcmp(sections->table->path, prefix) != 0)
                        continue;
                for (const struct conf_option *o = sections->table->options; o->name; o++)
                        consider(name, slice_of(o->name), &best, &nearest);
        }
        if (best.len)
                conf_complain(r, setting, "there is no such option; did you mean " SLICE_FMT "?",
                              SLICE_ARG(best));
        else
                conf_complain(r, setting,
                              "there is no such option; remove it, or see mailserver.conf(5)");
}

/* ---- reading ---- */

static const struct conf_option *find_option(const struct conf_section *sections,
                                             const char *prefix, const char *name, void **ret_field)
{
        for (; sections->table; sections++) {
                if (strcmp(sections->table->path, prefix) != 0)
                        continue;
                for (const struct conf_option *o = sections->table->options; o->name; o++)
                        if (strcmp(o->name, name) == 0) {
                                *ret_field = conf_field(o, sections->into);
                                return o;
                        }
        }
        return NULL;
}

static bool is_group_name(const struct conf_section *sections, const char *prefix, const char *name)
{
        for (; sections->table; sections++)
                if (slice_eq(next_part(sections->table->path, prefix), slice_of(name)))
                        return true;
        return false;
}

static void read_child(struct conf_reader *r, const struct conf_section *sections,
                       const char *prefix, const config_setting_t *child)
{
        const char *name = config_setting_name(child);
        void *field;
        const struct conf_option *o = find_option(sections, prefix, name, &field);

        if (o) {
                conf_value_read(r, o, child, field);
        } else if (!is_group_name(sections, prefix, name)) {
                complain_unknown(r, sections, prefix, child);
        } else if (!config_setting_is_group(child)) {
                conf_complain(r, child, "this is not what belongs here; write a group, { ... }");
        } else {
                AUTO_BUF(path, BUF_MAX);

                buf_addf(&path, "%s%s%s", prefix, prefix[0] ? "." : "", name);
                conf_read_group(r, sections, path.ptr, child);
        }
}

void conf_read_group(struct conf_reader *r, const struct conf_section *sections, const char *prefix,
                     const config_setting_t *group)
{
        int n = config_setting_length(group);

        for (int i = 0; i < n; i++)
                read_child(r, sections, prefix, config_setting_get_elem(group, (unsigned)i));
}

static void complain_syntax(const config_t *config, const struct conf_source *source,
                            struct buf *report)
{
        const char *text = config_error_text(config);
        const char *file;
        unsigned line;

        file = conf_source_where(source, (unsigned)config_error_line(config), &line);
        if (strcmp(text, "syntax error") == 0)
                buf_addf(report, "%s:%u: syntax error; look at this line and the one before it\n",
                         file, line);
        else if (strcmp(text, "duplicate setting name") == 0)
                buf_addf(report, "%s:%u: this option stands here for the second time; keep one\n",
                         file, line);
        else
                buf_addf(report, "%s:%u: %s; correct this line\n", file, line, text);
}

static enum err read_source(const struct conf_source *source, const struct conf_section *sections,
                            const struct conf_check *check, struct buf *report)
{
        config_t config;
        struct conf_reader r = { .source = source, .config = &config, .report = report };
        int parsed;

        config_init(&config);
        LEAKS_IGNORED(parsed = config_read_string(&config, buf_slice(&source->text).ptr));
        if (parsed) {
                conf_read_group(&r, sections, "", config_root_setting(&config));
                if (check && !r.failed)
                        check->fn(check->arg, &r);
        } else {
                complain_syntax(&config, source, report);
                r.failed = true;
        }
        config_destroy(&config);
        return r.failed ? ERR_SYNTAX : ERR_OK;
}

/* ---- the interface ---- */

void conf_done(const struct conf_section *sections)
{
        for (; sections->table; sections++)
                conf_table_free(sections->table, sections->into);
}

void conf_defaults(const struct conf_section *sections)
{
        for (; sections->table; sections++)
                conf_table_default(sections->table, sections->into);
}

enum err conf_load(const char *path, const struct conf_section *sections,
                   const struct conf_check *check, struct buf *report)
{
        AUTO(conf_source_done) struct conf_source source = CONF_SOURCE_INIT;
        enum err err;

        conf_defaults(sections);
        err = conf_source_file(&source, path, report);
        return err ? err : read_source(&source, sections, check, report);
}

enum err conf_load_text(const char *text, const char *name, const struct conf_section *sections,
                        struct buf *report)
{
        AUTO(conf_source_done) struct conf_source source = CONF_SOURCE_INIT;
        enum err err;

        conf_defaults(sections);
        err = conf_source_text(&source, text, name, report);
        return err ? err : read_source(&source, sections, NULL, report);
}
