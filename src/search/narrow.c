/*
 * narrow.c — which messages may match: the part of searches.
 *
 * An expression is FTS5's: words, AND, OR, parentheses. It is made of grams' tokens only,
 * so that nothing a client says stands in it.
 */
#include "gram.h"
#include "search_impl.h"

#include "mailserver/store/walk.h"

/* A string's other grams tell little more, and each is looked up. */
enum { GRAMS_OF_NEEDLE = 10 };

bool search_needle_put(struct slice folded, struct buf *out)
{
        uint32_t grams[GRAMS_OF_NEEDLE];
        size_t n = gram_of_needle(folded, grams, GRAMS_OF_NEEDLE);

        for (size_t i = 0; i < n; i++) {
                char token[GRAM_TOKEN];

                gram_token(grams[i], token);
                buf_add(out, i ? SLICE(" AND ") : SLICE("("));
                buf_add(out, (struct slice){ token, sizeof token });
        }
        if (n)
                buf_addc(out, ')');
        return n > 0;
}

/* ERR_NOTFOUND: nothing of it is indexed. */
static enum err find(const struct search *s, struct search_index *index,
                     const struct store_walk_mailbox *mailbox, struct slice expression,
                     struct uid_set *uids)
{
        AUTO(uid_set_done) struct uid_set found = { 0 };
        struct search_place place;
        enum err err = search_index_place(index, mailbox->id, &place);

        if (err)
                return err;
        /* An index that has outlived its store: worker.c. */
        if (place.uidvalidity != mailbox->uidvalidity || place.next > mailbox->uidnext)
                return ERR_NOTFOUND;
        err = search_index_find(index, mailbox->account, mailbox->id, expression,
                                (size_t)s->config.max_candidates, &found);
        if (err)
                return err;
        /* What is not indexed yet may match, too. */
        uid_set_add_range(&found, place.next, UINT32_MAX);
        uid_set_keep(uids, &found);
        return ERR_OK;
}

void search_narrow(struct search *s, struct store_txn *tx, int64_t mailbox, struct slice expression,
                   struct uid_set *uids)
{
        struct search_index *index;
        struct store_walk_mailbox row;
        enum err err;

        if (!s || !s->worker || expression.len > SEARCH_EXPRESSION_MAX ||
            store_walk_mailbox(tx, mailbox, &row))
                return;
        index = search_readers_take(search_worker_readers(s->worker));
        if (!index)
                return;
        err = find(s, index, &row, expression, uids);
        search_readers_give(search_worker_readers(s->worker), index,
                            err && err != ERR_NOTFOUND && err != ERR_LIMIT);
        metric_add(err ? s->unhelped : s->narrowed, 1);
}
