/*
 * load.c — a load driver for an SMTP or POP3 server on this machine.
 *
 *   load smtp --port 1025 --rcpt u%d@bench.test --users 20 --connections 20 --messages 10000
 *   load smtp --port 1587 --tls starttls --user u%d@bench.test --password secret …
 *   load pop3 --port 1110 --user u%d@bench.test --password secret --messages 20000
 *
 * One thread and one epoll drive every connection, so that the driver takes
 * little of the processors it shares with the server. A connection is a small
 * machine: it sends, waits for the replies of that step, and goes to the next.
 *
 *   smtp   GREETING ─► EHLO ─► [STARTTLS ─► EHLO] ─► [AUTH] ─► (ENVELOPE ─► MESSAGE)* ─► QUIT
 *   pop3   GREETING ─► [STLS] ─► USER ─► PASS ─► STAT ─► RETR* ─► QUIT
 *
 * MAIL, RCPT and DATA go out together (RFC 2920). The time of a message is from
 * its MAIL to the 250 after its last dot, or from RETR to the line with a dot.
 * A reply of another kind ends the run with exit status 1. The result is one
 * line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_SIZE = 16384, NAME_SIZE = 256, EVENTS = 256 };

enum tls_mode { TLS_NONE, TLS_START, TLS_IMPLICIT };

static struct {
        bool pop3;
        const char *host, *rcpt, *from, *user, *password;
        uint16_t port;
        enum tls_mode tls;
        long users, connections, messages, size, per_connection;
} options = {
        .host = "127.0.0.1",
        .rcpt = "u%d@bench.test",
        .from = "sender@client.test",
        .password = "secret",
        .users = 20,
        .connections = 20,
        .messages = 1000,
        .size = 4096,
};

enum step {
        STEP_GREETING,
        STEP_EHLO,
        STEP_STARTTLS,
        STEP_HANDSHAKE,
        STEP_AUTH,
        STEP_ENVELOPE,
        STEP_MESSAGE,
        STEP_USER,
        STEP_PASS,
        STEP_STAT,
        STEP_RETR,
        STEP_QUIT,
};
static const char *const step_names[] = {
        "the greeting", "EHLO", "STARTTLS", "the handshake", "AUTH", "the envelope",
        "the message",  "USER", "PASS",     "STAT",          "RETR", "QUIT",
};

struct peer {
        int fd; /* -1: closed */
        SSL *ssl;
        enum step step;
        int replies_left; /* of this step */
        long number;      /* of the connection; chooses the user */
        long job, done;   /* the message it is at; how many since it connected */
        double started;
        char in[INPUT_SIZE];
        size_t in_len;
        char *out; /* owned, out_cap octets */
        size_t out_len, out_at, out_cap;
        bool watching_out;
        long stat; /* POP3: messages in the mailbox, and the one to fetch next */
        long next;
        bool headed; /* the +OK of RETR has come, its text follows */
        int dot;     /* how much of CRLF.CRLF has been seen at the end of the text */
};

static SSL_CTX *tls_context;
static int epoll_fd;
static long next_job, jobs_done, peers_open;
static double *latency; /* of each message, seconds */
static int64_t octets_in;

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        fputs("load: ", stderr);
        vfprintf(stderr, fmt, args);
        fputc('\n', stderr);
        va_end(args);
        exit(1);
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "u%d@bench.test" for the k-th user. */
static void expand(const char *pattern, long k, char ret_name[NAME_SIZE])
{
        const char *at = strstr(pattern, "%d");

        if (at)
                snprintf(ret_name, NAME_SIZE, "%.*s%ld%s", (int)(at - pattern), pattern,
                         k % options.users, at + 2);
        else
                snprintf(ret_name, NAME_SIZE, "%s", pattern);
}

/* An account sends as itself. */
static void expand_sender(const struct peer *p, char ret_name[NAME_SIZE])
{
        expand(options.user ? options.user : options.from, p->number, ret_name);
}

/* ---- output ---- */

static void put(struct peer *p, const char *octets, size_t len)
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

static void say(struct peer *p, enum step step, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
static void say(struct peer *p, enum step step, const char *fmt, ...)
{
        char line[2 * NAME_SIZE + 1024];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(line, sizeof line, fmt, args);
        va_end(args);
        if (n < 0 || (size_t)n >= sizeof line)
                die("a command is too long");
        put(p, line, (size_t)n);
        p->step = step;
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

static void flush(struct peer *p)
{
        while (p->out_at < p->out_len) {
                const char *from = p->out + p->out_at;
                size_t left = p->out_len - p->out_at;
                ssize_t n = p->ssl ? tls_result(p, SSL_write(p->ssl, from, (int)left))
                                   : plain_result(send(p->fd, from, left, MSG_NOSIGNAL));

                if (n < 0)
                        die("the server closed the connection during %s", step_names[p->step]);
                if (n == 0)
                        break;
                p->out_at += (size_t)n;
        }
        watch(p, p->out_at < p->out_len);
}

/* ---- messages ---- */

/* A text message of about options.size octets; no line begins with a dot. */
static void put_message(struct peer *p, long job)
{
        static const char line[] =
                "the quick brown fox jumps over the lazy dog and runs away from it\r\n";
        char head[1024], to[NAME_SIZE], from[NAME_SIZE];
        long written;

        expand(options.rcpt, job, to);
        expand_sender(p, from);
        written = snprintf(head, sizeof head,
                           "From: Sender <%s>\r\nTo: Recipient <%s>\r\nSubject: Message %ld\r\n"
                           "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
                           "Message-ID: <%ld.%ld@client.test>\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n\r\n",
                           from, to, job, (long)getpid(), job);
        put(p, head, (size_t)written);
        for (; written + (long)sizeof line - 1 <= options.size; written += (long)sizeof line - 1)
                put(p, line, sizeof line - 1);
        put(p, ".\r\n", 3);
}

/* ---- connections ---- */

static void start_tls(struct peer *p)
{
        p->ssl = SSL_new(tls_context);
        if (!p->ssl || !SSL_set_fd(p->ssl, p->fd))
                die("cannot make a TLS session");
        SSL_set_connect_state(p->ssl);
        p->step = STEP_HANDSHAKE;
}

static void open_peer(struct peer *p)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(options.port) };
        bool speaks_first = options.tls == TLS_IMPLICIT;
        struct epoll_event event = { .events = speaks_first ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                     .data.ptr = p };
        int one = 1;

        if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1)
                die("%s is not an IPv4 address", options.host);
        p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&address, sizeof address))
                die("%s port %d: %s", options.host, options.port, strerror(errno));
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(p->fd, F_SETFL, O_NONBLOCK);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &event))
                die("epoll_ctl: %s", strerror(errno));
        p->watching_out = speaks_first;
        p->in_len = p->out_len = p->out_at = 0;
        p->done = 0;
        p->step = STEP_GREETING;
        p->replies_left = 1;
        peers_open++;
        if (speaks_first)
                start_tls(p);
}

static void close_peer(struct peer *p)
{
        SSL_free(p->ssl);
        p->ssl = NULL;
        close(p->fd);
        p->fd = -1;
        peers_open--;
        if (next_job < options.messages)
                open_peer(p);
}

/* ---- what follows what ---- */

static void finish_job(struct peer *p)
{
        latency[p->job] = now() - p->started;
        p->done++;
        jobs_done++;
}

/* The next message, or the end of this connection. */
static void begin_job(struct peer *p)
{
        char to[NAME_SIZE], from[NAME_SIZE];

        if (next_job == options.messages ||
            (options.per_connection && p->done == options.per_connection)) {
                say(p, STEP_QUIT, "QUIT\r\n");
                return;
        }
        p->job = next_job++;
        p->started = now();
        if (options.pop3) {
                p->headed = false;
                say(p, STEP_RETR, "RETR %ld\r\n", 1 + p->next++ % p->stat);
                return;
        }
        expand(options.rcpt, p->job, to);
        expand_sender(p, from);
        say(p, STEP_ENVELOPE, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", from, to);
        p->replies_left = 3;
}

static void say_auth(struct peer *p)
{
        char name[NAME_SIZE], plain[2 * NAME_SIZE], coded[4 * NAME_SIZE];
        int n;

        expand(options.user, p->number, name);
        n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, name, 0, options.password);
        EVP_EncodeBlock((unsigned char *)coded, (unsigned char *)plain, n);
        say(p, STEP_AUTH, "AUTH PLAIN %s\r\n", coded);
}

/* Logged in or not, as the options want it: the first command of a connection that is ready. */
static void after_greeting(struct peer *p)
{
        char name[NAME_SIZE];

        if (options.tls == TLS_START && !p->ssl && options.pop3) {
                say(p, STEP_STARTTLS, "STLS\r\n");
        } else if (options.pop3) {
                expand(options.user, p->number, name);
                say(p, STEP_USER, "USER %s\r\n", name);
        } else {
                say(p, STEP_EHLO, "EHLO client.test\r\n");
        }
}

static void after_ehlo(struct peer *p)
{
        if (options.tls == TLS_START && !p->ssl)
                say(p, STEP_STARTTLS, "STARTTLS\r\n");
        else if (options.user)
                say_auth(p);
        else
                begin_job(p);
}

/* All replies of the step have come, and they were good. */
static void advance(struct peer *p, const char *reply)
{
        switch (p->step) {
        case STEP_GREETING:
                after_greeting(p);
                break;
        case STEP_EHLO:
                after_ehlo(p);
                break;
        case STEP_STARTTLS:
                start_tls(p);
                break;
        case STEP_USER:
                say(p, STEP_PASS, "PASS %s\r\n", options.password);
                break;
        case STEP_PASS:
                say(p, STEP_STAT, "STAT\r\n");
                break;
        case STEP_STAT:
                p->stat = strtol(reply + strlen("+OK "), NULL, 10);
                if (p->stat <= 0)
                        die("a mailbox is empty: fill it first");
                begin_job(p);
                break;
        case STEP_AUTH:
                begin_job(p);
                break;
        case STEP_ENVELOPE:
                p->step = STEP_MESSAGE;
                p->replies_left = 1;
                put_message(p, p->job);
                break;
        case STEP_MESSAGE:
        case STEP_RETR:
                finish_job(p);
                begin_job(p);
                break;
        case STEP_QUIT:
                close_peer(p);
                break;
        case STEP_HANDSHAKE:
                break;
        }
}

/* ---- input ---- */

static bool good_reply(const struct peer *p, const char *line)
{
        if (options.pop3)
                return line[0] == '+';
        if (p->step == STEP_ENVELOPE && p->replies_left == 1)
                return line[0] == '3';
        return line[0] == '2';
}

static void take_line(struct peer *p, const char *line)
{
        if (!options.pop3 && strlen(line) > 3 && line[3] == '-')
                return;
        if (!good_reply(p, line))
                die("%s: %s", step_names[p->step], line);
        if (p->step == STEP_RETR) {
                p->headed = true;
                p->dot = 2; /* the line before the text has ended in CRLF */
        } else if (--p->replies_left == 0) {
                advance(p, line);
        }
}

/* Eats the text of RETR; how many octets, up to and with the line that ends it. */
static size_t take_text(struct peer *p, const char *octets, size_t len)
{
        static const char end[] = "\r\n.\r\n";

        for (size_t i = 0; i < len; i++) {
                if (octets[i] == end[p->dot])
                        p->dot++;
                else
                        p->dot = octets[i] == '\r';
                if (p->dot == 5) {
                        advance(p, "");
                        return i + 1;
                }
        }
        return len;
}

/* All that is complete in the input. */
static void take_input(struct peer *p)
{
        size_t at = 0;

        while (at < p->in_len && p->fd >= 0 && p->step != STEP_HANDSHAKE) {
                char *from = p->in + at, *end;

                if (p->step == STEP_RETR && p->headed) {
                        at += take_text(p, from, p->in_len - at);
                        continue;
                }
                end = memchr(from, '\n', p->in_len - at);
                if (!end)
                        break;
                at += (size_t)(end - from) + 1;
                *end = '\0';
                if (end > from && end[-1] == '\r')
                        end[-1] = '\0';
                take_line(p, from);
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
        if (options.tls == TLS_IMPLICIT) {
                p->step = STEP_GREETING;
                p->replies_left = 1;
        } else {
                after_greeting(p);
        }
}

static void peer_ready(struct peer *p)
{
        if (p->step == STEP_HANDSHAKE)
                shake_hands(p);
        flush(p);
        while (p->fd >= 0 && p->step != STEP_HANDSHAKE) {
                int fd = p->fd;
                size_t room = INPUT_SIZE - p->in_len;
                ssize_t n = p->ssl ? tls_result(p, SSL_read(p->ssl, p->in + p->in_len, (int)room))
                                   : plain_result(recv(p->fd, p->in + p->in_len, room, 0));

                if (n < 0)
                        die("the server closed the connection during %s", step_names[p->step]);
                if (n == 0)
                        break;
                p->in_len += (size_t)n;
                octets_in += n;
                take_input(p);
                if (p->fd != fd)
                        return; /* a new connection, which has its own event */
                flush(p);
        }
        if (p->fd >= 0 && p->step == STEP_HANDSHAKE)
                shake_hands(p);
}

static void run(void)
{
        struct peer *peers = calloc((size_t)options.connections, sizeof *peers);
        struct epoll_event events[EVENTS];

        if (!peers)
                die("out of memory");
        for (long i = 0; i < options.connections; i++) {
                peers[i].number = i;
                open_peer(&peers[i]);
        }
        while (peers_open > 0) {
                int n = epoll_wait(epoll_fd, events, EVENTS, 60000);

                if (n == 0)
                        die("the server has said nothing for a minute");
                for (int i = 0; i < n; i++)
                        peer_ready(events[i].data.ptr);
        }
        for (long i = 0; i < options.connections; i++)
                free(peers[i].out);
        free(peers);
}

/* ---- the command line and the result ---- */

static const struct option long_options[] = {
        {"host",             required_argument, NULL, 'h' },
        { "port",              required_argument, NULL, 'p' },
        { "rcpt",                 required_argument, NULL, 'r' },
        { "from",required_argument, NULL, 'f' },
        { "user",               required_argument, NULL, 'u' },
        { "password",            required_argument, NULL, 'w' },
        { "users",              required_argument, NULL, 'U' },
        { "connections",                 required_argument, NULL, 'c' },
        { "messages",              required_argument, NULL, 'm' },
        { "size",               required_argument, NULL, 's' },
        { "tls",            required_argument, NULL, 't' },
        { "per-connection",              required_argument, NULL, 'k' },
        { 0                },
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

static void read_options(int argc, char **argv)
{
        int c;

        while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                switch (c) {
                case 'h':
                        options.host = optarg;
                        break;
                case 'p':
                        options.port = (uint16_t)positive(optarg);
                        break;
                case 'r':
                        options.rcpt = optarg;
                        break;
                case 'f':
                        options.from = optarg;
                        break;
                case 'u':
                        options.user = optarg;
                        break;
                case 'w':
                        options.password = optarg;
                        break;
                case 'U':
                        options.users = positive(optarg);
                        break;
                case 'c':
                        options.connections = positive(optarg);
                        break;
                case 'm':
                        options.messages = positive(optarg);
                        break;
                case 's':
                        options.size = positive(optarg);
                        break;
                case 'k':
                        options.per_connection = positive(optarg);
                        break;
                case 't':
                        options.tls = tls_word(optarg);
                        break;
                default:
                        die("see the head of tests/bench/load.c");
                }
        }
        if (optind + 1 != argc || !options.port)
                die("usage: load smtp|pop3 --port PORT …");
        options.pop3 = strcmp(argv[optind], "pop3") == 0;
        if (!options.pop3 && strcmp(argv[optind], "smtp") != 0)
                die("the first word is smtp or pop3");
        if (options.pop3 && !options.user)
                die("pop3 needs --user");
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double percentile_ms(double fraction)
{
        return 1e3 * latency[(long)(fraction * (double)(options.messages - 1) + 0.5)];
}

int main(int argc, char **argv)
{
        struct rusage usage;
        double began, seconds;

        read_options(argc, argv);
        signal(SIGPIPE, SIG_IGN);
        tls_context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_options(tls_context, SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(tls_context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        latency = calloc((size_t)options.messages, sizeof *latency);
        if (!tls_context || epoll_fd < 0 || !latency)
                die("cannot start: %s", strerror(errno));
        if (options.connections > options.messages)
                options.connections = options.messages;
        began = now();
        run();
        seconds = now() - began;
        qsort(latency, (size_t)options.messages, sizeof *latency, by_value);
        getrusage(RUSAGE_SELF, &usage);
        printf("{\"messages\": %ld, \"seconds\": %.4f, \"per_second\": %.1f, \"p50_ms\": %.3f, "
               "\"p99_ms\": %.3f, \"octets_in\": %lld, \"driver_cpu\": %.3f}\n",
               jobs_done, seconds, (double)jobs_done / seconds, percentile_ms(0.50),
               percentile_ms(0.99), (long long)octets_in,
               (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
        free(latency);
        SSL_CTX_free(tls_context);
        return EXIT_SUCCESS;
}
