/*
 * load_pop3.c — mail is fetched.
 *
 *   greeting ─► [STLS] ─► USER ─► PASS ─► STAT ─┬─► RETR* ─► QUIT   pop3
 *                                               └─► UIDL ─► QUIT    pop3-session
 *
 * The time of a message is from RETR to the line with a dot; of a session from connect to the
 * answer to QUIT.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static void begin(struct peer *p);

/* All of a RETR or of a UIDL. */
static void text_over(struct peer *p)
{
        if (p->protocol == &pop3_session) {
                peer_say(p, "QUIT", session_end, "QUIT\r\n");
                return;
        }
        job_finish(p);
        begin(p);
}

static void text_follows(struct peer *p, const char *answer)
{
        (void)answer;
        p->in_text = true;
        p->dot = 2; /* the line before the text has ended in CRLF */
}

static void begin(struct peer *p)
{
        if (job_take(p))
                peer_say(p, "RETR", text_follows, "RETR %ld\r\n", 1 + p->at++ % p->stat);
        else
                peer_say(p, "QUIT", peer_close, "QUIT\r\n");
}

static void counted(struct peer *p, const char *answer)
{
        p->stat = strtol(answer + strlen("+OK "), NULL, 10);
        if (p->stat <= 0)
                die("a mailbox is empty: fill it first");
        if (p->protocol == &pop3_session)
                peer_say(p, "UIDL", text_follows, "UIDL\r\n");
        else
                begin(p);
}

static void logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        peer_say(p, "STAT", counted, "STAT\r\n");
}

static void named(struct peer *p, const char *answer)
{
        (void)answer;
        peer_say(p, "PASS", logged_in, "PASS %s\r\n", options.password);
}

static void ready(struct peer *p)
{
        char name[NAME_SIZE];

        if (options.tls == TLS_START && !p->ssl) {
                peer_say(p, "STLS", peer_start_tls, "STLS\r\n");
                return;
        }
        expand(options.user, p->number, name);
        peer_say(p, "USER", named, "USER %s\r\n", name);
}

static void take_line(struct peer *p, char *line)
{
        if (line[0] != '+')
                die("%s: %s", p->doing, line);
        p->next(p, line);
}

/* Eats the text of an answer, up to and with the line that ends it. */
static size_t take_text(struct peer *p, const char *octets, size_t len)
{
        size_t n = text_until_dot(p, octets, len);

        if (!p->in_text)
                text_over(p);
        return n;
}

const struct protocol pop3_protocol = {
        .ready = ready,
        .take_line = take_line,
        .take_text = take_text,
};

const struct protocol pop3_session = {
        .opened = session_begin,
        .ready = ready,
        .take_line = take_line,
        .take_text = take_text,
};
