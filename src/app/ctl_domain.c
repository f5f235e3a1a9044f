/* ctl_domain.c — mailserverctl domain and alias: whose mail this server takes, and for whom. */
#include "ctl_commands.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"

static const struct ctl_param domain_params[] = {
        {"DOMAIN", CTL_WORD, false, "a domain, as people write it: example.org" },
        { 0  },
};
static const struct ctl_param domain_filter[] = {
        {"DOMAIN", CTL_WORD, true, "only this domain" },
        { 0   },
};

static enum err domain_failed(struct ctl_call *call, enum err err, struct slice name)
{
        switch (err) {
        case ERR_SYNTAX:
                return ctl_fail(call, err, "%s is not a domain name", name.ptr);
        case ERR_NOTFOUND:
                return ctl_fail(call, err, "there is no domain %s; see: mailserverctl domain list",
                                name.ptr);
        default:
                return err;
        }
}

static enum err domain_add(struct ctl_call *call, struct store_txn *tx)
{
        struct slice name = ctl_arg(call, "DOMAIN");
        enum err err = store_domain_add(tx, name);

        if (err == ERR_EXISTS)
                return ctl_fail(call, err, "the domain %s is there already", name.ptr);
        return domain_failed(call, err, name);
}

static enum err domain_remove(struct ctl_call *call, struct store_txn *tx)
{
        struct slice name = ctl_arg(call, "DOMAIN");
        enum err err = store_domain_remove(tx, name);

        if (err == ERR_EXISTS)
                return ctl_fail(call, err, "%s still has accounts or aliases; remove those first",
                                name.ptr);
        return domain_failed(call, err, name);
}

static enum err domain_row(void *arg, struct slice name, int64_t accounts, int64_t aliases)
{
        ctl_row(arg, json_pack("{s:s%,s:I,s:I}", "domain", name.ptr, name.len, "accounts",
                               (json_int_t)accounts, "aliases", (json_int_t)aliases));
        return ERR_OK;
}

static enum err domain_list(struct ctl_call *call, struct store_txn *tx)
{
        return store_domain_list(tx, domain_row, call);
}

const struct ctl_command ctl_domain_add = {
        .group = "domain",
        .name = "add",
        .help = "Takes mail for a domain from now on.",
        .params = domain_params,
        .place = CTL_WRITE,
        .work = domain_add,
};
const struct ctl_command ctl_domain_list = {
        .group = "domain",
        .name = "list",
        .help = "Lists the domains, with how many accounts and aliases stand in each.",
        .columns = (const char *const[]){"domain", "accounts", "aliases", NULL},
        .place = CTL_READ,
        .work = domain_list,
};
const struct ctl_command ctl_domain_remove = {
        .group = "domain",
        .name = "remove",
        .help = "Takes no more mail for a domain. It must be empty.",
        .params = domain_params,
        .place = CTL_WRITE,
        .work = domain_remove,
};

/* ---- aliases ---- */

static const struct ctl_param alias_add_params[] = {
        {"ADDRESS", CTL_WORD, false,
         "sales@example.org; @example.org catches all that nobody claims" },
        { "TARGET",    CTL_WORDS, false,
         "accounts or aliases of this server, or addresses elsewhere, that get its mail" },
        { 0       },
};
static const struct ctl_param alias_remove_params[] = {
        {"ADDRESS", CTL_WORD, false, "the alias" },
        { "TARGET",    CTL_WORDS, true, "only these targets; without any, the whole alias" },
        { 0       },
};

/* The TARGET words as slices borrowed from the call; freed by the caller. */
static struct slice *target_slices(const struct ctl_call *call, size_t *ret_n)
{
        const json_t *words = json_object_get(call->args, "TARGET");
        size_t n = json_array_size(words);
        struct slice *slices = mem_alloc_array(n, sizeof *slices);

        for (size_t i = 0; i < n; i++) {
                const json_t *word = json_array_get(words, i);

                slices[i] = (struct slice){ json_string_value(word), json_string_length(word) };
                if (!slices[i].ptr)
                        slices[i] = SLICE("");
        }
        *ret_n = n;
        return slices;
}

static enum err alias_add(struct ctl_call *call, struct store_txn *tx)
{
        size_t n;
        AUTO(mem_freep) struct slice *targets = target_slices(call, &n);

        return store_alias_add(tx, ctl_arg(call, "ADDRESS"), targets, n, &call->task.error);
}

static enum err alias_remove(struct ctl_call *call, struct store_txn *tx)
{
        size_t n;
        AUTO(mem_freep) struct slice *targets = target_slices(call, &n);
        struct slice address = ctl_arg(call, "ADDRESS");
        enum err err = store_alias_remove(tx, address, targets, n);

        if (err == ERR_NOTFOUND)
                return ctl_fail(call, err,
                                "there is no such alias %s; see: mailserverctl alias list",
                                address.ptr);
        if (err == ERR_SYNTAX)
                return ctl_fail(call, err, "%s is not an address", address.ptr);
        return err;
}

static enum err alias_row(void *arg, struct slice address, struct slice target)
{
        ctl_row(arg, json_pack("{s:s%,s:s%}", "alias", address.ptr, address.len, "target",
                               target.ptr, target.len));
        return ERR_OK;
}

static enum err alias_list(struct ctl_call *call, struct store_txn *tx)
{
        struct slice domain = ctl_arg(call, "DOMAIN");

        return domain_failed(call,
                             store_alias_list(tx, domain.ptr ? domain : SLICE(""), alias_row, call),
                             domain);
}

const struct ctl_command ctl_alias_add = {
        .group = "alias",
        .name = "add",
        .help = "Gives an address targets; a catch-all is the address @example.org.",
        .params = alias_add_params,
        .place = CTL_WRITE,
        .work = alias_add,
};
const struct ctl_command ctl_alias_list = {
        .group = "alias",
        .name = "list",
        .help = "Lists aliases, a line a target.",
        .params = domain_filter,
        .columns = (const char *const[]){"alias", "target", NULL},
        .place = CTL_READ,
        .work = alias_list,
};
const struct ctl_command ctl_alias_remove = {
        .group = "alias",
        .name = "remove",
        .help = "Removes an alias, or some of its targets.",
        .params = alias_remove_params,
        .place = CTL_WRITE,
        .work = alias_remove,
};
