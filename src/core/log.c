/* log.c — writing log lines whole, and making a peer's bytes printable. */
#include "mailserver/core/log.h"

#include "mailserver/core/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2048, ESC_MAX_BYTES = 200 };

static _Atomic int current_level = LOG_LEVEL_INFO;
typedef void sink_fn(enum log_level level, const char *line);
static _Atomic(sink_fn *) current_sink;

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
        atomic_store(&current_sink, sink);
}

/*
 * Under systemd the journal adds the time and wants <priority> in front:
 * sd-daemon(3). The variable is inherited by children whose stderr goes
 * elsewhere, so it names the stream: systemd.exec(5).
 */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        struct slice inode = slice_of(stream ? stream : ""), device;
        uint64_t device_number, inode_number;
        struct stat st;

        return slice_cut(&inode, ':', &device) && slice_number(device, &device_number) &&
               slice_number(inode, &inode_number) && fstat(STDERR_FILENO, &st) == 0 &&
               st.st_dev == device_number && st.st_ino == inode_number;
}

static bool to_journal(void)
{
        static _Atomic int known = -1;
        int answer = atomic_load(&known);

        if (answer < 0) {
                answer = stderr_is_journal();
                atomic_store(&known, answer);
        }
        return answer;
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

/* Whatever was printed into it: an event is one line. */
static void blank_controls(char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        *text = ' ';
}

void log_line(enum log_level level, const char *fmt, ...)
{
        char line[LINE_MAX_OCTETS];
        sink_fn *sink = atomic_load(&current_sink);
        va_list args;
        int head, text;

        if (!log_enabled(level))
                return;
        head = sink ? 0 : line_head(level, line, sizeof line);
        va_start(args, fmt);
        text = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, args);
        va_end(args);
        if (text < 0)
                return;
        blank_controls(line + head);
        if (sink) {
                sink(level, line);
                return;
        }
        size_t len = strlen(line);

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
