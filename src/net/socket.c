/* socket.c — making listening sockets, with errors that say what to do. */
#include "address_impl.h"
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

static bool set_on(int fd, int level, int option)
{
        int on = 1;

        return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

static enum err explain(int why, const struct net_address *a, struct error *reterr)
{
        char text[NET_ADDRESS_TEXT];

        net_address_text(a, text);
        switch (why) {
        case EADDRINUSE:
                return fail(reterr, ERR_EXISTS,
                            "%s port %u is in use by another program: stop it (ss -ltnp shows "
                            "which) or choose another port",
                            text, a->port);
        case EACCES:
        case EPERM:
                return fail(
                        reterr, ERR_DENIED,
                        "no permission for port %u: start as root, by the systemd unit, or with "
                        "CAP_NET_BIND_SERVICE",
                        a->port);
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
                return fail(reterr, ERR_NOTFOUND,
                            "this machine has no address %s: ip address shows those it has", text);
        case EMFILE:
        case ENFILE:
                return fail(reterr, ERR_BUSY,
                            "out of file descriptors: raise LimitNOFILE= or ulimit -n");
        default:
                return fail(reterr, ERR_IO, "cannot listen on %s port %u: %s", text, a->port,
                            strerrordesc_np(why));
        }
}

static bool bind_and_listen(int fd, const struct net_address *address)
{
        struct sockaddr_storage ss;
        socklen_t len = net_address_to_sockaddr(address, &ss);

        /* Restarting must not wait for old connections in TIME_WAIT. */
        if (!set_on(fd, SOL_SOCKET, SO_REUSEADDR))
                return false;
        /* IPv4 has a socket of its own, so that addresses mean what they say. */
        if (ss.ss_family == AF_INET6 && !set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY))
                return false;
        return bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, LISTENER_BACKLOG) == 0;
}

static void learn_address(int fd, struct net_address *address)
{
        struct sockaddr_storage ss = { 0 };
        socklen_t len = sizeof ss;

        if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
                net_address_from_sockaddr((struct sockaddr *)&ss, address);
}

enum err socket_listen(struct net_address *address, int *ret_fd, struct error *reterr)
{
        int family = net_address_is_v4(address) ? AF_INET : AF_INET6, why;
        int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return explain(errno, address, reterr);
        if (!bind_and_listen(fd, address)) {
                why = errno;
                close(fd);
                return explain(why, address, reterr);
        }
        learn_address(fd, address);
        *ret_fd = fd;
        return ERR_OK;
}

bool socket_adopt(int fd, struct net_address *ret_address)
{
        struct sockaddr_storage ss = { 0 };
        socklen_t len = sizeof ss, size = sizeof(int);
        int listening = 0, flags = fcntl(fd, F_GETFL);

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) || !listening)
                return false;
        if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
            !net_address_from_sockaddr((struct sockaddr *)&ss, ret_address))
                return false;
        return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
               fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}
