/*
 * report.c — reports to senders, put together: RFC 3464, 6522, 6533.
 *
 * The three bodies are made first; the boundary is chosen so that none of them
 * holds it.
 */
#include "report_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/text.h"
#include "mailserver/mime/transfer.h"

#include <assert.h>

enum { MAX_SUBJECT_ADDRESS = 200, MAX_WORD_OCTETS = 42 };

struct report_bodies {
        struct buf words, status, original;
};

/* Octets of a whole number of characters, at most MAX_WORD_OCTETS. */
static size_t word_length(struct slice text)
{
        size_t n = text.len;

        if (n > MAX_WORD_OCTETS)
                for (n = MAX_WORD_OCTETS; n > 1 && ((unsigned char)text.ptr[n] & 0xc0) == 0x80;)
                        n--;
        return n;
}

/*
 * RFC 6857 3.1.8: whom nobody without SMTPUTF8 could write to is named in a group without
 * members, encoded.
 */
static void put_unwritable(struct buf *out, const char *address)
{
        struct slice rest = slice_head(slice_of(address), MAX_SUBJECT_ADDRESS);

        while (rest.len) {
                size_t n = word_length(rest);
                enum err err;

                buf_add(out, SLICE("=?utf-8?B?"));
                err = text_base64_encode(slice_head(rest, n), out);
                assert(!err);
                rest = slice_from(rest, n);
                buf_add(out, rest.len ? SLICE("?=\r\n\t") : SLICE("?="));
        }
        buf_add(out, SLICE(":;"));
}

static void put_people(const struct report *report, struct buf *out)
{
        AUTO_BUF(from, BUF_MAX);
        AUTO_BUF(to, BUF_MAX);

        report_address(report->from, report->smtputf8, &from);
        report_address(report->to, report->smtputf8, &to);
        buf_add(out, SLICE("From: Mail Delivery System"));
        if (from.len)
                buf_addf(out, "\r\n\t<%s>\r\n", from.ptr);
        else
                buf_addf(out, "\r\n\t<postmaster@%s>\r\n", report->hostname);
        buf_add(out, SLICE("To: "));
        if (to.len)
                buf_addf(out, "<%s>", to.ptr);
        else
                put_unwritable(out, report->to);
        buf_add(out, SLICE("\r\n"));
}

static void put_subject(const struct report *report, struct buf *out)
{
        static const char *const subjects[] = {
                [REPORT_FAILED] = "Not delivered",       [REPORT_DELAYED] = "Not delivered yet",
                [REPORT_DELIVERED] = "Delivered",        [REPORT_RELAYED] = "Handed on",
                [REPORT_EXPANDED] = "Handed on to many",
        };
        const struct report_recipient *first = &report->recipients[0];
        AUTO_BUF(address, BUF_MAX);

        buf_addf(out, "Subject: %s: ", subjects[first->action]);
        report_address(first->final, report->smtputf8, &address);
        if (report->n > 1)
                buf_addf(out, "your message to %zu recipients\r\n", report->n);
        else if (address.len && address.len <= MAX_SUBJECT_ADDRESS)
                buf_addf(out, "your message to\r\n %s\r\n", address.ptr);
        else
                buf_add(out, SLICE("your message\r\n"));
}

static void put_header(const struct report *report, const struct report_original *original,
                       const char *boundary, struct buf *out)
{
        char date[CLOCK_RFC5322_SIZE], id[TEXT_ID_SIZE];

        clock_rfc5322(report->now_us, date);
        text_random_id(id);
        buf_addf(out, "Date: %s\r\n", date);
        put_people(report, out);
        put_subject(report, out);
        buf_addf(out, "Message-ID: <%s@%s>\r\n", id, report->hostname);
        if (original->message_id.len) {
                buf_addf(out, "In-Reply-To: " SLICE_FMT "\r\n", SLICE_ARG(original->message_id));
                buf_addf(out, "References: " SLICE_FMT "\r\n", SLICE_ARG(original->message_id));
        }
        buf_addf(out,
                 "Auto-Submitted: auto-replied\r\n"
                 "MIME-Version: 1.0\r\n"
                 "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                 "\tboundary=\"%s\"\r\n"
                 "\r\n",
                 boundary);
}

/* RFC 3676 is not needed: lines are short already, and quoted words must not flow. */
static enum err put_words(const struct report *report, struct slice words, struct buf *out)
{
        const char *encoding = !text_has_8bit(words) ? "7bit"
                               : report->smtputf8    ? "8bit"
                                                     : "quoted-printable";

        buf_addf(out,
                 "Content-Type: text/plain; charset=%s\r\n"
                 "Content-Transfer-Encoding: %s\r\n"
                 "Content-Language: en\r\n"
                 "\r\n",
                 text_has_8bit(words) ? "utf-8" : "us-ascii", encoding);
        if (encoding[0] == 'q')
                return mime_quoted_printable_encode(words, out);
        return buf_put(out, words);
}

/* RFC 6533 4.4: the traditional type where nothing is lost by it. */
static void put_status(struct slice status, struct buf *out)
{
        bool global = text_has_8bit(status);

        buf_addf(out,
                 "Content-Type: message/%s\r\n"
                 "Content-Transfer-Encoding: %s\r\n"
                 "\r\n",
                 global ? "global-delivery-status" : "delivery-status", global ? "8bit" : "7bit");
        buf_add(out, status);
}

static bool holds(const struct buf *body, const char *boundary)
{
        return body->len && memmem(body->ptr, body->len, boundary, strlen(boundary));
}

/* "_" after "=" is never in quoted-printable: RFC 2045 6.7. */
static void choose_boundary(const struct report_bodies *bodies, char out[TEXT_ID_SIZE + 2])
{
        do {
                out[0] = '=';
                out[1] = '_';
                text_random_id(out + 2);
        } while (holds(&bodies->words, out) || holds(&bodies->status, out) ||
                 holds(&bodies->original, out));
}

enum err report_write(const struct report *report, struct buf *out)
{
        struct report_bodies bodies = { BUF_INIT(BUF_MAX), BUF_INIT(BUF_MAX), BUF_INIT(BUF_MAX) };
        struct report_original original;
        char boundary[TEXT_ID_SIZE + 2];
        AUTO_BUF(message, BUF_MAX);
        enum err err;

        assert(report->n > 0);
        report_original_look(report, &original);
        report_words(report, &original, &bodies.words);
        report_status(report, &bodies.status);
        report_original_part(report, &original, &bodies.original);
        choose_boundary(&bodies, boundary);

        put_header(report, &original, boundary, &message);
        buf_addf(&message, "--%s\r\n", boundary);
        err = put_words(report, buf_slice(&bodies.words), &message);
        buf_addf(&message, "\r\n--%s\r\n", boundary);
        put_status(buf_slice(&bodies.status), &message);
        if (bodies.original.len) {
                buf_addf(&message, "\r\n--%s\r\n", boundary);
                buf_add(&message, buf_slice(&bodies.original));
        }
        buf_addf(&message, "\r\n--%s--\r\n", boundary);
        buf_done(&bodies.words);
        buf_done(&bodies.status);
        buf_done(&bodies.original);
        return err ? err : buf_put(out, buf_slice(&message));
}
