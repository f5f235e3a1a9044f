/* facts.c — keeping answers. */
#include "mailserver/dns/facts.h"

#include <stdio.h>

static struct slice without_dot(const char *name)
{
        struct slice s = slice_of(name);

        if (s.len && s.ptr[s.len - 1] == '.')
                s.len--;
        return s;
}

static struct dns_record *keep_records(struct arena *arena, const struct dns_answer *answer,
                                       bool *full)
{
        struct dns_record *records = arena_alloc(arena, answer->n * sizeof *records);

        if (!records) {
                *full = true;
                return NULL;
        }
        for (size_t i = 0; i < answer->n; i++) {
                records[i] = answer->records[i];
                records[i].name = arena_keep(arena, answer->records[i].name, full);
                if (answer->records[i].octets.len == 0)
                        continue;
                records[i].octets = arena_copy(arena, answer->records[i].octets);
                *full |= !records[i].octets.ptr;
        }
        return records;
}

enum err dns_facts_add(struct dns_facts *facts, const char *name, enum dns_type type,
                       const struct dns_answer *answer)
{
        struct dns_fact *fact = ARENA_NEW(facts->arena, struct dns_fact);
        struct slice key = arena_copy(facts->arena, without_dot(name));
        bool full = false;

        if (!fact || !key.ptr)
                return ERR_LIMIT;
        fact->name = key.ptr;
        fact->type = type;
        fact->answer = *answer;
        fact->answer.canonical = arena_keep(facts->arena, answer->canonical, &full);
        fact->answer.why = arena_keep(facts->arena, answer->why, &full);
        fact->answer.records = answer->n ? keep_records(facts->arena, answer, &full) : NULL;
        if (full)
                return ERR_LIMIT;
        fact->next = facts->first;
        facts->first = fact;
        return ERR_OK;
}

static void add_question(struct dns_questions *q, struct slice name, enum dns_type type)
{
        for (size_t i = 0; i < q->n; i++)
                if (q->items[i].type == type && slice_eq_word(slice_of(q->items[i].name), name))
                        return;
        if (q->n == DNS_MAX_QUESTIONS)
                return;
        snprintf(q->items[q->n].name, sizeof q->items[q->n].name, SLICE_FMT, SLICE_ARG(name));
        q->items[q->n++].type = type;
}

const struct dns_answer *dns_facts_ask(const struct dns_facts *facts, const char *name,
                                       enum dns_type type, struct dns_questions *lacking)
{
        static const struct dns_answer no_name = { .status = DNS_NXDOMAIN,
                                                   .canonical = "",
                                                   .why = "not a name that the DNS can have" };
        struct slice key = without_dot(name);

        if (key.len >= sizeof lacking->items[0].name)
                return &no_name;
        for (const struct dns_fact *f = facts->first; f; f = f->next)
                if (f->type == type && slice_eq_word(slice_of(f->name), key))
                        return &f->answer;
        add_question(lacking, key, type);
        return NULL;
}
