/*
 * search_answer.h — what was found, as a client is told it: SEARCH, SORT and ESEARCH responses.
 *
 * Pure, for workers: the text of a million numbers is not written on the loop.
 */
#ifndef IMAP_SEARCH_ANSWER_H
#define IMAP_SEARCH_ANSWER_H

#include "search_return.h"

#include "mailserver/core/uid_map.h"

/* Scores of messages, 1 to 100: RFC 6203 4. Added in order of UID. */
struct imap_scores {
        struct imap_score {
                uint32_t uid;
                unsigned score;
        } * items; /* owned */
        size_t n, cap;
};
void imap_scores_done(struct imap_scores *scores);
void imap_scores_add(struct imap_scores *scores, uint32_t uid, unsigned score);

/*
 * What matches, of those that the client knows. In the order of the mailbox the
 * sets; in another the lists.
 */
struct imap_results {
        struct uid_set uids, told; /* told: as numbers, or UIDs */
        bool sorted;
        uint32_t *list_uids, *list_told; /* owned */
        size_t n;                        /* of the lists */
};

void imap_results_done(struct imap_results *r);
/* Of the messages of `map`, in its order; `uid`: told by their UIDs. */
void imap_results_of_set(const struct uid_set *found, const struct uid_map *map, bool uid,
                         struct imap_results *ret);
/* Takes `uids`, n of them in their order (heap). */
void imap_results_of_list(uint32_t *uids, size_t n, const struct uid_map *map, bool uid,
                          struct imap_results *ret);
uint64_t imap_results_count(const struct imap_results *r);

/* MODSEQs of what was found: of each, where the answer is not about all. Added in order of UID. */
struct imap_modseqs {
        int64_t highest;
        struct imap_found_modseq {
                uint32_t uid;
                int64_t modseq;
        } * items; /* owned */
        size_t n, cap;
};
void imap_modseqs_done(struct imap_modseqs *m);
void imap_modseqs_add(struct imap_modseqs *m, const struct imap_search_returns *returns,
                      uint32_t uid, int64_t modseq);
/* The largest of the messages returned; 0: there are none. RFC 7162 3.1.5, 3.1.10. */
int64_t imap_modseqs_of(const struct imap_modseqs *m, const struct imap_search_returns *returns,
                        const struct imap_results *r);

/* "20,11:12": in their order. RFC 5267 3.2. */
void imap_put_list(struct buf *out, const uint32_t *list, size_t n);
/*
 * "* SEARCH 2 84 882": RFC 3501 7.2.5; `name` is SORT of RFC 5256 4, too. With a modseq that is not 0
 * "(MODSEQ 917162500)" ends it: RFC 7162 3.1.6, 3.1.9.
 */
void imap_put_found(struct buf *out, const char *name, const struct imap_results *r,
                    int64_t modseq);
/* "* ESEARCH (TAG "a1") UID": the correlators are what stands in parentheses. RFC 9051 7.3.4. */
void imap_put_esearch_head(struct buf *out, const char *correlators, bool uid);
/*
 * All of the response: ALL where nothing else is asked for; nothing where SAVE alone is (RFC 5182
 * 2.1). MIN, MAX and ALL of nothing are left out. `scores`: where returns want them; `modseq` 0:
 * there is none.
 */
void imap_put_esearch(struct buf *out, const char *correlators, bool uid,
                      const struct imap_search_returns *returns, const struct imap_results *r,
                      const struct imap_scores *scores, int64_t modseq);
/* The answer is about all that was found; else about the least, the greatest, or those of some places. */
bool imap_returns_all(const struct imap_search_returns *returns);
/*
 * The UIDs of those it is about: "$" stands for them afterwards (RFC 9051 6.4.4.1 table 4, RFC 9394 3.2),
 * and the MODSEQ told is theirs (RFC 4731 3.2).
 */
void imap_results_returned(const struct imap_results *r, const struct imap_search_returns *returns,
                           struct uid_set *ret);

#endif
