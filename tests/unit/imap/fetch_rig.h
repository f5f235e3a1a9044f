/*
 * fetch_rig.h — a message as the store hands it out, and its FETCH response chunk by
 * chunk as fetch_run.c makes it: for unit tests and the fuzz target.
 */
#ifndef FETCH_RIG_H
#define FETCH_RIG_H

#include "fetch_render.h"

#include "mailserver/mime/summary.h"
#include "mailserver/store/message.h"

struct rig_message {
        struct mime_summary summary;
        struct buf octets; /* without the trace */
        struct store_fetch_row row;
};

/* `in_file`: the body is in a file, so that the row has no octets of it. */
static inline void rig_message_init(struct rig_message *m, const char *trace, struct slice octets,
                                    bool in_file)
{
        struct slice stored;

        m->octets = (struct buf)BUF_INIT(BUF_MAX);
        buf_add(&m->octets, octets);
        stored = buf_slice(&m->octets);
        mime_summary_init(&m->summary);
        mime_summarise(stored, &mime_limits_default, &m->summary);
        m->row = (struct store_fetch_row){
                .uid = 7,
                .flags = STORE_FLAG_SEEN,
                .internal_date_us = INT64_C(837571465000000),
                .trace = slice_of(trace),
                .size = (int64_t)(strlen(trace) + octets.len),
                .envelope = buf_slice(&m->summary.envelope),
                .bodystructure = buf_slice(&m->summary.bodystructure),
                .body = buf_slice(&m->summary.body),
                .preview = buf_slice(&m->summary.preview),
                .header = slice_head(stored, m->summary.header_length),
                .parts = buf_slice(&m->summary.parts),
                .octets = slice_from(stored, m->summary.header_length),
        };
        if (in_file)
                m->row.octets = (struct slice){ NULL, 0 };
}

static inline void rig_message_done(struct rig_message *m)
{
        mime_summary_done(&m->summary);
        buf_done(&m->octets);
}

/* Octets from `offset` on, trace and all: what the store reads. */
static inline void rig_read(const struct rig_message *m, uint64_t offset, size_t max,
                            struct buf *out)
{
        AUTO_BUF(whole, BUF_MAX);

        buf_add(&whole, m->row.trace);
        buf_add(&whole, buf_slice(&m->octets));
        buf_add(out, slice_head(slice_from(buf_slice(&whole), (size_t)offset), max));
}

/* All of the response as message 3; how many chunks. */
static inline enum err rig_render(struct imap_fetch_render *r, const struct rig_message *m,
                                  struct buf *out, int *ret_chunks)
{
        static const struct imap_fetch_message message = { 3, false };
        enum err err = ERR_OK;
        bool whole = false;

        *ret_chunks = 1;
        while (!err && !whole) {
                AUTO_BUF(piece, IMAP_FETCH_PIECE);

                if (r->stream.phase == IMAP_STREAM_IDLE) {
                        err = imap_fetch_render_row(r, &m->row, &message, &whole);
                } else {
                        rig_read(m, r->stream.offset, imap_fetch_stream_wants(&r->stream), &piece);
                        err = imap_fetch_stream_put(&r->stream, buf_slice(&piece), &r->scratch,
                                                    &r->chunk);
                }
                if (whole || imap_fetch_render_full(r)) {
                        buf_add(out, buf_slice(&r->chunk));
                        buf_clear(&r->chunk);
                        *ret_chunks += !whole;
                }
        }
        return err;
}

#endif
