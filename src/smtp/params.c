/* params.c — what may follow the path in MAIL and RCPT: RFC 5321 4.1.2. */
#include "params.h"

#include "params_dsn.h"

struct param {
        struct slice keyword, value; /* value.ptr NULL: there is no "=" */
};

enum seen {
        SEEN_SIZE = 1u << 0,
        SEEN_BODY = 1u << 1,
        SEEN_SMTPUTF8 = 1u << 2,
        SEEN_AUTH = 1u << 3,
        SEEN_RET = 1u << 4,
        SEEN_ENVID = 1u << 5,
        SEEN_NOTIFY = 1u << 6,
        SEEN_ORCPT = 1u << 7,
};

static bool keyword_valid(struct slice s)
{
        if (!s.len || !ascii_alnum(s.ptr[0]))
                return false;
        for (size_t i = 1; i < s.len; i++)
                if (!ascii_alnum(s.ptr[i]) && s.ptr[i] != '-')
                        return false;
        return true;
}

/* RFC 5321 4.1.2 esmtp-value; RFC 6531 3.3 adds UTF-8. */
static bool value_valid(struct slice s)
{
        if (!s.len)
                return false;
        for (size_t i = 0; i < s.len; i++) {
                unsigned char c = (unsigned char)s.ptr[i];

                if (c <= ' ' || c == '=' || c == 0x7f)
                        return false;
        }
        return true;
}

/* The next parameter; ERR_NOTFOUND at the end of the line. */
static enum err next_param(struct slice *rest, struct param *ret_param)
{
        struct slice word;

        *rest = slice_trim(*rest);
        if (!rest->len)
                return ERR_NOTFOUND;
        word = slice_cut_piece(rest, ' ');
        ret_param->value = (struct slice){ NULL, 0 };
        if (slice_cut(&word, '=', &ret_param->keyword)) {
                ret_param->value = word;
                if (!value_valid(word))
                        return ERR_SYNTAX;
        } else {
                ret_param->keyword = word;
        }
        return keyword_valid(ret_param->keyword) ? ERR_OK : ERR_SYNTAX;
}

/* RFC 1870 6: up to twenty digits, which may be more than fits. */
static enum err read_size(struct slice value, int64_t *ret_size)
{
        uint64_t number;

        if (value.len > 20)
                return ERR_SYNTAX;
        for (size_t i = 0; i < value.len; i++)
                if (!ascii_digit(value.ptr[i]))
                        return ERR_SYNTAX;
        if (!slice_number(value, &number) || number > INT64_MAX)
                number = INT64_MAX;
        *ret_size = (int64_t)number;
        return ERR_OK;
}

/* RFC 4954 5: xtext (RFC 3461 4): "+" and two upper-case hexadecimal digits for what is special. */
static enum err check_xtext(struct slice value)
{
        for (size_t i = 0; i < value.len; i++) {
                if (value.ptr[i] != '+')
                        continue;
                for (size_t digit = 1; digit <= 2; digit++) {
                        char c = i + digit < value.len ? value.ptr[i + digit] : '\0';

                        if (!ascii_digit(c) && (c < 'A' || c > 'F'))
                                return ERR_SYNTAX;
                }
                i += 2;
        }
        return ERR_OK;
}

static enum err read_body(struct slice value, bool *ret_eight_bit)
{
        if (slice_eq_word(value, SLICE("8BITMIME")))
                *ret_eight_bit = true;
        else if (slice_eq_word(value, SLICE("BINARYMIME")))
                return ERR_NOTFOUND; /* RFC 3030 3: a value of an extension we do not offer */
        else if (!slice_eq_word(value, SLICE("7BIT")))
                return ERR_SYNTAX;
        return ERR_OK;
}

static enum err read_mail_param(const struct param *param, bool auth_offered, unsigned *seen,
                                struct smtp_mail_params *params)
{
        bool has_value = param->value.ptr;
        unsigned which;
        enum err err = ERR_OK;

        if (slice_eq_word(param->keyword, SLICE("SIZE"))) {
                which = SEEN_SIZE;
                err = has_value ? read_size(param->value, &params->size) : ERR_SYNTAX;
        } else if (slice_eq_word(param->keyword, SLICE("BODY"))) {
                which = SEEN_BODY;
                err = has_value ? read_body(param->value, &params->eight_bit) : ERR_SYNTAX;
        } else if (slice_eq_word(param->keyword, SLICE("SMTPUTF8"))) {
                which = SEEN_SMTPUTF8;
                params->smtputf8 = true;
                err = has_value ? ERR_SYNTAX : ERR_OK;
        } else if (slice_eq_word(param->keyword, SLICE("RET"))) {
                which = SEEN_RET;
                err = has_value ? smtp_dsn_ret(param->value, &params->ret) : ERR_SYNTAX;
        } else if (slice_eq_word(param->keyword, SLICE("ENVID"))) {
                which = SEEN_ENVID;
                params->envid = param->value;
                err = has_value ? smtp_dsn_envid(param->value) : ERR_SYNTAX;
        } else if (auth_offered && slice_eq_word(param->keyword, SLICE("AUTH"))) {
                which = SEEN_AUTH;
                err = has_value ? check_xtext(param->value) : ERR_SYNTAX;
        } else {
                return ERR_NOTFOUND;
        }
        if (*seen & which)
                return ERR_SYNTAX;
        *seen |= which;
        return err;
}

enum err smtp_params_mail(struct slice rest, bool auth_offered, struct smtp_mail_params *ret_params)
{
        struct smtp_mail_params params = { 0 };
        struct param param;
        unsigned seen = 0;
        enum err err;

        while (!(err = next_param(&rest, &param))) {
                err = read_mail_param(&param, auth_offered, &seen, &params);
                if (err)
                        return err;
        }
        if (err == ERR_SYNTAX)
                return err;
        *ret_params = params;
        return ERR_OK;
}

static enum err read_rcpt_param(const struct param *param, bool smtputf8, unsigned *seen,
                                struct smtp_rcpt_params *params)
{
        unsigned which;
        enum err err;

        if (slice_eq_word(param->keyword, SLICE("NOTIFY"))) {
                which = SEEN_NOTIFY;
                err = smtp_dsn_notify(param->value, &params->notify);
        } else if (slice_eq_word(param->keyword, SLICE("ORCPT"))) {
                which = SEEN_ORCPT;
                params->orcpt = param->value;
                err = smtp_dsn_orcpt(param->value, smtputf8);
        } else {
                return ERR_NOTFOUND;
        }
        if (*seen & which)
                return ERR_SYNTAX;
        *seen |= which;
        return err;
}

enum err smtp_params_rcpt(struct slice rest, bool smtputf8, struct smtp_rcpt_params *ret_params)
{
        struct smtp_rcpt_params params = { 0 };
        struct param param;
        unsigned seen = 0;
        enum err err;

        while (!(err = next_param(&rest, &param))) {
                err = read_rcpt_param(&param, smtputf8, &seen, &params);
                if (err)
                        return err;
        }
        if (err == ERR_SYNTAX)
                return err;
        *ret_params = params;
        return ERR_OK;
}
