/*
 * sts_fetch.c — see sts_fetch.h.
 *
 * A and AAAA of mta-sts.DOMAIN are asked at once; what may be used of them is
 * given to curl, which then has no name to resolve. The time-out is that of
 * the whole: a server that sends an octet a second does not stretch it.
 */
#include "sts_fetch.h"

#include "curl_loop.h"
#include "sts_decide.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/loop.h"
#include "mailserver/dns/name.h"
#include "mailserver/dns/resolver.h"
#include "mailserver/net/address.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { MAX_OF_TYPE = 4, MAX_URL = 400 };

static const enum dns_type types[] = { DNS_AAAA, DNS_A };
enum { TYPES = sizeof types / sizeof *types };
enum { MAX_RESOLVE = 1024 }; /* a name and 8 addresses take less */

struct sts_fetch {
        struct curl_loop *curl;
        const struct curl_library *library; /* of `curl` */
        struct loop *loop;
        const struct sts_options *options;
        void *owner;
        sts_fetched_fn *fetched;
        char host[DNS_MAX_NAME + 1];
        struct dns_query *queries[TYPES];
        struct buf addresses; /* "+host:443:[2001:db8::1],192.0.2.1" */
        size_t n_addresses;
        bool refused;       /* a private one */
        struct timer timer; /* the end, or one that comes at once */
        int64_t began_ms;
        CURL *easy;
        struct curl_slist *resolve;
        struct curl_transfer transfer;
        size_t header_octets;
        bool too_large;
        struct buf text;
        char problem[CURL_ERROR_SIZE];
};

static void fetch_free(struct sts_fetch *f)
{
        for (size_t i = 0; i < TYPES; i++)
                dns_query_cancel(f->queries[i]);
        curl_loop_stop(f->curl, &f->transfer);
        if (f->easy)
                f->library->easy_cleanup(f->easy);
        f->library->slist_free_all(f->resolve);
        timer_done(&f->timer);
        buf_done(&f->addresses);
        buf_done(&f->text);
        mem_free(f);
}

void sts_fetch_cancel(struct sts_fetch *f)
{
        if (f)
                fetch_free(f);
}

static void end(struct sts_fetch *f, const char *why)
{
        f->fetched(f->owner, buf_slice(&f->text), why);
        fetch_free(f);
}

/* ---- HTTPS ---- */

/* NOLINTNEXTLINE(readability-non-const-parameter): as curl wants it */
static size_t take_header(char *octets, size_t size, size_t n, void *arg)
{
        struct sts_fetch *f = arg;

        (void)octets;
        f->header_octets += size * n;
        f->too_large = f->header_octets > f->options->max_size;
        return f->too_large ? 0 : size * n;
}

/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take_text(char *octets, size_t size, size_t n, void *arg)
{
        struct sts_fetch *f = arg;

        f->too_large = buf_put(&f->text, (struct slice){ octets, size * n }) != ERR_OK;
        return f->too_large ? 0 : size * n;
}

static void transfer_ended(void *owner, CURLcode code)
{
        struct sts_fetch *f = owner;
        const char *type = NULL;
        long status = 0;

        if (f->too_large) {
                end(f, "more than a policy may have");
        } else if (code) {
                end(f, f->problem[0] ? f->problem : f->library->easy_strerror(code));
        } else {
                f->library->easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
                f->library->easy_getinfo(f->easy, CURLINFO_CONTENT_TYPE, &type);
                end(f, sts_response_wrong(status, type));
        }
}

/*
 * The name must be one of subjectAltName's (RFC 8461 3.3); curl alone would take a common name
 * where there is none.
 */
static CURLcode check_names(CURL *easy, void *ssl_context, void *arg)
{
        X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl_context);
        const struct sts_fetch *f = arg;

        (void)easy;
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                                       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        return X509_VERIFY_PARAM_set1_host(param, f->host, 0) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* Of what could be asked of curl: only HTTPS, only this host, only these addresses. */
static void set_limits(struct sts_fetch *f, int64_t left_ms)
{
        __typeof__(curl_easy_setopt) *set = f->library->easy_setopt;
        CURL *easy = f->easy;

        set(easy, CURLOPT_PROTOCOLS_STR, "https");
        set(easy, CURLOPT_FOLLOWLOCATION, 0L);
        set(easy, CURLOPT_PROXY, ""); /* nor what the environment says */
        set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        set(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
        set(easy, CURLOPT_SSL_CTX_FUNCTION, check_names);
        set(easy, CURLOPT_SSL_CTX_DATA, f);
        if (f->options->ca_file)
                set(easy, CURLOPT_CAINFO, f->options->ca_file);
        set(easy, CURLOPT_ACCEPT_ENCODING, NULL);
        set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
        set(easy, CURLOPT_FORBID_REUSE, 1L);
        set(easy, CURLOPT_NOSIGNAL, 1L);
        set(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
        /* Longer than the transfer: an entry that is too old would be resolved by curl. */
        set(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)(left_ms / 1000 + 60));
}

static void connect_to(struct sts_fetch *f, int64_t left_ms)
{
        __typeof__(curl_easy_setopt) *set = f->library->easy_setopt;
        char url[MAX_URL];

        snprintf(url, sizeof url, "https://%s:%u/.well-known/mta-sts.txt", f->host,
                 f->options->port);
        f->resolve = f->library->slist_append(NULL, f->addresses.ptr);
        f->easy = f->library->easy_init();
        set_limits(f, left_ms);
        set(f->easy, CURLOPT_URL, url);
        set(f->easy, CURLOPT_RESOLVE, f->resolve);
        set(f->easy, CURLOPT_USERAGENT, "mailserver");
        set(f->easy, CURLOPT_HEADERFUNCTION, take_header);
        set(f->easy, CURLOPT_HEADERDATA, f);
        set(f->easy, CURLOPT_WRITEFUNCTION, take_text);
        set(f->easy, CURLOPT_WRITEDATA, f);
        set(f->easy, CURLOPT_ERRORBUFFER, f->problem);
        f->transfer =
                (struct curl_transfer){ .easy = f->easy, .owner = f, .ended = transfer_ended };
        curl_loop_start(f->curl, &f->transfer);
}

/* ---- addresses ---- */

/* False: not one that is asked. */
static bool add_address(struct sts_fetch *f, const uint8_t ip[16])
{
        struct net_address a = net_address_of(ip);
        char text[NET_ADDRESS_TEXT];

        if (!f->options->private_addresses && !net_address_is_public(&a)) {
                f->refused = true;
                return false;
        }
        net_address_text(&a, text);
        buf_addf(&f->addresses, "%s", f->n_addresses++ ? "," : "");
        buf_addf(&f->addresses, net_address_is_v4(&a) ? "%s" : "[%s]", text);
        return true;
}

static void out_of_time(void *arg)
{
        end(arg, "timed out");
}

static void addresses_known(struct sts_fetch *f)
{
        int64_t left_ms = f->options->timeout_ms - (loop_now_ms(f->loop) - f->began_ms);

        timer_clear(&f->timer);
        if (!f->n_addresses)
                end(f, f->refused ? "its addresses are private" : "no addresses");
        else if (left_ms <= 0)
                end(f, "timed out");
        else
                connect_to(f, left_ms);
}

static void heard(struct sts_fetch *f, size_t which, const struct dns_answer *answer)
{
        size_t taken = 0;

        f->queries[which] = NULL;
        for (size_t i = 0; answer->status == DNS_OK && i < answer->n && taken < MAX_OF_TYPE; i++)
                taken += add_address(f, answer->records[i].ip);
        for (size_t i = 0; i < TYPES; i++)
                if (f->queries[i])
                        return;
        addresses_known(f);
}

static void heard_aaaa(void *owner, const struct dns_answer *answer)
{
        heard(owner, 0, answer);
}

static void heard_a(void *owner, const struct dns_answer *answer)
{
        heard(owner, 1, answer);
}

/* ---- */

static void no_such_host(void *arg)
{
        end(arg, "its name would be too long");
}

struct sts_fetch *sts_fetch(struct curl_loop *curl, struct loop *l, struct resolver *resolver,
                            const struct sts_options *options, const char *domain, void *owner,
                            sts_fetched_fn *fetched)
{
        static dns_answered_fn *const answered[TYPES] = { heard_aaaa, heard_a };
        struct sts_fetch *f = NEW(struct sts_fetch);
        int n = snprintf(f->host, sizeof f->host, "mta-sts.%s", domain);

        f->curl = curl;
        f->library = curl_loop_library(curl);
        f->loop = l;
        f->options = options;
        f->owner = owner;
        f->fetched = fetched;
        f->text.max = options->max_size;
        f->addresses.max = MAX_RESOLVE;
        f->began_ms = loop_now_ms(l);
        if (n < 0 || (size_t)n >= sizeof f->host) {
                timer_set(&f->timer, l, 0, no_such_host, f);
                return f;
        }
        /* "+": for the time of this fetch only. */
        buf_addf(&f->addresses, "+%s:%u:", f->host, options->port);
        timer_set(&f->timer, l, options->timeout_ms, out_of_time, f);
        for (size_t i = 0; i < TYPES; i++)
                f->queries[i] = resolver_ask(resolver, f->host, types[i], f, answered[i]);
        return f;
}
