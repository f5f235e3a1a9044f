/*
 * cmd_quota.c — GETQUOTA, GETQUOTAROOT and SETQUOTA: RFC 9208 4.1.
 *
 * All mailboxes of an account stand under one quota root, "". Storage and messages
 * are in it where the account has a quota for them, the number of mailboxes always.
 * Quotas are the administrator's to set.
 */
#include "command.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"

enum { KIB = 1024 };

struct quota_task {
        struct task task;
        int64_t account;
        char *mailbox;               /* owned; GETQUOTAROOT, else NULL */
        struct store_account limits; /* set by quota_work, as the next */
        int64_t mailboxes;
};

/* Store reader. */
static enum err quota_work(struct task *t, struct store_txn *tx)
{
        struct quota_task *q = container_of(t, struct quota_task, task);
        enum err err;

        store_account_done(&q->limits);
        err = store_account_get(tx, q->account, &q->limits);
        return err ? err : store_mailbox_count(tx, q->account, &q->mailboxes);
}

static void put_resource(struct buf *out, const char *name, int64_t used, int64_t limit)
{
        buf_addf(out, "%s%s %lld %lld", out->ptr[out->len - 1] == '(' ? "" : " ", name,
                 (long long)used, (long long)limit);
}

/* RFC 9208 5.1: in units of 1024 octets. */
static int64_t in_kib(int64_t octets)
{
        return octets / KIB + (octets % KIB != 0);
}

static void put_quota(const struct imap_cmd *cmd, const struct quota_task *q, struct buf *out)
{
        const struct store_account *a = &q->limits;

        buf_add(out, SLICE("* QUOTA \"\" ("));
        if (a->quota_octets)
                put_resource(out, "STORAGE", in_kib(a->used_octets), in_kib(a->quota_octets));
        if (a->quota_messages)
                put_resource(out, "MESSAGE", a->used_messages, a->quota_messages);
        put_resource(out, "MAILBOX", q->mailboxes,
                     imap_session_server(cmd->session)->config->max_mailboxes);
        buf_add(out, SLICE(")\r\n"));
}

static void quota_done(struct task *t)
{
        struct quota_task *q = container_of(t, struct quota_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        AUTO_BUF(out, BUF_MAX);

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        if (q->mailbox) {
                buf_add(&out, SLICE("* QUOTAROOT "));
                imap_put_mailbox(cmd->session, &out, slice_of(q->mailbox));
                buf_add(&out, SLICE(" \"\"\r\n"));
        }
        put_quota(cmd, q, &out);
        imap_write_take(cmd, &out);
        imap_reply(cmd, IMAP_OK, NULL,
                   q->mailbox ? "GETQUOTAROOT completed" : "GETQUOTA completed");
}

static void quota_drop(struct task *t)
{
        struct quota_task *q = container_of(t, struct quota_task, task);

        store_account_done(&q->limits);
        mem_free(q->mailbox);
        mem_free(q);
}

static const struct task_class quota_class = { "imap quota", quota_work, quota_done, quota_drop };

static enum imap_flow submit(struct imap_cmd *cmd, char *mailbox)
{
        struct quota_task *q = NEW(struct quota_task);

        q->task.class = &quota_class;
        q->account = imap_account(cmd);
        q->mailbox = mailbox;
        return imap_submit(cmd, STORE_READ, &q->task);
}

static enum imap_flow reply_no_root(struct imap_cmd *cmd)
{
        return imap_reply(cmd, IMAP_NO, "NONEXISTENT", "No such quota root");
}

static enum imap_flow getquota_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct slice root;

        if (imap_arg_space(args) || imap_arg_astring(args, &root) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        return root.len ? reply_no_root(cmd) : submit(cmd, NULL);
}

/* The mailbox need not exist: RFC 9208 4.1.2. */
static enum imap_flow getquotaroot_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct slice name;

        if (imap_arg_space(args) || imap_arg_mailbox(args, &name) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        return submit(cmd, mem_strdup(name));
}

/* resource-name SP resource-limit */
static enum err read_resource(struct imap_args *args)
{
        struct slice name;
        uint64_t limit;
        enum err err = imap_arg_atom(args, &name);

        if (!err)
                err = imap_arg_space(args);
        return err ? err : imap_arg_number(args, INT64_MAX, &limit);
}

static enum err read_resources(struct imap_args *args)
{
        enum err err = imap_arg_char(args, '(');

        if (err || imap_arg_take(args, ')'))
                return err;
        do
                err = read_resource(args);
        while (!err && imap_arg_take(args, ' '));
        return err ? err : imap_arg_char(args, ')');
}

static enum imap_flow setquota_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct slice root;

        if (imap_arg_space(args) || imap_arg_astring(args, &root) || imap_arg_space(args) ||
            read_resources(args) || imap_arg_end(args))
                return imap_bad_args(cmd, args);
        if (root.len)
                return reply_no_root(cmd);
        return imap_reply(cmd, IMAP_NO, "NOPERM", "Quotas are the administrator's to set");
}

const struct imap_command imap_cmd_getquota = {
        .name = "GETQUOTA",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9208 4.1.1",
        .help = "Says how much of its quota the account uses; there is one quota root, \"\".",
        .start = getquota_start,
};
const struct imap_command imap_cmd_getquotaroot = {
        .name = "GETQUOTAROOT",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9208 4.1.2",
        .help = "The same, for a mailbox that need not exist.",
        .start = getquotaroot_start,
};
const struct imap_command imap_cmd_setquota = {
        .name = "SETQUOTA",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9208 4.1.3",
        .help = "Refused: quotas are the administrator's to set.",
        .start = setquota_start,
};
