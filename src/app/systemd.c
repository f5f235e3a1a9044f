/*
 * systemd.c — see systemd.h.
 *
 * Both are a few variables of the environment and, for sd_notify(3), a datagram:
 * interfaces that systemd keeps stable for those who do without its library
 * (docs/adr/0014).
 */
#include "systemd.h"

#include "mailserver/core/log.h"
#include "mailserver/core/slice.h"
#include "mailserver/net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3, MAX_FDS = 1024, MAX_NAME = 256 };

/* ---- sockets: sd_listen_fds(3) ---- */

/* How many we were given; they are not meant for a parent that has left its environment to us. */
static uint64_t count_given(void)
{
        const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
        uint64_t whose, n;

        if (!pid || !fds || !slice_number(slice_of(pid), &whose) ||
            !slice_number(slice_of(fds), &n) || whose != (uint64_t)getpid())
                return 0;
        return n < MAX_FDS ? n : MAX_FDS;
}

int systemd_offer_sockets(struct net_server *net)
{
        const char *all = getenv("LISTEN_FDNAMES");
        struct slice names = slice_of(all ? all : "");
        int n = (int)count_given();

        for (int fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
                struct slice given = slice_cut_piece(&names, ':');
                char name[MAX_NAME];

                snprintf(name, sizeof name, SLICE_FMT, SLICE_ARG(given));
                fcntl(fd, F_SETFD, FD_CLOEXEC);
                net_server_offer_fd(net, fd, name);
        }
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        return n;
}

/* ---- readiness: sd_notify(3) ---- */

/* A path, or "@name" in the abstract namespace; its length, 0 if it is neither. */
static socklen_t notify_address(const char *place, struct sockaddr_un *ret_address)
{
        size_t len = strlen(place);

        *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if ((place[0] != '/' && place[0] != '@') || len < 2 || len >= sizeof ret_address->sun_path)
                return 0;
        memcpy(ret_address->sun_path, place, len);
        if (place[0] == '@')
                ret_address->sun_path[0] = '\0';
        else
                len++; /* its NUL; a name in the abstract namespace would have it as a part */
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void systemd_notify(const char *state)
{
        const char *place = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address;
        socklen_t len;
        int fd;

        if (!place || !place[0])
                return;
        len = notify_address(place, &address);
        fd = len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
        if (!len)
                errno = EAFNOSUPPORT;
        /* Who does not read must not hold up the loop. */
        if (fd < 0 || sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
                             (const struct sockaddr *)&address, len) < 0)
                log_warn("notify socket=%s: %s", place, strerror(errno));
        if (fd >= 0)
                close(fd);
}
