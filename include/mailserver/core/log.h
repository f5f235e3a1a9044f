/*
 * log.h — one key=value line per event.
 *
 * A line starts with the connection id where there is one: `c=1f3 smtp …`. It
 * never carries message content, passwords or unescaped bytes of a peer: pass
 * those through LOG_ESC. Lines go to stderr, with the journal's <priority>
 * prefix when stderr is the journal. Any thread may log; a line is one write.
 */
#ifndef MAILSERVER_CORE_LOG_H
#define MAILSERVER_CORE_LOG_H

#include "mailserver/core/error.h"
#include "mailserver/core/slice.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. The default is INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Where lines go instead of stderr (tests); NULL: back to stderr. */
void log_set_sink(void (*sink)(enum log_level level, const char *line));

void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
        do {                                                                                       \
                if (log_enabled(LOG_LEVEL_DEBUG))                                                  \
                        log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                    \
        } while (0)

/*
 * A peer's bytes made safe to print: controls, quotes, backslashes, `<>=` left
 * alone, and bytes above 0x7e as \xNN; cut with … at 200 bytes. Lives until the
 * end of the enclosing block:  log_info("c=%s rcpt=%s", id, LOG_ESC(path));
 */
#define LOG_ESC(s)   log_escape((char[LOG_ESC_SIZE]){ 0 }, (s))
#define LOG_ESC_SIZE 832
const char *log_escape(char *space, struct slice s);

#endif
