/* systemd.c — sd_listen_fds(3) and sd_notify(3), when built with libsystemd. */
#include "systemd.h"

#include "mailserver/net/server.h"

#ifdef HAVE_SYSTEMD

#include <stdlib.h>
#include <systemd/sd-daemon.h>

int systemd_offer_sockets(struct net_server *net)
{
        char **names = NULL;
        int n = sd_listen_fds_with_names(1, &names);

        for (int i = 0; i < n; i++) {
                net_server_offer_fd(net, SD_LISTEN_FDS_START + i, names ? names[i] : NULL);
                if (names)
                        free(names[i]);
        }
        free(names);
        return n > 0 ? n : 0;
}

void systemd_notify(const char *state)
{
        sd_notify(0, state);
}

#else

int systemd_offer_sockets(struct net_server *net)
{
        (void)net;
        return 0;
}

void systemd_notify(const char *state)
{
        (void)state;
}

#endif
