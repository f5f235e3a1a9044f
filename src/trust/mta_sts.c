/* mta_sts.c — see mailserver/trust/mta_sts.h. */
#include "mailserver/trust/mta_sts.h"

/* ---- the TXT record: RFC 8461 3.1 ---- */

static bool is_ours(struct slice record)
{
        struct slice version;

        return slice_cut(&record, ';', &version) && slice_eq(slice_trim(version), SLICE("v=STSv1"));
}

static enum err keep_id(struct slice value, char ret_id[MTA_STS_ID_SIZE])
{
        if (value.len == 0 || value.len >= MTA_STS_ID_SIZE)
                return ERR_SYNTAX;
        for (size_t i = 0; i < value.len; i++)
                if (!ascii_alnum(value.ptr[i]))
                        return ERR_SYNTAX;
        memcpy(ret_id, value.ptr, value.len);
        ret_id[value.len] = '\0';
        return ERR_OK;
}

static enum err read_record(struct slice record, char ret_id[MTA_STS_ID_SIZE])
{
        struct slice field, name;

        while (record.len) {
                field = slice_trim(slice_cut_piece(&record, ';'));
                if (slice_cut(&field, '=', &name) && slice_eq(name, SLICE("id")))
                        return keep_id(field, ret_id);
        }
        return ERR_SYNTAX;
}

enum err mta_sts_id(const struct slice *records, size_t n, char ret_id[MTA_STS_ID_SIZE])
{
        const struct slice *found = NULL;

        for (size_t i = 0; i < n; i++) {
                if (!is_ours(records[i]))
                        continue;
                if (found)
                        return ERR_NOTFOUND;
                found = &records[i];
        }
        return found ? read_record(*found, ret_id) : ERR_NOTFOUND;
}

/* ---- the policy: RFC 8461 3.2 ---- */

struct reading {
        struct mta_sts_policy *policy;
        bool version, mode, max_age;
        bool wrong_version;
};

static enum err read_mode(struct reading *r, struct slice value, struct error *reterr)
{
        static const char *const words[] = { "none", "testing", "enforce" };

        if (r->mode)
                return ERR_OK;
        r->mode = true;
        for (int i = 0; i < 3; i++)
                if (slice_eq(value, slice_of(words[i]))) {
                        r->policy->mode = (enum mta_sts_mode)i;
                        return ERR_OK;
                }
        return fail(reterr, ERR_SYNTAX, "an unknown mode");
}

static enum err read_max_age(struct reading *r, struct slice value, struct error *reterr)
{
        uint64_t seconds;

        if (r->max_age)
                return ERR_OK;
        r->max_age = true;
        if (value.len > 10 || !slice_number(value, &seconds))
                return fail(reterr, ERR_SYNTAX, "max_age is no number of seconds");
        r->policy->max_age_s = seconds < MTA_STS_MAX_AGE ? (int64_t)seconds : MTA_STS_MAX_AGE;
        return ERR_OK;
}

static bool is_host(struct slice name)
{
        slice_skip_word(&name, SLICE("*."));
        for (size_t i = 0; i < name.len; i++)
                if (!ascii_alnum(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '.' &&
                    name.ptr[i] != '_')
                        return false;
        return name.len > 0;
}

static enum err read_mx(struct reading *r, struct slice value, struct error *reterr)
{
        if (!is_host(value))
                return fail(reterr, ERR_SYNTAX, "an mx that is no name of a host");
        if (r->policy->n_mx == MTA_STS_MAX_MX)
                return fail(reterr, ERR_LIMIT, "more than %d mx", MTA_STS_MAX_MX);
        r->policy->mx[r->policy->n_mx++] = value;
        return ERR_OK;
}

static enum err read_line(struct reading *r, struct slice line, struct error *reterr)
{
        struct slice key, value = line;

        if (!slice_cut(&value, ':', &key))
                return line.len ? fail(reterr, ERR_SYNTAX, "a line without a colon") : ERR_OK;
        key = slice_trim(key);
        value = slice_trim(value);
        if (slice_eq(key, SLICE("version"))) {
                r->wrong_version |= !r->version && !slice_eq(value, SLICE("STSv1"));
                r->version = true;
        } else if (slice_eq(key, SLICE("mode"))) {
                return read_mode(r, value, reterr);
        } else if (slice_eq(key, SLICE("max_age"))) {
                return read_max_age(r, value, reterr);
        } else if (slice_eq(key, SLICE("mx"))) {
                return read_mx(r, value, reterr);
        }
        return ERR_OK;
}

static enum err check_whole(const struct reading *r, struct error *reterr)
{
        if (!r->version || r->wrong_version)
                return fail(reterr, ERR_SYNTAX, "the version is not STSv1");
        if (!r->mode)
                return fail(reterr, ERR_SYNTAX, "no mode");
        if (!r->max_age)
                return fail(reterr, ERR_SYNTAX, "no max_age");
        if (r->policy->mode != MTA_STS_NONE && r->policy->n_mx == 0)
                return fail(reterr, ERR_SYNTAX, "no mx");
        return ERR_OK;
}

enum err mta_sts_parse(struct slice text, struct mta_sts_policy *ret_policy, struct error *reterr)
{
        struct mta_sts_policy policy = { .mode = MTA_STS_NONE };
        struct reading r = { .policy = &policy };
        enum err err = ERR_OK;

        if (text.len > MTA_STS_MAX_POLICY)
                return fail(reterr, ERR_LIMIT, "over %d octets", MTA_STS_MAX_POLICY);
        while (!err && text.len) {
                struct slice line = slice_cut_piece(&text, '\n');

                if (slice_ends(line, SLICE("\r")))
                        line.len--;
                err = read_line(&r, slice_trim(line), reterr);
        }
        if (!err)
                err = check_whole(&r, reterr);
        if (!err)
                *ret_policy = policy;
        return err;
}

/* ---- the match ---- */

static bool matches(struct slice pattern, struct slice host)
{
        struct slice label;

        if (slice_skip_word(&pattern, SLICE("*.")))
                return slice_cut(&host, '.', &label) && label.len && slice_eq_word(pattern, host);
        return slice_eq_word(pattern, host);
}

bool mta_sts_matches(const struct mta_sts_policy *policy, struct slice host)
{
        if (slice_ends(host, SLICE(".")))
                host.len--;
        for (size_t i = 0; i < policy->n_mx; i++)
                if (matches(policy->mx[i], host))
                        return true;
        return false;
}
