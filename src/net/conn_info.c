/* conn_info.c — what an administrator sees of a connection: its notes and its line in session list. */
#include "conn_impl.h"

enum { NOTES_FIRST = 4, NOTES_KEPT = 32 };

/* Grows to NOTES_KEPT, then the oldest is overwritten: an idle session has few. */
struct conn_notes {
        uint32_t room, total;
        struct {
                const char *what; /* a literal */
                uint32_t at_ms;   /* since the connection was opened */
        } entries[];
};

void conn_note(struct conn *c, const char *what)
{
        struct conn_notes *notes = c->notes;
        uint32_t room = notes ? notes->room : 0, total = notes ? notes->total : 0;

        if (total == room && room < NOTES_KEPT) {
                room = room ? room * 2 : NOTES_FIRST;
                notes = mem_realloc(notes, sizeof *notes + room * sizeof notes->entries[0]);
                notes->room = room;
                notes->total = total;
                c->notes = notes;
        }
        notes->entries[total % room].what = what;
        notes->entries[total % room].at_ms =
                (uint32_t)(loop_now_ms(c->server->loop) - c->opened_ms);
        notes->total = total + 1;
}

void conn_print_notes(struct conn *c, struct buf *out)
{
        const struct conn_notes *notes = c->notes;
        uint32_t first;

        if (!notes)
                return;
        first = notes->total > notes->room ? notes->total - notes->room : 0;
        for (uint32_t i = first; i < notes->total; i++)
                buf_addf(out, "%u %s\n", notes->entries[i % notes->room].at_ms,
                         notes->entries[i % notes->room].what);
}

static const char *state_of(const struct conn *c)
{
        if (conn_closing(c))
                return "closing";
        if (c->handshaking)
                return "handshake";
        if (!c->service->handler->state)
                return "";
        return c->service->handler->state(c->session);
}

static const char *client_of(const struct conn *c)
{
        if (!c->opened || !c->service->handler->client)
                return NULL;
        return c->service->handler->client(c->session);
}

void conn_describe(struct conn *c, struct conn_info *ret_info)
{
        const char *version = conn_tls_version(c), *client = client_of(c);

        *ret_info = (struct conn_info){
                .id = c->id,
                .protocol = c->service->handler->protocol,
                .service = c->service->name,
                .peer = c->peer_text,
                .account = c->account_name ? c->account_name : "",
                .state = state_of(c),
                .tls = version ? version : "",
                .client = client ? client : "",
                .opened_us = c->opened_us,
                .idle_ms = loop_now_ms(c->server->loop) - c->last_input_ms,
                .octets_in = (int64_t)c->octets_in,
                .octets_out = (int64_t)c->octets_out,
        };
}
