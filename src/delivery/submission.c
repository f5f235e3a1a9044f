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

struct seen {
        unsigned from, sender, date, message_id;
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

/* The addresses of From or Sender; false when there are none, or too many. */
static bool add_authors(struct submission *s, struct slice value)
{
        struct arena arena = ARENA_INIT(MAX_ADDRESS_MEMORY);
        struct mime_address *first = NULL;
        size_t before = s->authors.n;
        bool fits = !mime_address_parse(value, &arena, &first);

        for (struct mime_address *a = first; fits && a; a = a->next) {
                AUTO_BUF(address, MAX_ADDRESS);

                if (a->kind != MIME_ADDRESS_MAILBOX)
                        continue;
                fits = !buf_put(&address, a->local) && !buf_putc(&address, '@') &&
                       !buf_put(&address, a->domain) &&
                       names_add(&s->authors, buf_slice(&address), MAX_AUTHORS);
        }
        arena_done(&arena);
        return fits && s->authors.n > before;
}

/* Bcc is for the sender's eyes (RFC 5322 3.6.3); Return-Path is ours to write (RFC 5321 4.4). */
static bool is_unwanted(struct slice name)
{
        return slice_eq_word(name, SLICE("Bcc")) || slice_eq_word(name, SLICE("Resent-Bcc")) ||
               slice_eq_word(name, SLICE("Return-Path"));
}

static bool look_at(struct submission *s, const struct mime_field *field, struct seen *seen,
                    struct smtp_reply *ret_refusal)
{
        if (slice_eq_word(field->name, SLICE("Date")))
                seen->date++;
        else if (slice_eq_word(field->name, SLICE("Message-ID")))
                seen->message_id++;
        else if (slice_eq_word(field->name, SLICE("From"))) {
                if (seen->from++)
                        return refuse(ret_refusal, 550, "5.6.0",
                                      "There is more than one From field");
                if (!add_authors(s, field->value))
                        return refuse(ret_refusal, 550, "5.6.0", "No usable address in From");
        } else if (slice_eq_word(field->name, SLICE("Sender"))) {
                if (seen->sender++)
                        return refuse(ret_refusal, 550, "5.6.0",
                                      "There is more than one Sender field");
                if (!add_authors(s, field->value))
                        return refuse(ret_refusal, 550, "5.6.0", "No usable address in Sender");
        }
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
        if (!seen.from)
                return refuse(ret_refusal, 550, "5.6.0", "There is no From field");
        if (seen.removed || !seen.date || !seen.message_id)
                rewrite(s, header, &seen);
        return true;
}
