/*
 * search_eval.c — does a message match?
 *
 * Keys that a row can answer come before those that need its header, and those
 * before the text; all strings of BODY and TEXT are looked for in one pass, when
 * the first of them is asked for.
 */
#include "search_eval.h"

#include "object_id.h"

enum { US_PER_SECOND = 1000000 };
static const int64_t us_per_day = (int64_t)86400 * US_PER_SECOND;

struct eval {
        struct imap_search *search;
        const struct imap_search_message *m;
        bool texts_known;
        unsigned scores, n_scores; /* of the fuzzy keys that matched */
        enum err err;
};

unsigned imap_search_items(const struct imap_search *search)
{
        unsigned items = STORE_FETCH_ROW;

        if (search->has_keys)
                items |= STORE_FETCH_KEYS;
        if (search->has_email_ids)
                items |= STORE_FETCH_EMAIL_ID;
        if (search->root->cost >= IMAP_SEARCH_BY_HEADER)
                items |= STORE_FETCH_HEADER;
        if (!search->texts)
                return items;
        items |= STORE_FETCH_PARTS | STORE_FETCH_BODY;
        for (const struct imap_search_key *key = search->root->child; key; key = key->next)
                if (key->cost < IMAP_SEARCH_BY_BODY && key->kind != IMAP_SEARCH_ALL)
                        items &= ~(unsigned)STORE_FETCH_BODY;
        return items;
}

/* ---- dates ---- */

static int64_t day_of(int64_t us)
{
        return us >= 0 ? us / us_per_day : -((-us + us_per_day - 1) / us_per_day);
}

static bool within(const struct imap_search_key *key, int64_t value)
{
        return value >= key->from && value < key->to;
}

/* RFC 5032 3: YOUNGER is at most so old, OLDER at least. */
static bool age_within(const struct imap_search_key *key, const struct imap_search_message *m)
{
        int64_t age = (m->now_us - m->row->internal_date_us) / US_PER_SECOND;

        return age >= key->from && age <= key->to;
}

/* ---- keys ---- */

/* True, for an end of a key that was found. */
static bool found(struct eval *e, const struct imap_search_key *key)
{
        e->scores += key->fuzzy ? imap_fuzzy_score(key->fuzzy) : 0;
        e->n_scores += key->fuzzy != NULL;
        return true;
}

static bool find_field(struct eval *e, const struct imap_search_key *key)
{
        const struct store_fetch_row *row = e->m->row;

        if (!key->fuzzy)
                return imap_search_field(row->trace, key->name, key->text) ||
                       imap_search_field(row->header, key->name, key->text);
        imap_fuzzy_begin(key->fuzzy);
        imap_search_field_fuzzily(row->trace, key->name, key->fuzzy);
        imap_search_field_fuzzily(row->header, key->name, key->fuzzy);
        return imap_fuzzy_found(key->fuzzy) && found(e, key);
}

static bool find_text(struct eval *e, const struct imap_search_key *key)
{
        const struct store_fetch_row *row = e->m->row;
        const struct mime_text_source source = {
                .header = row->header,
                .body = row->octets,
                .parts = row->parts,
                .size = (uint64_t)row->size - row->trace.len,
                .read = e->m->read,
                .arg = e->m->arg,
                .trace = row->trace,
        };

        if (!e->texts_known) {
                enum err err = imap_search_texts(e->search->texts, &source);

                e->texts_known = true;
                /* A part table that does not add up: what was found counts. */
                if (err && err != ERR_CORRUPT)
                        e->err = err;
        }
        return key->found && found(e, key);
}

static bool matches(struct eval *e, const struct imap_search_key *key);

/* True when some child's answer is `wanted`; the cheap ones are asked first. */
static bool any_child(struct eval *e, const struct imap_search_key *key, bool wanted)
{
        for (int cost = IMAP_SEARCH_BY_ROW; cost <= IMAP_SEARCH_BY_BODY; cost++)
                for (const struct imap_search_key *child = key->child; child; child = child->next)
                        if ((int)child->cost == cost && matches(e, child) == wanted)
                                return true;
        return false;
}

static bool matches(struct eval *e, const struct imap_search_key *key)
{
        const struct store_fetch_row *row = e->m->row;

        switch (key->kind) {
        case IMAP_SEARCH_ALL:
                return true;
        case IMAP_SEARCH_AND:
                return !any_child(e, key, false);
        case IMAP_SEARCH_OR:
                return any_child(e, key, true);
        case IMAP_SEARCH_NOT:
                return !matches(e, key->child);
        case IMAP_SEARCH_FLAG:
        case IMAP_SEARCH_KEYWORD:
                return (row->flags & key->flag) != 0;
        case IMAP_SEARCH_RECENT:
                return e->m->recent;
        case IMAP_SEARCH_SET:
                return uid_set_contains(&key->uids, row->uid);
        case IMAP_SEARCH_SIZE:
                return within(key, row->size);
        case IMAP_SEARCH_MODSEQ:
                return row->modseq >= key->from;
        case IMAP_SEARCH_INTERNAL:
                return within(key, day_of(row->internal_date_us));
        case IMAP_SEARCH_SENT:
                return row->sent_day != INT64_MIN && within(key, row->sent_day);
        case IMAP_SEARCH_SAVED:
                return within(key, day_of(row->save_date_us));
        case IMAP_SEARCH_EMAILID:
                return imap_is_email_id(key->text, row->email_id);
        case IMAP_SEARCH_THREADID:
                return row->thread_id == key->from;
        case IMAP_SEARCH_AGE:
                return age_within(key, e->m);
        case IMAP_SEARCH_HEADER:
                return find_field(e, key);
        case IMAP_SEARCH_BODY:
        case IMAP_SEARCH_TEXT:
                return find_text(e, key);
        }
        return false;
}

enum err imap_search_match(struct imap_search *search, const struct imap_search_message *message,
                           bool *ret_match)
{
        struct eval e = { .search = search, .m = message };
        bool match = matches(&e, search->root);

        if (e.err)
                return e.err;
        search->score = e.n_scores ? e.scores / e.n_scores : 100;
        *ret_match = match;
        return ERR_OK;
}
