/* ctl_table.c — every subcommand of mailserverctl. */
#include "ctl_commands.h"

const struct ctl_command *const ctl_commands[] = {
        &ctl_account_add,    &ctl_account_disable,
        &ctl_account_enable, &ctl_account_list,
        &ctl_account_passwd, &ctl_account_quota,
        &ctl_account_remove, &ctl_alias_add,
        &ctl_alias_list,     &ctl_alias_remove,
        &ctl_ban_add,        &ctl_ban_clear,
        &ctl_ban_list,       &ctl_check,
        &ctl_commands_page,  &ctl_config_man,
        &ctl_config_show,    &ctl_domain_add,
        &ctl_domain_list,    &ctl_domain_remove,
        &ctl_queue_bounce,   &ctl_queue_hold,
        &ctl_queue_list,     &ctl_queue_release,
        &ctl_queue_remove,   &ctl_queue_retry,
        &ctl_queue_show,     &ctl_quirks,
        &ctl_reload,         &ctl_session_kill,
        &ctl_session_list,   &ctl_session_show,
        &ctl_status,         NULL,
};
