/*
 * cmd_utf8.c — UTF8 and LANG. RFC 6856 2, 3.
 *
 * UTF8 is for before login, since it changes the sizes of the maildrop: without
 * it messages with other than ASCII in their header are sent as surrogates
 * (surrogate.h). Our texts are English; LANG says so in all the ways there are.
 */
#include "command.h"

static void utf8_start(struct pop3_session *s, struct slice args)
{
        if (!pop3_arg_none(s, args))
                return;
        s->utf8 = true;
        pop3_ok(s, "UTF-8 it is");
}

/* RFC 4647 2.1: 1 to 8 letters, then parts of 1 to 8 letters and digits; or "*". */
static bool is_language_range(struct slice range)
{
        bool first = true;
        struct slice part;

        if (slice_eq(range, SLICE("*")))
                return true;
        for (bool last = false; !last; first = false) {
                last = !slice_cut(&range, '-', &part);
                if (last)
                        part = range;
                if (part.len < 1 || part.len > 8)
                        return false;
                for (size_t i = 0; i < part.len; i++)
                        if (!(first ? ascii_alpha(part.ptr[i]) : ascii_alnum(part.ptr[i])))
                                return false;
        }
        return true;
}

/* English in any of its kinds, and whatever the administrator prefers. */
static bool is_english(struct slice range)
{
        struct slice language = range, rest = range;

        slice_cut(&rest, '-', &language);
        return slice_eq(range, SLICE("*")) || slice_eq_word(language, SLICE("en"));
}

static void lang_start(struct pop3_session *s, struct slice args)
{
        struct slice range;

        if (!pop3_arg_word(&args, &range)) {
                pop3_ok(s, "Languages follow");
                conn_write(s->conn, SLICE("en English\r\n.\r\n"));
                return;
        }
        if (!pop3_arg_none(s, args))
                return;
        if (!is_language_range(range))
                pop3_bad(s, NULL, "Not a language");
        else if (is_english(range))
                pop3_ok(s, "en English it is");
        else
                pop3_err(s, NULL, "Only English is spoken here");
}

const struct pop3_command pop3_cmd_utf8 = {
        .verb = "UTF8",
        .states = POP3_AUTHORIZATION,
        .rfc = "6856 2.1",
        .capability = "UTF8 USER",
        .start = utf8_start,
};
const struct pop3_command pop3_cmd_lang = {
        .verb = "LANG",
        .states = POP3_AUTHORIZATION | POP3_TRANSACTION,
        .rfc = "6856 3",
        .capability = "LANG",
        .start = lang_start,
};
