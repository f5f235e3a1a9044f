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
        mem_free(check);
}

void smtp_delivery_free(struct smtp_delivery *d)
{
        if (!d)
                return;
        for (struct smtp_recipient *r = d->recipients, *next; r; r = next) {
                next = r->next;
                mem_free(r->address);
                mem_free(r);
        }
        spool_free(d->spool);
        mem_free(d->account_name);
        mem_free(d->sender);
        mem_free(d);
}
