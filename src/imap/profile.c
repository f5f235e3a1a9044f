/*
 * profile.c — the table of known mail programs. Each row has its transcript in
 * tests/protocol/test_imap_profiles.py.
 *
 * A row that changes something for its program alone must be harmless where the program was
 * mistaken for another, or has long been mended: what the program asked for is not done, in a way
 * that the standard allows a server not to do it.
 */
#include "profile.h"

#include "session_impl.h"

#include "mailserver/core/log.h"
#include "mailserver/imap/quirks.h"

struct imap_profile {
        struct imap_quirk text;
        bool (*has_id)(struct slice name, struct slice version); /* NULL: not known by an ID */
        bool (*enables)(const struct imap_cmd *cmd);             /* NULL: not known by its ENABLE */
        bool keeps_utf7;
};

/* ---- who it is ---- */

static bool is_one_of(struct slice name, const char *const *names)
{
        for (; *names; names++)
                if (slice_eq_word(name, slice_of(*names)))
                        return true;
        return false;
}

/* Releases of Thunderbird for computers that know UTF8=ACCEPT have larger numbers. */
enum { THUNDERBIRD_DESKTOP = 60 };

static bool is_android(struct slice version)
{
        uint64_t major;

        return slice_cut_number(&version, &major) && major < THUNDERBIRD_DESKTOP;
}

static bool k9_has_id(struct slice name, struct slice version)
{
        static const char *const names[] = { "K-9 Mail", "Thunderbird for Android", NULL };

        return is_one_of(name, names) ||
               (slice_eq_word(name, SLICE("Thunderbird")) && is_android(version));
}

/* Its tags are the numbers of its commands: "2 ENABLE UTF8=ACCEPT" where the login was the first. */
static bool k9_enables(const struct imap_cmd *cmd)
{
        struct slice tag = cmd->tag;
        uint64_t number;

        return slice_cut_number(&tag, &number) && !tag.len &&
               number == (uint64_t)cmd->session->n_commands;
}

static bool thunderbird_has_id(struct slice name, struct slice version)
{
        return slice_eq_word(name, SLICE("Thunderbird")) && !is_android(version);
}

static bool apple_has_id(struct slice name, struct slice version)
{
        static const char *const names[] = { "Mac OS X Mail", "iPhone Mail", "iPad Mail",
                                             "com.apple.email.maild", NULL };

        (void)version;
        return is_one_of(name, names);
}

static const struct imap_profile profiles[] = {
        {.text = { .client = "k-9",
                    .recognised = "ID of K-9 Mail or Thunderbird for Android; without ID, "
                                  "tags that are the numbers of its commands",
                    .served = "it alone",
                    .change = "ENABLE switches neither IMAP4rev2 nor UTF8=ACCEPT on: names stay in "
                              "modified UTF-7",
                    .reason = "It writes names in modified UTF-7 after UTF8=ACCEPT too, and "
                              "release 12 shows question marks for UTF-8 "
                              "(github.com/thunderbird/thunderbird-android: 8772, 9212, 9454, "
                              "9543)" },
         .has_id = k9_has_id,
         .enables = k9_enables,
         .keeps_utf7 = true },
        { .text = { .client = "thunderbird",
                    .recognised = "ID",
                    .served = "everybody",
                    .change = "after UTF8=ACCEPT an \"&\" in a name is just that, and no name "
                              "is read as modified UTF-7; CHANGEDSINCE of FETCH may be 0",
                    .reason = "It sends \"R&D\" as it is; a server that still looks for "
                              "modified UTF-7 finds no such mailbox. With CONDSTORE it says 0 of a "
                              "folder that it has just met (seen in release 153)" },
         .has_id = thunderbird_has_id },
        { .text = { .client = "apple-mail",
                    .recognised = "ID",
                    .served = "everybody",
                    .change = "AUTH=PLAIN is the first mechanism told; LIST tells special uses "
                              "unasked; an empty line between commands is passed over",
                    .reason = "It takes the first mechanism it knows; on the Mac it heeds "
                              "special uses but does not ask for them (github.com/mjl-/mox: "
                              "66); the iPhone has begun UID MOVE with CRLF "
                              "(github.com/stalwartlabs/stalwart: 1201)" },
         .has_id = apple_has_id },
        { .text = { .client = "outlook",
                    .recognised = "not at all: it says no ID",
                    .served = "everybody",
                    .change = "LSUB tells special uses",
                    .reason = "It asks LSUB, and makes folders for sent mail and trash of its "
                              "own where it finds none" }           },
};
enum { N_PROFILES = sizeof profiles / sizeof *profiles };

void imap_quirks_each(void (*fn)(void *arg, const struct imap_quirk *quirk), void *arg)
{
        for (size_t i = 0; i < N_PROFILES; i++)
                fn(arg, &profiles[i].text);
}

/* ---- for the session ---- */

static void recognised(struct imap_session *s, const struct imap_profile *profile, const char *by)
{
        s->profile = profile;
        log_debug("c=%s imap profile=%s by=%s", conn_id(s->conn), profile->text.client, by);
}

void imap_profile_by_id(struct imap_session *s, struct slice name, struct slice version)
{
        s->said_id = true;
        s->profile = NULL;
        if (!s->server->config->client_profiles)
                return;
        for (size_t i = 0; i < N_PROFILES && !s->profile; i++)
                if (profiles[i].has_id && profiles[i].has_id(name, version))
                        recognised(s, &profiles[i], "id");
}

void imap_profile_by_enable(const struct imap_cmd *cmd)
{
        struct imap_session *s = cmd->session;

        if (s->said_id || s->profile || !s->server->config->client_profiles)
                return;
        for (size_t i = 0; i < N_PROFILES && !s->profile; i++)
                if (profiles[i].enables && profiles[i].enables(cmd))
                        recognised(s, &profiles[i], "enable");
}

const char *imap_profile_name(const struct imap_profile *profile)
{
        return profile ? profile->text.client : NULL;
}

bool imap_profile_keeps_utf7(const struct imap_profile *profile)
{
        return profile && profile->keeps_utf7;
}
