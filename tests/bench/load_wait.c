/*
 * load_wait.c — connections that wait in IDLE.
 *
 *   idle  many of them, held until somebody has looked at the server: what they cost
 *   push  one, and an SMTP connection that sends a message at a time: from the 250 of
 *         each to its EXISTS
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void into_idle(struct peer *p, step_fn *next)
{
        imap_say(p, "IDLE", next, "IDLE");
}

/* ---- idle ---- */

enum { AT_ONCE = 32, PER_SOURCE = 2000 };

static struct peer *idlers;
static long idlers_opened, idlers_idle;

static void idler_open(void)
{
        struct peer *p;
        char source[32];

        if (idlers_opened == options.connections)
                return;
        p = &idlers[idlers_opened];
        p->protocol = idlers[0].protocol;
        p->port = options.port;
        p->number = idlers_opened++;
        snprintf(source, sizeof source, "127.0.1.%ld", 1 + p->number / PER_SOURCE);
        peer_open(p, strncmp(options.host, "127.", 4) == 0 ? source : NULL);
}

static void idler_idle(struct peer *p, const char *answer)
{
        (void)p;
        (void)answer;
        if (++idlers_idle == options.connections)
                tally.enough = true;
        idler_open();
}

static void idler_selected(struct peer *p, const char *answer)
{
        (void)answer;
        into_idle(p, idler_idle);
}

static void idler_logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        imap_say(p, "SELECT", idler_selected, "SELECT INBOX");
}

static void idler_ready(struct peer *p)
{
        imap_log_in(p, idler_logged_in);
}

static const struct protocol idle_protocol = {
        .ready = idler_ready,
        .take_line = imap_take_line,
        .take_text = imap_take_literal,
};

void run_idle(void)
{
        double began = now();
        char octet;

        idlers = calloc((size_t)options.connections, sizeof *idlers);
        if (!idlers)
                die("out of memory");
        idlers[0].protocol = &idle_protocol;
        for (int i = 0; i < AT_ONCE; i++)
                idler_open();
        peers_run();
        printf("{\"connections\": %ld, \"per_second\": %.1f}\n", idlers_idle,
               (double)idlers_idle / (now() - began));
        fflush(stdout);
        while (read(STDIN_FILENO, &octet, 1) > 0)
                continue;
        for (long i = 0; i < options.connections; i++)
                free(idlers[i].out);
        free(idlers);
}

/* ---- push ---- */

static struct peer watcher, sender;
static double dot_at, accepted_at, told_at;
static double *after_dot; /* owned */
static double give_up;

static void push_next(void);

/* Both have come. */
static void push_step(void)
{
        long k = tally.jobs_done;

        if (accepted_at <= 0 || told_at <= 0)
                return;
        tally.latency[k] = told_at > accepted_at ? told_at - accepted_at : 0;
        after_dot[k] = told_at - dot_at;
        tally.jobs_done++;
        if (tally.jobs_done == options.messages || now() > give_up)
                tally.enough = true;
        else
                push_next();
}

static void push_accepted(struct peer *p, const char *answer)
{
        (void)p;
        (void)answer;
        accepted_at = now();
        push_step();
}

static void push_next(void)
{
        accepted_at = told_at = 0;
        smtp_send(&sender, 0, push_accepted);
        peer_flush(&sender);
}

static void watcher_line(struct peer *p, char *line)
{
        long before = p->stat;

        imap_take_line(p, line);
        if (sender.fd < 0 || p->stat == before)
                return;
        told_at = now();
        push_step();
}

static void sender_introduced(struct peer *p, const char *answer)
{
        (void)p;
        (void)answer;
        push_next();
}

static void sender_ready(struct peer *p)
{
        peer_say(p, "EHLO", sender_introduced, "EHLO client.test\r\n");
}

static void sender_line(struct peer *p, char *line)
{
        smtp_protocol.take_line(p, line);
        if (strncmp(line, "354", 3) == 0)
                dot_at = now();
}

static const struct protocol sender_protocol = { .ready = sender_ready, .take_line = sender_line };

static void watcher_idle(struct peer *p, const char *answer)
{
        (void)p;
        (void)answer;
        peer_open(&sender, NULL);
}

static void watcher_selected(struct peer *p, const char *answer)
{
        (void)answer;
        into_idle(p, watcher_idle);
}

static void watcher_logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        imap_say(p, "SELECT", watcher_selected, "SELECT INBOX");
}

static void watcher_ready(struct peer *p)
{
        imap_log_in(p, watcher_logged_in);
}

static const struct protocol watcher_protocol = {
        .ready = watcher_ready,
        .take_line = watcher_line,
        .take_text = imap_take_literal,
};

void run_push(void)
{
        after_dot = calloc((size_t)options.messages, sizeof *after_dot);
        if (!after_dot)
                die("out of memory");
        watcher = (struct peer){ .protocol = &watcher_protocol, .port = options.imap_port };
        sender = (struct peer){ .protocol = &sender_protocol, .port = options.port, .fd = -1 };
        give_up = now() + (double)options.seconds;
        peer_open(&watcher, NULL);
        peers_run();
        print_push(after_dot);
        free(after_dot);
        free(watcher.out);
        free(sender.out);
}
