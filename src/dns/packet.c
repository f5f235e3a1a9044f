/*
 * packet.c — a DNS message as it comes over the wire: RFC 1035 4.1, 4.1.4.
 *
 * Everything in it is somebody else's: every count, length and pointer is
 * checked against the octets that are there. Names come out in lower case with
 * what is not a letter, digit, hyphen or underscore escaped as \DDD, so that no
 * octet of a label can pass for a dot or reach a log.
 */
#include "mailserver/core/arena.h"
#include "mailserver/dns/resolver.h"

#include <arpa/nameser.h>
#include <stdio.h>

enum {
        HEADER_OCTETS = 12,
        MAX_NAME_WIRE = 255,               /* RFC 1035 2.3.4 */
        MAX_NAME_TEXT = MAX_NAME_WIRE * 4, /* every octet escaped */
        MAX_CNAMES = 16,
        POINTER = 0xc0, /* RFC 1035 4.1.4 */
};

struct name {
        char text[MAX_NAME_TEXT + 1];
        size_t len;
};

/* What is left to read of a packet; `bad` once something was not there. */
struct reader {
        struct slice packet;
        size_t at;
        bool bad;
};

static unsigned octet_at(const struct reader *r, size_t at)
{
        return (unsigned char)r->packet.ptr[at];
}

static unsigned get(struct reader *r, unsigned octets)
{
        unsigned value = 0;

        if (r->packet.len - r->at < octets) {
                r->bad = true;
                return 0;
        }
        while (octets--)
                value = value << 8 | octet_at(r, r->at++);
        return value;
}

static void name_add(struct name *n, unsigned octet)
{
        char c = ascii_lower((char)octet);

        if (ascii_alnum(c) || c == '-' || c == '_')
                n->text[n->len++] = c;
        else
                n->len += (size_t)snprintf(n->text + n->len, 5, "\\%03u", octet);
}

/* Adds a label; false if it is not all there. */
static bool add_label(const struct reader *r, size_t at, unsigned length, struct name *n)
{
        if (r->packet.len - at < length)
                return false;
        if (n->len)
                n->text[n->len++] = '.';
        for (unsigned i = 0; i < length; i++)
                name_add(n, octet_at(r, at + i));
        return true;
}

/* A pointer must lead backwards, each further than the one before: so it ends. */
static void get_name(struct reader *r, struct name *n)
{
        size_t at = r->at, least = r->at, wire = 1;
        bool jumped = false;

        n->len = 0;
        while (at < r->packet.len) {
                unsigned length = octet_at(r, at++);

                if (length >= POINTER) {
                        if (at == r->packet.len)
                                break;
                        if (!jumped)
                                r->at = at + 1;
                        jumped = true;
                        at = (length & ~(unsigned)POINTER) << 8 | octet_at(r, at);
                        if (at >= least)
                                break;
                        least = at;
                        continue;
                }
                wire += length + 1;
                if (length > NS_MAXLABEL || wire > MAX_NAME_WIRE)
                        break;
                if (length == 0) {
                        if (!jumped)
                                r->at = at;
                        n->text[n->len] = '\0';
                        return;
                }
                if (!add_label(r, at, length, n))
                        break;
                at += length;
        }
        r->bad = true;
        n->len = 0;
        n->text[0] = '\0';
}

/* ---- records ---- */

/* One resource record: where its data stands. */
struct rr {
        struct name owner;
        unsigned type, class;
        uint32_t ttl;
        size_t data, end;
};

static bool get_rr(struct reader *r, struct rr *rr)
{
        unsigned length;

        get_name(r, &rr->owner);
        rr->type = get(r, 2);
        rr->class = get(r, 2);
        rr->ttl = get(r, 4);
        length = get(r, 2);
        if (r->bad || r->packet.len - r->at < length)
                return false;
        if (rr->ttl > INT32_MAX) /* RFC 2181 8 */
                rr->ttl = 0;
        rr->data = r->at;
        rr->end = r->at + length;
        r->at = rr->end;
        return true;
}

/* What is asked for, and where its answer is gathered. */
struct parse {
        struct slice packet;
        enum dns_type type;
        struct arena *arena;
        unsigned answers; /* the header's count */
        size_t first;     /* where the answer section begins */
        struct name name; /* asked, and then where CNAMEs lead */
        struct dns_answer *answer;
};

static enum err keep_name(struct parse *p, const struct name *name, const char **ret)
{
        *ret = arena_copy(p->arena, (struct slice){ name->text, name->len }).ptr;
        return *ret ? ERR_OK : ERR_LIMIT;
}

static enum err read_name(struct parse *p, struct reader *r, size_t end, const char **ret)
{
        struct name name;

        get_name(r, &name);
        if (r->bad || r->at != end)
                return ERR_SYNTAX;
        return keep_name(p, &name, ret);
}

/* Strings joined without anything between: RFC 7208 3.3, RFC 6376 3.6.2.2. */
static enum err read_txt(struct parse *p, struct reader *r, size_t end, struct slice *ret)
{
        size_t length = 0;
        char *text = arena_alloc(p->arena, end - r->at + 1);

        if (!text)
                return ERR_LIMIT;
        while (r->at < end) {
                unsigned n = get(r, 1);

                if (end - r->at < n)
                        return ERR_SYNTAX;
                memcpy(text + length, r->packet.ptr + r->at, n);
                length += n;
                r->at += n;
        }
        *ret = (struct slice){ text, length };
        return ERR_OK;
}

static enum err read_octets(struct parse *p, const struct reader *r, size_t end, struct slice *ret)
{
        *ret = arena_copy(p->arena, (struct slice){ r->packet.ptr + r->at, end - r->at });
        return ret->ptr ? ERR_OK : ERR_LIMIT;
}

static enum err read_ip(const struct reader *r, size_t end, size_t length, uint8_t ip[16])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

        if (end - r->at != length)
                return ERR_SYNTAX;
        memcpy(ip, mapped, sizeof mapped);
        memcpy(ip + 16 - length, r->packet.ptr + r->at, length);
        return ERR_OK;
}

static enum err read_record(struct parse *p, const struct rr *rr, struct dns_record *record)
{
        struct reader r = {
                .packet = {p->packet.ptr, rr->end},
                  .at = rr->data
        };
        enum err err = ERR_SYNTAX;

        switch (p->type) {
        case DNS_A:
                err = read_ip(&r, rr->end, 4, record->ip);
                break;
        case DNS_AAAA:
                err = read_ip(&r, rr->end, 16, record->ip);
                break;
        case DNS_CNAME:
        case DNS_PTR:
                err = read_name(p, &r, rr->end, &record->name);
                break;
        case DNS_MX:
                record->preference = (uint16_t)get(&r, 2);
                err = read_name(p, &r, rr->end, &record->name);
                break;
        case DNS_SRV: /* RFC 2782 */
                record->preference = (uint16_t)get(&r, 2);
                record->weight = (uint16_t)get(&r, 2);
                record->port = (uint16_t)get(&r, 2);
                err = read_name(p, &r, rr->end, &record->name);
                break;
        case DNS_TXT:
                err = read_txt(p, &r, rr->end, &record->octets);
                break;
        case DNS_TLSA: /* RFC 6698 2.1 */
                record->usage = (uint8_t)get(&r, 1);
                record->selector = (uint8_t)get(&r, 1);
                record->matching = (uint8_t)get(&r, 1);
                err = r.bad ? ERR_SYNTAX : read_octets(p, &r, rr->end, &record->octets);
                break;
        }
        return r.bad ? ERR_SYNTAX : err;
}

/* ---- the answer section ---- */

static void least_ttl(struct parse *p, uint32_t ttl)
{
        if (ttl < p->answer->ttl)
                p->answer->ttl = ttl;
}

static bool owned(const struct parse *p, const struct rr *rr, unsigned type)
{
        return rr->type == type && rr->class == ns_c_in && rr->owner.len == p->name.len &&
               memcmp(rr->owner.text, p->name.text, p->name.len) == 0;
}

/* The next name of the chain, if a CNAME of the present one is there. */
static enum err follow_cname(struct parse *p, bool *ret_found)
{
        struct reader r = { .packet = p->packet, .at = p->first };

        *ret_found = false;
        for (unsigned i = 0; i < p->answers; i++) {
                struct rr rr;

                if (!get_rr(&r, &rr))
                        return ERR_SYNTAX;
                if (!owned(p, &rr, ns_t_cname))
                        continue;
                r.at = rr.data;
                get_name(&r, &p->name);
                *ret_found = true;
                least_ttl(p, rr.ttl);
                return r.bad || r.at != rr.end ? ERR_SYNTAX : ERR_OK;
        }
        return ERR_OK;
}

static enum err follow_cnames(struct parse *p)
{
        bool found = p->type != DNS_CNAME;
        enum err err = ERR_OK;

        for (unsigned i = 0; !err && found; i++) {
                if (i > MAX_CNAMES)
                        return ERR_SYNTAX;
                err = follow_cname(p, &found);
        }
        return err;
}

static enum err count_records(struct parse *p, size_t *ret_n, size_t *ret_end)
{
        struct reader r = { .packet = p->packet, .at = p->first };

        *ret_n = 0;
        for (unsigned i = 0; i < p->answers; i++) {
                struct rr rr;

                if (!get_rr(&r, &rr))
                        return ERR_SYNTAX;
                *ret_n += owned(p, &rr, p->type);
        }
        *ret_end = r.at;
        return ERR_OK;
}

static enum err read_records(struct parse *p, size_t n)
{
        struct reader r = { .packet = p->packet, .at = p->first };
        struct dns_record *records = arena_alloc(p->arena, n * sizeof *records);
        enum err err = records ? ERR_OK : ERR_LIMIT;

        p->answer->records = records;
        for (unsigned i = 0; !err && i < p->answers; i++) {
                struct rr rr;

                if (!get_rr(&r, &rr))
                        return ERR_SYNTAX;
                if (!owned(p, &rr, p->type))
                        continue;
                least_ttl(p, rr.ttl);
                err = read_record(p, &rr, &records[p->answer->n++]);
        }
        return err;
}

/* How long "there is none" holds: RFC 2308 5. */
static enum err read_negative_ttl(struct parse *p, size_t at, unsigned authorities)
{
        struct reader r = { .packet = p->packet, .at = at };
        struct name name;

        for (unsigned i = 0; i < authorities; i++) {
                struct rr rr;

                if (!get_rr(&r, &rr))
                        return ERR_SYNTAX;
                if (rr.type != ns_t_soa)
                        continue;
                r.at = rr.data;
                get_name(&r, &name);
                get_name(&r, &name);
                get(&r, 4), get(&r, 4), get(&r, 4), get(&r, 4);
                least_ttl(p, rr.ttl);
                least_ttl(p, get(&r, 4));
                return r.bad || r.at != rr.end ? ERR_SYNTAX : ERR_OK;
        }
        p->answer->ttl = 0;
        return ERR_OK;
}

/* ---- the message ---- */

static const char *rcode_name(unsigned rcode)
{
        switch (rcode) {
        case ns_r_formerr:
                return "FORMERR";
        case ns_r_servfail:
                return "SERVFAIL";
        case ns_r_notimpl:
                return "NOTIMP";
        case ns_r_refused:
                return "REFUSED";
        default:
                return "an error of the name server";
        }
}

static enum err read_answers(struct parse *p, unsigned rcode, unsigned authorities)
{
        struct dns_answer *answer = p->answer;
        size_t n, end;
        enum err err = follow_cnames(p);

        if (!err)
                err = keep_name(p, &p->name, &answer->canonical);
        if (!err)
                err = count_records(p, &n, &end);
        if (err)
                return err;
        if (rcode == ns_r_noerror && n) {
                answer->status = DNS_OK;
                return read_records(p, n);
        }
        answer->status = rcode == ns_r_nxdomain ? DNS_NXDOMAIN : DNS_NODATA;
        answer->why = rcode == ns_r_nxdomain ? "no such name" : "no such record";
        return read_negative_ttl(p, end, authorities);
}

static enum err set_name(struct parse *p, const char *name)
{
        struct slice text = slice_of(name);

        if (text.len && text.ptr[text.len - 1] == '.')
                text.len--;
        if (text.len > MAX_NAME_WIRE)
                return ERR_SYNTAX;
        for (size_t i = 0; i < text.len; i++)
                p->name.text[i] = ascii_lower(text.ptr[i]);
        p->name.len = text.len;
        p->name.text[text.len] = '\0';
        return ERR_OK;
}

enum err dns_parse(struct slice packet, const char *name, enum dns_type type, struct arena *arena,
                   struct dns_answer *ret_answer)
{
        struct parse p = { .packet = packet, .type = type, .arena = arena, .answer = ret_answer };
        struct reader r = { .packet = packet };
        unsigned flags, questions, authorities, rcode;

        *ret_answer = (struct dns_answer){ .status = DNS_TEMPORARY, .ttl = UINT32_MAX };
        if (packet.len < HEADER_OCTETS || set_name(&p, name))
                return ERR_SYNTAX;
        get(&r, 2);
        flags = get(&r, 2);
        questions = get(&r, 2);
        p.answers = get(&r, 2);
        authorities = get(&r, 2);
        get(&r, 2);
        rcode = flags & 0xf;
        for (unsigned i = 0; !r.bad && i < questions; i++) {
                struct name ignored;

                get_name(&r, &ignored);
                get(&r, 4);
        }
        if (r.bad)
                return ERR_SYNTAX;
        p.first = r.at;
        if (rcode == ns_r_noerror || rcode == ns_r_nxdomain)
                return read_answers(&p, rcode, authorities);
        ret_answer->ttl = 0;
        ret_answer->why = rcode_name(rcode);
        return keep_name(&p, &p.name, &ret_answer->canonical);
}
