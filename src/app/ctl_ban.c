/* ctl_ban.c — mailserverctl ban: who may not log in for now. */
#include "ctl_commands.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/conf.h"
#include "mailserver/net/network.h"
#include "mailserver/store/ban.h"

static const struct ctl_param add_params[] = {
        {"NETWORK",  CTL_WORD, false, "192.0.2.1, 192.0.2.0/24, 2001:db8::/32" },
        { "--for",     CTL_VALUE, true, "how long: 90m, 12h, 7d; default: until it is cleared" },
        { "--reason",         CTL_VALUE, true, "for whoever reads ban list" },
        { 0},
};
static const struct ctl_param clear_params[] = {
        {"WHOM", CTL_WORD, false,
         "an address or a network as ban list shows it, an account, or all" },
        { 0},
};

/* ---- list ---- */

static enum err list_row(void *arg, const struct store_ban *ban)
{
        char since[CLOCK_ISO_SIZE], until[CLOCK_ISO_SIZE] = "cleared";

        if (ban->until_us <= clock_now_us())
                return ERR_OK; /* kept so that the next one is longer */
        clock_iso(ban->since_us, since);
        if (ban->until_us != STORE_BAN_FOREVER)
                clock_iso(ban->until_us, until);
        ctl_row(arg, json_pack("{s:s%,s:s%,s:s%,s:s,s:s,s:I}", "address",
                               ban->network.len ? ban->network.ptr : "strangers",
                               ban->network.len ? ban->network.len : strlen("strangers"), "account",
                               ban->name.len ? ban->name.ptr : "-",
                               ban->name.len ? ban->name.len : (size_t)1, "reason", ban->reason.ptr,
                               ban->reason.len, "since", since, "until", until, "failures",
                               (json_int_t)ban->failures));
        return ERR_OK;
}

static enum err list_work(struct ctl_call *call, struct store_txn *tx)
{
        return store_ban_list(tx, list_row, call);
}

/* ---- add ---- */

static enum err parse_network(struct ctl_call *call, struct net_network *ret_network)
{
        struct slice text = ctl_arg(call, "NETWORK");

        if (!net_network_parse(text, ret_network))
                return ctl_fail(call, ERR_SYNTAX,
                                "%s is no address and no network; write 192.0.2.1, 192.0.2.0/24 "
                                "or 2001:db8::/32",
                                text.ptr);
        if (net_network_is_loopback(ret_network))
                return ctl_fail(call, ERR_DENIED, "loopback is never banned");
        return ERR_OK;
}

static enum err add_work(struct ctl_call *call, struct store_txn *tx)
{
        struct slice length = ctl_arg(call, "--for"), reason = ctl_arg(call, "--reason");
        int64_t now_us = clock_now_us(), ms = 0;
        char text[NET_NETWORK_TEXT];
        struct net_network network;
        struct store_ban ban = { .manual = true, .times = 1, .since_us = now_us };
        enum err err = parse_network(call, &network);

        if (err)
                return err;
        if (length.ptr && (!conf_parse_time(length, &ms) || ms <= 0 || ms > INT64_MAX / 2000))
                return ctl_fail(call, ERR_SYNTAX, "--for: %s is not a time; write 90m, 12h or 7d",
                                length.ptr);
        ban.network = slice_of(net_network_text(&network, text));
        ban.name = SLICE("");
        ban.reason = reason.ptr ? reason : SLICE("by the administrator");
        ban.until_us = length.ptr && ms < (STORE_BAN_FOREVER - now_us) / 1000 ? now_us + ms * 1000
                                                                              : STORE_BAN_FOREVER;
        ban.forget_us = ban.until_us;
        err = store_ban_expire(tx, now_us);
        if (!err)
                err = store_ban_put(tx, &ban);
        if (err == ERR_LIMIT)
                return ctl_fail(call, err,
                                "there are %d bans of this kind already; for more, use a firewall",
                                (int)STORE_BANS_MANUAL_MAX);
        if (!err)
                store_bans_changed(tx);
        return err;
}

/* ---- clear ---- */

/* As it is written, and for an IPv6 address the network that is counted for it. */
static enum err clear_network(struct store_txn *tx, const struct net_network *network)
{
        struct net_address address = net_address_of(network->ip);
        struct net_network counted = net_network_of(&address);
        char text[NET_NETWORK_TEXT];
        enum err err = store_ban_clear_network(tx, slice_of(net_network_text(network, text)));
        enum err also;

        if (network->bits != 128 || counted.bits == 128)
                return err;
        also = store_ban_clear_network(tx, slice_of(net_network_text(&counted, text)));
        return also == ERR_NOTFOUND ? err : also;
}

static enum err clear_work(struct ctl_call *call, struct store_txn *tx)
{
        struct slice whom = ctl_arg(call, "WHOM");
        struct net_network network;
        enum err err;

        if (slice_eq(whom, SLICE("all")))
                err = store_ban_clear_all(tx);
        else if (net_network_parse(whom, &network))
                err = clear_network(tx, &network);
        else
                err = whom.len ? store_ban_clear_name(tx, whom) : ERR_NOTFOUND;
        if (err == ERR_NOTFOUND)
                return ctl_fail(call, err, "there is no ban of %s; see: mailserverctl ban list",
                                whom.ptr);
        if (!err)
                store_bans_changed(tx);
        return err;
}

const struct ctl_command ctl_ban_add = {
        .group = "ban",
        .name = "add",
        .help = "Lets nobody log in from an address or a network. Port 25 still takes their mail.",
        .params = add_params,
        .place = CTL_WRITE,
        .settles = true,
        .work = add_work,
};
const struct ctl_command ctl_ban_clear = {
        .group = "ban",
        .name = "clear",
        .help = "Lifts the bans of an address, a network or an account, or all of them.",
        .params = clear_params,
        .place = CTL_WRITE,
        .settles = true,
        .work = clear_work,
};
const struct ctl_command ctl_ban_list = {
        .group = "ban",
        .name = "list",
        .help = "Lists who may not log in for now. \"strangers\": addresses the account has not "
                "logged in from lately.",
        .columns = (const char *const[]){"address", "account", "reason", "since", "until",
                                         "failures", NULL},
        .place = CTL_READ,
        .work = list_work,
};
