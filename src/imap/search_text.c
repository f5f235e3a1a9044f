/*
 * search_text.c — looking for several strings at once in a message's text.
 *
 * All are looked for in each piece as it comes; of what was looked through only as
 * much stays as the longest string may reach over the next piece's edge.
 */
#include "search_text.h"

#include "mailserver/mime/encoded_word.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/text_fold.h"

struct scan {
        struct imap_search_key *texts;
        size_t longest;    /* of the strings looked for */
        bool in_header;    /* of the stream in hand: only TEXT looks there */
        struct buf folded; /* the tail of what was looked through, and what is new */
        size_t looked;     /* of it: the tail */
};

/* A key that looks into the stream in hand. */
static bool looks(const struct scan *s, const struct imap_search_key *key)
{
        return !s->in_header || key->kind == IMAP_SEARCH_TEXT;
}

/* What a header says counts more than what stands somewhere below. */
static bool is_aside(const struct scan *s, const struct imap_search_key *key)
{
        return !s->in_header && key->kind == IMAP_SEARCH_TEXT;
}

static void end_stream(struct scan *s)
{
        for (struct imap_search_key *key = s->texts; key; key = key->next_text)
                if (key->fuzzy && looks(s, key))
                        imap_fuzzy_end(key->fuzzy, is_aside(s, key));
}

static void begin(void *arg, bool in_header)
{
        struct scan *s = arg;

        end_stream(s);
        s->in_header = in_header;
        s->looked = 0;
}

static void look(void *arg)
{
        struct scan *s = arg;
        struct slice all = buf_slice(&s->folded), fresh = slice_from(all, s->looked);

        for (struct imap_search_key *key = s->texts; key; key = key->next_text) {
                if (!looks(s, key))
                        continue;
                if (key->fuzzy)
                        imap_fuzzy_look(key->fuzzy, all, fresh, is_aside(s, key));
                else if (!key->found)
                        key->found = slice_contains(all, key->text);
        }
        if (s->folded.len > s->longest)
                buf_consume(&s->folded, s->folded.len - s->longest);
        s->looked = s->folded.len;
}

static bool all_found(void *arg)
{
        const struct scan *s = arg;

        for (const struct imap_search_key *key = s->texts; key; key = key->next_text)
                if (key->fuzzy ? !imap_fuzzy_perfect(key->fuzzy) : !key->found)
                        return false;
        return true;
}

enum err imap_search_texts(struct imap_search_key *texts, const struct mime_text_source *source)
{
        struct scan s = { .texts = texts, .folded = BUF_INIT(BUF_MAX) };
        struct mime_text_sink sink = {
                .text = &s.folded,
                .begin = begin,
                .more = look,
                .enough = all_found,
                .arg = &s,
                .skips_headers = true,
        };
        enum err err;

        for (struct imap_search_key *key = texts; key; key = key->next_text) {
                key->found = !key->text.len;
                sink.skips_headers &= key->kind != IMAP_SEARCH_TEXT;
                s.longest = key->text.len > s.longest ? key->text.len : s.longest;
                if (key->fuzzy)
                        imap_fuzzy_begin(key->fuzzy);
        }
        err = mime_text_walk(source, &sink);
        end_stream(&s);
        for (struct imap_search_key *key = texts; key; key = key->next_text)
                if (key->fuzzy)
                        key->found = imap_fuzzy_found(key->fuzzy);
        buf_done(&s.folded);
        return err;
}

/* A value, decoded and folded. False: it is out of all proportion. */
static bool fold_field(const struct mime_field *field, struct buf *folded)
{
        AUTO_BUF(utf8, BUF_MAX);

        return !mime_header_to_utf8(field->value, &utf8) && !text_fold(buf_slice(&utf8), folded);
}

bool imap_search_field(struct slice header, struct slice name, struct slice text)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                AUTO_BUF(folded, BUF_MAX);

                if (!slice_eq_word(field.name, name))
                        continue;
                if (!text.len)
                        return true;
                if (fold_field(&field, &folded) && slice_contains(buf_slice(&folded), text))
                        return true;
        }
        return false;
}

void imap_search_field_fuzzily(struct slice header, struct slice name, struct imap_fuzzy *fuzzy)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                AUTO_BUF(folded, BUF_MAX);

                if (!slice_eq_word(field.name, name) || !fold_field(&field, &folded))
                        continue;
                imap_fuzzy_look(fuzzy, buf_slice(&folded), buf_slice(&folded), false);
                imap_fuzzy_end(fuzzy, false);
        }
}
