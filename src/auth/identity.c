/* identity.c — which account a client says it is, and whether it may be that one. */
#include "identity.h"

#include "mailserver/store/address.h"

enum err identity_find(struct store_txn *tx, struct slice name, struct store_account *ret_account)
{
        enum err err = store_account_find(tx, name, ret_account);

        /* Not a name, or a local part that several domains have: nobody we know. */
        return err == ERR_SYNTAX || err == ERR_LIMIT ? ERR_NOTFOUND : err;
}

bool identity_may_act_as(const struct store_account *account, struct slice name,
                         struct slice authzid)
{
        AUTO_BUF(normal, 1024);

        if (!authzid.len || slice_eq(authzid, name))
                return true;
        return !store_address_normalise(authzid, &normal) &&
               slice_eq(buf_slice(&normal), slice_of(account->name));
}

static enum err first_domain(void *arg, struct slice name, int64_t accounts, int64_t aliases)
{
        struct buf *out = arg;

        (void)accounts;
        (void)aliases;
        if (out->len == 0)
                buf_add(out, name);
        return ERR_OK;
}

enum err identity_unknown_name(struct store_txn *tx, struct slice name, struct buf *out)
{
        AUTO_BUF(address, 2048);
        AUTO_BUF(domain, 512);

        buf_add(&address, name);
        if (slice_find(name, '@') < 0) {
                enum err err = store_domain_list(tx, first_domain, &domain);

                if (err)
                        return err;
                buf_addc(&address, '@');
                buf_add(&address, buf_slice(&domain));
        }
        buf_clear(out);
        return store_address_normalise(buf_slice(&address), out) ? buf_put(out, name) : ERR_OK;
}
