/* ctl_dns.h — the records a domain wants, and what the DNS says of them. */
#ifndef MAILSERVER_APP_CTL_DNS_H
#define MAILSERVER_APP_CTL_DNS_H

#include "mailserver/core/error.h"

#include <jansson.h>
#include <stdbool.h>

struct config;

/*
 * Rows: "name" with its last dot, "type", "value" as in a zone file; and for the check "text" (of
 * TXT, not quoted), "alike" (of TLSA: values that are as good) and "needed" (mail suffers without
 * it). Those whose name begins with ";" are remarks.
 */

/* Appends a row, and returns it: borrowed from `rows`. */
json_t *ctl_dns_put_row(json_t *rows, bool needed, const char *type, const char *value,
                        const char *name);
/* The row of a key of ctl_dkim_list_keys. */
void ctl_dns_put_key(json_t *rows, bool needed, const json_t *key);

/* Asks for each row and adds what dns_judge_row does. ERR_NOTFOUND: not all is as it should be. */
enum err ctl_dns_judge(const struct config *config, json_t *rows);
/* The same, and with rows for the addresses of this server and their names. */
enum err ctl_dns_check(const struct config *config, json_t *rows);

#endif
