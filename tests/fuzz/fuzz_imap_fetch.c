/*
 * fuzz_imap_fetch.c — what FETCH may ask for, of whatever message.
 *
 * The input is the items, a NUL, the message. What is accepted can be answered,
 * within the grammar; each literal is as long as it says; a message in a file
 * gives the same answer as one in the database; a label is an item again.
 */
#include "fetch_rig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARENA = 1 << 20 };

static void require(bool holds)
{
        if (!holds)
                abort();
}

static bool parse(struct slice items, struct imap_fetch_plan *plan)
{
        struct arena arena = ARENA_INIT(MAX_ARENA);
        struct imap_args args = { .rest = items, .arena = &arena };
        enum err err = imap_fetch_plan_parse(&args, false, plan);

        require(!err || args.wanted);
        arena_done(&arena);
        return !err;
}

static void check_labels(const struct imap_fetch_plan *plan)
{
        for (size_t i = 0; i < plan->n; i++) {
                struct imap_fetch_plan again;

                if (plan->items[i].count != UINT64_MAX && plan->items[i].kind >= IMAP_FETCH_SECTION)
                        continue; /* "<0>" is what answers say, and no request */
                require(parse(plan->items[i].label, &again));
                require(again.n == 1 && slice_eq(again.items[0].label, plan->items[i].label));
                imap_fetch_plan_done(&again);
        }
}

/* " {n}" CRLF and n octets, " ~{n}" likewise, " NIL", " n". */
static void take_value(struct slice *s)
{
        uint64_t octets;

        require(slice_skip(s, ' '));
        if (slice_skip_word(s, SLICE("NIL")))
                return;
        slice_skip(s, '~');
        if (!slice_skip(s, '{')) {
                require(slice_cut_number(s, &octets));
                return;
        }
        require(slice_cut_number(s, &octets) && slice_skip_word(s, SLICE("}\r\n")));
        require(octets <= s->len);
        *s = slice_from(*s, (size_t)octets);
}

/* Only of plans that have nothing but sections: other tests look at the rest. */
static void check_answer(const struct imap_fetch_plan *plan, struct slice s)
{
        for (size_t i = 0; i < plan->n; i++)
                if (plan->items[i].kind < IMAP_FETCH_SECTION)
                        return;
        require(slice_skip_word(&s, SLICE("* 3 FETCH (")));
        for (size_t i = 0; i < plan->n; i++) {
                require(!i || slice_skip(&s, ' '));
                require(slice_starts(s, plan->items[i].label));
                s = slice_from(s, plan->items[i].label.len);
                take_value(&s);
        }
        require(slice_eq(s, SLICE(")\r\n")));
}

static void answer(const struct imap_fetch_plan *plan, struct slice message, bool in_file,
                   struct buf *out)
{
        struct imap_fetch_render r;
        struct rig_message m;
        int chunks;

        rig_message_init(&m, "Return-Path: <>\r\n", message, in_file);
        imap_fetch_render_init(&r, plan);
        require(!rig_render(&r, &m, out, &chunks));
        require(!r.corrupt && !r.open);
        imap_fetch_render_done(&r);
        rig_message_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice message = { (const char *)data, size }, items;
        struct imap_fetch_plan plan;
        AUTO_BUF(in_row, BUF_MAX);
        AUTO_BUF(in_file, BUF_MAX);

        if (!slice_cut(&message, '\0', &items) || !parse(items, &plan))
                return 0;
        check_labels(&plan);
        answer(&plan, message, false, &in_row);
        answer(&plan, message, true, &in_file);
        require(slice_eq(buf_slice(&in_row), buf_slice(&in_file)));
        check_answer(&plan, buf_slice(&in_row));
        imap_fetch_plan_done(&plan);
        return 0;
}
