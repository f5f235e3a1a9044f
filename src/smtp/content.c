/*
 * content.c — DATA and BDAT from their first octet to the answer.
 *
 * Octets go from the connection's buffer through the reader into the spool;
 * when a block of it is being written and the next is full, we stop
 * reading and TCP pushes back. The time-out is armed anew only after PROGRESS
 * octets, so that a peer who sends one octet a minute does not stay for ever.
 * Whatever is wrong, the content is read to its end first: RFC 5321 4.1.1.4 and RFC
 * 3030 2 want it, and no octet of a message may be taken for a command.
 */
#include "command.h"

#include "mailserver/core/log.h"
#include "mailserver/store/spool.h"

#include <assert.h>
#include <stdio.h>

enum { PROGRESS = 4096 };

static void log_message(struct smtp_session *s, const char *what, const char *enhanced)
{
        const struct smtp_txn *txn = s->txn;

        assert(txn);
        log_info("c=%s smtp id=%s from=<%s> rcpts=%zu size=%lld %s=%s", conn_id(s->conn), txn->id,
                 LOG_ESC(slice_of(txn->sender)), txn->n_recipients, (long long)txn->reader.octets,
                 what, enhanced);
}

/* The message will not be stored: says why; the transaction is over. */
static void refuse(struct smtp_session *s, const struct smtp_reply *reply)
{
        log_message(s, "reject", reply->enhanced);
        smtp_session_reset(s);
        smtp_reply_with(s, reply);
        smtp_finish(s);
}

/* ---- the end of it ---- */

static void answered(struct smtp_delivery *d)
{
        struct smtp_session *s = d->owner;

        s->delivery = NULL;
        if (d->reply.code < 300)
                s->errors = 0;
        smtp_reply_with(s, &d->reply);
        smtp_finish(s);
}

static void deliver(struct smtp_session *s)
{
        struct smtp_server *server = smtp_session_server(s);
        struct smtp_reply fault;

        if (smtp_txn_fault(s->txn, &fault)) {
                refuse(s, &fault);
                return;
        }
        s->delivery = smtp_txn_take(s);
        s->delivery->answered = answered;
        server->sink_ops->deliver(server->sink, s->delivery); /* may have answered already */
}

static void complete(struct smtp_session *s)
{
        struct smtp_reply fault;

        assert(s->txn);
        if (smtp_txn_fault(s->txn, &fault)) {
                refuse(s, &fault);
                return;
        }
        s->state = SMTP_STATE_STORING;
        conn_wait_off(s->conn);
        if (spool_finish(s->txn->spool))
                deliver(s);
}

/* The spool has room again, has written its last block, or has failed. */
static void writable(void *session)
{
        struct smtp_session *s = session;

        if (s->state == SMTP_STATE_STORING) {
                deliver(s);
        } else if (s->state == SMTP_STATE_DATA || s->state == SMTP_STATE_BDAT) {
                smtp_session_wait(s);
                conn_resume(s->conn);
        }
}

static void chunk_end(struct smtp_session *s)
{
        const struct smtp_reply *refusal = s->chunk.refusal;
        struct smtp_reply fault;
        char text[64];

        if (refusal) {
                smtp_reply_with(s, refusal);
                smtp_finish(s);
        } else if (s->chunk.last) {
                smtp_data_finish(&s->txn->reader);
                complete(s);
        } else if (smtp_txn_fault(s->txn, &fault)) {
                log_message(s, "reject", fault.enhanced);
                smtp_txn_fail(s->txn);
                smtp_reply_with(s, &fault);
                smtp_finish(s);
        } else {
                snprintf(text, sizeof text, "%lld octets received", (long long)s->chunk.size);
                smtp_reply(s, 250, "2.0.0", text);
                smtp_finish(s);
        }
}

/* ---- octets ---- */

void smtp_content_data(struct smtp_session *s)
{
        smtp_txn_open(s, SMTP_CONTENT_DATA, writable);
        s->state = SMTP_STATE_DATA;
}

void smtp_content_chunk(struct smtp_session *s)
{
        if (!s->chunk.refusal && s->txn->content == SMTP_CONTENT_NONE)
                smtp_txn_open(s, SMTP_CONTENT_BDAT, writable);
        s->state = SMTP_STATE_BDAT;
}

static void note_progress(struct smtp_session *s, size_t octets)
{
        s->progress += octets;
        if (s->progress >= PROGRESS)
                smtp_session_wait(s);
}

/* The peer has gone in the middle of it. */
static void abandoned(struct smtp_session *s)
{
        if (s->txn && s->txn->content != SMTP_CONTENT_NONE)
                log_message(s, "abandoned", "eof");
        conn_close(s->conn);
}

/* How many octets of `in` were content. */
static size_t take(struct smtp_session *s, struct slice in)
{
        size_t n = in.len;

        if (s->state == SMTP_STATE_DATA)
                return smtp_txn_feed(s->txn, in);
        if ((int64_t)n > s->chunk.left)
                n = (size_t)s->chunk.left;
        if (!s->chunk.refusal)
                smtp_txn_feed(s->txn, slice_head(in, n));
        s->chunk.left -= (int64_t)n;
        return n;
}

bool smtp_content_ready(struct smtp_session *s)
{
        bool chunk = s->state == SMTP_STATE_BDAT;
        struct slice in;
        size_t n;

        assert(s->txn || (chunk && s->chunk.refusal));
        if (chunk && !s->chunk.left) {
                chunk_end(s);
                return true;
        }
        if (s->txn && s->txn->spool && spool_full(s->txn->spool)) {
                conn_wait_off(s->conn);
                return false;
        }
        in = conn_peek(s->conn);
        if (!in.len) {
                if (conn_eof(s->conn))
                        abandoned(s);
                return false;
        }
        n = take(s, in);
        conn_consume(s->conn, n);
        note_progress(s, n);
        if (!chunk && s->txn->reader.state == SMTP_DATA_END)
                complete(s);
        else if (chunk && !s->chunk.left)
                chunk_end(s);
        return conn_budget(s->conn, n);
}
