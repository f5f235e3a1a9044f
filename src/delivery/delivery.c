/* delivery.c — the sink behind SMTP: its life and its options. */
#include "mailserver/delivery/delivery.h"

#include "sink.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"

#include <assert.h>

#define OFFSET(field) offsetof(struct delivery_config, field)

static const struct conf_option options[] = {
        {.name = "subaddress_separators",
         .type = CONF_STRING,
         .offset = OFFSET(subaddress_separators),
         .fallback = "+",
         .help = "Characters that begin the detail of an address: with \"+\", mail for "
                  "alice+lists@example.org goes to alice@example.org. Empty: none." },
        { .name = "postmaster",
         .type = CONF_STRING,
         .offset = OFFSET(postmaster),
         .fallback = "",
         .help = "Account that gets mail for postmaster@ and abuse@ of every domain, where no "
                  "account or alias of that name exists. Empty: the domain's oldest account." },
        { .name = "max_received",
         .type = CONF_INT,
         .offset = OFFSET(max_received),
         .fallback = "100",
         .min = 10,
         .max = 10000,
         .help = "Servers a message may have passed (its Received fields); beyond, it is taken "
                  "for one that runs in circles and refused." },
        { .name = "max_recipients_per_hour",
         .type = CONF_INT,
         .offset = OFFSET(max_recipients_per_hour),
         .fallback = "500",
         .max = 1000000000,
         .help = "Recipients at other servers that an account may write to within an hour: what "
                  "a stolen password is good for. 0: no limit." },
        { .name = "max_recipients_per_day",
         .type = CONF_INT,
         .offset = OFFSET(max_recipients_per_day),
         .fallback = "2000",
         .max = 1000000000,
         .help = "The same within a day." },
        { .name = "max_success_reports_per_hour",
         .type = CONF_INT,
         .offset = OFFSET(max_success_reports_per_hour),
         .fallback = "100",
         .max = 1000000000,
         .help = "Messages of other servers within an hour, of senders of one domain, that may "
                  "ask "
                  "for a report of their arrival (NOTIFY=SUCCESS): the sender they name may be "
                  "forged. Beyond it they are not reported on. 0: no limit." },
        { .name = "bulk_recipients",
         .type = CONF_INT,
         .offset = OFFSET(bulk_recipients),
         .fallback = "50",
         .min = 1,
         .max = 1000000000,
         .help = "A message to more recipients than this is sent after others, as are those "
                  "of lists and with Precedence: bulk." },
        { .name = "srs_lifetime",
         .type = CONF_TIME,
         .offset = OFFSET(srs_lifetime_ms),
         .fallback = "21d",
         .min = 86400000,
         .max = INT64_C(31536000000),
         .help = "Mail that an alias sends to another server has an envelope sender of ours "
                  "(SRS); "
                  "reports of what became of it are taken for so long." },
        { .name = NULL                                                                           },
};

const struct conf_table delivery_conf_table = {
        .path = "delivery",
        .help = "From the envelope to the mailbox.",
        .options = options,
        .size = sizeof(struct delivery_config),
};

/* ---- rules ---- */

static char *copy_text(const char *text)
{
        return text ? mem_strdup(slice_of(text)) : NULL;
}

static struct delivery_outbound copy_outbound(const struct delivery_outbound *outbound)
{
        struct delivery_outbound copy = *outbound;

        copy.postmaster = copy_text(outbound->postmaster);
        return copy;
}

static struct delivery_rules *rules_new(const struct delivery_config *config,
                                        const struct delivery_outbound *outbound)
{
        struct delivery_rules *rules = NEW(struct delivery_rules);

        rules->refs = 1;
        rules->address.separators = mem_strdup(slice_of(config->subaddress_separators));
        rules->address.postmaster = mem_strdup(slice_of(config->postmaster));
        rules->max_received = config->max_received;
        rules->max_recipients_per_hour = config->max_recipients_per_hour;
        rules->max_recipients_per_day = config->max_recipients_per_day;
        rules->max_success_reports_per_hour = config->max_success_reports_per_hour;
        rules->bulk_recipients = config->bulk_recipients;
        rules->srs_lifetime_ms = config->srs_lifetime_ms;
        rules->outbound = copy_outbound(outbound);
        return rules;
}

/* The same with another outbound. */
static struct delivery_rules *rules_copy(const struct delivery_rules *from,
                                         const struct delivery_outbound *outbound)
{
        struct delivery_rules *rules = NEW(struct delivery_rules);

        *rules = *from;
        rules->refs = 1;
        rules->address.separators = copy_text(from->address.separators);
        rules->address.postmaster = copy_text(from->address.postmaster);
        rules->outbound = copy_outbound(outbound);
        return rules;
}

struct delivery_rules *delivery_rules_ref(struct delivery_rules *rules)
{
        rules->refs++;
        return rules;
}

static void free_text(const char *owned)
{
        mem_free((void *)(uintptr_t)owned); /* const for those who read it */
}

void delivery_rules_unref(struct delivery_rules *rules)
{
        if (!rules || --rules->refs)
                return;
        free_text(rules->address.separators);
        free_text(rules->address.postmaster);
        free_text(rules->outbound.postmaster);
        mem_free(rules);
}

/* ---- the sink ---- */

struct smtp_sink *delivery_new(struct store *store, const char *hostname,
                               const struct delivery_config *config)
{
        struct smtp_sink *sink = NEW(struct smtp_sink);

        sink->store = store;
        sink->hostname = mem_strdup(slice_of(hostname));
        sink->rules = rules_new(config, &(struct delivery_outbound){ 0 });
        return sink;
}

void delivery_free(struct smtp_sink *sink)
{
        if (!sink)
                return;
        delivery_rules_unref(sink->rules);
        mem_free(sink->hostname);
        mem_free(sink);
}

void delivery_set_config(struct smtp_sink *sink, const struct delivery_config *config)
{
        struct delivery_rules *before = sink->rules;

        sink->rules = rules_new(config, &before->outbound);
        delivery_rules_unref(before);
}

void delivery_set_outbound(struct smtp_sink *sink, const struct delivery_outbound *outbound)
{
        struct delivery_rules *before = sink->rules;
        const struct delivery_outbound none = { 0 };

        assert(!outbound || outbound->lifetime_ms > 0);
        sink->rules = rules_copy(before, outbound ? outbound : &none);
        delivery_rules_unref(before);
}

static bool disk_low(struct smtp_sink *sink)
{
        return store_disk_low(sink->store);
}

const struct smtp_sink_ops delivery_sink_ops = {
        .check_sender = delivery_check_sender,
        .check_rcpt = delivery_check_rcpt,
        .deliver = delivery_deliver,
        .disk_low = disk_low,
};

/* ---- what the tasks share ---- */

int64_t delivery_key(int64_t account, uint64_t client)
{
        /* Accounts count up from 1: a client's key, made negative, is none of them. */
        return account ? account : (int64_t)(client | UINT64_C(1) << 63);
}

void delivery_log_failure(const struct task *t, const char *connection_id)
{
        if (t->result == ERR_IO || t->result == ERR_CORRUPT || t->result == ERR_FULL)
                log_error("c=%s %s error=%s %s", connection_id, t->class->name, err_name(t->result),
                          t->error.text);
}
