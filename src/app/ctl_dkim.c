/*
 * ctl_dkim.c — mailserverctl domain dkim: the keys that sign a domain's mail.
 *
 * Always a pair, RSA and Ed25519 (RFC 8463): who does not know the second takes
 * the first. Selectors are named by the day and the kind: "20261121r". Keys are
 * made in mailserverctl, since making one of RSA would hold the writer. The first
 * pair signs at once: without its record it is as if nothing was signed. A later
 * one waits until its records are published.
 */
#include "ctl_dkim.h"

#include "config.h"
#include "ctl_commands.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"
#include "mailserver/store/dkim.h"
#include "mailserver/trust/dkim.h"

#include <stdio.h>

enum {
        TXT_STRING = 255,
        MAX_PEM = 8192,
        MAX_QUOTED = 16384,
        SELECTOR_SIZE = 64,
};

/* Mail that a key has signed arrives at the latest when the queue gives up, and is read within days:
 * RFC 6376 3.1. */
#define KEPT_AFTER_QUEUE_US (INT64_C(7) * 86400 * 1000000)

static const struct ctl_param domain_params[] = {
        {"DOMAIN", CTL_WORD, false, "a domain of this server" },
        { 0  },
};
static const struct ctl_param activate_params[] = {
        {"DOMAIN", CTL_WORD, false, "a domain of this server" },
        { "--force",   CTL_SWITCH, true, "without asking the DNS for their records" },
        { 0      },
};
static const struct ctl_param remove_params[] = {
        {"DOMAIN", CTL_WORD, false, "a domain of this server" },
        { "SELECTOR",   CTL_WORD, false, "the key, as domain dkim list names it" },
        { 0      },
};

/* Where the private keys travel; not to be typed. */
static const char *const key_args[] = {
        [DKIM_RSA_SHA256] = "rsa",
        [DKIM_ED25519_SHA256] = "ed25519",
};

static bool make_keys(json_t *args)
{
        for (int i = DKIM_RSA_SHA256; i <= DKIM_ED25519_SHA256; i++) {
                AUTO_BUF(pem, MAX_PEM);

                if (dkim_key_generate((enum dkim_algorithm)i, &pem)) {
                        fputs("mailserverctl: no key could be made\n", stderr);
                        return false;
                }
                json_object_set_new(args, key_args[i], json_stringn(pem.ptr, pem.len));
        }
        return true;
}

static enum err dkim_failed(struct ctl_call *call, enum err err)
{
        const char *domain = ctl_arg(call, "DOMAIN").ptr;

        switch (err) {
        case ERR_SYNTAX:
                return ctl_fail(call, err, "%s is not a domain name", domain);
        case ERR_NOTFOUND:
                return ctl_fail(call, err, "there is no domain %s; see: mailserverctl domain list",
                                domain);
        case ERR_LIMIT:
                return ctl_fail(call, err, "%s has %d keys already; remove some that are retired",
                                domain, (int)STORE_DKIM_KEYS_MAX);
        default:
                return err;
        }
}

/* ---- list ---- */

void ctl_dns_quote(struct slice text, struct buf *out)
{
        do {
                struct slice string = slice_head(text, TXT_STRING);

                buf_addc(out, '"');
                for (size_t i = 0; i < string.len; i++) {
                        if (string.ptr[i] == '"' || string.ptr[i] == '\\')
                                buf_addc(out, '\\');
                        buf_addc(out, string.ptr[i]);
                }
                buf_addc(out, '"');
                text = slice_from(text, string.len);
                if (text.len)
                        buf_addc(out, ' ');
        } while (text.len);
}

struct listing {
        struct ctl_call *call;
        struct slice domain;
        size_t active;
        struct buf *waiting; /* selectors, each with a blank after it */
};

static const char *state_of(const struct store_dkim_key *key)
{
        if (key->active)
                return "active";
        return key->waiting ? "waiting" : "retired";
}

static enum err list_key(void *arg, const struct store_dkim_key *stored)
{
        struct listing *listing = arg;
        struct dkim_key *key;
        json_t *row;
        AUTO_BUF(record, MAX_PEM);
        AUTO_BUF(quoted, MAX_QUOTED);
        enum err err = dkim_key_read(stored->pem, &key, &listing->call->task.error);

        if (err)
                return err;
        dkim_key_record(key, &record);
        ctl_dns_quote(buf_slice(&record), &quoted);
        listing->active += stored->active;
        if (stored->waiting)
                buf_addf(listing->waiting, SLICE_FMT " ", SLICE_ARG(stored->selector));
        row = json_pack("{s:s%,s:s%,s:s,s:s,s:s,s:s}", "domain", listing->domain.ptr,
                        listing->domain.len, "selector", stored->selector.ptr, stored->selector.len,
                        "algorithm", dkim_algorithm_name(dkim_key_algorithm(key)), "state",
                        state_of(stored), "record", quoted.ptr, "text", record.ptr);
        if (stored->retired_us)
                json_object_set_new(row, "retired_us", json_integer(stored->retired_us));
        ctl_row(listing->call, row);
        dkim_key_free(key);
        return ERR_OK;
}

static enum err find_domain(void *arg, struct slice name)
{
        struct listing *listing = arg;

        return slice_eq(name, listing->domain) ? ERR_EXISTS : ERR_OK;
}

/* *waiting gets their selectors. ERR_NOTFOUND: not a domain of ours. */
static enum err list_keys(struct ctl_call *call, struct store_txn *tx, size_t *ret_active,
                          struct buf *waiting)
{
        AUTO_BUF(domain, 512);
        struct listing listing = { .call = call, .waiting = waiting };
        enum err err = store_domain_normalise(ctl_arg(call, "DOMAIN"), &domain);

        listing.domain = buf_slice(&domain);
        if (!err)
                err = store_domain_names(tx, SIZE_MAX >> 1, find_domain, &listing);
        if (!err)
                err = ERR_NOTFOUND;
        if (err == ERR_EXISTS)
                err = store_dkim_list(tx, listing.domain, list_key, &listing);
        *ret_active = listing.active;
        return err;
}

enum err ctl_dkim_list_keys(struct ctl_call *call, struct store_txn *tx)
{
        AUTO_BUF(waiting, DKIM_MAX_SELECTORS);
        size_t active;

        return dkim_failed(call, list_keys(call, tx, &active, &waiting));
}

enum err ctl_dkim_digest(const struct config *config, const json_t *args, const json_t *rows,
                         json_t *printed)
{
        json_t *row;
        size_t i;

        (void)args;
        json_array_foreach(rows, i, row)
        {
                int64_t us = json_integer_value(json_object_get(row, "retired_us"));
                char day[CLOCK_ISO_SIZE];

                clock_iso(us + config->queue.lifetime_ms * 1000 + KEPT_AFTER_QUEUE_US, day);
                json_object_set_new(row, "removable",
                                    us ? json_stringn(day, 10) : json_string("-"));
                json_object_del(row, "retired_us");
                json_array_append(printed, row);
        }
        return ERR_OK;
}

/* ---- add, rotate ---- */

/* "20261121r", or with a letter more where that is taken. */
static enum err add_key(struct ctl_call *call, struct store_txn *tx, struct slice domain,
                        enum dkim_algorithm algorithm)
{
        char day[CLOCK_ISO_SIZE], selector[SELECTOR_SIZE];
        struct store_dkim_key key = {
                .algorithm = (int)algorithm,
                .pem = ctl_arg(call, key_args[algorithm]),
                .active = call->command == &ctl_domain_dkim_add,
                .waiting = call->command == &ctl_domain_dkim_rotate,
                .created_us = clock_now_us(),
        };
        struct dkim_key *read;
        enum err err;

        if (!key.pem.ptr)
                return ctl_fail(call, ERR_SYNTAX, "this mailserverctl is too old for the daemon");
        err = dkim_key_read(key.pem, &read, &call->task.error);
        if (err)
                return err;
        dkim_key_free(read);
        clock_iso(key.created_us, day);
        err = ERR_EXISTS;
        for (char more = 'a'; err == ERR_EXISTS && more <= 'z'; more++) {
                snprintf(selector, sizeof selector, "%.4s%.2s%.2s%c%.*s", day, day + 5, day + 8,
                         key_args[algorithm][0], more > 'a', &more);
                key.selector = slice_of(selector);
                err = store_dkim_add(tx, domain, &key);
        }
        return err;
}

static enum err add_pair(struct ctl_call *call, struct store_txn *tx)
{
        AUTO_BUF(domain, 512);
        enum err err = store_domain_normalise(ctl_arg(call, "DOMAIN"), &domain);

        for (int i = DKIM_RSA_SHA256; i <= DKIM_ED25519_SHA256 && !err; i++)
                err = add_key(call, tx, buf_slice(&domain), (enum dkim_algorithm)i);
        return err;
}

/* Rows as they are now. */
static enum err list_again(struct ctl_call *call, struct store_txn *tx)
{
        buf_clear(&call->rows);
        return ctl_dkim_list_keys(call, tx);
}

static enum err add_work(struct ctl_call *call, struct store_txn *tx)
{
        AUTO_BUF(waiting, DKIM_MAX_SELECTORS);
        const char *domain = ctl_arg(call, "DOMAIN").ptr;
        size_t active;
        enum err err = list_keys(call, tx, &active, &waiting);

        if (!err && waiting.len)
                return ctl_fail(call, ERR_EXISTS,
                                "keys of %s wait already: publish their records, then: "
                                "mailserverctl domain dkim activate %s",
                                domain, domain);
        if (!err && active && call->command == &ctl_domain_dkim_add)
                return ctl_fail(call, ERR_EXISTS,
                                "%s has keys already; see: mailserverctl domain dkim list, rotate",
                                domain);
        if (!err)
                err = add_pair(call, tx);
        return err ? dkim_failed(call, err) : list_again(call, tx);
}

/* ---- activate: once ctl_dkim_allow_activation has said yes ---- */

static enum err activate_work(struct ctl_call *call, struct store_txn *tx)
{
        AUTO_BUF(domain, 512);
        AUTO_BUF(waiting, DKIM_MAX_SELECTORS);
        size_t active;
        enum err err = list_keys(call, tx, &active, &waiting);

        if (!err && (!waiting.len || !slice_eq(buf_slice(&waiting), ctl_arg(call, "selectors"))))
                return ctl_fail(call, ERR_EXISTS, "the keys have changed meanwhile; try again");
        if (!err)
                err = store_domain_normalise(ctl_arg(call, "DOMAIN"), &domain);
        if (!err)
                err = store_dkim_activate(tx, buf_slice(&domain), clock_now_us());
        return err ? dkim_failed(call, err) : list_again(call, tx);
}

/* ---- remove ---- */

static enum err remove_work(struct ctl_call *call, struct store_txn *tx)
{
        AUTO_BUF(domain, 512);
        enum err err = store_domain_normalise(ctl_arg(call, "DOMAIN"), &domain);

        if (!err)
                err = store_dkim_remove(tx, buf_slice(&domain), ctl_arg(call, "SELECTOR"));
        if (err == ERR_NOTFOUND)
                return ctl_fail(call, err,
                                "there is no key %s of %s; see: mailserverctl domain "
                                "dkim list",
                                ctl_arg(call, "SELECTOR").ptr, ctl_arg(call, "DOMAIN").ptr);
        return dkim_failed(call, err);
}

#define COLUMNS                                                                                    \
        (const char *const[])                                                                      \
        {                                                                                          \
                "domain", "selector", "algorithm", "state", "removable", "record", NULL            \
        }

const struct ctl_command ctl_domain_dkim_activate = {
        .group = "domain",
        .name = "dkim activate",
        .help = "Signs with the keys that rotate has made, once the DNS has their records. The old "
                "ones are retired: domain dkim list says when they may be removed.",
        .params = activate_params,
        .columns = COLUMNS,
        .place = CTL_WRITE,
        .asks = &ctl_domain_dkim_list,
        .allow = ctl_dkim_allow_activation,
        .work = activate_work,
        .digest = ctl_dkim_digest,
};
const struct ctl_command ctl_domain_dkim_add = {
        .group = "domain",
        .name = "dkim add",
        .help = "Makes the keys that sign a domain's mail from now on. Publish the records first "
                "thing: see domain dns.",
        .params = domain_params,
        .columns = COLUMNS,
        .place = CTL_WRITE,
        .prepare = make_keys,
        .work = add_work,
        .digest = ctl_dkim_digest,
};
const struct ctl_command ctl_domain_dkim_list = {
        .group = "domain",
        .name = "dkim list",
        .help = "Lists a domain's keys: active, waiting or retired, since when a retired one may "
                "be "
                "removed, and the record of each.",
        .params = domain_params,
        .columns = COLUMNS,
        .place = CTL_READ,
        .work = ctl_dkim_list_keys,
        .digest = ctl_dkim_digest,
};
const struct ctl_command ctl_domain_dkim_remove = {
        .group = "domain",
        .name = "dkim remove",
        .help = "Forgets a key. Mail that it has signed and that is still under way can no longer "
                "be verified once its record is gone.",
        .params = remove_params,
        .place = CTL_WRITE,
        .confirms = true,
        .work = remove_work,
};
const struct ctl_command ctl_domain_dkim_rotate = {
        .group = "domain",
        .name = "dkim rotate",
        .help = "Makes new keys, which do not sign yet: publish their records, then: domain dkim "
                "activate.",
        .params = domain_params,
        .columns = COLUMNS,
        .place = CTL_WRITE,
        .prepare = make_keys,
        .work = add_work,
        .digest = ctl_dkim_digest,
};
