/*
 * subject.c — base subject extraction: RFC 5256 2.1, the grammar of RFC 5256 5.
 *
 * The steps of the RFC repeat until nothing matches. Done by the letter, a subject
 * of n blobs, "[a][a][a]…", would be walked n times; here a run of blobs is walked
 * once, because whether a "re:" follows it does not depend on where one starts.
 */
#include "subject.h"

#include "casemap.h"

#include "mailserver/mime/encoded_word.h"

enum { MAX_DECODED = 4096, MAX_BASE = 1000 };

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
        while (s.len && is_blank(s.ptr[0]))
                s = slice_from(s, 1);
        return s;
}

/* subj-blob: "[" *BLOBCHAR "]" *WSP. */
static bool skip_blob(struct slice *s)
{
        size_t n = 1;

        if (!s->len || s->ptr[0] != '[')
                return false;
        while (n < s->len && s->ptr[n] != '[' && s->ptr[n] != ']')
                n++;
        if (n == s->len || s->ptr[n] != ']')
                return false;
        *s = skip_blanks(slice_from(*s, n + 1));
        return true;
}

/* subj-refwd: ("re" / ("fw" ["d"])) *WSP [subj-blob] ":". */
static bool skip_refwd(struct slice *s)
{
        struct slice rest = *s;

        if (!slice_skip_word(&rest, SLICE("re"))) {
                if (!slice_skip_word(&rest, SLICE("fw")))
                        return false;
                slice_skip_word(&rest, SLICE("d"));
        }
        rest = skip_blanks(rest);
        skip_blob(&rest);
        if (!slice_skip(&rest, ':'))
                return false;
        *s = rest;
        return true;
}

/* Step 2: subj-trailer, "(fwd)" and blanks, off the end. */
static struct slice cut_trailers(struct slice s, bool *reply)
{
        for (;;) {
                while (s.len && is_blank(s.ptr[s.len - 1]))
                        s.len--;
                if (s.len < 5 || !slice_eq_word(slice_from(s, s.len - 5), SLICE("(fwd)")))
                        return s;
                s.len -= 5;
                *reply = true;
        }
}

/* Steps 3 to 5: leaders, and blobs that leave something behind. */
static struct slice cut_leaders(struct slice s, bool *reply)
{
        for (;;) {
                struct slice after, last;

                s = skip_blanks(s);
                after = last = s;
                while (skip_blob(&after) && after.len)
                        last = after;
                /* `last`: behind all blobs but one that would leave nothing. */
                if (skip_refwd(&last)) {
                        *reply = true;
                        s = last;
                        continue;
                }
                return last;
        }
}

/* Step 6: "[fwd:" … "]". */
static bool unwrap(struct slice *s)
{
        struct slice inner = *s;

        if (!slice_skip_word(&inner, SLICE("[fwd:")) || !slice_ends(inner, SLICE("]")))
                return false;
        inner.len--;
        *s = inner;
        return true;
}

static struct slice extract(struct slice s, bool *reply)
{
        for (;;) {
                s = cut_leaders(cut_trailers(s, reply), reply);
                if (!unwrap(&s))
                        return s;
                *reply = true;
        }
}

/* Step 1, its second half: runs of blanks are one space. In place. */
static void fold_blanks(struct buf *b)
{
        size_t to = 0;

        for (size_t i = 0; i < b->len; i++) {
                char c = is_blank(b->ptr[i]) ? ' ' : b->ptr[i];

                if (c != ' ' || (to && b->ptr[to - 1] != ' '))
                        b->ptr[to++] = c;
        }
        if (b->len)
                buf_truncate(b, to);
}

void mime_base_subject(struct slice value, struct buf *out, bool *ret_reply)
{
        AUTO_BUF(text, MAX_DECODED);
        enum err cut = mime_header_to_utf8(slice_head(value, (size_t)4 * MAX_DECODED), &text);

        (void)cut; /* at MAX_DECODED, between two characters */
        *ret_reply = false;
        fold_blanks(&text);
        mime_casemap(extract(buf_slice(&text), ret_reply), MAX_BASE, out);
}
