/* helper_peer.c — see helper_peer.h. */
#include "helper_peer.h"

#include "mailserver/core/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOMENT_MS = 2, QUIET_TURNS = 5, MAX_RECEIVED = 64 << 20 };

/* ---- the owner ---- */

static void on_ready(void *owner)
{
        struct trial *t = owner;

        t->ready++;
}

static void on_sent(void *owner)
{
        struct trial *t = owner;

        t->sent++;
        if (t->close_at_sent) {
                smtp_client_close(t->client);
                t->client = NULL;
        }
}

static void on_failed(void *owner, const char *stage, const struct smtp_client_reply *reply)
{
        struct trial *t = owner;

        t->failed++;
        snprintf(t->stage, sizeof t->stage, "%s", stage);
        snprintf(t->failure_text, sizeof t->failure_text, "%s", reply->text);
        t->failure = *reply;
        t->failure.text = t->failure_text;
}

static const struct smtp_client_handler handler = {
        .ready = on_ready,
        .sent = on_sent,
        .failed = on_failed,
};

static void answer_read(struct trial *t)
{
        struct slice all = slice_from(buf_slice(&t->content), (size_t)t->read_offset);
        struct buf octets = BUF_INIT(1 << 20);
        size_t n = t->piece && t->piece < t->read_max ? t->piece : t->read_max;

        buf_add(&octets, slice_head(all, n));
        smtp_client_content(t->client, &octets, t->read_fails ? ERR_IO : ERR_OK);
}

static void run_job(struct loop_job *job)
{
        answer_read(container_of(job, struct trial, job));
}

static void on_read(void *owner, int64_t offset, size_t max)
{
        struct trial *t = owner;

        t->reads++;
        t->read_offset = offset;
        t->read_max = max;
        if (t->close_at_read) {
                smtp_client_close(t->client);
                t->client = NULL;
        } else if (t->read_later) {
                loop_later(t->loop, &t->job);
        } else {
                answer_read(t);
        }
}

/* ---- the fixture ---- */

static void moment_over(void *arg)
{
        (void)arg;
}

void trial_turn(struct trial *t)
{
        struct timer moment = { 0 };

        timer_set(&moment, t->loop, MOMENT_MS, moment_over, NULL);
        loop_turn(t->loop, true);
        timer_done(&moment);
}

void trial_open(struct trial *t)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
        socklen_t len = sizeof at;
        const struct conf_section sections[] = {
                {&smtp_client_conf_table, &t->config},
                { NULL,                   NULL      },
        };

        *t = (struct trial){ .fd = -1, .in = BUF_INIT(MAX_RECEIVED), .content = BUF_INIT(BUF_MAX) };
        signal(SIGPIPE, SIG_IGN); /* as the daemon does */
        t->loop = loop_new();
        t->job.run = run_job;
        conf_defaults(sections);
        t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(t->listener, (struct sockaddr *)&at, sizeof at), 0);
        ck_assert_int_eq(listen(t->listener, 1), 0);
        ck_assert_int_eq(getsockname(t->listener, (struct sockaddr *)&at, &len), 0);
        ck_assert(net_address_parse("127.0.0.1", ntohs(at.sin_port), &t->address));
        t->params = (struct smtp_client_params){
                .config = &t->config,
                .net = {.addresses = &t->address, .n = 1 },
                .helo = "me.example",
                .tls = SMTP_TLS_OPPORTUNISTIC,
                .tls_params = { .sni = "mx.example"                      },
                .log_id = "q=1",
        };
        t->message = (struct smtp_client_message){ .recipients = t->recipients, .read = on_read };
}

static void drop_peer(struct trial *t)
{
        if (t->ssl && t->says_goodbye)
                SSL_shutdown(t->ssl);
        SSL_free(t->ssl);
        t->ssl = NULL;
        if (t->fd >= 0)
                close(t->fd);
        t->fd = -1;
}

void trial_close(struct trial *t)
{
        smtp_client_close(t->client);
        loop_turn(t->loop, false);
        drop_peer(t);
        close(t->listener);
        loop_job_cancel(&t->job);
        buf_done(&t->in);
        buf_done(&t->content);
        loop_free(t->loop);
}

void trial_message(struct trial *t, const char *sender, const char *const *recipients,
                   const char *content)
{
        t->message.sender = sender;
        t->message.n = 0;
        for (; recipients[t->message.n]; t->message.n++)
                t->recipients[t->message.n] =
                        (struct smtp_client_recipient){ .address = recipients[t->message.n] };
        buf_clear(&t->content);
        buf_add(&t->content, slice_of(content));
        t->message.size = (int64_t)t->content.len;
}

void trial_connect(struct trial *t)
{
        struct pollfd p = { .fd = t->listener, .events = POLLIN };

        t->client = smtp_client_new(t->loop, &t->params, &handler, t);
        do
                trial_turn(t);
        while (poll(&p, 1, 0) == 0);
        t->fd = accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        ck_assert_int_ge(t->fd, 0);
}

/* ---- the server ---- */

static ssize_t send_some(struct trial *t, struct slice octets)
{
        ERR_clear_error();
        return t->ssl ? SSL_write(t->ssl, octets.ptr, (int)octets.len)
                      : send(t->fd, octets.ptr, octets.len, MSG_NOSIGNAL);
}

static void server_send(struct trial *t, struct slice octets)
{
        while (octets.len) {
                ssize_t n = send_some(t, slice_head(octets, t->trickle ? 1 : octets.len));

                /* A client that has had enough takes nothing more. */
                if (n < 0 && !t->ssl && errno != EAGAIN)
                        return;
                octets = slice_from(octets, n > 0 ? (size_t)n : 0);
                if (t->trickle || n <= 0)
                        trial_turn(t);
        }
}

static bool server_read(struct trial *t)
{
        char some[16384];
        ssize_t n;

        ERR_clear_error();
        n = t->ssl ? SSL_read(t->ssl, some, sizeof some) : recv(t->fd, some, sizeof some, 0);
        if (n > 0) {
                ck_assert(buf_put(&t->in, (struct slice){ some, (size_t)n }) == ERR_OK);
                return true;
        }
        if (t->ssl ? SSL_get_error(t->ssl, (int)n) != SSL_ERROR_WANT_READ
                   : n == 0 || errno != EAGAIN)
                t->eof = true;
        return false;
}

static struct slice server_line(struct trial *t)
{
        ptrdiff_t end;

        while ((end = slice_find(buf_slice(&t->in), '\n')) < 0 && !t->eof)
                if (!server_read(t))
                        trial_turn(t);
        return end < 0 ? (struct slice){ NULL, 0 } : (struct slice){ t->in.ptr, (size_t)end + 1 };
}

static void expect_line(struct trial *t, struct slice wanted, bool begins)
{
        struct slice line = server_line(t), body = line;

        ck_assert_msg(line.ptr, "wanted \"%.*s\", and the client has closed; failed=%s: %s",
                      SLICE_ARG(wanted), t->stage, t->failure_text);
        ck_assert_msg(slice_ends(line, SLICE("\r\n")), "a bare LF behind %.*s", SLICE_ARG(line));
        body.len -= 2;
        ck_assert_msg(begins ? slice_starts(body, wanted) : slice_eq(body, wanted),
                      "wanted \"%.*s\", got \"%.*s\"", SLICE_ARG(wanted), SLICE_ARG(body));
        buf_consume(&t->in, line.len);
}

static SSL_CTX *server_context(const struct trial *t)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        EVP_PKEY *key = t->rsa_bits ? EVP_RSA_gen((unsigned)t->rsa_bits) : EVP_EC_gen("P-256");
        X509 *cert = X509_new();

        X509_gmtime_adj(X509_getm_notBefore(cert), -60);
        X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                                   (const unsigned char *)"mx.example", -1, -1, 0);
        X509_set_issuer_name(cert, X509_get_subject_name(cert));
        X509_set_pubkey(cert, key);
        ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
        /* What we refuse must not be refused by the server. */
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_max_proto_version(ctx, t->tls_max);
        ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert), 1);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
        X509_free(cert);
        EVP_PKEY_free(key);
        return ctx;
}

static void shake_hands(struct trial *t, bool succeeds)
{
        SSL_CTX *ctx = server_context(t);
        int done;

        t->ssl = SSL_new(ctx);
        SSL_CTX_free(ctx);
        SSL_set_fd(t->ssl, t->fd);
        while ((done = SSL_accept(t->ssl)) != 1 &&
               SSL_get_error(t->ssl, done) == SSL_ERROR_WANT_READ)
                trial_turn(t);
        ck_assert_int_eq(done == 1, succeeds);
        snprintf(t->sni, sizeof t->sni, "%s",
                 SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name)
                         ? SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name)
                         : "");
}

/* \r \n \0 \xNN */
static void send_raw(struct trial *t, struct slice text)
{
        AUTO_BUF(out, 65536);

        for (size_t i = 0; i < text.len; i++) {
                char c = text.ptr[i];

                if (c == '\\' && i + 1 < text.len) {
                        c = text.ptr[++i];
                        if (c == 'x') {
                                char hex[3] = { text.ptr[i + 1], text.ptr[i + 2], 0 };

                                c = (char)strtol(hex, NULL, 16);
                                i += 2;
                        } else {
                                c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
                        }
                }
                buf_addc(&out, c);
        }
        server_send(t, buf_slice(&out));
}

static void expect_quiet(struct trial *t)
{
        for (int i = 0; i < QUIET_TURNS; i++) {
                trial_turn(t);
                server_read(t);
        }
        ck_assert_msg(t->in.len == 0, "the client said \"%s\"", t->in.ptr);
}

static void drain(struct trial *t)
{
        static const struct slice end = { "\r\n.\r\n", 5 };

        t->drained = 0;
        while (!slice_ends(buf_slice(&t->in), end)) {
                size_t drop = t->in.len > end.len ? t->in.len - end.len : 0;

                buf_consume(&t->in, drop);
                t->drained += drop;
                ck_assert(!t->eof);
                if (!server_read(t))
                        trial_turn(t);
        }
        t->drained += t->in.len - 3;
        buf_clear(&t->in);
}

static void expect_eof(struct trial *t)
{
        while (!t->eof)
                if (!server_read(t))
                        trial_turn(t);
        ck_assert_msg(t->in.len == 0, "the client said \"%s\" before it closed", t->in.ptr);
}

static void run_word(struct trial *t, struct slice word)
{
        unsigned sent = t->sent;

        if (slice_eq(word, SLICE("TLS"))) {
                shake_hands(t, true);
        } else if (slice_eq(word, SLICE("TLSFAIL"))) {
                shake_hands(t, false);
        } else if (slice_eq(word, SLICE("SEND"))) {
                smtp_client_send(t->client, &t->message);
                ck_assert_uint_eq(t->sent, sent);
        } else if (slice_eq(word, SLICE("READY"))) {
                while (!t->ready && !t->failed)
                        trial_turn(t);
                ck_assert_msg(t->ready == 1, "%s: %s", t->stage, t->failure_text);
        } else if (slice_eq(word, SLICE("QUIET"))) {
                expect_quiet(t);
        } else if (slice_eq(word, SLICE("DRAIN"))) {
                drain(t);
        } else if (slice_eq(word, SLICE("CLOSE"))) {
                drop_peer(t);
        } else if (slice_eq(word, SLICE("EOF"))) {
                expect_eof(t);
        } else if (slice_eq(word, SLICE("WAIT"))) {
                while (!t->failed)
                        trial_turn(t);
        } else if (slice_eq(word, SLICE("SENT"))) {
                while (t->sent == 0 && !t->failed)
                        trial_turn(t);
                ck_assert_msg(t->sent == 1, "%s: %s", t->stage, t->failure_text);
                t->sent = 0;
        } else {
                ck_abort_msg("no such word: %.*s", SLICE_ARG(word));
        }
}

void trial_run(struct trial *t, const char *script)
{
        struct slice rest = slice_of(script), line;

        while (rest.len) {
                if (!slice_cut(&rest, '\n', &line)) {
                        line = rest;
                        rest = SLICE("");
                }
                if (slice_skip_word(&line, SLICE("S: "))) {
                        AUTO_BUF(out, 65536);

                        buf_add(&out, line);
                        buf_add(&out, SLICE("\r\n"));
                        server_send(t, buf_slice(&out));
                } else if (slice_skip_word(&line, SLICE("S! "))) {
                        send_raw(t, line);
                } else if (slice_skip_word(&line, SLICE("C: "))) {
                        expect_line(t, line, false);
                } else if (slice_skip_word(&line, SLICE("C~ "))) {
                        expect_line(t, line, true);
                } else if (line.len) {
                        run_word(t, line);
                }
        }
}

/* ---- what came of it ---- */

void trial_expect_failure(struct trial *t, const char *stage, int code, const char *status,
                          const char *words)
{
        while (!t->failed)
                trial_turn(t);
        ck_assert_uint_eq(t->failed, 1);
        ck_assert_str_eq(t->stage, stage);
        ck_assert_int_eq(t->failure.code, code);
        ck_assert_str_eq(t->failure.status, status);
        ck_assert_msg(strstr(t->failure_text, words), "\"%s\" is not in \"%s\"", words,
                      t->failure_text);
}

void trial_expect_reply(struct trial *t, size_t recipient, int code, const char *status,
                        const char *text)
{
        const struct smtp_client_reply *r = &t->recipients[recipient].reply;

        ck_assert_ptr_nonnull(r->text);
        ck_assert_str_eq(r->text, text);
        ck_assert_int_eq(r->code, code);
        ck_assert_str_eq(r->status, status);
}

int run_client_suite(Suite *s)
{
        SRunner *r = srunner_create(s);
        int failed;

        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
