/*
 * facts.h — what the DNS has said so far, and who asks for the rest.
 *
 * Logic that needs several answers is a pure function over facts: it gives a
 * verdict, or names the questions it lacks. An inquiry asks them, all of one
 * round at once, and calls it again, until it lacks none.
 */
#ifndef MAILSERVER_DNS_FACTS_H
#define MAILSERVER_DNS_FACTS_H

#include "mailserver/core/arena.h"
#include "mailserver/dns/resolver.h"

#include <stddef.h>

enum { DNS_MAX_QUESTIONS = 64 }; /* of one round */

struct dns_fact {
        struct dns_fact *next;
        const char *name; /* as asked, lower case */
        enum dns_type type;
        struct dns_answer answer;
};
/* Zero but for the arena. All that is in it is the arena's. */
struct dns_facts {
        struct arena *arena;
        struct dns_fact *first;
};
/* Copies. ERR_LIMIT: the arena is full. */
MUST_CHECK enum err dns_facts_add(struct dns_facts *facts, const char *name, enum dns_type type,
                                  const struct dns_answer *answer);

/* What a pure function lacks. */
struct dns_questions {
        struct {
                char name[256];
                enum dns_type type;
        } items[DNS_MAX_QUESTIONS];
        size_t n;
};
/*
 * The answer if it is known; else NULL, and the question stands in *lacking (once, and while there
 * is room: those of the next round find it).
 */
const struct dns_answer *dns_facts_ask(const struct dns_facts *facts, const char *name,
                                       enum dns_type type, struct dns_questions *lacking);

/* ---- the driver ---- */

struct dns_inquiry;
/* Appends what it lacks to *lacking; nothing: it has its verdict. */
typedef void dns_inquiry_step(void *owner, const struct dns_facts *known,
                              struct dns_questions *lacking);
/*
 * The verdict is there: the inquiry is over and frees itself after the call. ERR_LIMIT: more was
 * asked than `max_questions`, or the arena is full.
 */
typedef void dns_inquiry_done(void *owner, const struct dns_facts *known, enum err err);
/* `facts` is borrowed, and may know something already. Never calls back inside this call. */
struct dns_inquiry *dns_inquire(struct resolver *r, struct loop *l, struct dns_facts *facts,
                                size_t max_questions, dns_inquiry_step *step,
                                dns_inquiry_done *done, void *owner);
/* Before it is over. NULL is fine. */
void dns_inquiry_cancel(struct dns_inquiry *i);

#endif
