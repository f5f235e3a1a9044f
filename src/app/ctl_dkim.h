/* ctl_dkim.h — DKIM keys as rows, for the commands that print records. */
#ifndef MAILSERVER_APP_CTL_DKIM_H
#define MAILSERVER_APP_CTL_DKIM_H

#include "ctl.h"

/*
 * Work: a row for each key of DOMAIN: domain, selector, algorithm, state ("active", "waiting",
 * "retired"), record, text (the record, not quoted); of a retired one retired_us.
 */
enum err ctl_dkim_list_keys(struct ctl_call *call, struct store_txn *tx);
enum { DKIM_MAX_SELECTORS = 4096 }; /* octets of those that wait, together */
/*
 * The `allow` of domain dkim activate, to which the rows above are given: adds "selectors", those
 * that wait, each with a blank after it. --force: whatever the DNS says.
 */
bool ctl_dkim_allow_activation(const struct config *config, json_t *args, const json_t *keys);
/* Digest: with when a retired key may be removed. */
enum err ctl_dkim_digest(const struct config *config, const json_t *args, const json_t *rows,
                         json_t *printed);
/* A TXT record's text as zone files have it: strings of at most 255 octets, quoted. */
void ctl_dns_quote(struct slice text, struct buf *out);

#endif
