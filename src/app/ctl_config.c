/* ctl_config.c — mailserverctl config: the options, as set, as defaults, as a page of the manual. */
#include "config.h"
#include "ctl_commands.h"

#include <stdio.h>

static const struct ctl_param show_params[] = {
        {"--defaults", CTL_SWITCH, true, "the defaults instead of what the file says" },
        { "--example",        CTL_SWITCH, true, "the commented example file, with every option" },
        { 0          },
};

static enum err print_file(struct ctl_call *call, const char *path)
{
        AUTO_BUF(report, 1 << 16);
        struct config *config = config_load(path, &report);

        if (!config) {
                fputs(report.ptr, stderr);
                return ERR_SYNTAX;
        }
        conf_print_values(config->sections, &call->rows);
        config_free(config);
        return ERR_OK;
}

static enum err config_show(struct ctl_call *call, const char *config_path)
{
        struct config *defaults;

        if (!ctl_switch(call, "--example") && !ctl_switch(call, "--defaults"))
                return print_file(call, config_path);
        defaults = config_new();
        if (ctl_switch(call, "--example"))
                conf_print_example(defaults->sections, &call->rows);
        else
                conf_print_values(defaults->sections, &call->rows);
        config_free(defaults);
        return ERR_OK;
}

static enum err config_man(struct ctl_call *call, const char *config_path)
{
        struct config *defaults = config_new();

        (void)config_path;
        conf_print_man(defaults->sections, &call->rows);
        config_free(defaults);
        return ERR_OK;
}

const struct ctl_command ctl_config_man = {
        .group = "config",
        .name = "man",
        .help = "Prints the manual page of mailserver.conf(5).",
        .place = CTL_LOCAL,
        .local = config_man,
};
const struct ctl_command ctl_config_show = {
        .group = "config",
        .name = "show",
        .help = "Prints every option and its value.",
        .params = show_params,
        .place = CTL_LOCAL,
        .local = config_show,
};
