/*
 * cmd_fetch.c — FETCH and UID FETCH.
 *
 * RFC 9051 6.4.5; BINARY is RFC 3516, PREVIEW is RFC 8970, MODSEQ and the modifiers are
 * RFC 7162 3.1.4 and 3.2.6, RFC 9394 3.3; UIDFETCH is RFC 9586 3.3. What may be asked for is in fetch_plan.c, how it is
 * sent in fetch_run.c.
 */
#include "modseq.h"
#include "resync.h"
#include "search_return.h"

/* In brackets behind the items: RFC 4466 2.4. */
struct modifiers {
        int64_t changed_since;
        bool changed; /* CHANGEDSINCE was said */
        bool vanished;
        struct imap_partial partial; /* .a 0: PARTIAL was not said */
};

static enum err wants(struct imap_args *args, const char *what)
{
        args->wanted = what;
        return ERR_SYNTAX;
}

static enum err parse_modifier(struct imap_args *args, struct modifiers *m)
{
        struct slice word;
        enum err err = imap_arg_atom(args, &word);

        if (!err && !m->vanished && slice_eq_word(word, SLICE("VANISHED"))) {
                m->vanished = true;
                return ERR_OK;
        }
        if (!err && !m->partial.a && slice_eq_word(word, SLICE("PARTIAL"))) {
                err = imap_arg_space(args);
                return err ? err : imap_arg_partial(args, &m->partial);
        }
        if (err || m->changed || !slice_eq_word(word, SLICE("CHANGEDSINCE")))
                return wants(args, "CHANGEDSINCE, VANISHED or PARTIAL, once");
        m->changed = true;
        err = imap_arg_space(args);
        /* No MODSEQ is 0 (RFC 7162 3.1), yet Thunderbird says it of a folder it does not know yet. */
        return err ? err : imap_arg_modseq(args, true, &m->changed_since);
}

static enum err check(const struct imap_cmd *cmd, struct imap_args *args, const struct modifiers *m)
{
        if (m->partial.a && !cmd->uid)
                return wants(args, "UID FETCH with PARTIAL");
        if (!m->vanished)
                return ERR_OK;
        if (!cmd->uid)
                return wants(args, "UID FETCH with VANISHED");
        if (!(imap_session_enabled(cmd->session) & IMAP_ENABLED_QRESYNC))
                return wants(args, "QRESYNC enabled before VANISHED");
        return m->changed ? ERR_OK : wants(args, "CHANGEDSINCE with VANISHED");
}

/* " (CHANGEDSINCE 12345 VANISHED PARTIAL -1:-30)", or nothing. */
static enum err parse_modifiers(const struct imap_cmd *cmd, struct imap_args *args,
                                struct modifiers *m)
{
        enum err err;

        *m = (struct modifiers){ 0 };
        if (imap_arg_at_end(args))
                return ERR_OK;
        err = imap_arg_space(args);
        if (!err)
                err = imap_arg_char(args, '(');
        do {
                if (!err)
                        err = parse_modifier(args, m);
        } while (!err && imap_arg_take(args, ' '));
        if (!err)
                err = imap_arg_char(args, ')');
        if (!err)
                err = imap_arg_end(args);
        return err ? err : check(cmd, args, m);
}

/*
 * RFC 9394 3.3: of the messages named those of some places; before CHANGEDSINCE chooses: 3.4. Places
 * are counted by messages: the set has UIDs between them that are nobody's.
 */
static void cut(const struct imap_cmd *cmd, const struct imap_partial *partial,
                struct uid_set *uids)
{
        const struct uid_map *messages = &imap_session_view(cmd->session)->messages;
        AUTO(uid_set_done) struct uid_set numbers = { 0 };
        AUTO(uid_set_done) struct uid_set some = { 0 };
        uint64_t first, end;

        if (!partial->a)
                return;
        uid_map_add_numbers(messages, uids, &numbers);
        imap_partial_places(partial, uid_set_count(&numbers), &first, &end);
        imap_cut_places(&numbers, first, end, &some);
        uid_set_clear(uids);
        uid_map_add_uids_of(messages, &some, uids);
}

static enum imap_flow run(struct imap_cmd *cmd, const struct imap_set *set,
                          const struct modifiers *m, struct imap_fetch_params *params)
{
        struct uid_set known = { 0 };

        if (!m->changed)
                return imap_fetch_run(cmd, params);
        if (m->vanished)
                imap_set_all_uids(cmd, set, &known);
        return imap_resync_run(cmd, &(struct imap_resync_params){
                                            .since = m->changed_since,
                                            .vanished = &known,
                                            .fetch = params,
                                    });
}

/* What the answer must have besides: RFC 7162 3.1.4.1, 3.2.4. */
static void complete_plan(struct imap_cmd *cmd, const struct modifiers *m,
                          struct imap_fetch_plan *plan)
{
        bool seen = plan->sets_seen && !imap_read_only(cmd);
        bool uid_only = imap_session_enabled(cmd->session) & IMAP_ENABLED_UIDONLY;

        if (m->changed)
                imap_fetch_plan_want(plan, IMAP_FETCH_MODSEQ);
        if (imap_fetch_plan_has(plan, IMAP_FETCH_MODSEQ))
                imap_enable_condstore(cmd);
        if (seen && imap_has_condstore(cmd->session)) {
                if (!uid_only)
                        imap_fetch_plan_want(plan, IMAP_FETCH_UID);
                imap_fetch_plan_want(plan, IMAP_FETCH_MODSEQ);
        }
}

static enum imap_flow fetch_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_fetch_plan plan;
        struct modifiers modifiers;
        struct uid_set uids = { 0 };
        struct imap_set set;
        /* A UIDFETCH response begins with it. */
        bool uid = cmd->uid && !(imap_session_enabled(cmd->session) & IMAP_ENABLED_UIDONLY);

        if (imap_arg_space(args) || imap_arg_set(args, &set) || imap_arg_space(args) ||
            imap_fetch_plan_parse(args, uid, &plan))
                return imap_bad_args(cmd, args);
        if (parse_modifiers(cmd, args, &modifiers)) {
                imap_fetch_plan_done(&plan);
                return imap_bad_args(cmd, args);
        }
        if (imap_set_uids(cmd, &set, &uids)) {
                imap_fetch_plan_done(&plan);
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        }
        cut(cmd, &modifiers.partial, &uids);
        complete_plan(cmd, &modifiers, &plan);
        return run(cmd, &set, &modifiers,
                   &(struct imap_fetch_params){
                           .plan = &plan,
                           .uids = &uids,
                           .completed = "FETCH completed",
                   });
}

const struct imap_command imap_cmd_fetch = {
        .name = "FETCH",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .needs_numbers = true,
        .rfc = "9051 6.4.5",
        .help = "Reads messages: flags, dates, sizes, structure, text, whole or in part; "
                "of those named, or of those that changed.",
        .start = fetch_start,
};
