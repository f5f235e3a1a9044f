/*
 * conf_source.c — one pass over a file: comments go, includes come in, integers
 * get the L that makes libconfig read them in 64 bits; lines stay lines.
 */
#include "conf_source.h"

#include "mailserver/core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct scanner {
        struct conf_source *out;
        struct buf *report;
        const char *file; /* borrowed */
        struct slice rest;
        unsigned line, depth;
        bool may_include;
        bool line_begun; /* something other than blanks was put out on this line */
        enum err err;    /* the first; scanning stops */
};

void conf_source_done(struct conf_source *s)
{
        for (size_t i = 0; i < s->n_origins; i++)
                mem_free(s->origins[i].file);
        mem_free(s->origins);
        s->origins = NULL;
        s->n_origins = 0;
        buf_done(&s->text);
}

const char *conf_source_where(const struct conf_source *s, unsigned at, unsigned *ret_line)
{
        size_t i = s->n_origins;

        while (i > 1 && s->origins[i - 1].at > at)
                i--;
        *ret_line = at - s->origins[i - 1].at + s->origins[i - 1].line;
        return s->origins[i - 1].file;
}

static void add_origin(struct scanner *s)
{
        struct conf_source *out = s->out;

        out->origins = mem_realloc(out->origins, (out->n_origins + 1) * sizeof *out->origins);
        out->origins[out->n_origins++] = (struct conf_origin){
                .at = out->lines, .line = s->line, .file = mem_strdup(slice_of(s->file))
        };
}

static PRINTF(2, 3) void complain(struct scanner *s, const char *fmt, ...)
{
        char line[512];
        va_list args;

        if (s->err)
                return;
        va_start(args, fmt);
        vsnprintf(line, sizeof line, fmt, args);
        va_end(args);
        buf_addf(s->report, "%s:%u: %s\n", s->file, s->line, line);
        s->err = ERR_SYNTAX;
}

static void put(struct scanner *s, struct slice bytes)
{
        if (buf_put(&s->out->text, bytes))
                complain(s, "the configuration is larger than 1 MiB; make it shorter");
}

static void put_newline(struct scanner *s)
{
        put(s, SLICE("\n"));
        s->line++;
        s->out->lines++;
        s->line_begun = false;
}

/* Moves n bytes from the input to the output. */
static void copy(struct scanner *s, size_t n)
{
        s->line_begun = true;
        put(s, slice_head(s->rest, n));
        s->rest = slice_from(s->rest, n);
}

/* ---- what stands in a file ---- */

static void skip_line_comment(struct scanner *s)
{
        ptrdiff_t end = slice_find(s->rest, '\n');

        s->rest = slice_from(s->rest, end < 0 ? s->rest.len : (size_t)end);
}

static void skip_block_comment(struct scanner *s)
{
        const char *end = memmem(s->rest.ptr + 2, s->rest.len - 2, "*/", 2);
        size_t len;

        if (!end) {
                complain(s, "the comment that starts here never ends; close it with */");
                return;
        }
        put(s, SLICE(" "));
        len = (size_t)(end - s->rest.ptr) + 2;
        for (size_t i = 0; i < len; i++)
                if (s->rest.ptr[i] == '\n')
                        put_newline(s);
        s->rest = slice_from(s->rest, len);
}

/* Length of the string at the front, with its quotes; 0 when it does not end on its line. */
static size_t string_length(struct slice in)
{
        for (size_t i = 1; i < in.len && in.ptr[i] != '\n'; i++) {
                if (in.ptr[i] == '"')
                        return i + 1;
                if (in.ptr[i] == '\\')
                        i++;
        }
        return 0;
}

static void copy_string(struct scanner *s)
{
        size_t len = string_length(s->rest);

        if (!len)
                complain(s, "the string does not end on its line; close it with a quotation mark");
        else if (memmem(s->rest.ptr, len, "\\x00", 4))
                complain(s, "\\x00 in a string; leave it out");
        else
                copy(s, len);
}

static bool is_word(char c)
{
        return ascii_alnum(c) || c == '_' || c == '-' || c == '+' || c == '*' || c == '.';
}

/* Is it an integer, 123, -4, 0x1F, 5L? Then *ret_fits says whether 64 bits can hold it. */
static bool is_integer(struct slice word, bool *ret_fits, bool *ret_long)
{
        bool negative = slice_skip(&word, '-'), hex;
        size_t digits = 0;
        uint64_t value;

        if (!negative)
                slice_skip(&word, '+');
        *ret_long = slice_ends(word, SLICE("L"));
        while (slice_ends(word, SLICE("L")))
                word.len--;
        hex = slice_skip_word(&word, SLICE("0x"));
        while (digits < word.len &&
               (hex ? strchr("0123456789abcdef", ascii_lower(word.ptr[digits])) != NULL
                    : ascii_digit(word.ptr[digits])))
                digits++;
        if (digits != word.len || digits == 0)
                return false;
        *ret_fits = hex ? digits <= 15 : slice_number(word, &value) && value <= INT64_MAX;
        return true;
}

static void copy_word(struct scanner *s)
{
        bool fits = true, has_suffix = false, integer;
        size_t len = 1;

        while (len < s->rest.len && is_word(s->rest.ptr[len]))
                len++;
        integer = is_integer(slice_head(s->rest, len), &fits, &has_suffix);
        if (integer && !fits) {
                complain(s, "the number is too large; write a smaller one");
                return;
        }
        copy(s, len);
        if (integer && !has_suffix)
                put(s, SLICE("L"));
}

/* ---- files ---- */

static void scan(struct scanner *s);

/* 0 or errno. */
static int read_file(const char *path, struct buf *ret_bytes)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
        char chunk[4096];
        ssize_t n = 0;

        if (fd < 0)
                return errno;
        do {
                n = read(fd, chunk, sizeof chunk);
                if (n > 0 && buf_put(ret_bytes, (struct slice){ chunk, (size_t)n }))
                        error = EFBIG;
                else if (n < 0 && errno != EINTR)
                        error = errno;
        } while (n != 0 && !error);
        close(fd);
        return error;
}

/* `name` seen from the directory of `file`. */
static void resolve(const char *file, struct slice name, struct buf *ret_path)
{
        ptrdiff_t dir = slice_rfind(slice_of(file), '/');

        if (dir >= 0 && !slice_starts(name, SLICE("/")))
                buf_add(ret_path, slice_head(slice_of(file), (size_t)dir + 1));
        buf_add(ret_path, name);
}

static void include(struct scanner *s, struct slice name)
{
        AUTO_BUF(path, 4096);
        AUTO_BUF(bytes, CONF_MAX_OCTETS);
        struct scanner inner = *s;
        int error;

        resolve(s->file, name, &path);
        if (!s->may_include)
                complain(s, "@include works in files only; write the options here");
        else if (s->depth >= CONF_MAX_DEPTH || ++s->out->files > CONF_MAX_FILES)
                complain(s, "too many files include each other; look for a circle");
        else if ((error = read_file(buf_slice(&path).ptr, &bytes)))
                complain(s, "cannot include %s: %s; correct the name or the permissions",
                         buf_slice(&path).ptr, strerror(error));
        if (s->err)
                return;
        inner.file = buf_slice(&path).ptr;
        inner.rest = buf_slice(&bytes);
        inner.line = 1;
        inner.depth++;
        scan(&inner);
        s->err = inner.err;
        /* Whatever follows starts on a line of its own. */
        put(s, SLICE("\n"));
        s->out->lines++;
        add_origin(s);
}

/* libconfig must never see an @ outside a string: it would include by itself. */
static void directive(struct scanner *s)
{
        struct slice in = slice_trim(slice_from(s->rest, 1)), name;
        size_t len = 0;

        if (!s->line_begun && slice_skip_word(&in, SLICE("include"))) {
                in = slice_trim(in);
                len = slice_starts(in, SLICE("\"")) ? string_length(in) : 0;
        }
        if (len < 3) {
                complain(s, "misplaced @; an include is a line of its own: @include \"file\"");
                return;
        }
        name = slice_head(slice_from(in, 1), len - 2);
        s->rest = slice_from(in, len);
        include(s, name);
}

static void scan_one(struct scanner *s)
{
        char c = s->rest.ptr[0];

        if (c == '\n') {
                put_newline(s);
                s->rest = slice_from(s->rest, 1);
        } else if (c == ' ' || c == '\t' || c == '\r') {
                put(s, SLICE(" "));
                s->rest = slice_from(s->rest, 1);
        } else if (c == '#' || slice_starts(s->rest, SLICE("//"))) {
                skip_line_comment(s);
        } else if (slice_starts(s->rest, SLICE("/*"))) {
                skip_block_comment(s);
        } else if (c == '"') {
                copy_string(s);
        } else if (c == '@') {
                directive(s);
        } else if (is_word(c)) {
                copy_word(s);
        } else {
                copy(s, 1);
        }
}

static void scan(struct scanner *s)
{
        add_origin(s);
        if (slice_find(s->rest, '\0') >= 0)
                complain(s, "there is a NUL octet in the file; it should be plain text");
        while (s->rest.len && !s->err)
                scan_one(s);
}

enum err conf_source_file(struct conf_source *s, const char *path, struct buf *report)
{
        AUTO_BUF(bytes, CONF_MAX_OCTETS);
        struct scanner scanner = {
                .out = s, .report = report, .file = path, .line = 1, .may_include = true
        };
        int error = read_file(path, &bytes);

        if (error) {
                buf_addf(report, "%s: cannot be read: %s; correct the name or the permissions\n",
                         path, strerror(error));
                return error == ENOENT ? ERR_NOTFOUND : error == EACCES ? ERR_DENIED : ERR_IO;
        }
        scanner.rest = buf_slice(&bytes);
        scan(&scanner);
        return scanner.err;
}

enum err conf_source_text(struct conf_source *s, const char *text, const char *name,
                          struct buf *report)
{
        struct scanner scanner = {
                .out = s, .report = report, .file = name, .rest = slice_of(text), .line = 1
        };

        scan(&scanner);
        return scanner.err;
}
