/*
 * queue_impl.h — what the parts of the queue share.
 *
 *      queue ─► site (a destination with mail due) ─► job (a message, and who is to get it there)
 *                  └─► link (a connection) ─► outcome (what is written of a job that was tried)
 *
 * All of it lives on the loop; tasks own copies.
 */
#ifndef QUEUE_IMPL_H
#define QUEUE_IMPL_H

#include "backoff.h"
#include "destination.h"
#include "id_set.h"
#include "route.h"
#include "sts.h"
#include "turns.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/counters.h"
#include "mailserver/core/loop.h"
#include "mailserver/core/metrics.h"
#include "mailserver/core/task.h"
#include "mailserver/queue/queue.h"
#include "mailserver/smtp/client.h"
#include "mailserver/store/queue.h"

enum { SITE_BUCKETS = 1024, SITE_NAME_MAX = 320 };

struct site;

struct recipient {
        int64_t row, expires_us;
        const char *address, *domain, *orcpt; /* the job's arena's */
        const char *last_status, *last_reply; /* of earlier attempts; NULL: none */
        unsigned notify, flags, attempts;
        bool open; /* a nearer server has put him off, and may take the mail another time */
};
/* A message and its recipients at one site. */
struct job {
        struct turn turn; /* while it waits */
        struct site *site;
        struct arena arena;
        int64_t message, account, received_us;
        const char *mail_id, *sender, *envid;
        unsigned flags;
        struct recipient *recipients;
        size_t n, cap;
        bool put_back; /* once already: a kept connection had gone */
};

/* ---- a destination ---- */

struct site {
        struct site *next; /* in its bucket */
        struct queue *queue;
        char *name;         /* the domain, or "route:0" for a route with a host; owned */
        const char *domain; /* the name; "" for such a route */
        int route;          /* index into config->routes; -1: none */
        struct pace pace;
        struct turns waiting; /* struct job.turn */
        size_t rows;          /* recipients in memory: waiting, being sent, being written */
        size_t bulk_rows;     /* of these; half of what it may hold, so that other mail has room */
        struct list all, links, touched;
        struct turn starved; /* by the account whose mail waits for a connection */
        size_t n_links;
        unsigned failures; /* in a row, of the destination as a whole */
        unsigned broken;   /* connections in a row that ended with mail in hand */
        int64_t not_before_us;
        struct timer over;   /* it is failing until then */
        bool more;           /* the store has due rows that are not in memory */
        struct task *refill; /* reading some of them; NULL: not */
        struct store_queue_place
                after;    /* of such a route: its rows up to here, by time, were read */
        bool passed_over; /* but some of them were left in the store */
        unsigned held;    /* it must not be freed now */
        bool stale;       /* of options that were changed: it ends with what is being sent */
};

/* ---- the queue ---- */

struct queue {
        struct loop *loop;
        struct store *store;
        struct resolver *resolver;
        struct sts *sts;
        struct roots *roots;
        const char *hostname;
        const struct queue_config *config;
        struct smtp_client_config smtp; /* a copy: clients borrow it over a reload */
        struct net_address own[QUEUE_MAX_OWN];
        size_t n_own;
        char **passwords; /* of config->routes; owned */
        size_t n_passwords;
        struct site *sites[SITE_BUCKETS];
        struct list all;        /* struct site.all: stale ones too */
        struct turns starved;   /* struct site.starved: would open a connection if one were free */
        struct list idle;       /* struct link.unused, the longest first */
        struct list touched;    /* struct site.touched: have got rows in the page at hand */
        struct id_set rows;     /* in memory */
        struct counters shares; /* whose they are: account_key */
        struct id_set told;     /* policies being tested whose failure was logged: link_sts.c */
        size_t n_links, n_idle;
        struct counters openers; /* links by the account they were opened for: account_key */
        struct list outcomes;    /* struct outcome.link */
        size_t unwritten; /* of these, those whose write has failed: nothing is sent meanwhile */
        struct metric *n_fates[3]; /* enum fate_kind */
        struct metric *n_converted;
        struct store_watcher watcher;
        struct scan *scan; /* running; NULL: none */
        struct task *fair; /* running: fair.c; NULL: not */
        int64_t fair_after;
        struct job *lone; /* while a page is taken: rows of a message that are not to be tried */
        bool lone_is_late;
        struct timer scan_timer;
        struct store_queue_place due_after; /* rows up to here, by time, were looked at */
        int64_t new_after;                  /* rows up to this id */
        int64_t wake_us;                    /* when the timer is due */
        int64_t looked_us, whole_us; /* when what is due, and all, was looked at; monotonic */
        bool want_whole, want_new, want_due, memory_full;
        bool stopping, aborted;
        void (*stopped)(void *arg);
        void *stopped_arg;
        struct loop_job stop_job, feed_job;
};

uint32_t queue_random(void);
/* What counters know an account by: 0, which is mail of none, is no key of theirs. */
static inline uint64_t account_key(int64_t account)
{
        return (uint64_t)account + 1;
}
/* Recipients of one site in memory, at most. */
static inline size_t site_max_rows(const struct queue *q)
{
        return (size_t)q->config->max_in_memory_per_destination;
}
/* The other server's own words, or ours? */
bool queue_was_said(const struct smtp_client_reply *reply);
/* As an administrator reads it: with the code, if it was said. May be the reply's own text. */
const char *queue_words(const struct smtp_client_reply *reply, struct buf *out);
/* For log lines: ' KEY="text"', the text in visible ASCII and blanks, cut to QUEUE_WORDS_MAX; and
 * ' reply="451 4.7.1 later"', or ' why="our own words"'. */
enum { QUEUE_WORDS_MAX = 1000, QUEUE_LOGGED_MAX = 4096 };
void queue_put_words(struct buf *out, const char *key, const char *text);
void queue_put_reply(struct buf *out, const struct smtp_client_reply *reply);
/* In memory: a part of it is for accounts that have fewer rows there, and not for bulk mail. */
size_t queue_few(const struct queue *q);
bool queue_has_room(const struct queue *q, const struct store_queue_row *row);
/* Something has ended: perhaps the last that a stop waits for. */
void queue_ended(struct queue *q);
/* If some wait for a connection: sites_feed, soon. */
void queue_feed_soon(struct queue *q);
/* The rows of a job are no longer in memory; frees it. */
void queue_job_done(struct job *job);

/* job.c */
/* Of the row's message, without recipients. */
struct job *job_new(struct site *site, const struct store_queue_row *row);
/* False: its memory is used up. */
bool job_add(struct job *job, const struct store_queue_row *row);
/* Recipients for whom leaves[i] stands go into a job of their own. */
struct job *job_split(struct job *job, const bool *leaves);
/* Frees a job alone: its rows are not looked at. */
void job_free(struct job *job);

/* scan.c */
enum scan_what { SCAN_WHOLE, SCAN_NEW, SCAN_DUE };
void scan_soon(struct queue *q, enum scan_what what);
/* The whole, within a moment: for many at once. */
void scan_whole_later(struct queue *q);
void scan_cancel(struct queue *q);
/* A row is due then: wakes no later. */
void scan_by(struct queue *q, int64_t when_us);
/* A row that was read goes to its site, if it is to be tried. False: memory is full. */
bool scan_take(struct queue *q, const struct store_queue_row *row, int64_t now_us);
/* The sites that have got rows. */
void scan_run_touched(struct queue *q);

/* fair.c */
/* Some rows of each account, when there is no room for all. */
void fair_start(struct queue *q);
void fair_cancel(struct queue *q);

/* refill.c */
/* Reads more of one site's rows: it had more than it may hold. */
void refill_start(struct site *site);

/* site.c */
struct site *site_get(struct queue *q, const char *domain);
/* Takes the row in, into a job that waits or a new one, if there is room. */
void site_take(struct site *site, const struct store_queue_row *row);
/* Takes it into a job of its own, which does not wait; NULL: no room. */
struct job *site_take_alone(struct site *site, const struct store_queue_row *row);
/* Adds the row to such a job, if it is of its message and there is room. */
bool site_join(struct site *site, struct job *job, const struct store_queue_row *row);
/* A row of the job is no longer in memory. */
void site_forget_row(struct site *site, const struct job *job, int64_t row);
/* Gives waiting jobs to links, and opens links. */
void site_run(struct site *site);
/* Frees it when nothing of it is in memory and it is not failing. */
void site_release(struct site *site);
/* All of them go on, or are freed: whatever was missed. */
void sites_sweep(struct queue *q);
/* No new work for any site; what waits is forgotten, what is being sent ends. */
void sites_retire(struct queue *q);
/* Their connections are closed at once, and what is being sent over them forgotten. */
void sites_abort(struct queue *q);
/* All are freed; their outcomes were orphaned before. */
void sites_free(struct queue *q);
/* What is said for good, but of a connection and not of the mail, as it holds for the mail: not now. */
struct smtp_client_reply reply_for_later(const struct smtp_client_reply *reply);
/* Nobody could be reached, or the name not be found: everything that waits hears this reply. */
void site_failed(struct site *site, const struct smtp_client_reply *reply, const char *mx);
/* A connection has ended with mail in hand; many such in a row are a failure of the whole. */
void site_broken(struct site *site, const struct smtp_client_reply *reply, const char *mx);
/* It failed lately: nothing is tried for now, and its mail stays in the store. */
bool site_is_failing(const struct site *site);
/* It goes on then, unless it is failing. */
void site_run_in(struct site *site, int64_t ms);
/* Connections have ended, or are idle: those that wait for one open it. */
void sites_feed(struct queue *q);
/* It has answered; `settled`: and not only put off what it was asked. */
void site_succeeded(struct site *site, bool settled);
/* An administrator has changed something: what was failing is tried now, once. */
void sites_forgive(struct queue *q);

/* link.c */
/* For the account whose mail is next. */
void link_open(struct site *site, int64_t account);
/* Links that are on their way, or have nothing to do. */
size_t links_unused(const struct site *site);
/* A connection that has been idle longest ends, to make room for another; false: there is none. */
bool link_spare(struct queue *q);
/* A link that has nothing to do takes it. False: there is none, or the store is too busy. */
bool link_offer(struct site *site, struct job *job);
/* No new work: what is being sent ends, other links go at once. */
void links_finish(struct site *site);
/* All go at once, their jobs forgotten. */
void links_close(struct site *site);

/* outcome.c */
struct outcome_peer {
        const char *mx, *ip, *tls; /* "": not reached */
        bool dsn;                  /* it sends reports of its own */
};
/* Takes the job: writes what became of each recipient, reply by reply, until that is on disk. */
void outcome_write(struct job *job, const struct smtp_client_reply *replies,
                   const struct outcome_peer *peer);
/* The same where one reply holds for all. */
void outcome_write_all(struct job *job, const struct smtp_client_reply *reply,
                       const struct outcome_peer *peer);
/* Rows that an administrator gave up, or whose time is over: their senders hear so. */
void outcome_expire(struct job *job);
/* Is its sender to hear by now that it is late? */
bool outcome_is_late(const struct queue *q, const struct store_queue_row *row, int64_t now_us);
/* Rows that are late and whose destination is being left alone: their senders hear so. */
void outcome_warn(struct job *job);
/* Those that could not be written are given up: their rows stay as they are. */
void outcomes_abort(struct queue *q);
/* What is being written is, and nobody hears of it. */
void outcomes_orphan(struct queue *q);

/* queue.c */
struct sts_options queue_sts_options(const struct queue_config *c);

#endif
