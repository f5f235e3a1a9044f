/* client_offer.c — see client_offer.h. */
#include "client_offer.h"

static struct slice cut_word(struct slice *rest)
{
        *rest = slice_trim(*rest);
        return slice_cut_piece(rest, ' ');
}

static void read_mechanisms(struct smtp_client_offer *o, struct slice rest)
{
        static const struct {
                struct slice name;
                unsigned mechanism;
        } known[] = {
                {{ "PLAIN", 5 },           SMTP_CLIENT_PLAIN        },
                { { "LOGIN", 5 },          SMTP_CLIENT_LOGIN        },
                { { "SCRAM-SHA-256", 13 }, SMTP_CLIENT_SCRAM_SHA_256},
        };

        while (rest.len) {
                struct slice word = cut_word(&rest);

                for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                        if (slice_eq_word(word, known[i].name))
                                o->auth |= known[i].mechanism;
        }
}

static void read_size(struct smtp_client_offer *o, struct slice rest)
{
        uint64_t n;

        o->size = true;
        if (slice_number(cut_word(&rest), &n) && n <= INT64_MAX)
                o->max_size = (int64_t)n;
}

void smtp_client_offer_line(struct smtp_client_offer *o, struct slice line)
{
        const struct {
                struct slice name;
                bool *flag;
        } flags[] = {
                {SLICE("PIPELINING"), &o->pipelining},
                { SLICE("CHUNKING"),  &o->chunking  },
                { SLICE("8BITMIME"),  &o->eight_bit },
                { SLICE("SMTPUTF8"),  &o->smtputf8  },
                { SLICE("DSN"),       &o->dsn       },
                { SLICE("STARTTLS"),  &o->starttls  },
        };
        struct slice rest = line;

        /* AUTH=LOGIN: of servers older than RFC 2554, some of which still run. */
        if (slice_skip_word(&rest, SLICE("AUTH=")) || slice_skip_word(&rest, SLICE("AUTH "))) {
                read_mechanisms(o, rest);
                return;
        }
        struct slice word = cut_word(&rest);

        if (slice_eq_word(word, SLICE("SIZE")))
                read_size(o, rest);
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
                if (slice_eq_word(word, flags[i].name))
                        *flags[i].flag = true;
}
