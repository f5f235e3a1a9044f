/* bev.c — see bev.h. */
#include "bev.h"

#include "mailserver/core/mem.h"

#include <assert.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

ev_ssize_t bev_find_line_end(struct evbuffer *in, uint32_t *searched)
{
        size_t len = evbuffer_get_length(in);
        struct evbuffer_ptr from, found;

        if (*searched >= len || evbuffer_ptr_set(in, &from, *searched, EVBUFFER_PTR_SET))
                return -1;
        found = evbuffer_search_eol(in, &from, NULL, EVBUFFER_EOL_LF);
        if (found.pos < 0)
                *searched = (uint32_t)len;
        return found.pos;
}

static void free_piece(const void *data, size_t len, void *arg)
{
        (void)data;
        (void)len;
        mem_free(arg);
}

void bev_add_take(struct evbuffer *to, char *octets, size_t from, size_t len)
{
        bool added = evbuffer_add_reference(to, octets + from, len, free_piece, octets) == 0;

        assert(added); /* fails only for want of memory */
}

int bev_detach(struct bufferevent *bev)
{
        int fd = bufferevent_getfd(bev);

        /* libevent frees in a later turn: the socket must be out of it before. */
        bufferevent_disable(bev, EV_READ | EV_WRITE);
        bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
        bufferevent_setfd(bev, -1);
        bufferevent_free(bev);
        return fd;
}

const char *bev_tls_reason(struct bufferevent *bev)
{
        const char *reason = NULL;
        unsigned long code;

        while ((code = bufferevent_get_openssl_error(bev)))
                if (!reason)
                        reason = ERR_reason_error_string(code);
        return reason;
}
