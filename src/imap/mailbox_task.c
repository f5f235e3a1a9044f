/* mailbox_task.c — what the commands about names of mailboxes share. */
#include "mailbox_task.h"

#include "mailserver/core/mem.h"

#include <stdio.h>

struct imap_mailbox_task *imap_mailbox_task_new(struct imap_cmd *cmd,
                                                const struct task_class *class, struct slice name)
{
        struct imap_mailbox_task *m = NEW(struct imap_mailbox_task);

        m->task.class = class;
        m->account = imap_account(cmd);
        m->name = mem_strdup(name);
        return m;
}

void imap_mailbox_task_drop(struct task *t)
{
        struct imap_mailbox_task *m = container_of(t, struct imap_mailbox_task, task);

        mem_free(m->name);
        mem_free(m->to);
        mem_free(m);
}

void imap_mailbox_task_done(struct task *t)
{
        struct imap_cmd *cmd = imap_task_owner(t);
        char text[64];

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        snprintf(text, sizeof text, "%s completed", cmd->def->name);
        imap_reply(cmd, IMAP_OK, NULL, text);
}

struct slice imap_new_name(struct slice name)
{
        if (slice_ends(name, SLICE("/")))
                name.len--;
        return name;
}

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
