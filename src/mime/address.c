/*
 * address.c — address lists: RFC 5322 3.4 and 4.4, and the broken ones.
 *
 * Two looks at each entry. The first finds its end and its shape: an angle
 * bracket, a colon (a group), or neither, passing over strings, comments and
 * literals whole. The second takes the words of the spans it found. What stands
 * before a bracket is the display name whatever it holds, so "joe@work <j@x>"
 * reads as a person means it. Without one the last "@" divides local part and
 * domain, and earlier words are the name: "Joe Doe joe@example.org". A comment
 * names a mailbox that has no other name (RFC 5322 3.4.1, the note).
 */
#include "mailserver/mime/address.h"

#include "address_walk.h"

/* How blanks between tokens are joined. */
enum join_mode {
        JOIN_PHRASE, /* one space for each run */
        JOIN_LOCAL,  /* one space between words, none beside a dot: RFC 5322 4.4 */
        JOIN_DOMAIN, /* as JOIN_LOCAL, but ends at a space between words */
};

/* From here to `end`, which lies in the same value. */
static struct slice span(const char *start, const char *end)
{
        return (struct slice){ start, (size_t)(end - start) };
}

static bool is_special(const struct mime_token *t, char c)
{
        return t->kind == MIME_TOKEN_SPECIAL && t->text.ptr[0] == c;
}

/* "." and "@" hold a local part or a domain together. */
static bool is_connector(const struct mime_token *t)
{
        return is_special(t, '.') || is_special(t, '@');
}

static bool is_gap(const struct mime_token *t)
{
        return t->kind == MIME_TOKEN_BLANK || t->kind == MIME_TOKEN_COMMENT;
}

static void join_token(struct mime_joiner *j, const struct mime_token *t)
{
        if (t->kind == MIME_TOKEN_QUOTED)
                mime_join_unescaped(j, t->inside);
        else
                mime_join(j, t->text);
}

/* The text of `s` without comments and quotes; .ptr NULL when nothing is left. */
static struct slice join(struct address_walk *walk, struct slice s, enum join_mode mode)
{
        struct mime_scan scan = { .rest = mime_trim(s) };
        struct mime_joiner j = { .arena = walk->arena, .bound = s.len };
        struct mime_token t;
        struct slice gap = { NULL, 0 };
        bool after_word = false;

        while (mime_scan_token(&scan, &t)) {
                bool word = !is_gap(&t) && !is_connector(&t);

                if (is_gap(&t)) {
                        /* A lone space is joined where it stands, so nothing has to move. */
                        gap = slice_eq(t.text, SLICE(" ")) && !gap.len ? t.text : SLICE(" ");
                        continue;
                }
                if (gap.len && after_word && word && mode == JOIN_DOMAIN)
                        break;
                if (gap.len && j.text.len && (mode == JOIN_PHRASE || (after_word && word)))
                        mime_join(&j, gap);
                gap.len = 0;
                after_word = word;
                join_token(&j, &t);
        }
        walk->full |= j.failed;
        return j.text.len ? j.text : (struct slice){ NULL, 0 };
}

/* The text of the last comment in `s`; .ptr NULL: none. */
static struct slice comment_name(struct address_walk *walk, struct slice s)
{
        struct mime_scan scan = { .rest = s };
        struct slice inside = { NULL, 0 };
        struct mime_joiner j = { .arena = walk->arena };
        struct mime_token t;

        while (mime_scan_token(&scan, &t))
                if (t.kind == MIME_TOKEN_COMMENT && mime_trim(t.inside).len)
                        inside = mime_trim(t.inside);
        if (!inside.len)
                return inside;
        j.bound = inside.len;
        mime_join_unescaped(&j, inside);
        walk->full |= j.failed;
        return j.text.len ? j.text : (struct slice){ NULL, 0 };
}

/* Where the parts of an addr-spec lie. */
struct spec_shape {
        const char *at;    /* the last "@"; NULL: none */
        const char *local; /* where the words joined to it begin, or the last words of all */
        size_t words;      /* runs of words before it, or in all */
        bool quoted;       /* one quoted string is all there is */
};

static struct spec_shape shape_of(struct slice s)
{
        struct mime_scan scan = { .rest = s };
        struct spec_shape shape = { .local = s.ptr };
        const char *run = s.ptr;
        size_t runs = 0, tokens = 0;
        bool gap = true, after_word = false;
        struct mime_token t;

        while (mime_scan_token(&scan, &t)) {
                if (is_gap(&t)) {
                        gap = true;
                        continue;
                }
                if (is_connector(&t)) {
                        if (!runs && ++runs)
                                run = t.text.ptr;
                        after_word = false;
                } else {
                        if (!runs || (gap && after_word)) {
                                runs++;
                                run = t.text.ptr;
                        }
                        after_word = true;
                }
                if (is_special(&t, '@')) {
                        shape.at = t.text.ptr;
                        shape.local = run;
                        shape.words = runs;
                }
                gap = false;
                shape.quoted = tokens++ == 0 && t.kind == MIME_TOKEN_QUOTED;
        }
        if (!shape.at) {
                shape.local = run;
                shape.words = runs;
        }
        return shape;
}

/* local@domain; `angled`: all words before the "@" are the local part's. */
static void read_spec(struct address_walk *walk, struct slice s, bool angled,
                      struct mime_address *address)
{
        struct spec_shape shape = shape_of(s);
        const char *end = shape.at ? shape.at : s.ptr + s.len;
        bool name_only = !angled && !shape.at && (shape.words > 1 || shape.quoted);
        const char *local = angled ? s.ptr : name_only ? end : shape.local;

        address->local = join(walk, span(local, end), JOIN_LOCAL);
        if (shape.at)
                address->domain = join(walk, span(shape.at + 1, s.ptr + s.len), JOIN_DOMAIN);
        if (!angled)
                address->name = join(walk, span(s.ptr, local), JOIN_PHRASE);
}

/* Everything before `stops` (or the end), strings and comments passed over whole. */
static struct slice cut_span(struct mime_scan *scan, const char *stops)
{
        const char *start = scan->rest.ptr;
        struct mime_token t;

        while (scan->rest.len) {
                struct mime_scan before = *scan;

                if (mime_scan_token(scan, &t) && t.kind == MIME_TOKEN_SPECIAL &&
                    strchr(stops, t.text.ptr[0])) {
                        scan->rest = before.rest;
                        break;
                }
        }
        return span(start, scan->rest.ptr);
}

static bool at_char(const struct mime_scan *scan, char c)
{
        return scan->rest.len && scan->rest.ptr[0] == c;
}

/* "@a,@b:" before an addr-spec: RFC 5322 4.4. Untouched, and .ptr NULL, when it is not that. */
static struct slice cut_route(struct address_walk *walk)
{
        struct mime_scan before = walk->scan;
        struct slice route;

        mime_scan_cfws(&walk->scan);
        if (at_char(&walk->scan, '@')) {
                route = cut_span(&walk->scan, ":<>;");
                if (slice_skip(&walk->scan.rest, ':'))
                        return join(walk, route, JOIN_LOCAL);
        }
        walk->scan.rest = before.rest;
        return (struct slice){ NULL, 0 };
}

/* After "<": route, addr-spec and ">", and what follows up to the next entry. */
static void read_angle(struct address_walk *walk, struct mime_address *address)
{
        struct mime_scan *scan = &walk->scan;
        struct slice spec, after_angle, comments;

        do { /* a bracket inside brackets starts anew */
                address->route = cut_route(walk);
                spec = cut_span(scan, "<>,;");
        } while (slice_skip(&scan->rest, '<'));
        read_spec(walk, spec, true, address);
        while (slice_skip(&scan->rest, '>'))
                ;
        after_angle = scan->rest;
        comments = cut_span(scan, ",;<");
        if (at_char(scan, '<')) /* the comma is missing: "<a@x> Joe <b@x>" */
                scan->rest = after_angle;
        else if (!address->name.ptr)
                address->name = comment_name(walk, comments);
}

static bool group_end(struct address_walk *walk, struct mime_address *ret_address)
{
        if (!walk->in_group)
                return false;
        walk->in_group = false;
        ret_address->kind = MIME_ADDRESS_GROUP_END;
        return true;
}

/* `head` is what stands before a colon, a bracket or the end. False: there is no address here. */
static bool read_entry(struct address_walk *walk, struct slice head, struct mime_address *address)
{
        struct mime_scan *scan = &walk->scan;

        if (slice_skip(&scan->rest, ':')) {
                address->kind = MIME_ADDRESS_GROUP_START;
                address->name = join(walk, head, JOIN_PHRASE);
                walk->in_group = address->name.ptr != NULL;
                return walk->in_group; /* a colon after nothing is only a colon */
        }
        if (slice_skip(&scan->rest, '<')) {
                address->name = join(walk, head, JOIN_PHRASE);
                if (!address->name.ptr)
                        address->name = comment_name(walk, head);
                read_angle(walk, address);
                return true;
        }
        read_spec(walk, head, false, address);
        if (!address->name.ptr && !address->local.ptr && !address->domain.ptr)
                return false;
        if (!address->name.ptr)
                address->name = comment_name(walk, head);
        return true;
}

static void never_null(struct slice *s)
{
        if (!s->ptr)
                *s = SLICE("");
}

static bool next_entry(struct address_walk *walk, struct mime_address *ret_address)
{
        struct mime_scan *scan = &walk->scan;
        struct slice start, head;

        for (;;) {
                *ret_address = (struct mime_address){ 0 };
                while (slice_skip(&scan->rest, ',') || slice_skip(&scan->rest, '>'))
                        ;
                if (walk->full)
                        return false;
                if (!scan->rest.len)
                        return group_end(walk, ret_address);
                if (slice_skip(&scan->rest, ';')) {
                        if (group_end(walk, ret_address))
                                return true;
                        continue;
                }
                start = scan->rest;
                head = cut_span(scan, ",;:<");
                if (walk->in_group && at_char(scan, ':')) {
                        /* A group within a group is not to be: the outer ends here. */
                        scan->rest = start;
                        return group_end(walk, ret_address);
                }
                if (read_entry(walk, head, ret_address) && !walk->full)
                        return true;
        }
}

bool mime_address_next(struct address_walk *walk, struct mime_address *ret_address)
{
        if (!next_entry(walk, ret_address))
                return false;
        never_null(&ret_address->local);
        never_null(&ret_address->domain);
        return true;
}

enum err mime_address_parse(struct slice value, struct arena *arena,
                            struct mime_address **ret_first)
{
        struct address_walk walk = { .scan.rest = value, .arena = arena };
        struct mime_address *first = NULL, **end = &first, address;

        while (mime_address_next(&walk, &address)) {
                struct mime_address *copy = ARENA_NEW(arena, struct mime_address);

                if (!copy)
                        return ERR_LIMIT;
                *copy = address;
                *end = copy;
                end = &copy->next;
        }
        if (walk.full)
                return ERR_LIMIT;
        *ret_first = first;
        return ERR_OK;
}
