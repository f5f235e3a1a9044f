/* identity.c — which account a client says it is, and whether it may be that one. */
#include "identity.h"

#include "secret.h"

#include "mailserver/core/text.h"
#include "mailserver/store/address.h"

#include <gsasl.h>
#include <sodium.h>

enum { MAX_DOMAINS = 256 }; /* that take part in the lot: it is drawn for each stranger */

/*
 * RFC 4616 2, RFC 5802 5.1: names are prepared by SASLprep (RFC 4013), as a query. What that
 * changes beyond the store's own case folding and NFC (wide letters, soft hyphens, spaces) is
 * tried second, so that an account whose name is not stable under it can still log in.
 * False: it changes nothing, or is no name for it.
 */
static bool prepare(struct slice name, struct buf *out)
{
        AUTO(secret_done) struct buf text = BUF_INIT(SECRET_MAX);
        AUTO(secret_stringp) char *prepared = NULL;

        if (!text_has_8bit(name) || slice_find(name, '\0') >= 0 || !secret_set(&text, name) ||
            gsasl_saslprep(text.ptr, GSASL_ALLOW_UNASSIGNED, &prepared, NULL) != GSASL_OK)
                return false;
        return !slice_eq(slice_of(prepared), name) && !buf_put(out, slice_of(prepared));
}

enum err identity_find(struct store_txn *tx, struct slice name, struct store_account *ret_account)
{
        AUTO_BUF(prepared, SECRET_MAX);
        enum err err = store_account_find(tx, name, ret_account);

        if ((err == ERR_NOTFOUND || err == ERR_SYNTAX) && prepare(name, &prepared))
                err = store_account_find(tx, buf_slice(&prepared), ret_account);
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

/* ---- names of nobody ---- */

/* A domain for a bare name, as if drawn by lot, and the same each time: the greatest ticket wins. */
struct lot {
        const unsigned char *secret;
        struct slice local;
        unsigned char best[crypto_auth_hmacsha256_BYTES];
        struct buf domain;
};

static enum err draw(void *arg, struct slice domain)
{
        struct lot *lot = arg;
        unsigned char ticket[sizeof lot->best];
        crypto_auth_hmacsha256_state state;

        crypto_auth_hmacsha256_init(&state, lot->secret, SASL_SECRET);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)domain.ptr, domain.len);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)"@", 1);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)lot->local.ptr,
                                      lot->local.len);
        crypto_auth_hmacsha256_final(&state, ticket);
        if (lot->domain.len && memcmp(ticket, lot->best, sizeof ticket) <= 0)
                return ERR_OK;
        memcpy(lot->best, ticket, sizeof ticket);
        buf_clear(&lot->domain);
        return buf_put(&lot->domain, domain);
}

/* "local@" and its domain. `name` is a bare one; ERR_SYNTAX: not a name at all. */
static enum err complete(struct store_txn *tx, const unsigned char secret[SASL_SECRET],
                         struct slice name, struct buf *out)
{
        AUTO_BUF(address, 1024);
        struct lot lot = { .secret = secret, .domain = BUF_INIT(512) };
        enum err err = buf_printf(&address, SLICE_FMT "@any.invalid", SLICE_ARG(name));

        if (!err)
                err = store_address_normalise(buf_slice(&address), out);
        if (err)
                return ERR_SYNTAX;
        lot.local = slice_head(buf_slice(out), (size_t)slice_rfind(buf_slice(out), '@'));
        err = store_domain_names(tx, MAX_DOMAINS, draw, &lot);
        if (!err) {
                buf_truncate(out, lot.local.len + 1);
                err = buf_put(out, buf_slice(&lot.domain));
        }
        buf_done(&lot.domain);
        return err;
}

enum err identity_unknown_name(struct store_txn *tx, const unsigned char secret[SASL_SECRET],
                               struct slice name, struct buf *out)
{
        AUTO_BUF(prepared, SECRET_MAX);
        bool bare;
        enum err err;

        if (prepare(name, &prepared))
                name = buf_slice(&prepared);
        bare = slice_find(name, '@') < 0;
        err = bare ? complete(tx, secret, name, out) : store_address_normalise(name, out);

        if (err != ERR_SYNTAX)
                return err;
        buf_clear(out);
        return buf_put(out, name);
}
