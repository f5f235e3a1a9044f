/* helper_packet.c — see helper_packet.h. */
#include "helper_packet.h"

#include <arpa/nameser.h>

static void put(struct buf *p, unsigned value, unsigned octets)
{
        while (octets--)
                buf_addc(p, (char)(octets < sizeof value ? value >> 8 * octets : 0));
}

void packet_name(struct buf *p, const char *name)
{
        struct slice rest = slice_of(name), label;

        while (rest.len) {
                if (!slice_cut(&rest, '.', &label)) {
                        label = rest;
                        rest = SLICE("");
                }
                put(p, (unsigned)label.len, 1);
                buf_add(p, label);
        }
        put(p, 0, 1);
}

void packet_begin(struct buf *p, unsigned rcode, const char *name, unsigned type)
{
        buf_clear(p);
        put(p, 0x1234, 2);
        put(p, 0x8180 | rcode, 2);
        put(p, 1, 2);
        put(p, 0, 6);
        packet_name(p, name);
        put(p, type, 2);
        put(p, ns_c_in, 2);
}

static void count(struct buf *p, size_t at)
{
        unsigned n = (unsigned char)p->ptr[at] << 8 | (unsigned char)p->ptr[at + 1];

        n++;
        p->ptr[at] = (char)(n >> 8);
        p->ptr[at + 1] = (char)n;
}

static void add_rr(struct buf *p, const char *owner, unsigned type, unsigned ttl, struct slice data)
{
        packet_name(p, owner);
        put(p, type, 2);
        put(p, ns_c_in, 2);
        put(p, ttl, 4);
        put(p, (unsigned)data.len, 2);
        buf_add(p, data);
}

void packet_rr(struct buf *p, const char *owner, unsigned type, unsigned ttl, struct slice data)
{
        add_rr(p, owner, type, ttl, data);
        count(p, 6);
}

void packet_soa(struct buf *p, const char *owner, unsigned ttl, unsigned minimum)
{
        AUTO_BUF(data, PACKET_MAX);

        packet_name(&data, "ns.example.org");
        packet_name(&data, "root.example.org");
        put(&data, 1, 4), put(&data, 2, 4), put(&data, 3, 4), put(&data, 4, 4);
        put(&data, minimum, 4);
        add_rr(p, owner, ns_t_soa, ttl, buf_slice(&data));
        count(p, 8);
}

void packet_mx(struct buf *p, const char *owner, unsigned preference, const char *host)
{
        AUTO_BUF(data, PACKET_MAX);

        put(&data, preference, 2);
        packet_name(&data, host);
        packet_rr(p, owner, ns_t_mx, 300, buf_slice(&data));
}
