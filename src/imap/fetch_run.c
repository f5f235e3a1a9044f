/*
 * fetch_run.c — the producer behind FETCH, and behind STORE's answer.
 *
 * RFC 9051 6.4.5. Messages that somebody expunged since the view was told are
 * left out, and the reply says EXPUNGEISSUED (RFC 2180 4.1.2, RFC 9051 7.1). \Seen is
 * set behind the last octet, by one write for the whole command: the session
 * tells the flags that this changes before the tagged reply. That it cannot be
 * set, on a full disk, keeps nobody from reading.
 */
#include "fetch_run.h"

#include "fetch_render.h"
#include "modseq.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/message.h"

enum {
        BATCH = 2048, /* messages a task looks at: as many flags as fill a chunk */
        /* Pieces of a stream a task reads when they make no output: counting. */
        MAX_PIECES = 64,
};

struct in_hand {
        uint32_t uid;
        struct imap_fetch_message message;
};

struct fetch {
        struct task task;
        int64_t account, mailbox;
        struct imap_fetch_plan plan;
        struct uid_set uids;
        struct uid_set flags_of;
        struct uid_set vanished;
        size_t n_vanished; /* ranges of it that were told */
        struct buf code;
        const char *incomplete, *completed;
        bool marks_seen;
        bool tells_flags;               /* so that the session remembers them */
        struct store_flags_told *flags; /* the last ones of a chunk: IMAP_FLAG_MEMORY; owned */
        size_t n_flags;

        /* the messages in hand, by UID; and where the next ones are in `uids` */
        struct uid_set batch;
        struct in_hand *messages; /* owned; `room` of them */
        size_t room, n, at;
        size_t range;
        uint32_t next;

        struct imap_fetch_render render;
        struct buf sent;       /* loop: the last chunk's room, for the next but one */
        struct uid_set unseen; /* sent, and not \Seen before */
        bool expunged;         /* some were gone */
        bool cut;              /* loop: half a response is out */
        bool begun;            /* loop: a chunk has been written */
        bool stopped;          /* the walk: before the end of the batch */
        enum err err;          /* the walk */
};

/* ---- batches: loop ---- */

/*
 * Messages that follow each other in the view become one range: the UIDs in
 * between are of nobody.
 */
static void batch_add(struct fetch *f, const struct imap_session *s, uint32_t number, uint32_t uid)
{
        bool follows = f->n && f->messages[f->n - 1].message.number + 1 == number;

        f->messages[f->n].uid = uid;
        f->messages[f->n].message.number = number;
        f->messages[f->n].message.recent = imap_is_recent(s, uid);
        uid_set_add_range(&f->batch, follows ? f->messages[f->n - 1].uid + 1 : uid, uid);
        f->n++;
}

/* As many as there are, at most BATCH. */
static size_t room_for(const struct uid_set *uids, const struct store_view *v)
{
        uint64_t n = 0;

        for (size_t i = 0; i < uids->n && n < BATCH; i++)
                n += (uint64_t)uids->ranges[i].last - uids->ranges[i].first + 1;
        n = n < v->messages.n ? n : v->messages.n;
        return n < BATCH ? (size_t)n : BATCH;
}

/* False: there are no more. */
static bool next_batch(struct fetch *f, const struct imap_session *s)
{
        const struct uid_map *m = &imap_session_view(s)->messages;

        uid_set_clear(&f->batch);
        f->n = f->at = 0;
        for (; f->n < f->room && f->range < f->uids.n; f->range++) {
                const struct uid_range *r = &f->uids.ranges[f->range];
                struct uid_range numbers;

                if (f->next > r->last ||
                    !uid_map_numbers(m, f->next > r->first ? f->next : r->first, r->last, &numbers))
                        continue;
                while (f->n < f->room && numbers.first <= numbers.last) {
                        batch_add(f, s, numbers.first, uid_map_uid(m, numbers.first));
                        numbers.first++;
                }
                if (numbers.first <= numbers.last) {
                        f->next = uid_map_uid(m, numbers.first);
                        break;
                }
        }
        if (f->n)
                f->render.uid = f->messages[0].uid;
        return f->n > 0;
}

/* ---- reading: store reader ---- */

/* The message in hand is done with. */
static void pass(struct fetch *f)
{
        f->render.uid = f->messages[f->at].uid + 1;
        f->at++;
}

/* Messages below `uid` are not there any more. */
static enum err pass_missing(struct fetch *f, uint32_t uid)
{
        enum err err = ERR_OK;

        while (f->at < f->n && f->messages[f->at].uid < uid) {
                if (f->render.open)
                        err = imap_fetch_render_close(&f->render);
                f->expunged = true;
                pass(f);
        }
        return err;
}

static void note_flags(struct fetch *f, const struct store_fetch_row *row)
{
        if (!f->tells_flags)
                return;
        if (!f->flags)
                f->flags = mem_alloc_array(IMAP_FLAG_MEMORY, sizeof *f->flags);
        f->flags[f->n_flags++ % IMAP_FLAG_MEMORY] =
                (struct store_flags_told){ row->uid, row->modseq, row->flags };
}

static enum err take_row(struct fetch *f, const struct store_fetch_row *row)
{
        bool whole;
        enum err err = pass_missing(f, row->uid);

        if (err || f->at == f->n || f->messages[f->at].uid != row->uid)
                return err;
        if (f->marks_seen && !f->render.open && !(row->flags & STORE_FLAG_SEEN))
                uid_set_add(&f->unseen, row->uid);
        err = imap_fetch_render_row(&f->render, row, &f->messages[f->at].message, &whole);
        if (err)
                return err;
        if (whole) {
                note_flags(f, row);
                pass(f);
        }
        f->stopped = !whole || imap_fetch_render_full(&f->render);
        return ERR_OK;
}

static bool fetch_row(void *arg, const struct store_fetch_row *row)
{
        struct fetch *f = arg;

        f->err = atomic_load(&f->task.cancelled) ? ERR_CANCELLED : take_row(f, row);
        return !f->err && !f->stopped;
}

static enum err walk(struct fetch *f, struct store_txn *tx)
{
        enum err err;

        f->stopped = false;
        f->err = ERR_OK;
        err = store_fetch(tx, f->mailbox, &f->batch, f->render.uid, f->plan.rows, fetch_row, f);
        if (!err)
                err = f->err;
        if (!err && !f->stopped) {
                err = pass_missing(f, UINT32_MAX);
                /* The largest UID there can be is none below itself. */
                if (!err && f->at < f->n)
                        err = f->render.open ? imap_fetch_render_close(&f->render) : ERR_OK;
                f->expunged |= f->at < f->n;
                f->at = f->n;
        }
        return err;
}

/* One piece of the item that streams; behind the last one of a response, its end. */
static enum err stream_piece(struct fetch *f, struct store_txn *tx)
{
        struct imap_fetch_render *r = &f->render;
        size_t wanted = imap_fetch_stream_wants(&r->stream);
        AUTO_BUF(octets, IMAP_FETCH_PIECE);
        enum err err = store_message_read(tx, f->mailbox, r->uid, (int64_t)r->stream.offset, wanted,
                                          &octets);

        if (!err)
                err = imap_fetch_stream_put(&r->stream, buf_slice(&octets), &r->scratch, &r->chunk);
        if (err || r->stream.phase != IMAP_STREAM_IDLE || r->item < f->plan.n)
                return err;
        pass(f);
        return imap_fetch_render_close(r);
}

static enum err read_keywords(struct fetch *f, struct store_txn *tx)
{
        store_keywords_done(&f->render.keywords);
        f->render.keywords = (struct store_keywords){ 0 };
        return store_keywords_get(tx, f->account, &f->render.keywords);
}

/* RFC 7162 3.2.6: before any FETCH. */
static void put_vanished(struct fetch *f)
{
        while (f->n_vanished < f->vanished.n && !imap_fetch_render_full(&f->render))
                imap_put_vanished(&f->render.chunk, &f->vanished, &f->n_vanished, true);
}

static enum err fetch_work(struct task *t, struct store_txn *tx)
{
        struct fetch *f = container_of(t, struct fetch, task);
        enum err err = read_keywords(f, tx);
        int pieces = 0;

        put_vanished(f);
        while (!err && !imap_fetch_render_full(&f->render)) {
                if (f->render.stream.phase == IMAP_STREAM_IDLE) {
                        if (f->at == f->n)
                                break;
                        err = walk(f, tx);
                } else {
                        if (++pieces > MAX_PIECES)
                                break;
                        err = stream_piece(f, tx);
                }
        }
        return err;
}

static void fetch_free(struct fetch *f)
{
        imap_fetch_render_done(&f->render);
        imap_fetch_plan_done(&f->plan);
        uid_set_done(&f->uids);
        uid_set_done(&f->batch);
        uid_set_done(&f->unseen);
        uid_set_done(&f->flags_of);
        uid_set_done(&f->vanished);
        buf_done(&f->code);
        buf_done(&f->sent);
        mem_free(f->flags);
        mem_free(f->messages);
        mem_free(f);
}

static void fetch_drop(struct task *t)
{
        fetch_free(container_of(t, struct fetch, task));
}

/* ---- answering: loop ---- */

static enum imap_flow complete(struct imap_cmd *cmd, const struct fetch *f)
{
        imap_modseq_sent(cmd->session, f->render.modseq);
        if (f->render.corrupt)
                return imap_reply_err(cmd, ERR_CORRUPT);
        if (f->render.unknown_encoding)
                return imap_reply(cmd, IMAP_NO, "UNKNOWN-CTE", "An encoding is not known here");
        if (f->code.len)
                return f->expunged && f->incomplete
                               ? imap_reply(cmd, IMAP_NO, f->code.ptr, f->incomplete)
                               : imap_reply(cmd, IMAP_OK, f->code.ptr, f->completed);
        return imap_reply(cmd, IMAP_OK, f->expunged ? "EXPUNGEISSUED" : NULL, f->completed);
}

/* Store writer. */
static enum err seen_work(struct task *t, struct store_txn *tx)
{
        struct fetch *f = container_of(t, struct fetch, task);
        int64_t modseq;

        return store_flags_change(tx, f->mailbox, &f->unseen, STORE_FLAGS_ADD, STORE_FLAG_SEEN,
                                  STORE_UNCONDITIONAL, NULL, &modseq);
}

static void seen_done(struct task *t)
{
        struct fetch *f = container_of(t, struct fetch, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (t->result)
                log_warn("c=%s imap cannot mark as seen account=%lld error=%s",
                         conn_id(imap_session_conn(cmd->session)), (long long)f->account,
                         err_name(t->result));
        complete(cmd, f);
}

static const struct task_class seen_class = { "imap seen", seen_work, seen_done, fetch_drop };

static void failed(struct imap_cmd *cmd, const struct fetch *f, enum err err)
{
        struct conn *conn = imap_session_conn(cmd->session);

        imap_modseq_sent(cmd->session, f->render.modseq);
        log_warn("c=%s imap cannot read account=%lld mailbox=%lld uid=%u octet=%llu error=%s",
                 conn_id(conn), (long long)f->account, (long long)f->mailbox, f->render.uid,
                 (unsigned long long)f->render.stream.offset, err_name(err));
        /* What was promised cannot be kept, and nothing else may be said in its place. */
        if (f->cut) {
                conn_close(conn);
                return;
        }
        imap_flags_untold(cmd);
        imap_reply_err(cmd, err);
}

static const struct task_class fetch_class;

static void remember_flags(struct imap_session *s, struct fetch *f)
{
        for (size_t i = 0; i < f->n_flags && i < IMAP_FLAG_MEMORY; i++)
                imap_flags_remember(s, &f->flags[i]);
        f->n_flags = 0;
}

/* The last chunk had left before this one was there. */
static bool keeps_up(const struct imap_cmd *cmd, const struct fetch *f)
{
        return f->begun && conn_output_waiting(imap_session_conn(cmd->session)) == 0;
}

static void fetch_done(struct task *t)
{
        struct fetch *f = container_of(t, struct fetch, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        bool ended, marks;
        struct buf chunk;

        if (t->result) {
                failed(cmd, f, t->result);
                return;
        }
        remember_flags(cmd->session, f);
        chunk = f->render.chunk;
        f->render.chunk = f->sent;
        f->render.full = keeps_up(cmd, f) ? IMAP_FETCH_LONG_CHUNK : IMAP_FETCH_CHUNK;
        f->sent = (struct buf){ .max = chunk.max };
        f->cut = f->render.open;
        ended = f->n_vanished == f->vanished.n && f->at == f->n && !next_batch(f, cmd->session);
        marks = ended && f->unseen.n;
        /* While this chunk leaves, the next one is read. */
        if (!ended || marks) {
                task_keep(t);
                t->class = marks ? &seen_class : &fetch_class;
                imap_submit_when_drained(cmd, marks ? STORE_WRITE : STORE_READ, t);
        }
        imap_write_take(cmd, &chunk);
        f->begun = true;
        f->sent = chunk;
        if (ended && !marks)
                complete(cmd, f);
}

static const struct task_class fetch_class = { "imap fetch", fetch_work, fetch_done, fetch_drop };

static void take_set(struct uid_set *to, struct uid_set *from)
{
        if (!from)
                return;
        *to = *from;
        *from = (struct uid_set){ 0 };
}

enum imap_flow imap_fetch_run(struct imap_cmd *cmd, const struct imap_fetch_params *params)
{
        struct fetch *f = NEW(struct fetch);

        f->task.class = &fetch_class;
        f->account = imap_account(cmd);
        f->mailbox = imap_selected(cmd);
        f->plan = *params->plan;
        *params->plan = (struct imap_fetch_plan){ 0 };
        take_set(&f->uids, params->uids);
        take_set(&f->flags_of, params->flags_of);
        take_set(&f->vanished, params->vanished);
        if (params->code) {
                f->code = *params->code;
                *params->code = (struct buf){ 0 };
        }
        f->incomplete = params->incomplete;
        f->completed = params->completed;
        f->marks_seen = f->plan.sets_seen && !imap_read_only(cmd);
        f->tells_flags =
                imap_has_condstore(cmd->session) && imap_fetch_plan_has(&f->plan, IMAP_FETCH_FLAGS);
        imap_fetch_render_init(&f->render, &f->plan);
        f->render.uid_only = imap_session_enabled(cmd->session) & IMAP_ENABLED_UIDONLY;
        f->render.flags_of = params->flags_of ? &f->flags_of : NULL;
        f->sent.max = f->render.chunk.max;
        f->room = room_for(&f->uids, imap_session_view(cmd->session));
        f->messages = mem_alloc_array(f->room, sizeof *f->messages);
        if (next_batch(f, cmd->session) || f->vanished.n)
                return imap_submit(cmd, STORE_READ, &f->task);
        complete(cmd, f);
        fetch_free(f);
        return IMAP_FINISHED;
}
