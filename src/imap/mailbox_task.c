/* mailbox_task.c — what the commands about names of mailboxes share. */
#include "mailbox_task.h"

#include "mailbox_name.h"

#include "mailserver/core/mem.h"

#include <stdio.h>

/* ---- arguments ---- */

enum err imap_mailbox_arg_read(struct imap_args *args, struct imap_mailbox_arg *ret_arg)
{
        enum err err = imap_arg_space(args);

        return err ? err : imap_arg_mailbox_as(args, &ret_arg->name, &ret_arg->supplied);
}

void imap_mailbox_arg_new(struct imap_mailbox_arg *arg)
{
        if (!slice_ends(arg->name, SLICE("/")))
                return;
        arg->name.len--;
        arg->supplied.len--;
}

bool imap_mailbox_arg_fits(const struct imap_cmd *cmd, const struct imap_mailbox_arg *arg)
{
        const struct imap_config *config = imap_session_server(cmd->session)->config;

        return arg->name.len <= (size_t)config->max_mailbox_name &&
               imap_name_levels(arg->name) <= (size_t)config->max_mailbox_levels;
}

/* ---- tasks ---- */

struct imap_mailbox_task *imap_mailbox_task_new(struct imap_cmd *cmd,
                                                const struct task_class *class,
                                                const struct imap_mailbox_arg *arg)
{
        const struct imap_config *config = imap_session_server(cmd->session)->config;
        struct imap_mailbox_task *m = NEW(struct imap_mailbox_task);

        m->task.class = class;
        m->account = imap_account(cmd);
        m->name = mem_strdup(arg->name);
        m->supplied = mem_strdup(arg->supplied);
        m->other_form = !slice_eq(arg->name, arg->supplied);
        m->max_mailboxes = config->max_mailboxes;
        m->max_levels = config->max_mailbox_levels;
        m->max_octets = config->max_mailbox_name;
        return m;
}

void imap_mailbox_task_drop(struct task *t)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);

        mem_free(m->name);
        mem_free(m->supplied);
        mem_free(m->to);
        mem_free(m);
}

void imap_mailbox_task_done(struct task *t)
{
        const struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        char text[64];

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        if (m->other_form && cmd->def != &imap_cmd_subscribe && cmd->def != &imap_cmd_unsubscribe)
                imap_tell_old_name(cmd, "", slice_of(m->to ? m->to : m->name),
                                   slice_of(m->supplied));
        snprintf(text, sizeof text, "%s completed", cmd->def->name);
        imap_reply(cmd, IMAP_OK, NULL, text);
}

void imap_tell_old_name(struct imap_cmd *cmd, const char *attributes, struct slice name,
                        struct slice supplied)
{
        AUTO_BUF(out, BUF_MAX);

        if (!(imap_session_enabled(cmd->session) & IMAP_ENABLED_REV2))
                return;
        buf_addf(&out, "* LIST (%s) \"/\" ", attributes);
        imap_put_mailbox(cmd->session, &out, name);
        buf_add(&out, SLICE(" (\"OLDNAME\" ("));
        imap_put_mailbox(cmd->session, &out, supplied);
        buf_add(&out, SLICE("))\r\n"));
        imap_write_take(cmd, &out);
}

enum imap_flow imap_reply_no_destination(struct imap_cmd *cmd, struct slice name)
{
        return imap_reply(cmd, IMAP_NO, imap_name_possible(name) ? "TRYCREATE" : "CANNOT",
                          "No such mailbox");
}

/* ---- workers ---- */

enum err imap_create_parents(struct store_txn *tx, int64_t account, struct slice name)
{
        enum err err = ERR_OK;

        for (size_t i = 1; !err && i < name.len; i++) {
                int64_t id;

                if (name.ptr[i] != '/')
                        continue;
                err = store_mailbox_create(tx, account, slice_head(name, i), STORE_USE_NONE, &id);
                if (err == ERR_EXISTS)
                        err = ERR_OK;
        }
        return err;
}

enum err imap_check_count(const struct imap_mailbox_task *m, struct store_txn *tx, int64_t before)
{
        int64_t now = 0;
        enum err err = store_mailbox_count(tx, m->account, &now);

        return !err && now > m->max_mailboxes && now > before ? ERR_LIMIT : err;
}
