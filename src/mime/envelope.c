/*
 * envelope.c — ENVELOPE: RFC 9051 7.5.2.
 *
 * Values are the mail's own octets, unfolded: encoded words and 8-bit text are the
 * client's to read. Of fields that may not be repeated the first counts; To, Cc
 * and Bcc are added up (RFC 5322 4.5.3). A mailbox without a domain has "" for its
 * host, because NIL there means a group.
 */
#include "envelope.h"

#include "address_walk.h"

#include "mailserver/mime/field.h"

enum envelope_field {
        ENVELOPE_DATE,
        ENVELOPE_SUBJECT,
        ENVELOPE_FROM,
        ENVELOPE_SENDER,
        ENVELOPE_REPLY_TO,
        ENVELOPE_TO,
        ENVELOPE_CC,
        ENVELOPE_BCC,
        ENVELOPE_IN_REPLY_TO,
        ENVELOPE_MESSAGE_ID,
        ENVELOPE_FIELDS,
};
static const char *const field_names[ENVELOPE_FIELDS] = {
        "date", "subject", "from", "sender",      "reply-to",
        "to",   "cc",      "bcc",  "in-reply-to", "message-id",
};

/* Text of addresses that had to be put together, for one envelope. */
#define MAX_ARENA ((size_t)4 << 20)

struct envelope {
        struct slice header;
        struct slice values[ENVELOPE_FIELDS]; /* .ptr NULL: not there */
        bool repeated[ENVELOPE_FIELDS];
        struct arena arena;
};

static void collect(struct envelope *e)
{
        struct slice rest = e->header;
        struct mime_field field;

        while (mime_field_next(&rest, &field)) {
                for (int i = 0; i < ENVELOPE_FIELDS; i++) {
                        if (!slice_eq_word(field.name, slice_of(field_names[i])))
                                continue;
                        if (e->values[i].ptr)
                                e->repeated[i] = true;
                        else
                                e->values[i] = field.value;
                        break;
                }
        }
}

static void put_text(struct mime_render *r, const struct envelope *e, enum envelope_field f)
{
        struct slice value = e->values[f];

        mime_render_nstring(r, value.ptr ? mime_trim(value) : value);
}

static void put_address(struct mime_render *r, const struct mime_address *a)
{
        switch (a->kind) {
        case MIME_ADDRESS_MAILBOX:
                mime_render_raw(r, "(");
                mime_render_nstring(r, a->name);
                mime_render_raw(r, " ");
                mime_render_nstring(r, a->route);
                mime_render_raw(r, " ");
                mime_render_string(r, a->local);
                mime_render_raw(r, " ");
                mime_render_string(r, a->domain);
                mime_render_raw(r, ")");
                break;
        case MIME_ADDRESS_GROUP_START:
                mime_render_raw(r, "(NIL NIL ");
                mime_render_string(r, a->name);
                mime_render_raw(r, " NIL)");
                break;
        case MIME_ADDRESS_GROUP_END:
                mime_render_raw(r, "(NIL NIL NIL NIL)");
                break;
        }
}

/* The addresses of one field's value, behind those that *any says are there. */
static void put_value(struct mime_render *r, struct envelope *e, struct slice value, bool *any)
{
        struct address_walk walk = { .scan.rest = value, .arena = &e->arena };
        struct mime_address address;

        while (!mime_render_tight(r) && mime_address_next(&walk, &address)) {
                if (!*any)
                        mime_render_raw(r, "(");
                *any = true;
                put_address(r, &address);
                /* Syntax is not counted, but here the mail decides how much there is of it. */
                r->budget -= r->budget < 16 ? r->budget : 16;
        }
        if (walk.in_group) /* the list was cut within it */
                put_address(r, &(struct mime_address){ .kind = MIME_ADDRESS_GROUP_END });
}

/* False, and nothing written, when there are no addresses. */
static bool put_list(struct mime_render *r, struct envelope *e, enum envelope_field f)
{
        struct slice rest = e->header;
        struct mime_field field;
        bool any = false;

        if (!e->values[f].ptr)
                return false;
        if (!e->repeated[f] || (f != ENVELOPE_TO && f != ENVELOPE_CC && f != ENVELOPE_BCC)) {
                put_value(r, e, e->values[f], &any);
        } else {
                while (mime_field_next(&rest, &field))
                        if (slice_eq_word(field.name, slice_of(field_names[f])))
                                put_value(r, e, field.value, &any);
        }
        if (any)
                mime_render_raw(r, ")");
        return any;
}

/* The From list again, which begins at `start` and is `len` octets; 0: NIL. */
static void put_again(struct mime_render *r, size_t start, size_t len)
{
        if (!len || len > r->budget || buf_reserve(r->out, len)) {
                mime_render_raw(r, "NIL");
                return;
        }
        buf_add(r->out, (struct slice){ r->out->ptr + start, len });
        r->budget -= len;
}

void mime_envelope_render(struct mime_render *r, struct slice header)
{
        struct envelope e = { .header = header, .arena = ARENA_INIT(MAX_ARENA) };
        size_t from, from_len;

        collect(&e);
        mime_render_raw(r, "(");
        put_text(r, &e, ENVELOPE_DATE);
        mime_render_raw(r, " ");
        put_text(r, &e, ENVELOPE_SUBJECT);
        mime_render_raw(r, " ");
        from = r->out->len;
        from_len = put_list(r, &e, ENVELOPE_FROM) ? r->out->len - from : 0;
        if (!from_len)
                mime_render_raw(r, "NIL");
        for (enum envelope_field f = ENVELOPE_SENDER; f <= ENVELOPE_BCC; f++) {
                mime_render_raw(r, " ");
                if (put_list(r, &e, f))
                        continue;
                /* RFC 9051 7.5.2: Sender and Reply-To default to From. */
                put_again(r, from, f <= ENVELOPE_REPLY_TO ? from_len : 0);
        }
        mime_render_raw(r, " ");
        put_text(r, &e, ENVELOPE_IN_REPLY_TO);
        mime_render_raw(r, " ");
        put_text(r, &e, ENVELOPE_MESSAGE_ID);
        mime_render_raw(r, ")");
        arena_done(&e.arena);
}
