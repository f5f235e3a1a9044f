/*
 * fuzz_conf.c — any text as a configuration, against a table of every type.
 *
 * A failure says why, in lines that begin with the name of the file; what is
 * accepted is within its range, and reads back as the same when it is printed.
 */
#include "mailserver/core/conf.h"
#include "mailserver/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct inner {
        bool flag;
        struct conf_ports ports;
};
struct element {
        char *name;
        int64_t wait_ms;
        struct conf_groups inner;
};
struct group {
        bool flag;
        int64_t count, octets, wait_ms;
        char *name, *optional;
        int word;
        struct conf_strings names;
        struct conf_ports ports;
        struct conf_groups elements;
};
struct config {
        struct group top, low;
        struct conf_section sections[3];
};

static const char *const words[] = { "red", "green", "blue", NULL };

static const struct conf_option inner_options[] = {
        {.name = "flag",                   .type = CONF_BOOL, .offset = offsetof(struct inner, flag) },
        { .name = "ports", .type = CONF_PORTS, .offset = offsetof(struct inner, ports) },
        { 0                              },
};
static const struct conf_table inner_table = {
        .path = "inner",
        .options = inner_options,
        .size = sizeof(struct inner),
};
static const struct conf_option element_options[] = {
        {.name = "name",
         .type = CONF_STRING,
         .offset = offsetof(struct element, name),
         .fallback = "x" },
        { .name = "wait", .type = CONF_TIME, .offset = offsetof(struct element, wait_ms) },
        { .name = "inner",
         .type = CONF_GROUPS,
         .offset = offsetof(struct element, inner),
         .groups = &inner_table },
        { 0                  },
};
static const struct conf_table element_table = {
        .path = "",
        .options = element_options,
        .size = sizeof(struct element),
};

#define GROUP(field) offsetof(struct group, field)
static const struct conf_option group_options[] = {
        {.name = "flag",           .type = CONF_BOOL, .offset = GROUP(flag), .fallback = "true" },
        { .name = "count",
         .type = CONF_INT,
         .offset = GROUP(count),
         .fallback = "-1",
         .min = -5,
         .max = 50 },
        { .name = "octets",                       .type = CONF_SIZE, .offset = GROUP(octets), .fallback = "1K" },
        { .name = "wait",
         .type = CONF_TIME,
         .offset = GROUP(wait_ms),
         .fallback = "30s",
         .min = 1000,
         .max = 86400000 },
        { .name = "name",         .type = CONF_STRING, .offset = GROUP(name), .fallback = "" },
        { .name = "optional",                .type = CONF_STRING, .offset = GROUP(optional) },
        { .name = "word",
         .type = CONF_ENUM,
         .offset = GROUP(word),
         .fallback = "green",
         .words = words },
        { .name = "names", .type = CONF_STRINGS, .offset = GROUP(names), .fallback = "[a, b]" },
        { .name = "ports",                       .type = CONF_PORTS, .offset = GROUP(ports), .fallback = "[25, 587]" },
        { .name = "elements",
         .type = CONF_GROUPS,
         .offset = GROUP(elements),
         .groups = &element_table },
        { 0       },
};
static const struct conf_table top_table = {
        .path = "",
        .options = group_options,
        .size = sizeof(struct group),
};
static const struct conf_table low_table = {
        .path = "a.low",
        .options = group_options,
        .size = sizeof(struct group),
};

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void config_init(struct config *c)
{
        *c = (struct config){ 0 };
        c->sections[0] = (struct conf_section){ &top_table, &c->top };
        c->sections[1] = (struct conf_section){ &low_table, &c->low };
}

static void check_report(const struct buf *report, enum err err)
{
        struct slice rest = buf_slice(report), line;

        require((err != ERR_OK) == (rest.len != 0));
        while (slice_cut(&rest, '\n', &line))
                require(slice_starts(line, SLICE("fuzz:")));
        require(rest.len == 0);
}

static void check_group(const struct group *g)
{
        require(g->count >= -5 && g->count <= 50);
        require(g->octets >= 0);
        require(g->wait_ms >= 1000 && g->wait_ms <= 86400000);
        require(g->name != NULL);
        require(g->word >= 0 && g->word < 3);
}

/* "a.low.count = 5" as a text of its own gives a configuration that prints this same line. */
static void check_line(struct slice line)
{
        struct config c;
        AUTO_BUF(text, BUF_MAX);
        AUTO_BUF(report, BUF_MAX);
        AUTO_BUF(printed, BUF_MAX);
        bool low = slice_skip_word(&line, SLICE("a.low."));

        buf_addf(&text, "%s" SLICE_FMT "%s", low ? "a = { low = { " : "", SLICE_ARG(line),
                 low ? " } }" : "");
        config_init(&c);
        require(conf_load_text(text.ptr, "fuzz", c.sections, &report) == ERR_OK);
        conf_print_values(c.sections, &printed);
        require(memmem(printed.ptr, printed.len, line.ptr, line.len) != NULL);
        conf_done(c.sections);
}

/* An unset string cannot be written down. */
static bool mentions_unset(struct slice line)
{
        return memmem(line.ptr, line.len, "unset", 5) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(mem_freep) char *text = mem_strdup((struct slice){ (const char *)data, size });
        AUTO_BUF(report, BUF_MAX);
        AUTO_BUF(values, BUF_MAX);
        struct slice rest, line;
        struct config c;
        enum err err;

        config_init(&c);
        err = conf_load_text(text, "fuzz", c.sections, &report);
        check_report(&report, err);
        check_group(&c.top);
        check_group(&c.low);
        conf_print_values(c.sections, &values);
        require(!conf_print_changes(c.sections, c.sections, &report));
        conf_done(c.sections);
        rest = buf_slice(&values);
        while (slice_cut(&rest, '\n', &line))
                if (!mentions_unset(line))
                        check_line(line);
        return 0;
}
