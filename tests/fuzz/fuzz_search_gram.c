/*
 * fuzz_search_gram.c — whatever is in a text is found by its grams.
 *
 * The first two octets choose a stretch of the rest. Where it begins and ends as a character does, as
 * what is looked for always does, all that is looked up for it is among the grams of the whole, in
 * whatever pieces that came.
 */
#include "gram.h"

#include <assert.h>

enum { MAX_GRAMS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool continues(struct slice s, size_t at)
{
        return at < s.len && ((unsigned char)s.ptr[at] & 0xc0) == 0x80;
}

static void read_in_pieces(struct slice text, size_t piece, struct gram_set *out)
{
        struct gram_state state = {
                {0, 0}
        };
        AUTO_BUF(waiting, BUF_MAX);

        for (size_t at = 0; at < text.len; at += piece) {
                buf_add(&waiting, slice_head(slice_from(text, at), piece));
                gram_read(&state, &waiting, out);
                assert(waiting.len < 4);
        }
}

static bool has(const struct gram_set *set, uint32_t gram)
{
        for (size_t i = 0; i < set->size; i++)
                if (set->slots[i] == gram)
                        return true;
        return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct gram_set grams = { 0 };
        uint32_t needle[MAX_GRAMS];
        struct slice text, part;
        size_t from, to, n;

        if (size < 3)
                return 0;
        text = (struct slice){ (const char *)data + 2, size - 2 };
        from = data[0] % text.len;
        to = from + data[1] % (text.len - from + 1);
        if (continues(text, from) || continues(text, to))
                return 0;
        part = slice_head(slice_from(text, from), to - from);
        read_in_pieces(text, 1 + data[0] % 7, &grams);
        n = gram_of_needle(part, needle, MAX_GRAMS);
        for (size_t i = 0; i < n; i++)
                assert(has(&grams, needle[i]));
        gram_set_done(&grams);
        return 0;
}
