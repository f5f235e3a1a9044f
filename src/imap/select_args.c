/* select_args.c — what a client that comes back knows: RFC 7162 3.2.5, 7. */
#include "select_args.h"

#include "modseq.h"

static enum err wants(struct imap_args *args, const char *what)
{
        args->wanted = what;
        return ERR_SYNTAX;
}

/* ---- QRESYNC (uidvalidity modseq [known-uids] [(numbers uids)]) ---- */

/* A sequence-set without "*" and "$"; perhaps in ascending order. */
static enum err read_set(struct imap_args *args, bool ascending, struct imap_set *ret_set)
{
        enum err err = imap_arg_set(args, ret_set);
        uint32_t before = 0;

        if (err)
                return err;
        if (ret_set->saved)
                return wants(args, "a set of numbers without $");
        for (size_t i = 0; i < ret_set->n; i++) {
                uint32_t first = ret_set->ranges[i].first, last = ret_set->ranges[i].last;

                if (!first || !last)
                        return wants(args, "a set of numbers without *");
                if (ascending && (first <= before || last < first))
                        return wants(args, "a set of numbers in ascending order");
                before = last;
        }
        return ERR_OK;
}

static uint64_t count(const struct imap_set *set)
{
        uint64_t n = 0;

        for (size_t i = 0; i < set->n; i++)
                n += (uint64_t)set->ranges[i].last - set->ranges[i].first + 1;
        return n;
}

static enum err read_match(struct imap_args *args, struct imap_select_args *select)
{
        enum err err = imap_arg_char(args, '(');

        if (!err && args->uid_only) {
                imap_arg_no_numbers(args);
                return ERR_SYNTAX;
        }
        if (!err)
                err = read_set(args, true, &select->numbers);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = read_set(args, true, &select->uids);
        if (!err)
                err = imap_arg_char(args, ')');
        if (!err && count(&select->numbers) != count(&select->uids))
                return wants(args, "as many UIDs as message numbers");
        select->has_match = true;
        return err;
}

static enum err read_known(struct imap_args *args, struct imap_select_args *select)
{
        enum err err;

        if (!imap_arg_take(args, ' '))
                return ERR_OK;
        if (!slice_starts(args->rest, SLICE("("))) {
                select->has_known = true;
                err = read_set(args, false, &select->known);
                if (err || !imap_arg_take(args, ' '))
                        return err;
        }
        return read_match(args, select);
}

static enum err read_qresync(struct imap_args *args, struct imap_select_args *select)
{
        uint64_t uidvalidity = 0;
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_arg_char(args, '(');
        if (!err)
                err = imap_arg_number(args, UINT32_MAX, &uidvalidity);
        if (!err && !uidvalidity)
                return wants(args, "a UIDVALIDITY that is not 0");
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_arg_modseq(args, false, &select->modseq);
        if (!err)
                err = read_known(args, select);
        select->uidvalidity = (uint32_t)uidvalidity;
        select->qresync = true;
        return err ? err : imap_arg_char(args, ')');
}

/* ---- parameters ---- */

static enum err read_parameter(struct imap_args *args, struct imap_select_args *select)
{
        struct slice word;
        enum err err = imap_arg_atom(args, &word);

        if (!err && !select->condstore && slice_eq_word(word, SLICE("CONDSTORE"))) {
                select->condstore = true;
                return ERR_OK;
        }
        if (!err && !select->qresync && slice_eq_word(word, SLICE("QRESYNC")))
                return read_qresync(args, select);
        return wants(args, "CONDSTORE or QRESYNC, once");
}

enum err imap_select_args_parse(struct imap_args *args, struct imap_select_args *ret_select)
{
        struct imap_select_args select = { 0 };
        enum err err = ERR_OK;

        *ret_select = select;
        if (!slice_starts(args->rest, SLICE(" (")))
                return imap_arg_end(args);
        err = imap_arg_space(args);
        if (!err)
                err = imap_arg_char(args, '(');
        do {
                if (!err)
                        err = read_parameter(args, &select);
        } while (!err && imap_arg_take(args, ' '));
        if (!err)
                err = imap_arg_char(args, ')');
        if (!err)
                err = imap_arg_end(args);
        if (!err)
                *ret_select = select;
        return err;
}

/* ---- matching ---- */

/*
 * Messages number, number + 1, … against UIDs uid, uid + 1, …, `n` of each: the last that matches, or
 * 0. A view's UIDs grow at least as fast, so that once they are ahead they stay so.
 */
static uint32_t match_run(const struct uid_map *messages, uint32_t number, uint32_t uid, uint32_t n)
{
        uint32_t low = 0, high = n;

        if (number > messages->n)
                return 0;
        if (high > messages->n - number + 1)
                high = messages->n - number + 1;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (uid_map_uid(messages, number + middle) <= uid + middle)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low && uid_map_uid(messages, number + low - 1) == uid + low - 1 ? uid + low - 1 : 0;
}

uint32_t imap_select_args_match(const struct imap_select_args *select,
                                const struct uid_map *messages)
{
        const struct imap_set *numbers = &select->numbers, *uids = &select->uids;
        uint32_t number_at = 0, uid_at = 0, best = 0;

        if (!select->has_match)
                return 0;
        for (size_t i = 0, k = 0; i < numbers->n && k < uids->n;) {
                uint32_t number = numbers->ranges[i].first + number_at;
                uint32_t uid = uids->ranges[k].first + uid_at;
                uint32_t more_numbers = numbers->ranges[i].last - number;
                uint32_t more_uids = uids->ranges[k].last - uid;
                uint32_t more = more_numbers < more_uids ? more_numbers : more_uids;
                uint32_t match =
                        match_run(messages, number, uid, more == UINT32_MAX ? more : more + 1);

                best = match > best ? match : best;
                number_at = more == more_numbers ? 0 : number_at + more + 1;
                uid_at = more == more_uids ? 0 : uid_at + more + 1;
                i += more == more_numbers;
                k += more == more_uids;
        }
        return best;
}
