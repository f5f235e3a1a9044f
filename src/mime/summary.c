/* summary.c — all that is worked out about a message, in one call. */
#include "mailserver/mime/summary.h"

#include "bodystructure.h"
#include "envelope.h"
#include "index.h"
#include "message_id.h"
#include "parts_table.h"
#include "preview.h"
#include "render.h"
#include "subject.h"

#include "mailserver/mime/date.h"
#include "mailserver/mime/field.h"

const struct mime_limits mime_limits_default = {
        .max_depth = 64,
        .max_parts = 1000,
        .max_rendering = (size_t)1 << 20,
};

/* Message ids for threading: some 300 of the usual length. */
enum { MAX_REFERENCES = 16 << 10, SMALL = 4096 };

void mime_summary_init(struct mime_summary *summary)
{
        *summary = (struct mime_summary){
                .envelope.max = BUF_MAX,
                .bodystructure.max = BUF_MAX,
                .body.max = BUF_MAX,
                .parts.max = BUF_MAX,
                .preview.max = SMALL,
                .base_subject.max = SMALL,
                .message_id.max = SMALL,
                .references.max = MAX_REFERENCES + SMALL,
                .sent_us = INT64_MIN,
        };
}

void mime_summary_done(struct mime_summary *summary)
{
        buf_done(&summary->envelope);
        buf_done(&summary->bodystructure);
        buf_done(&summary->body);
        buf_done(&summary->parts);
        buf_done(&summary->preview);
        buf_done(&summary->base_subject);
        buf_done(&summary->message_id);
        buf_done(&summary->references);
}

/* The fields that sorting and threading want: RFC 5256 2 and 3. */
struct thread_fields {
        struct slice date, subject, message_id, references, in_reply_to; /* .ptr NULL: not there */
};

static void collect(struct slice header, struct thread_fields *f)
{
        const struct {
                const char *name;
                struct slice *value;
        } wanted[] = {
                {"date",         &f->date       },
                { "subject",     &f->subject    },
                { "message-id",  &f->message_id },
                { "references",  &f->references },
                { "in-reply-to", &f->in_reply_to},
        };
        struct mime_field field;

        while (mime_field_next(&header, &field))
                for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
                        if (!wanted[i].value->ptr &&
                            slice_eq_word(field.name, slice_of(wanted[i].name)))
                                *wanted[i].value = field.value;
}

static void put_threading(struct slice header, struct mime_summary *s)
{
        struct thread_fields f = { 0 };

        collect(header, &f);
        if (f.date.ptr && !mime_date_parse(f.date, &s->sent_us))
                s->sent_us = INT64_MIN;
        if (f.subject.ptr)
                mime_base_subject(f.subject, &s->base_subject, &s->subject_is_reply);
        if (f.message_id.ptr)
                mime_message_id(f.message_id, &s->message_id);
        if (f.references.ptr)
                mime_message_ids(f.references, &s->references, MAX_REFERENCES);
        /* RFC 5256 3: the first id of In-Reply-To when References names none. */
        if (!s->references.len && f.in_reply_to.ptr)
                mime_message_id(f.in_reply_to, &s->references);
}

/* Room for what an ordinary message takes, so that nothing has to grow step by step. */
static void reserve(struct mime_summary *s)
{
        const struct {
                struct buf *buf;
                size_t octets;
        } usual[] = {
                {&s->envelope,       1000},
                { &s->bodystructure, 1000},
                { &s->body,          500 },
                { &s->parts,         60  },
                { &s->preview,       400 },
        };

        for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
                enum err ignored = buf_reserve(usual[i].buf, usual[i].octets);

                (void)ignored; /* only room; writing sees the ceiling */
        }
}

void mime_summarise(struct slice message, const struct mime_limits *limits,
                    struct mime_summary *ret_summary)
{
        struct mime_summary *s = ret_summary;
        struct mime_index index;
        struct slice header;
        struct mime_render envelope = mime_render_to(&s->envelope, limits->max_rendering);

        reserve(s);
        mime_index_build(&index, message, limits);
        header = mime_part_header(&index, &index.parts[0]);
        s->header_length = header.len;
        s->has_8bit = index.has_8bit;
        s->has_8bit_header = index.has_8bit_header;
        for (uint32_t i = 0; i < index.n_parts; i++)
                s->has_attachment = s->has_attachment || index.parts[i].attachment;
        mime_envelope_render(&envelope, header);
        mime_bodystructure_render(&index, limits->max_rendering, &s->bodystructure, &s->body);
        mime_parts_render(&index, &s->parts);
        mime_preview_render(&index, &s->preview);
        put_threading(header, s);
        mime_index_done(&index);
}
