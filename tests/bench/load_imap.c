/*
 * load_imap.c — mail is read and kept.
 *
 *   greeting ─► [STARTTLS] ─► LOGIN ─┬─► APPEND* ─► LOGOUT              imap-append
 *                                    ├─► SELECT ─► LOGOUT               imap-session
 *                                    ├─► SELECT ─► (commands)* ─► LOGOUT imap-mixed
 *                                    └─► SELECT ─► IDLE …               imap-idle
 *
 * The time of an APPEND is from its line to its OK, so with the wait for "+"; of a
 * session from connect to the OK of LOGOUT.
 */
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the protocol ---- */

void imap_say(struct peer *p, const char *doing, step_fn *next, const char *fmt, ...)
{
        char line[1024];
        va_list args;

        va_start(args, fmt);
        vsnprintf(line, sizeof line, fmt, args);
        va_end(args);
        peer_say(p, doing, next, "a %s\r\n", line);
}

/* The size of the literal that the line ends with is in p->literal; false: there is none. */
static bool announces_literal(struct peer *p, const char *line)
{
        const char *open = strrchr(line, '{');

        if (!open || line[strlen(line) - 1] != '}')
                return false;
        p->literal = strtoull(open + 1, NULL, 10);
        return true;
}

void imap_take_line(struct peer *p, char *line)
{
        char *rest;
        long number;

        if (announces_literal(p, line)) {
                p->in_text = p->literal > 0;
                return;
        }
        if (strncmp(line, "a ", 2) == 0) {
                if (strncmp(line, "a OK", 4) != 0)
                        die("%s: %s", p->doing, line);
                p->next(p, line);
        } else if (line[0] == '+' || !p->greeted) {
                p->next(p, line);
        } else if (strncmp(line, "* ", 2) == 0) {
                number = strtol(line + 2, &rest, 10);
                if (strcmp(rest, " EXISTS") == 0)
                        p->stat = number;
        }
}

size_t imap_take_literal(struct peer *p, const char *octets, size_t len)
{
        size_t n = len < p->literal ? len : (size_t)p->literal;

        (void)octets;
        p->literal -= n;
        p->in_text = p->literal > 0;
        return n;
}

static void finish(struct peer *p)
{
        imap_say(p, "LOGOUT", peer_close, "LOGOUT");
}

void imap_log_in(struct peer *p, step_fn *next)
{
        char name[NAME_SIZE];

        if (options.tls == TLS_START && !p->ssl) {
                imap_say(p, "STARTTLS", peer_start_tls, "STARTTLS");
                return;
        }
        expand(options.user, p->number, name);
        imap_say(p, "LOGIN", next, "LOGIN \"%s\" \"%s\"", name, options.password);
}

/* ---- APPEND ---- */

static void say_append(struct peer *p, step_fn *next)
{
        size_t len;

        compose(p, p->job, &len);
        imap_say(p, "APPEND", next, "APPEND INBOX {%zu}", len);
}

static void say_message(struct peer *p, step_fn *next)
{
        size_t len;
        const char *text = compose(p, p->job, &len);

        peer_put(p, text, len);
        peer_say(p, "the message", next, "\r\n");
}

static void append_begin(struct peer *p, const char *answer);

static void append_done(struct peer *p, const char *answer)
{
        job_finish(p);
        append_begin(p, answer);
}

static void append_wanted(struct peer *p, const char *answer)
{
        (void)answer;
        say_message(p, append_done);
}

static void append_begin(struct peer *p, const char *answer)
{
        (void)answer;
        if (job_take(p))
                say_append(p, append_wanted);
        else
                finish(p);
}

static void append_ready(struct peer *p)
{
        imap_log_in(p, append_begin);
}

/* ---- a session ---- */

static void session_selected(struct peer *p, const char *answer)
{
        (void)answer;
        imap_say(p, "LOGOUT", session_end, "LOGOUT");
}

static void session_logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        imap_say(p, "SELECT", session_selected, "SELECT INBOX");
}

static void session_ready(struct peer *p)
{
        imap_log_in(p, session_logged_in);
}

/* ---- many commands of every kind ---- */

static long below(struct peer *p, long n)
{
        p->random ^= p->random << 13;
        p->random ^= p->random >> 7;
        p->random ^= p->random << 17;
        return (long)(p->random % (uint64_t)n);
}

static void mixed_begin(struct peer *p, const char *answer);

static void mixed_done(struct peer *p, const char *answer)
{
        job_finish(p);
        mixed_begin(p, answer);
}

static void mixed_append_wanted(struct peer *p, const char *answer)
{
        (void)answer;
        say_message(p, mixed_done);
}

#define HEADERS                                                                                    \
        "BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID REFERENCES CONTENT-TYPE)]"

/* Of a hundred commands: 20 NOOP, 10 STATUS, 30 bodies, 10 flags of 50, 10 headers of 20, … */
static void mixed_say(struct peer *p)
{
        long kind = below(p, 100), n = p->stat ? p->stat : 1, k = 1 + below(p, n);

        if (kind < 20) {
                imap_say(p, "NOOP", mixed_done, "NOOP");
        } else if (kind < 30) {
                imap_say(p, "STATUS", mixed_done, "STATUS INBOX (MESSAGES UNSEEN UIDNEXT)");
        } else if (kind < 60) {
                imap_say(p, "FETCH", mixed_done, "FETCH %ld (UID BODY.PEEK[])", k);
        } else if (kind < 70) {
                imap_say(p, "FETCH", mixed_done, "FETCH %ld:%ld (UID FLAGS)", n > 50 ? n - 49 : 1,
                         n);
        } else if (kind < 80) {
                imap_say(p, "FETCH", mixed_done,
                         "FETCH %ld:%ld (UID RFC822.SIZE FLAGS " HEADERS ")", k,
                         k + 19 < n ? k + 19 : n);
        } else if (kind < 90) {
                imap_say(p, "STORE", mixed_done, "STORE %ld %cFLAGS (\\Seen)", k,
                         below(p, 2) ? '+' : '-');
        } else if (kind < 93) {
                imap_say(p, "SEARCH", mixed_done, "UID SEARCH FROM \"number 17\"");
        } else if (kind < 98) {
                say_append(p, mixed_append_wanted);
        } else {
                imap_say(p, "SELECT", mixed_done, "SELECT INBOX");
        }
}

static void mixed_begin(struct peer *p, const char *answer)
{
        (void)answer;
        if (job_take(p))
                mixed_say(p);
        else
                finish(p);
}

static void mixed_logged_in(struct peer *p, const char *answer)
{
        (void)answer;
        p->random = 77 + (uint64_t)p->number * 7919;
        imap_say(p, "SELECT", mixed_begin, "SELECT INBOX");
}

static void mixed_ready(struct peer *p)
{
        imap_log_in(p, mixed_logged_in);
}

/* ---- the kinds ---- */

const struct protocol imap_append = {
        .ready = append_ready,
        .take_line = imap_take_line,
        .take_text = imap_take_literal,
};
const struct protocol imap_session = {
        .opened = session_begin,
        .ready = session_ready,
        .take_line = imap_take_line,
        .take_text = imap_take_literal,
};
const struct protocol imap_mixed = {
        .ready = mixed_ready,
        .take_line = imap_take_line,
        .take_text = imap_take_literal,
};
