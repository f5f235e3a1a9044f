/* ctl_account.c — mailserverctl account: who has a mailbox here. */
#include "ctl_commands.h"

#include "mailserver/store/account.h"

static const struct ctl_param account_param[] = {
        {"ACCOUNT", CTL_WORD, false, "alice@example.org" },
        { 0   },
};
static const struct ctl_param account_filter[] = {
        {"DOMAIN", CTL_WORD, true, "only accounts of this domain" },
        { 0   },
};
static const struct ctl_param add_params[] = {
        {"ACCOUNT",  CTL_WORD, false, "alice@example.org; its domain must have been added" },
        { "--quota",     CTL_VALUE, true,
         "most octets its mail may take: 500M, 20G; default: no limit" },
        { "--max-messages",         CTL_VALUE, true, "most messages it may hold; default: no limit" },
        { 0},
};
static const struct ctl_param quota_params[] = {
        {"ACCOUNT", CTL_WORD, false, "alice@example.org" },
        { "SIZE",    CTL_WORD, false, "most octets: 500M, 20G; 0: no limit" },
        { "--max-messages",        CTL_VALUE, true, "most messages; 0: no limit; default: as it was" },
        { 0},
};

static enum err find_account(struct ctl_call *call, struct store_txn *tx,
                             struct store_account *ret_account)
{
        struct slice name = ctl_arg(call, "ACCOUNT");
        enum err err = store_account_find(tx, name, ret_account);

        if (err == ERR_NOTFOUND || err == ERR_SYNTAX)
                return ctl_fail(call, err,
                                "there is no account %s; see: mailserverctl account list",
                                name.ptr);
        if (err == ERR_LIMIT)
                return ctl_fail(call, err, "%s stands in several domains; write it in full",
                                name.ptr);
        return err;
}

static enum err parse_quota(struct ctl_call *call, const char *name, int64_t *value)
{
        struct slice text = ctl_arg(call, name);

        if (!text.ptr || conf_parse_size(text, value))
                return ERR_OK;
        return ctl_fail(call, ERR_SYNTAX, "%s: %s is not a size; write 500M or 20G", name,
                        text.ptr);
}

static enum err account_add(struct ctl_call *call, struct store_txn *tx)
{
        struct slice name = ctl_arg(call, "ACCOUNT");
        struct slice verifiers = ctl_arg(call, "verifiers");
        int64_t octets = 0, messages = 0, id;
        enum err err = parse_quota(call, "--quota", &octets);

        if (!err)
                err = parse_quota(call, "--max-messages", &messages);
        if (err)
                return err;
        err = store_account_add(tx, name, verifiers.ptr ? verifiers : SLICE(""), &id);
        switch (err) {
        case ERR_OK:
                return store_account_set_quota(tx, id, octets, messages);
        case ERR_SYNTAX:
                return ctl_fail(call, err, "%s is not an address; write name@domain", name.ptr);
        case ERR_EXISTS:
                return ctl_fail(call, err, "%s is taken, by an account or an alias", name.ptr);
        case ERR_NOTFOUND:
                return ctl_fail(call, err,
                                "the domain of %s is not ours yet; first: mailserverctl "
                                "domain add %s",
                                name.ptr,
                                slice_from(name, (size_t)(slice_rfind(name, '@') + 1)).ptr);
        default:
                return err;
        }
}

static enum err account_passwd(struct ctl_call *call, struct store_txn *tx)
{
        AUTO(store_account_done) struct store_account account = { 0 };
        enum err err = find_account(call, tx, &account);

        return err ? err : store_account_set_verifiers(tx, account.id, ctl_arg(call, "verifiers"));
}

static enum err set_disabled(struct ctl_call *call, struct store_txn *tx, bool disabled)
{
        AUTO(store_account_done) struct store_account account = { 0 };
        enum err err = find_account(call, tx, &account);

        return err ? err : store_account_set_disabled(tx, account.id, disabled);
}

static enum err account_disable(struct ctl_call *call, struct store_txn *tx)
{
        return set_disabled(call, tx, true);
}

static enum err account_enable(struct ctl_call *call, struct store_txn *tx)
{
        return set_disabled(call, tx, false);
}

static enum err account_remove(struct ctl_call *call, struct store_txn *tx)
{
        AUTO(store_account_done) struct store_account account = { 0 };
        enum err err = find_account(call, tx, &account);

        return err ? err : store_account_remove(tx, account.id);
}

static enum err account_quota(struct ctl_call *call, struct store_txn *tx)
{
        AUTO(store_account_done) struct store_account account = { 0 };
        enum err err = find_account(call, tx, &account);
        int64_t octets = 0, messages = account.quota_messages;

        if (!err)
                err = parse_quota(call, "SIZE", &octets);
        if (!err)
                err = parse_quota(call, "--max-messages", &messages);
        return err ? err : store_account_set_quota(tx, account.id, octets, messages);
}

static enum err account_row(void *arg, const struct store_account *a)
{
        ctl_row(arg, json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "account", a->name, "state",
                               a->disabled       ? "disabled"
                               : a->verifiers[0] ? "active"
                                                 : "no-password",
                               "messages", (json_int_t)a->used_messages, "octets",
                               (json_int_t)a->used_octets, "quota", (json_int_t)a->quota_octets,
                               "max_messages", (json_int_t)a->quota_messages));
        return ERR_OK;
}

static enum err account_list(struct ctl_call *call, struct store_txn *tx)
{
        struct slice domain = ctl_arg(call, "DOMAIN");
        enum err err = store_account_list(tx, domain.ptr ? domain : SLICE(""), account_row, call);

        if (err == ERR_NOTFOUND || err == ERR_SYNTAX)
                return ctl_fail(call, err, "there is no domain %s", domain.ptr);
        return err;
}

const struct ctl_command ctl_account_add = {
        .group = "account",
        .name = "add",
        .help = "Makes an account with its six folders. The password is asked for, or read from "
                "standard input with --password-stdin.",
        .params = add_params,
        .place = CTL_WRITE,
        .wants_password = true,
        .work = account_add,
};
const struct ctl_command ctl_account_disable = {
        .group = "account",
        .name = "disable",
        .help = "Ends the account's sessions and lets it log in no more. Mail still arrives.",
        .params = account_param,
        .place = CTL_WRITE,
        .work = account_disable,
};
const struct ctl_command ctl_account_enable = {
        .group = "account",
        .name = "enable",
        .help = "Lets a disabled account log in again.",
        .params = account_param,
        .place = CTL_WRITE,
        .work = account_enable,
};
const struct ctl_command ctl_account_list = {
        .group = "account",
        .name = "list",
        .help = "Lists accounts with their state, use and limits (octets, messages; 0: no limit).",
        .params = account_filter,
        .columns = (const char *const[]){"account", "state", "messages", "octets", "quota",
                                         "max_messages", NULL},
        .place = CTL_READ,
        .work = account_list,
};
const struct ctl_command ctl_account_passwd = {
        .group = "account",
        .name = "passwd",
        .help = "Sets a new password, asked for or read with --password-stdin, and ends the "
                "account's sessions.",
        .params = account_param,
        .place = CTL_WRITE,
        .wants_password = true,
        .work = account_passwd,
};
const struct ctl_command ctl_account_quota = {
        .group = "account",
        .name = "quota",
        .help = "Sets how much an account may hold.",
        .params = quota_params,
        .place = CTL_WRITE,
        .work = account_quota,
};
const struct ctl_command ctl_account_remove = {
        .group = "account",
        .name = "remove",
        .help = "Removes an account and all its mail. Asks first; --yes does not ask.",
        .params = account_param,
        .place = CTL_WRITE,
        .confirms = true,
        .work = account_remove,
};
