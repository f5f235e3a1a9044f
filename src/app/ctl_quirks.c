/* ctl_quirks.c — mailserverctl quirks: what is done for known mail programs. */
#include "ctl_commands.h"

#include "mailserver/imap/quirks.h"

static void put_quirk(void *arg, const struct imap_quirk *q)
{
        struct buf *out = arg;

        buf_addf(out,
                 "%s%s\n  recognised: %s\n  done for:   %s\n  change:     %s\n  reason:     %s\n",
                 out->len ? "\n" : "", q->client, q->recognised, q->served, q->change, q->reason);
}

static enum err quirks(struct ctl_call *call, const char *config_path)
{
        (void)config_path;
        imap_quirks_each(put_quirk, &call->rows);
        return ERR_OK;
}

const struct ctl_command ctl_quirks = {
        .group = "quirks",
        .help = "Lists what is done for known mail programs (imap.client_profiles).",
        .place = CTL_LOCAL,
        .local = quirks,
};
