/*
 * submission.c — what a message submitted by one of our users must have, and
 * what is done to it.
 *
 * RFC 6409 lets a submission server mend what a client left out (8.2, 8.3) and
 * refuse what is malformed (6.3). A missing From is not mended: whom a message is from is its
 * author's to say, and a program that forgot it should hear so. Eight-bit octets
 * in fields are let through with or without SMTPUTF8: they are as common as they are
 * wrong, and every reader here copes.
 */
#include "submission.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/clock.h"
#include "mailserver/mime/address.h"
#include "mailserver/mime/field.h"

enum { MAX_AUTHORS = 100, MAX_ADDRESS_MEMORY = 1 << 20, MAX_ADDRESS = 1024 };

/* The fields that say whom a message is from: RFC 5322 3.6.2, 3.6.6. */
static const struct author_field {
        const char *name, *unusable;
        const char *twice; /* NULL: each time it is sent again, one more is added */
} author_fields[] = {
        {"From",           "No usable address in From",          "There is more than one From field"  },
        { "Sender",        "No usable address in Sender",        "There is more than one Sender field"},
        { "Resent-From",   "No usable address in Resent-From",   NULL                                 },
        { "Resent-Sender", "No usable address in Resent-Sender", NULL                                 },
};
enum { FIELD_FROM, AUTHOR_FIELDS = sizeof author_fields / sizeof *author_fields };

struct seen {
        unsigned authors[AUTHOR_FIELDS], date, message_id;
        bool removed; /* a field was left out of s->header */
};

void submission_done(struct submission *s)
{
        names_done(&s->authors);
        buf_done(&s->header);
}

static bool refuse(struct smtp_reply *ret_refusal, int code, const char *enhanced, const char *text)
{
        *ret_refusal = (struct smtp_reply){ code, enhanced, text };
        return false;
}

/* How often "@" stands outside of strings and comments. */
static size_t count_ats(struct slice value)
{
        bool quoted = false;
        size_t n = 0, depth = 0;

        for (size_t i = 0; i < value.len; i++) {
                char c = value.ptr[i];

                if (c == '\\' && (quoted || depth))
                        i++;
                else if (c == '"' && !depth)
                        quoted = !quoted;
                else if (c == '(' && !quoted)
                        depth++;
                else if (c == ')' && !quoted && depth)
                        depth--;
                else if (c == '@' && !quoted && !depth)
                        n++;
        }
        return n;
}

/* "a@x <a@x>": no quotes, and no harm. */
static bool repeats_itself(struct slice value, const struct mime_address *a, struct slice address)
{
        uintptr_t from = (uintptr_t)value.ptr, name = (uintptr_t)a->name.ptr;

        return slice_eq(a->name, address) && name >= from && name < from + value.len &&
               (name == from || a->name.ptr[-1] != '"');
}

/*
 * Who a field says it is. ERR_NOTFOUND: nobody; ERR_LIMIT: too many; ERR_SYNTAX: readers of it
 * may disagree. In "bob@y <a@x>" some take the first address: each "@" must be of an address
 * that we have seen, too.
 */
static enum err add_authors(struct submission *s, struct slice value)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(MAX_ADDRESS_MEMORY);
        struct mime_address *first = NULL;
        size_t before = s->authors.n, ats = 0;
        enum err err = mime_address_parse(value, &arena, &first);

        for (struct mime_address *a = first; !err && a; a = a->next) {
                AUTO_BUF(address, MAX_ADDRESS);

                if (a->kind != MIME_ADDRESS_MAILBOX)
                        continue;
                if (buf_put(&address, a->local) || buf_putc(&address, '@') ||
                    buf_put(&address, a->domain) ||
                    !names_add(&s->authors, buf_slice(&address), MAX_AUTHORS))
                        err = ERR_LIMIT;
                ats += a->domain.len ? 1 : 0;
                ats += repeats_itself(value, a, buf_slice(&address)) ? 1 : 0;
        }
        if (!err && s->authors.n == before)
                err = ERR_NOTFOUND;
        if (!err && ats != count_ats(value))
                err = ERR_SYNTAX;
        return err;
}

/* Bcc is for the sender's eyes (RFC 5322 3.6.3); Return-Path is ours to write (RFC 5321 4.4). */
static bool is_unwanted(struct slice name)
{
        return slice_eq_word(name, SLICE("Bcc")) || slice_eq_word(name, SLICE("Resent-Bcc")) ||
               slice_eq_word(name, SLICE("Return-Path"));
}

static bool look_at_author(struct submission *s, const struct author_field *field,
                           struct slice value, unsigned *times, struct smtp_reply *ret_refusal)
{
        enum err err;

        if ((*times)++ && field->twice)
                return refuse(ret_refusal, 550, "5.6.0", field->twice);
        if (field == &author_fields[FIELD_FROM])
                s->from = s->authors.n;
        err = add_authors(s, value);
        if (err == ERR_SYNTAX)
                return refuse(ret_refusal, 550, "5.6.0",
                              "Unclear whom it is from: put names in quotes");
        return !err || refuse(ret_refusal, 550, "5.6.0", field->unusable);
}

static bool look_at(struct submission *s, const struct mime_field *field, struct seen *seen,
                    struct smtp_reply *ret_refusal)
{
        if (slice_eq_word(field->name, SLICE("Date")))
                seen->date++;
        else if (slice_eq_word(field->name, SLICE("Message-ID")))
                seen->message_id++;
        for (int i = 0; i < AUTHOR_FIELDS; i++)
                if (slice_eq_word(field->name, slice_of(author_fields[i].name)))
                        return look_at_author(s, &author_fields[i], field->value, &seen->authors[i],
                                              ret_refusal);
        return true;
}

static void add_missing(struct submission *s, const struct seen *seen, struct buf *out)
{
        char date[CLOCK_RFC5322_SIZE];

        if (!seen->date) {
                clock_rfc5322(s->now_us, date);
                buf_addf(out, "Date: %s\r\n", date);
        }
        if (!seen->message_id)
                buf_addf(out, "Message-ID: <%s@%s>\r\n", s->id, s->hostname);
}

/* Writes the header anew: our Received, what was missing, the rest. */
static void rewrite(struct submission *s, struct slice header, const struct seen *seen)
{
        struct slice rest = slice_from(header, s->received_length);
        struct mime_field field;

        s->header = (struct buf)BUF_INIT(BUF_MAX);
        buf_add(&s->header, slice_head(header, s->received_length));
        add_missing(s, seen, &s->header);
        while (mime_field_next(&rest, &field))
                if (!is_unwanted(field.name))
                        buf_add(&s->header, field.whole);
        buf_add(&s->header, rest); /* the empty line */
        s->changed = true;
}

bool submission_prepare(struct submission *s, struct slice header, struct smtp_reply *ret_refusal)
{
        struct slice rest = slice_from(header, s->received_length);
        struct mime_field field;
        struct seen seen = { 0 };

        while (mime_field_next(&rest, &field)) {
                if (!look_at(s, &field, &seen, ret_refusal))
                        return false;
                seen.removed = seen.removed || is_unwanted(field.name);
        }
        if (!seen.authors[FIELD_FROM])
                return refuse(ret_refusal, 550, "5.6.0", "There is no From field");
        if (seen.removed || !seen.date || !seen.message_id)
                rewrite(s, header, &seen);
        return true;
}
