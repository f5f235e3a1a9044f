/* ctl_search.c — mailserverctl search: the index of words, how it is and how it is made anew. */
#include "ctl_commands.h"
#include "server.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/metrics.h"
#include "mailserver/imap/imap.h"
#include "mailserver/search/search.h"

/* ---- status ---- */

static void number(struct ctl_call *call, const char *name, int64_t value)
{
        ctl_row(call, json_pack("{s:s,s:I}", "name", name, "value", (json_int_t)value));
}

static void counted(struct ctl_call *call, const char *name, const char *metric)
{
        number(call, name, metric_value(metric_counter(metric)));
}

static const char *state_of(const struct search_status *status)
{
        if (!status->on)
                return "off";
        if (status->full)
                return "full";
        if (!status->ready)
                return "opening";
        if (status->rebuilding)
                return "rebuilding";
        return status->waiting ? "working" : "idle";
}

static void status_run(struct ctl_call *call, struct server *s)
{
        struct search_status status;

        search_get_status(server_search(s), &status);
        ctl_row(call, json_pack("{s:s,s:s}", "name", "state", "value", state_of(&status)));
        number(call, "documents", status.documents);
        number(call, "octets", status.octets);
        number(call, "messages_left", status.all - status.done);
        number(call, "mailboxes_due", status.waiting);
        number(call, "failures", status.failures);
        counted(call, "searches_narrowed", SEARCH_METRIC_NARROWED);
        counted(call, "searches_not_narrowed", SEARCH_METRIC_NOT_NARROWED);
        counted(call, "messages_looked_at", IMAP_METRIC_SEARCHED);
        ctl_call_finish(call, ERR_OK);
}

const struct ctl_command ctl_search_status = {
        .group = "search",
        .name = "status",
        .help = "Shows how the index of words is: its documents and size, what is still to be "
                "indexed, and how many searches it has helped.",
        .columns = (const char *const[]){"name", "value", NULL},
        .place = CTL_LOOP,
        .run = status_run,
};

/* ---- rebuild ---- */

struct watch {
        struct search_listener listener;
        struct ctl_call *call;
};

static void rebuild_progress(struct search_listener *l, int64_t done, int64_t all)
{
        ctl_call_tell(container_of(l, struct watch, listener)->call, done, all);
}

static void rebuild_ended(struct search_listener *l, enum err result)
{
        struct watch *w = container_of(l, struct watch, listener);
        struct ctl_call *call = w->call;

        mem_free(w);
        if (result == ERR_FULL)
                ctl_fail(call, result,
                         "there is no room for it (search.max_size, "
                         "store.disk_reserve); it begins when there is");
        else if (result == ERR_CANCELLED)
                ctl_fail(call, result, "the server stops; it goes on at the next start");
        ctl_call_finish(call, result);
}

static void rebuild_run(struct ctl_call *call, struct server *s)
{
        bool waits = !ctl_switch(call, "--background");
        struct watch *w = waits ? NEW(struct watch) : NULL;
        enum err err;

        if (w) {
                w->call = call;
                w->listener.progress = rebuild_progress;
                w->listener.ended = rebuild_ended;
        }
        err = search_rebuild(server_search(s), w ? &w->listener : NULL);
        if (!err && waits)
                return;
        mem_free(w);
        if (err == ERR_DENIED)
                ctl_fail(call, err, "the index is off: search.index");
        else if (err == ERR_EXISTS)
                ctl_fail(call, err, "it is being built anew already; see search status");
        ctl_call_finish(call, err);
}

static const struct ctl_param rebuild_params[] = {
        {"--background", CTL_SWITCH, true, "do not wait for its end" },
        { 0         },
};

const struct ctl_command ctl_search_rebuild = {
        .group = "search",
        .name = "rebuild",
        .help = "Builds the index of words anew from the mail, in the background; searches use the "
                "old one until it is finished. Shows how far it is.",
        .params = rebuild_params,
        .place = CTL_LOOP,
        .run = rebuild_run,
};
