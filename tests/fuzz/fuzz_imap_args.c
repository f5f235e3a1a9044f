/*
 * fuzz_imap_args.c — commands of IMAP gathered from octets, and every kind of argument.
 *
 * How the octets are split changes nothing; what is taken lies inside the
 * command or its arena; what is refused says what was wanted. A mailbox name
 * that is accepted has one form in modified UTF-7.
 */
#include "args.h"
#include "gather.h"
#include "mailbox_name.h"
#include "utf7.h"

#include "mailserver/core/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARENA = 1 << 16 };

static const struct imap_gather_limits limits = { .max_line = 512, .max_literals = 256 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* ---- arguments ---- */

/* The canonical form of it is itself. */
static void check_canonical(struct slice name)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct slice again;

        require(!imap_name_canonical(name, &arena, &again) && slice_eq(name, again));
        arena_done(&arena);
}

static void check_mailbox(struct slice name, struct slice raw)
{
        AUTO_BUF(encoded, 1 << 16);
        AUTO_BUF(decoded, 1 << 16);

        require(text_utf8_valid(name));
        if (slice_eq_word(raw, SLICE("INBOX")))
                require(slice_eq(name, SLICE("INBOX")));
        require(!imap_utf7_encode(name, &encoded) && !text_has_8bit(buf_slice(&encoded)));
        /* Controls and DEL go through UTF-7 too, so every name comes back. */
        require(!imap_utf7_decode(buf_slice(&encoded), &decoded));
        require(slice_eq(buf_slice(&decoded), name));
        check_canonical(name);
}

typedef enum err arg_fn(struct imap_args *a, struct slice *ret);

static void check_string(struct slice in, bool utf8, arg_fn *fn)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args a = { .rest = in, .arena = &arena, .utf8 = utf8 };
        struct slice got = SLICE("");

        if (fn(&a, &got)) {
                require(a.wanted != NULL);
        } else {
                require(a.rest.len <= in.len);
                for (size_t i = 0; i < got.len; i++)
                        require(got.ptr[i] != '\0' || slice_find(in, '\0') >= 0);
                if (fn == imap_arg_mailbox)
                        check_mailbox(got, slice_head(in, in.len - a.rest.len));
        }
        arena_done(&arena);
}

static void check_set(struct slice in)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args a = { .rest = in, .arena = &arena };
        struct imap_set set = { 0 };

        if (!imap_arg_set(&a, &set)) {
                require(a.rest.len < in.len && set.saved == (set.n == 0));
                for (size_t i = 0; i < set.n; i++)
                        require(set.ranges[i].first + (uint64_t)set.ranges[i].last < UINT64_MAX);
        }
        arena_done(&arena);
}

static void check_args(struct slice in)
{
        static arg_fn *const fns[] = { imap_arg_atom,    imap_arg_string,  imap_arg_astring,
                                       imap_arg_nstring, imap_arg_mailbox, imap_arg_list_mailbox,
                                       imap_arg_flag };
        struct imap_args a = { .rest = in };
        struct imap_literal literal;
        int64_t time;

        for (size_t i = 0; i < sizeof fns / sizeof *fns; i++) {
                check_string(in, false, fns[i]);
                check_string(in, true, fns[i]);
        }
        check_set(in);
        if (!imap_arg_date(&a, &time))
                require(time > -800000 && time < 3000000);
        a.rest = in;
        if (!imap_arg_date_time(&a, &time))
                require(a.rest.len < in.len);
        a.rest = in;
        if (!imap_arg_literal(&a, &literal))
                require(a.rest.len == 0);
}

/* ---- gathering ---- */

static void note(struct buf *events, const struct imap_gather *g, enum imap_gather_event event)
{
        require(g->octets.len <= limits.max_line + limits.max_literals + 64 * limits.max_line);
        buf_addf(events, "%d:%zu:", (int)event, g->octets.len);
        buf_add(events, buf_slice(&g->octets));
}

/* In pieces of `piece` octets; arguments are looked at only once. */
static void gather(struct slice in, size_t piece, bool look, struct buf *events)
{
        struct imap_gather g = { 0 };

        while (in.len) {
                struct slice now = slice_head(in, piece), left = now;

                while (left.len) {
                        enum imap_gather_event event = imap_gather_put(&g, &limits, &left);

                        if (event == IMAP_GATHER_MORE)
                                continue;
                        note(events, &g, event);
                        if (look && event == IMAP_GATHER_COMMAND)
                                check_args(buf_slice(&g.octets));
                        if (event == IMAP_GATHER_STREAM)
                                imap_gather_skip(&g, g.literal.octets % 64);
                        else if (event != IMAP_GATHER_CONTINUE)
                                imap_gather_reset(&g);
                }
                in = slice_from(in, now.len);
        }
        imap_gather_done(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice in = { (const char *)data, size };
        AUTO_BUF(whole, BUF_MAX);
        AUTO_BUF(split, BUF_MAX);

        if (!size)
                return 0;
        check_args(in);
        gather(in, size, true, &whole);
        gather(in, 1 + data[0] % 3, false, &split);
        require(slice_eq(buf_slice(&whole), buf_slice(&split)));
        return 0;
}
