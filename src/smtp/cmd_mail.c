/*
 * cmd_mail.c — MAIL: who the message is from.
 *
 * RFC 5321 4.1.1.2 and 3.3; SIZE is RFC 1870 6, the refusals of addresses
 * beyond ASCII are RFC 6531 3.5, RET and ENVID are RFC 3461 4.3, 4.4. Whether a logged-in account may send as the
 * address is the sink's to say.
 */
#include "command.h"
#include "path.h"

#include "mailserver/core/log.h"

static enum smtp_flow accept(struct smtp_session *s)
{
        s->messages++;
        return smtp_reply(s, 250, "2.1.0", "Sender ok");
}

static void sender_checked(struct smtp_sender_check *check)
{
        struct smtp_session *s = check->task.owner;

        s->check = NULL;
        if (check->reply.code == 250) {
                accept(s);
        } else {
                log_info("c=%s smtp account=%s sender=<%s> reject=%s", conn_id(s->conn),
                         s->account_name, LOG_ESC(slice_of(check->address)), check->reply.enhanced);
                smtp_session_reset(s);
                smtp_reply_with(s, &check->reply);
        }
        smtp_finish(s);
}

static enum smtp_flow ask(struct smtp_session *s)
{
        struct smtp_server *server = smtp_session_server(s);
        struct smtp_sender_check *check = NEW(struct smtp_sender_check);
        enum err err;

        check->task.owner = s;
        check->account = s->account;
        check->address = mem_strdup(slice_of(s->txn->sender));
        check->answered = sender_checked;
        s->check = &check->task;
        s->state = SMTP_STATE_WAITING;
        err = server->sink_ops->check_sender(server->sink, check);
        if (!err) {
                conn_gather(s->conn);
                return SMTP_WAITING;
        }
        s->check = NULL;
        s->state = SMTP_STATE_COMMAND;
        smtp_sender_check_free(check);
        smtp_session_reset(s);
        return smtp_reply_err(s, err);
}

static enum smtp_flow mail_start(struct smtp_session *s, struct slice args)
{
        const struct smtp_config *config = smtp_session_config(s);
        struct smtp_server *server = smtp_session_server(s);
        struct smtp_mail_params params;
        struct smtp_path path;
        AUTO_BUF(address, SMTP_MAX_ADDRESS);
        enum err err;

        if (s->messages >= config->max_messages)
                return smtp_reply_closing(s, "4.7.0", "Too many messages in one connection");
        if (!slice_skip_word(&args, SLICE("FROM:")))
                return smtp_reply(s, 501, "5.5.4", "Syntax: MAIL FROM:<address>");
        err = smtp_path_parse(&args, SMTP_PATH_REVERSE, &address, &path);
        if (err)
                return smtp_reply(s, 501, "5.1.7",
                                  err == ERR_LIMIT ? "Address too long"
                                                   : "Syntax: MAIL FROM:<address>");
        err = smtp_params_mail(args, s->service->submission, &params);
        if (err == ERR_NOTFOUND)
                return smtp_reply(s, 555, "5.5.4", "Parameter not recognized");
        if (err)
                return smtp_reply(s, 501, "5.5.4", "Malformed parameter");
        if (path.has_8bit && !params.smtputf8)
                return smtp_reply(s, 550, "5.6.7", "This sender needs SMTPUTF8");
        if (params.size > config->max_message_size)
                return smtp_reply_err(s, ERR_LIMIT);
        if (server->sink_ops->disk_low(server->sink))
                return smtp_reply_err(s, ERR_FULL);
        s->txn = smtp_txn_new(buf_slice(&address), &params);
        return s->account_name && address.len ? ask(s) : accept(s);
}

const struct smtp_command smtp_cmd_mail = {
        .verb = "MAIL",
        .syntax = "MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] "
                  "[ENVID=id]",
        .rfc = "5321 4.1.1.2",
        .needs = SMTP_NEEDS_HELO | SMTP_NEEDS_AUTH | SMTP_NEEDS_NO_MAIL,
        .start = mail_start,
};
