/*
 * ctl_dns.c — mailserverctl domain dns: every record that a domain should publish.
 *
 * As a zone file has them, ready to be pasted. MX and SPF (RFC 7208), DKIM (RFC
 * 6376 3.6), DMARC (RFC 7489), MTA-STS (RFC 8461 3), TLS-RPT (RFC 8460 3), DANE (RFC 7672 3.1), and where
 * mail programs find the server (RFC 6186, RFC 8314 5.1).
 */
#include "ctl_dns.h"

#include "config.h"
#include "ctl_commands.h"
#include "ctl_dkim.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/text.h"
#include "mailserver/store/address.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static const struct ctl_param dns_params[] = {
        {"DOMAIN", CTL_WORD, false, "a domain of this server" },
        { "--check",   CTL_SWITCH, true,
         "ask the DNS: right, wrong, missing; exit status 1 unless all that is needed is right" },
        { 0      },
};

struct wanted {
        json_t *rows;
        const struct config *config;
        const char *domain, *host;
};

json_t *ctl_dns_put_row(json_t *rows, bool needed, const char *type, const char *value,
                        const char *name)
{
        json_t *row = json_pack("{s:s,s:s,s:s,s:b}", "name", name, "type", type, "value", value,
                                "needed", needed);

        json_array_append_new(rows, row);
        return row;
}

static const char *key_text(const json_t *key, const char *name)
{
        return json_string_value(json_object_get(key, name));
}

void ctl_dns_put_key(json_t *rows, bool needed, const json_t *key)
{
        AUTO_BUF(name, 1024);
        json_t *row;

        buf_addf(&name, "%s._domainkey.%s.", key_text(key, "selector"), key_text(key, "domain"));
        row = ctl_dns_put_row(rows, needed, "TXT", key_text(key, "record"), name.ptr);
        json_object_set(row, "text", json_object_get(key, "text"));
}

static void put_text(const struct wanted *w, bool needed, const char *prefix, const char *owner,
                     struct slice text)
{
        AUTO_BUF(quoted, BUF_MAX);
        AUTO_BUF(name, 1024);
        json_t *row;

        ctl_dns_quote(text, &quoted);
        buf_addf(&name, "%s%s.", prefix, owner);
        row = ctl_dns_put_row(w->rows, needed, "TXT", quoted.ptr, name.ptr);
        json_object_set_new(row, "text", json_stringn(text.ptr, text.len));
}

static void put_remark(const struct wanted *w, const char *type, const char *value)
{
        ctl_dns_put_row(w->rows, false, type, value, ";");
}

/* ---- where mail goes, and who may send it ---- */

static void put_routing(const struct wanted *w)
{
        AUTO_BUF(name, 1024);
        AUTO_BUF(value, 1024);

        buf_addf(&name, "%s.", w->domain);
        buf_addf(&value, "10 %s.", w->host);
        ctl_dns_put_row(w->rows, true, "MX", value.ptr, name.ptr);
        put_text(w, true, "", w->domain, SLICE("v=spf1 mx -all"));
        if (strcmp(w->domain, w->host) != 0)
                put_text(w, false, "", w->host, SLICE("v=spf1 a -all")); /* reports: RFC 7208 2.4 */
}

static void put_keys(const struct wanted *w, const json_t *keys)
{
        const json_t *key;
        size_t i, active = 0;

        json_array_foreach(keys, i, key)
        {
                bool signs = strcmp(key_text(key, "state"), "active") == 0;

                active += signs;
                ctl_dns_put_key(w->rows, signs, key);
        }
        if (!active)
                ctl_dns_put_row(w->rows, true, "DKIM",
                                "no keys yet; make them: mailserverctl domain dkim add", ";");
}

static void put_policies(const struct wanted *w)
{
        char now[CLOCK_ISO_SIZE];
        AUTO_BUF(text, 1024);

        buf_addf(&text, "v=DMARC1; p=none; rua=mailto:postmaster@%s", w->domain);
        put_text(w, true, "_dmarc.", w->domain, buf_slice(&text));
        buf_clear(&text);
        buf_addf(&text, "v=TLSRPTv1; rua=mailto:postmaster@%s", w->domain);
        put_text(w, false, "_smtp._tls.", w->domain, buf_slice(&text));
        clock_iso(clock_now_us(), now);
        buf_clear(&text);
        buf_addf(&text, "v=STSv1; id=%.4s%.2s%.2s%.2s%.2s", now, now + 5, now + 8, now + 11,
                 now + 14);
        put_text(w, false, "_mta-sts.", w->domain, buf_slice(&text));
}

/* RFC 8461 3.2: it goes with the record at _mta-sts, and a web server has to give it. */
static void put_sts_policy(const struct wanted *w)
{
        AUTO_BUF(text, 1024);

        buf_addf(&text,
                 "https://mta-sts.%s/.well-known/mta-sts.txt has to give these lines:", w->domain);
        put_remark(w, "MTA-STS", text.ptr);
        put_remark(w, "MTA-STS", "version: STSv1");
        put_remark(w, "MTA-STS", "mode: enforce");
        buf_clear(&text);
        buf_addf(&text, "mx: %s", w->host);
        put_remark(w, "MTA-STS", text.ptr);
        put_remark(w, "MTA-STS", "max_age: 604800");
}

/* ---- certificates ---- */

/* The octets that a selector stands for: RFC 6698 2.1.2. The caller frees them. */
static int selected(X509 *certificate, unsigned selector, unsigned char **ret_octets)
{
        *ret_octets = NULL;
        return selector ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), ret_octets)
                        : i2d_X509(certificate, ret_octets);
}

/* "3 1 1 0123…"; false: there is no memory for it. */
static bool put_digest(X509 *certificate, unsigned usage, unsigned selector, unsigned matching,
                       struct buf *out)
{
        unsigned char *octets, digest[EVP_MAX_MD_SIZE];
        unsigned n_digest = 0;
        int n = selected(certificate, selector, &octets);
        enum err err;

        if (n <= 0)
                return false;
        n = EVP_Digest(octets, (size_t)n, digest, &n_digest,
                       matching == 1 ? EVP_sha256() : EVP_sha512(), NULL);
        OPENSSL_free(octets);
        buf_addf(out, "%u %u %u ", usage, selector, matching);
        err = text_hex((struct slice){ (char *)digest, n_digest }, out);
        return n == 1 && !err;
}

/* Records that this certificate of the chain fulfils: usage 3 the first, 2 those above it. */
static void put_alike(X509 *certificate, unsigned usage, json_t *alike)
{
        for (unsigned selector = 0; selector <= 1; selector++)
                for (unsigned matching = 1; matching <= 2; matching++) {
                        AUTO_BUF(text, 256);

                        if (put_digest(certificate, usage, selector, matching, &text))
                                json_array_append_new(alike, json_string(text.ptr));
                }
}

/* RFC 7672 3.1: DANE-EE, SPKI, SHA-256 is what we print. */
static void put_certificate(const struct wanted *w, const char *path)
{
        AUTO_BUF(value, 256);
        AUTO_BUF(name, 1024);
        FILE *file = path ? fopen(path, "re") : NULL;
        X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL, *above;

        buf_addf(&name, "_25._tcp.%s.", w->host);
        if (certificate && X509_check_host(certificate, w->host, 0, 0, NULL) == 1 &&
            put_digest(certificate, 3, 1, 1, &value)) {
                json_t *row = ctl_dns_put_row(w->rows, false, "TLSA", value.ptr, name.ptr);
                json_t *alike = json_array();

                json_object_set_new(row, "alike", alike);
                put_alike(certificate, 3, alike);
                while ((above = PEM_read_X509(file, NULL, NULL, NULL))) {
                        put_alike(above, 2, alike);
                        X509_free(above);
                }
        }
        X509_free(certificate);
        if (file)
                fclose(file);
}

static void put_certificates(const struct wanted *w)
{
        const struct tls_config *tls = &w->config->tls;
        const struct tls_pair_config *more = tls->more.items;

        put_certificate(w, tls->certificate);
        for (size_t i = 0; i < tls->more.n; i++)
                put_certificate(w, more[i].certificate);
}

/* ---- where mail programs find us ---- */

static void put_services(const struct wanted *w)
{
        static const enum service_id services[] = { SERVICE_SUBMISSIONS, SERVICE_SUBMISSION,
                                                    SERVICE_IMAPS, SERVICE_IMAP, SERVICE_POP3S };

        for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
                const struct conf_ports *ports = &w->config->listen[services[i]].port;
                AUTO_BUF(name, 1024);
                AUTO_BUF(value, 1024);

                if (!ports->n || !ports->items[0])
                        continue;
                buf_addf(&name, "_%s._tcp.%s.", service_name(services[i]), w->domain);
                buf_addf(&value, "%zu 1 %d %s.", i, (int)ports->items[0], w->host);
                ctl_dns_put_row(w->rows, false, "SRV", value.ptr, name.ptr);
        }
}

static void put_addresses(const struct wanted *w)
{
        AUTO_BUF(text, 1024);

        buf_addf(&text, "%s. needs A and AAAA records of this server's public addresses", w->host);
        put_remark(w, "A", text.ptr);
        buf_clear(&text);
        buf_addf(&text, "whoever gave you those addresses sets their PTR records to %s.", w->host);
        put_remark(w, "PTR", text.ptr);
}

/* Only what the table names is printed. */
static void forget_helpers(json_t *rows)
{
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
        {
                json_object_del(row, "text");
                json_object_del(row, "alike");
                json_object_del(row, "needed");
        }
}

static enum err dns_digest(const struct config *config, const json_t *args, const json_t *keys,
                           json_t *printed)
{
        AUTO_BUF(domain, 512);
        struct wanted w = { .rows = printed, .config = config, .host = config->main.hostname };
        enum err err = store_domain_normalise(
                slice_of(json_string_value(json_object_get(args, "DOMAIN"))), &domain);

        if (err)
                return err;
        w.domain = domain.ptr;
        put_routing(&w);
        put_addresses(&w);
        put_keys(&w, keys);
        put_policies(&w);
        put_sts_policy(&w);
        put_certificates(&w);
        put_services(&w);
        if (json_is_true(json_object_get(args, "--check")))
                err = ctl_dns_check(config, printed);
        forget_helpers(printed);
        return err;
}

const struct ctl_command ctl_domain_dns = {
        .group = "domain",
        .name = "dns",
        .help = "Prints the records to publish for a domain, as a zone file has them, or checks "
                "those that are published.",
        .params = dns_params,
        .columns = (const char *const[]){"name", "type", "value", "state", "found", "fix", NULL},
        .place = CTL_READ,
        .work = ctl_dkim_list_keys,
        .digest = dns_digest,
};
