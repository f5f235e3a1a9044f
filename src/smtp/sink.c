/* sink.c — freeing the questions of sink.h. */
#include "mailserver/smtp/sink.h"

#include "mailserver/core/mem.h"
#include "mailserver/store/spool.h"

void smtp_sender_check_free(struct smtp_sender_check *check)
{
        if (!check)
                return;
        mem_free(check->address);
        mem_free(check);
}

void smtp_rcpt_check_free(struct smtp_rcpt_check *check)
{
        if (!check)
                return;
        mem_free(check->address);
        mem_free(check->orcpt);
        mem_free(check);
}

void smtp_recipients_free(struct smtp_recipient *first)
{
        for (struct smtp_recipient *r = first, *next; r; r = next) {
                next = r->next;
                mem_free(r->address);
                mem_free(r->orcpt);
                mem_free(r);
        }
}

void smtp_delivery_free(struct smtp_delivery *d)
{
        if (!d)
                return;
        smtp_recipients_free(d->recipients);
        spool_free(d->spool);
        mem_free(d->account_name);
        mem_free(d->sender);
        mem_free(d->envid);
        mem_free(d);
}
