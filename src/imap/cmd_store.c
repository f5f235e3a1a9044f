/*
 * cmd_store.c — STORE and UID STORE: flags and keywords.
 *
 * RFC 9051 6.4.6. Keywords are made on demand; when an account has all it may
 * have, NO [LIMIT]. Without .SILENT the flags are read back and told, of all the
 * messages named, whether or not they changed. Very many change in slices, a transaction each.
 *
 * UNCHANGEDSINCE is RFC 7162 3.1.3. A message has one MODSEQ, not one for each flag: whatever
 * changed since makes it fail, and what it has now is told along (3.1.3, example 10). But where the
 * flags to be added or removed are as the client was last told, they were not touched, and it does
 * not fail: 3.1.12.
 */
#include "fetch_run.h"
#include "flag_list.h"
#include "modseq.h"
#include "slices.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/flags.h"

enum { MAX_ARENA = 64 << 10 };

struct store_task {
        struct task task;
        int64_t account, mailbox;
        struct imap_slices slices;
        int64_t unchanged_since; /* STORE_UNCONDITIONAL: whenever they changed */
        enum store_flags_op op;
        bool silent;
        struct arena arena; /* of `flags` */
        struct imap_flag_list flags;
        bool new_words;                 /* keywords that the session does not know */
        struct store_keywords keywords; /* read when there are such, or no room for them */
        int64_t since;                  /* the client was told of changes up to here */
        int64_t modseq;                 /* set by work: of the change */
        struct uid_set news; /* likewise: others had changed these, and the client does not know */
        struct uid_set modified;               /* likewise: not changed because of UNCHANGEDSINCE */
        struct uid_set all_news, all_modified; /* of the slices that are done */
        struct store_flags_told *known;        /* of the slice, what the client was told; owned */
        size_t n_known;
        struct uid_set untouched; /* set by work: changed since, but not in what is to be changed */
        int64_t untouched_modseq; /* likewise: of their change */
};

static bool next_slice(struct store_task *s, const struct imap_session *session)
{
        if (!imap_slices_next(&s->slices, &imap_session_view(session)->messages, &s->task))
                return false;
        /* 0 asks for something else. */
        if (s->unchanged_since <= 0 || s->op == STORE_FLAGS_SET)
                return true;
        if (!s->known)
                s->known = mem_alloc_array(IMAP_FLAG_MEMORY, sizeof *s->known);
        s->n_known = imap_flags_known(session, &s->slices.slice, s->unchanged_since, s->known);
        return true;
}

static enum err read_keywords(struct store_task *s, struct store_txn *tx)
{
        store_keywords_done(&s->keywords); /* this may be the second run */
        return store_keywords_get(tx, s->account, &s->keywords);
}

/* RFC 7162 3.1.12. They are changed by themselves, whenever they were changed before. */
static enum err store_untouched(struct store_task *s, struct store_txn *tx, uint64_t flags)
{
        enum err err = store_flags_untouched(tx, s->mailbox, s->known, s->n_known,
                                             s->unchanged_since, flags, &s->untouched);

        if (!err && s->untouched.n)
                err = store_flags_change(tx, s->mailbox, &s->untouched, s->op, flags,
                                         STORE_UNCONDITIONAL, NULL, &s->untouched_modseq);
        uid_set_add_set(&s->news, &s->untouched);
        return err;
}

/* Store writer. */
static enum err store_work(struct task *t, struct store_txn *tx)
{
        struct store_task *s = container_of(t, struct store_task, task);
        AUTO(uid_set_done) struct uid_set rest = { 0 };
        uint64_t flags = 0;
        enum err err =
                imap_flag_list_bits(tx, s->account, &s->flags, s->op != STORE_FLAGS_REMOVE, &flags);

        uid_set_clear(&s->news);
        uid_set_done(&s->modified);
        uid_set_clear(&s->untouched);
        s->untouched_modseq = 0;
        if (!err && s->silent)
                err = store_flags_changed_since(tx, s->mailbox, &s->slices.slice, s->since,
                                                &s->news);
        if (!err && s->n_known)
                err = store_untouched(s, tx, flags);
        uid_set_copy(&rest, &s->slices.slice);
        uid_set_remove(&rest, &s->untouched);
        if (!err)
                err = store_flags_change(tx, s->mailbox, &rest, s->op, flags, s->unchanged_since,
                                         &s->modified, &s->modseq);
        return !err && s->new_words ? read_keywords(s, tx) : err;
}

/*
 * There is no room for another keyword. It may have been used up in another mailbox: then this
 * session has not been told yet.
 */
static enum err keywords_work(struct task *t, struct store_txn *tx)
{
        return read_keywords(container_of(t, struct store_task, task), tx);
}

static void keywords_done(struct task *t)
{
        struct store_task *s = container_of(t, struct store_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (!t->result)
                imap_tell_keywords(cmd, &s->keywords);
        imap_reply_err(cmd, ERR_LIMIT);
}

static void store_drop(struct task *t);
static const struct task_class keywords_class = { "imap store keywords", keywords_work,
                                                  keywords_done, store_drop };

static const char completed[] = "STORE completed";

/* Messages of the view as the client names them. */
static void put_names(const struct imap_cmd *cmd, const struct uid_set *uids, struct buf *out)
{
        AUTO(uid_set_done) struct uid_set numbers = { 0 };
        enum err ignored; /* a mailbox' numbers fit 1 GiB */

        if (!cmd->uid)
                uid_map_add_numbers(&imap_session_view(cmd->session)->messages, uids, &numbers);
        ignored = uid_set_print(cmd->uid ? uids : &numbers, out);
        (void)ignored;
}

/*
 * MODSEQ of all, .SILENT or not; FLAGS of those that the client does not know: RFC 7162 3.1.3. MODIFIED
 * and the news that messages are gone do not fit into one OK: then it is NO, as in example 11.
 */
static enum imap_flow tell(struct imap_cmd *cmd, struct store_task *s)
{
        bool condstore = imap_has_condstore(cmd->session);
        bool uid_only = imap_session_enabled(cmd->session) & IMAP_ENABLED_UIDONLY;
        struct buf code = { .max = BUF_MAX };
        struct imap_fetch_plan plan;

        imap_fetch_plan_flags(!uid_only && (cmd->uid || condstore), condstore, &plan);
        if (s->all_modified.n) {
                buf_add(&code, SLICE("MODIFIED "));
                put_names(cmd, &s->all_modified, &code);
        }
        uid_set_add_set(&s->all_news, &s->all_modified);
        return imap_fetch_run(
                cmd,
                &(struct imap_fetch_params){
                        .plan = &plan,
                        .uids = &s->slices.uids,
                        .flags_of = s->silent ? &s->all_news : NULL,
                        .code = &code,
                        .incomplete = "Some of the messages no longer exist",
                        .completed = s->all_modified.n ? "Conditional STORE failed" : completed,
                });
}

static bool tells_nothing(const struct store_task *s)
{
        return s->silent && s->unchanged_since == STORE_UNCONDITIONAL;
}

/* A slice is stored. */
static void note_slice(struct imap_cmd *cmd, struct store_task *s)
{
        /* Named before they are used: RFC 9051 7.3.5. */
        if (s->new_words)
                imap_tell_keywords(cmd, &s->keywords);
        s->new_words = false;
        imap_flags_told(cmd, &s->slices.slice, tells_nothing(s) ? &s->news : NULL, s->modseq);
        imap_flags_told(cmd, &s->untouched, NULL, s->untouched_modseq);
        uid_set_add_set(&s->all_news, &s->news);
        uid_set_add_set(&s->all_modified, &s->modified);
}

static void failed(struct imap_cmd *cmd, struct store_task *s)
{
        struct task *t = &s->task;

        if (t->result == ERR_LIMIT) {
                task_keep(t);
                t->class = &keywords_class;
                imap_submit(cmd, STORE_READ, t);
                return;
        }
        imap_flags_untold(cmd); /* what the slices before have changed */
        imap_reply_err(cmd, t->result);
}

static void store_done(struct task *t)
{
        struct store_task *s = container_of(t, struct store_task, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result) {
                failed(cmd, s);
                return;
        }
        note_slice(cmd, s);
        if (next_slice(s, cmd->session)) {
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_WRITE, t);
        } else if (tells_nothing(s)) {
                imap_reply(cmd, IMAP_OK, NULL, completed);
        } else {
                tell(cmd, s);
        }
}

static void store_drop(struct task *t)
{
        struct store_task *s = container_of(t, struct store_task, task);

        imap_slices_done(&s->slices);
        uid_set_done(&s->news);
        uid_set_done(&s->modified);
        uid_set_done(&s->all_news);
        uid_set_done(&s->all_modified);
        uid_set_done(&s->untouched);
        mem_free(s->known);
        store_keywords_done(&s->keywords);
        arena_done(&s->arena);
        mem_free(s);
}

static const struct task_class store_class = { "imap store", store_work, store_done, store_drop };

/* RFC 9051 9: store-att-flags. */
static enum err parse_item(struct imap_args *args, struct store_task *s)
{
        struct slice word;
        enum err err;

        s->op = STORE_FLAGS_SET;
        if (imap_arg_take(args, '+'))
                s->op = STORE_FLAGS_ADD;
        else if (imap_arg_take(args, '-'))
                s->op = STORE_FLAGS_REMOVE;
        err = imap_arg_atom(args, &word);
        if (err)
                return err;
        s->silent = slice_eq_word(word, SLICE("FLAGS.SILENT"));
        if (s->silent || slice_eq_word(word, SLICE("FLAGS")))
                return ERR_OK;
        args->wanted = "FLAGS or FLAGS.SILENT";
        return ERR_SYNTAX;
}

/* "(UNCHANGEDSINCE 12345) ", or nothing: RFC 7162 7, store-modifier. */
static enum err parse_modifier(struct imap_args *args, struct store_task *s)
{
        enum err err;

        s->unchanged_since = STORE_UNCONDITIONAL;
        if (!imap_arg_take(args, '('))
                return ERR_OK;
        if (!slice_skip_word(&args->rest, SLICE("UNCHANGEDSINCE "))) {
                args->wanted = "UNCHANGEDSINCE and a mod-sequence";
                return ERR_SYNTAX;
        }
        err = imap_arg_modseq(args, true, &s->unchanged_since);
        if (!err)
                err = imap_arg_char(args, ')');
        return err ? err : imap_arg_space(args);
}

static enum err parse(struct imap_args *args, struct store_task *s, struct imap_set *set)
{
        enum err err = imap_arg_space(args);

        if (!err)
                err = imap_arg_set(args, set);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = parse_modifier(args, s);
        if (!err)
                err = parse_item(args, s);
        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_flag_list_parse(args, true, &s->arena, &s->flags);
        return err ? err : imap_arg_end(args);
}

static bool knows(const struct store_keywords *keywords, struct slice word)
{
        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++) {
                const char *name = store_keyword_name(keywords, bit);

                if (name && slice_eq_word(word, slice_of(name)))
                        return true;
        }
        return false;
}

static bool has_new_words(const struct imap_session *s, const struct imap_flag_list *flags)
{
        for (size_t i = 0; i < flags->n; i++)
                if (!knows(imap_session_keywords(s), flags->keywords[i]))
                        return true;
        return false;
}

static enum imap_flow store_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct store_task *s = NEW(struct store_task);
        struct uid_set uids = { 0 };
        struct imap_set set;
        enum err err;

        s->task.class = &store_class;
        s->arena.max = MAX_ARENA;
        err = parse(args, s, &set);
        if (err) {
                store_drop(&s->task);
                return err == ERR_LIMIT
                               ? imap_reply(cmd, IMAP_NO, "LIMIT", "Fewer or shorter flags, please")
                               : imap_bad_args(cmd, args);
        }
        if (imap_set_uids(cmd, &set, &uids)) {
                store_drop(&s->task);
                return imap_reply(cmd, IMAP_BAD, NULL, "No such message");
        }
        imap_slices_init(&s->slices, &uids, imap_session_server(cmd->session)->config);
        if (imap_read_only(cmd)) {
                store_drop(&s->task);
                return imap_reply(cmd, IMAP_NO, "CANNOT", "The mailbox is open for reading only");
        }
        if (s->unchanged_since != STORE_UNCONDITIONAL)
                imap_enable_condstore(cmd);
        s->account = imap_account(cmd);
        s->new_words = s->op != STORE_FLAGS_REMOVE && has_new_words(cmd->session, &s->flags);
        s->mailbox = imap_selected(cmd);
        s->since = imap_session_view(cmd->session)->modseq;
        next_slice(s, cmd->session); /* of none, too: the keywords are made */
        return imap_submit(cmd, STORE_WRITE, &s->task);
}

const struct imap_command imap_cmd_store = {
        .name = "STORE",
        .states = IMAP_SELECTED,
        .has_uid_form = true,
        .by_number = true,
        .needs_numbers = true,
        .rfc = "9051 6.4.6",
        .help = "Changes flags and keywords of messages.",
        .start = store_start,
};
