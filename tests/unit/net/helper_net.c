/* helper_net.c — see helper_net.h. */
#include "helper_net.h"

#include "conn_impl.h"

#include "mailserver/net/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOMENT_MS = 2, MAX_RECEIVED = 64 << 20 };

/* ---- the protocol ---- */

struct session {
        struct fixture *f; /* of the service */
        uint64_t chunks, stream_left, stream_total;
        bool held;
};

static void *opened(struct conn *c, void *service)
{
        struct session *s = NEW(struct session);

        s->f = service;
        s->f->opened++;
        s->f->conn = c;
        s->f->session = s;
        conn_write(c, SLICE("hello\r\n"));
        return s;
}

static void produce(struct conn *c, struct session *s)
{
        while (s->chunks && !conn_output_full(c)) {
                AUTO_BUF(chunk, CHUNK);
                bool reserved = buf_reserve(&chunk, CHUNK) == ERR_OK;

                ck_assert(reserved);
                while (chunk.len < CHUNK)
                        buf_addc(&chunk, 'x');
                conn_write_take(c, &chunk);
                if (--s->chunks == 0)
                        conn_write(c, SLICE("\r\ndone\r\n"));
        }
}

static void consume(struct conn *c, struct session *s)
{
        while (s->stream_left) {
                struct slice in = slice_head(conn_peek(c), s->stream_left);

                if (in.len == 0 || !conn_budget(c, in.len))
                        return;
                conn_consume(c, in.len);
                s->stream_left -= in.len;
        }
        conn_printf(c, "got %llu\r\n", (unsigned long long)s->stream_total);
        s->stream_total = 0;
}

static bool command(struct conn *c, struct session *s, struct slice line)
{
        uint64_t n = 0;

        if (slice_eq(line, SLICE("QUIT"))) {
                conn_write(c, SLICE("bye\r\n"));
                conn_close(c);
        } else if (slice_eq(line, SLICE("ABORT"))) {
                conn_abort(c);
        } else if (slice_eq(line, SLICE("END ALL"))) {
                net_server_abort_all(s->f->server);
        } else if (slice_eq(line, SLICE("STARTTLS"))) {
                conn_write(c, SLICE("go\r\n"));
                conn_start_tls(c);
        } else if (slice_eq(line, SLICE("COMPRESS"))) {
                conn_write(c, SLICE("go\r\n"));
                conn_start_compress(c);
        } else if (slice_eq(line, SLICE("PLAIN"))) {
                conn_write(c, SLICE("clear\r\n"));
                conn_stop_compress(c);
        } else if (slice_eq(line, SLICE("HOLD"))) {
                s->held = true;
        } else if (slice_eq(line, SLICE("GATHER"))) {
                s->held = true;
                conn_gather(c);
        } else if (slice_skip_word(&line, SLICE("WAIT ")) && slice_number(line, &n)) {
                conn_wait(c, (int64_t)n);
        } else if (slice_skip_word(&line, SLICE("MANY ")) && slice_number(line, &n)) {
                s->chunks = n;
        } else if (slice_skip_word(&line, SLICE("DATA ")) && slice_number(line, &n)) {
                s->stream_left = s->stream_total = n;
        } else {
                return false;
        }
        return true;
}

static void ready(struct conn *c, void *session)
{
        struct session *s = session;
        struct slice line;
        unsigned lines = 0;
        bool bare;

        s->f->readies++;
        for (;;) {
                enum conn_input got;

                if (s->held || conn_closing(c))
                        break;
                produce(c, s);
                if (s->chunks)
                        break;
                if (s->stream_total)
                        consume(c, s);
                if (s->stream_total || !conn_budget(c, 0))
                        break;
                got = conn_read_line(c, LINE_LIMIT, &line, &bare);
                if (got == CONN_EOF)
                        conn_close(c);
                if (got == CONN_EOF || got == CONN_MORE)
                        break;
                s->f->lines++;
                lines++;
                if (got == CONN_TOO_LONG)
                        conn_write(c, SLICE("!\r\n"));
                else if (!command(c, s, line))
                        conn_printf(c, "%c" SLICE_FMT "\r\n", bare ? '~' : '=', SLICE_ARG(line));
        }
        if (lines > s->f->most_lines_a_ready)
                s->f->most_lines_a_ready = lines;
}

static void timed_out(struct conn *c, void *session)
{
        struct session *s = session;

        s->f->timed_out++;
        conn_write(c, SLICE("too slow\r\n"));
        conn_close(c);
}

static void tls_started(struct conn *c, void *session)
{
        struct session *s = session;

        (void)c;
        s->f->tls_started++;
}

static void stopping(struct conn *c, void *session, const char *reason)
{
        struct session *s = session;

        s->f->stopping++;
        snprintf(s->f->stop_reason, sizeof s->f->stop_reason, "%s", reason);
        conn_printf(c, "stop: %s\r\n", reason);
        if (!s->held)
                conn_close(c);
}

static void closed(struct conn *c, void *session)
{
        struct session *s = session;

        s->f->closed++;
        if (s->f->conn == c)
                s->f->conn = NULL;
        mem_free(s);
}

static const char *state(const void *session)
{
        return ((const struct session *)session)->held ? "held" : "command";
}

static bool idles(const void *session)
{
        const struct session *s = session;

        return s->f->evictable && !s->held;
}

static const struct conn_handler handler = {
        .protocol = "test",
        .opened = opened,
        .ready = ready,
        .timed_out = timed_out,
        .tls_started = tls_started,
        .stopping = stopping,
        .closed = closed,
        .state = state,
        .idles = idles,
};

bool holds_nothing(const struct conn *c)
{
        return !c->bev && !c->in && !c->unsent && !c->out.ptr;
}

void release(struct fixture *f)
{
        /* As a task's done does it: outside of any callback of the connection. */
        f->session->held = false;
        conn_resume(f->conn);
}

/* ---- the fixture ---- */

static uint16_t port_in(const struct buf *ports_text)
{
        struct slice text = buf_slice(ports_text), word;
        uint64_t port;

        ck_assert(slice_cut(&text, ' ', &word) && slice_cut(&text, ' ', &word));
        ck_assert(slice_cut_number(&text, &port));
        return (uint16_t)port;
}

void fixture_open(struct fixture *f, bool implicit_tls)
{
        static char loopback[] = "127.0.0.1";
        struct error why;

        *f = (struct fixture){
                .config = {.max_connections = 1000,
                           .max_connections_per_address = 1000,
                           .max_connections_per_account = 2,
                           .stall_timeout_ms = 60000,
                           .handshake_timeout_ms = 60000,
                           .high_water = 65536,
                           .compress_window = 13,
                           .compress_memory = 6,
                           .compress_level = 3,
                           .compress_rest_ms = 60000 },
                .addresses = { loopback},
                .ports_text = BUF_INIT(1024),
        };
        f->loop = loop_new();
        f->server = net_server_new(f->loop, &f->config);
        f->service = (struct net_service){
                .name = "test",
                .handler = &handler,
                .context = f,
                .implicit_tls = implicit_tls,
                .tls_tickets = true,
                .busy_line = "busy\r\n",
                .listen = {.port = { f->ports, 1 }, .address = { f->addresses, 1 }},
        };
        ck_assert_msg(net_server_listen(f->server, &f->service, &why) == ERR_OK, "%s", why.text);
        net_server_print_ports(f->server, &f->ports_text);
        f->port = port_in(&f->ports_text);
        net_server_start(f->server);
}

void fixture_close(struct fixture *f)
{
        net_server_free(f->server);
        ck_assert_uint_eq(f->opened, f->closed);
        loop_turn(f->loop, false);
        loop_free(f->loop);
        buf_done(&f->ports_text);
}

static void moment_over(void *arg)
{
        (void)arg;
}

void turn(struct fixture *f)
{
        struct timer moment = { 0 };

        timer_set(&moment, f->loop, MOMENT_MS, moment_over, NULL);
        loop_turn(f->loop, true);
        timer_done(&moment);
}

/* ---- clients ---- */

struct client client_connect(struct fixture *f)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons(f->port),
                                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
        struct client c = { .f = f, .in = BUF_INIT(MAX_RECEIVED) };

        c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(c.fd, 0);
        ck_assert_int_eq(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
        ck_assert_int_eq(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
        return c;
}

void client_close(struct client *c)
{
        SSL_free(c->ssl);
        close(c->fd);
        buf_done(&c->in);
        c->ssl = NULL;
        c->fd = -1;
}

static ssize_t send_some(struct client *c, struct slice octets)
{
        if (!c->ssl)
                return send(c->fd, octets.ptr, octets.len, MSG_NOSIGNAL);
        ERR_clear_error();
        return SSL_write(c->ssl, octets.ptr, (int)octets.len);
}

void client_send(struct client *c, struct slice octets)
{
        while (octets.len) {
                ssize_t n = send_some(c, octets);

                if (n > 0)
                        octets = slice_from(octets, (size_t)n);
                else
                        turn(c->f);
        }
}

void client_say(struct client *c, const char *text)
{
        client_send(c, slice_of(text));
}

bool client_read(struct client *c)
{
        char some[16384];
        ssize_t n;

        ERR_clear_error();
        n = c->ssl ? SSL_read(c->ssl, some, sizeof some) : recv(c->fd, some, sizeof some, 0);
        if (n > 0) {
                ck_assert(buf_put(&c->in, (struct slice){ some, (size_t)n }) == ERR_OK);
                return true;
        }
        if (c->ssl ? SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_READ
                   : n == 0 || (errno != EAGAIN && errno != EINTR))
                c->eof = true;
        return false;
}

void client_expect(struct client *c, const char *text)
{
        struct slice wanted = slice_of(text);

        while (c->in.len < wanted.len && !c->eof)
                if (!client_read(c))
                        turn(c->f);
        ck_assert_msg(slice_starts(buf_slice(&c->in), wanted), "wanted \"%s\", got \"%.*s\"%s",
                      text, SLICE_ARG(slice_head(buf_slice(&c->in), 200)),
                      c->eof ? " and the end" : "");
        buf_consume(&c->in, wanted.len);
}

void client_expect_close(struct client *c, const char *rest)
{
        while (!c->eof)
                if (!client_read(c))
                        turn(c->f);
        ck_assert_str_eq(buf_slice(&c->in).ptr, rest);
}

bool client_tls_resume(struct client *c, SSL_CTX *ctx, SSL_SESSION *session)
{
        int done;

        ERR_clear_error();
        if (!c->ssl) {
                c->ssl = SSL_new(ctx);
                SSL_set_fd(c->ssl, c->fd);
                if (session)
                        SSL_set_session(c->ssl, session);
        }
        for (;;) {
                done = SSL_connect(c->ssl);
                if (done == 1 || SSL_get_error(c->ssl, done) != SSL_ERROR_WANT_READ)
                        break;
                turn(c->f);
        }
        return done == 1;
}

bool client_tls(struct client *c, SSL_CTX *ctx, const char *host)
{
        char name[256];

        c->ssl = SSL_new(ctx);
        SSL_set_fd(c->ssl, c->fd);
        if (host) {
                snprintf(name, sizeof name, "%s", host);
                SSL_set_tlsext_host_name(c->ssl, name);
        }
        return client_tls_resume(c, ctx, NULL);
}

int run_suite(Suite *s)
{
        SRunner *r = srunner_create(s);
        int failed;

        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
