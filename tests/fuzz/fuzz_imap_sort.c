/*
 * fuzz_imap_sort.c — any octets in front of the keys of SORT and ESEARCH, over any rows; and those as threads.
 *
 * They go up to the first empty octet; what follows are rows, a line each. In whatever order, each row comes once;
 * threads are written as the grammar has it, each message once.
 */
#include "search_sources.h"
#include "sort_keys.h"
#include "thread.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
        if (!holds)
                abort();
}

static void look_at_sources(struct slice text)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_args args = { .arena = &arena, .rest = text };
        struct imap_sources sources;

        if (!imap_sources_parse(&args, &sources)) {
                bool all = (sources.kinds & IMAP_SOURCE_PERSONAL) != 0;

                require(!all || imap_sources_have(&sources, SLICE("any"), false));
                for (const struct imap_source_name *n = sources.names; n; n = n->next)
                        require(imap_sources_have(&sources, n->name, false));
        }
        arena_done(&arena);
}

static uint32_t *sort_rows(const struct imap_sort *sort, struct slice rows, size_t *ret_n)
{
        struct imap_sorter s = { .sort = *sort, .max_text = 16, .octets = BUF_INIT(1 << 20) };
        struct slice line;
        uint32_t uid = 0;

        while (slice_cut(&rows, '\n', &line)) {
                struct store_fetch_row row = {
                        .uid = ++uid,
                        .size = (int64_t)line.len,
                        .sent_us = line.len & 1 ? INT64_MIN : line.ptr[0],
                        .internal_date_us = line.len ? -line.ptr[0] : 0,
                        .base_subject = line,
                        .from = slice_head(line, 3),
                        .to = slice_from(line, line.len / 2),
                        .cc = slice_from(line, line.len / 3),
                };

                if (imap_sorter_add(&s, &row, 1 + uid % 100))
                        break;
        }
        return imap_sorter_take(&s, ret_n);
}

static void look_at_order(struct slice criteria, struct slice rows)
{
        struct imap_args args = { .rest = criteria };
        struct imap_sort sort;
        AUTO(mem_freep) uint32_t *up = NULL;
        AUTO(mem_freep) bool *seen = NULL;
        size_t n;

        if (imap_sort_parse(&args, &sort))
                return;
        require(sort.n > 0 && sort.n <= IMAP_SORT_CRITERIA);
        up = sort_rows(&sort, rows, &n);
        seen = mem_alloc_array(n + 1, sizeof *seen);
        for (size_t i = 0; i < n; i++) {
                require(up[i] >= 1 && up[i] <= n && !seen[up[i]]);
                seen[up[i]] = true;
        }
}

/* Numbers, brackets and blanks as RFC 5256 5 has them, each message once. */
static void check_threads(struct slice text, size_t n)
{
        size_t depth = 0, numbers = 0;

        for (size_t i = 0; i < text.len; i++) {
                char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\0';

                require(c == '(' || c == ')' || c == ' ' || ascii_digit(c));
                depth += c == '(';
                require(depth || c == ' ');
                depth -= c == ')';
                numbers += ascii_digit(c) && !ascii_digit(next);
                require(c != '(' || next == '(' || ascii_digit(next));
                require(c != ' ' || next == '(' || ascii_digit(next));
        }
        require(!depth && numbers == n);
}

/* "id refs subject": each an octet or some. */
static void look_at_threads(enum imap_thread_algorithm algorithm, struct slice rows)
{
        struct imap_threads *t = imap_threads_new(algorithm, 1 << 20, NULL);
        AUTO_BUF(out, BUF_MAX);
        struct slice line;
        bool over = false, failed = false;
        size_t n = 0;

        while (slice_cut(&rows, '\n', &line)) {
                AUTO_BUF(ids, 4096);
                struct store_fetch_row row = {
                        .uid = (uint32_t)n + 1,
                        .message_id = slice_head(line, 1),
                        .base_subject = slice_from(line, line.len > 4 ? line.len - 1 : line.len),
                        .sent_us = line.len,
                        .reply = line.len & 1,
                };

                for (size_t i = 1; i < line.len && i < 1000; i++) {
                        if (line.ptr[i] == ' ')
                                continue;
                        if (ids.len)
                                buf_addc(&ids, ' ');
                        buf_addc(&ids, line.ptr[i]);
                }
                row.references = buf_slice(&ids);
                if (slice_eq(row.message_id, SLICE(" ")))
                        row.message_id = SLICE("");
                if (imap_threads_add(t, &row))
                        break;
                n++;
        }
        while (!over && !failed)
                failed = imap_threads_step(t, &over) != ERR_OK;
        if (!failed && !imap_threads_put(t, NULL, true, &out))
                check_threads(buf_slice(&out), n);
        imap_threads_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice head, rows = { (const char *)data, size };

        if (!slice_cut(&rows, '\0', &head))
                return 0;
        look_at_sources(head);
        look_at_order(head, rows);
        for (int a = IMAP_THREAD_ORDEREDSUBJECT; a <= IMAP_THREAD_REFS; a++)
                look_at_threads((enum imap_thread_algorithm)a, rows);
        return 0;
}
