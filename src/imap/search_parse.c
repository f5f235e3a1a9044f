/* search_parse.c — what a SEARCH asks for, as a tree: RFC 9051 6.4.4. */
#include "search_parse.h"

#include "modseq.h"
#include "object_id.h"

#include "mailserver/mime/charset.h"
#include "mailserver/mime/text_fold.h"
#include "mailserver/store/message.h"

/*
 * No client comes near; a key is some 150 octets. Each string is looked for in the
 * whole of each message, and a worker is busy meanwhile; each "$" copies what it stands for.
 */
enum { MAX_DEPTH = 50, MAX_KEYS = 2000, MAX_STRINGS = 100, MAX_SAVED = 10, MAX_TEXT = 8192 };

enum argument {
        NONE,
        DATE_BEFORE,
        DATE_ON,
        DATE_SINCE,
        NUMBER_ABOVE,
        NUMBER_BELOW,
        AGE_OVER,
        AGE_UNDER,
        STRING,
        FIELD, /* a string, looked for in the field that has the key's name */
        FIELD_AND_STRING,
        KEYWORD,
        UID_SET,
        UID_ABOVE,
        UID_BELOW,
        OBJECT_ID,
        MODSEQ,
};

/* FROM, TO, …: RFC 9051 6.4.4 says "the envelope structure's"; we look into the decoded field. */
static const struct word {
        const char *name;
        enum imap_search_kind kind;
        enum argument argument;
        bool negated;
        uint64_t flag;
} words[] = {
        {"ALL",                IMAP_SEARCH_ALL,      NONE,             false, 0                  },
        { "ANSWERED",          IMAP_SEARCH_FLAG,     NONE,             false, STORE_FLAG_ANSWERED},
        { "BCC",               IMAP_SEARCH_HEADER,   FIELD,            false, 0                  },
        { "BEFORE",            IMAP_SEARCH_INTERNAL, DATE_BEFORE,      false, 0                  },
        { "BODY",              IMAP_SEARCH_BODY,     STRING,           false, 0                  },
        { "CC",                IMAP_SEARCH_HEADER,   FIELD,            false, 0                  },
        { "DELETED",           IMAP_SEARCH_FLAG,     NONE,             false, STORE_FLAG_DELETED },
        { "DRAFT",             IMAP_SEARCH_FLAG,     NONE,             false, STORE_FLAG_DRAFT   },
        { "EMAILID",           IMAP_SEARCH_EMAILID,  OBJECT_ID,        false, 0                  },
        { "FLAGGED",           IMAP_SEARCH_FLAG,     NONE,             false, STORE_FLAG_FLAGGED },
        { "FROM",              IMAP_SEARCH_HEADER,   FIELD,            false, 0                  },
        { "HEADER",            IMAP_SEARCH_HEADER,   FIELD_AND_STRING, false, 0                  },
        { "KEYWORD",           IMAP_SEARCH_KEYWORD,  KEYWORD,          false, 0                  },
        { "LARGER",            IMAP_SEARCH_SIZE,     NUMBER_ABOVE,     false, 0                  },
        { "MODSEQ",            IMAP_SEARCH_MODSEQ,   MODSEQ,           false, 0                  },
        { "OLD",               IMAP_SEARCH_RECENT,   NONE,             true,  0                  },
        { "OLDER",             IMAP_SEARCH_AGE,      AGE_OVER,         false, 0                  },
        { "ON",                IMAP_SEARCH_INTERNAL, DATE_ON,          false, 0                  },
        { "RECENT",            IMAP_SEARCH_RECENT,   NONE,             false, 0                  },
        { "SAVEDATESUPPORTED", IMAP_SEARCH_ALL,      NONE,             false, 0                  },
        { "SAVEDBEFORE",       IMAP_SEARCH_SAVED,    DATE_BEFORE,      false, 0                  },
        { "SAVEDON",           IMAP_SEARCH_SAVED,    DATE_ON,          false, 0                  },
        { "SAVEDSINCE",        IMAP_SEARCH_SAVED,    DATE_SINCE,       false, 0                  },
        { "SEEN",              IMAP_SEARCH_FLAG,     NONE,             false, STORE_FLAG_SEEN    },
        { "SENTBEFORE",        IMAP_SEARCH_SENT,     DATE_BEFORE,      false, 0                  },
        { "SENTON",            IMAP_SEARCH_SENT,     DATE_ON,          false, 0                  },
        { "SENTSINCE",         IMAP_SEARCH_SENT,     DATE_SINCE,       false, 0                  },
        { "SINCE",             IMAP_SEARCH_INTERNAL, DATE_SINCE,       false, 0                  },
        { "SMALLER",           IMAP_SEARCH_SIZE,     NUMBER_BELOW,     false, 0                  },
        { "SUBJECT",           IMAP_SEARCH_HEADER,   FIELD,            false, 0                  },
        { "TEXT",              IMAP_SEARCH_TEXT,     STRING,           false, 0                  },
        { "THREADID",          IMAP_SEARCH_THREADID, OBJECT_ID,        false, 0                  },
        { "TO",                IMAP_SEARCH_HEADER,   FIELD,            false, 0                  },
        { "UID",               IMAP_SEARCH_SET,      UID_SET,          false, 0                  },
        { "UIDAFTER",          IMAP_SEARCH_SET,      UID_ABOVE,        false, 0                  },
        { "UIDBEFORE",         IMAP_SEARCH_SET,      UID_BELOW,        false, 0                  },
        { "UNANSWERED",        IMAP_SEARCH_FLAG,     NONE,             true,  STORE_FLAG_ANSWERED},
        { "UNDELETED",         IMAP_SEARCH_FLAG,     NONE,             true,  STORE_FLAG_DELETED },
        { "UNDRAFT",           IMAP_SEARCH_FLAG,     NONE,             true,  STORE_FLAG_DRAFT   },
        { "UNFLAGGED",         IMAP_SEARCH_FLAG,     NONE,             true,  STORE_FLAG_FLAGGED },
        { "UNKEYWORD",         IMAP_SEARCH_KEYWORD,  KEYWORD,          true,  0                  },
        { "UNSEEN",            IMAP_SEARCH_FLAG,     NONE,             true,  STORE_FLAG_SEEN    },
        { "YOUNGER",           IMAP_SEARCH_AGE,      AGE_UNDER,        false, 0                  },
};

struct parser {
        struct imap_args *args;
        struct arena *arena;
        struct imap_search *search;
        struct slice charset;
        size_t n_keys, n_strings, n_saved;
        bool fuzzy; /* the keys in hand are */
};

static enum err wants(struct parser *p, enum err err, const char *what)
{
        p->args->wanted = what;
        return err;
}

static struct imap_search_key *key_new(struct parser *p, enum imap_search_kind kind)
{
        struct imap_search_key *key = NULL;

        if (p->n_keys < MAX_KEYS)
                key = ARENA_NEW(p->arena, struct imap_search_key);
        if (!key)
                return NULL;
        p->n_keys++;
        key->kind = kind;
        return key;
}

static enum err too_much(struct parser *p)
{
        return wants(p, ERR_LIMIT, "a shorter search");
}

/* ---- arguments ---- */

static enum err read_text(struct parser *p, struct imap_search_key *key)
{
        AUTO_BUF(utf8, MAX_TEXT);
        AUTO_BUF(folded, MAX_TEXT);
        struct slice octets;
        enum err err = imap_arg_astring(p->args, &octets);

        if (err)
                return err;
        if (++p->n_strings > MAX_STRINGS)
                return too_much(p);
        if (mime_charset_to_utf8(p->charset, octets, &utf8) || text_fold(buf_slice(&utf8), &folded))
                return wants(p, ERR_LIMIT, "a shorter string to search for");
        key->text = arena_copy(p->arena, buf_slice(&folded));
        if (p->fuzzy)
                key->fuzzy = imap_fuzzy_new(p->arena, buf_slice(&folded));
        return key->text.ptr ? ERR_OK : too_much(p);
}

static enum err read_set(struct parser *p, struct imap_search_key *key)
{
        enum err err = imap_arg_set(p->args, &key->set);

        return !err && key->set.saved && ++p->n_saved > MAX_SAVED ? too_much(p) : err;
}

/* RFC 9738 3.2: all UIDs on one side of one that need not be there. Unlike "UID n:*" it may be none. */
static enum err read_uid_bound(struct parser *p, enum argument argument,
                               struct imap_search_key *key)
{
        uint64_t uid;
        enum err err = imap_arg_number(p->args, UINT32_MAX, &uid);

        if (err || !uid)
                return wants(p, ERR_SYNTAX, "a UID");
        key->set_is_uids = true;
        key->set.ranges = arena_alloc(p->args->arena, sizeof *key->set.ranges);
        if (!key->set.ranges)
                return too_much(p);
        key->set.ranges->first = argument == UID_ABOVE ? (uint32_t)uid + 1 : 1;
        key->set.ranges->last = argument == UID_ABOVE ? UINT32_MAX : (uint32_t)uid - 1;
        key->set.n = uid == (argument == UID_ABOVE ? UINT32_MAX : 1) ? 0 : 1;
        return ERR_OK;
}

static enum err read_name(struct parser *p, struct imap_search_key *key)
{
        struct slice name;
        enum err err = key->kind == IMAP_SEARCH_KEYWORD ? imap_arg_atom(p->args, &name)
                                                        : imap_arg_astring(p->args, &name);

        if (err)
                return err;
        key->name = arena_copy(p->arena, name);
        return key->name.ptr ? ERR_OK : too_much(p);
}

static enum err read_date(struct parser *p, enum argument argument, struct imap_search_key *key)
{
        int64_t day;
        enum err err = imap_arg_date(p->args, &day);

        if (err)
                return err;
        key->from = argument == DATE_BEFORE ? INT64_MIN : day;
        key->to = argument == DATE_BEFORE ? day : argument == DATE_ON ? day + 1 : INT64_MAX;
        return ERR_OK;
}

static enum err read_number(struct parser *p, enum argument argument, struct imap_search_key *key)
{
        bool age = argument == AGE_OVER || argument == AGE_UNDER;
        uint64_t number;
        enum err err = imap_arg_number(p->args, age ? UINT32_MAX : INT64_MAX, &number);
        int64_t n;

        if (err)
                return err;
        n = (int64_t)number;
        if (argument == NUMBER_ABOVE && n < INT64_MAX)
                n++; /* of what is no less; nothing is above the last */
        key->from = argument == NUMBER_ABOVE || argument == AGE_OVER ? n : INT64_MIN;
        key->to = argument == NUMBER_BELOW || argument == AGE_UNDER ? n : INT64_MAX;
        /* RFC 5032 4.1: interval = nz-number. */
        return age && !n ? wants(p, ERR_SYNTAX, "a number of seconds that is not 0") : ERR_OK;
}

static enum err read_object_id(struct parser *p, struct imap_search_key *key)
{
        struct slice id;
        enum err err = imap_arg_atom(p->args, &id);

        if (err || !imap_is_object_id(id))
                return wants(p, ERR_SYNTAX, "an object id");
        key->text = arena_copy(p->arena, id);
        key->from = imap_thread_of_id(id);
        return key->text.ptr ? ERR_OK : too_much(p);
}

/*
 * ["/flags/…" priv|shared|all] mod-sequence: RFC 7162 7. A message has one MODSEQ, so that the flag
 * must be ignored (RFC 7162 3.1.5), but it must be one.
 */
static enum err read_modseq(struct parser *p, struct imap_search_key *key)
{
        struct slice name, type, flag;
        struct imap_args entry = { 0 };
        enum err err;

        p->search->has_modseq = true;
        if (!slice_starts(p->args->rest, SLICE("\"")))
                return imap_arg_modseq(p->args, true, &key->from);
        err = imap_arg_string(p->args, &name);
        if (err)
                return err;
        entry.rest = name;
        if (!slice_skip_word(&entry.rest, SLICE("/flags/")) || imap_arg_flag(&entry, &flag) ||
            !imap_arg_at_end(&entry))
                return wants(p, ERR_SYNTAX, "\"/flags/\" and a flag");
        err = imap_arg_space(p->args);
        if (!err)
                err = imap_arg_atom(p->args, &type);
        if (err)
                return err;
        if (!slice_eq_word(type, SLICE("priv")) && !slice_eq_word(type, SLICE("shared")) &&
            !slice_eq_word(type, SLICE("all")))
                return wants(p, ERR_SYNTAX, "priv, shared or all");
        err = imap_arg_space(p->args);
        return err ? err : imap_arg_modseq(p->args, true, &key->from);
}

static enum err read_argument(struct parser *p, const struct word *word,
                              struct imap_search_key *key)
{
        enum err err;

        if (word->argument == NONE)
                return ERR_OK;
        err = imap_arg_space(p->args);
        if (err)
                return err;
        switch (word->argument) {
        case NONE:
                break;
        case DATE_BEFORE:
        case DATE_ON:
        case DATE_SINCE:
                return read_date(p, word->argument, key);
        case NUMBER_ABOVE:
        case NUMBER_BELOW:
        case AGE_OVER:
        case AGE_UNDER:
                return read_number(p, word->argument, key);
        case FIELD:
                key->name = slice_of(word->name);
                return read_text(p, key);
        case STRING:
                return read_text(p, key);
        case FIELD_AND_STRING:
                err = read_name(p, key);
                if (!err)
                        err = imap_arg_space(p->args);
                return err ? err : read_text(p, key);
        case KEYWORD:
                return read_name(p, key);
        case UID_SET:
                key->set_is_uids = true;
                return read_set(p, key);
        case UID_ABOVE:
        case UID_BELOW:
                return read_uid_bound(p, word->argument, key);
        case OBJECT_ID:
                return read_object_id(p, key);
        case MODSEQ:
                return read_modseq(p, key);
        }
        return ERR_OK;
}

/* ---- keys ---- */

static enum err read_key(struct parser *p, unsigned depth, struct imap_search_key **ret_key);

static void note(struct parser *p, struct imap_search_key *key)
{
        switch (key->kind) {
        case IMAP_SEARCH_BODY:
        case IMAP_SEARCH_TEXT:
                key->cost = IMAP_SEARCH_BY_BODY;
                key->next_text = p->search->texts;
                p->search->texts = key;
                break;
        case IMAP_SEARCH_HEADER:
                key->cost = IMAP_SEARCH_BY_HEADER;
                break;
        case IMAP_SEARCH_SENT:
        case IMAP_SEARCH_THREADID:
                p->search->has_keys = true;
                break;
        case IMAP_SEARCH_EMAILID:
                p->search->has_email_ids = true;
                break;
        case IMAP_SEARCH_KEYWORD:
                p->search->has_keywords = true;
                break;
        case IMAP_SEARCH_ALL:
        case IMAP_SEARCH_AND:
        case IMAP_SEARCH_OR:
        case IMAP_SEARCH_NOT:
        case IMAP_SEARCH_FLAG:
        case IMAP_SEARCH_RECENT:
        case IMAP_SEARCH_SET:
        case IMAP_SEARCH_SIZE:
        case IMAP_SEARCH_MODSEQ:
        case IMAP_SEARCH_INTERNAL:
        case IMAP_SEARCH_SAVED:
        case IMAP_SEARCH_AGE:
                break;
        }
}

static void add_child(struct imap_search_key *parent, struct imap_search_key ***last,
                      struct imap_search_key *child)
{
        **last = child;
        *last = &child->next;
        if (child->cost > parent->cost)
                parent->cost = child->cost;
}

/* search-key *(SP search-key), up to what cannot begin another. */
static enum err read_keys(struct parser *p, unsigned depth, struct imap_search_key **ret_key)
{
        struct imap_search_key *key, *and = key_new(p, IMAP_SEARCH_AND), **last;
        enum err err;

        if (!and)
                return too_much(p);
        last = &and->child;
        do {
                err = read_key(p, depth, &key);
                if (!err)
                        add_child(and, &last, key);
                /* A blank at the end of the line is forgiven, as imap_arg_end does. */
        } while (!err && imap_arg_take(p->args, ' ') && !imap_arg_at_end(p->args));
        *ret_key = and;
        return err;
}

/* NOT and OR: `n` keys, each after a space. */
static enum err read_operands(struct parser *p, unsigned depth, struct imap_search_key *parent,
                              unsigned n)
{
        struct imap_search_key *key, **last = &parent->child;

        for (unsigned i = 0; i < n; i++) {
                enum err err = imap_arg_space(p->args);

                if (!err)
                        err = read_key(p, depth, &key);
                if (err)
                        return err;
                add_child(parent, &last, key);
        }
        return ERR_OK;
}

static const struct word *find_word(struct slice name)
{
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (slice_eq_word(name, slice_of(words[i].name)))
                        return &words[i];
        return NULL;
}

static enum err negate(struct parser *p, struct imap_search_key **key)
{
        struct imap_search_key *not = key_new(p, IMAP_SEARCH_NOT);

        if (!not )
                return too_much(p);
        not ->child = *key;
        not ->cost = (*key)->cost;
        *key = not ;
        return ERR_OK;
}

/* RFC 3501 6.4.4: NEW is RECENT UNSEEN. */
static enum err make_new(struct parser *p, struct imap_search_key **ret_key)
{
        struct imap_search_key *and = key_new(p, IMAP_SEARCH_AND), **last;
        struct imap_search_key *recent = key_new(p, IMAP_SEARCH_RECENT);
        struct imap_search_key *seen = key_new(p, IMAP_SEARCH_FLAG);

        if (!and || !recent || !seen)
                return too_much(p);
        seen->flag = STORE_FLAG_SEEN;
        if (negate(p, &seen))
                return ERR_LIMIT;
        last = &and->child;
        add_child(and, &last, recent);
        add_child(and, &last, seen);
        *ret_key = and;
        return ERR_OK;
}

/* RFC 6203 3: all below it is looked for fuzzily; keys that know no such thing as they are. */
static enum err read_fuzzy(struct parser *p, unsigned depth, struct imap_search_key **ret_key)
{
        bool outer = p->fuzzy;
        enum err err = imap_arg_space(p->args);

        p->fuzzy = p->search->has_fuzzy = true;
        if (!err)
                err = read_key(p, depth, ret_key);
        p->fuzzy = outer;
        return err;
}

static enum err read_word(struct parser *p, unsigned depth, struct imap_search_key **ret_key)
{
        const struct word *word;
        struct slice name;
        enum err err = imap_arg_atom(p->args, &name);
        bool is_or = !err && slice_eq_word(name, SLICE("OR"));

        if (err)
                return err;
        if (is_or || slice_eq_word(name, SLICE("NOT"))) {
                *ret_key = key_new(p, is_or ? IMAP_SEARCH_OR : IMAP_SEARCH_NOT);
                return *ret_key ? read_operands(p, depth, *ret_key, is_or ? 2 : 1) : too_much(p);
        }
        if (slice_eq_word(name, SLICE("FUZZY")))
                return read_fuzzy(p, depth, ret_key);
        if (slice_eq_word(name, SLICE("NEW")))
                return make_new(p, ret_key);
        word = find_word(name);
        if (!word)
                return wants(p, ERR_SYNTAX, "a search key");
        *ret_key = key_new(p, word->kind);
        if (!*ret_key)
                return too_much(p);
        (*ret_key)->flag = word->flag;
        err = read_argument(p, word, *ret_key);
        if (err)
                return err;
        note(p, *ret_key);
        return word->negated ? negate(p, ret_key) : ERR_OK;
}

static bool begins_set(const struct imap_args *a)
{
        char c = a->rest.len ? a->rest.ptr[0] : '\0';

        return ascii_digit(c) || c == '*' || c == '$';
}

static enum err read_key(struct parser *p, unsigned depth, struct imap_search_key **ret_key)
{
        if (depth >= MAX_DEPTH)
                return too_much(p);
        if (imap_arg_take(p->args, '(')) {
                enum err err = read_keys(p, depth + 1, ret_key);

                return err ? err : imap_arg_char(p->args, ')');
        }
        if (begins_set(p->args)) {
                if (p->args->rest.ptr[0] != '$') {
                        if (p->args->uid_only) {
                                imap_arg_no_numbers(p->args);
                                return ERR_SYNTAX;
                        }
                        p->search->has_numbers = true;
                }
                *ret_key = key_new(p, IMAP_SEARCH_SET);
                return *ret_key ? read_set(p, *ret_key) : too_much(p);
        }
        return read_word(p, depth + 1, ret_key);
}

/* ---- what stands before the keys ---- */

static bool charset_known(struct slice name)
{
        struct mime_charset charset;
        bool known;

        if (slice_eq_word(name, SLICE("US-ASCII")))
                return true;
        mime_charset_open(&charset, name);
        known = charset.kind != MIME_CHARSET_GUESS;
        mime_charset_close(&charset);
        return known;
}

enum err imap_search_charset_parse(struct imap_args *args, struct slice *ret_charset)
{
        enum err err = imap_arg_astring(args, ret_charset);

        if (!err && !charset_known(*ret_charset)) {
                args->wanted = "a charset that is known";
                return ERR_NOTFOUND;
        }
        return err;
}

enum err imap_search_keys_parse(struct imap_args *args, struct arena *arena, struct slice charset,
                                struct imap_search *search)
{
        struct parser p = { .args = args, .arena = arena, .search = search, .charset = charset };
        enum err err = read_keys(&p, 0, &search->root);

        if (!err)
                err = imap_arg_end(args);
        /* RFC 6203 4 */
        if (!err && (search->returns.options & IMAP_SEARCH_RELEVANCY) && !search->has_fuzzy)
                err = wants(&p, ERR_SYNTAX, "a FUZZY key with RELEVANCY");
        /* What was read so far points into an arena that may be given up. */
        if (err)
                search->root = search->texts = NULL;
        return err;
}

enum err imap_search_parse(struct imap_args *args, struct arena *arena,
                           struct imap_search *ret_search)
{
        struct imap_search search = { 0 };
        struct slice charset = SLICE("");
        enum err err = imap_search_returns_parse(args, &search.returns);

        if (!err && slice_skip_word(&args->rest, SLICE("CHARSET "))) {
                search.has_charset = true;
                err = imap_search_charset_parse(args, &charset);
                if (!err)
                        err = imap_arg_space(args);
        }
        if (!err)
                err = imap_search_keys_parse(args, arena, charset, &search);
        if (!err)
                *ret_search = search;
        ret_search->returns = search.returns;
        return err;
}
