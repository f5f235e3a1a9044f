/*
 * sign.c — DKIM signatures of our own accounts' mail.
 *
 * Keys are read in the transaction that queues the message, so that what
 * `mailserverctl domain dkim` has changed holds from then on.
 */
#include "mailserver/smtp/sign.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/address.h"
#include "mailserver/store/dkim.h"

enum { MAX_DOMAIN = 256 };

struct signing {
        const char *domain;
        struct slice header; /* without the empty line */
        const unsigned char *body_hash;
        int64_t now_us;
        struct buf *out;
};

static void sign_with(const struct signing *s, const char *selector, const struct dkim_key *key)
{
        struct dkim_signing signing = {
                .key = key, .domain = s->domain, .selector = selector, .now_us = s->now_us
        };
        struct error error = { 0 };

        if (dkim_sign(&signing, s->header, s->body_hash, s->out, &error))
                log_warn("dkim domain=%s selector=%s unsigned=%s", s->domain, selector, error.text);
}

static enum err add_signature(void *arg, const struct store_dkim_key *stored)
{
        const struct signing *s = arg;
        AUTO(mem_freep) char *selector = mem_strdup(stored->selector);
        struct dkim_key *key = NULL;
        struct error error = { 0 };

        if (!stored->active)
                return ERR_OK;
        if (dkim_key_read(stored->pem, &key, &error)) {
                log_warn("dkim domain=%s selector=%s unusable=%s", s->domain, selector, error.text);
                return ERR_OK;
        }
        sign_with(s, selector, key);
        dkim_key_free(key);
        return ERR_OK;
}

static struct slice without_empty_line(struct slice header)
{
        if (slice_ends(header, SLICE("\r\n\r\n")))
                header.len -= 2;
        return header;
}

enum err smtp_sign(struct store_txn *tx, struct slice author, struct slice header,
                   const unsigned char body_hash[DKIM_HASH_SIZE], int64_t now_us, struct buf *out)
{
        AUTO_BUF(domain, MAX_DOMAIN);
        struct slice written = slice_from(author, (size_t)(slice_rfind(author, '@') + 1));
        struct signing s = { .header = without_empty_line(header),
                             .body_hash = body_hash,
                             .now_us = now_us,
                             .out = out };

        if (store_domain_normalise(written, &domain))
                return ERR_OK; /* none that could have keys */
        s.domain = domain.ptr;
        return store_dkim_list(tx, buf_slice(&domain), add_signature, &s);
}
