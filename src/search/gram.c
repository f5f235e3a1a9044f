/* gram.c — folded text as the set of its grams. */
#include "gram.h"

#include "mailserver/core/mem.h"

enum { FIRST_SIZE = 1024, KEPT_SIZE = 1 << 18, MAX_OF_CHARACTER = 3, NEEDLE_MAX = 8192 };
/* Above all characters: octets that are none, and NUL. */
enum { STRAY = 0x110000, NUL_CHARACTER = STRAY + 256 };

/* ---- sets ---- */

static size_t slot_of(const struct gram_set *s, uint32_t gram)
{
        size_t i = gram & (s->size - 1);

        while (s->slots[i] && s->slots[i] != gram)
                i = (i + 1) & (s->size - 1);
        return i;
}

static void grow(struct gram_set *s)
{
        struct gram_set larger = { .size = s->size ? s->size * 2 : FIRST_SIZE, .n = s->n };

        larger.slots = mem_alloc_array(larger.size, sizeof *larger.slots);
        for (size_t i = 0; i < s->size; i++)
                if (s->slots[i])
                        larger.slots[slot_of(&larger, s->slots[i])] = s->slots[i];
        mem_free(s->slots);
        *s = larger;
}

void gram_set_add(struct gram_set *s, uint32_t gram)
{
        size_t i;

        if (s->n * 2 >= s->size)
                grow(s);
        i = slot_of(s, gram);
        s->n += !s->slots[i];
        s->slots[i] = gram;
}

void gram_set_clear(struct gram_set *s)
{
        if (s->size > KEPT_SIZE)
                gram_set_done(s);
        else if (s->n)
                memset(s->slots, 0, s->size * sizeof *s->slots);
        s->n = 0;
}

void gram_set_done(struct gram_set *s)
{
        mem_free(s->slots);
        *s = (struct gram_set){ 0 };
}

/* ---- characters ---- */

/* Of a script in which one or two characters are a word. */
static bool is_dense(uint32_t c)
{
        return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7ff) ||
               (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

static bool is_continuation(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t length_of(unsigned char lead)
{
        if (lead >= 0xf0)
                return 4;
        return lead >= 0xe0 ? 3 : 2;
}

/* A character that is not ASCII; its octets, 0 when they may not be all there yet. */
static size_t decode(struct slice s, uint32_t *ret_character)
{
        unsigned char lead = (unsigned char)s.ptr[0];
        size_t n = length_of(lead);
        uint32_t c = lead & (0x7fu >> n);

        *ret_character = STRAY + lead;
        if (lead < 0xc2 || lead > 0xf4)
                return 1;
        for (size_t i = 1; i < n; i++) {
                if (i == s.len)
                        return 0;
                if (!is_continuation(s.ptr[i]))
                        return 1;
                c = c << 6 | ((unsigned char)s.ptr[i] & 0x3f);
        }
        *ret_character = c;
        return n;
}

/* ---- grams ---- */

/* `count` characters as one number other than 0. */
static uint32_t gram_of(unsigned count, uint32_t a, uint32_t b, uint32_t c)
{
        uint64_t h = ((uint64_t)a << 42 ^ (uint64_t)b << 21 ^ c) + ((uint64_t)count << 62);
        uint32_t gram;

        h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
        h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
        gram = (uint32_t)(h >> (64 - GRAM_BITS));
        return gram ? gram : 1;
}

/* The grams that end with the character `c`, the shortest first; how many. */
static size_t step(struct gram_state *s, uint32_t c, uint32_t out[MAX_OF_CHARACTER])
{
        uint32_t a = s->before[0], b = s->before[1];
        bool dense = is_dense(c), after_dense = b && is_dense(b);
        size_t n = 0;

        if (dense)
                out[n++] = gram_of(1, 0, 0, c);
        if (dense && after_dense)
                out[n++] = gram_of(2, 0, b, c);
        if (a && !(after_dense && is_dense(a)))
                out[n++] = gram_of(3, a, b, c);
        s->before[0] = b;
        s->before[1] = c;
        return n;
}

/* The character `s` begins with; its octets, or 0. */
static size_t next_character(struct slice s, uint32_t *ret_character)
{
        unsigned char first = (unsigned char)s.ptr[0];

        if (first >= 0x80)
                return decode(s, ret_character);
        *ret_character = first ? first : NUL_CHARACTER;
        return 1;
}

void gram_read(struct gram_state *state, struct buf *text, struct gram_set *out)
{
        struct slice rest = buf_slice(text);

        while (rest.len) {
                uint32_t grams[MAX_OF_CHARACTER], c;
                size_t octets = next_character(rest, &c), n;

                if (!octets)
                        break;
                n = step(state, c, grams);
                for (size_t i = 0; i < n; i++)
                        gram_set_add(out, grams[i]);
                rest = slice_from(rest, octets);
        }
        buf_consume(text, text->len - rest.len);
}

/* ---- strings that are looked for ---- */

/* All of them in order; those of one character only where there are no others. */
static size_t list_grams(struct slice folded, uint32_t *out)
{
        struct gram_state state = {
                {0, 0}
        };
        size_t n = 0, octets;
        uint32_t single = 0;

        while (folded.len) {
                uint32_t grams[MAX_OF_CHARACTER], c;
                size_t found;

                octets = next_character(folded, &c);
                if (!octets)
                        break;
                found = step(&state, c, grams);
                for (size_t i = 0; i < found; i++) {
                        if (is_dense(c) && i == 0)
                                single = grams[i];
                        else
                                out[n++] = grams[i];
                }
                folded = slice_from(folded, octets);
        }
        if (!n && single)
                out[n++] = single;
        return n;
}

size_t gram_of_needle(struct slice folded, uint32_t *out, size_t max)
{
        struct slice head = slice_head(folded, NEEDLE_MAX);
        uint32_t *all = mem_alloc_array(head.len + 1, 2 * sizeof *all);
        size_t n = list_grams(head, all), taken = n < max ? n : max;

        /* Evenly spread: neighbours tell nearly the same. */
        for (size_t i = 0; i < taken; i++)
                out[i] = all[taken > 1 ? i * (n - 1) / (taken - 1) : 0];
        mem_free(all);
        return taken;
}

void gram_token(uint32_t gram, char out[GRAM_TOKEN])
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

        for (int i = GRAM_TOKEN - 1; i >= 0; i--, gram >>= 5)
                out[i] = letters[gram & 31];
}
