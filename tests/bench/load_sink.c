/*
 * load_sink.c — mail arrives: the other side of a server that sends.
 *
 *   greeting ─► EHLO ─► (MAIL ─► RCPT+ ─► DATA ─► text)* ─► QUIT
 *
 * It listens on as many addresses as there are users, from --host on, all on one
 * port, and takes everything. When --messages have come it prints the result, and goes on until it
 * is killed.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BACKLOG = 1024 };

static struct peer **peers; /* all there ever were; owned */
static long n_peers, cap_peers, connections;
static long first_unused = -1; /* a number; the next is in its `at` */

static void reply(struct peer *p, const char *line)
{
        peer_put(p, line, strlen(line));
}

/* A closed one is used again: it may still be looked at in the turn in which it was closed. */
static void gone(struct peer *p)
{
        peer_drop(p);
        p->at = first_unused;
        first_unused = p->number;
}

static void take_line(struct peer *p, char *line)
{
        if (strncasecmp(line, "EHLO", 4) == 0) {
                reply(p,
                      "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n");
        } else if (strncasecmp(line, "DATA", 4) == 0) {
                reply(p, "354 go on\r\n");
                p->in_text = true;
                p->dot = 2; /* the line before the text has ended in CRLF */
        } else if (strncasecmp(line, "QUIT", 4) == 0) {
                reply(p, "221 bye\r\n");
                peer_flush(p);
                if (p->fd >= 0)
                        gone(p);
        } else {
                reply(p, "250 ok\r\n");
        }
}

static void print_taken(void)
{
        printf("{\"messages\": %ld, \"connections\": %ld, \"ended\": %.6f}\n", tally.jobs_done,
               connections, now());
        fflush(stdout);
}

static size_t take_text(struct peer *p, const char *octets, size_t len)
{
        size_t n = text_until_dot(p, octets, len);

        if (p->in_text)
                return n;
        reply(p, "250 taken\r\n");
        if (++tally.jobs_done == options.messages)
                print_taken();
        return n;
}

static const struct protocol sink_protocol = {
        .take_line = take_line,
        .take_text = take_text,
        .gone = gone,
};

static struct peer *new_peer(void)
{
        struct peer *p;

        if (first_unused >= 0) {
                p = peers[first_unused];
                first_unused = p->at;
                return p;
        }
        if (n_peers == cap_peers) {
                cap_peers = cap_peers ? cap_peers * 2 : 64;
                peers = realloc(peers, (size_t)cap_peers * sizeof(struct peer *));
        }
        p = calloc(1, sizeof *p);
        if (!p || !peers)
                die("out of memory");
        p->number = n_peers;
        peers[n_peers++] = p;
        return p;
}

static void arrived(struct peer *listener)
{
        int fd;

        while ((fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                struct peer *p = new_peer();

                p->protocol = &sink_protocol;
                p->in_len = p->out_len = p->out_at = 0;
                p->in_text = p->watching_out = false;
                p->doing = "nothing";
                peer_adopt(p, fd);
                connections++;
                reply(p, "220 sink.test ESMTP\r\n");
                peer_flush(p);
        }
}

static const struct protocol listener_protocol = { .arrived = arrived };

static void listen_on(struct in_addr host)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons(options.port),
                                       .sin_addr = host };
        struct peer *p = new_peer();
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, BACKLOG))
                die("cannot listen at %s port %d: %s", inet_ntoa(host), options.port,
                    strerror(errno));
        p->protocol = &listener_protocol;
        peer_adopt(p, fd);
}

void run_sink(void)
{
        struct in_addr host;

        if (inet_pton(AF_INET, options.host, &host) != 1)
                die("%s is not an IPv4 address", options.host);
        for (long k = 0; k < options.users; k++)
                listen_on((struct in_addr){ htonl(ntohl(host.s_addr) + (uint32_t)k) });
        puts("ready");
        fflush(stdout);
        peers_run();
}
