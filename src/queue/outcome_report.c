/*
 * outcome_report.c — a sender hears what became of his mail.
 *
 * Written into his mailbox here, or queued for him elsewhere, by the write that
 * changes the rows it is about. Nothing is reported to the null sender: so no
 * report is ever about a report (RFC 5321 6.1, RFC 3461 6.2).
 */
#include "outcome.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/smtp/report.h"
#include "mailserver/smtp/report_post.h"
#include "mailserver/smtp/xtext.h"
#include "mailserver/store/message.h"

#include <stdio.h>

enum { MAX_ADDRESS = 330, MAX_DIAGNOSTIC = 1200, MAX_SERVER = 256 };
/* What the original may become, and what each recipient may add: names and replies, twice, as
 * people and as programs read them. */
enum { MAX_REPORT = 1 << 20, MAX_REPORT_RECIPIENT = 32 << 10 };

static const enum report_action actions[] = { [FATE_DELIVERED] = REPORT_RELAYED,
                                              [FATE_DEFERRED] = REPORT_DELAYED,
                                              [FATE_BOUNCED] = REPORT_FAILED };

/* What a report about some recipients is made of. */
struct making {
        struct outcome *o;
        struct store_txn *tx;
        enum fate_kind what;
        struct report_recipient *recipients;
        char (*diagnostics)[MAX_DIAGNOSTIC], (*reasons)[MAX_DIAGNOSTIC];
        char (*servers)[MAX_SERVER];
        size_t n;
        struct buf original, text, envid;
        struct buf *orcpts;
};

static void making_done(struct making *m)
{
        mem_free(m->recipients);
        mem_free(m->diagnostics);
        mem_free(m->reasons);
        mem_free(m->servers);
        for (size_t i = 0; m->orcpts && i < m->o->job->n; i++)
                buf_done(&m->orcpts[i]);
        mem_free(m->orcpts);
        buf_done(&m->original);
        buf_done(&m->text);
        buf_done(&m->envid);
}

/* ---- what it says ---- */

/* As it was meant; NULL stays NULL, and what is no xtext stays as it came. */
static const char *decoded(const char *xtext, struct buf *out)
{
        out->max = MAX_DIAGNOSTIC;
        if (!xtext || smtp_xtext_decode(slice_of(xtext), out))
                return xtext;
        return buf_putc(out, '\0') ? xtext : out->ptr;
}

/* A reply as it is remembered, not our own words. */
static bool has_code(const char *reply)
{
        return reply && ascii_digit(reply[0]) && ascii_digit(reply[1]) && ascii_digit(reply[2]) &&
               reply[3] == ' ';
}

/* What the recipient's server said: now, or where nothing was tried, the last time; or NULL. */
static const char *said(const struct outcome *o, size_t i, char out[MAX_DIAGNOSTIC])
{
        const struct fate *f = &o->fates[i];
        const char *last = o->job->recipients[i].last_reply;

        if (o->unattempted)
                return has_code(last) ? last : NULL;
        if (!queue_was_said(&f->reply))
                return NULL;
        snprintf(out, MAX_DIAGNOSTIC, "%d %s", f->reply.code, f->text);
        return out;
}

/* Why we have ended it, or what has hindered us; NULL: what the other server said is all. */
static const char *reason_of(const struct outcome *o, size_t i, const char *diagnostic,
                             char out[MAX_DIAGNOSTIC])
{
        const struct fate *f = &o->fates[i];
        const char *last = o->unattempted ? o->job->recipients[i].last_reply : f->text;
        char since[CLOCK_RFC5322_SIZE];
        int n;

        if (!f->expired && !f->given_up)
                return diagnostic ? NULL : f->text;
        clock_rfc5322(o->job->received_us, since);
        if (f->given_up)
                n = snprintf(out, MAX_DIAGNOSTIC, "The administrator of this server gave it up.");
        else
                n = snprintf(out, MAX_DIAGNOSTIC,
                             "It has waited here since %s, as long as mail may.", since);
        if (last && !diagnostic)
                snprintf(out + n, MAX_DIAGNOSTIC - (size_t)n, " The last attempt: %s", last);
        return out;
}

static const char *status_of(const struct fate *f)
{
        return f->expired ? "4.4.7" : f->given_up ? "5.0.0" : f->reply.status;
}

struct last_server {
        const char *reply; /* that it gave */
        char *mx;          /* [MAX_SERVER] */
};

static enum err note_server(void *arg, const struct store_queue_attempt *attempt)
{
        struct last_server *last = arg;

        if (strcmp(attempt->reply, last->reply) == 0)
                snprintf(last->mx, MAX_SERVER, "%s", attempt->mx);
        return ERR_OK;
}

static enum err add_recipient(struct making *m, size_t i)
{
        const struct outcome *o = m->o;
        const struct recipient *r = &o->job->recipients[i];
        const struct fate *f = &o->fates[i];
        const char *diagnostic = said(o, i, m->diagnostics[m->n]);
        struct last_server last = { diagnostic, m->servers[m->n] };
        enum err err = ERR_OK;

        snprintf(last.mx, MAX_SERVER, "%s", o->mx);
        if (o->unattempted && diagnostic)
                err = store_queue_attempts(m->tx, r->row, note_server, &last);
        m->recipients[m->n] = (struct report_recipient){
                .final = r->address,
                .original = decoded(r->orcpt, &m->orcpts[i]),
                .action = actions[m->what],
                .status = status_of(f),
                .remote_mta = last.mx[0] ? last.mx : NULL,
                .diagnostic = diagnostic,
                .reason = reason_of(o, i, diagnostic, m->reasons[m->n]),
                .last_attempt_us = o->unattempted ? 0 : o->now_us,
                .retry_until_us = m->what == FATE_DEFERRED ? r->expires_us : 0,
        };
        m->n++;
        return err;
}

static enum err read_original(struct making *m, int64_t *ret_header, bool *ret_cut)
{
        int64_t size = 0;
        enum err err = store_queue_sizes(m->tx, m->o->job->message, &size, ret_header);

        m->original.max = REPORT_MAX_ORIGINAL;
        if (!err)
                err = store_queue_read(m->tx, m->o->job->message, 0, REPORT_MAX_ORIGINAL,
                                       &m->original);
        *ret_cut = size > (int64_t)m->original.len;
        return err;
}

static enum err compose(struct making *m)
{
        const struct outcome *o = m->o;
        const struct job *job = o->job;
        char postmaster[MAX_ADDRESS];
        int64_t header = 0;
        bool cut = false;
        enum err err = read_original(m, &header, &cut);
        struct report report = {
                .hostname = o->hostname,
                .from = postmaster,
                .to = job->sender,
                .mail_id = job->mail_id,
                .envid = decoded(job->envid, &m->envid),
                .arrival_us = job->received_us,
                .now_us = o->now_us,
                .recipients = m->recipients,
                .n = m->n,
                .full = m->what == FATE_BOUNCED && !(job->flags & STORE_QUEUE_RET_HDRS),
                .smtputf8 = (job->flags & STORE_QUEUE_SMTPUTF8) != 0,
        };

        if (err)
                return err;
        snprintf(postmaster, sizeof postmaster, "postmaster@%s", o->hostname);
        if (o->postmaster)
                report.from = o->postmaster;
        report.original = buf_slice(&m->original);
        report.original_header =
                (size_t)header < m->original.len ? (size_t)header : m->original.len;
        report.original_cut = cut;
        m->text.max = MAX_REPORT + m->n * MAX_REPORT_RECIPIENT;
        return report_write(&report, &m->text);
}

/* ---- to whom ---- */

static enum err send(struct making *m)
{
        static const struct store_address_rules rules = { .separators = "+" };
        struct outcome *o = m->o;
        struct report_post post = {
                .rules = &rules,
                .to = o->job->sender,
                .smtputf8 = (o->job->flags & STORE_QUEUE_SMTPUTF8) != 0,
                .now_us = o->now_us,
                .lifetime_us = o->lifetime_us,
        };
        enum err err = report_post(m->tx, &post, buf_slice(&m->text), &o->drafts[m->what]);

        if (err != ERR_NOTFOUND)
                return err;
        log_info("queue id=%s report to=<%s> dropped: there is no such sender",
                 LOG_ESC(slice_of(o->job->mail_id)), LOG_ESC(slice_of(o->job->sender)));
        return ERR_OK;
}

/* ---- all of them ---- */

static enum err report_about(struct outcome *o, struct store_txn *tx, enum fate_kind what)
{
        AUTO(making_done) struct making m = { .o = o, .tx = tx, .what = what };
        enum err err = ERR_OK;

        m.recipients = mem_alloc_array(o->job->n, sizeof *m.recipients);
        m.diagnostics = mem_alloc_array(o->job->n, sizeof *m.diagnostics);
        m.reasons = mem_alloc_array(o->job->n, sizeof *m.reasons);
        m.servers = mem_alloc_array(o->job->n, sizeof *m.servers);
        m.orcpts = mem_alloc_array(o->job->n, sizeof *m.orcpts);
        for (size_t i = 0; i < o->job->n && !err; i++)
                if (o->fates[i].what == what && o->fates[i].report && !o->fates[i].changed)
                        err = add_recipient(&m, i);
        if (err || m.n == 0)
                return err;
        err = compose(&m);
        if (err == ERR_NOTFOUND) /* an administrator has removed it meanwhile */
                return ERR_OK;
        return err ? err : send(&m);
}

enum err outcome_report(struct outcome *o, struct store_txn *tx)
{
        enum err err = ERR_OK;

        if (!o->job->sender[0])
                return ERR_OK;
        for (int what = 0; !err && what < OUTCOME_REPORTS; what++)
                err = report_about(o, tx, (enum fate_kind)what);
        return err;
}

void outcome_report_done(struct outcome *o)
{
        for (int i = 0; i < OUTCOME_REPORTS; i++)
                store_draft_free(o->drafts[i]);
}
