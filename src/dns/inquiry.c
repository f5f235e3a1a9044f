/* inquiry.c — rounds of questions, until a pure function lacks none. */
#include "mailserver/core/loop.h"
#include "mailserver/core/mem.h"
#include "mailserver/dns/facts.h"

struct asked {
        struct dns_inquiry *inquiry;
        struct dns_query *query; /* NULL: answered */
        char name[256];
        enum dns_type type;
};

struct dns_inquiry {
        struct resolver *resolver;
        struct loop *loop;
        struct dns_facts *facts;
        size_t questions_left;
        dns_inquiry_step *step;
        dns_inquiry_done *done;
        void *owner;
        struct loop_job job;
        enum err err;
        size_t waiting;
        struct asked asked[DNS_MAX_QUESTIONS];
};

static void inquiry_free(struct dns_inquiry *i)
{
        loop_job_cancel(&i->job);
        mem_free(i);
}

static void finish(struct dns_inquiry *i, enum err err)
{
        const struct dns_facts *facts = i->facts;
        dns_inquiry_done *done = i->done;
        void *owner = i->owner;

        inquiry_free(i);
        done(owner, facts, err);
}

static void heard(void *owner, const struct dns_answer *answer)
{
        struct asked *a = owner;
        struct dns_inquiry *i = a->inquiry;

        a->query = NULL;
        if (!i->err)
                i->err = dns_facts_add(i->facts, a->name, a->type, answer);
        if (--i->waiting == 0)
                loop_later(i->loop, &i->job);
}

static void ask(struct dns_inquiry *i, const struct dns_questions *lacking)
{
        for (size_t n = 0; n < lacking->n; n++) {
                struct asked *a = &i->asked[n];

                a->inquiry = i;
                a->type = lacking->items[n].type;
                memcpy(a->name, lacking->items[n].name, sizeof a->name);
                a->query = resolver_ask(i->resolver, a->name, a->type, a, heard);
        }
        i->waiting = lacking->n;
        i->questions_left -= lacking->n;
}

static void step(struct loop_job *job)
{
        struct dns_inquiry *i = container_of(job, struct dns_inquiry, job);
        struct dns_questions lacking = { .n = 0 };

        if (!i->err)
                i->step(i->owner, i->facts, &lacking);
        if (!i->err && lacking.n > i->questions_left)
                i->err = ERR_LIMIT;
        if (i->err || lacking.n == 0)
                finish(i, i->err);
        else
                ask(i, &lacking);
}

struct dns_inquiry *dns_inquire(struct resolver *r, struct loop *l, struct dns_facts *facts,
                                size_t max_questions, dns_inquiry_step *step_fn,
                                dns_inquiry_done *done, void *owner)
{
        struct dns_inquiry *i = NEW(struct dns_inquiry);

        *i = (struct dns_inquiry){ .resolver = r,
                                   .loop = l,
                                   .facts = facts,
                                   .questions_left = max_questions,
                                   .step = step_fn,
                                   .done = done,
                                   .owner = owner,
                                   .job.run = step };
        loop_later(l, &i->job);
        return i;
}

void dns_inquiry_cancel(struct dns_inquiry *i)
{
        if (!i)
                return;
        for (size_t n = 0; i->waiting && n < DNS_MAX_QUESTIONS; n++)
                dns_query_cancel(i->asked[n].query);
        inquiry_free(i);
}
