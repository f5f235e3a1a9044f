/*
 * index.c — one pass over the lines of a message, with a stack of what is open.
 *
 * Every line that begins with "--" is compared with the boundaries of all open
 * multiparts, in headers too: a delimiter of an outer multipart ends whatever is
 * inside, so a missing closing delimiter costs nothing. Of several that match the
 * longest wins, then the innermost. The line end before a delimiter belongs to it
 * (RFC 2046 5.1.1), unless it is that of a delimiter which has just begun a part.
 *
 * IMAP has no multipart without parts (RFC 9051 9, body-type-mpart). Where the
 * mail has none, all its text up to the closing delimiter is made one text part,
 * so a client shows what is there.
 *
 * Depth and number of parts are capped. Each open multipart keeps one part in
 * reserve: when no more are left it takes in all the rest of that multipart as
 * application/octet-stream.
 */
#include "index.h"

#include "boundary.h"
#include "field_line.h"
#include "part_header.h"
#include "utf8.h"

#include "mailserver/core/mem.h"

enum { FIRST_PARTS = 8 };

/* Parameters of all parts together: what exceeds it is dropped, part by part. */
#define MAX_ARENA ((size_t)16 << 20)

#define NO_PART UINT32_MAX

/* A multipart or a message that has begun and may go on. */
struct open {
        uint32_t part;
        struct slice boundary; /* empty: a message, or a multipart that cannot be divided */
        bool multipart;
        bool closed; /* its closing delimiter has been seen; the rest is epilogue */
        bool full;   /* its part in reserve takes in all the rest */
};

struct indexer {
        struct mime_index *index;
        size_t max_parts, max_depth;
        size_t at;              /* the message is read up to here … */
        size_t lines;           /* … and this many lines have ended */
        size_t after_delimiter; /* where the last line that began a part ended */
        size_t reserved;        /* parts that open multiparts keep in reserve */
        size_t searched;        /* open multiparts whose delimiters are looked for */
        uint32_t leaf;          /* the part whose body is being read, or NO_PART */
        size_t depth;
        struct open open[MIME_MAX_DEPTH];
};

/* A delimiter line and the multipart it belongs to. */
struct hit {
        enum mime_delimiter kind;
        size_t level; /* in the stack */
};

bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype)
{
        return slice_eq_word(part->type, slice_of(type)) &&
               (!subtype || slice_eq_word(part->subtype, slice_of(subtype)));
}

/* ---- lines ---- */

static struct slice rest_of(const struct indexer *ix)
{
        return slice_from(ix->index->message, ix->at);
}

/* The line at ix->at, its line end included; empty at the end. */
static struct slice peek_line(const struct indexer *ix)
{
        struct slice rest = rest_of(ix);
        const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;

        return end ? slice_head(rest, (size_t)(end - rest.ptr) + 1) : rest;
}

static void take_line(struct indexer *ix, struct slice line)
{
        ix->at += line.len;
        ix->lines += line.len && line.ptr[line.len - 1] == '\n';
}

static struct hit find_delimiter(const struct indexer *ix, struct slice line)
{
        struct hit hit = { MIME_DELIMITER_NONE, 0 };
        size_t longest = 0;

        if (!ix->searched || line.len < 3 || line.ptr[0] != '-' || line.ptr[1] != '-')
                return hit;
        for (size_t level = ix->depth; level-- > 0;) {
                const struct open *open = &ix->open[level];
                enum mime_delimiter kind;

                if (open->closed || open->boundary.len <= longest ||
                    open->boundary.ptr[0] != line.ptr[2])
                        continue;
                kind = mime_delimiter_of(line, open->boundary);
                if (kind == MIME_DELIMITER_NONE)
                        continue;
                hit = (struct hit){ kind, level };
                longest = open->boundary.len;
        }
        /* In the part that takes in all the rest, what would open another is only text. */
        if (hit.kind == MIME_DELIMITER_OPEN && ix->open[hit.level].full)
                hit.kind = MIME_DELIMITER_NONE;
        return hit;
}

/* ---- parts ---- */

static struct mime_part *add_part(struct indexer *ix)
{
        struct mime_index *index = ix->index;

        if (index->n_parts == index->capacity) {
                index->capacity = index->capacity ? index->capacity * 2 : FIRST_PARTS;
                index->parts = mem_realloc(index->parts, index->capacity * sizeof *index->parts);
        }
        struct mime_part *part = &index->parts[index->n_parts++];
        *part = (struct mime_part){ .start = ix->at, .body = ix->at, .lines = ix->lines };
        return part;
}

/* A place in the message where parts end. */
struct end {
        size_t at, lines;
};

static void end_part(struct indexer *ix, uint32_t i, struct end end)
{
        struct mime_part *part = &ix->index->parts[i];

        /* The last line end of a header may be the delimiter's. */
        part->start = part->start < end.at ? part->start : end.at;
        part->body = part->body < end.at ? part->body : end.at;
        part->end = end.at;
        part->lines = part->body < end.at ? end.lines - part->lines : 0;
        part->descendants = ix->index->n_parts - i - 1;
}

/* The text of a multipart without parts: RFC 9051 wants one. Uses the part in reserve. */
static void add_only_part(struct indexer *ix, uint32_t parent, struct end end)
{
        struct mime_part *child = add_part(ix);
        const struct mime_part *multipart = &ix->index->parts[parent];

        child->start = child->body = multipart->body;
        child->lines = multipart->lines;
        child->type = SLICE("text");
        child->subtype = SLICE("plain");
        child->defaulted = true;
        end_part(ix, ix->index->n_parts - 1, end);
}

static bool has_no_parts(const struct indexer *ix, const struct open *open)
{
        return open->multipart && open->part == ix->index->n_parts - 1;
}

/* No more parts come in this multipart: it gives back, or uses, its part in reserve. */
static void close_multipart(struct indexer *ix, struct open *open, struct end end)
{
        if (has_no_parts(ix, open))
                add_only_part(ix, open->part, end);
        if (!open->full)
                ix->reserved--;
        if (open->boundary.len)
                ix->searched--;
        open->closed = true;
}

/* Ends the current leaf and everything open from `level` up. */
static void end_from(struct indexer *ix, size_t level, struct end end)
{
        if (ix->leaf != NO_PART)
                end_part(ix, ix->leaf, end);
        ix->leaf = NO_PART;
        while (ix->depth > level) {
                struct open *open = &ix->open[--ix->depth];

                if (open->multipart && !open->closed)
                        close_multipart(ix, open, end);
                end_part(ix, open->part, end);
        }
}

/* Where what precedes the delimiter line at ix->at ends. */
static struct end end_before_delimiter(const struct indexer *ix)
{
        struct slice before = slice_head(ix->index->message, ix->at);
        struct end end = { ix->at, ix->lines };

        if (ix->at == ix->after_delimiter)
                return end;
        end.lines--;
        end.at -= slice_ends(before, SLICE("\r\n")) ? 2 : 1;
        if (end.at < ix->after_delimiter)
                end.at = ix->after_delimiter;
        return end;
}

/* Takes the header in: up to its empty line, a delimiter, or the end. */
static void read_header(struct indexer *ix, struct mime_part *part, bool bare)
{
        struct slice line = peek_line(ix);

        /*
         * A part whose first line is neither a field nor empty has no header: the
         * empty line was forgotten, and the text must not be lost. A message's
         * header always ends at its first empty line (mime_header_length).
         */
        if (bare && line.len && line.ptr[0] != '\r' && line.ptr[0] != '\n' &&
            !mime_is_field_line(line))
                return;
        while (line.len && find_delimiter(ix, line).kind == MIME_DELIMITER_NONE) {
                bool empty = slice_eq(line, SLICE("\r\n")) || slice_eq(line, SLICE("\n"));

                take_line(ix, line);
                if (empty)
                        break;
                line = peek_line(ix);
        }
        part->body = ix->at;
        part->lines = ix->lines;
        if (ix->index->has_8bit && !ix->index->has_8bit_header) {
                struct slice header = mime_part_header(ix->index, part);

                ix->index->has_8bit_header = mime_ascii_run(header) < header.len;
        }
}

static void push_open(struct indexer *ix, uint32_t i)
{
        const struct mime_part *part = &ix->index->parts[i];
        struct open *open = &ix->open[ix->depth++];

        *open = (struct open){ .part = i, .multipart = part->kind == MIME_KIND_MULTIPART };
        if (!open->multipart)
                return;
        open->boundary = mime_param_find(part->params, SLICE("boundary"));
        if (!slice_trim(open->boundary).len)
                open->boundary.len = 0;
        ix->searched += open->boundary.len > 0;
        ix->reserved++;
}

/* Can part `i`, just added, have parts of its own? */
static bool may_nest(const struct indexer *ix, const struct mime_part *part)
{
        /* RFC 2046 5.2.1: a message is never encoded. If it is, it is an attachment to us. */
        if (part->kind == MIME_KIND_MESSAGE && (part->encoding == MIME_ENCODING_BASE64 ||
                                                part->encoding == MIME_ENCODING_QUOTED_PRINTABLE))
                return false;
        return ix->depth < ix->max_depth && ix->index->n_parts + ix->reserved < ix->max_parts;
}

/* Reads the part that begins at ix->at; with a message, the message inside too. */
static void begin_part(struct indexer *ix, bool bare, bool digest)
{
        for (;;) {
                struct mime_part *part = add_part(ix);
                uint32_t i = ix->index->n_parts - 1;

                read_header(ix, part, bare);
                mime_part_read_header(ix->index, part, digest);
                part->kind = mime_part_kind(part);
                if (part->kind != MIME_KIND_LEAF && !may_nest(ix, part))
                        mime_part_make_opaque(part);
                if (part->kind == MIME_KIND_LEAF) {
                        ix->leaf = i;
                        return;
                }
                push_open(ix, i);
                if (part->kind == MIME_KIND_MULTIPART)
                        return;
                bare = digest = false;
        }
}

/* The part in reserve: everything to the end of the multipart. */
static void begin_rest(struct indexer *ix, struct open *open)
{
        struct mime_part *part = add_part(ix);

        mime_part_make_opaque(part);
        ix->leaf = ix->index->n_parts - 1;
        open->full = true;
        ix->reserved--;
}

/* A closing delimiter right behind the header: the line end between is the header's. */
static struct end not_before_body(const struct indexer *ix, const struct open *open, struct end end)
{
        const struct mime_part *part = &ix->index->parts[open->part];

        return end.at < part->body ? (struct end){ part->body, part->lines } : end;
}

static void take_delimiter(struct indexer *ix, struct slice line, struct hit hit)
{
        struct open *open = &ix->open[hit.level];
        struct end end = end_before_delimiter(ix);

        end_from(ix, hit.level + 1, end);
        take_line(ix, line);
        if (hit.kind == MIME_DELIMITER_OPEN)
                ix->after_delimiter = ix->at;
        if (hit.kind == MIME_DELIMITER_CLOSE)
                close_multipart(ix, open, not_before_body(ix, open, end));
        else if (ix->index->n_parts + ix->reserved >= ix->max_parts)
                begin_rest(ix, open);
        else
                begin_part(ix, true,
                           mime_part_is(&ix->index->parts[open->part], "multipart", "digest"));
}

void mime_index_build(struct mime_index *index, struct slice message,
                      const struct mime_limits *limits)
{
        struct indexer ix;

        *index = (struct mime_index){ .message = message, .arena = ARENA_INIT(MAX_ARENA) };
        index->has_8bit = mime_ascii_run(message) < message.len;
        ix.index = index;
        ix.max_parts = limits->max_parts ? limits->max_parts : 1;
        ix.max_depth = limits->max_depth < MIME_MAX_DEPTH ? limits->max_depth : MIME_MAX_DEPTH;
        ix.at = ix.lines = ix.after_delimiter = ix.reserved = ix.searched = ix.depth = 0;
        ix.leaf = NO_PART;
        begin_part(&ix, false, false);
        while (ix.at < message.len) {
                struct slice line = peek_line(&ix);
                struct hit hit = find_delimiter(&ix, line);

                if (hit.kind == MIME_DELIMITER_NONE)
                        take_line(&ix, line);
                else
                        take_delimiter(&ix, line, hit);
        }
        end_from(&ix, 0, (struct end){ ix.at, ix.lines });
}

void mime_index_done(struct mime_index *index)
{
        mem_free(index->parts);
        arena_done(&index->arena);
        *index = (struct mime_index){ 0 };
}
