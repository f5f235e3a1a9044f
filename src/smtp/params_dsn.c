/* params_dsn.c — the values that ask for reports: RFC 3461 4. */
#include "params_dsn.h"

#include "mailserver/core/text.h"
#include "mailserver/smtp/xtext.h"
#include "mailserver/store/queue.h"

/* RFC 3461 5.4, with the keyword and its "=". */
enum {
        MAX_ENVID = 100 - (sizeof "ENVID=" - 1),
        MAX_ORCPT = 500 - (sizeof "ORCPT=" - 1),
};

/* RFC 3461 4.2, 4.4: what it stands for can be printed. */
static bool xtext_valid(struct slice value)
{
        AUTO_BUF(text, MAX_ORCPT);

        if (!value.len || smtp_xtext_decode(value, &text))
                return false;
        for (size_t i = 0; i < text.len; i++)
                if (text.ptr[i] < ' ' || text.ptr[i] > '~')
                        return false;
        return true;
}

enum err smtp_dsn_ret(struct slice value, unsigned *ret_flag)
{
        if (slice_eq_word(value, SLICE("FULL")))
                *ret_flag = STORE_QUEUE_RET_FULL;
        else if (slice_eq_word(value, SLICE("HDRS")))
                *ret_flag = STORE_QUEUE_RET_HDRS;
        else
                return ERR_SYNTAX;
        return ERR_OK;
}

enum err smtp_dsn_envid(struct slice value)
{
        return value.len <= MAX_ENVID && xtext_valid(value) ? ERR_OK : ERR_SYNTAX;
}

static unsigned notify_word(struct slice word)
{
        static const struct {
                const char *word;
                unsigned notify;
        } words[] = {
                {"SUCCESS",  STORE_NOTIFY_SUCCESS},
                { "FAILURE", STORE_NOTIFY_FAILURE},
                { "DELAY",   STORE_NOTIFY_DELAY  },
        };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (slice_eq_word(word, slice_of(words[i].word)))
                        return words[i].notify;
        return 0;
}

/* RFC 3461 4.1: NEVER stands alone. */
enum err smtp_dsn_notify(struct slice value, unsigned *ret_notify)
{
        unsigned notify = 0;
        struct slice word;
        bool more;

        if (slice_eq_word(value, SLICE("NEVER"))) {
                *ret_notify = STORE_NOTIFY_NEVER;
                return ERR_OK;
        }
        do {
                unsigned one;

                more = slice_cut(&value, ',', &word);
                one = notify_word(more ? word : value);
                if (!one)
                        return ERR_SYNTAX;
                notify |= one;
        } while (more);
        *ret_notify = notify;
        return ERR_OK;
}

/* RFC 5322 3.2.3, as far as an address type may use it. */
static bool type_valid(struct slice type)
{
        for (size_t i = 0; i < type.len; i++)
                if (!ascii_alnum(type.ptr[i]) && type.ptr[i] != '-')
                        return false;
        return type.len;
}

enum err smtp_dsn_orcpt(struct slice value, bool utf8)
{
        struct slice type;

        if (value.len > MAX_ORCPT || !slice_cut(&value, ';', &type) || !type_valid(type))
                return ERR_SYNTAX;
        if (utf8 && slice_eq_word(type, SLICE("utf-8")) && text_has_8bit(value))
                return text_utf8_valid(value) ? ERR_OK : ERR_SYNTAX;
        return xtext_valid(value) ? ERR_OK : ERR_SYNTAX;
}
