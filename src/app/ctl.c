/* ctl.c — running a subcommand of mailserverctl, in the daemon or on the store itself. */
#include "ctl.h"

#include "server.h"

#include "mailserver/core/mem.h"

enum { CTL_MAX_ROWS_OCTETS = 256 << 20 };

const struct ctl_command *ctl_find(const char *group, const char *name)
{
        for (const struct ctl_command *const *c = ctl_commands; *c; c++) {
                bool same_name = (*c)->name ? name && !strcmp((*c)->name, name) : true;

                if (!strcmp((*c)->group, group) && same_name)
                        return *c;
        }
        return NULL;
}

struct ctl_call *ctl_call_new(const struct ctl_command *command, json_t *args)
{
        struct ctl_call *call = NEW(struct ctl_call);

        call->command = command;
        call->args = args ? args : json_object();
        call->rows.max = CTL_MAX_ROWS_OCTETS;
        return call;
}

void ctl_call_free(struct ctl_call *call)
{
        if (!call)
                return;
        json_decref(call->args);
        buf_done(&call->rows);
        mem_free(call);
}

/* ---- on the store's lanes ---- */

static enum err call_work(struct task *t, struct store_txn *tx)
{
        struct ctl_call *call = container_of(t, struct ctl_call, task);

        /* Behind what the watchers of the change have submitted: ctl_command.settles. */
        if (call->written)
                return ERR_OK;
        /* The writer may run us again from the start. */
        buf_clear(&call->rows);
        t->error.text[0] = '\0';
        call->again = false;
        return call->command->work(call, tx);
}

static void call_submit(struct ctl_call *call);

static void call_done(struct task *t)
{
        struct ctl_call *call = container_of(t, struct ctl_call, task);

        task_keep(t);
        if (!t->result && call->again && call->lane == STORE_READ) {
                call->lane = STORE_WRITE;
                call_submit(call);
                return;
        }
        if (!t->result && call->command->settles && !call->written) {
                call->written = true;
                call_submit(call);
                return;
        }
        if (call->command->run)
                call->command->run(call, call->server);
        else
                ctl_call_finish(call, t->result);
}

static void call_drop(struct task *t)
{
        ctl_call_free(container_of(t, struct ctl_call, task));
}

static const struct task_class call_class = { "ctl", call_work, call_done, call_drop };

static void call_submit(struct ctl_call *call)
{
        call->task.class = &call_class;
        call->task.owner = call;
        enum err err = store_submit(server_store(call->server), 0, call->lane, &call->task);

        if (err && call->command->run)
                call->command->run(call, call->server);
        else if (err)
                ctl_call_finish(call, ctl_fail(call, err, "the server is too busy; try again"));
}

void ctl_call_start(struct ctl_call *call, struct server *server, void *owner,
                    void (*finished)(struct ctl_call *call, enum err result))
{
        call->server = server;
        call->owner = owner;
        call->finished = finished;
        switch (call->command->place) {
        case CTL_READ:
        case CTL_WRITE:
                call->lane = call->command->place == CTL_READ ? STORE_READ : STORE_WRITE;
                call_submit(call);
                return;
        case CTL_LOOP:
                call->command->run(call, server);
                return;
        case CTL_LOCAL:
                break;
        }
        ctl_call_finish(call, ctl_fail(call, ERR_SYNTAX, "not a command of the daemon"));
}

void ctl_call_finish(struct ctl_call *call, enum err result)
{
        call->finished(call, result);
}

void ctl_call_tell(struct ctl_call *call, int64_t done, int64_t all)
{
        if (call->told && call->owner)
                call->told(call, done, all);
}

enum err ctl_call_run_offline(struct ctl_call *call, struct store *store)
{
        enum err err;

        if ((call->command->place != CTL_READ && call->command->place != CTL_WRITE) ||
            call->command->run)
                return ctl_fail(call, ERR_NOTFOUND,
                                "this needs the running daemon, and it does not answer");
        call->task.class = &call_class;
        call->lane = call->command->place == CTL_READ ? STORE_READ : STORE_WRITE;
        err = store_run(store, call->lane, &call->task);
        if (!err && call->again && call->lane == STORE_READ)
                err = store_run(store, call->lane = STORE_WRITE, &call->task);
        return err;
}

/* ---- arguments and rows ---- */

/* Of words at least one, and all of them text. */
static bool words_valid(const json_t *value)
{
        size_t n = json_array_size(value);

        for (size_t i = 0; i < n; i++)
                if (!json_is_string(json_array_get(value, i)))
                        return false;
        return n > 0;
}

static bool value_valid(const struct ctl_param *p, const json_t *value)
{
        switch (p->kind) {
        case CTL_WORD:
        case CTL_VALUE:
                return json_is_string(value);
        case CTL_WORDS:
                return words_valid(value);
        case CTL_SWITCH:
                return json_is_boolean(value);
        }
        return false;
}

bool ctl_args_valid(const struct ctl_command *command, const json_t *args)
{
        for (const struct ctl_param *p = command->params; p && p->name; p++) {
                const json_t *value = json_object_get(args, p->name);

                if (value ? !value_valid(p, value) : !p->optional && p->kind < CTL_VALUE)
                        return false;
        }
        return !command->wants_password || json_is_string(json_object_get(args, "verifiers"));
}

struct slice ctl_arg(const struct ctl_call *call, const char *name)
{
        const json_t *value = json_object_get(call->args, name);

        if (!json_is_string(value))
                return (struct slice){ NULL, 0 };
        return (struct slice){ json_string_value(value), json_string_length(value) };
}

bool ctl_switch(const struct ctl_call *call, const char *name)
{
        return json_is_true(json_object_get(call->args, name));
}

void ctl_row(struct ctl_call *call, json_t *row)
{
        json_t *line = json_pack("{s:o}", "row", row);
        char *text = json_dumps(line, JSON_COMPACT);

        buf_addf(&call->rows, "%s\n", text);
        mem_free(text);
        json_decref(line);
}
