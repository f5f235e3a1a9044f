/*
 * cmd_id.c — ID: RFC 2971. What a client says of itself is logged, for those who look for its
 * faults, and a few known ones are met half-way (profile.c).
 */
#include "session_impl.h"

#include "mailserver/core/log.h"

enum { MAX_PAIRS = 30, MAX_FIELD = 30, MAX_VALUE = 1024 };

struct client_id {
        struct slice name, version;
};

/* RFC 2971 3.3: fields of at most 30 octets, values of at most 1024. */
static enum err parse_pair(struct imap_args *args, struct client_id *id)
{
        struct slice field, value;
        enum err err = imap_arg_string(args, &field);

        if (!err)
                err = imap_arg_space(args);
        if (!err)
                err = imap_arg_nstring(args, &value);
        if (err)
                return err;
        if (field.len > MAX_FIELD || value.len > MAX_VALUE) {
                args->wanted = "shorter fields and values";
                return ERR_LIMIT;
        }
        if (value.ptr && slice_eq_word(field, SLICE("name")))
                id->name = value;
        if (value.ptr && slice_eq_word(field, SLICE("version")))
                id->version = value;
        return ERR_OK;
}

static enum err parse_list(struct imap_args *args, struct client_id *id)
{
        enum err err = ERR_OK;

        if (imap_arg_take(args, ')'))
                return ERR_OK;
        for (unsigned n = 1; !err; n++) {
                if (n > MAX_PAIRS) {
                        args->wanted = "fewer fields";
                        return ERR_LIMIT;
                }
                err = parse_pair(args, id);
                if (!err && imap_arg_take(args, ')'))
                        break;
                if (!err)
                        err = imap_arg_space(args);
        }
        return err;
}

static enum err parse(struct imap_args *args, struct client_id *id)
{
        struct slice nil;
        enum err err = imap_arg_space(args);

        if (err)
                return err;
        if (imap_arg_take(args, '('))
                err = parse_list(args, id);
        else
                err = imap_arg_nstring(args, &nil);
        return err ? err : imap_arg_end(args);
}

static bool is_listed(const struct conf_strings *names, struct slice name)
{
        for (size_t i = 0; i < names->n; i++)
                if (slice_eq_word(name, slice_of(names->items[i])))
                        return true;
        return false;
}

static enum imap_flow id_start(struct imap_cmd *cmd, struct imap_args *args)
{
        struct imap_session *s = cmd->session;
        struct client_id id = { 0 };

        if (parse(args, &id))
                return imap_bad_args(cmd, args);
        if (id.name.ptr)
                log_info("c=%s imap client=\"%s\" version=\"%s\"", conn_id(s->conn),
                         LOG_ESC(id.name), LOG_ESC(id.version));
        imap_profile_by_id(s, id.name, id.version);
        s->no_compress = is_listed(&s->server->config->compress_not_for, id.name);
        /* Which version it is, strangers need not know. */
        if (s->state == IMAP_NOT_AUTHENTICATED)
                imap_untagged(cmd, "ID (\"name\" \"mailserver\")");
        else
                imap_untagged(cmd, "ID (\"name\" \"mailserver\" \"version\" \"%s\")",
                              MAILSERVER_VERSION);
        return imap_reply(cmd, IMAP_OK, NULL, "ID completed");
}

const struct imap_command imap_cmd_id = {
        .name = "ID",
        .states = IMAP_ANY,
        .rfc = "2971 3.1",
        .help = "Tells who the server is, and hears who the client is.",
        .start = id_start,
};
