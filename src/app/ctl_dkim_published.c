/* ctl_dkim_published.c — may keys that wait sign now: has the DNS their records? */
#include "ctl_dkim.h"
#include "ctl_dns.h"

#include <stdio.h>
#include <string.h>

/* The rows of domain dns for keys that wait; *selectors gets their names. */
static json_t *records_of_waiting(const json_t *keys, struct buf *selectors)
{
        json_t *records = json_array(), *key;
        size_t i;

        json_array_foreach(keys, i, key)
        {
                const char *selector = json_string_value(json_object_get(key, "selector"));
                const char *state = json_string_value(json_object_get(key, "state"));

                if (strcmp(state, "waiting") != 0)
                        continue;
                buf_addf(selectors, "%s ", selector);
                ctl_dns_put_key(records, true, key);
        }
        return records;
}

static bool published(const struct config *config, json_t *records)
{
        const json_t *record;
        size_t i;

        if (ctl_dns_judge(config, records) == ERR_OK)
                return true;
        fputs("mailserverctl: not yet; who asks for these records would find no key:\n", stderr);
        json_array_foreach(records, i, record)
        {
                const char *state = json_string_value(json_object_get(record, "state"));

                if (state && strcmp(state, "right") != 0)
                        fprintf(stderr, "%s\tTXT\t%s\t%s\t%s\n",
                                json_string_value(json_object_get(record, "name")),
                                json_string_value(json_object_get(record, "value")), state,
                                json_string_value(json_object_get(record, "found")));
        }
        return false;
}

bool ctl_dkim_allow_activation(const struct config *config, json_t *args, const json_t *keys)
{
        AUTO_BUF(selectors, DKIM_MAX_SELECTORS);
        json_t *records = records_of_waiting(keys, &selectors);
        bool may = true;

        if (!selectors.len)
                fputs("mailserverctl: no keys wait; make some: mailserverctl domain dkim rotate\n",
                      stderr);
        else if (!json_is_true(json_object_get(args, "--force")))
                may = published(config, records);
        json_object_set_new(args, "selectors",
                            json_stringn(buf_slice(&selectors).ptr, selectors.len));
        json_decref(records);
        return may && selectors.len > 0;
}
