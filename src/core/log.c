/* log.c — writing log lines whole, and making a peer's bytes printable. */
#include "mailserver/core/log.h"

#include "mailserver/core/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2048, ESC_MAX_BYTES = 200 };

static _Atomic int current_level = LOG_LEVEL_INFO;
static void (*current_sink)(enum log_level, const char *);

void log_set_level(enum log_level level)
{
        atomic_store(&current_level, (int)level);
}

bool log_enabled(enum log_level level)
{
        return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_sink(void (*sink)(enum log_level level, const char *line))
{
        current_sink = sink;
}

/* Under systemd the journal adds the time and wants <priority> in front: sd-daemon(3). */
static bool to_journal(void)
{
        static _Atomic int known = -1;

        if (atomic_load(&known) < 0)
                atomic_store(&known, getenv("JOURNAL_STREAM") != NULL);
        return atomic_load(&known);
}

static int line_head(enum log_level level, char *line, size_t size)
{
        static const char *const words[] = { "error", "warn", "info", "debug" };
        static const int priorities[] = { 3, 4, 6, 7 };
        char now[CLOCK_ISO_SIZE];

        if (to_journal())
                return snprintf(line, size, "<%d>", priorities[level]);
        clock_iso(clock_now_us(), now);
        return snprintf(line, size, "%s %s ", now, words[level]);
}

static void write_line(const char *line, size_t len)
{
        ssize_t n;

        do
                n = write(STDERR_FILENO, line, len);
        while (n < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *fmt, ...)
{
        char line[LINE_MAX_OCTETS];
        va_list args;
        int head, text;

        if (!log_enabled(level))
                return;
        head = current_sink ? 0 : line_head(level, line, sizeof line);
        va_start(args, fmt);
        text = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, args);
        va_end(args);
        if (text < 0)
                return;
        size_t len = strlen(line);

        if (current_sink) {
                current_sink(level, line);
                return;
        }
        line[len++] = '\n';
        write_line(line, len);
}

const char *log_escape(char *space, struct slice s)
{
        size_t n = s.len > ESC_MAX_BYTES ? ESC_MAX_BYTES : s.len, at = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)s.ptr[i];

                if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
                        at += (size_t)snprintf(space + at, LOG_ESC_SIZE - at, "\\x%02x", c);
                else
                        space[at++] = (char)c;
        }
        snprintf(space + at, LOG_ESC_SIZE - at, "%s", s.len > n ? "..." : "");
        return space;
}
