/* forward.c — envelope senders of mail that we pass on, and the way back. */
#include "mailserver/smtp/forward.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/address.h"
#include "mailserver/store/secret.h"
#include "mailserver/trust/srs.h"

#define SECRET SLICE("srs")

static struct slice domain_of(struct slice address)
{
        return slice_from(address, (size_t)(slice_rfind(address, '@') + 1));
}

enum err smtp_forward_sender(struct store_txn *tx, struct slice sender, struct slice via,
                             int64_t now_us, struct buf *out)
{
        AUTO(mem_freep) char *domain = mem_strdup(domain_of(via));
        struct srs srs = { .domain = domain, .now_us = now_us };
        bool ours = true;
        enum err err = sender.len ? store_address_is_ours(tx, sender, &ours) : ERR_OK;

        if (err || ours)
                return err ? err : buf_put(out, sender);
        err = store_secret(tx, SECRET, srs.secret, sizeof srs.secret);
        if (!err)
                err = srs_forward(&srs, sender, out);
        /* His own address: what cannot be delivered still finds him, though SPF may not like it. */
        return err == ERR_LIMIT || err == ERR_SYNTAX ? buf_put(out, sender) : err;
}

bool smtp_forward_is(struct slice address)
{
        return srs_is(address);
}

enum err smtp_forward_back(struct store_txn *tx, struct slice address, int64_t now_us,
                           int64_t lifetime_us, struct buf *out)
{
        AUTO(mem_freep) char *domain = mem_strdup(domain_of(address));
        struct srs srs = { .domain = domain,
                           .now_us = now_us,
                           .lifetime_us = lifetime_us ? lifetime_us : INT64_MAX };
        enum err err;

        if (!srs_is(address))
                return ERR_NOTFOUND;
        err = store_secret_find(tx, SECRET, srs.secret, sizeof srs.secret);
        return err ? err : srs_reverse(&srs, address, out);
}
