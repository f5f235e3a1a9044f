/*
 * ctl_check.c — mailserverctl check: does the store add up?
 *
 * The walk, hashes and all, runs on a reader, so mail goes on flowing; only
 * when it has found something to repair does a second run, without the hashes,
 * take the writer.
 */
#include "ctl_commands.h"

#include "mailserver/store/check.h"

#include <stdio.h>

static const struct ctl_param check_params[] = {
        {"--dry-run", CTL_SWITCH, true, "repair nothing, only report" },
        { "--no-hashes",       CTL_SWITCH, true, "do not read every body: quicker" },
        { 0         },
};

static void check_row(void *arg, enum store_check_severity severity, const char *text)
{
        struct ctl_call *call = arg;
        const char *word = "info";

        if (severity == STORE_CHECK_DAMAGED)
                word = "damaged";
        else if (severity == STORE_CHECK_REPAIRED)
                word = call->lane == STORE_WRITE ? "repaired" : "to-repair";
        ctl_row(call, json_pack("{s:s,s:s}", "finding", word, "text", text));
}

static enum err check_work(struct ctl_call *call, struct store_txn *tx)
{
        bool second = call->lane == STORE_WRITE;
        struct store_check_options options = {
                .repair = second,
                .hashes = !second && !ctl_switch(call, "--no-hashes"),
        };
        struct store_check_result r = { 0 };
        char text[200];
        enum err err = store_check(tx, &options, check_row, call, &r);

        if (err)
                return err;
        call->again = !second && r.repaired > 0 && !ctl_switch(call, "--dry-run");
        snprintf(text, sizeof text,
                 "%lld accounts, %lld mailboxes, %lld messages, %lld contents, %lld blobs; "
                 "%lld %s, %lld damaged",
                 (long long)r.accounts, (long long)r.mailboxes, (long long)r.messages,
                 (long long)r.contents, (long long)r.blobs, (long long)r.repaired,
                 second ? "repaired" : "to repair", (long long)r.damaged);
        check_row(call, STORE_CHECK_INFO, text);
        if (r.damaged && !call->again)
                return ctl_fail(call, ERR_CORRUPT, "%lld findings that only a backup can mend",
                                (long long)r.damaged);
        return ERR_OK;
}

const struct ctl_command ctl_check = {
        .group = "check",
        .help = "Walks the whole store: counters, sizes, hashes, files. Repairs what is derived, "
                "reports the rest.",
        .params = check_params,
        .columns = (const char *const[]){"finding", "text", NULL},
        .place = CTL_READ,
        .work = check_work,
};
