/*
 * view_update.c — telling a client what has changed in its mailbox.
 *
 *      a watcher says "dirty" ─► changes since view.modseq [reader] ─► EXPUNGE, EXISTS, FETCH ─► tagged
 *
 * RFC 9051 7.5.1: nothing is told but before a tagged reply, or in IDLE; and no
 * EXPUNGE by the commands whose numbers it would move (needs_numbers): such
 * messages are withheld, and stay in the view until a later command. However
 * much has changed, what is written waits for room in the output, and flags are
 * read in parts. To IDLE, new mail is told from the change itself, unread. Who has
 * enabled QRESYNC is told VANISHED instead of EXPUNGE (RFC 7162 3.2.10.2), and who
 * has enabled UIDONLY UIDFETCH instead of FETCH, too (RFC 9586 3.3).
 */
#include "modseq.h"
#include "session_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/store/message.h"

enum { PIECE = 64 << 10 };

/* MORE: flags of further messages must be read. */
enum stage { EXPUNGED, FLAGS, MORE, TOLD };

struct imap_update {
        struct task task;
        int64_t account, mailbox, since;
        uint32_t uidnext;
        int64_t messages; /* of which the client was not told that they are gone, nor will be */
        uint64_t named;   /* keyword bits whose names are known */
        bool all;         /* not only what `known` says */
        struct store_change known;
        struct store_changes changes;
        struct store_keywords keywords; /* only if has_keywords */
        bool has_keywords;
        enum stage stage;
        bool removed;              /* contexts were told of those that are withheld */
        size_t cursor;             /* EXPUNGED: ranges of the withheld ones; FLAGS: of `changes` */
        struct uid_range expunged; /* numbers of the range in hand; last 0: none is */
};

void imap_update_free(struct imap_update *u)
{
        if (!u)
                return;
        store_changes_done(&u->changes);
        store_keywords_done(&u->keywords);
        mem_free(u);
}

/* ---- reading what has changed ---- */

/* Store reader. */
static enum err update_work(struct task *t, struct store_txn *tx)
{
        struct imap_update *u = container_of(t, struct imap_update, task);
        enum err err =
                u->stage == MORE
                        ? store_changes_more(tx, u->mailbox, u->since, u->uidnext, &u->changes)
                        : store_changes_since(tx, u->mailbox, u->since, u->uidnext, u->messages,
                                              u->all ? NULL : &u->known, &u->changes);

        if (!err && u->changes.used >> STORE_KEYWORD_FIRST_BIT & ~u->named) {
                err = store_keywords_get(tx, u->account, &u->keywords);
                u->has_keywords = !err;
        }
        return err;
}

static void update_drop(struct task *t)
{
        imap_update_free(container_of(t, struct imap_update, task));
}

/* The bits of the keywords whose names the session knows. */
static uint64_t named(const struct imap_mailbox *m)
{
        uint64_t bits = 0;

        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; bit < STORE_KEYWORD_BITS; bit++)
                if (store_keyword_name(&m->keywords, bit))
                        bits |= (uint64_t)1 << (bit - STORE_KEYWORD_FIRST_BIT);
        return bits;
}

/* ---- telling it ---- */

static void send_tagged(struct imap_session *s)
{
        imap_modseq_settle(s);
        conn_write(s->conn, buf_slice(&s->tagged));
        s->replied = s->idling = false; /* RFC 9051 7.5.1: what happens from here on can wait */
        s->finished = true;
        imap_session_wake(s);
}

/* Nothing (more) is to be told. */
static void told(struct imap_session *s)
{
        if (s->replied)
                send_tagged(s);
}

static bool may_expunge(const struct imap_session *s)
{
        return !s->in_hand || !s->cmd.def || !s->cmd.def->needs_numbers ||
               (s->cmd.uid && !s->cmd.has_numbers);
}

static bool tell_vanished(struct imap_mailbox *m, struct imap_update *u, struct buf *out)
{
        while (u->cursor < m->withheld.n && out->len < PIECE)
                imap_put_vanished(out, &m->withheld, &u->cursor, false);
        return u->cursor == m->withheld.n;
}

/* The next of withheld.ranges, from the last to the first; false: there is none with messages. */
static bool next_expunged(const struct imap_mailbox *m, struct imap_update *u)
{
        while (u->cursor) {
                const struct uid_range *r = &m->withheld.ranges[--u->cursor];

                if (uid_map_numbers(&m->view.messages, r->first, r->last, &u->expunged))
                        return true;
        }
        return false;
}

/* From the last to the first: no number is moved by one told before it. */
static bool tell_expunged(struct imap_session *s, struct imap_update *u, struct buf *out)
{
        struct imap_mailbox *m = s->mailbox;

        if (!may_expunge(s))
                return true;
        if (s->enabled & IMAP_HEARS_VANISHED)
                return tell_vanished(m, u, out);
        while (out->len < PIECE) {
                if (!u->expunged.last && !next_expunged(m, u))
                        return true;
                buf_add(out, SLICE("* "));
                buf_add_number(out, u->expunged.last);
                buf_add(out, SLICE(" EXPUNGE\r\n"));
                if (u->expunged.last-- == u->expunged.first)
                        u->expunged.last = 0;
        }
        return false;
}

static void forget_expunged(struct imap_mailbox *m)
{
        uid_map_remove(&m->view.messages, &m->withheld);
        uid_set_done(&m->withheld);
}

static void tell_arrived(struct imap_session *s, struct imap_update *u, struct buf *out)
{
        struct uid_map *messages = &s->mailbox->view.messages;
        uint32_t before = messages->n;

        uid_map_append_set(messages, &u->changes.arrived);
        if (messages->n == before)
                return;
        imap_told_first(s, uid_map_uid(messages, before + 1), uid_map_last(messages));
        buf_addf(out, "* %u EXISTS\r\n", messages->n);
        if (!(s->enabled & IMAP_ENABLED_REV2))
                buf_addf(out, "* %zu RECENT\r\n", imap_count_recent(s));
}

static void take_keywords(struct imap_session *s, struct store_keywords *keywords, struct buf *out)
{
        store_keywords_done(&s->mailbox->keywords);
        s->mailbox->keywords = *keywords;
        *keywords = (struct store_keywords){ 0 };
        imap_put_mailbox_flags(s, out);
}

static void tell_keywords(struct imap_session *s, struct imap_update *u, struct buf *out)
{
        if (!u->has_keywords)
                return;
        u->has_keywords = false;
        take_keywords(s, &u->keywords, out);
}

/* RFC 9051 7.1 PERMANENTFLAGS: without "\\*" once there is no room. */
void imap_tell_keywords(struct imap_cmd *cmd, struct store_keywords *keywords)
{
        struct imap_session *s = cmd->session;
        AUTO_BUF(out, BUF_MAX);

        for (unsigned bit = STORE_KEYWORD_FIRST_BIT; s->mailbox && bit < STORE_KEYWORD_BITS; bit++)
                if (store_keyword_name(keywords, bit) &&
                    !store_keyword_name(&s->mailbox->keywords, bit)) {
                        take_keywords(s, keywords, &out);
                        break;
                }
        imap_write_take(cmd, &out);
}

/* RFC 9051 7.5.2 in IMAP4rev2; RFC 3501 6.4.8 with commands of the UID form; RFC 7162 3.2.4. */
static bool tells_uid(const struct imap_session *s)
{
        if (s->enabled & IMAP_ENABLED_UIDONLY)
                return false; /* it begins with it */
        return s->enabled & (IMAP_ENABLED_REV2 | IMAP_ENABLED_CONDSTORE) ||
               (s->in_hand && s->cmd.uid);
}

static void tell_flags_of(struct imap_session *s, struct imap_update *u, size_t i, struct buf *out)
{
        const struct store_flag_change *change = &u->changes.flags[i];
        const struct imap_told *told = imap_was_told(s->mailbox, change->uid, change->modseq);
        uint32_t number = imap_number_of(s, change->uid);
        bool condstore = imap_has_condstore(s);

        if (!number || (told && !(condstore && told->silent)))
                return;
        if (s->enabled & IMAP_ENABLED_UIDONLY)
                buf_addf(out, "* %u UIDFETCH (", change->uid);
        else
                buf_addf(out, "* %u FETCH (", number);
        if (tells_uid(s))
                buf_addf(out, "UID %u ", change->uid);
        imap_flags_remember(
                s, &(struct store_flags_told){ change->uid, change->modseq, change->flags });
        if (condstore) {
                buf_addf(out, "MODSEQ (%lld)%s", (long long)change->modseq, told ? "" : " ");
                imap_modseq_sent(s, change->modseq);
        }
        if (!told) {
                buf_add(out, SLICE("FLAGS "));
                imap_put_flags(s, out, change->flags, imap_is_recent(s, change->uid));
        }
        buf_add(out, SLICE(")\r\n"));
}

static bool tell_flags(struct imap_session *s, struct imap_update *u, struct buf *out)
{
        while (u->cursor < u->changes.n_flags && out->len < PIECE)
                tell_flags_of(s, u, u->cursor++, out);
        return u->cursor == u->changes.n_flags;
}

static void tell(struct imap_session *s, struct imap_update *u, struct buf *out)
{
        struct imap_mailbox *m = s->mailbox;

        if (u->stage == EXPUNGED && !u->removed && may_expunge(s)) {
                imap_contexts_remove(s, &m->withheld, out);
                u->removed = true;
        }
        if (u->stage == EXPUNGED && tell_expunged(s, u, out)) {
                if (m->withheld.n && may_expunge(s))
                        forget_expunged(m);
                tell_arrived(s, u, out);
                if (m->view.exact && !m->withheld.n)
                        store_view_share(s->server->store, &m->view);
                tell_keywords(s, u, out);
                u->stage = FLAGS;
                u->cursor = 0;
        }
        if (u->stage == FLAGS && tell_flags(s, u, out)) {
                u->stage = u->changes.next ? MORE : TOLD;
                if (u->stage == TOLD)
                        imap_forget_told(m);
        }
}

/* It is not told to the end: the next command, or the next push, begins again. */
static void give_up(struct imap_session *s, const struct imap_update *u)
{
        s->mailbox->view.modseq = u->since;
        s->mailbox->dirty = s->mailbox->unknown = true;
        told(s);
}

static void read_more(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;
        struct imap_update *u = TAKE(m->update);

        u->named = named(m);
        u->task.owner = s;
        if (store_submit(s->server->store, s->account, STORE_READ, &u->task)) {
                give_up(s, u);
                imap_update_free(u);
                return;
        }
        m->task = &u->task;
}

bool imap_view_step(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;
        AUTO_BUF(out, BUF_MAX);

        if (conn_output_full(s->conn))
                return false;
        tell(s, m->update, &out);
        conn_write_take(s->conn, &out);
        if (m->update->stage == MORE) {
                read_more(s);
                return true;
        }
        if (m->update->stage != TOLD)
                return true;
        imap_update_free(TAKE(m->update));
        if (!imap_contexts_look(s))
                imap_view_told(s);
        return true;
}

void imap_view_told(struct imap_session *s)
{
        if (s->mailbox->dirty)
                imap_view_push(s);
        told(s);
        imap_session_wake(s);
}

/* The view is changed by what was read; it is told from here on. Takes u. */
static void begin_telling(struct imap_session *s, struct imap_update *u)
{
        struct imap_mailbox *m = s->mailbox;
        AUTO(uid_set_done) struct uid_set gone = { 0 };

        imap_view_known(s, &u->changes.expunged, &gone);
        if (gone.n && !m->withheld.n)
                m->withheld_since = u->since;
        uid_set_add_set(&m->withheld, &gone);
        m->view.modseq = u->changes.modseq;
        m->view.uidnext = u->changes.uidnext;
        m->view.exact = u->changes.exact;
        imap_contexts_note(&m->contexts, &u->changes);
        u->stage = EXPUNGED;
        /* VANISHED goes up, EXPUNGE down. */
        u->cursor = s->enabled & IMAP_HEARS_VANISHED ? 0 : m->withheld.n;
        m->update = u;
}

/* Takes u. */
static void go_on(struct imap_session *s, struct imap_update *u)
{
        AUTO_BUF(out, BUF_MAX);

        tell_keywords(s, u, &out);
        conn_write_take(s->conn, &out);
        imap_contexts_note(&s->mailbox->contexts, &u->changes);
        u->stage = FLAGS;
        u->cursor = 0;
        s->mailbox->update = u;
}

/* ---- the mailbox was removed ---- */

static void mailbox_gone(struct imap_session *s)
{
        if (s->in_hand && s->cmd.def == imap_command_find(SLICE("DELETE"))) {
                imap_close_mailbox(s, true);
                told(s);
                return;
        }
        s->end = "mailbox removed";
        imap_bye(s, NULL, "The selected mailbox was removed");
}

static void update_done(struct task *t)
{
        struct imap_update *u = container_of(t, struct imap_update, task);
        struct imap_session *s = t->owner;

        s->mailbox->task = NULL;
        if (t->result) {
                log_warn("c=%s imap cannot read changes mailbox=%lld error=%s text=\"%s\"",
                         conn_id(s->conn), (long long)u->mailbox, err_name(t->result),
                         t->error.text);
                give_up(s, u);
        } else if (u->stage == MORE) {
                task_keep(t);
                go_on(s, u);
        } else if (u->changes.gone) {
                mailbox_gone(s);
        } else {
                task_keep(t);
                begin_telling(s, u);
        }
        imap_session_run(s);
}

static const struct task_class update_class = { "imap update", update_work, update_done,
                                                update_drop };

static struct imap_update *update_new(const struct imap_session *s)
{
        const struct imap_mailbox *m = s->mailbox;
        struct imap_update *u = NEW(struct imap_update);

        u->task.class = &update_class;
        u->account = s->account;
        u->mailbox = m->view.mailbox;
        u->since = m->view.modseq;
        u->uidnext = m->view.uidnext;
        /* The withheld ones may name UIDs that were never told. */
        u->messages = (int64_t)m->view.messages.n - uid_map_count(&m->view.messages, &m->withheld);
        u->named = named(m);
        return u;
}

static bool submit(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;
        struct imap_update *u = update_new(s);

        u->task.owner = s;
        u->all = m->unknown;
        u->known = m->pending;
        if (store_submit(s->server->store, s->account, STORE_READ, &u->task)) {
                imap_update_free(u);
                return false;
        }
        if (!m->unknown)
                m->reading = m->pending.modseq;
        m->dirty = m->unknown = m->other = false;
        m->task = &u->task;
        return true;
}

/* What was withheld may be told now, and nothing else has happened. */
static void tell_withheld(struct imap_session *s)
{
        struct imap_update *u = update_new(s);

        u->changes.modseq = u->since;
        u->changes.uidnext = u->uidnext;
        u->changes.exact = s->mailbox->view.exact;
        begin_telling(s, u);
        imap_session_wake(s);
}

/* Every MODSEQ since is of a change whose answer this session was given: of its own STORE. */
static bool was_told_all(const struct imap_session *s)
{
        const struct imap_mailbox *m = s->mailbox;
        int64_t since = m->view.modseq;

        if (m->unknown || m->other || m->contexts.n || !m->n_told ||
            m->pending.modseq != since + (int64_t)m->n_told)
                return false;
        for (size_t i = 0; i < m->n_told; i++)
                if (m->told[i].modseq != ++since || m->told[i].but.n ||
                    (m->told[i].silent && imap_has_condstore(s)))
                        return false;
        return true;
}

/* There is nothing to read, and nothing to tell. */
static void pass_over(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;

        m->view.modseq = m->pending.modseq;
        m->dirty = false;
        imap_forget_told(m);
        if (m->view.exact && !m->withheld.n)
                store_view_share(s->server->store, &m->view);
}

void imap_view_settle(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;

        if (m && (m->update || m->task))
                return;
        if (m && m->dirty && was_told_all(s))
                pass_over(s);
        if (m && m->dirty && submit(s))
                return;
        if (m && m->withheld.n && may_expunge(s))
                tell_withheld(s);
        else
                told(s);
}

void imap_view_push(struct imap_session *s)
{
        struct imap_mailbox *m = s->mailbox;

        if (!m || !s->idling || m->update || m->task || s->replied)
                return;
        if (m->dirty) {
                /* If it cannot be read now, the next keep-alive tries again. */
                submit(s);
                return;
        }
        if (m->withheld.n)
                tell_withheld(s);
}

bool imap_view_advance(struct imap_session *s, const struct store_change *change)
{
        struct imap_mailbox *m = s->mailbox;
        struct imap_update *u;

        if (!s->idling || s->replied || m->dirty || m->update || m->task || !change->first_uid ||
            change->since != m->view.modseq || change->first_uid != m->view.uidnext)
                return false;
        u = update_new(s);
        u->changes.modseq = change->modseq;
        u->changes.uidnext = change->uidnext;
        u->changes.exact = m->view.exact;
        uid_set_add_range(&u->changes.arrived, change->first_uid, change->uidnext - 1);
        begin_telling(s, u);
        imap_session_run(s);
        return true;
}
