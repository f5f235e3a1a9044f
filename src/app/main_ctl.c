/*
 * main_ctl.c — mailserverctl: the command line of the administration tool.
 *
 *   mailserverctl [-c FILE] [--json] GROUP [NAME] [ARGUMENTS]
 *
 * What a command takes stands in its row of the table (ctl_table.c); this file
 * turns words into the JSON object the command reads.
 */
#include "config.h"
#include "ctl_client.h"
#include "ctl_password.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct line {
        int argc;
        char **argv;
        int at;
        const char *config_path;
        bool json, yes, password_stdin, help;
        const struct ctl_command *command;
        json_t *args;
};

/* ---- help ---- */

static void print_command_line(FILE *out, const struct ctl_command *c)
{
        fprintf(out, "mailserverctl %s%s%s", c->group, c->name ? " " : "", c->name ? c->name : "");
        for (const struct ctl_param *p = c->params; p && p->name; p++)
                fprintf(out, " %s%s%s%s%s", p->optional ? "[" : "", p->name,
                        p->kind == CTL_VALUE ? "=VALUE" : "", p->kind == CTL_WORDS ? "..." : "",
                        p->optional ? "]" : "");
        if (c->wants_password)
                fputs(" [--password-stdin]", out);
        if (c->confirms)
                fputs(" [--yes]", out);
        fputc('\n', out);
}

static void print_command_help(const struct ctl_command *c)
{
        fputs("Usage: ", stdout);
        print_command_line(stdout, c);
        printf("\n%s\n", c->help);
        for (const struct ctl_param *p = c->params; p && p->name; p++)
                printf("%s  %-16s %s\n", p == c->params ? "\n" : "", p->name, p->help);
        if (!c->columns || !c->columns[0])
                return;
        fputs("\nColumns:", stdout);
        for (size_t i = 0; c->columns[i]; i++)
                printf(" %s", c->columns[i]);
        putchar('\n');
}

static void print_overview(FILE *out, const char *group)
{
        fputs("Usage: mailserverctl [-c FILE] [--json] COMMAND ...\n\n", out);
        for (const struct ctl_command *const *c = ctl_commands; *c; c++) {
                if (group && strcmp((*c)->group, group) != 0)
                        continue;
                fputs("  ", out);
                print_command_line(out, *c);
        }
        fputs("\n  -c FILE  the daemon's configuration (default: " MAILSERVER_SYSCONFDIR
              "/mailserver.conf)\n"
              "  --json   rows as JSON objects instead of tab-separated columns\n"
              "  --help   after a command: what it does and takes\n",
              out);
}

/* ---- words ---- */

static bool wrong(const struct line *l, const char *what, const char *word)
{
        fprintf(stderr, "mailserverctl: %s%s%s\n", what, word ? ": " : "", word ? word : "");
        if (l->command) {
                fputs("Usage: ", stderr);
                print_command_line(stderr, l->command);
        }
        return false;
}

static char *next_word(struct line *l)
{
        return l->at < l->argc ? l->argv[l->at++] : NULL;
}

/* Options that stand anywhere; true when `word` was one. */
static bool common_option(struct line *l, const char *word)
{
        if (!strcmp(word, "--json"))
                return l->json = true;
        if (!strcmp(word, "--help") || !strcmp(word, "-h"))
                return l->help = true;
        if (!strcmp(word, "--yes") && l->command && l->command->confirms)
                return l->yes = true;
        if (!strcmp(word, "--password-stdin") && l->command && l->command->wants_password)
                return l->password_stdin = true;
        return false;
}

/* "dkim add"; takes the first of them. */
static const struct ctl_command *find_of_two_words(struct line *l, const char *group,
                                                   const char *name)
{
        AUTO_BUF(both, 100);
        const struct ctl_command *command;

        if (l->at + 1 >= l->argc)
                return NULL;
        buf_addf(&both, "%s %s", name, l->argv[l->at + 1]);
        command = ctl_find(group, both.len ? both.ptr : name);
        if (command)
                l->at++;
        return command;
}

/* Prints what there is, for the whole program or for a group that exists, and exits. */
static void no_command(struct line *l, const char *group, const char *name)
{
        bool help = l->help || (name && (!strcmp(name, "--help") || !strcmp(name, "-h")));
        const struct ctl_command *const *c = ctl_commands;

        while (*c && group && strcmp((*c)->group, group) != 0)
                c++;
        if (!*c)
                wrong(l, "unknown command", group);
        else if (name && !help)
                fprintf(stderr, "mailserverctl: unknown command: %s %s\n", group, name);
        print_overview(help && *c ? stdout : stderr, *c ? group : NULL);
        exit(help && *c ? CTL_EXIT_OK : CTL_EXIT_USAGE);
}

static bool find_command(struct line *l)
{
        char *group = NULL, *name;

        while (l->at < l->argc && !group) {
                char *word = next_word(l);

                if (!strcmp(word, "-c") || !strcmp(word, "--config")) {
                        char *path = next_word(l);

                        if (!path)
                                return wrong(l, "-c needs a file", NULL);
                        l->config_path = path;
                } else if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
                        puts("mailserverctl " MAILSERVER_VERSION);
                        exit(CTL_EXIT_OK);
                } else if (common_option(l, word)) {
                        continue;
                } else if (word[0] == '-') {
                        return wrong(l, "unknown option", word);
                } else {
                        group = word;
                }
        }
        if (!group)
                no_command(l, NULL, NULL);
        l->command = ctl_find(group, NULL);
        if (l->command)
                return true;
        name = l->at < l->argc ? l->argv[l->at] : NULL;
        l->command = name ? ctl_find(group, name) : NULL;
        if (!l->command && name)
                l->command = find_of_two_words(l, group, name);
        if (!l->command)
                no_command(l, group, name);
        l->at++;
        return true;
}

static const struct ctl_param *find_option(const struct ctl_command *c, const char *word,
                                           size_t len)
{
        for (const struct ctl_param *p = c->params; p && p->name; p++)
                if (p->kind >= CTL_VALUE && strlen(p->name) == len && !strncmp(p->name, word, len))
                        return p;
        return NULL;
}

static bool take_option(struct line *l, const char *word)
{
        const char *equals = strchr(word, '=');
        size_t len = equals ? (size_t)(equals - word) : strlen(word);
        const struct ctl_param *p = find_option(l->command, word, len);
        const char *value = equals ? equals + 1 : NULL;

        if (!p)
                return wrong(l, "unknown option", word);
        if (p->kind == CTL_SWITCH)
                return json_object_set_new(l->args, p->name, json_true()) == 0;
        if (!value)
                value = next_word(l);
        if (!value)
                return wrong(l, "this option needs a value", word);
        return json_object_set_new(l->args, p->name, json_string(value)) == 0 ||
               wrong(l, "not UTF-8", p->name);
}

static bool take_word(struct line *l, const struct ctl_param **next, const char *word)
{
        const struct ctl_param *p = *next;
        json_t *value = json_string(word);

        while (p && p->name && p->kind >= CTL_VALUE)
                p++;
        if (!value)
                return wrong(l, "not UTF-8", word);
        if (!p || !p->name) {
                json_decref(value);
                return wrong(l, "unexpected argument", word);
        }
        if (p->kind == CTL_WORD) {
                *next = p + 1;
                return json_object_set_new(l->args, p->name, value) == 0;
        }
        *next = p;
        if (!json_object_get(l->args, p->name))
                json_object_set_new(l->args, p->name, json_array());
        return json_array_append_new(json_object_get(l->args, p->name), value) == 0;
}

static bool take_arguments(struct line *l)
{
        const struct ctl_param *next = l->command->params;
        char *word;

        while ((word = next_word(l))) {
                bool ok = common_option(l, word) ||
                          (word[0] == '-' && word[1] ? take_option(l, word)
                                                     : take_word(l, &next, word));

                if (!ok)
                        return false;
        }
        for (const struct ctl_param *p = l->command->params; p && p->name && !l->help; p++)
                if (!p->optional && !json_object_get(l->args, p->name))
                        return wrong(l, "missing argument", p->name);
        return true;
}

/* ---- asking ---- */

static bool confirmed(const struct line *l)
{
        char answer[16] = "";

        if (!l->command->confirms || l->yes)
                return true;
        fprintf(stderr, "This cannot be undone: %s %s", l->command->group, l->command->name);
        for (const struct ctl_param *p = l->command->params; p && p->name; p++) {
                const json_t *given = json_object_get(l->args, p->name);

                if (given && p->name[0] == '-')
                        fprintf(stderr, " %s%s", p->name, json_is_string(given) ? "=" : "");
                else if (given)
                        fputc(' ', stderr);
                if (json_is_string(given))
                        fputs(json_string_value(given), stderr);
        }
        fputs(". Type yes to go on: ", stderr);
        if (fgets(answer, sizeof answer, stdin) && !strcmp(answer, "yes\n"))
                return true;
        fputs("mailserverctl: nothing has been changed\n", stderr);
        return false;
}

static bool add_verifiers(struct line *l)
{
        AUTO_BUF(verifiers, 8192);

        if (!l->command->wants_password)
                return true;
        if (!ctl_password_verifiers(l->password_stdin, &verifiers))
                return false;
        return json_object_set_new(l->args, "verifiers", json_string(verifiers.ptr)) == 0;
}

static int run(struct line *l)
{
        AUTO_BUF(report, 1 << 16);
        struct ctl_client client = { .config_path = l->config_path,
                                     .command = l->command,
                                     .args = l->args,
                                     .json = l->json };
        struct config *config;
        int status = CTL_EXIT_FAILED;

        if (l->help) {
                print_command_help(l->command);
                return CTL_EXIT_OK;
        }
        if (l->command->place == CTL_LOCAL)
                return ctl_client_run(&client);
        config = config_load(l->config_path, &report);
        if (!config) {
                fputs(report.ptr ? report.ptr : "", stderr);
                return CTL_EXIT_FAILED;
        }
        client.config = config;
        if (confirmed(l) && add_verifiers(l) &&
            (!l->command->prepare || l->command->prepare(l->args)))
                status = ctl_client_run(&client);
        config_free(config);
        return status;
}

int main(int argc, char **argv)
{
        struct line l = { .argc = argc,
                          .argv = argv,
                          .at = 1,
                          .config_path = MAILSERVER_SYSCONFDIR "/mailserver.conf",
                          .args = json_object() };
        int status = CTL_EXIT_USAGE;

        umask(0077);
        if (find_command(&l) && take_arguments(&l))
                status = run(&l);
        json_decref(l.args);
        return status;
}
