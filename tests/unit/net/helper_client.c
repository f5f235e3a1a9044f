/* helper_client.c — see helper_client.h. */
#include "helper_client.h"

#include <signal.h>
#include <stdio.h>

enum { GENEROUS_MS = 60000, HEAD_START_MS = 20, MAX_RECEIVED = 64 << 20 };

/* True: the client is gone. */
static bool close_now(struct trial *t)
{
        if (!t->close_in_callback)
                return false;
        net_client_close(t->client);
        t->client = NULL;
        return true;
}

static void on_connected(struct net_client *c, void *owner)
{
        struct trial *t = owner;

        t->connected++;
        if (!close_now(t) && t->tls)
                net_client_start_tls(c, t->tls);
}

static void on_ready(struct net_client *c, void *owner)
{
        struct trial *t = owner;
        struct slice line;

        t->readies++;
        if (t->deaf || close_now(t))
                return;
        for (;;) {
                enum net_client_input got = net_client_read_line(c, TRIAL_LINE, &line);

                t->too_long |= got == NET_CLIENT_TOO_LONG;
                if (got != NET_CLIENT_LINE)
                        return;
                buf_add(&t->lines, line);
                buf_addc(&t->lines, '\n');
        }
}

static void on_tls_started(struct net_client *c, void *owner)
{
        struct trial *t = owner;

        (void)c;
        t->tls_started++;
        close_now(t);
}

static void on_timed_out(struct net_client *c, void *owner)
{
        struct trial *t = owner;

        (void)c;
        t->timed_out++;
        close_now(t);
}

static void on_closed(struct net_client *c, void *owner, const char *why)
{
        struct trial *t = owner;

        (void)c;
        t->closed++;
        snprintf(t->why, sizeof t->why, "%s", why);
        close_now(t);
}

static const struct net_client_handler handler = {
        .connected = on_connected,
        .ready = on_ready,
        .tls_started = on_tls_started,
        .timed_out = on_timed_out,
        .closed = on_closed,
};

void trial_open(struct trial *t, struct fixture *f, const struct net_client_params *params)
{
        struct net_client_params p = *params;

        signal(SIGPIPE, SIG_IGN); /* as the daemon does */
        if (!p.connect_timeout_ms)
                p.connect_timeout_ms = GENEROUS_MS;
        if (!p.head_start_ms)
                p.head_start_ms = HEAD_START_MS;
        if (!p.stall_timeout_ms)
                p.stall_timeout_ms = GENEROUS_MS;
        t->f = f;
        t->lines = (struct buf)BUF_INIT(MAX_RECEIVED);
        t->client = net_client_new(f->loop, &p, &handler, t);
        ck_assert_uint_eq(t->connected + t->closed, 0);
}

void trial_connect(struct trial *t, struct fixture *f)
{
        struct net_address a;
        struct net_client_params p = { .addresses = &a, .n = 1 };

        ck_assert(net_address_parse("127.0.0.1", f->port, &a));
        trial_open(t, f, &p);
}

void trial_say(struct trial *t, const char *text)
{
        net_client_write(t->client, slice_of(text));
}

void trial_expect(struct trial *t, const char *line)
{
        struct slice rest = SLICE(""), got;

        for (;;) {
                rest = buf_slice(&t->lines);
                while (slice_cut(&rest, '\n', &got)) {
                        if (!slice_eq(got, slice_of(line)))
                                continue;
                        buf_consume(&t->lines, t->lines.len - rest.len);
                        return;
                }
                ck_assert_msg(!t->closed, "wanted \"%s\": %s", line, t->why);
                turn(t->f);
        }
}

void trial_expect_closed(struct trial *t, const char *words)
{
        while (!t->closed)
                turn(t->f);
        ck_assert_uint_eq(t->closed, 1);
        ck_assert_msg(strstr(t->why, words), "\"%s\" is not in \"%s\"", words, t->why);
}

void trial_close(struct trial *t)
{
        net_client_close(t->client);
        loop_turn(t->f->loop, false);
        buf_done(&t->lines);
}
