/* systemd.h — readiness and sockets, where systemd (or who speaks as it does) runs us. */
#ifndef MAILSERVER_APP_SYSTEMD_H
#define MAILSERVER_APP_SYSTEMD_H

struct net_server;

/* Offers every socket systemd has passed to the listeners; how many. */
int systemd_offer_sockets(struct net_server *net);
/* "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…": sd_notify(3). */
void systemd_notify(const char *state);

#endif
