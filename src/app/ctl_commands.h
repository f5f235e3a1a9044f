/* ctl_commands.h — the commands, one object each; ctl_table.c lists them. */
#ifndef MAILSERVER_APP_CTL_COMMANDS_H
#define MAILSERVER_APP_CTL_COMMANDS_H

#include "ctl.h"

extern const struct ctl_command ctl_account_add, ctl_account_disable, ctl_account_enable,
        ctl_account_list, ctl_account_passwd, ctl_account_quota, ctl_account_remove;
extern const struct ctl_command ctl_alias_add, ctl_alias_list, ctl_alias_remove;
extern const struct ctl_command ctl_ban_add, ctl_ban_clear, ctl_ban_list;
extern const struct ctl_command ctl_check;
extern const struct ctl_command ctl_commands_page;
extern const struct ctl_command ctl_config_man, ctl_config_show;
extern const struct ctl_command ctl_domain_add, ctl_domain_dkim_activate, ctl_domain_dkim_add,
        ctl_domain_dkim_list, ctl_domain_dkim_remove, ctl_domain_dkim_rotate, ctl_domain_dns,
        ctl_domain_list, ctl_domain_remove;
extern const struct ctl_command ctl_queue_bounce, ctl_queue_hold, ctl_queue_list, ctl_queue_release,
        ctl_queue_remove, ctl_queue_retry, ctl_queue_show;
extern const struct ctl_command ctl_quirks;
extern const struct ctl_command ctl_reload;
extern const struct ctl_command ctl_search_rebuild, ctl_search_status;
extern const struct ctl_command ctl_session_kill, ctl_session_list, ctl_session_show;
extern const struct ctl_command ctl_status;

#endif
