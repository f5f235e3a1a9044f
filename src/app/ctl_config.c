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

static const char man_head[] =
        ".TH MAILSERVER.CONF 5 \"2026-11-21\" \"mailserver\" \"File formats\"\n"
        ".SH NAME\n"
        "mailserver.conf \\- configuration of the mail server\n"
        ".SH DESCRIPTION\n"
        "The file is in the syntax of libconfig: an option is\n"
        ".IR \"name\" \" = \" \"value\" ,\n"
        "a group is a name, an equals sign and options in braces, and\n"
        ".B #\n"
        "begins a comment. A value is true or false, a number, text in quotation marks, or a list "
        "in\n"
        "brackets.\n"
        ".PP\n"
        ".EX\n"
        "hostname = \"mail.example.org\"\n"
        "tls = {\n"
        "  certificate = \"/etc/mailserver/tls/fullchain.pem\"\n"
        "  private_key = \"/etc/mailserver/tls/privkey.pem\"\n"
        "}\n"
        "listen = {\n"
        "  submission = { port = [587, 2525] }\n"
        "}\n"
        ".EE\n"
        ".PP\n"
        "Sizes are written as 4096, \"64K\", \"50M\" or \"2G\", times as \"500ms\", \"30s\", "
        "\"10m\",\n"
        "\"4h\" or \"5d\". Another file is read in the place of a line\n"
        ".BR \"@include \\(dqpath\\(dq\" .\n"
        ".PP\n"
        ".B mailserver -t\n"
        "checks the file and names every mistake with its line. A running server reads it again "
        "on\n"
        "SIGHUP; options marked so need a restart.\n"
        ".SH OPTIONS\n";
static const char man_tail[] = ".SH SEE ALSO\n"
                               ".BR mailserver (8),\n"
                               ".BR mailserverctl (1)\n";

static enum err config_man(struct ctl_call *call, const char *config_path)
{
        struct config *defaults = config_new();

        (void)config_path;
        buf_add(&call->rows, slice_of(man_head));
        conf_print_man(defaults->sections, &call->rows);
        buf_add(&call->rows, slice_of(man_tail));
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
