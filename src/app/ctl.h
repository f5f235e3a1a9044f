/*
 * ctl.h — the subcommands of mailserverctl, as a table.
 *
 * A command is run in one of three places: on a lane of the store (in the
 * daemon, or in mailserverctl itself when no daemon runs: the same code), on
 * the daemon's loop, or in mailserverctl alone. Arguments come as a JSON
 * object, keyed by parameter name; answers are rows, JSON objects too, whose
 * keys are the command's columns.
 *
 * On the wire: one line of JSON, {"group": "account", "name": "add", "args": {…}};
 * back come {"row": {…}} lines and at the end {"error": "ok"} or
 * {"error": "notfound", "text": "…"}. One that takes long may say how far it is before:
 * {"done": 3, "all": 10}.
 */
#ifndef MAILSERVER_APP_CTL_H
#define MAILSERVER_APP_CTL_H

#include "mailserver/core/buf.h"
#include "mailserver/core/task.h"
#include "mailserver/store/store.h"

#include <jansson.h>

struct config;
struct ctl_call;
struct server;

enum ctl_place {
        CTL_READ,  /* STORE_READ lane */
        CTL_WRITE, /* STORE_WRITE lane */
        CTL_LOOP,  /* the daemon's loop; without a daemon an error */
        CTL_LOCAL, /* mailserverctl itself, no store */
};

enum ctl_kind {
        CTL_WORD,   /* positional: NAME */
        CTL_WORDS,  /* positional, one or more, last */
        CTL_VALUE,  /* --quota SIZE */
        CTL_SWITCH, /* --dry-run */
};

struct ctl_param {
        const char *name; /* as typed: "ACCOUNT", "--quota"; NULL ends the list */
        enum ctl_kind kind;
        bool optional;
        const char *help;
};

struct ctl_command {
        const char *group, *name; /* "account" "add", "domain" "dkim add"; name NULL: of one word */
        const char *help;
        const struct ctl_param *params;
        const char *const *columns; /* NULL-terminated; NULL: no rows */
        enum ctl_place place;
        bool wants_password; /* asked, or --password-stdin: sent as "verifiers" */
        bool confirms;       /* asks "really?" unless --yes */
        bool settles;        /* WRITE: answered once what heeds its change has read it */
        /* In mailserverctl, before work: adds to the arguments what takes long to make. */
        bool (*prepare)(json_t *args);
        /*
         * In mailserverctl, before all else: another command, which reads and has a digest, is
         * asked with the same words; `allow` sees its rows and may add to the arguments. False: it
         * has said why not.
         */
        const struct ctl_command *asks;
        bool (*allow)(const struct config *config, json_t *args, const json_t *rows);
        /*
         * In mailserverctl, after work: makes of work's rows (an array) those that are printed.
         * ERR_…: they are printed, and what was asked about is not as it should be.
         */
        enum err (*digest)(const struct config *config, const json_t *args, const json_t *rows,
                           json_t *printed);
        enum err (*work)(struct ctl_call *call, struct store_txn *tx); /* READ, WRITE */
        /* LOOP. Answers by ctl_call_finish, now or later. READ, too, if it needs the daemon: after
         * work, and without its rows if the store is too busy. */
        void (*run)(struct ctl_call *call, struct server *server);
        /* LOCAL. Leaves plain text in call->rows. */
        enum err (*local)(struct ctl_call *call, const char *config_path);
};

/* Are these the arguments that the command takes? Asked of what came over the socket. */
bool ctl_args_valid(const struct ctl_command *command, const json_t *args);

/* The only list of commands; sorted by group and name; the last has group NULL. */
extern const struct ctl_command *const ctl_commands[];
const struct ctl_command *ctl_find(const char *group, const char *name);

struct ctl_call {
        struct task task; /* its error holds the text for the person who asked */
        const struct ctl_command *command;
        json_t *args;    /* owned; borrowed from by work, which must not change it */
        struct buf rows; /* JSON lines, as on the wire */
        enum store_lane lane;
        bool again;   /* work wants a second run, on the write lane */
        bool written; /* of one that settles: the change is made */
        void (*finished)(struct ctl_call *call, enum err result);       /* loop; once; may free */
        void (*told)(struct ctl_call *call, int64_t done, int64_t all); /* loop; NULL: nobody */
        void *owner;           /* of `finished`; NULL when the asker has gone */
        struct server *server; /* NULL offline */
};

/* `args` is taken. */
struct ctl_call *ctl_call_new(const struct ctl_command *command, json_t *args);
void ctl_call_free(struct ctl_call *call);
/* The daemon: submits, or runs on the loop; then `finished`. */
void ctl_call_start(struct ctl_call *call, struct server *server, void *owner,
                    void (*finished)(struct ctl_call *call, enum err result));
void ctl_call_finish(struct ctl_call *call, enum err result);
/* Loop, before it has finished: so far it is. */
void ctl_call_tell(struct ctl_call *call, int64_t done, int64_t all);
/* mailserverctl on the store itself. */
enum err ctl_call_run_offline(struct ctl_call *call, struct store *store);

/* For work and run: an argument's text, or .ptr NULL when it was not given. */
struct slice ctl_arg(const struct ctl_call *call, const char *name);
bool ctl_switch(const struct ctl_call *call, const char *name);
/* Appends a row; takes `row`. */
void ctl_row(struct ctl_call *call, json_t *row);
/* Sets the text for the person, and returns `code`. */
#define ctl_fail(call, code, ...) fail(&(call)->task.error, (code), __VA_ARGS__)

#endif
