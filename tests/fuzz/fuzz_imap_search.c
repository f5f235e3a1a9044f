/*
 * fuzz_imap_search.c — any octets after SEARCH, over any message.
 *
 * The command goes up to the first empty octet, the message follows. A tree that
 * parses says of every message that it matches or not; its negation says the
 * opposite; and it says the same whether the body is at hand or read in pieces.
 */
#include "search_eval.h"

#include "mailserver/mime/field.h"
#include "mailserver/mime/summary.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

/* Some of the octets, as a blob's reader gives them. */
static enum err read_some(void *arg, uint64_t offset, size_t max, struct buf *out)
{
        const struct slice *message = arg;
        struct slice rest = slice_from(*message, (size_t)offset);

        require(offset <= message->len);
        return buf_put(out, slice_head(rest, max > 7 ? max / 2 : max));
}

static bool matches(struct imap_search *search, struct slice message,
                    const struct mime_summary *summary, bool read)
{
        struct store_fetch_row row = {
                .uid = 3,
                .flags = 1 << 8 | 5,
                .internal_date_us = (int64_t)1700000000 * 1000000,
                .size = (int64_t)message.len,
                .header = slice_head(message, summary->header_length),
                .parts = buf_slice(&summary->parts),
                .octets = slice_from(message, summary->header_length),
        };
        const struct imap_search_message m = {
                .row = &row,
                .now_us = (int64_t)1700003600 * 1000000,
                .read = read_some,
                .arg = &message,
        };
        bool match = false;

        /* slice_from of nothing left may be NULL already. */
        row.octets.ptr = read ? NULL : message.ptr + summary->header_length;
        require(imap_search_match(search, &m, &match) == ERR_OK);
        return match;
}

static enum err parse(struct slice command, const char *before, const char *after,
                      struct arena *arena, struct imap_search *ret_search)
{
        struct imap_args args = { .arena = arena };
        AUTO_BUF(whole, BUF_MAX);

        buf_add(&whole, slice_of(before));
        buf_add(&whole, command);
        buf_add(&whole, slice_of(after));
        args.rest = arena_copy(arena, buf_slice(&whole));
        if (!args.rest.ptr)
                return ERR_LIMIT;
        return imap_search_parse(&args, arena, ret_search);
}

static void bind(struct imap_search *search)
{
        struct store_view view = { 0 };
        char label[] = "label";
        char *names[STORE_KEYWORD_BITS] = { [8] = label };
        struct store_keywords keywords = { names };
        const struct uid_set saved = { 0 };

        for (uint32_t uid = 1; uid <= 5; uid += 2)
                uid_map_append(&view.messages, uid, uid);
        imap_search_bind_sets(search, &view.messages, &saved);
        imap_search_bind_keywords(search, &keywords);
        store_view_done(&view);
}

static void check(struct slice command, struct slice message, const struct mime_summary *summary)
{
        struct arena arena = ARENA_INIT(1 << 20), other = ARENA_INIT(1 << 20);
        struct imap_search search, not ;
        bool match;

        if (!parse(command, "", "", &arena, &search)) {
                bind(&search);
                match = matches(&search, message, summary, false);
                require(match == matches(&search, message, summary, true));
                if (!search.returns.given && !search.has_charset &&
                    !parse(command, "NOT (", ")", &other, &not )) {
                        bind(&not );
                        require(match != matches(&not, message, summary, true));
                        imap_search_done(&not );
                }
                imap_search_done(&search);
        }
        arena_done(&arena);
        arena_done(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice command, message = { (const char *)data, size };
        struct mime_summary summary;

        if (!slice_cut(&message, '\0', &command))
                return 0;
        /* Never NULL: that would say that only `read` has it. */
        if (!message.len)
                message = SLICE("\r\n");
        mime_summary_init(&summary);
        mime_summarise(message, &mime_limits_default, &summary);
        check(command, message, &summary);
        mime_summary_done(&summary);
        return 0;
}
