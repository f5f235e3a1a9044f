/* append.c — messages on their way from an APPEND into a mailbox: what the workers do. */
#include "append.h"

#include "append_binary.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"

enum { ARENA_MAX = 1 << 20 };

struct imap_append *imap_append_new(struct imap_cmd *cmd)
{
        struct imap_append *a = NEW(struct imap_append);

        a->arena.max = ARENA_MAX;
        a->account = imap_account(cmd);
        a->store = imap_session_server(cmd->session)->store;
        return a;
}

void imap_append_free(struct imap_append *a)
{
        if (!a)
                return;
        for (size_t i = 0; i < a->n_messages; i++)
                store_draft_free(a->messages[i].draft);
        spool_free(a->spool);
        uid_set_done(&a->uids);
        arena_done(&a->arena);
        mem_free(a->messages);
        mem_free(a->mailbox);
        mem_free(a->supplied);
        mem_free(a);
}

static struct imap_append *append_of(struct task *t)
{
        return container_of(t, struct imap_append, task);
}

/*
 * Room for `octets` in another message, or in place of the one that goes: RFC 8508 3.4. ERR_NOTFOUND
 * if that has gone already.
 */
static enum err check_room(struct imap_append *a, struct store_txn *tx, int64_t octets)
{
        struct store_room room;
        int64_t old = 0;
        enum err err;

        if (!a->selected) {
                err = store_account_room(tx, a->account, &room);
                if (!err && !store_room_has(&room, octets, 1))
                        err = ERR_QUOTA;
                if (!err)
                        a->room = room.messages > 1 ? room.octets - octets : 0;
                return err;
        }
        err = store_message_size(tx, a->selected, a->replaced, &old);
        a->gone = err == ERR_NOTFOUND;
        return err ? err : store_account_check_room(tx, a->account, octets - old, 0);
}

enum err imap_append_check(struct task *t, struct store_txn *tx)
{
        struct imap_append *a = append_of(t);
        int64_t mailbox;
        enum err err = store_mailbox_find(tx, a->account, slice_of(a->mailbox), &mailbox);

        return err ? err : check_room(a, tx, a->octets);
}

/* NULs came in a literal8. */
static enum err encode(struct imap_append *a)
{
        AUTO_BUF(encoded, (size_t)a->max_octets);
        struct slice message;
        enum err err = spool_map(a->spool, &message);

        if (!err)
                err = imap_append_encode(message, &encoded);
        return err ? err : spool_replace_head(a->spool, message.len, buf_slice(&encoded));
}

static enum err prepare(struct imap_append *a, struct error *reterr)
{
        struct store_draft *draft;
        enum err err = a->text.nul ? encode(a) : ERR_OK;

        if (err)
                return err;
        err = store_draft_new(a->store, TAKE(a->spool), &draft, reterr);
        if (err)
                return err;
        a->messages = mem_grow(a->messages, a->n_messages, 1, &a->cap, sizeof *a->messages);
        a->messages[a->n_messages++] = (struct imap_append_message){ a->head, draft };
        return ERR_OK;
}

enum err imap_append_prepare(struct task *t, struct store_txn *tx)
{
        struct imap_append *a = append_of(t);

        (void)tx;
        a->prepare_result = prepare(a, &t->error);
        return a->prepare_result;
}

static enum err write_one(struct imap_append *a, struct store_txn *tx, int64_t mailbox,
                          const struct imap_append_message *m)
{
        struct store_message_new message = { .internal_date_us = m->head.date_us };
        size_t expunged;
        int64_t content;
        uint32_t uid;
        enum err err = check_room(a, tx, store_draft_size(m->draft));

        if (!err && a->selected)
                err = store_message_expunge(tx, a->selected, &a->replaced, 1, &expunged);
        if (!err)
                err = imap_flag_list_bits(tx, a->account, &m->head.flags, true, &message.flags);
        if (!err)
                err = store_content_add(tx, m->draft, &content);
        if (!err)
                err = store_message_add(tx, mailbox, content, &message, &uid);
        if (!err)
                uid_set_add(&a->uids, uid);
        return err;
}

/* RFC 3502 6.3.11: all or nothing. May be run again. */
enum err imap_append_write(struct task *t, struct store_txn *tx)
{
        struct imap_append *a = append_of(t);
        int64_t mailbox;
        enum err err = a->spool ? imap_append_prepare(t, tx) : a->prepare_result;

        uid_set_clear(&a->uids);
        if (!err)
                err = store_mailbox_place(tx, a->account, slice_of(a->mailbox), &mailbox,
                                          &a->uidvalidity);
        for (size_t i = 0; !err && i < a->n_messages; i++)
                err = write_one(a, tx, mailbox, &a->messages[i]);
        return err;
}
