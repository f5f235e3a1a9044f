/* gather.c — a command put together from lines and literals. */
#include "gather.h"

/* A reload may have made the limit smaller than what there is already. */
static size_t room(size_t limit, size_t used)
{
        return limit > used ? limit - used : 0;
}

/* ---- what a line ends with ---- */

/* "{n}" at its end; *ret_before: what stands before it. */
static bool ends_with_literal(struct slice line, struct imap_literal *ret, struct slice *ret_before)
{
        ptrdiff_t open = slice_rfind(line, '{');
        struct imap_args args = { 0 };

        if (open < 0)
                return false;
        if (open > 0 && line.ptr[open - 1] == '~')
                open--;
        args.rest = slice_from(line, (size_t)open);
        if (imap_arg_literal(&args, ret))
                return false;
        *ret_before = slice_head(line, (size_t)open);
        return true;
}

/* `before` stands in front of a literal's header: "a1 APPEND" and a mailbox already, or "a1 REPLACE"
 * and a number and a mailbox. */
static bool is_message(struct slice before)
{
        struct slice word;

        if (!slice_cut(&before, ' ', &word))
                return false;
        if (slice_skip_word(&before, SLICE("APPEND ")))
                return before.len > 0;
        (void)slice_skip_word(&before, SLICE("UID "));
        return slice_skip_word(&before, SLICE("REPLACE ")) && slice_cut(&before, ' ', &word) &&
               before.len > 0;
}

static enum imap_gather_event begin_literal(struct imap_gather *g,
                                            const struct imap_gather_limits *limits,
                                            const struct imap_literal *literal, struct slice before)
{
        if (g->rest || is_message(before)) {
                g->literal = *literal;
                return IMAP_GATHER_STREAM;
        }
        if (literal->octets > room(limits->max_literals, g->literal_octets)) {
                if (literal->synchronising)
                        return IMAP_GATHER_TOO_BIG;
                g->skipping = IMAP_GATHER_TOO_BIG;
                g->left = literal->octets;
                return IMAP_GATHER_MORE;
        }
        g->left = literal->octets;
        g->literal_octets += (size_t)literal->octets;
        buf_add(&g->octets, SLICE("\r\n"));
        g->line_start = g->octets.len;
        return literal->synchronising ? IMAP_GATHER_CONTINUE : IMAP_GATHER_MORE;
}

static enum imap_gather_event end_line(struct imap_gather *g,
                                       const struct imap_gather_limits *limits)
{
        struct slice all = buf_slice(&g->octets), line = slice_from(all, g->line_start), before;
        struct imap_literal literal;

        if (!ends_with_literal(line, &literal, &before))
                return IMAP_GATHER_COMMAND;
        before = slice_head(all, g->line_start + before.len);
        return begin_literal(g, limits, &literal, before);
}

/* ---- what is skipped ---- */

static void keep_tail(struct imap_gather *g, struct slice s)
{
        size_t keep = sizeof g->tail;

        if (s.len < keep) {
                size_t old = keep - s.len < g->n_tail ? keep - s.len : g->n_tail;

                memmove(g->tail, g->tail + g->n_tail - old, old);
                memcpy(g->tail + old, s.ptr, s.len);
                g->n_tail = (unsigned char)(old + s.len);
                return;
        }
        memcpy(g->tail, s.ptr + s.len - keep, keep);
        g->n_tail = (unsigned char)keep;
}

static enum imap_gather_event end_skipped_line(struct imap_gather *g)
{
        struct slice line = { g->tail, g->n_tail }, before;
        struct imap_literal literal;

        g->n_tail = 0;
        /* A client that waits for "+" is answered instead. */
        if (!ends_with_literal(line, &literal, &before) || literal.synchronising)
                return g->skipping;
        g->left = literal.octets;
        return IMAP_GATHER_MORE;
}

/* ---- octets ---- */

static void take_literal(struct imap_gather *g, struct slice *in)
{
        size_t n = in->len < g->left ? in->len : (size_t)g->left;

        if (!g->skipping)
                buf_add(&g->octets, slice_head(*in, n));
        *in = slice_from(*in, n);
        g->left -= n;
        if (g->left == 0)
                g->line_start = g->octets.len;
}

/* A part of a line, without its end. */
static void take_text(struct imap_gather *g, const struct imap_gather_limits *limits,
                      struct slice text)
{
        if (!g->skipping && text.len > room(limits->max_line, g->line_octets)) {
                size_t fits = room(limits->max_line, g->line_octets);

                g->skipping = IMAP_GATHER_TOO_LONG;
                g->n_tail = 0;
                keep_tail(g, slice_from(buf_slice(&g->octets), g->line_start));
                buf_add(&g->octets, slice_head(text, fits));
                g->line_octets += fits;
        } else if (!g->skipping) {
                buf_add(&g->octets, text);
                g->line_octets += text.len;
                return;
        }
        keep_tail(g, text);
}

/* Up to the end of the line if it is there. True: it was. */
static bool take_line(struct imap_gather *g, const struct imap_gather_limits *limits,
                      struct slice *in)
{
        ptrdiff_t end = slice_find(*in, '\n');
        struct slice text = end < 0 ? *in : slice_head(*in, (size_t)end);
        bool cr;

        *in = slice_from(*in, end < 0 ? in->len : (size_t)end + 1);
        /* A CR is held back until it is known whether an LF follows. */
        if (g->cr && (text.len || end < 0))
                take_text(g, limits, SLICE("\r"));
        cr = text.len && text.ptr[text.len - 1] == '\r';
        take_text(g, limits, slice_head(text, text.len - (cr ? 1 : 0)));
        g->cr = cr && end < 0;
        return end >= 0;
}

enum imap_gather_event imap_gather_put(struct imap_gather *g,
                                       const struct imap_gather_limits *limits, struct slice *in)
{
        g->octets.max = BUF_MAX;
        while (in->len) {
                enum imap_gather_event event;

                if (g->left) {
                        take_literal(g, in);
                        continue;
                }
                if (!take_line(g, limits, in))
                        continue;
                event = g->skipping ? end_skipped_line(g) : end_line(g, limits);
                if (event != IMAP_GATHER_MORE)
                        return event;
        }
        return IMAP_GATHER_MORE;
}

/* ---- between commands ---- */

bool imap_gather_begun(const struct imap_gather *g)
{
        return g->octets.len || g->left || g->skipping || g->cr;
}

void imap_gather_done(struct imap_gather *g)
{
        buf_done(&g->octets);
}

void imap_gather_reset(struct imap_gather *g)
{
        imap_gather_done(g);
        *g = (struct imap_gather){ 0 };
}

void imap_gather_rest(struct imap_gather *g)
{
        imap_gather_reset(g);
        g->rest = true;
}

void imap_gather_skip(struct imap_gather *g, uint64_t octets)
{
        struct imap_gather fresh = { .skipping = IMAP_GATHER_SKIPPED, .left = octets, .cr = g->cr };

        /* The line may be half there already. */
        if (!octets)
                keep_tail(&fresh, slice_from(buf_slice(&g->octets), g->line_start));
        imap_gather_reset(g);
        *g = fresh;
}
