/* report_post.c — a report goes to the sender of what it is about. */
#include "mailserver/smtp/report_post.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"
#include "mailserver/smtp/forward.h"
#include "mailserver/smtp/sign.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/queue.h"

enum { MAX_ADDRESS = 1024, MAX_SIGNATURES = 64 << 10 };

/* Whom it is for, at last. */
struct addressee {
        struct store_targets targets; /* he is here, or an alias is */
        char *elsewhere;              /* owned; NULL: not the address itself */
};

static void addressee_done(struct addressee *a)
{
        store_targets_done(&a->targets);
        mem_free(a->elsewhere);
}

/* The address as it was before we passed the message on, if it is one of those. */
static enum err step_back(struct store_txn *tx, const struct report_post *post, struct buf *address)
{
        AUTO_BUF(back, MAX_ADDRESS);
        bool ours = false;
        enum err err = store_address_is_ours(tx, buf_slice(address), &ours);

        if (err || !ours || !smtp_forward_is(buf_slice(address)))
                return err;
        err = smtp_forward_back(tx, buf_slice(address), post->now_us, 0, &back);
        if (err)
                return err == ERR_DENIED ? ERR_NOTFOUND : err;
        buf_clear(address);
        return buf_put(address, buf_slice(&back));
}

static enum err find(struct store_txn *tx, const struct report_post *post, struct addressee *a)
{
        AUTO_BUF(address, MAX_ADDRESS);
        enum err err = buf_put(&address, slice_of(post->to));

        if (!err && !address.len)
                return ERR_NOTFOUND;
        if (!err)
                err = step_back(tx, post, &address);
        if (err)
                return err == ERR_LIMIT ? ERR_NOTFOUND : err;
        err = store_address_resolve(tx, post->rules, buf_slice(&address), &a->targets);
        if (err == ERR_DENIED) {
                a->elsewhere = mem_strdup(buf_slice(&address));
                err = ERR_OK;
        }
        if (err == ERR_SYNTAX || err == ERR_LIMIT)
                err = ERR_NOTFOUND;
        return err;
}

static enum err store_here(struct store_txn *tx, const struct report_post *post, int64_t account,
                           int64_t content)
{
        struct store_message_new message = { .trace = SLICE("Return-Path: <>\r\n"),
                                             .internal_date_us = post->now_us };
        int64_t mailbox;
        uint32_t uid;
        enum err err = store_mailbox_find(tx, account, SLICE("INBOX"), &mailbox);

        return err ? err : store_message_add(tx, mailbox, content, &message, &uid);
}

/* The domain of its From field, as report_write writes that. */
static struct slice author_domain(struct slice header)
{
        struct mime_field from;
        ptrdiff_t at;

        if (!mime_field_find(header, SLICE("From"), &from) ||
            (at = slice_rfind(from.value, '@')) < 0)
                return SLICE("");
        from.value = slice_from(from.value, (size_t)at + 1);
        return slice_trim(slice_cut_piece(&from.value, '>'));
}

/*
 * With the keys of its author's domain, which may be this host's name; or of the nearest above it
 * that has some, whose signature DMARC takes for it (RFC 7489 3.1.1).
 */
static enum err sign(struct store_txn *tx, const struct report_post *post, struct slice report,
                     struct buf *out)
{
        size_t length = mime_header_length(report);
        struct slice header = slice_head(report, length), domain = author_domain(header), label;
        unsigned char body_hash[DKIM_HASH_SIZE];
        enum err err = ERR_OK;

        dkim_body_hash(slice_from(report, length), body_hash);
        do
                err = smtp_sign(tx, domain, header, body_hash, post->now_us, out);
        while (!err && !out->len && slice_cut(&domain, '.', &label));
        return err;
}

static enum err queue_to(struct store_txn *tx, const struct report_post *post, const char *address,
                         int64_t content, struct slice report)
{
        AUTO_BUF(stored, MAX_ADDRESS);
        AUTO_BUF(signatures, MAX_SIGNATURES);
        char id[TEXT_ID_SIZE];
        struct store_queue_message message = {
                .content = content,
                .mail_id = id,
                .sender = "",
                .flags = post->smtputf8 ? STORE_QUEUE_SMTPUTF8 | STORE_QUEUE_EIGHT_BIT : 0,
                .received_us = post->now_us,
                .expires_us = post->now_us + post->lifetime_us,
        };
        struct store_queue_recipient recipient = { .notify = STORE_NOTIFY_NEVER };
        enum err err = store_address_remote(slice_of(address), &stored);

        if (err == ERR_SYNTAX) { /* an address literal */
                buf_clear(&stored);
                err = buf_put(&stored, slice_of(address));
        }
        if (!err)
                err = sign(tx, post, report, &signatures);
        if (err)
                return err;
        text_random_id(id);
        message.prepend = buf_slice(&signatures);
        recipient.address = stored.ptr;
        recipient.domain = strrchr(stored.ptr, '@') + 1;
        return store_queue_add(tx, &message, &recipient, 1);
}

static enum err store_for(struct store_txn *tx, const struct report_post *post,
                          const struct addressee *a, int64_t content, struct slice report)
{
        enum err err = ERR_OK;

        for (size_t i = 0; !err && i < a->targets.n; i++)
                err = store_here(tx, post, a->targets.items[i].account, content);
        if (!post->lifetime_us)
                return err;
        for (size_t i = 0; !err && i < a->targets.n_remotes; i++)
                err = queue_to(tx, post, a->targets.remotes[i].address, content, report);
        if (!err && a->elsewhere)
                err = queue_to(tx, post, a->elsewhere, content, report);
        return err;
}

enum err report_post(struct store_txn *tx, const struct report_post *post, struct slice report,
                     struct store_draft **draft)
{
        AUTO(addressee_done) struct addressee a = { 0 };
        int64_t content = 0;
        enum err err = find(tx, post, &a);

        /* No content without somebody to have it. */
        if (!err && !a.targets.n && !post->lifetime_us)
                err = ERR_NOTFOUND;
        if (err)
                return err;
        store_draft_free(*draft);
        *draft = store_draft_of(store_of(tx), report);
        err = store_content_add(tx, *draft, &content);
        return err ? err : store_for(tx, post, &a, content, report);
}
