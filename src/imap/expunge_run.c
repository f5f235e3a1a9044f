/* expunge_run.c — a write task for each slice, one after the other. */
#include "expunge_run.h"

#include "progress.h"
#include "slices.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/copy.h"

struct expunge {
        struct task task;
        int64_t mailbox;
        struct imap_slices slices;
        size_t expunged, left; /* set by work: of the slice; with \Deleted in the mailbox */
        size_t expunged_before;
        imap_expunge_fn *done;
};

/* Store writer. */
static enum err expunge_work(struct task *t, struct store_txn *tx)
{
        struct expunge *e = container_of(t, struct expunge, task);

        e->expunged = 0;
        return store_expunge_deleted(tx, e->mailbox, &e->slices.slice, &e->expunged, &e->left);
}

static void expunge_done(struct task *t)
{
        struct expunge *e = container_of(t, struct expunge, task);
        struct imap_cmd *cmd = imap_task_owner(t);

        if (!t->result)
                e->expunged_before += e->expunged;
        if (!t->result && e->left &&
            imap_slices_next(&e->slices, &imap_session_view(cmd->session)->messages, t)) {
                imap_progress_set(cmd, e->expunged_before, 0);
                task_keep(t);
                imap_submit_when_drained(cmd, STORE_WRITE, t);
        } else {
                e->done(cmd, t->result, e->expunged_before);
        }
}

static void expunge_drop(struct task *t)
{
        struct expunge *e = container_of(t, struct expunge, task);

        imap_slices_done(&e->slices);
        mem_free(e);
}

static const struct task_class expunge_class = { "imap expunge", expunge_work, expunge_done,
                                                 expunge_drop };

enum imap_flow imap_expunge_run(struct imap_cmd *cmd, struct uid_set *uids, imap_expunge_fn *done)
{
        struct expunge *e = NEW(struct expunge);
        struct uid_set all = { 0 };

        e->task.class = &expunge_class;
        e->mailbox = imap_selected(cmd);
        e->done = done;
        if (!uids) {
                /* Also what the client has not been told of yet: it is in the last slice. */
                uid_set_add_range(&all, 1, UINT32_MAX);
                uids = &all;
        }
        imap_slices_init(&e->slices, uids, imap_session_server(cmd->session)->config);
        if (imap_slices_next(&e->slices, &imap_session_view(cmd->session)->messages, &e->task))
                return imap_submit(cmd, STORE_WRITE, &e->task);
        expunge_drop(&e->task);
        done(cmd, ERR_OK, 0);
        return IMAP_FINISHED;
}
