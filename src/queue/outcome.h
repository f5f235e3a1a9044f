/* outcome.h — what is written of a job that was tried. */
#ifndef QUEUE_OUTCOME_H
#define QUEUE_OUTCOME_H

#include "queue_impl.h"

struct store_draft;

enum fate_kind { FATE_DELIVERED, FATE_DEFERRED, FATE_BOUNCED };

/* Of one recipient. */
struct fate {
        enum fate_kind what;
        struct smtp_client_reply reply; /* its text is `text` */
        char *text;                     /* owned */
        bool report;                    /* the sender is to hear of it */
        bool expired;                   /* not refused: its time is over */
        bool given_up;                  /* not refused: an administrator gave it up */
        bool changed;                   /* the row is not as it was read: it is left alone */
        int64_t next_us;                /* FATE_DEFERRED */
};

enum { OUTCOME_REPORTS = 3 }; /* one for each fate, at most */

struct outcome {
        struct task task;
        struct list link;    /* of queue.outcomes */
        struct queue *queue; /* loop only; NULL: it has gone */
        struct job *job;     /* owned; its site is not for the worker */
        struct fate *fates;  /* of job->recipients */
        int64_t now_us, retry_first_ms, retry_max_ms, delay_warning_us, lifetime_us;
        bool peer_dsn, submitted;
        bool unattempted; /* nothing was sent: the rows may be others than were read */
        bool silent;      /* no report of it can be made */
        unsigned failed;  /* writes of it, in a row */
        char *mx, *ip, *tls, *hostname, *postmaster;
        struct store_draft *drafts[OUTCOME_REPORTS]; /* of reports; they outlive the commit */
        struct timer timer;                          /* after a write that failed */
};

/* outcome_report.c. STORE_WRITE, before the rows change: reports to the sender. */
MUST_CHECK enum err outcome_report(struct outcome *o, struct store_txn *tx);
void outcome_report_done(struct outcome *o);

#endif
