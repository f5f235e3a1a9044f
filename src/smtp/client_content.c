/*
 * client_content.c — the octets of a message: DATA (RFC 5321 4.1.1.4), BDAT (RFC 3030).
 *
 * Content is asked for a chunk at a time, when there is room for it. In BDAT's
 * stream some chunks may be under way without a reply; after the first refusal nothing
 * more is sent, and the replies that are still due are waited for.
 */
#include "client_impl.h"

enum { CHUNKS_OUT = 8 };

void smtp_client_send_data(struct smtp_client *c)
{
        if (c->transfer.data_sent)
                return;
        c->transfer.data_sent = true;
        smtp_client_line(c, "DATA");
}

void smtp_client_on_data(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;
        struct smtp_client_reply kept;

        if (smtp_client_class(reply) == 2) {
                smtp_client_fail_protocol(c, reply);
        } else if (smtp_client_class(reply) != 3) {
                kept = smtp_client_keep(c, reply);
                smtp_client_finish(c, &kept);
        } else if (t->accepted) {
                smtp_client_step(c, SMTP_CLIENT_CONTENT);
        } else {
                /* RFC 2920 3.1: DATA went along, and nobody is left to send to. */
                t->all_sent = true;
                smtp_client_line(c, ".");
                smtp_client_step(c, SMTP_CLIENT_END);
        }
}

/* ---- octets ---- */

static void write_chunk(struct smtp_client *c, struct buf *out, bool last)
{
        /* RFC 3030 2: nothing to say but the end is a chunk, too. */
        if (out->len == 0 && !last)
                return;
        c->transfer.chunks_out++;
        smtp_client_line(c, "BDAT %zu%s", out->len, last ? " LAST" : "");
        net_client_write_take(c->net, out);
}

static void write_content(struct smtp_client *c, struct slice octets)
{
        struct smtp_client_transfer *t = &c->transfer;
        struct buf out = BUF_INIT(2 * octets.len + 16);
        bool last;

        t->offset += (int64_t)octets.len;
        last = t->offset == t->message->size;
        smtp_client_dots_feed(&t->dots, octets, &out);
        if (last)
                smtp_client_dots_finish(&t->dots, &out);
        if (t->bdat)
                write_chunk(c, &out, last);
        else
                net_client_write_take(c->net, &out);
        buf_done(&out);
        if (last) {
                t->all_sent = true;
                smtp_client_step(c, SMTP_CLIENT_END);
        }
}

static void ask(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;
        int64_t left = t->message->size - t->offset;

        t->reading = true;
        /* It is our turn; that the server takes what it has is watched below. */
        net_client_wait_off(c->net);
        t->message->read(c->owner, t->offset,
                         left < SMTP_CLIENT_CHUNK ? (size_t)left : SMTP_CLIENT_CHUNK);
}

static bool may_go_on(struct smtp_client *c)
{
        const struct smtp_client_transfer *t = &c->transfer;
        size_t most = c->offer.pipelining ? CHUNKS_OUT : 1;

        return c->state == SMTP_CLIENT_CONTENT && !c->gone && !c->closed && !t->reading &&
               !t->chunk_refused && (!t->bdat || t->chunks_out < most) &&
               !net_client_output_full(c->net);
}

void smtp_client_content_pump(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;

        /* read may be answered from within: this loop then goes on, instead of one in it. */
        if (t->pumping || c->state != SMTP_CLIENT_CONTENT)
                return;
        t->pumping = true;
        while (may_go_on(c)) {
                if (t->offset == t->message->size)
                        write_content(c, SLICE(""));
                else
                        ask(c);
        }
        t->pumping = false;
        if (c->state == SMTP_CLIENT_CONTENT && !c->gone && !c->closed && !t->reading)
                smtp_client_await(c);
}

static void finish_refused(struct smtp_client *c)
{
        struct smtp_client_transfer *t = &c->transfer;

        /* The answer of read would fall into the next message. */
        if (t->chunks_out == 0 && !t->reading)
                smtp_client_finish(c, &t->chunk_reply);
        else
                smtp_client_await(c);
}

void smtp_client_content(struct smtp_client *c, struct buf *octets, enum err err)
{
        struct smtp_client_transfer *t = &c->transfer;

        smtp_client_enter(c);
        if (!c->gone && !c->closed && t->message && t->reading) {
                bool sound =
                        !err && octets->len && (int64_t)octets->len <= t->message->size - t->offset;

                t->reading = false;
                if (!sound) {
                        smtp_client_fail(c, "4.3.0", "the message could not be read here");
                } else if (t->chunk_refused) {
                        finish_refused(c);
                } else {
                        write_content(c, buf_slice(octets));
                        smtp_client_content_pump(c);
                }
        }
        buf_done(octets);
        smtp_client_leave(c);
}

/* ---- replies ---- */

static void note_chunk(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;

        t->chunks_out--;
        if (smtp_client_class(reply) == 2 || t->chunk_refused)
                return;
        t->chunk_refused = true;
        t->chunk_reply = smtp_client_keep(c, reply);
}

void smtp_client_on_content(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;
        bool due = t->bdat && t->chunks_out, refusal = smtp_client_class(reply) >= 4;

        if (smtp_client_class(reply) == 3 || (!due && !refusal)) {
                smtp_client_fail_protocol(c, reply);
        } else if (!due) {
                /* In the midst of the content: there is no way back to commands. */
                smtp_client_fail_reply(c, reply);
        } else {
                note_chunk(c, reply);
                if (t->chunk_refused)
                        finish_refused(c);
                else
                        smtp_client_content_pump(c);
        }
}

/* RFC 2033 4.2: a reply for each recipient that was accepted, in their order. */
static void on_lmtp_end(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;

        while (t->rcpts[t->next_lmtp] != SMTP_CLIENT_RCPT_ACCEPTED)
                t->next_lmtp++;
        t->message->recipients[t->next_lmtp++].reply = smtp_client_keep(c, reply);
        if (--t->accepted) {
                smtp_client_await(c);
                return;
        }
        t->completed = true;
        smtp_client_finish(c, NULL);
}

void smtp_client_on_end(struct smtp_client *c, const struct smtp_client_reply *reply)
{
        struct smtp_client_transfer *t = &c->transfer;
        struct smtp_client_reply kept;

        if (smtp_client_class(reply) == 3) {
                smtp_client_fail_protocol(c, reply);
                return;
        }
        if (c->lmtp) {
                on_lmtp_end(c, reply);
                return;
        }
        if (t->bdat)
                note_chunk(c, reply);
        if (t->bdat && t->chunks_out) {
                smtp_client_await(c);
                return;
        }
        kept = t->chunk_refused ? t->chunk_reply : smtp_client_keep(c, reply);
        t->completed = smtp_client_reply_good(reply) && !t->chunk_refused;
        smtp_client_finish(c, &kept);
}
