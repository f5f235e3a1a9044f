/* load_peer.c — connections of the load driver: octets in and out, in TLS or without. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, PATIENCE_MS = 60000 };

static SSL_CTX *tls_context;
static int epoll_fd;

/* ---- output ---- */

void peer_put(struct peer *p, const char *octets, size_t len)
{
        if (p->out_at == p->out_len)
                p->out_at = p->out_len = 0;
        if (p->out_len + len > p->out_cap) {
                p->out_cap = (p->out_len + len) * 2;
                p->out = realloc(p->out, p->out_cap);
                if (!p->out)
                        die("out of memory");
        }
        memcpy(p->out + p->out_len, octets, len);
        p->out_len += len;
}

void peer_say(struct peer *p, const char *doing, step_fn *next, const char *fmt, ...)
{
        char line[2 * NAME_SIZE + 1024];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(line, sizeof line, fmt, args);
        va_end(args);
        if (n < 0 || (size_t)n >= sizeof line)
                die("a command is too long");
        peer_put(p, line, (size_t)n);
        p->doing = doing;
        p->next = next;
        p->replies_left = 1;
}

static void watch(struct peer *p, bool out)
{
        struct epoll_event event = { .events = out ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = p };

        if (out == p->watching_out)
                return;
        p->watching_out = out;
        if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &event))
                die("epoll_ctl: %s", strerror(errno));
}

/* Octets moved; 0: it would block; -1: the end. */
static ssize_t tls_result(struct peer *p, int result)
{
        int error = SSL_get_error(p->ssl, result);

        if (result > 0)
                return result;
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
                return 0;
        if (error == SSL_ERROR_SSL)
                ERR_print_errors_fp(stderr);
        return -1;
}

static ssize_t plain_result(ssize_t result)
{
        if (result > 0)
                return result;
        return result < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void lost(struct peer *p)
{
        if (!p->protocol->gone)
                die("the server closed the connection during %s", p->doing);
        p->protocol->gone(p);
}

void peer_flush(struct peer *p)
{
        while (p->out_at < p->out_len) {
                const char *from = p->out + p->out_at;
                size_t left = p->out_len - p->out_at;
                ssize_t n = p->ssl ? tls_result(p, SSL_write(p->ssl, from, (int)left))
                                   : plain_result(send(p->fd, from, left, MSG_NOSIGNAL));

                if (n < 0) {
                        lost(p);
                        return;
                }
                if (n == 0)
                        break;
                p->out_at += (size_t)n;
        }
        watch(p, p->out_at < p->out_len);
}

/* ---- life ---- */

static void make_session(struct peer *p)
{
        p->ssl = SSL_new(tls_context);
        if (!p->ssl || !SSL_set_fd(p->ssl, p->fd))
                die("cannot make a TLS session");
        SSL_set_connect_state(p->ssl);
        p->handshaking = true;
}

void peer_start_tls(struct peer *p, const char *answer)
{
        (void)answer;
        make_session(p);
}

static void greeted(struct peer *p, const char *answer)
{
        (void)answer;
        p->greeted = true;
        p->protocol->ready(p);
}

static void come_from(struct peer *p, const char *source)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        int one = 1;

        /* The port is chosen at connect, so that each address has all of them. */
        setsockopt(p->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (inet_pton(AF_INET, source, &address.sin_addr) != 1 ||
            bind(p->fd, (struct sockaddr *)&address, sizeof address))
                die("cannot come from %s: %s", source, strerror(errno));
}

void peer_open(struct peer *p, const char *source)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(p->port) };
        bool speaks_first = options.tls == TLS_IMPLICIT;
        struct epoll_event event = { .events = speaks_first ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                     .data.ptr = p };
        int one = 1;

        if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1)
                die("%s is not an IPv4 address", options.host);
        p->started = now();
        p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (p->fd >= 0 && source)
                come_from(p, source);
        if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&address, sizeof address))
                die("%s port %d: %s", options.host, p->port, strerror(errno));
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(p->fd, F_SETFL, O_NONBLOCK);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &event))
                die("epoll_ctl: %s", strerror(errno));
        p->watching_out = speaks_first;
        p->in_len = p->out_len = p->out_at = 0;
        p->done = 0;
        p->greeted = p->in_text = false;
        p->doing = "the greeting";
        p->next = greeted;
        p->replies_left = 1;
        tally.peers_open++;
        if (p->protocol->opened)
                p->protocol->opened(p);
        if (speaks_first)
                make_session(p);
}

void peer_adopt(struct peer *p, int fd)
{
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };
        int one = 1;

        p->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
                die("epoll_ctl: %s", strerror(errno));
        tally.peers_open++;
}

void peer_drop(struct peer *p)
{
        SSL_free(p->ssl);
        p->ssl = NULL;
        close(p->fd);
        p->fd = -1;
        tally.peers_open--;
}

void peer_close(struct peer *p, const char *answer)
{
        (void)answer;
        peer_drop(p);
        if (tally.next_job < options.messages)
                peer_open(p, NULL);
}

/* ---- input ---- */

size_t text_until_dot(struct peer *p, const char *octets, size_t len)
{
        static const char end[] = "\r\n.\r\n";

        for (size_t i = 0; i < len; i++) {
                if (octets[i] == end[p->dot])
                        p->dot++;
                else
                        p->dot = octets[i] == '\r';
                if (p->dot == 5) {
                        p->in_text = false;
                        return i + 1;
                }
        }
        return len;
}

/* All that is complete in the input. */
static void take_input(struct peer *p)
{
        size_t at = 0;

        while (at < p->in_len && p->fd >= 0 && !p->handshaking) {
                char *from = p->in + at, *end;

                if (p->in_text) {
                        at += p->protocol->take_text(p, from, p->in_len - at);
                        continue;
                }
                end = memchr(from, '\n', p->in_len - at);
                if (!end)
                        break;
                at += (size_t)(end - from) + 1;
                *end = '\0';
                if (end > from && end[-1] == '\r')
                        end[-1] = '\0';
                p->protocol->take_line(p, from);
        }
        if (p->in_len == INPUT_SIZE && at == 0)
                die("a line of the server is too long");
        if (at <= p->in_len)
                memmove(p->in, p->in + at, p->in_len -= at);
}

static void shake_hands(struct peer *p)
{
        int result = SSL_do_handshake(p->ssl);

        if (result != 1) {
                if (tls_result(p, result) < 0)
                        die("the TLS handshake failed");
                return;
        }
        p->handshaking = false;
        if (options.tls == TLS_START)
                p->protocol->ready(p);
}

/* False: there is nothing more now. */
static bool receive(struct peer *p)
{
        size_t room = INPUT_SIZE - p->in_len;
        int fd = p->fd;
        ssize_t n = p->ssl ? tls_result(p, SSL_read(p->ssl, p->in + p->in_len, (int)room))
                           : plain_result(recv(p->fd, p->in + p->in_len, room, 0));

        if (n < 0)
                lost(p);
        if (n <= 0)
                return false;
        p->in_len += (size_t)n;
        tally.octets_in += n;
        take_input(p);
        if (p->fd != fd)
                return false; /* a new connection, which has its own event */
        if (!p->handshaking)
                peer_flush(p);
        return true;
}

static void peer_ready(struct peer *p)
{
        if (p->protocol->arrived) {
                p->protocol->arrived(p);
                return;
        }
        if (p->handshaking)
                shake_hands(p);
        if (p->fd >= 0 && !p->handshaking)
                peer_flush(p);
        while (p->fd >= 0 && !p->handshaking)
                if (!receive(p))
                        break;
        if (p->fd >= 0 && p->handshaking) {
                peer_flush(p);
                shake_hands(p);
                peer_flush(p);
        }
}

/* ---- all of them ---- */

void peers_prepare(void)
{
        tls_context = SSL_CTX_new(TLS_client_method());
        epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (!tls_context || epoll_fd < 0)
                die("cannot start: %s", strerror(errno));
        SSL_CTX_set_options(tls_context, SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                              SSL_MODE_RELEASE_BUFFERS);
}

void peers_run(void)
{
        struct epoll_event events[EVENTS];

        while (tally.peers_open > 0 && !tally.enough) {
                int n = epoll_wait(epoll_fd, events, EVENTS, PATIENCE_MS);

                if (n == 0)
                        die("the server has said nothing for a minute");
                for (int i = 0; i < n; i++)
                        peer_ready(events[i].data.ptr);
        }
}
