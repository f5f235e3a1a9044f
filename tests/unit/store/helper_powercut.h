/*
 * helper_powercut.h — the workload of the power-cut tests, and a model of the
 * store that it leads to.
 */
#ifndef HELPER_POWERCUT_H
#define HELPER_POWERCUT_H

#include "mailserver/core/buf.h"

enum { ACCOUNTS = 4, FOLDERS = 2, MESSAGES_MAX = 64, GROUP_MAX = 4, STEPS = 30 };
enum { QUEUE_MAX = 16, QUEUE_RECIPIENTS = 2 };
enum { ALICE = 1, BOB = 2, CAROL = 4, DAVE = 8 };
enum { INBOX, ARCHIVE }; /* ARCHIVE is the one a RENAME gives another name */

extern const char *const names[ACCOUNTS];
extern const char *const archive_names[2]; /* before RENAME, and after */

enum kind {
        DELIVER,
        DELETE,
        QUOTA,
        PASSWORD,
        DISABLE,
        ADD,
        REMOVE,
        FLAG,
        COPY,
        MOVE,
        EXPUNGE,
        RENAME,
        QUEUE,  /* to elsewhere, and to `who` as DELIVER */
        DEFER,  /* the first row of the queue was tried */
        SENT,   /* it goes */
        REPORT, /* it goes, and `who` are told */
        CHECKPOINT
};

/* Operations, and which of them share one commit. */
struct step {
        int group; /* steps of one group are answered by one commit */
        enum kind kind;
        int who; /* accounts, as bits */
        /* DELIVER, QUEUE, REPORT: size; DELETE, COPY, MOVE, FLAG (\Deleted): how many of INBOX's oldest; QUOTA,
         * PASSWORD: the new one */
        int value;
};
extern const struct step workload[STEPS];

struct model_message {
        int step, flags;
};
struct model_folder {
        struct model_message messages[MESSAGES_MAX]; /* in order of arrival */
        int n;
};
struct model_account {
        bool exists, disabled, renamed;
        int quota, password;
        int sent; /* recipients elsewhere */
        struct model_folder folders[FOLDERS];
};
struct model_row {
        int step, recipient;
        int attempts, deferred_by; /* the last step that did */
};
struct model {
        struct model_account accounts[ACCOUNTS];
        struct model_row queue[QUEUE_MAX]; /* in order of ids */
        int n_queue;
};

struct model model_initial(void);
/* Does step `number`. */
void model_step(struct model *m, int number);
bool model_same(const struct model *a, const struct model *b);
void model_print(const char *title, const struct model *m);

/* Does the step bring a message? */
bool carries_message(const struct step *step);
/* The octets of the message that step `number` brings: header, then lines that name the step. */
void message_octets(int number, struct buf *out);
/* What goes before a message in the queue. */
void prepend_octets(int number, struct buf *out);
void trace_octets(int account, struct buf *out);
/* Which step's message is it, octet for octet? -1: none's. */
int message_recognise(int account, struct slice octets);

#endif
