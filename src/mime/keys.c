/* keys.c — what SEARCH, SORT and THREAD ask of a header: RFC 5256 2 and 3, RFC 5957. */
#include "mailserver/mime/keys.h"

#include "address_walk.h"
#include "casemap.h"
#include "message_id.h"
#include "subject.h"

#include "mailserver/mime/date.h"
#include "mailserver/mime/encoded_word.h"
#include "mailserver/mime/field.h"

/* Message ids for threading: some 300 of the usual length. */
enum { MAX_REFERENCES = 16 << 10, MAX_SUBJECT = 4096, MAX_ID = 4096, MAX_ADDRESS = 64 << 10 };

void mime_keys_init(struct mime_keys *keys)
{
        *keys = (struct mime_keys){
                .base_subject.max = MAX_SUBJECT,
                .message_id.max = MAX_ID,
                .references.max = MAX_REFERENCES + MAX_ID,
                .from.max = MIME_KEYS_ADDRESS,
                .to.max = MIME_KEYS_ADDRESS,
                .cc.max = MIME_KEYS_ADDRESS,
                .display_from.max = MIME_KEYS_ADDRESS,
                .display_to.max = MIME_KEYS_ADDRESS,
                .sent_us = INT64_MIN,
                .sent_day = INT64_MIN,
        };
}

void mime_keys_done(struct mime_keys *keys)
{
        buf_done(&keys->base_subject);
        buf_done(&keys->message_id);
        buf_done(&keys->references);
        buf_done(&keys->from);
        buf_done(&keys->to);
        buf_done(&keys->cc);
        buf_done(&keys->display_from);
        buf_done(&keys->display_to);
}

enum { DATE, SUBJECT, MESSAGE_ID, REFERENCES, IN_REPLY_TO, FROM, TO, CC, FIELDS };
static const char *const field_names[FIELDS] = {
        "date", "subject", "message-id", "references", "in-reply-to", "from", "to", "cc",
};

/* The first field of each name. */
static void collect(struct slice header, struct slice values[FIELDS])
{
        struct mime_field field;

        while (mime_field_next(&header, &field))
                for (size_t i = 0; i < FIELDS; i++)
                        if (!values[i].ptr && slice_eq_word(field.name, slice_of(field_names[i])))
                                values[i] = field.value;
}

/* ---- addresses ---- */

/* In the form for comparing; encoded words are decoded first: RFC 5255 4.6. */
static void put_key(struct slice text, struct buf *out)
{
        AUTO_BUF(utf8, MAX_ADDRESS);
        enum err cut = mime_header_to_utf8(text, &utf8);

        (void)cut; /* far behind what is kept */
        mime_casemap(buf_slice(&utf8), MIME_KEYS_ADDRESS, out);
}

/* RFC 5957 3: its name; else the address. */
static void put_display(const struct mime_address *a, struct buf *out)
{
        AUTO_BUF(text, MAX_ADDRESS);

        if (a->name.len)
                put_key(a->name, out);
        if (out->len || a->kind != MIME_ADDRESS_MAILBOX)
                return;
        buf_add(&text, a->local);
        if (a->domain.len) {
                buf_addc(&text, '@');
                buf_add(&text, a->domain);
        }
        put_key(buf_slice(&text), out);
}

/*
 * The first address of a field. A group counts by its name, which stands where
 * the mailbox would: RFC 9051 7.5.2.
 */
static void put_first(struct slice value, struct buf *mailbox, struct buf *display)
{
        struct arena arena = ARENA_INIT(MAX_ADDRESS);
        struct address_walk walk = { .scan.rest = value, .arena = &arena };
        struct mime_address a;

        if (value.ptr && mime_address_next(&walk, &a)) {
                put_key(a.kind == MIME_ADDRESS_MAILBOX ? a.local : a.name, mailbox);
                if (display)
                        put_display(&a, display);
        }
        arena_done(&arena);
}

/* ---- all of them ---- */

static void put_threading(const struct slice values[FIELDS], struct mime_keys *keys)
{
        if (values[MESSAGE_ID].ptr)
                mime_message_id(values[MESSAGE_ID], &keys->message_id);
        if (values[REFERENCES].ptr)
                mime_message_ids(values[REFERENCES], &keys->references, MAX_REFERENCES);
        /* RFC 5256 3: the first id of In-Reply-To when References names none. */
        if (!keys->references.len && values[IN_REPLY_TO].ptr)
                mime_message_id(values[IN_REPLY_TO], &keys->references);
}

void mime_keys_of(struct slice header, struct mime_keys *keys)
{
        struct slice values[FIELDS] = {
                {NULL, 0}
        };

        collect(header, values);
        if (values[DATE].ptr && !mime_date_parse(values[DATE], &keys->sent_us, &keys->sent_day))
                keys->sent_us = keys->sent_day = INT64_MIN;
        if (values[SUBJECT].ptr)
                mime_base_subject(values[SUBJECT], &keys->base_subject, &keys->subject_is_reply);
        put_threading(values, keys);
        put_first(values[FROM], &keys->from, &keys->display_from);
        put_first(values[TO], &keys->to, &keys->display_to);
        put_first(values[CC], &keys->cc, NULL);
}
