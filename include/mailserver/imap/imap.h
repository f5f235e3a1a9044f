/*
 * imap.h — the IMAP server: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051), each
 * client served by what it enabled.
 */
#ifndef MAILSERVER_IMAP_IMAP_H
#define MAILSERVER_IMAP_IMAP_H

#include "mailserver/core/conf.h"
#include "mailserver/net/conn.h"

struct auth;
struct search;
struct store;

struct imap_config {
        int64_t timeout_ms;           /* after login: RFC 9051 5.4 wants at least 30 minutes */
        int64_t login_timeout_ms;     /* before */
        int64_t idle_interval_ms;     /* a keep-alive line to clients in IDLE */
        int64_t progress_interval_ms; /* between two INPROGRESS */
        int64_t max_errors;           /* BAD commands before the connection is closed */
        int64_t max_line;             /* a command without its literals, octets */
        int64_t max_literals;        /* octets of one command's literals but for APPEND's message */
        int64_t max_message_size;    /* APPENDLIMIT: RFC 7889 */
        int64_t max_append_messages; /* of one APPEND: RFC 3502 */
        int64_t append_unasked;      /* octets that may follow without a look beforehand */
        int64_t max_copy_messages;
        int64_t max_slice_messages; /* that one transaction changes */
        int64_t slice_time_ms;      /* that it should take */
        int64_t max_mailboxes;      /* of an account; of its subscriptions likewise */
        int64_t max_mailbox_levels; /* of a name */
        int64_t max_mailbox_name;   /* octets of UTF-8 */
        int64_t max_search_results; /* kept for SEARCHRES */
        int64_t max_sort_text;      /* octets of a subject or name that SORT compares */
        int64_t max_sort_memory;    /* octets of one SORT's keys */
        int64_t max_search_memory;  /* octets that all searching commands under way keep together */
        int64_t max_search_memory_per_account;
        int64_t max_contexts;                 /* of a mailbox that is open: RFC 5267 4.3.1 */
        int64_t max_sorted_context;           /* messages of a SORT that is kept up to date */
        bool client_profiles;                 /* faults of known clients are met: quirks.h */
        bool compress;                        /* COMPRESS=DEFLATE: RFC 4978 */
        struct conf_strings compress_not_for; /* names of an ID that are not told of it */
};
extern const struct conf_table imap_conf_table; /* "imap" */

/* Messages that searches have looked at since the start: core/metrics.h. */
#define IMAP_METRIC_SEARCHED "imap.search.messages"

struct imap_server; /* net_service.context */
/* Everything is borrowed until imap_server_free. */
struct imap_server *imap_server_new(const char *hostname, const struct imap_config *config,
                                    struct auth *auth, struct store *store);
void imap_server_free(struct imap_server *s);
/* The index that SEARCH looks into; borrowed likewise. Without one all mail is looked through. */
void imap_server_set_search(struct imap_server *s, struct search *search);
void imap_server_set_config(struct imap_server *s, const struct imap_config *config);
extern const struct conn_handler imap_handler;

/* Appends the commands and extensions as tables in Markdown: docs/commands.md. */
void imap_print_commands(struct buf *out);

#endif
