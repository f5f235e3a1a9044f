/*
 * conn_account.c — connections counted by account, and room made for a newcomer.
 *
 * A client that lost its network comes back while its old connections still stand here, and
 * people have more devices than they remember. So a login over the limit is not refused while one
 * of the account's connections does nothing: the one that has been silent for longest ends, one
 * of the newcomer's own address before those of others.
 */
#include "conn_impl.h"

#include "mailserver/core/log.h"

static const char evicted[] = "Too many connections of this account: a newer one takes this place";

/* Nothing is in hand and nothing on its way. */
static bool is_idle(const struct conn *c)
{
        const struct conn_handler *handler = c->service->handler;

        return c->opened && !conn_closing(c) && !c->stop_told && !c->ready_wanted && !c->starttls &&
               !c->handshaking && handler->idles && handler->idles(c->session) &&
               conn_output_waiting(c) == 0 && conn_input_waiting(c) == 0;
}

/* Is `a` to go rather than `b` (or nobody, NULL), for one who comes from `address`? */
static bool goes_before(const struct conn *a, const struct conn *b, uint64_t address)
{
        bool same_a = net_address_key(&a->peer) == address;
        bool same_b = b && net_address_key(&b->peer) == address;

        if (!b || same_a != same_b)
                return !b || same_a;
        return a->last_input_ms < b->last_input_ms;
}

static struct conn *find_idle(struct net_server *n, int64_t account, const struct conn *newcomer)
{
        uint64_t address = net_address_key(&newcomer->peer);
        struct conn *found = NULL;

        list_each (link, &n->conns) {
                struct conn *c = container_of(link, struct conn, link);

                if (c != newcomer && c->account == account && is_idle(c) &&
                    goes_before(c, found, address))
                        found = c;
        }
        return found;
}

static void forget(struct conn *c)
{
        if (c->account)
                counters_remove(&c->server->accounts, (uint64_t)c->account);
        mem_free(c->account_name);
        c->account_name = NULL;
        c->account = 0;
}

static void evict(struct conn *c, const struct conn *newcomer)
{
        log_info("c=%s net evicted by=%s account=%lld idle_ms=%lld", c->id, newcomer->id,
                 (long long)c->account,
                 (long long)(loop_now_ms(c->server->loop) - c->last_input_ms));
        conn_note(c, "evicted");
        conn_enter(c);
        /* Its place is free now, however long its goodbye takes to leave. */
        forget(c);
        conn_kill(c, evicted);
        conn_leave(c);
}

/* False: all that there are have something in hand. */
static bool make_room(struct conn *newcomer, int64_t account)
{
        struct net_server *n = newcomer->server;

        while (counters_get(&n->accounts, (uint64_t)account) >=
               n->config->max_connections_per_account) {
                struct conn *c = find_idle(n, account, newcomer);

                if (!c)
                        return false;
                evict(c, newcomer);
        }
        return true;
}

enum err conn_set_account(struct conn *c, int64_t account, struct slice name)
{
        if (account && account != c->account && !make_room(c, account))
                return ERR_LIMIT;
        forget(c);
        if (!account)
                return ERR_OK;
        counters_add(&c->server->accounts, (uint64_t)account);
        c->account_name = mem_strdup(name);
        c->account = account;
        return ERR_OK;
}
