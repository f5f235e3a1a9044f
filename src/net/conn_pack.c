/*
 * conn_pack.c — a layer of compression between the session and the socket or TLS.
 *
 *      what has come ─► unpacked in pieces, as the session asks ─► lines, streams
 *      what a turn has written ─► packed ─► on the wire; flushed at the turn's end
 *
 * Input is unpacked no further than the session reads, so that a few octets that stand for
 * millions cost no memory, and no more of a turn than those millions would. A connection on which
 * nothing is said for compress_rest gives its memory back: see packer.h.
 */
#include "bev.h"
#include "conn_impl.h"
#include "packer.h"

#include "mailserver/core/log.h"
#include "mailserver/net/compress.h"

#include <assert.h>

enum { PIECE = 16 << 10 };

struct conn_pack {
        struct packer *packer;  /* owned */
        struct evbuffer *input; /* owned; unpacked */
        int64_t used_ms;        /* when something was last read or written */
        bool ended : 1;         /* the peer has ended its stream */
        bool damaged : 1;       /* what it sends is none */
        bool told : 1;          /* and the session knows */
        bool ending : 1;        /* conn_stop_compress: our stream has its end now */
        bool leaving : 1;       /* and what follows is in the clear */
};

void conn_start_compress(struct conn *c)
{
        const struct net_config *config = c->server->config;
        struct packer_params params = {
                .window_bits = (int)config->compress_window,
                .memory_level = (int)config->compress_memory,
                .level = (int)config->compress_level,
        };

        assert(!c->pack);
        if (conn_closing(c))
                return;
        conn_output_flush(c);
        conn_input_settle(c);
        c->pack = NEW(struct conn_pack);
        c->pack->packer = packer_new(&params);
        c->pack->input = evbuffer_new();
        assert(c->pack->input);
        conn_note(c, "compressed");
        log_debug("c=%s net compressed", c->id);
}

bool conn_is_compressed(const struct conn *c)
{
        return conn_packs_output(c);
}

void conn_pack_free(struct conn *c)
{
        if (!c->pack)
                return;
        packer_free(c->pack->packer);
        evbuffer_free(c->pack->input);
        mem_free(c->pack);
        c->pack = NULL;
}

static void note_use(struct conn *c)
{
        c->pack->used_ms = loop_now_ms(c->server->loop);
        conn_watch_pack(c);
}

/* ---- what is read ---- */

struct evbuffer *conn_pack_input(const struct conn *c)
{
        return c->pack->input;
}

bool conn_pack_ended(const struct conn *c)
{
        return c->pack && c->pack->ended;
}

static struct slice first_piece(struct evbuffer *from)
{
        size_t n = evbuffer_get_contiguous_space(from);

        return (struct slice){ n ? (const char *)evbuffer_pullup(from, (ev_ssize_t)n) : "", n };
}

/* What comes is none, and what follows it cannot be read either. */
static void damaged(struct conn *c)
{
        struct evbuffer *from = conn_wire_input(c);

        if (!c->pack->damaged)
                conn_note(c, "compressed input is damaged");
        c->pack->damaged = true;
        c->octets_in += evbuffer_get_length(from);
        evbuffer_drain(from, evbuffer_get_length(from));
        /* Nobody may be heard under a compression that has ended. */
        if (c->pack->leaving) {
                evbuffer_drain(c->pack->input, evbuffer_get_length(c->pack->input));
                c->searched = 0;
        }
        conn_wake(c);
}

/* How many octets it gave. */
static size_t unpack_piece(struct conn *c)
{
        struct evbuffer *from = conn_wire_input(c);
        struct conn_pack *pack = c->pack;
        struct slice whole = first_piece(from), left = whole;
        struct evbuffer_iovec room;
        int reserved = evbuffer_reserve_space(pack->input, PIECE, &room, 1);
        enum packer_unpacked result;

        assert(reserved == 1); /* fails only for want of memory */
        result = packer_unpack(pack->packer, &left, room.iov_base, PIECE, &room.iov_len);
        evbuffer_commit_space(pack->input, &room, 1);
        evbuffer_drain(from, whole.len - left.len);
        c->octets_in += whole.len - left.len;
        pack->ended = result == PACKER_END;
        if (result == PACKER_DAMAGED)
                damaged(c);
        return room.iov_len;
}

bool conn_pack_holds(const struct conn *c)
{
        return c->pack && !c->pack->ended && !c->pack->damaged &&
               (conn_received(c) || packer_holds(c->pack->packer));
}

/* The peer has said that it compresses no more: what is left to read is the end of its stream. */
static void unpack_rest(struct conn *c)
{
        while (conn_pack_holds(c) && !packer_at_flush(c->pack->packer))
                if (unpack_piece(c))
                        damaged(c);
        if (!c->pack->damaged && (c->pack->ended || packer_at_flush(c->pack->packer)))
                conn_pack_free(c);
}

bool conn_unpack(struct conn *c)
{
        size_t n = 0;

        if (c->pack && c->pack->leaving) {
                unpack_rest(c);
                if (!c->pack)
                        return true;
        }
        if (c->pack && c->pack->damaged)
                damaged(c);
        if (!conn_pack_holds(c) || c->pack->leaving)
                return false;
        note_use(c);
        while (!n && conn_pack_holds(c))
                n = unpack_piece(c);
        return n > 0;
}

void conn_pack_settle(struct conn *c)
{
        if (!c->pack || !c->pack->damaged || c->pack->told || conn_closing(c))
                return;
        c->pack->told = true;
        conn_kill(c, "What you send is not compressed as it should be");
}

/* ---- what is written ---- */

bool conn_packs_output(const struct conn *c)
{
        return c->pack && !c->pack->leaving;
}

void conn_pack_output(struct conn *c, struct slice octets, struct buf *out)
{
        note_use(c);
        packer_pack(c->pack->packer, octets, out);
}

void conn_pack_flush(struct conn *c, struct buf *out)
{
        if (c->closing || c->pack->ending)
                packer_finish(c->pack->packer, out);
        else
                packer_flush(c->pack->packer, out);
}

/* ---- the end ---- */

void conn_stop_compress(struct conn *c)
{
        struct conn_pack *pack = c->pack;

        if (!pack || conn_closing(c))
                return;
        pack->ending = true;
        conn_output_flush(c);
        pack->leaving = true;
        conn_input_settle(c);
        conn_note(c, "no longer compressed");
        log_debug("c=%s net no longer compressed", c->id);
        /* What was unpacked beyond should have been said in the clear. */
        if (evbuffer_get_length(pack->input))
                damaged(c);
        else
                unpack_rest(c);
}

/* ---- rest ---- */

int64_t conn_pack_rest(struct conn *c, int64_t now)
{
        int64_t due;

        if (!c->pack)
                return 0;
        due = c->pack->used_ms + c->server->config->compress_rest_ms;
        if (now < due)
                return due;
        packer_rest(c->pack->packer);
        log_debug("c=%s net rests memory=%zu", c->id, conn_pack_memory(c));
        return 0;
}

size_t conn_pack_memory(const struct conn *c)
{
        return c->pack ? packer_memory(c->pack->packer) : 0;
}
