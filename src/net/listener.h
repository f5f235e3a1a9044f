/*
 * listener.h — listening sockets of one service, and the accept loop.
 *
 * Sockets are opened first and accept nothing until listeners_start. One turn
 * of the loop takes at most LISTENER_TURN_ACCEPTS connections of a socket.
 *
 * Out of descriptors: one is kept in reserve. It is given up to take the new
 * connection out of the kernel's queue and refuse it, then taken back; were it
 * left in the queue, the socket would stay readable and the loop would spin.
 * Should even that fail, accepting pauses for LISTENER_PAUSE_MS.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "server_impl.h"

enum { LISTENER_TURN_ACCEPTS = 64, LISTENER_PAUSE_MS = 500, LISTENER_BACKLOG = 1024 };

struct event;

struct listener {
        struct list link; /* net_server.listeners */
        struct net_server *server;
        const struct net_service *service;
        struct event *event; /* owned; NULL until accepting */
        int fd;              /* owned */
        struct net_address address;
};

/* Adds an open, listening socket. Takes fd. */
void listener_add(struct net_server *n, const struct net_service *service, int fd,
                  const struct net_address *address);
void listener_free(struct listener *ln);
/* Accept on all of them, or on none. */
void listeners_start(struct net_server *n);
void listeners_pause(struct net_server *n);
void listeners_free(struct net_server *n);

/* ---- socket.c: what bind and listen need ---- */

/*
 * A listening socket: non-blocking, close-on-exec, SO_REUSEADDR, IPV6_V6ONLY.
 * *address gets the port that the kernel chose when it was 0.
 */
MUST_CHECK enum err socket_listen(struct net_address *address, int *ret_fd, struct error *reterr);
/* Is it a listening stream socket over IP? Makes it non-blocking and close-on-exec. */
bool socket_adopt(int fd, struct net_address *ret_address);

#endif
