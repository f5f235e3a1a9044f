/* helper_names.c — see helper_names.h. */
#include "helper_names.h"

#include "helper_packet.h"

#include "mailserver/core/loop.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_NAMES = 64 };

struct names names;

static struct {
        char name[300], value[300];
        enum dns_type type;
} records[MAX_NAMES];
static size_t n_records;

static int fd;
static struct event *event;
static struct resolver_config config;
static char address[32];
static char *servers[] = { address };
/* Of a domain that no test asks for: what the server says is not signed, and need not be. */
static char anchor[] = "/tmp/mailserver-anchor-XXXXXX";

/* The question's name and type; where it ends. */
static size_t read_question(const char *octets, size_t n, char name[300], unsigned *ret_type)
{
        size_t at = 12, len = 0;

        while (at < n && octets[at]) {
                size_t label = (unsigned char)octets[at];

                ck_assert_uint_lt(at + label + 5, n);
                memcpy(name + len, octets + at + 1, label);
                len += label;
                name[len++] = '.';
                at += label + 1;
        }
        name[len ? len - 1 : 0] = '\0';
        *ret_type = (unsigned)(unsigned char)octets[at + 1] << 8 | (unsigned char)octets[at + 2];
        return at + 5;
}

static void add_record(struct buf *out, const char *name, enum dns_type type, const char *value)
{
        char data[300];
        size_t len = strlen(value);

        if (type == DNS_A) {
                ck_assert_int_eq(inet_pton(AF_INET, value, data), 1);
                packet_rr(out, name, DNS_A, 0, (struct slice){ data, 4 });
                return;
        }
        ck_assert_uint_lt(len, 256);
        data[0] = (char)len;
        memcpy(data + 1, value, len);
        packet_rr(out, name, type, 0, (struct slice){ data, len + 1 });
}

static unsigned answer_to(struct buf *out, const char *name, unsigned type)
{
        bool exists = false;

        for (size_t i = 0; i < n_records; i++) {
                if (!slice_eq_word(slice_of(records[i].name), slice_of(name)))
                        continue;
                exists = true;
                if ((unsigned)records[i].type != type || !records[i].value[0])
                        continue;
                if (strcmp(records[i].value, "SERVFAIL") == 0)
                        return RCODE_SERVFAIL;
                add_record(out, name, records[i].type, records[i].value);
        }
        return exists ? RCODE_OK : RCODE_NXDOMAIN;
}

static void on_question(evutil_socket_t socket_fd, short what, void *arg)
{
        char octets[4096], name[300];
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        unsigned type;
        AUTO_BUF(out, PACKET_MAX);
        ssize_t n = recvfrom(socket_fd, octets, sizeof octets, 0, (struct sockaddr *)&peer, &size);

        (void)what;
        (void)arg;
        ck_assert_int_gt(n, 12);
        names.asked++;
        buf_add(&out, (struct slice){ octets, read_question(octets, (size_t)n, name, &type) });
        out.ptr[2] = (char)(0x84 | (octets[2] & 1));
        memset(out.ptr + 6, 0, 6);
        out.ptr[3] = (char)(0x80 | answer_to(&out, name, type));
        ck_assert_int_eq(sendto(socket_fd, out.ptr, out.len, 0, (struct sockaddr *)&peer, size),
                         out.len);
}

void names_set(const char *name, enum dns_type type, const char *value)
{
        size_t i = 0;

        while (i < n_records && (records[i].type != type || strcmp(records[i].name, name) != 0))
                i++;
        if (!value) {
                if (i < n_records)
                        records[i] = records[--n_records];
                return;
        }
        ck_assert_uint_lt(i, MAX_NAMES);
        if (i == n_records)
                n_records++;
        snprintf(records[i].name, sizeof records[i].name, "%s", name);
        snprintf(records[i].value, sizeof records[i].value, "%s", value);
        records[i].type = type;
}

static void write_anchor(void)
{
        static const char ds[] =
                "signed.example. IN DS 1 13 2 "
                "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n";
        int file;

        memcpy(anchor + sizeof anchor - 7, "XXXXXX", 6);
        file = mkstemp(anchor);
        ck_assert_int_eq(write(file, ds, sizeof ds - 1), sizeof ds - 1);
        close(file);
}

void names_start(struct loop *l)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof a;
        struct error error = { 0 };

        n_records = 0;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
        snprintf(address, sizeof address, "127.0.0.1@%u", ntohs(a.sin_port));
        event = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_question, NULL);
        event_add(event, NULL);
        write_anchor();
        config = (struct resolver_config){
                .servers = {servers, 1},
                .trust_anchor = anchor,
                .timeout_ms = 60000,
                .max_questions = 100,
                .cache_size = 1 << 20
        };
        names.asked = 0;
        names.resolver = resolver_new(l, &config, &error);
        ck_assert_msg(names.resolver != NULL, "%s", error.text);
}

void names_stop(void)
{
        resolver_free(names.resolver);
        event_free(event);
        close(fd);
        unlink(anchor);
}
