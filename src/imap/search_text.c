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
};

static void begin(void *arg, bool in_header)
{
        struct scan *s = arg;

        s->in_header = in_header;
}

static void look(void *arg)
{
        struct scan *s = arg;

        for (struct imap_search_key *key = s->texts; key; key = key->next_text) {
                if (s->in_header && key->kind != IMAP_SEARCH_TEXT)
                        continue;
                /* What a header says counts more than what stands somewhere below. */
                if (key->fuzzy)
                        imap_fuzzy_look(key->fuzzy, buf_slice(&s->folded),
                                        !s->in_header && key->kind == IMAP_SEARCH_TEXT);
                else if (!key->found)
                        key->found = memmem(buf_slice(&s->folded).ptr, s->folded.len, key->text.ptr,
                                            key->text.len) != NULL;
        }
        if (s->folded.len > s->longest)
                buf_consume(&s->folded, s->folded.len - s->longest);
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
        const struct mime_text_sink sink = {
                .text = &s.folded,
                .begin = begin,
                .more = look,
                .enough = all_found,
                .arg = &s,
        };
        enum err err;

        for (struct imap_search_key *key = texts; key; key = key->next_text) {
                size_t reach = key->fuzzy && key->text.len < IMAP_FUZZY_WORD ? IMAP_FUZZY_WORD
                                                                             : key->text.len;

                key->found = !key->text.len;
                s.longest = reach > s.longest ? reach : s.longest;
                if (key->fuzzy)
                        imap_fuzzy_begin(key->fuzzy);
        }
        err = mime_text_walk(source, &sink);
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
                if (fold_field(&field, &folded) &&
                    memmem(buf_slice(&folded).ptr, folded.len, text.ptr, text.len))
                        return true;
        }
        return false;
}

void imap_search_field_fuzzily(struct slice header, struct slice name, struct imap_fuzzy *fuzzy)
{
        struct mime_field field;

        while (mime_field_next(&header, &field)) {
                AUTO_BUF(folded, BUF_MAX);

                if (slice_eq_word(field.name, name) && fold_field(&field, &folded))
                        imap_fuzzy_look(fuzzy, buf_slice(&folded), false);
        }
}
