/* status.c — what STATUS tells of a mailbox. */
#include "status.h"

#include "object_id.h"
#include "recent.h"

static const struct {
        const char *name;
        enum imap_status_item item;
} names[] = {
        {"MESSAGES",         IMAP_STATUS_MESSAGES       },
        { "RECENT",          IMAP_STATUS_RECENT         },
        { "UIDNEXT",         IMAP_STATUS_UIDNEXT        },
        { "UIDVALIDITY",     IMAP_STATUS_UIDVALIDITY    },
        { "UNSEEN",          IMAP_STATUS_UNSEEN         },
        { "DELETED",         IMAP_STATUS_DELETED        },
        { "SIZE",            IMAP_STATUS_SIZE           },
        { "APPENDLIMIT",     IMAP_STATUS_APPENDLIMIT    },
        { "MAILBOXID",       IMAP_STATUS_MAILBOXID      },
        { "HIGHESTMODSEQ",   IMAP_STATUS_HIGHESTMODSEQ  },
        { "DELETED-STORAGE", IMAP_STATUS_DELETED_STORAGE},
};
enum { N_NAMES = sizeof names / sizeof *names };

static enum err parse_item(struct imap_args *args, unsigned *items)
{
        struct slice word;
        enum err err = imap_arg_atom(args, &word);

        for (size_t i = 0; !err && i < N_NAMES; i++)
                if (slice_eq_word(word, slice_of(names[i].name))) {
                        *items |= names[i].item;
                        return ERR_OK;
                }
        args->wanted = "MESSAGES, UIDNEXT, UIDVALIDITY, UNSEEN, DELETED, DELETED-STORAGE, SIZE, "
                       "RECENT, MAILBOXID or HIGHESTMODSEQ";
        return ERR_SYNTAX;
}

enum err imap_status_parse(struct imap_args *args, unsigned *ret_items)
{
        unsigned items = 0;
        enum err err = imap_arg_char(args, '(');

        if (err)
                return err;
        do
                err = parse_item(args, &items);
        while (!err && imap_arg_take(args, ' '));
        if (!err)
                err = imap_arg_char(args, ')');
        if (!err)
                *ret_items = items;
        return err;
}

enum err imap_status_read(struct store_txn *tx, int64_t mailbox, unsigned items,
                          struct imap_status_counts *ret_counts)
{
        AUTO(store_mailbox_done) struct store_mailbox m = { 0 };
        enum err err = store_mailbox_get(tx, mailbox, &m);

        if (err)
                return err;
        imap_status_of(&m, ret_counts);
        return imap_status_add_up(tx, items, ret_counts);
}

enum err imap_status_add_up(struct store_txn *tx, unsigned items, struct imap_status_counts *counts)
{
        if (!(items & IMAP_STATUS_DELETED_STORAGE) || !counts->deleted)
                return ERR_OK;
        return store_mailbox_deleted_octets(tx, counts->mailbox, &counts->deleted_size);
}

void imap_status_of(const struct store_mailbox *m, struct imap_status_counts *ret_counts)
{
        *ret_counts = (struct imap_status_counts){
                .mailbox = m->id,
                .messages = m->messages,
                .recent = m->recent,
                .uidnext = m->uidnext,
                .uidvalidity = m->uidvalidity,
                .unseen = m->unseen,
                .deleted = m->deleted,
                .size = m->octets,
                .highestmodseq = m->highestmodseq,
        };
}

void imap_status_put(struct buf *out, unsigned items, const struct imap_status_counts *counts,
                     const struct imap_server *server)
{
        int64_t recent = imap_recent_count(&server->recents, counts->mailbox, counts->recent,
                                           counts->uidnext);
        const int64_t values[N_NAMES] = { counts->messages,
                                          recent,
                                          counts->uidnext,
                                          counts->uidvalidity,
                                          counts->unseen,
                                          counts->deleted,
                                          counts->size,
                                          server->config->max_message_size,
                                          0 /* MAILBOXID is none */,
                                          counts->highestmodseq,
                                          counts->deleted_size };
        char before = '(';

        buf_addc(out, ' ');
        for (size_t i = 0; i < N_NAMES; i++) {
                if (!(items & names[i].item))
                        continue;
                buf_addf(out, "%c%s", before, names[i].name);
                if (names[i].item == IMAP_STATUS_MAILBOXID)
                        imap_put_mailbox_id(out, counts->mailbox, counts->uidvalidity);
                else
                        buf_addf(out, " %lld", (long long)values[i]);
                before = ' ';
        }
        buf_add(out, SLICE(")\r\n"));
}
