/*
 * ctl_dns_check.c — domain dns --check: what is published, beside what should be.
 *
 * All questions are asked at once, on a loop of mailserverctl's own; then the
 * names of the addresses that came back.
 */
#include "config.h"
#include "ctl_dns.h"

#include "mailserver/core/buf.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/dns/resolver.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { MAX_ADDRESSES = 16, MAX_VALUES = 64, MAX_FOUND = 900 };

struct question {
        struct check *check;
        json_t *row; /* borrowed */
        enum dns_type type;
        enum dns_status status;
        bool secure;
        json_t *values; /* as a zone file has them; TXT: without quotes */
        char why_text[100];
};
struct check {
        struct loop *loop;
        struct resolver *resolver;
        size_t pending;
        unsigned char addresses[MAX_ADDRESSES][16];
        size_t n_addresses;
        bool bad; /* something needed is not right, or something is wrong */
};

static enum dns_type type_of(const char *name)
{
        static const struct {
                const char *name;
                enum dns_type type;
        } types[] = {
                {"A",     DNS_A   },
                { "AAAA", DNS_AAAA},
                { "MX",   DNS_MX  },
                { "PTR",  DNS_PTR },
                { "SRV",  DNS_SRV },
                { "TLSA", DNS_TLSA},
        };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
                if (strcmp(types[i].name, name) == 0)
                        return types[i].type;
        return DNS_TXT;
}

/* ---- answers ---- */

static void put_address(const struct dns_record *record, enum dns_type type, struct buf *out)
{
        char text[INET6_ADDRSTRLEN];

        if (type == DNS_A)
                inet_ntop(AF_INET, record->ip + 12, text, sizeof text);
        else
                inet_ntop(AF_INET6, record->ip, text, sizeof text);
        buf_add(out, slice_of(text));
}

/* What a stranger has published, for a terminal: escaped, and bounded. */
static json_t *value_of(const struct dns_record *record, enum dns_type type)
{
        AUTO_BUF(out, BUF_MAX);
        enum err err = ERR_OK;

        switch (type) {
        case DNS_A:
        case DNS_AAAA:
                put_address(record, type, &out);
                break;
        case DNS_MX:
                buf_addf(&out, "%u %s.", record->preference, LOG_ESC(slice_of(record->name)));
                break;
        case DNS_SRV:
                buf_addf(&out, "%u %u %u %s.", record->preference, record->weight, record->port,
                         LOG_ESC(slice_of(record->name)));
                break;
        case DNS_TLSA:
                buf_addf(&out, "%u %u %u ", record->usage, record->selector, record->matching);
                err = text_hex(slice_head(record->octets, 64), &out);
                break;
        case DNS_TXT:
                for (size_t i = 0; i < record->octets.len && i < 4096; i++) {
                        char c = record->octets.ptr[i];

                        buf_addc(&out, c >= ' ' && c <= '~' ? c : '?');
                }
                break;
        case DNS_PTR:
        case DNS_CNAME:
                buf_addf(&out, "%s.", LOG_ESC(slice_of(record->name)));
                break;
        }
        return err ? json_string("") : json_stringn(buf_slice(&out).ptr, out.len);
}

static void answered(void *owner, const struct dns_answer *answer)
{
        struct question *q = owner;
        struct check *check = q->check;

        check->pending--;
        q->status = answer->status;
        q->secure = answer->secure;
        snprintf(q->why_text, sizeof q->why_text, "%s", answer->why ? answer->why : "no answer");
        for (size_t i = 0; i < answer->n && i < MAX_VALUES; i++) {
                json_array_append_new(q->values, value_of(&answer->records[i], q->type));
                if ((q->type == DNS_A || q->type == DNS_AAAA) && check->n_addresses < MAX_ADDRESSES)
                        memcpy(check->addresses[check->n_addresses++], answer->records[i].ip, 16);
        }
}

/* Remarks are left out. The caller frees *ret_questions and each one's values. */
static size_t ask_all(struct check *check, json_t *rows, size_t from,
                      struct question **ret_questions)
{
        size_t n = json_array_size(rows) - from, used = 0;
        struct question *questions = mem_alloc_array(n + 1, sizeof *questions);

        for (size_t i = 0; i < n; i++) {
                json_t *row = json_array_get(rows, from + i);
                const char *name = json_string_value(json_object_get(row, "name"));
                struct question *q = &questions[used];

                if (name[0] == ';') {
                        check->bad |= json_is_true(json_object_get(row, "needed"));
                        continue;
                }
                used++;
                *q = (struct question){
                        .check = check,
                        .row = row,
                        .type = type_of(json_string_value(json_object_get(row, "type"))),
                        .values = json_array(),
                };
                check->pending++;
                resolver_ask(check->resolver, name, q->type, q, answered);
        }
        while (check->pending)
                loop_turn(check->loop, true);
        *ret_questions = questions;
        return used;
}

/* ---- verdicts ---- */

/* Records of one kind at a name begin alike: "v=spf1 ", "v=DMARC1;". */
static struct slice tag_of(struct slice text)
{
        size_t n = 0;

        while (n < text.len && text.ptr[n] != ';' && text.ptr[n] != ' ')
                n++;
        return slice_head(text, n);
}

static bool same_without_blanks(struct slice a, struct slice b)
{
        for (;;) {
                while (a.len && a.ptr[0] == ' ')
                        a = slice_from(a, 1);
                while (b.len && b.ptr[0] == ' ')
                        b = slice_from(b, 1);
                if (!a.len || !b.len)
                        return a.len == b.len;
                if (a.ptr[0] != b.ptr[0])
                        return false;
                a = slice_from(a, 1);
                b = slice_from(b, 1);
        }
}

/* Keys must be ours; policies are the administrator's own, if there is one and no more. */
static const char *judge_text(const struct question *q, struct slice text)
{
        bool key = slice_eq_word(tag_of(text), SLICE("v=DKIM1"));
        size_t alike = 0, i;
        const json_t *value;

        json_array_foreach(q->values, i, value)
        {
                struct slice found = slice_of(json_string_value(value));

                if (key && same_without_blanks(found, text))
                        return "right";
                alike += key || slice_eq_word(tag_of(found), tag_of(text));
        }
        if (!alike)
                return "missing";
        return alike == 1 && !key ? "right" : "wrong";
}

/* What follows the preference: another one than ours is as good. */
static const char *significant(const char *value, enum dns_type type)
{
        const char *blank = type == DNS_MX ? strchr(value, ' ') : NULL;

        return blank ? blank + 1 : value;
}

static const char *judge(const struct question *q)
{
        const json_t *text = json_object_get(q->row, "text");
        const char *wanted = json_string_value(json_object_get(q->row, "value"));
        const json_t *value;
        size_t i;

        if (q->status == DNS_TEMPORARY || q->status == DNS_BOGUS)
                return "unknown";
        if (q->status != DNS_OK)
                return "missing";
        if (text)
                return judge_text(q, slice_of(json_string_value(text)));
        if (q->type == DNS_A || q->type == DNS_AAAA)
                return "right";
        json_array_foreach(q->values, i, value)
        {
                if (slice_eq_word(slice_of(significant(json_string_value(value), q->type)),
                                  slice_of(significant(wanted, q->type))))
                        return "right";
        }
        return "wrong";
}

static void put_verdict(struct check *check, struct question *q)
{
        const char *state = judge(q);
        bool right = strcmp(state, "right") == 0;
        AUTO_BUF(found, MAX_FOUND);
        const json_t *value;
        size_t i;

        if (!right &&
            (strcmp(state, "wrong") == 0 || json_is_true(json_object_get(q->row, "needed"))))
                check->bad = true;
        if (q->status == DNS_TEMPORARY || q->status == DNS_BOGUS)
                buf_add(&found,
                        slice_of(q->status == DNS_BOGUS ? "wrong DNSSEC signatures" : q->why_text));
        json_array_foreach(q->values, i, value)
        {
                if (i)
                        buf_add(&found, SLICE(", "));
                buf_add(&found, slice_of(json_string_value(value)));
        }
        if (q->type == DNS_TLSA && right && !q->secure)
                buf_add(&found, SLICE(" (not secured by DNSSEC here: no server will use it)"));
        json_object_set_new(q->row, "state", json_string(state));
        json_object_set_new(q->row, "found", json_stringn(buf_slice(&found).ptr, found.len));
        json_decref(q->values);
}

/* ---- addresses and their names ---- */

static void put_row(json_t *rows, const char *name, const char *type, const char *value,
                    bool needed)
{
        json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:b}", "name", name, "type", type,
                                              "value", value, "needed", needed));
}

static void put_reverse(const unsigned char ip[16], const char *host, json_t *rows)
{
        static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
        AUTO_BUF(name, 100);

        if (memcmp(ip, mapped, sizeof mapped) == 0) {
                buf_addf(&name, "%u.%u.%u.%u.in-addr.arpa.", ip[15], ip[14], ip[13], ip[12]);
        } else {
                for (size_t i = 16; i > 0; i--)
                        buf_addf(&name, "%x.%x.", ip[i - 1] & 15U, ip[i - 1] >> 4);
                buf_add(&name, SLICE("ip6.arpa."));
        }
        put_row(rows, name.ptr, "PTR", host, true);
}

static void judge_all(struct check *check, json_t *rows, size_t from)
{
        struct question *questions;
        size_t n = ask_all(check, rows, from, &questions);

        for (size_t i = 0; i < n; i++)
                put_verdict(check, &questions[i]);
        mem_free(questions);
}

static bool check_init(struct check *check, const struct config *config)
{
        struct error error = { 0 };

        *check = (struct check){ .loop = loop_new() };
        check->resolver = resolver_new(check->loop, &config->resolver, &error);
        if (!check->resolver) {
                loop_free(check->loop);
                fprintf(stderr, "mailserverctl: %s\n", error.text);
        }
        return check->resolver;
}

static enum err check_done(struct check *check)
{
        resolver_free(check->resolver);
        loop_free(check->loop);
        return check->bad ? ERR_NOTFOUND : ERR_OK;
}

enum err ctl_dns_judge(const struct config *config, json_t *rows)
{
        struct check check;

        if (!check_init(&check, config))
                return ERR_IO;
        judge_all(&check, rows, 0);
        return check_done(&check);
}

enum err ctl_dns_check(const struct config *config, json_t *rows)
{
        struct check check;
        AUTO_BUF(host, 1024);
        size_t n;

        if (!check_init(&check, config))
                return ERR_IO;
        buf_addf(&host, "%s.", config->main.hostname);
        put_row(rows, host.ptr, "A", "an address", false);
        put_row(rows, host.ptr, "AAAA", "an address", false);
        judge_all(&check, rows, 0);
        check.bad |= check.n_addresses == 0;
        n = json_array_size(rows);
        for (size_t i = 0; i < check.n_addresses; i++)
                put_reverse(check.addresses[i], host.ptr, rows);
        judge_all(&check, rows, n);
        return check_done(&check);
}
