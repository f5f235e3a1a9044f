/*
 * conf.h — options as tables: one row says everything about an option.
 *
 * A module keeps, beside the struct it wants filled, a conf_table of its
 * options. From the tables come the reader of mailserver.conf (libconfig
 * syntax), the generated example file, the manual page, and what a reload
 * says has changed. An unknown, wrong or duplicate option is reported with
 * file, line and the fix; all of them together, not the first one only.
 */
#ifndef MAILSERVER_CORE_CONF_H
#define MAILSERVER_CORE_CONF_H

#include "mailserver/core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
        CONF_BOOL,    /* bool                                                        */
        CONF_INT,     /* int64_t                                                     */
        CONF_SIZE,    /* int64_t, octets: 4096, "64K", "50M", "2G"                   */
        CONF_TIME,    /* int64_t, milliseconds: "500ms", "30s", "10m", "4h", "5d"    */
        CONF_STRING,  /* char *, owned; NULL only when fallback is NULL              */
        CONF_ENUM,    /* int, the index into words                                   */
        CONF_STRINGS, /* struct conf_strings: a string, or a list of strings         */
        CONF_PORTS,   /* struct conf_ports: a number, or a list of numbers, 0-65535  */
        CONF_GROUPS,  /* struct conf_groups: a ( … ) list of { groups } with a table */
};

struct conf_strings {
        char **items; /* owned */
        size_t n;
};
struct conf_ports {
        uint16_t *items; /* owned */
        size_t n;
};
struct conf_groups {
        void *items; /* owned: n structs of table->size, one after another */
        size_t n;
};

struct conf_table;
struct conf_option {
        const char *name;
        enum conf_type type;
        size_t offset;            /* of the field in the struct */
        const char *fallback;     /* the default as a person writes it; NULL: unset, empty list */
        int64_t min, max;         /* INT, SIZE, TIME: inclusive; both 0: any non-negative value */
        const char *const *words; /* ENUM: NULL-terminated */
        const struct conf_table *groups; /* GROUPS: the table of one element */
        bool fixed;                      /* a reload cannot change it: restart needed */
        const char *help;                /* one or two sentences, with the unit; for people */
};

struct conf_table {
        const char *path; /* "" (top level), "tls", "listen.smtp", "smtp" … */
        const char *help; /* what the group is about; shown above it; may be NULL */
        const struct conf_option *options; /* the last has name NULL */
        size_t size;                       /* of the struct */
};

/* Which struct each table fills; the last has table NULL. */
struct conf_section {
        const struct conf_table *table;
        void *into;
};

/*
 * Fills every struct with its defaults (a wrong default aborts: our bug). What
 * the structs held is overwritten, not freed: conf_done first where they own.
 */
void conf_defaults(const struct conf_section *sections);
/* What a check is told by, while the places of the file are still known. */
struct conf_reader;
/*
 * "file:line: option: what is wrong; what to do". `fmt` begins with the option and a colon
 * ("tls.private_key: …"); the line is that of the option, or of the nearest group around it that
 * the file has. The load fails.
 */
void conf_object(struct conf_reader *r, const char *fmt, ...) PRINTF(2, 3);
/* Looks at what no single option can know, after all of them were read without an error. */
struct conf_check {
        void (*fn)(const void *arg, struct conf_reader *r);
        const void *arg;
};
/*
 * Defaults, then the file at `path` over them (and what it @includes), then `check` (NULL: none). On
 * failure *report holds one line for each error, "file:line: option: what is
 * wrong; what to do", and the structs are as after conf_defaults or a part of
 * the file: free them with conf_done. ERR_NOTFOUND: no such file; ERR_DENIED,
 * ERR_IO: it cannot be read; ERR_SYNTAX: anything else.
 */
MUST_CHECK enum err conf_load(const char *path, const struct conf_section *sections,
                              const struct conf_check *check, struct buf *report);
/* The same from text in memory, without @include; `name` stands for the file in the report. */
MUST_CHECK enum err conf_load_text(const char *text, const char *name,
                                   const struct conf_section *sections, struct buf *report);
/* Frees what the structs own and zeroes them. */
void conf_done(const struct conf_section *sections);

/* The commented example file: every option with its help and default, groups commented in order. */
void conf_print_example(const struct conf_section *sections, struct buf *out);
/* mailserver.conf(5), the OPTIONS part, in man(7) markup. */
void conf_print_man(const struct conf_section *sections, struct buf *out);
/* "path.option = value" a line, values as in force. */
void conf_print_values(const struct conf_section *sections, struct buf *out);
/*
 * Compares two loads of the same tables. Appends a line for each option that
 * differs: "smtp.max_recipients: 100 -> 200", with " (needs a restart)" when it
 * is fixed. True when there is any.
 */
bool conf_print_changes(const struct conf_section *before, const struct conf_section *after,
                        struct buf *out);

/* "50M" and "10m": whole string; false on syntax or overflow. For the command line too. */
bool conf_parse_size(struct slice text, int64_t *ret_octets);
bool conf_parse_time(struct slice text, int64_t *ret_ms);
/* In the largest unit that divides it: 52428800 is "50M", 600000 is "10m". */
void conf_write_size(int64_t octets, struct buf *out);
void conf_write_time(int64_t ms, struct buf *out);

#endif
