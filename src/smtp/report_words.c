/*
 * report_words.c — the part for people: what has happened, to whom, what the
 * other server said, and what to do now. RFC 3464 1.1, RFC 6522 3.
 */
#include "report_impl.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/text.h"
#include "mailserver/mime/encoded_word.h"
#include "mailserver/mime/field.h"

enum { MAX_DECODED = 4096 }; /* of a field of the original */

static const char refused_advice[] =
        "What you can do: sending the same again will not help. If you do not see what is wrong, "
        "send this report to your postmaster, and reach the person in some other way.";
static const char later_advice[] =
        "What you can do: send the message again later, or reach the person in some other way.";
static const char sender_advice[] =
        "What you can do: the other server does not accept your own address as the sender. Send "
        "this report to your postmaster.";
static const char domain_advice[] =
        "What you can do: look behind the @ of the address for typing errors. If it is right, "
        "this domain does not take part in mail now.";
static const char size_advice[] =
        "What you can do: send less at one time, or put what is large where it can be fetched "
        "and send its address.";

/*
 * What to do after a failure, by subject and detail of its status (RFC 3463 3). The first that
 * fits; one that ends in "." fits all that begin so.
 */
static const struct {
        const char *status;
        const char *advice;
} advice_table[] = {
        {"1.2",   domain_advice                                                             },
        { "1.10", domain_advice                                                             },
        { "1.7",  sender_advice                                                             },
        { "1.8",  sender_advice                                                             },
        { "1.",
         "What you can do: look for typing errors in the address. If it is right, this mailbox "
          "no longer exists: ask the person for the present address in some other way."     },
        { "2.1",  "What you can do: this mailbox takes no mail now. Reach the person in some other "
                 "way."                                                     },
        { "2.2",
         "What you can do: the mailbox is full. Tell the person so in some other way, and send "
          "the message again later."                                                        },
        { "2.3",  size_advice                                                               },
        { "3.4",  size_advice                                                               },
        { "4.4",  domain_advice                                                             },
        { "4.6",
         "What you can do: the mail went round in a circle, which only those who run the servers "
          "can end. Send this report to your postmaster."                                   },
        { "4.",   later_advice                                                              },
        { "6.7",
         "What you can do: the other server does not understand addresses with letters beyond "
          "ASCII. Use other addresses, if you and the person have some."                    },
        { "6.",
         "What you can do: the other server cannot take a message of this kind. Send it as plain "
          "text, and attachments as files of another kind."                                 },
        { "7.",
         "What you can do: the other server does not accept this message by its own rules. "
          "Sending the same again will not help. Send this report to your postmaster, who may "
          "find the reason in what the server said, and reach the person in some other way."},
};

static const char *advice_of(const struct report_recipient *recipient)
{
        const char *status = recipient->status ? recipient->status : "";

        if (recipient->action == REPORT_DELAYED)
                return "You need not do anything now.";
        if (recipient->action != REPORT_FAILED)
                return NULL;
        if (strlen(status) < 2 || status[1] != '.')
                return refused_advice;
        for (size_t i = 0; i < sizeof advice_table / sizeof *advice_table; i++) {
                const char *fits = advice_table[i].status;
                size_t length = strlen(fits);

                if (fits[length - 1] == '.' ? strncmp(status + 2, fits, length) == 0
                                            : strcmp(status + 2, fits) == 0)
                        return advice_table[i].advice;
        }
        return status[0] == '4' ? later_advice : refused_advice;
}

static void put_paragraph(struct buf *out, const char *indent, struct slice text)
{
        buf_add(out, slice_of(indent));
        report_put_folded(out, strlen(indent), slice_of(indent), text);
        buf_add(out, SLICE("\r\n\r\n"));
}

static void put_news(const struct report *report, struct buf *out)
{
        static const struct {
                const char *before, *after;
        } news[] = {
                [REPORT_FAILED] = {"Your message could not be delivered to",
                                   ". It is not tried again."                          },
                [REPORT_DELAYED] = { "Your message could not be delivered yet to",
                                   ". This is only a warning: it is still being tried."},
                [REPORT_DELIVERED] = { "Your message has been delivered to",
                                   ". You had asked to be told."                       },
                [REPORT_RELAYED] = { "Your message has been handed on to another server for",
                                   ". That server does not report what becomes of it, so you may "
                                     "hear no more about it."                          },
                [REPORT_EXPANDED] = { "Your message has been handed on to those who stand behind",
                                   ". You may hear no more about it."                  },
        };
        enum report_action action = report->recipients[0].action;
        AUTO_BUF(text, BUF_MAX);

        buf_add(&text, slice_of(news[action].before));
        if (report->n == 1)
                buf_add(&text, SLICE(" this address"));
        else
                buf_addf(&text, " these %zu addresses", report->n);
        buf_add(&text, slice_of(news[action].after));
        put_paragraph(out, "", buf_slice(&text));
}

/* "you had written to …", where that is another address. */
static void put_original_address(const struct report_recipient *recipient, struct buf *out)
{
        struct slice original = slice_of(recipient->original ? recipient->original : "");
        AUTO_BUF(line, BUF_MAX);

        if (!slice_skip_word(&original, SLICE("rfc822;")) &&
            !slice_skip_word(&original, SLICE("utf-8;")))
                return;
        original = slice_trim(original);
        if (!original.len || slice_eq_word(original, slice_of(recipient->final)))
                return;
        buf_add(&line, SLICE("(you wrote to "));
        report_put_safe(&line, original, true);
        buf_add(&line, SLICE(")"));
        buf_add(out, SLICE("    "));
        report_put_folded(out, 4, SLICE("    "), buf_slice(&line));
        buf_add(out, SLICE("\r\n"));
}

static void put_recipient(const struct report_recipient *recipient, struct buf *out)
{
        AUTO_BUF(line, BUF_MAX);
        char date[CLOCK_RFC5322_SIZE];

        report_put_safe(out, slice_of(recipient->final), true);
        buf_add(out, SLICE("\r\n"));
        put_original_address(recipient, out);
        if (recipient->reason) {
                report_put_safe(&line, slice_of(recipient->reason), true);
                put_paragraph(out, "    ", buf_slice(&line));
        }
        if (recipient->diagnostic) {
                buf_clear(&line);
                buf_add(&line, SLICE("The server "));
                report_put_safe(&line, slice_of(recipient->remote_mta ? recipient->remote_mta : ""),
                                true);
                buf_add(&line, SLICE(" said:"));
                put_paragraph(out, "    ", buf_slice(&line));
                buf_clear(&line);
                report_put_safe(&line, slice_of(recipient->diagnostic), true);
                put_paragraph(out, "        ", buf_slice(&line));
        }
        if (recipient->action == REPORT_DELAYED && recipient->retry_until_us) {
                clock_rfc5322(recipient->retry_until_us, date);
                buf_clear(&line);
                buf_addf(&line,
                         "It is tried again until %s. If it cannot be delivered by then, you "
                         "will be told.",
                         date);
                put_paragraph(out, "    ", buf_slice(&line));
        } else if (!recipient->reason && !recipient->diagnostic) {
                buf_add(out, SLICE("\r\n"));
        }
}

/* A field of the original as a line, decoded; nothing if it has none. */
static void put_field(struct buf *out, const char *label, const char *name, struct slice header)
{
        struct mime_field field;
        AUTO_BUF(text, MAX_DECODED);
        AUTO_BUF(line, BUF_MAX);
        enum err cut;

        if (!mime_field_find(header, slice_of(name), &field))
                return;
        cut = mime_header_to_utf8(slice_head(field.value, REPORT_MAX_WORDS), &text);
        (void)cut; /* what fits will do */
        report_put_safe(&line, slice_trim(buf_slice(&text)), true);
        buf_addf(out, "    %-12s", label);
        report_put_folded(out, 16, SLICE("                "), buf_slice(&line));
        buf_add(out, SLICE("\r\n"));
}

void report_words(const struct report *report, const struct report_original *original,
                  struct buf *out)
{
        buf_add(out, SLICE("This is the mail system of "));
        report_put_safe(out, slice_of(report->hostname), true);
        buf_add(out, SLICE(".\r\n\r\n"));
        put_news(report, out);
        for (size_t i = 0; i < report->n; i++) {
                const char *advice = advice_of(&report->recipients[i]);

                put_recipient(&report->recipients[i], out);
                /* Once for neighbours that share it; all of it is static. */
                if (advice &&
                    (i + 1 == report->n || advice != advice_of(&report->recipients[i + 1])))
                        put_paragraph(out, "    ", slice_of(advice));
        }
        buf_add(out, SLICE("Your message:\r\n\r\n"));
        put_field(out, "Subject", "Subject", original->header);
        put_field(out, "Date", "Date", original->header);
        buf_add(out, SLICE("    Reference   "));
        report_put_safe(out, slice_of(report->mail_id), true);
        buf_add(out, SLICE("\r\n\r\n"));
        if (original->whole)
                buf_add(out, SLICE("It is attached to this report.\r\n"));
        else if (original->header.len)
                buf_add(out, SLICE("Its header is attached to this report.\r\n"));
}
