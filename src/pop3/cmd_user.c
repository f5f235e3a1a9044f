/*
 * cmd_user.c — USER and PASS.
 *
 * RFC 1939 7. Names and passwords may be UTF-8 whether or not UTF8 was said
 * (RFC 6856 2.2); auth checks and prepares them. Whether a name exists is never
 * said before the password has been tried.
 */
#include "command.h"

static void user_start(struct pop3_session *s, struct slice args)
{
        struct slice name = slice_trim(args);

        if (!pop3_auth_offered(s)) {
                pop3_auth_refuse(s);
                return;
        }
        if (!name.len || slice_find(name, '\0') >= 0) {
                pop3_bad(s, NULL, "A name is missing");
                return;
        }
        mem_free(s->user);
        s->user = mem_strdup(name);
        pop3_ok(s, "The password, please");
}

static void pass_start(struct pop3_session *s, struct slice args)
{
        struct slice name;
        char *user;

        if (!pop3_auth_offered(s)) {
                pop3_auth_refuse(s);
                return;
        }
        if (!s->user) {
                pop3_bad(s, NULL, "Say USER first");
                return;
        }
        user = TAKE(s->user);
        name = slice_of(user);
        /* Blanks belong to the password: RFC 1939 7. */
        auth_exchange_password(pop3_auth_begin(s), name, args);
        mem_free(user);
}

static bool user_capability(struct pop3_session *s, struct buf *out)
{
        (void)out;
        return pop3_auth_offered(s);
}

const struct pop3_command pop3_cmd_user = {
        .verb = "USER",
        .states = POP3_AUTHORIZATION,
        .rfc = "1939 7",
        .capability = "USER",
        .capability_of = user_capability,
        .start = user_start,
};
const struct pop3_command pop3_cmd_pass = {
        .verb = "PASS",
        .states = POP3_AUTHORIZATION,
        .rfc = "1939 7",
        .start = pass_start,
};
