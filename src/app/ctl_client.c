/* ctl_client.c — a request to the daemon's socket, or to the store itself when no daemon runs. */
#include "ctl_client.h"

#include "config.h"
#include "control.h"
#include "privileges.h"

#include "mailserver/core/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- printing ---- */

static void print_value(const json_t *value)
{
        const char *text = json_string_value(value);
        struct slice rest = slice_of(text ? text : "");

        if (json_is_integer(value)) {
                printf("%lld", (long long)json_integer_value(value));
                return;
        }
        /* A tab or line end inside a value would break the columns; a control the terminal. */
        while (rest.len) {
                size_t length = text_utf8_visible(rest);

                printf("%.*s", length ? (int)length : 1, length ? rest.ptr : "?");
                rest = slice_from(rest, length ? length : 1);
        }
}

static void print_row(const struct ctl_client *client, const json_t *row)
{
        const char *const *columns = client->command->columns;

        if (client->json) {
                json_dumpf(row, stdout, JSON_COMPACT);
                putchar('\n');
                return;
        }
        /* A row may lack the last of them. */
        for (size_t i = 0; columns && columns[i] && json_object_get(row, columns[i]); i++) {
                if (i)
                        putchar('\t');
                print_value(json_object_get(row, columns[i]));
        }
        putchar('\n');
}

/* A person at a terminal gets the columns' names; a pipe gets the values alone. */
static void print_head(const struct ctl_client *client)
{
        const char *const *columns = client->command->columns;

        if (client->json || client->asks || !columns || !columns[0] || !columns[1] ||
            !isatty(STDOUT_FILENO))
                return;
        for (size_t i = 0; columns[i]; i++)
                printf("%s%s", i ? "\t" : "", columns[i]);
        putchar('\n');
}

static int print_error(const char *text)
{
        fflush(stdout);
        fprintf(stderr, "mailserverctl: %s\n", text && text[0] ? text : "it failed");
        return CTL_EXIT_FAILED;
}

/* On one line that is written over and over; for a person at a terminal only. */
static void print_progress(int64_t done, int64_t all)
{
        enum { WIDTH = 50 };
        static const char bar[WIDTH + 1] = "##################################################";
        int64_t of = all > 0 ? all : 1, share = done < of ? done * 100 / of : 100;
        int marks = (int)(share * WIDTH / 100);

        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r[%-*.*s] %3d %%  %lld of %lld messages ", WIDTH, marks, bar,
                        (int)share, (long long)done, (long long)all);
}

/* The bar's line is over before anything else is printed. */
static void end_progress(struct ctl_client *client)
{
        if (client->progress && isatty(STDERR_FILENO))
                fputc('\n', stderr);
        client->progress = false;
}

/* One line of the answer; the exit status once it was the last, -1 before. */
static int take_line(struct ctl_client *client, const char *line, size_t len)
{
        json_t *answer = json_loadb(line, len, 0, NULL);
        const json_t *row = json_object_get(answer, "row");
        const char *error = json_string_value(json_object_get(answer, "error"));
        const json_t *done = json_object_get(answer, "done"), *all = json_object_get(answer, "all");
        int status = -1;

        if (done) {
                print_progress(json_integer_value(done), json_integer_value(all));
                client->progress = true;
                json_decref(answer);
                return -1;
        }
        end_progress(client);
        if (row && client->command->digest)
                json_array_append(client->rows, json_object_get(answer, "row"));
        else if (row)
                print_row(client, row);
        else if (!error)
                status = print_error("the daemon's answer makes no sense");
        else if (strcmp(error, "ok") != 0)
                status = print_error(json_string_value(json_object_get(answer, "text")));
        else
                status = CTL_EXIT_OK;
        json_decref(answer);
        return status;
}

/* ---- the daemon ---- */

/* A connected socket; -1 when no daemon listens; -2 when one does and we may not. */
static int daemon_connect(const struct config *config)
{
        struct sockaddr_un addr = { .sun_family = AF_UNIX };
        int fd, n;

        n = snprintf(addr.sun_path, sizeof addr.sun_path, "%s/" CONTROL_SOCKET_NAME,
                     config->main.data_dir);
        if (n < 0 || (size_t)n >= sizeof addr.sun_path)
                return -1;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
                return fd;
        n = errno == EACCES ? -2 : -1;
        if (fd >= 0)
                close(fd);
        return n;
}

static bool send_request(const struct ctl_client *client, int fd)
{
        json_t *request = json_pack("{s:s,s:s*,s:O}", "group", client->command->group, "name",
                                    client->command->name, "args", client->args);
        char *line = json_dumps(request, JSON_COMPACT);
        size_t len = strlen(line);
        bool sent;

        line[len] = '\n'; /* in the place of the NUL */
        sent = send(fd, line, len + 1, MSG_NOSIGNAL) == (ssize_t)len + 1;
        memset(line, 0, len);
        free(line);
        json_decref(request);
        return sent;
}

static int run_at_daemon(struct ctl_client *client, int fd)
{
        FILE *in = fdopen(fd, "r");
        char *line = NULL;
        size_t size = 0;
        ssize_t n;
        int status = -1;

        if (!in || !send_request(client, fd))
                return print_error("the daemon does not take the request");
        print_head(client);
        while (status < 0 && (n = getline(&line, &size, in)) > 0)
                status = take_line(client, line, (size_t)n);
        free(line);
        fclose(in);
        return status < 0 ? print_error("the daemon has closed the connection; its log says why")
                          : status;
}

/* ---- the store itself ---- */

static int print_offline(struct ctl_client *client, const struct ctl_call *call, enum err err)
{
        struct slice rest = buf_slice(&call->rows), line;

        print_head(client);
        while (slice_cut(&rest, '\n', &line))
                take_line(client, line.ptr, line.len);
        if (err)
                return print_error(call->task.error.text[0] ? call->task.error.text
                                                            : err_name(err));
        return CTL_EXIT_OK;
}

static int open_failed(const struct ctl_client *client, enum err err, const struct error *error)
{
        if (err == ERR_EXISTS)
                return print_error("a daemon holds the store but does not answer on its control "
                                   "socket; is it starting or stopping? Try again");
        if (err == ERR_NOTFOUND && !error->text[0])
                fprintf(stderr, "mailserverctl: there is no store in %s\n",
                        client->config->main.data_dir);
        return print_error(error->text);
}

static int run_offline(struct ctl_client *client)
{
        const struct config *config = client->config;
        struct error error = { 0 };
        struct store_params params = {
                .config = &config->store,
                .data_dir = config->main.data_dir,
                .inline_lanes = true,
                .create = client->command->place == CTL_WRITE,
        };
        struct store *store;
        struct ctl_call *call;
        enum err err = privileges_prepare_dir(config->main.data_dir, config->main.user, &error);
        int status;

        if (!err)
                err = privileges_become_owner(config->main.data_dir, &error);
        if (!err)
                err = store_open(&params, &store, &error);
        if (err)
                return open_failed(client, err, &error);
        call = ctl_call_new(client->command, json_incref(client->args));
        err = ctl_call_run_offline(call, store);
        status = print_offline(client, call, err);
        ctl_call_free(call);
        store_close(store);
        return status;
}

static int run_local(const struct ctl_client *client)
{
        struct ctl_call *call = ctl_call_new(client->command, json_incref(client->args));
        enum err err = client->command->local(call, client->config_path);

        fwrite(call->rows.ptr ? call->rows.ptr : "", 1, call->rows.len, stdout);
        ctl_call_free(call);
        return err ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

/* What came back is not printed as it is, but what the command makes of it. */
static int print_digest(const struct ctl_client *client, int status)
{
        json_t *printed, *row;
        size_t i;

        if (!client->command->digest || status != CTL_EXIT_OK)
                return status;
        printed = json_array();
        if (client->command->digest(client->config, client->args, client->rows, printed))
                status = CTL_EXIT_FAILED;
        json_array_foreach(printed, i, row)
        {
                print_row(client, row);
        }
        json_decref(printed);
        return status;
}

static int run_at_store(struct ctl_client *client)
{
        int fd;

        fd = daemon_connect(client->config);
        if (fd >= 0)
                return run_at_daemon(client, fd);
        if (fd == -2)
                return print_error("no right to reach the daemon; run it as root or as its user");
        if (client->command->run)
                return print_error("no daemon is running here; this command needs it");
        return run_offline(client);
}

/* The arguments that another command takes, too. */
static json_t *words_for(const struct ctl_command *command, const json_t *args)
{
        json_t *words = json_object();

        for (const struct ctl_param *p = command->params; p->name; p++)
                if (json_object_get(args, p->name))
                        json_object_set(words, p->name, json_object_get(args, p->name));
        return words;
}

static bool allowed(const struct ctl_client *client)
{
        const struct ctl_command *command = client->command;
        struct ctl_client first = {
                .config_path = client->config_path,
                .config = client->config,
                .command = command->asks,
                .asks = true,
        };
        bool is_allowed;

        if (!command->asks)
                return true;
        first.args = words_for(command->asks, client->args);
        first.rows = json_array();
        is_allowed = run_at_store(&first) == CTL_EXIT_OK &&
                     command->allow(client->config, client->args, first.rows);
        json_decref(first.args);
        json_decref(first.rows);
        return is_allowed;
}

int ctl_client_run(struct ctl_client *client)
{
        int status;

        if (client->command->place == CTL_LOCAL)
                return run_local(client);
        if (!allowed(client))
                return CTL_EXIT_FAILED;
        client->rows = json_array();
        status = print_digest(client, run_at_store(client));
        json_decref(client->rows);
        return status;
}
