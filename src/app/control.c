/* control.c — the control socket: a line of JSON in, rows and a result out. */
#include "control.h"

#include "ctl.h"
#include "server.h"

#include "mailserver/core/list.h"
#include "mailserver/core/log.h"
#include "mailserver/core/loop.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONTROL_MAX_CLIENTS = 16, CONTROL_MAX_REQUEST = 1 << 16, CONTROL_IDLE_S = 60 };

struct control {
        struct server *server;
        struct evconnlistener *listener;
        struct list clients; /* struct control_client.link */
        size_t n_clients;
        struct buf path;
};

struct control_client {
        struct list link;
        struct control *control;
        struct bufferevent *bev;
        struct ctl_call *call; /* in flight; NULL before and after */
        bool answered;
};

static void client_free(struct control_client *client)
{
        if (client->call)
                client->call->owner = NULL;
        list_remove(&client->link);
        client->control->n_clients--;
        bufferevent_free(client->bev);
        mem_free(client);
}

/* ---- answering ---- */

static void client_answer(struct control_client *client, struct ctl_call *call, enum err result)
{
        struct evbuffer *out = bufferevent_get_output(client->bev);
        const char *text = call->task.error.text;
        json_t *end = json_pack("{s:s,s:s}", "error", err_name(result), "text",
                                result && !text[0] ? "the server could not do it; its log says why"
                                                   : text);
        char *line = json_dumps(end, JSON_COMPACT);

        client->answered = true;
        evbuffer_add(out, call->rows.ptr ? call->rows.ptr : "", call->rows.len);
        evbuffer_add_printf(out, "%s\n", line);
        mem_free(line);
        json_decref(end);
}

static void call_told(struct ctl_call *call, int64_t done, int64_t all)
{
        struct control_client *client = call->owner;
        struct evbuffer *out = bufferevent_get_output(client->bev);

        /* One that does not read them needs no more of them. */
        if (evbuffer_get_length(out) < CONTROL_MAX_REQUEST)
                evbuffer_add_printf(out, "{\"done\": %" PRId64 ", \"all\": %" PRId64 "}\n", done,
                                    all);
}

static void call_finished(struct ctl_call *call, enum err result)
{
        struct control_client *client = call->owner;

        log_info("control command=\"%s%s%s\" result=%s", call->command->group,
                 call->command->name ? " " : "", call->command->name ? call->command->name : "",
                 err_name(result));
        if (client) {
                client->call = NULL;
                client_answer(client, call, result);
        }
        ctl_call_free(call);
}

static void refuse(struct control_client *client, const char *text)
{
        struct ctl_call nothing = { 0 };

        fail(&nothing.task.error, ERR_SYNTAX, "%s", text);
        client_answer(client, &nothing, ERR_SYNTAX);
}

/* With one that neither asks nor takes its answer. */
static const struct timeval client_patience = { .tv_sec = CONTROL_IDLE_S };

static void client_request(struct control_client *client, const char *line, size_t len)
{
        json_t *request = json_loadb(line, len, 0, NULL);
        const char *group = NULL, *name = NULL;
        json_t *args = NULL;
        const struct ctl_command *command;

        if (!request ||
            json_unpack(request, "{s:s,s?s,s?o}", "group", &group, "name", &name, "args", &args)) {
                refuse(client, "the request is not what mailserverctl of this version sends");
                json_decref(request);
                return;
        }
        command = ctl_find(group, name);
        if (!command) {
                refuse(client, "the running daemon does not know this command; is it older than "
                               "mailserverctl? Restart it");
        } else if (!ctl_args_valid(command, args)) {
                refuse(client, "the arguments are not those of this command");
        } else {
                /* It may take long, and the answer, too. */
                bufferevent_set_timeouts(client->bev, NULL, &client_patience);
                client->call = ctl_call_new(command, json_incref(args));
                client->call->told = call_told;
                ctl_call_start(client->call, client->control->server, client, call_finished);
        }
        json_decref(request);
}

/* ---- libevent ---- */

static void client_readable(struct bufferevent *bev, void *arg)
{
        struct control_client *client = arg;
        struct evbuffer *in = bufferevent_get_input(bev);
        size_t len = 0;
        char *line;

        if (client->call || client->answered)
                return;
        line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
        if (line)
                client_request(client, line, len);
        else if (evbuffer_get_length(in) >= CONTROL_MAX_REQUEST)
                refuse(client, "the request is too long");
        mem_free(line);
}

static void client_written(struct bufferevent *bev, void *arg)
{
        struct control_client *client = arg;

        if (client->answered && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
                client_free(client);
}

static void client_event(struct bufferevent *bev, short what, void *arg)
{
        (void)bev;
        (void)what;
        client_free(arg);
}

static void client_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                            struct sockaddr *peer, int len, void *arg)
{
        struct control *c = arg;
        struct control_client *client;

        (void)listener;
        (void)peer;
        (void)len;
        if (c->n_clients >= CONTROL_MAX_CLIENTS) {
                close(fd);
                return;
        }
        client = NEW(struct control_client);
        client->control = c;
        client->bev = bufferevent_socket_new(loop_base(server_loop(c->server)), fd,
                                             BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
        list_append(&c->clients, &client->link);
        c->n_clients++;
        bufferevent_setcb(client->bev, client_readable, client_written, client_event, client);
        bufferevent_setwatermark(client->bev, EV_READ, 0, CONTROL_MAX_REQUEST);
        bufferevent_set_timeouts(client->bev, &client_patience, &client_patience);
        bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static int bind_socket(const char *path, struct error *reterr)
{
        struct sockaddr_un addr = { .sun_family = AF_UNIX };
        int fd;

        if (strlen(path) >= sizeof addr.sun_path) {
                fail(reterr, ERR_LIMIT, "%s is too long for a socket; choose a shorter data_dir",
                     path);
                return -1;
        }
        memcpy(addr.sun_path, path, strlen(path) + 1);
        /* We hold the store's lock: a socket that is there is a dead daemon's. */
        unlink(path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) || chmod(path, 0600)) {
                fail(reterr, ERR_IO, "cannot make %s: %s", path, strerror(errno));
                if (fd >= 0)
                        close(fd);
                return -1;
        }
        return fd;
}

enum err control_new(struct server *s, struct control **ret_control, struct error *reterr)
{
        struct control *c = NEW(struct control);
        int fd;

        c->server = s;
        list_init(&c->clients);
        c->path.max = 4096;
        buf_addf(&c->path, "%s/" CONTROL_SOCKET_NAME, server_config(s)->main.data_dir);
        fd = bind_socket(c->path.ptr, reterr);
        if (fd < 0) {
                buf_done(&c->path);
                mem_free(c);
                return ERR_IO;
        }
        c->listener = evconnlistener_new(loop_base(server_loop(s)), client_accepted, c,
                                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                         CONTROL_MAX_CLIENTS, fd);
        *ret_control = c;
        return ERR_OK;
}

void control_free(struct control *c)
{
        if (!c)
                return;
        list_each_safe (link, &c->clients)
                client_free(container_of(link, struct control_client, link));
        evconnlistener_free(c->listener);
        unlink(c->path.ptr);
        buf_done(&c->path);
        mem_free(c);
}
