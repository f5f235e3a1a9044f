/*
 * resync.c — what changed and what is gone since a client was last here.
 *
 * Which messages these are is read first, at one stroke; then they are fetched as
 * FETCH does, a chunk at a time. What changes meanwhile is told before the tagged
 * reply, as ever.
 */
#include "resync.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/view.h"

struct resync {
        struct task task;
        int64_t mailbox, since;
        struct imap_fetch_params fetch;
        struct imap_fetch_plan plan;  /* owned; fetch.plan */
        struct buf code;              /* owned; fetch.code */
        struct uid_set uids, within;  /* asked for: changes of these, removals of those */
        struct uid_set changed, gone; /* set by work */
};

/* Store reader. */
static enum err resync_work(struct task *t, struct store_txn *tx)
{
        struct resync *r = container_of(t, struct resync, task);
        enum err err;

        uid_set_done(&r->changed);
        uid_set_done(&r->gone);
        err = store_flags_changed_since(tx, r->mailbox, &r->uids, r->since, &r->changed);
        return err || !r->within.n
                       ? err
                       : store_expunged_since(tx, r->mailbox, r->since, &r->within, &r->gone);
}

/*
 * What the client sees as a message is no earlier removal, though it may be gone by now: it is told
 * as any other. RFC 7162 3.2.10.
 */
static void resync_done(struct task *t)
{
        struct resync *r = container_of(t, struct resync, task);
        struct imap_cmd *cmd = imap_task_owner(t);
        AUTO(uid_set_done) struct uid_set present = { 0 };

        if (t->result) {
                imap_reply_err(cmd, t->result);
                return;
        }
        imap_view_known(cmd->session, &r->gone, &present);
        uid_set_remove(&r->gone, &present);
        r->fetch.plan = &r->plan;
        r->fetch.uids = &r->changed;
        r->fetch.vanished = &r->gone;
        r->fetch.code = &r->code;
        imap_fetch_run(cmd, &r->fetch);
}

static void resync_drop(struct task *t)
{
        struct resync *r = container_of(t, struct resync, task);

        imap_fetch_plan_done(&r->plan);
        buf_done(&r->code);
        uid_set_done(&r->uids);
        uid_set_done(&r->within);
        uid_set_done(&r->changed);
        uid_set_done(&r->gone);
        mem_free(r);
}

static const struct task_class resync_class = { "imap resync", resync_work, resync_done,
                                                resync_drop };

enum imap_flow imap_resync_run(struct imap_cmd *cmd, const struct imap_resync_params *params)
{
        struct resync *r = NEW(struct resync);

        r->task.class = &resync_class;
        r->mailbox = imap_selected(cmd);
        r->since = params->since;
        r->fetch = *params->fetch;
        r->plan = *params->fetch->plan;
        r->uids = *params->fetch->uids;
        r->within = *params->vanished;
        if (params->fetch->code)
                r->code = *params->fetch->code;
        return imap_submit(cmd, STORE_READ, &r->task);
}
