/*
 * find.h — a searching command under way: SEARCH and SORT are one but for what they parse and how they
 * answer. RFC 5267 4.1.
 */
#ifndef IMAP_FIND_H
#define IMAP_FIND_H

#include "pour.h"
#include "search_answer.h"
#include "search_scan.h"
#include "sort_keys.h"

struct imap_find {
        struct task task;
        struct imap_scan scan;
        struct imap_sorter sorter; /* sorter.sort.n 0: in the order of the mailbox */
        struct uid_set found;
        struct imap_scores scores; /* where they are asked for */
        struct uid_set result;     /* for UPDATE: all that the client knows of, */
        uint32_t *list;            /* and where they are sorted their order; owned */
        size_t n_list;
        struct uid_set to_save;      /* "$" */
        struct imap_modseqs modseqs; /* where MODSEQ is a key */
        int64_t modseq;              /* that the answer tells; 0: none */
        bool uid, extended;
        bool is_set; /* all of scan.wanted is found, unseen */
        char *label; /* search correlators: TAG "a1"; owned */
        bool ready;  /* the answer stands in `pour` */
        struct imap_pour pour;
        struct imap_share share;
};

struct imap_find *imap_find_new(void);
void imap_find_free(struct imap_find *f);
/* After the arguments were parsed. */
enum imap_flow imap_find_start(struct imap_cmd *cmd, struct imap_find *f);
/* Instead, when they could not be. */
enum imap_flow imap_find_refuse(struct imap_cmd *cmd, struct imap_args *args, struct imap_find *f,
                                enum err err);

#endif
