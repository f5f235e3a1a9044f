/*
 * test_powercut.c — what was acknowledged survives whatever the disk does.
 *
 * A workload of deliveries (small, and large enough for a blob), deletions,
 * flags, copies, moves, folder and account changes, mail for elsewhere and
 * reports (helper_powercut.h) runs on a disk in memory (helper_memfs.h). For
 * every single operation of that disk, one run each: the power is cut there,
 * the operation fails, its fsync fails, or the disk is full from there on.
 * Then the store is opened again and must equal a model: everything that was
 * answered with ERR_OK is there exactly once, nothing is half there, and check
 * finds nothing to mend.
 */
#include "helper_memfs.h"
#include "helper_powercut.h"
#include "helper_powercut_queue.h"

#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"
#include "mailserver/store/account.h"
#include "mailserver/store/check.h"
#include "mailserver/store/copy.h"
#include "mailserver/store/fetch.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the store on that disk ---- */

static struct loop *loop;
static struct task_hub *hub;
static struct store *store;
static bool fatal;
static char data_dir[32];

static void on_fatal(const char *what)
{
        (void)what;
        fatal = true;
        memfs_kill();
}

static enum err open_store(void)
{
        static struct store_config config;
        const struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct error error = { 0 };

        conf_defaults(sections);
        config.blob_threshold = 4096;
        fatal = false;
        store = NULL;
        return store_open(&(struct store_params){ .config = &config,
                                                  .data_dir = data_dir,
                                                  .hub = hub,
                                                  .loop = loop,
                                                  .inline_lanes = true,
                                                  .create = true,
                                                  .fatal = on_fatal,
                                                  .files = &memfs_file_ops,
                                                  .vfs = MEMFS_VFS },
                          &store, &error);
}

static void close_store(void)
{
        task_hub_collect(hub);
        store_close(store);
        task_hub_collect(hub);
        store = NULL;
}

/* ---- running steps ---- */

struct job {
        struct task task;
        int number;
        struct store_draft *draft;
        struct spool *spool;
        bool prepared, answered;
        enum err result;
};

static enum err prepare_work(struct task *t, struct store_txn *tx)
{
        struct job *job = container_of(t, struct job, task);
        struct spool *spool = job->spool;

        (void)tx;
        job->spool = NULL;
        return store_draft_new(store, spool, &job->draft, &t->error);
}

static void job_done(struct task *t)
{
        struct job *job = container_of(t, struct job, task);

        job->answered = true;
        job->result = t->result;
}

static void job_drop(struct task *t)
{
        (void)t; /* jobs stand in an array of the test's */
}

static const struct task_class prepare_class = { "prepare", prepare_work, job_done, job_drop };

static void nothing(void *owner)
{
        (void)owner;
}

static void run_lane(enum store_lane lane)
{
        store_run_waiting(store, lane);
        task_hub_collect(hub);
}

static void prepare(struct job *job)
{
        AUTO_BUF(octets, BUF_MAX);

        message_octets(job->number, &octets);
        job->spool = spool_new(store, job, nothing);
        spool_put(job->spool, buf_slice(&octets));
        while (!spool_finish(job->spool))
                run_lane(STORE_WORK);
        job->task = (struct task){ .class = &prepare_class, .owner = job };
        ck_assert(store_submit(store, 1, STORE_WORK, &job->task) == ERR_OK);
        run_lane(STORE_WORK);
        if (job->spool)
                spool_free(job->spool);
        job->spool = NULL;
        job->prepared = job->answered && job->result == ERR_OK;
}

static enum err deliver_one(struct store_txn *tx, int account, int64_t content)
{
        AUTO_BUF(trace, 4096);
        AUTO(store_account_done) struct store_account a = { 0 };
        int64_t mailbox;
        uint32_t uid;
        enum err err = store_account_find(tx, slice_of(names[account]), &a);

        if (!err)
                err = store_mailbox_find(tx, a.id, SLICE("INBOX"), &mailbox);
        if (err)
                return err;
        trace_octets(account, &trace);
        return store_message_add(
                tx, mailbox, content,
                &(struct store_message_new){ .trace = buf_slice(&trace), .internal_date_us = 1 },
                &uid);
}

/* Alice sends it. */
static enum err queue_content(struct store_txn *tx, int number, int64_t content)
{
        AUTO(store_account_done) struct store_account a = { 0 };
        enum err err = store_account_find(tx, slice_of(names[0]), &a);

        return err ? err : queue_message(tx, number, a.id, content);
}

static enum err deliver(struct store_txn *tx, struct job *job)
{
        const struct step *step = &workload[job->number];
        int64_t content;
        enum err err = store_content_add(tx, job->draft, &content);

        for (int i = 0; i < ACCOUNTS && !err; i++)
                if (step->who & 1 << i)
                        err = deliver_one(tx, i, content);
        if (!err && step->kind == QUEUE)
                err = queue_content(tx, job->number, content);
        if (!err && step->kind == REPORT)
                err = queue_sent(tx);
        return err;
}

/* Under the one name or the other; *ret_renamed may be NULL. */
static enum err find_archive(struct store_txn *tx, int64_t account, int64_t *ret_mailbox,
                             bool *ret_renamed)
{
        enum err err = store_mailbox_find(tx, account, slice_of(archive_names[0]), ret_mailbox);
        bool renamed = err == ERR_NOTFOUND;

        if (renamed)
                err = store_mailbox_find(tx, account, slice_of(archive_names[1]), ret_mailbox);
        if (!err && ret_renamed)
                *ret_renamed = renamed;
        return err;
}

static enum err delete_oldest(struct store_txn *tx, int64_t account, int n)
{
        struct store_snapshot snapshot = { 0 };
        int64_t mailbox;
        size_t expunged = 0;
        enum err err = store_mailbox_find(tx, account, SLICE("INBOX"), &mailbox);

        if (!err)
                err = store_snapshot_take(tx, mailbox, &snapshot);
        for (size_t i = 0; i < (size_t)n && i < snapshot.n && !err; i++)
                err = store_message_expunge(tx, mailbox, &snapshot.items[i].uid, 1, &expunged);
        store_snapshot_done(&snapshot);
        return err;
}

/* What FLAG, COPY, MOVE, EXPUNGE and RENAME do to a client's folders. */
static enum err change_folders(struct store_txn *tx, const struct step *step, int64_t account)
{
        AUTO(store_copy_result_done) struct store_copy_result copied = { 0 };
        AUTO(uid_set_done) struct uid_set oldest = { 0 };
        struct store_snapshot snapshot = { 0 };
        struct uid_range everything = { 1, UINT32_MAX };
        const struct uid_set all = { .ranges = &everything, .n = 1 };
        int64_t inbox, archive, modseq;
        size_t expunged, left;
        enum err err = store_mailbox_find(tx, account, SLICE("INBOX"), &inbox);

        if (!err)
                err = find_archive(tx, account, &archive, NULL);
        if (!err)
                err = store_snapshot_take(tx, inbox, &snapshot);
        for (size_t i = 0; i < (size_t)step->value && i < snapshot.n && !err; i++)
                uid_set_add(&oldest, snapshot.items[i].uid);
        store_snapshot_done(&snapshot);
        if (err)
                return err;
        if (step->kind == FLAG)
                return store_flags_change(tx, inbox, &oldest, STORE_FLAGS_ADD, STORE_FLAG_DELETED,
                                          STORE_UNCONDITIONAL, NULL, &modseq);
        if (step->kind == EXPUNGE)
                return store_expunge_deleted(tx, inbox, &all, &expunged, &left);
        if (step->kind == RENAME)
                return store_mailbox_rename(tx, account, slice_of(archive_names[0]),
                                            slice_of(archive_names[1]));
        return store_copy(tx, inbox, &oldest, archive, step->kind == MOVE, 100, &copied);
}

static enum err change_account(struct store_txn *tx, const struct step *step, int account)
{
        AUTO(store_account_done) struct store_account a = { 0 };
        enum err err = store_account_find(tx, slice_of(names[account]), &a);
        char verifiers[32];
        int64_t id;

        snprintf(verifiers, sizeof verifiers, "password %d", step->value);
        if (step->kind == ADD)
                return store_account_add(tx, slice_of(names[account]), SLICE("password 0"), &id);
        if (err)
                return err;
        switch (step->kind) {
        case DELETE:
                return delete_oldest(tx, a.id, step->value);
        case QUOTA:
                return store_account_set_quota(tx, a.id, step->value, 0);
        case PASSWORD:
                return store_account_set_verifiers(tx, a.id, slice_of(verifiers));
        case DISABLE:
                return store_account_set_disabled(tx, a.id, true);
        case REMOVE:
                return store_account_remove(tx, a.id);
        case FLAG:
        case COPY:
        case MOVE:
        case EXPUNGE:
        case RENAME:
                return change_folders(tx, step, a.id);
        case ADD:
        case DELIVER:
        case QUEUE:
        case DEFER:
        case SENT:
        case REPORT:
        case CHECKPOINT:
                break;
        }
        return ERR_SYNTAX;
}

static enum err step_work(struct task *t, struct store_txn *tx)
{
        struct job *job = container_of(t, struct job, task);
        const struct step *step = &workload[job->number];

        if (carries_message(step))
                return deliver(tx, job);
        if (step->kind == DEFER)
                return queue_defer(tx, job->number);
        if (step->kind == SENT)
                return queue_sent(tx);
        for (int i = 0; i < ACCOUNTS; i++)
                if (step->who & 1 << i)
                        return change_account(tx, step, i);
        return ERR_SYNTAX;
}

static const struct task_class step_class = { "step", step_work, job_done, job_drop };

/* Runs steps [from, to), one group; which of them were answered with ERR_OK, as bits from `from`. */
static unsigned run_group(int from, int to)
{
        static struct job jobs[GROUP_MAX];
        unsigned good = 0;

        memset(jobs, 0, sizeof jobs);
        if (workload[from].kind == CHECKPOINT)
                return store_checkpoint(store) == ERR_OK ? 1 : 0;
        for (int i = from; i < to && !fatal; i++) {
                jobs[i - from].number = i;
                if (carries_message(&workload[i]))
                        prepare(&jobs[i - from]);
        }
        for (int i = from; i < to && !fatal; i++) {
                struct job *job = &jobs[i - from];

                if (carries_message(&workload[i]) && !job->prepared)
                        continue;
                job->answered = false;
                job->task = (struct task){ .class = &step_class, .owner = job };
                ck_assert(store_submit(store, 1, STORE_WRITE, &job->task) == ERR_OK);
        }
        run_lane(STORE_WRITE);
        for (int i = from; i < to; i++) {
                struct job *job = &jobs[i - from];

                if (job->answered && job->result == ERR_OK)
                        good |= 1u << (i - from);
                store_draft_free(job->draft);
        }
        run_lane(STORE_WORK); /* blobs of drafts nobody stored */
        return good;
}

static int group_end(int from)
{
        int to = from;

        while (to < STEPS && workload[to].group == workload[from].group)
                to++;
        return to;
}

/* ---- looking at what is there ---- */

struct look {
        struct task task;
        struct model found;
        struct store_check_result check;
        char finding[200];
};

static bool note_flags(void *arg, const struct store_fetch_row *row)
{
        struct model_folder *f = arg;

        f->messages[f->n++].flags = (int)row->flags;
        return f->n < MESSAGES_MAX;
}

static enum err look_at_mailbox(struct store_txn *tx, int account, int64_t mailbox,
                                struct model_folder *f)
{
        struct uid_range range = { 1, UINT32_MAX };
        const struct uid_set all = { .ranges = &range, .n = 1 };
        struct store_snapshot snapshot = { 0 };
        enum err err = store_snapshot_take(tx, mailbox, &snapshot);

        if (!err)
                err = store_fetch(tx, mailbox, &all, 1, 0, note_flags, f);
        for (size_t i = 0; i < snapshot.n && !err; i++) {
                AUTO_BUF(octets, BUF_MAX);

                err = store_message_read(tx, mailbox, snapshot.items[i].uid, 0, 1 << 20, &octets);
                f->messages[i].step = message_recognise(account, buf_slice(&octets));
                if (!err && (int64_t)octets.len != snapshot.items[i].size)
                        err = ERR_CORRUPT;
        }
        if (!err && (size_t)f->n != snapshot.n)
                err = ERR_CORRUPT;
        store_snapshot_done(&snapshot);
        return err;
}

static enum err look_at_account(struct store_txn *tx, struct look *look, int account)
{
        AUTO(store_account_done) struct store_account a = { 0 };
        struct model_account *m = &look->found.accounts[account];
        int64_t mailbox;
        enum err err = store_account_find(tx, slice_of(names[account]), &a);

        if (err)
                return err == ERR_NOTFOUND ? ERR_OK : err;
        m->exists = true;
        m->disabled = a.disabled;
        m->quota = (int)a.quota_octets;
        if (sscanf(a.verifiers, "password %d", &m->password) != 1)
                return ERR_CORRUPT;
        err = queue_count_sent(tx, a.id, &m->sent);
        if (!err)
                err = store_mailbox_find(tx, a.id, SLICE("INBOX"), &mailbox);
        if (!err)
                err = look_at_mailbox(tx, account, mailbox, &m->folders[INBOX]);
        if (!err)
                err = find_archive(tx, a.id, &mailbox, &m->renamed);
        return err ? err : look_at_mailbox(tx, account, mailbox, &m->folders[ARCHIVE]);
}

static void finding(void *arg, enum store_check_severity severity, const char *text)
{
        struct look *look = arg;

        if (severity != STORE_CHECK_INFO && !look->finding[0])
                snprintf(look->finding, sizeof look->finding, "%s", text);
}

static enum err look_work(struct task *t, struct store_txn *tx)
{
        struct look *look = container_of(t, struct look, task);
        enum err err = ERR_OK;

        memset(&look->found, 0, sizeof look->found);
        for (int i = 0; i < ACCOUNTS && !err; i++)
                err = look_at_account(tx, look, i);
        if (!err)
                err = queue_look(tx, &look->found);
        if (err)
                return err;
        return store_check(tx, &(struct store_check_options){ .hashes = true }, finding, look,
                           &look->check);
}

static void look_drop(struct task *t)
{
        (void)t;
}

static const struct task_class look_class = { "look", look_work, NULL, look_drop };

static void look_at_store(struct look *look, const char *when)
{
        enum err err;

        memset(look, 0, sizeof *look);
        look->task.class = &look_class;
        err = store_run(store, STORE_READ, &look->task);
        ck_assert_msg(err == ERR_OK, "%s: reading gave %s", when, err_name(err));
        ck_assert_msg(!look->check.repaired && !look->check.damaged, "%s: check: %s", when,
                      look->finding);
}

/* ---- one run ---- */

struct outcome {
        struct model certain; /* everything that was answered with ERR_OK, and nothing else */
        int from, to;         /* the group in which the world ended; from == to: it did not */
        bool opened;
};

/* Until the end, or the group in which power or trust in the disk was lost. */
static struct outcome run_workload(bool stop_at_fault)
{
        struct outcome o = { .certain = model_initial() };

        o.opened = open_store() == ERR_OK;
        for (int from = 0, to; o.opened && from < STEPS; from = to) {
                bool before = memfs_fault_happened();

                to = group_end(from);
                unsigned good = run_group(from, to);

                for (int i = from; i < to; i++)
                        if (good & 1u << (i - from))
                                model_step(&o.certain, i);
                if (fatal || (stop_at_fault && !before && memfs_fault_happened())) {
                        o.from = from;
                        o.to = to;
                        break;
                }
        }
        return o;
}

/* Is what is there what was certain, with all, none or (when `some`) a part of the last group? */
static bool allowed(const struct outcome *o, const struct model *found, bool some)
{
        unsigned all = (1u << (o->to - o->from)) - 1;

        for (unsigned chosen = 0; chosen <= all; chosen++) {
                struct model m = o->certain;

                if (!some && chosen && chosen != all)
                        continue;
                for (int i = o->from; i < o->to; i++)
                        if (chosen & 1u << (i - o->from))
                                model_step(&m, i);
                if (model_same(&m, found))
                        return true;
        }
        return false;
}

static const char *const survival_names[] = { "lost", "kept", "torn" };

/* After the crash: the store opens, equals the model, and takes mail again. */
static void verify_after_power(const struct outcome *o, enum memfs_survival survival, int64_t n,
                               bool some)
{
        struct look look;
        char when[80];

        snprintf(when, sizeof when, "operation %lld, unsynced data %s", (long long)n,
                 survival_names[survival]);
        memfs_power_on(survival, (uint64_t)n);
        ck_assert_msg(open_store() == ERR_OK, "%s: the store does not open again", when);
        look_at_store(&look, when);
        if (!allowed(o, &look.found, some)) {
                model_print("certain:", &o->certain);
                model_print("found:", &look.found);
                ck_abort_msg("%s (in steps %d to %d): not what was acknowledged", when, o->from,
                             o->to - 1);
        }
        struct model after = look.found;

        ck_assert_msg(run_group(0, 1) == 1, "%s: takes no mail afterwards", when);
        model_step(&after, 0);
        look_at_store(&look, when);
        ck_assert_msg(model_same(&after, &look.found), "%s: mail after the crash", when);
        close_store();
}

/* The disk with three accounts on it, saved; memory is small, so each run starts from a copy. */
struct setup {
        struct task task;
};

static enum err setup_work(struct task *t, struct store_txn *tx)
{
        int64_t id;
        enum err err = store_domain_add(tx, SLICE("example.org"));

        (void)t;
        for (int i = 0; i < 3 && !err; i++)
                err = store_account_add(tx, slice_of(names[i]), SLICE("password 0"), &id);
        return err;
}

static const struct task_class setup_class = { "setup", setup_work, NULL, look_drop };

static void set_up(void)
{
        struct setup setup = { .task = { .class = &setup_class } };

        log_set_level(LOG_LEVEL_ERROR);
        strcpy(data_dir, "/tmp/powercut-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(data_dir));
        loop = loop_new();
        loop_allow_blocking(true);
        hub = task_hub_new(loop);
        memfs_start();
        ck_assert(open_store() == ERR_OK);
        ck_assert(store_run(store, STORE_WRITE, &setup.task) == ERR_OK);
        close_store();
        memfs_save();
}

static void tear_down(void)
{
        char command[64];

        memfs_stop();
        task_hub_free(hub);
        loop_free(loop);
        snprintf(command, sizeof command, "rm -rf %s", data_dir);
        ck_assert_int_eq(system(command), 0);
}

/* ---- the tests ---- */

START_TEST(without_a_fault_the_store_equals_the_model)
{
        struct outcome o = run_workload(false);
        struct look look;

        ck_assert(o.opened && o.from == o.to);
        look_at_store(&look, "without a fault");
        if (!model_same(&o.certain, &look.found)) {
                model_print("certain:", &o.certain);
                model_print("found:", &look.found);
                ck_abort_msg("not the model");
        }
        ck_assert_int_eq(o.certain.accounts[0].folders[INBOX].n, 4);
        ck_assert_int_eq(o.certain.accounts[2].folders[ARCHIVE].n, 3);
        ck_assert_int_eq(o.certain.n_queue, 2);
        ck_assert_int_eq(o.certain.queue[0].attempts, 2);
        ck_assert_int_eq(o.certain.accounts[0].sent, 4);
        close_store();
}
END_TEST

/* How many operations the whole workload takes, opening and closing included. */
static int64_t count_operations(void)
{
        memfs_restore();
        memfs_set_fault(MEMFS_FINE, 0);
        run_workload(false);
        close_store();
        return memfs_operations();
}

START_TEST(power_cut_at_every_operation_loses_nothing_acknowledged)
{
        int64_t total = count_operations();

        ck_assert_int_gt(total, 100);
        for (int64_t n = 1; n <= total; n++) {
                memfs_restore();
                memfs_set_fault(MEMFS_POWER_CUT, n);
                struct outcome o = run_workload(true);

                if (o.opened)
                        close_store();
                verify_after_power(&o, (enum memfs_survival)_i, n, false);
        }
}
END_TEST

START_TEST(one_failing_operation_fails_only_what_it_touches)
{
        int64_t total = count_operations();

        for (int64_t n = 1; n <= total; n++) {
                struct look look;
                char when[80];

                memfs_restore();
                memfs_set_fault(_i ? MEMFS_EIO_HALF : MEMFS_EIO, n);
                struct outcome o = run_workload(false);
                bool was_fatal = fatal;

                snprintf(when, sizeof when, "operation %lld failed", (long long)n);
                if (o.opened && !was_fatal) {
                        look_at_store(&look, when);
                        if (!model_same(&o.certain, &look.found)) {
                                model_print("certain:", &o.certain);
                                model_print("found:", &look.found);
                                ck_abort_msg("%s: not what was acknowledged", when);
                        }
                }
                if (o.opened)
                        close_store();
                verify_after_power(&o, (enum memfs_survival)(n % 3), n, true);
        }
}
END_TEST

START_TEST(a_full_disk_is_said_and_passes)
{
        int64_t total = count_operations();

        for (int64_t n = 1; n <= total; n++) {
                struct look look;
                char when[80];

                memfs_restore();
                memfs_set_fault(MEMFS_FULL, n);
                struct outcome o = run_workload(false);

                snprintf(when, sizeof when, "full from operation %lld", (long long)n);
                ck_assert_msg(!fatal, "%s: a full disk is no reason to die", when);
                memfs_set_fault(MEMFS_FINE, 0);
                if (!o.opened)
                        continue;
                look_at_store(&look, when);
                ck_assert_msg(model_same(&o.certain, &look.found), "%s: not the model", when);
                ck_assert_msg(run_group(0, 1) == 1, "%s: takes no mail afterwards", when);
                model_step(&o.certain, 0);
                close_store();
                o.from = o.to = 0;
                verify_after_power(&o, MEMFS_LOST, n, false);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("powercut");
        TCase *tc = tcase_create("disk");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        /* Not a limit on speed: a guard against hanging. */
        tcase_set_timeout(tc, 900);
        tcase_add_test(tc, without_a_fault_the_store_equals_the_model);
        tcase_add_loop_test(tc, power_cut_at_every_operation_loses_nothing_acknowledged, MEMFS_LOST,
                            MEMFS_TORN + 1);
        tcase_add_loop_test(tc, one_failing_operation_fails_only_what_it_touches, 0, 2);
        tcase_add_test(tc, a_full_disk_is_said_and_passes);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
