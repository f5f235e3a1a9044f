/*
 * cmd_rcpt.c — RCPT: who the message is for.
 *
 * RFC 5321 4.1.1.3 and 3.3; which reports are wanted is RFC 3461 4.1, 4.2. Whether the address exists is the sink's to say
 * (smtp/sink.h); this file knows the grammar and nothing about mailboxes.
 */
#include "command.h"
#include "path.h"

#include "mailserver/core/log.h"

static void log_refusal(struct smtp_session *s, const char *address, const struct smtp_reply *reply)
{
        log_info("c=%s smtp from=<%s> rcpt=<%s> reject=%s", conn_id(s->conn),
                 LOG_ESC(slice_of(s->txn->sender)), LOG_ESC(slice_of(address)), reply->enhanced);
}

static void rcpt_checked(struct smtp_rcpt_check *check)
{
        struct smtp_session *s = check->task.owner;
        int64_t errors = s->errors;
        bool unknown = !strcmp(check->reply.enhanced, "5.1.1");

        s->check = NULL;
        if (check->reply.code == 250)
                smtp_txn_add_rcpt(s->txn, check);
        else
                log_refusal(s, check->address, &check->reply);
        smtp_reply_with(s, &check->reply);
        if (unknown) { /* a count of its own: a list with old addresses is no attack */
                s->unknown_recipients++;
                s->errors = errors;
        }
        smtp_finish(s);
}

static enum smtp_flow ask(struct smtp_session *s, struct slice address,
                          const struct smtp_rcpt_params *params)
{
        struct smtp_server *server = smtp_session_server(s);
        struct smtp_rcpt_check *check = NEW(struct smtp_rcpt_check);
        enum err err;

        check->task.owner = s;
        check->account = s->account;
        check->client = net_address_key(conn_peer(s->conn));
        check->address = mem_strdup(address);
        check->size = s->txn->params.size;
        check->null_sender = !s->txn->sender[0];
        check->n_elsewhere = s->txn->n_elsewhere;
        check->notify = params->notify;
        if (params->orcpt.ptr)
                check->orcpt = mem_strdup(params->orcpt);
        check->answered = rcpt_checked;
        s->check = &check->task;
        s->state = SMTP_STATE_WAITING;
        err = server->sink_ops->check_rcpt(server->sink, check);
        if (!err) {
                conn_gather(s->conn); /* RFC 2920 3.2 */
                return SMTP_WAITING;
        }
        s->check = NULL;
        s->state = SMTP_STATE_COMMAND;
        smtp_rcpt_check_free(check);
        return smtp_reply_err(s, err);
}

static enum smtp_flow rcpt_start(struct smtp_session *s, struct slice args)
{
        struct smtp_path path;
        struct smtp_rcpt_params params;
        AUTO_BUF(address, SMTP_MAX_ADDRESS);
        enum err err;

        if (!slice_skip_word(&args, SLICE("TO:")))
                return smtp_reply(s, 501, "5.5.4", "Syntax: RCPT TO:<address>");
        err = smtp_path_parse(&args, SMTP_PATH_FORWARD, &address, &path);
        if (err)
                return smtp_reply(s, 501, "5.1.3",
                                  err == ERR_LIMIT ? "Address too long"
                                                   : "Syntax: RCPT TO:<address>");
        err = smtp_params_rcpt(args, s->txn->params.smtputf8, &params);
        if (err == ERR_NOTFOUND)
                return smtp_reply(s, 555, "5.5.4", "Parameter not recognized");
        if (err)
                return smtp_reply(s, 501, "5.5.4", "Malformed parameter");
        if (path.has_8bit && !s->txn->params.smtputf8) /* RFC 6531 3.5 */
                return smtp_reply(s, 553, "5.6.7", "This recipient needs SMTPUTF8");
        /* RFC 5321 4.5.3.1.10: 452 for this one, the transaction goes on. */
        if ((int64_t)s->txn->n_recipients >= smtp_session_config(s)->max_recipients)
                return smtp_reply(s, 452, "4.5.3", "Too many recipients");
        return ask(s, buf_slice(&address), &params);
}

const struct smtp_command smtp_cmd_rcpt = {
        .verb = "RCPT",
        .syntax = "RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]",
        .rfc = "5321 4.1.1.3",
        .needs = SMTP_NEEDS_HELO | SMTP_NEEDS_AUTH | SMTP_NEEDS_MAIL | SMTP_NEEDS_NO_CONTENT,
        .start = rcpt_start,
};
