/*
 * keep_alive.c — peers that vanish without a word.
 *
 * A client in IDLE may rightly be silent for half an hour; one whose network is gone looks just
 * the same. The kernel asks the peer's kernel after keep_alive without traffic, and gives up when
 * nothing was acknowledged for dead_timeout, be it such a question or octets of ours (tcp(7)):
 * the connection is then lost like any other.
 */
#include "keep_alive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum {
        QUESTIONS = 4,     /* that fit into dead_timeout, about */
        LONGEST_S = 32767, /* of the kernel's, for both times below */
};

static void set(int fd, int level, int option, int value)
{
        /* What refuses is no TCP socket, and has no need of it. */
        (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int seconds(int64_t ms)
{
        int64_t s = (ms + 999) / 1000;

        if (s < 1)
                return 1;
        return s > LONGEST_S ? LONGEST_S : (int)s;
}

void keep_alive_set(int fd, const struct net_config *config)
{
        if (config->dead_timeout_ms)
                set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)config->dead_timeout_ms);
        if (!config->keep_alive_ms)
                return;
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(config->keep_alive_ms));
        if (config->dead_timeout_ms)
                set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds(config->dead_timeout_ms / QUESTIONS));
}
