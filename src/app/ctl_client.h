/* ctl_client.h — mailserverctl's half: reaching the daemon or the store, printing the answer. */
#ifndef MAILSERVER_APP_CTL_CLIENT_H
#define MAILSERVER_APP_CTL_CLIENT_H

#include "ctl.h"

struct ctl_client {
        const char *config_path;
        const struct config *config; /* NULL for CTL_LOCAL */
        const struct ctl_command *command;
        json_t *args;  /* owned by the caller */
        bool json;     /* print JSON lines instead of columns */
        bool asks;     /* prints nothing: another command wants the rows */
        bool progress; /* a line that says how far it is stands on standard error */
        json_t *rows;  /* what came back, for command->digest; ctl_client_run's own */
};

/* Exit statuses of mailserverctl. */
enum {
        CTL_EXIT_OK = 0,
        CTL_EXIT_FAILED = 1, /* the command could not be done; standard error says why */
        CTL_EXIT_USAGE = 2,  /* the command line is wrong */
};

/* Asks the daemon; when none runs, does it on the store. An exit status. */
int ctl_client_run(struct ctl_client *client);

#endif
