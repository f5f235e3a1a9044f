/*
 * dns_text.c — see dns_text.h.
 *
 * Both kinds of record are tags, "name=value", with semicolons between them. What
 * a tag may be is in a table; tags that are in none are other people's business
 * (RFC 7489 6.3, RFC 8460 3).
 */
#include "dns_text.h"

#include <stddef.h>

struct tag_rule {
        const char *name;
        bool (*valid)(struct slice value);
        const char *wrong;
};

/* The next piece before `stop`, without blanks around it; empty ones are passed over. */
static bool next_piece(struct slice *rest, char stop, struct slice *ret_piece)
{
        while (rest->len) {
                *ret_piece = slice_trim(slice_cut_piece(rest, stop));
                if (ret_piece->len)
                        return true;
        }
        return false;
}

static bool next_tag(struct slice *record, struct slice *ret_name, struct slice *ret_value)
{
        struct slice tag;
        ptrdiff_t at;

        if (!next_piece(record, ';', &tag))
                return false;
        at = slice_find(tag, '=');
        *ret_name = slice_trim(slice_head(tag, at < 0 ? tag.len : (size_t)at));
        *ret_value = at < 0 ? (struct slice){ 0 } : slice_trim(slice_from(tag, (size_t)at + 1));
        return true;
}

/* ---- values ---- */

static bool is_policy(struct slice value)
{
        return slice_eq_word(value, SLICE("none")) || slice_eq_word(value, SLICE("quarantine")) ||
               slice_eq_word(value, SLICE("reject"));
}

static bool is_alignment(struct slice value)
{
        return slice_eq_word(value, SLICE("r")) || slice_eq_word(value, SLICE("s"));
}

static bool is_percentage(struct slice value)
{
        uint64_t n;

        return slice_number(value, &n) && n <= 100;
}

static bool is_interval(struct slice value)
{
        uint64_t n;

        return slice_number(value, &n) && n <= UINT32_MAX;
}

static bool is_report_choice(struct slice value)
{
        struct slice one;

        while (next_piece(&value, ':', &one)) {
                if (one.len != 1 || slice_find(SLICE("01ds"), one.ptr[0]) < 0)
                        return false;
        }
        return true;
}

static bool is_uri(struct slice uri)
{
        static const struct slice mailto = { "mailto:", 7 };

        if (!slice_eq_word(slice_head(uri, mailto.len), mailto))
                return slice_eq_word(slice_head(uri, 8), SLICE("https://")) && uri.len > 8;
        uri = slice_from(uri, mailto.len);
        return slice_find(uri, '@') > 0 && slice_find(uri, ' ') < 0 &&
               (size_t)slice_rfind(uri, '@') + 1 < uri.len;
}

static bool are_uris(struct slice value)
{
        struct slice one;

        bool any = false;

        while (next_piece(&value, ',', &one)) {
                if (!is_uri(one))
                        return false;
                any = true;
        }
        return any;
}

/* ---- records ---- */

static const struct tag_rule dmarc_rules[] = {
        {"p",      is_policy,        "p= must be none, quarantine or reject"                },
        { "sp",    is_policy,        "sp= must be none, quarantine or reject"               },
        { "np",    is_policy,        "np= must be none, quarantine or reject"               },
        { "adkim", is_alignment,     "adkim= must be r or s"                                },
        { "aspf",  is_alignment,     "aspf= must be r or s"                                 },
        { "pct",   is_percentage,    "pct= must be a number from 0 to 100"                  },
        { "ri",    is_interval,      "ri= must be a number of seconds"                      },
        { "fo",    is_report_choice, "fo= must be of 0, 1, d and s, with colons between"    },
        { "rua",   are_uris,         "rua= must be addresses such as mailto:you@example.org"},
        { "ruf",   are_uris,         "ruf= must be addresses such as mailto:you@example.org"},
        { NULL,    NULL,             NULL                                                   },
};
static const struct tag_rule tlsrpt_rules[] = {
        {"rua", are_uris, "rua= must be addresses such as mailto:you@example.org"},
        { NULL, NULL,     NULL                                                   },
};

static const char *rule_broken(const struct tag_rule *rules, struct slice name, struct slice value)
{
        for (; rules->name; rules++)
                if (slice_eq_word(name, slice_of(rules->name)))
                        return rules->valid(value) ? NULL : rules->wrong;
        return NULL;
}

/* `second` must follow the version; *ret_second: NULL, or what is wrong where it does not. */
static const char *record_wrong(struct slice record, struct slice version,
                                const struct tag_rule *rules, struct slice second,
                                const char *not_second)
{
        struct slice name, value;
        bool first = true, seen = false;

        if (!slice_starts(record, SLICE("v")) || !next_tag(&record, &name, &value) ||
            !slice_eq(name, SLICE("v")) || !slice_eq(value, version))
                return "it must begin with its version, letter by letter";
        for (; next_tag(&record, &name, &value); first = false) {
                const char *wrong = rule_broken(rules, name, value);

                if (!value.ptr)
                        return "there is a word without \"=\" in it";
                if (wrong)
                        return wrong;
                seen |= slice_eq_word(name, second);
                if (first && !seen)
                        return not_second;
        }
        return seen ? NULL : not_second;
}

const char *dns_text_dmarc_wrong(struct slice record)
{
        return record_wrong(record, SLICE("DMARC1"), dmarc_rules, SLICE("p"),
                            "p= must come right after v=DMARC1");
}

/* What follows the "@", up to a limit of size (RFC 7489 6.2: "!10m"); empty: it is no mailto. */
static struct slice domain_of_uri(struct slice uri)
{
        ptrdiff_t at = slice_rfind(uri, '@');

        if (!slice_skip_word(&uri, SLICE("mailto:")) || at < 0)
                return SLICE("");
        uri = slice_from(uri, (size_t)slice_rfind(uri, '@') + 1);
        return slice_cut_piece(&uri, '!');
}

bool dns_text_next_report(struct dns_text_reports *r, struct slice *ret_domain)
{
        struct slice name, value, uri;

        for (;;) {
                while (next_piece(&r->list, ',', &uri)) {
                        *ret_domain = domain_of_uri(uri);
                        if (ret_domain->len)
                                return true;
                }
                if (!next_tag(&r->record, &name, &value))
                        return false;
                if (slice_eq_word(name, SLICE("rua")) || slice_eq_word(name, SLICE("ruf")))
                        r->list = value;
        }
}

const char *dns_text_tlsrpt_wrong(struct slice record)
{
        return record_wrong(record, SLICE("TLSRPTv1"), tlsrpt_rules, SLICE("rua"),
                            "rua= must come right after v=TLSRPTv1");
}
