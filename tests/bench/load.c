/*
 * load.c — a load driver for a mail server on this machine.
 *
 *   load smtp --port 1025 --rcpt u%d@bench.test --users 20 --connections 20 --messages 10000
 *   load smtp --port 1587 --tls starttls --user u%d@bench.test --password secret …
 *   load pop3 --port 1110 --user u%d@bench.test --password secret --messages 20000
 *   load pop3-session --port 1110 --user … --messages 2000
 *   load greeting --port 1993 --tls implicit --messages 4000
 *   load imap-append|imap-session|imap-mixed --port 1143 --user … --messages 20000
 *   load idle --port 1143 --user … --connections 5000
 *   load push --port 1025 --imap-port 1143 --rcpt … --user … --messages 300 --seconds 12
 *   load sink --host 127.1.0.0 --users 100 --port 2525 --messages 1000
 *
 * A reply of another kind than it must be ends the run with exit status 1. The
 * result is one line of JSON: messages are what a run does many times, of imap-session,
 * pop3-session and greeting the connections, of imap-mixed the commands.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct options options = {
        .host = "127.0.0.1",
        .rcpt = "u%d@bench.test",
        .from = "sender@client.test",
        .password = "secret",
        .users = 20,
        .connections = 20,
        .messages = 1000,
        .size = 4096,
        .seconds = 60,
};
struct tally tally;

void die(const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        fputs("load: ", stderr);
        vfprintf(stderr, fmt, args);
        fputc('\n', stderr);
        va_end(args);
        exit(1);
}

double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void expand(const char *pattern, long k, char ret_name[NAME_SIZE])
{
        const char *at = strstr(pattern, "%d");

        if (at)
                snprintf(ret_name, NAME_SIZE, "%.*s%ld%s", (int)(at - pattern), pattern,
                         options.first + k % options.users, at + 2);
        else
                snprintf(ret_name, NAME_SIZE, "%s", pattern);
}

/* One message in 10,000 has a word that no other has. */
const char *compose(const struct peer *p, long job, size_t *ret_len)
{
        static const char line[] =
                "the quick brown fox jumps over the lazy dog and runs away from it\r\n";
        static char *text;
        char to[NAME_SIZE], from[NAME_SIZE];
        size_t room = (size_t)options.size + 2048, len;

        if (!text)
                text = malloc(room);
        if (!text)
                die("out of memory");
        expand(options.rcpt, job, to);
        expand(options.user && !options.imap_port ? options.user : options.from, p->number, from);
        len = (size_t)snprintf(text, room,
                               "From: Sender number %ld <%s>\r\nTo: Recipient <%s>\r\n"
                               "Subject: Message %ld\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
                               "Message-ID: <%ld.%ld@client.test>\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n\r\n%s",
                               job, from, to, job, (long)getpid(), job,
                               job % 10000 == 4711 ? "xylophone\r\n" : "");
        for (; len + sizeof line - 1 <= (size_t)options.size; len += sizeof line - 1)
                memcpy(text + len, line, sizeof line - 1);
        *ret_len = len;
        return text;
}

/* ---- jobs ---- */

bool job_take(struct peer *p)
{
        if (tally.next_job == options.messages ||
            (options.per_connection && p->done == options.per_connection))
                return false;
        p->job = tally.next_job++;
        p->started = now();
        return true;
}

void job_finish(struct peer *p)
{
        tally.latency[p->job] = now() - p->started;
        p->done++;
        tally.jobs_done++;
}

void session_begin(struct peer *p)
{
        double opened = p->started;

        if (!job_take(p))
                die("there is no work for a connection");
        p->started = opened;
}

void session_end(struct peer *p, const char *answer)
{
        job_finish(p);
        peer_close(p, answer);
}

static void greeted(struct peer *p)
{
        session_end(p, NULL);
}

static void take_greeting(struct peer *p, char *line)
{
        p->next(p, line);
}

const struct protocol greeting_protocol = {
        .opened = session_begin,
        .ready = greeted,
        .take_line = take_greeting,
};

/* All at once, until all jobs are done. */
static void run_connections(const struct protocol *protocol)
{
        struct peer *peers;

        if (options.connections > options.messages)
                options.connections = options.messages;
        peers = calloc((size_t)options.connections, sizeof *peers);
        if (!peers)
                die("out of memory");
        for (long i = 0; i < options.connections; i++) {
                peers[i].protocol = protocol;
                peers[i].port = options.port;
                peers[i].number = i;
                peer_open(&peers[i], NULL);
        }
        peers_run();
        for (long i = 0; i < options.connections; i++)
                free(peers[i].out);
        free(peers);
}

/* ---- the command line ---- */

static const struct option long_options[] = {
        {"host",             required_argument, NULL, 'h' },
        { "port",              required_argument, NULL, 'p' },
        { "imap-port",                 required_argument, NULL, 'i' },
        { "rcpt",required_argument, NULL, 'r' },
        { "from",               required_argument, NULL, 'f' },
        { "user",       required_argument, NULL, 'u' },
        { "password",              required_argument, NULL, 'w' },
        { "first",                 required_argument, NULL, 'F' },
        { "users",              required_argument, NULL, 'U' },
        { "connections",               required_argument, NULL, 'c' },
        { "messages",            required_argument, NULL, 'm' },
        { "seconds",              required_argument, NULL, 'S' },
        { "size",                 required_argument, NULL, 's' },
        { "tls",required_argument, NULL, 't' },
        { "per-connection",               required_argument, NULL, 'k' },
        { 0       },
};

static long positive(const char *text)
{
        char *end;
        long value = strtol(text, &end, 10);

        if (*end || value <= 0)
                die("%s is not a positive number", text);
        return value;
}

static enum tls_mode tls_word(const char *word)
{
        if (strcmp(word, "starttls") == 0)
                return TLS_START;
        if (strcmp(word, "implicit") == 0)
                return TLS_IMPLICIT;
        die("--tls is starttls or implicit");
}

static bool take_word(int c, const char *word)
{
        switch (c) {
        case 'h':
                options.host = word;
                return true;
        case 'r':
                options.rcpt = word;
                return true;
        case 'f':
                options.from = word;
                return true;
        case 'u':
                options.user = word;
                return true;
        case 'w':
                options.password = word;
                return true;
        case 't':
                options.tls = tls_word(word);
                return true;
        }
        return false;
}

static bool take_number(int c, const char *word)
{
        switch (c) {
        case 'p':
                options.port = (uint16_t)positive(word);
                return true;
        case 'i':
                options.imap_port = (uint16_t)positive(word);
                return true;
        case 'F':
                options.first = positive(word);
                return true;
        case 'U':
                options.users = positive(word);
                return true;
        case 'c':
                options.connections = positive(word);
                return true;
        case 'm':
                options.messages = positive(word);
                return true;
        case 'S':
                options.seconds = positive(word);
                return true;
        case 's':
                options.size = positive(word);
                return true;
        case 'k':
                options.per_connection = positive(word);
                return true;
        }
        return false;
}

/* ---- what may be run ---- */

static const struct kind {
        const char *name;
        const struct protocol *protocol; /* NULL: run() does it all, result included */
        void (*run)(void);
        bool needs_user, session_each;
} kinds[] = {
        {"smtp",          &smtp_protocol,     NULL,     false, false},
        { "pop3",         &pop3_protocol,     NULL,     true,  false},
        { "pop3-session", &pop3_session,      NULL,     true,  true },
        { "greeting",     &greeting_protocol, NULL,     false, true },
        { "imap-append",  &imap_append,       NULL,     true,  false},
        { "imap-session", &imap_session,      NULL,     true,  true },
        { "imap-mixed",   &imap_mixed,        NULL,     true,  false},
        { "idle",         NULL,               run_idle, true,  false},
        { "push",         NULL,               run_push, true,  false},
        { "sink",         NULL,               run_sink, false, false},
};

static const struct kind *find_kind(const char *name)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        die("there is no run called %s: see the head of tests/bench/load.c", name);
}

static const struct kind *read_options(int argc, char **argv)
{
        const struct kind *kind;
        int c;

        while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
                if (!take_word(c, optarg) && !take_number(c, optarg))
                        die("see the head of tests/bench/load.c");
        if (optind + 1 != argc || !options.port)
                die("usage: load KIND --port PORT …");
        kind = find_kind(argv[optind]);
        if (kind->needs_user && !options.user)
                die("%s needs --user", kind->name);
        if (kind->run == run_push && !options.imap_port)
                die("push needs --imap-port");
        return kind;
}

/* ---- the result ---- */

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double percentile_ms(double *seconds, double fraction)
{
        qsort(seconds, (size_t)tally.jobs_done, sizeof *seconds, by_value);
        return 1e3 * seconds[(long)(fraction * (double)(tally.jobs_done - 1) + 0.5)];
}

static void print_result(double seconds)
{
        struct rusage usage;

        getrusage(RUSAGE_SELF, &usage);
        printf("{\"messages\": %ld, \"seconds\": %.4f, \"per_second\": %.1f, \"p50_ms\": %.3f, "
               "\"p99_ms\": %.3f, \"octets_in\": %lld, \"driver_cpu\": %.3f}\n",
               tally.jobs_done, seconds, (double)tally.jobs_done / seconds,
               percentile_ms(tally.latency, 0.50), percentile_ms(tally.latency, 0.99),
               (long long)tally.octets_in,
               (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

void print_push(double *after_dot)
{
        printf("{\"messages\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
               "\"after_dot_p50_ms\": %.3f, \"after_dot_p99_ms\": %.3f}\n",
               tally.jobs_done, percentile_ms(tally.latency, 0.50),
               percentile_ms(tally.latency, 0.99), percentile_ms(after_dot, 0.50),
               percentile_ms(after_dot, 0.99));
}

/* Many connections need many descriptors. */
static void raise_limit(void)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
        const struct kind *kind = read_options(argc, argv);
        double began;

        signal(SIGPIPE, SIG_IGN);
        raise_limit();
        if (kind->session_each)
                options.per_connection = 1;
        tally.latency = calloc((size_t)options.messages, sizeof *tally.latency);
        if (!tally.latency)
                die("cannot start: %s", strerror(errno));
        peers_prepare();
        began = now();
        if (kind->run) {
                kind->run();
        } else {
                run_connections(kind->protocol);
                print_result(now() - began);
        }
        free(tally.latency);
        return EXIT_SUCCESS;
}
