/*
 * cmd_append.c — APPEND: RFC 9051 6.3.12; several messages RFC 3502; UTF8 RFC 6855 4;
 * NULs RFC 3516 4.4; and REPLACE, from its mailbox on: RFC 8508.
 *
 *      head ─► check [reader] ─► "+" ─► octets ─► spool ─► draft [worker] ─► another head?
 *                                                             └─► write [writer] ─► OK [APPENDUID]
 *
 * A mailbox that is not there, a full account and a literal over the limit are
 * said before the client sends the message, if it waits, unless it is not asked
 * (below). All messages of one command are stored in one transaction.
 *
 * A change of thread costs more than what a small message needs there. So where a session's last
 * message went the next may come without a check, if there was room for it
 * (imap.append_unasked), and the writer may make the draft (store_writer_drafts).
 */
#include "append.h"
#include "mailbox_task.h"
#include "modseq.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/mem.h"

#include <stdio.h>

static const struct task_class check_class, prepare_class, write_class;

/* ---- who owns it ---- */

static void end(struct imap_cmd *cmd)
{
        imap_append_free(cmd->data);
        cmd->data = NULL;
}

static void drop(struct task *t)
{
        imap_append_free(container_of(t, struct imap_append, task));
}

static enum imap_flow submit(struct imap_cmd *cmd, enum store_lane lane,
                             const struct task_class *class)
{
        struct imap_append *a = cmd->data;

        cmd->data = NULL; /* the store's from here on */
        a->task.class = class;
        return imap_submit(cmd, lane, &a->task);
}

/* At the start of a done: the command's again. */
static struct imap_append *take_back(struct imap_cmd *cmd, struct task *t)
{
        struct imap_append *a = container_of(t, struct imap_append, task);

        task_keep(t);
        cmd->data = a;
        return a;
}

static enum imap_flow reply_err(struct imap_cmd *cmd, enum err err)
{
        const struct imap_append *a = cmd->data;

        if (err == ERR_NOTFOUND && a->gone)
                return imap_reply(cmd, IMAP_NO, "EXPUNGEISSUED",
                                  "The message is not there any more");
        if (err == ERR_NOTFOUND)
                return imap_reply_no_destination(cmd, slice_of(a->mailbox));
        return imap_reply_err(cmd, err);
}

/* ---- heads ---- */

/* "UTF8 (" before the literal. Headers that are not ASCII come without it, too: docs/adr/0008. */
static enum err read_utf8(struct imap_cmd *cmd, struct imap_args *args,
                          struct imap_append_head *head)
{
        if (!slice_skip_word(&args->rest, SLICE("UTF8 (")))
                return ERR_OK;
        head->utf8 = true;
        if (imap_session_enabled(cmd->session) & IMAP_ENABLED_UTF8)
                return ERR_OK;
        /* RFC 6855 4: NO. */
        args->cannot = true;
        args->wanted = "UTF8=ACCEPT enabled before UTF8";
        return ERR_SYNTAX;
}

/* [flag-list SP] [date-time SP] literal */
static enum err read_head(struct imap_cmd *cmd, struct imap_args *args, struct arena *arena,
                          struct imap_append_head *ret_head)
{
        struct imap_append_head head = { .date_us = clock_now_us() };
        enum err err = imap_arg_space(args);

        if (!err && slice_starts(args->rest, SLICE("("))) {
                err = imap_flag_list_parse(args, false, arena, &head.flags);
                if (!err)
                        err = imap_arg_space(args);
        }
        if (!err && slice_starts(args->rest, SLICE("\""))) {
                err = imap_arg_date_time(args, &head.date_us);
                if (!err)
                        err = imap_arg_space(args);
        }
        if (!err)
                err = read_utf8(cmd, args, &head);
        if (!err)
                err = imap_arg_literal(args, &head.literal);
        if (!err && head.utf8 && !head.literal.binary) {
                args->wanted = "a literal8";
                err = ERR_SYNTAX;
        }
        if (!err)
                *ret_head = head;
        return err;
}

/* ---- a message ---- */

static void put(void *arg, struct slice octets)
{
        spool_put(arg, octets);
}

static enum imap_flow message_whole(struct imap_cmd *cmd)
{
        struct imap_append *a = cmd->data;
        enum err err = spool_error(a->spool);

        if (err)
                return imap_reply_err(cmd, err);
        if (a->text.nul && !a->text.binary)
                return imap_reply(cmd, IMAP_NO, "CANNOT", "A message cannot hold a NUL");
        /* Line feeds may have made it longer. */
        if (spool_size(a->spool) > a->max_octets)
                return imap_reply(cmd, IMAP_NO, "TOOBIG", "The message is too big");
        spool_disown(a->spool);
        if (!a->more && store_writer_drafts(a->store, spool_size(a->spool)))
                return submit(cmd, STORE_WRITE, &write_class);
        return submit(cmd, STORE_WORK, &prepare_class);
}

/* The spool has room again, has written its last block, or has failed. */
static void writable(void *owner)
{
        struct imap_cmd *cmd = owner;
        struct imap_append *a = cmd->data;

        if (!a->finishing) {
                imap_stream_resume(cmd);
                return;
        }
        a->finishing = false;
        message_whole(cmd);
}

static size_t octets_came(struct imap_cmd *cmd, struct slice octets)
{
        struct imap_append *a = cmd->data;

        if (spool_full(a->spool))
                return 0;
        imap_append_text_put(&a->text, octets);
        return octets.len;
}

static enum imap_flow rest_came(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_append *a = cmd->data;
        enum err err = a->head.utf8 ? imap_arg_char(args, ')') : ERR_OK;

        a->more =
                !err && !a->selected && slice_starts(args->rest, SLICE(" ")) && args->rest.len > 1;
        if (!err)
                err = a->more ? read_head(cmd, args, &a->arena, &a->coming) : imap_arg_end(args);
        if (err)
                return imap_bad_args(cmd, args);
        if (spool_finish(a->spool))
                return message_whole(cmd);
        a->finishing = true;
        return IMAP_WAITING;
}

static const struct imap_stream stream = { octets_came, rest_came };

static void let_it_come(struct imap_cmd *cmd)
{
        struct imap_append *a = cmd->data;

        a->spool = spool_new(a->store, cmd, writable);
        a->text = (struct imap_append_text){
                .binary = a->head.literal.binary,
                .put = put,
                .arg = a->spool,
        };
        imap_stream(cmd, &a->head.literal, &stream);
}

/* The writer looks again, anyhow. */
static bool needs_no_check(struct imap_cmd *cmd)
{
        const struct imap_append *a = cmd->data;
        const struct imap_appended *last = *imap_session_appended(cmd->session);

        return last && !a->selected && strcmp(last->mailbox, a->mailbox) == 0 &&
               a->octets <= last->room &&
               a->octets <= imap_session_server(cmd->session)->config->append_unasked;
}

/* The head has been read: may the message come? */
static enum imap_flow ask(struct imap_cmd *cmd)
{
        struct imap_append *a = cmd->data;
        const struct imap_server *server = imap_session_server(cmd->session);
        uint64_t octets = a->head.literal.octets;

        a->max_octets = server->config->max_message_size;
        if (octets > (uint64_t)a->max_octets)
                return imap_reply(cmd, IMAP_NO, "TOOBIG", "The message is too big");
        if (!octets) /* RFC 3502 6.3.11 */
                return imap_reply(cmd, IMAP_NO, "CANNOT", "An empty message cannot be stored");
        if (a->n_messages >= (size_t)server->config->max_append_messages)
                return imap_reply_too_many(cmd, server->config->max_append_messages);
        if (store_disk_low(server->store))
                return imap_reply_err(cmd, ERR_FULL);
        a->octets += (int64_t)octets;
        if (needs_no_check(cmd)) {
                let_it_come(cmd);
                return IMAP_WAITING;
        }
        return submit(cmd, STORE_READ, &check_class);
}

static void check_done(struct task *t)
{
        struct imap_cmd *cmd = imap_task_owner(t);

        take_back(cmd, t);
        if (t->result)
                reply_err(cmd, t->result);
        else
                let_it_come(cmd);
}

static enum imap_flow reply_unprepared(struct imap_cmd *cmd, enum err err)
{
        if (err == ERR_DENIED) /* RFC 3516 4.4 */
                return imap_reply(cmd, IMAP_NO, "UNKNOWN-CTE",
                                  "A NUL in what is not marked as binary");
        if (err == ERR_LIMIT)
                return imap_reply(cmd, IMAP_NO, "TOOBIG", "The message is too big");
        return imap_reply_err(cmd, err);
}

static void prepare_done(struct task *t)
{
        struct imap_cmd *cmd = imap_task_owner(t);
        struct imap_append *a = take_back(cmd, t);

        if (t->result) {
                reply_unprepared(cmd, t->result);
                return;
        }
        if (!a->more) {
                submit(cmd, STORE_WRITE, &write_class);
                return;
        }
        a->more = false;
        a->head = a->coming;
        ask(cmd);
}

/* ---- the end ---- */

/* For needs_no_check. */
static void note_stored(struct imap_cmd *cmd, const struct imap_append *a)
{
        struct imap_appended **last = imap_session_appended(cmd->session);
        size_t size = strlen(a->mailbox) + 1;

        if (!*last || strcmp((*last)->mailbox, a->mailbox) != 0) {
                mem_free(*last);
                *last = mem_alloc(sizeof **last + size);
                memcpy((*last)->mailbox, a->mailbox, size);
        }
        (*last)->room = a->room;
}

static void forget_stored(struct imap_cmd *cmd)
{
        struct imap_appended **last = imap_session_appended(cmd->session);

        mem_free(*last);
        *last = NULL;
}

/* RFC 8508 4.3: the code precedes the EXPUNGE, which the tagged reply brings. */
static void reply_stored(struct imap_cmd *cmd, const struct imap_append *a, const char *code)
{
        if (!a->selected) {
                imap_reply(cmd, IMAP_OK, code, "APPEND completed");
                return;
        }
        imap_untagged(cmd, "OK [%s] Replacement stored", code);
        imap_reply_highest(cmd, "REPLACE completed"); /* as UID EXPUNGE: RFC 8508 4.5 */
}

static void write_done(struct task *t)
{
        struct imap_cmd *cmd = imap_task_owner(t);
        struct imap_append *a = take_back(cmd, t);
        AUTO_BUF(code, BUF_MAX);

        if (t->result || a->selected)
                forget_stored(cmd);
        else
                note_stored(cmd, a);
        if (t->result && a->prepare_result) {
                reply_unprepared(cmd, a->prepare_result);
        } else if (t->result == ERR_LIMIT) {
                imap_reply(cmd, IMAP_NO, "LIMIT", "No room for another keyword");
        } else if (t->result) {
                reply_err(cmd, t->result);
        } else {
                if (strcmp(a->mailbox, a->supplied) != 0)
                        imap_tell_old_name(cmd, "", slice_of(a->mailbox), slice_of(a->supplied));
                /* RFC 4315 3. */
                buf_addf(&code, "APPENDUID %u ", a->uidvalidity);
                if (uid_set_print(&a->uids, &code))
                        buf_clear(&code);
                reply_stored(cmd, a, code.len ? code.ptr : NULL);
        }
}

static const struct task_class check_class = { "imap append check", imap_append_check, check_done,
                                               drop };
static const struct task_class prepare_class = { "imap append prepare", imap_append_prepare,
                                                 prepare_done, drop };
static const struct task_class write_class = { "imap append", imap_append_write, write_done, drop };

enum imap_flow imap_append_start(struct imap_cmd *cmd, struct imap_args *args,
                                 struct imap_append *a)
{
        struct slice name, supplied;
        enum err err;

        cmd->data = a;
        cmd->end = end;
        err = imap_arg_space(args);
        if (!err)
                err = imap_arg_mailbox_as(args, &name, &supplied);
        if (!err)
                err = read_head(cmd, args, &a->arena, &a->head);
        if (err)
                return imap_bad_args(cmd, args);
        a->mailbox = mem_strdup(name);
        a->supplied = mem_strdup(supplied);
        return ask(cmd);
}

static enum imap_flow append_start(struct imap_cmd *cmd, struct imap_args *args)
{
        return imap_append_start(cmd, args, imap_append_new(cmd));
}

const struct imap_command imap_cmd_append = {
        .name = "APPEND",
        .states = IMAP_AUTHENTICATED | IMAP_SELECTED,
        .rfc = "9051 6.3.12",
        .help = "Adds messages to a mailbox, all of one command or none.",
        .start = append_start,
};
