/* timers.h — the timers of a loop: what loop.c keeps of them. */
#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

struct event_base;
struct loop;
struct timers;

struct timers *timers_new(struct event_base *base);
/* Timers that are still set are unset: they may outlive the loop. */
void timers_free(struct timers *ts);

/* loop.c: those of a loop. */
struct timers *loop_timers(struct loop *l);

#endif
