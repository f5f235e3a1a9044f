/*
 * load_smtp.c — mail goes in.
 *
 *   greeting ─► EHLO ─► [STARTTLS ─► EHLO] ─► [AUTH] ─► (envelope ─► message)* ─► QUIT
 *
 * MAIL, RCPT and DATA go out together (RFC 2920). The time of a message is from
 * its MAIL to the 250 after its last dot.
 */
#include "load.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static void begin(struct peer *p);

static void sent(struct peer *p, const char *answer)
{
        (void)answer;
        job_finish(p);
        begin(p);
}

/* The step behind the 354 has to wait where p->next is taken. */
static step_fn *after_message;

static void data_wanted(struct peer *p, const char *answer)
{
        size_t len;
        const char *text = compose(p, p->job, &len);

        (void)answer;
        peer_put(p, text, len);
        peer_say(p, "the message", after_message, ".\r\n");
}

void smtp_send(struct peer *p, long job, step_fn *next)
{
        char to[NAME_SIZE], from[NAME_SIZE];

        after_message = next; /* one kind of run has one kind of step */
        expand(options.rcpt, job, to);
        /* An account sends as itself. */
        expand(options.user && !options.imap_port ? options.user : options.from, p->number, from);
        peer_say(p, "the envelope", data_wanted, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", from,
                 to);
        p->replies_left = 3;
}

static void begin(struct peer *p)
{
        if (job_take(p))
                smtp_send(p, p->job, sent);
        else
                peer_say(p, "QUIT", peer_close, "QUIT\r\n");
}

static void logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        begin(p);
}

static void say_auth(struct peer *p)
{
        char name[NAME_SIZE], plain[2 * NAME_SIZE], coded[4 * NAME_SIZE];
        int n;

        expand(options.user, p->number, name);
        n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, name, 0, options.password);
        EVP_EncodeBlock((unsigned char *)coded, (unsigned char *)plain, n);
        peer_say(p, "AUTH", logged_in, "AUTH PLAIN %s\r\n", coded);
}

static void introduced(struct peer *p, const char *answer)
{
        (void)answer;
        if (options.tls == TLS_START && !p->ssl)
                peer_say(p, "STARTTLS", peer_start_tls, "STARTTLS\r\n");
        else if (options.user)
                say_auth(p);
        else
                begin(p);
}

static void ready(struct peer *p)
{
        peer_say(p, "EHLO", introduced, "EHLO client.test\r\n");
}

static void take_line(struct peer *p, char *line)
{
        char good = p->next == data_wanted && p->replies_left == 1 ? '3' : '2';

        if (strlen(line) > 3 && line[3] == '-')
                return;
        if (line[0] != good)
                die("%s: %s", p->doing, line);
        if (--p->replies_left == 0)
                p->next(p, line);
}

const struct protocol smtp_protocol = { .ready = ready, .take_line = take_line };
