/*
 * report_status.c — the part for programs: RFC 3464, or RFC 6533 4.1 if it
 * holds more than ASCII. Fields of the message, then those of each recipient.
 */
#include "report_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/text.h"
#include "mailserver/smtp/address.h"
#include "mailserver/smtp/xtext.h"

#include <stdlib.h>

static void put_field(struct buf *out, const char *name, const char *type, const char *words,
                      bool utf8)
{
        AUTO_BUF(safe, BUF_MAX);

        buf_addf(out, "%s: ", name);
        if (type)
                buf_addf(&safe, "%s; ", type);
        report_put_safe(&safe, slice_of(words), utf8);
        report_put_folded(out, strlen(name) + 2, SLICE("\t"), buf_slice(&safe));
        buf_add(out, SLICE("\r\n"));
}

static void put_date(struct buf *out, const char *name, int64_t at_us)
{
        char date[CLOCK_RFC5322_SIZE];

        if (!at_us)
                return;
        clock_rfc5322(at_us, date);
        buf_addf(out, "%s: %s\r\n", name, date);
}

/* What fits. */
static void put_unitext(struct buf *out, struct slice address)
{
        AUTO_BUF(text, REPORT_MAX_WORDS);
        enum err cut = smtp_unitext_encode(address, &text);

        (void)cut;
        buf_add(out, buf_slice(&text));
}

/* RFC 3464 2.3.1, RFC 6533 3: "rfc822" for ASCII alone. No folding: blanks may be quoted. */
static void put_address(struct buf *out, const char *name, struct slice type, struct slice address,
                        bool utf8)
{
        bool eight_bit = text_has_8bit(address);

        if (eight_bit && slice_eq_word(type, SLICE("rfc822")))
                type = SLICE("utf-8");
        buf_addf(out, "%s: " SLICE_FMT "; ", name, SLICE_ARG(type));
        if (eight_bit && !utf8)
                put_unitext(out, address);
        else
                report_put_safe(out, address, utf8);
        buf_add(out, SLICE("\r\n"));
}

/* RFC 3461 4.2: what ORCPT said; its type is an atom, else all of it is an address. */
static void put_original(struct buf *out, const char *original, bool utf8)
{
        struct slice address = slice_of(original), type;
        bool good = slice_cut(&address, ';', &type) && type.len > 0 && type.len <= 64;

        for (size_t i = 0; good && i < type.len; i++)
                good = ascii_alnum(type.ptr[i]) || type.ptr[i] == '-';
        put_address(out, "Original-Recipient", good ? type : SLICE("rfc822"),
                    good ? slice_trim(address) : slice_of(original), utf8);
}

/* RFC 3463 2: class, subject of up to three digits, detail of up to three. */
static bool is_status(const char *status)
{
        struct slice rest = slice_of(status), part;
        uint64_t number;

        return slice_cut(&rest, '.', &part) && part.len == 1 && strchr("245", part.ptr[0]) &&
               slice_cut(&rest, '.', &part) && part.len <= 3 && slice_number(part, &number) &&
               rest.len <= 3 && slice_number(rest, &number);
}

static void put_recipient(struct buf *out, const struct report_recipient *recipient, bool utf8)
{
        static const struct {
                const char *name, *status;
        } actions[] = {
                [REPORT_FAILED] = {"failed",     "5.0.0"},
                [REPORT_DELAYED] = { "delayed",   "4.0.0"},
                [REPORT_DELIVERED] = { "delivered", "2.0.0"},
                [REPORT_RELAYED] = { "relayed",   "2.0.0"},
                [REPORT_EXPANDED] = { "expanded",  "2.0.0"},
        };
        AUTO_BUF(address, BUF_MAX);
        const char *status = recipient->status;

        if (!status || !is_status(status))
                status = actions[recipient->action].status;
        buf_add(out, SLICE("\r\n"));
        if (recipient->original)
                put_original(out, recipient->original, utf8);
        if (smtp_address_print(slice_of(recipient->final), &address))
                buf_add(&address, slice_of(recipient->final));
        put_address(out, "Final-Recipient", SLICE("rfc822"), buf_slice(&address), utf8);
        buf_addf(out, "Action: %s\r\nStatus: %s\r\n", actions[recipient->action].name, status);
        if (recipient->remote_mta)
                put_field(out, "Remote-MTA", "dns", recipient->remote_mta, utf8);
        if (recipient->diagnostic)
                put_field(out, "Diagnostic-Code", "smtp", recipient->diagnostic, utf8);
        else if (recipient->reason)
                put_field(out, "Diagnostic-Code", "x-mailserver", recipient->reason, utf8);
        put_date(out, "Last-Attempt-Date", recipient->last_attempt_us);
        if (recipient->action == REPORT_DELAYED)
                put_date(out, "Will-Retry-Until", recipient->retry_until_us);
}

void report_status(const struct report *report, struct buf *out)
{
        if (report->envid)
                put_field(out, "Original-Envelope-Id", NULL, report->envid, false);
        put_field(out, "Reporting-MTA", "dns", report->hostname, report->smtputf8);
        put_date(out, "Arrival-Date", report->arrival_us);
        for (size_t i = 0; i < report->n; i++)
                put_recipient(out, &report->recipients[i], report->smtputf8);
}
