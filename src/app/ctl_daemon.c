/* ctl_daemon.c — mailserverctl status, session and reload: what only the running daemon knows. */
#include "ctl_commands.h"
#include "reload.h"
#include "server.h"
#include "status.h"

#include "mailserver/core/clock.h"
#include "mailserver/net/server.h"

/* ---- status ---- */

static void status_row(void *arg, const char *name, const char *value)
{
        ctl_row(arg, json_pack("{s:s,s:s}", "name", name, "value", value));
}

static enum err status_work(struct ctl_call *call, struct store_txn *tx)
{
        return status_each_stored(tx, status_row, call);
}

/* What the store has said comes last. */
static void status_run(struct ctl_call *call, struct server *s)
{
        struct buf stored = call->rows;

        call->rows = (struct buf)BUF_INIT(stored.max);
        status_each(s, status_row, call);
        buf_add(&call->rows, buf_slice(&stored));
        buf_done(&stored);
        ctl_call_finish(call, ERR_OK);
}

const struct ctl_command ctl_status = {
        .group = "status",
        .help = "Says how the running server is, a name and a value a line.",
        .columns = (const char *const[]){"name", "value", NULL},
        .place = CTL_READ,
        .work = status_work,
        .run = status_run,
};

/* ---- sessions ---- */

static const struct ctl_param session_param[] = {
        {"ID",   CTL_WORD, false, "a session's id, as session list and the log show it" },
        { 0},
};
static const struct ctl_param kill_params[] = {
        {"ID",   CTL_WORD, false, "a session's id, or an account: all its sessions" },
        { 0},
};

static void session_row(struct conn *c, void *arg)
{
        struct conn_info i;
        char opened[CLOCK_ISO_SIZE];

        conn_describe(c, &i);
        clock_iso(i.opened_us, opened);
        ctl_row(arg, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "id", i.id, "service",
                               i.service, "peer", i.peer, "account", i.account ? i.account : "-",
                               "state", i.state ? i.state : "-", "tls", i.tls ? i.tls : "-",
                               "opened", opened, "idle_s", (json_int_t)(i.idle_ms / 1000), "in",
                               (json_int_t)i.octets_in, "out", (json_int_t)i.octets_out));
}

static void session_list_run(struct ctl_call *call, struct server *s)
{
        net_server_each(server_net(s), session_row, call);
        ctl_call_finish(call, ERR_OK);
}

static struct conn *find_session(struct ctl_call *call, struct server *s)
{
        const char *id = ctl_arg(call, "ID").ptr;
        struct conn *c = net_server_find(server_net(s), id);

        if (!c)
                ctl_fail(call, ERR_NOTFOUND,
                         "there is no session %s; see: mailserverctl session list", id);
        return c;
}

static void session_show_run(struct ctl_call *call, struct server *s)
{
        struct conn *c = find_session(call, s);
        AUTO_BUF(notes, 1 << 16);
        struct slice rest, line;
        struct conn_info i;

        if (!c) {
                ctl_call_finish(call, ERR_NOTFOUND);
                return;
        }
        conn_describe(c, &i);
        if (i.client[0])
                ctl_row(call, json_pack("{s:s+}", "event", "client ", i.client));
        conn_print_notes(c, &notes);
        rest = buf_slice(&notes);
        while (slice_cut(&rest, '\n', &line))
                ctl_row(call, json_pack("{s:s%}", "event", line.ptr, line.len));
        ctl_call_finish(call, ERR_OK);
}

struct kill_search {
        struct slice account;
        size_t killed;
};

static void kill_if_account(struct conn *c, void *arg)
{
        struct kill_search *search = arg;
        struct conn_info i;

        conn_describe(c, &i);
        if (!i.account || !slice_eq(slice_of(i.account), search->account))
                return;
        conn_kill(c, "Session ended by the administrator");
        search->killed++;
}

static void session_kill_run(struct ctl_call *call, struct server *s)
{
        struct kill_search search = { .account = ctl_arg(call, "ID") };
        struct conn *c;

        if (slice_find(search.account, '@') >= 0) {
                net_server_each(server_net(s), kill_if_account, &search);
                ctl_row(call, json_pack("{s:I}", "killed", (json_int_t)search.killed));
                ctl_call_finish(call, ERR_OK);
                return;
        }
        c = find_session(call, s);
        if (c) {
                conn_kill(c, "Session ended by the administrator");
                ctl_row(call, json_pack("{s:i}", "killed", 1));
        }
        ctl_call_finish(call, c ? ERR_OK : ERR_NOTFOUND);
}

const struct ctl_command ctl_session_list = {
        .group = "session",
        .name = "list",
        .help = "Lists the connections of clients.",
        .columns = (const char *const[]){"id", "service", "peer", "account", "state", "tls",
                                         "opened", "idle_s", "in", "out", NULL},
        .place = CTL_LOOP,
        .run = session_list_run,
};
const struct ctl_command ctl_session_show = {
        .group = "session",
        .name = "show",
        .help = "Shows which known client a session has, if any, and its last events, with "
                "milliseconds since it began.",
        .params = session_param,
        .columns = (const char *const[]){"event", NULL},
        .place = CTL_LOOP,
        .run = session_show_run,
};
const struct ctl_command ctl_session_kill = {
        .group = "session",
        .name = "kill",
        .help = "Ends a session, or all sessions of an account.",
        .params = kill_params,
        .columns = (const char *const[]){"killed", NULL},
        .place = CTL_LOOP,
        .run = session_kill_run,
};

/* ---- reload ---- */

static void reload_reported(void *owner, enum err result, struct slice report)
{
        struct ctl_call *call = owner;
        struct slice line;

        while (slice_cut(&report, '\n', &line))
                ctl_row(call, json_pack("{s:s%}", "report", line.ptr, line.len));
        if (result)
                ctl_fail(call, result, "nothing has been changed");
        ctl_call_finish(call, result);
}

static void reload_run(struct ctl_call *call, struct server *s)
{
        reload_start(server_reloader(s), call, reload_reported);
}

const struct ctl_command ctl_reload = {
        .group = "reload",
        .help = "Reads the configuration and the certificates anew and says what has changed.",
        .columns = (const char *const[]){"report", NULL},
        .place = CTL_LOOP,
        .run = reload_run,
};
