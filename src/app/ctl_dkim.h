/* ctl_dkim.h — DKIM keys as rows, for the commands that print records. */
#ifndef MAILSERVER_APP_CTL_DKIM_H
#define MAILSERVER_APP_CTL_DKIM_H

#include "ctl.h"

/* Work: a row for each key of DOMAIN: domain, selector, algorithm, state, record. */
enum err ctl_dkim_list_keys(struct ctl_call *call, struct store_txn *tx);
/* A TXT record's text as zone files have it: strings of at most 255 octets, quoted. */
void ctl_dns_quote(struct slice text, struct buf *out);

#endif
