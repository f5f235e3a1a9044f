/* bev.h — what connections do with libevent's buffers, whoever made the connection. */
#ifndef NET_BEV_H
#define NET_BEV_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdint.h>

/*
 * Where the first LF is, or -1. *searched: octets known to hold none, kept by the caller from call
 * to call, so that a peer that sends one octet at a time costs what any other does.
 */
ev_ssize_t bev_find_line_end(struct evbuffer *in, uint32_t *searched);
/* Appends `len` octets from octets + from on without a copy. Takes `octets`, made by mem_alloc. */
void bev_add_take(struct evbuffer *to, char *octets, size_t from, size_t len);
/* Frees the bufferevent (and the SSL) and gives the socket back. */
int bev_detach(struct bufferevent *bev);
/* The first thing that OpenSSL complained of; empties libevent's list of it. NULL: nothing. */
const char *bev_tls_reason(struct bufferevent *bev);

#endif
