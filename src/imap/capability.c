/* capability.c — CAPABILITY and the words of ENABLE: RFC 9051 6.1.1, 6.3.1, 7.2.2. */
#include "session_impl.h"

static const struct {
        unsigned bit;
        const char *word;
} extensions[] = {
        {IMAP_ENABLED_REV2,       "IMAP4rev2"  },
        { IMAP_ENABLED_UTF8,      "UTF8=ACCEPT"},
        { IMAP_ENABLED_CONDSTORE, "CONDSTORE"  },
        { IMAP_ENABLED_QRESYNC,   "QRESYNC"    },
        { IMAP_ENABLED_UIDONLY,   "UIDONLY"    },
};
enum { N_EXTENSIONS = sizeof extensions / sizeof *extensions };

unsigned imap_extension_bit(struct slice word)
{
        for (size_t i = 0; i < N_EXTENSIONS; i++)
                if (slice_eq_word(word, slice_of(extensions[i].word)))
                        return extensions[i].bit;
        return 0;
}

void imap_put_extensions(unsigned bits, struct buf *out)
{
        for (size_t i = 0; i < N_EXTENSIONS; i++)
                if (bits & extensions[i].bit)
                        buf_addf(out, " %s", extensions[i].word);
}

void imap_put_capability(const struct imap_session *s, struct buf *out)
{
        for (const struct imap_capability *c = imap_capabilities; c->word; c++) {
                size_t before = out->len;

                if (!(c->states & s->state))
                        continue;
                buf_addf(out, "%s%s", out->len ? " " : "", c->word);
                if (c->put && !c->put(s, out))
                        buf_truncate(out, before);
        }
}
