/* summary.c — all that is worked out about a message, in one call. */
#include "mailserver/mime/summary.h"

#include "bodystructure.h"
#include "envelope.h"
#include "index.h"
#include "parts_table.h"
#include "preview.h"
#include "render.h"

const struct mime_limits mime_limits_default = {
        .max_depth = 64,
        .max_parts = 1000,
        .max_rendering = (size_t)1 << 20,
};

enum { SMALL = 4096 };

void mime_summary_init(struct mime_summary *summary)
{
        *summary = (struct mime_summary){
                .envelope.max = BUF_MAX,
                .bodystructure.max = BUF_MAX,
                .body.max = BUF_MAX,
                .parts.max = BUF_MAX,
                .preview.max = SMALL,
        };
        mime_keys_init(&summary->keys);
}

void mime_summary_done(struct mime_summary *summary)
{
        buf_done(&summary->envelope);
        buf_done(&summary->bodystructure);
        buf_done(&summary->body);
        buf_done(&summary->parts);
        buf_done(&summary->preview);
        mime_keys_done(&summary->keys);
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
        mime_keys_of(header, &s->keys);
        mime_index_done(&index);
}
