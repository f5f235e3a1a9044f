/*
 * capability_table.c — the words of CAPABILITY: what they mean, when they are told.
 *
 * Before login only what may be used then. Those that a connection's TLS and the options of login
 * decide about have a function; AUTH= is one word for each mechanism.
 */
#include "session_impl.h"

#include "mailserver/net/compress.h"

enum { LOGIN = IMAP_NOT_AUTHENTICATED, AFTER = IMAP_AUTHENTICATED | IMAP_SELECTED };

static bool put_starttls(const struct imap_session *s, struct buf *out)
{
        (void)out;
        return conn_may_start_tls(s->conn);
}

static bool put_login_disabled(const struct imap_session *s, struct buf *out)
{
        (void)out;
        return !imap_auth_offered(s);
}

static bool put_initial_response(const struct imap_session *s, struct buf *out)
{
        (void)out;
        return imap_auth_offered(s);
}

/* "PLAIN AUTH=SCRAM-SHA-256 …" */
static bool put_mechanisms(const struct imap_session *s, struct buf *out)
{
        struct auth_client client;
        AUTO_BUF(binding, 256);
        AUTO_BUF(mechanisms, 512);
        struct slice rest, name;

        if (!imap_auth_offered(s))
                return false;
        imap_auth_client(s, &binding, &client);
        auth_mechanisms(s->server->auth, &client, &mechanisms);
        rest = buf_slice(&mechanisms);
        while (slice_cut(&rest, ' ', &name)) {
                buf_add(out, name);
                buf_add(out, SLICE(" AUTH="));
        }
        buf_add(out, rest);
        return mechanisms.len > 0;
}

static bool put_append_limit(const struct imap_session *s, struct buf *out)
{
        buf_addf(out, "%lld", (long long)s->server->config->max_message_size);
        return true;
}

/* RFC 9738 3: MOVE, STORE, FETCH and the others take any number. docs/adr/0012 */
static bool put_save_limit(const struct imap_session *s, struct buf *out)
{
        const struct imap_config *config = s->server->config;
        bool copy = config->max_copy_messages < config->max_append_messages;

        buf_addf(out, "%lld",
                 (long long)(copy ? config->max_copy_messages : config->max_append_messages));
        return true;
}

static bool put_compress(const struct imap_session *s, struct buf *out)
{
        (void)out;
        return s->server->config->compress && !s->no_compress && !conn_is_compressed(s->conn);
}

/* clang-format off */
const struct imap_capability imap_capabilities[] = {
        {"IMAP4rev1",           IMAP_ANY, "3501",        "The protocol, as it was until 2021.",                       NULL,                   NULL                },
        { "IMAP4rev2",          IMAP_ANY, "9051",        "The protocol, as it is; for clients that enable it.",
         &imap_cmd_enable,                                                                                                                    NULL                },
        { "UTF8=ACCEPT",        AFTER,    "6855 3",
         "Names of mailboxes, strings and headers in UTF-8, for clients that enable it.",                             &imap_cmd_enable,       NULL                },
        { "LITERAL+",           IMAP_ANY, "7888 4",      "Literals that do not wait to be asked for.",                NULL,
         NULL                                                                                                                                                     },
        { "BINARY",             AFTER,    "3516 4",
         "Parts without their transfer encoding; messages with NULs may be appended.",                                &imap_cmd_fetch,        NULL                },
        { "CHILDREN",           AFTER,    "3348 3",      "LIST says of each name whether there are others below it.",
         &imap_cmd_list,                                                                                                                      NULL                },
        { "CONDSTORE",          AFTER,    "7162 3.1",
         "Every change has a number: what changed is found by it, and changes can depend on it.",                     &imap_cmd_enable,       NULL                },
        { "CONTEXT=SEARCH",     AFTER,    "5267 4",      "The result of a SEARCH is kept up to date: UPDATE.",        &imap_cmd_cancelupdate, NULL                },
        { "CONTEXT=SORT",       AFTER,    "5267 4",      "Likewise that of a SORT.",                                  &imap_cmd_cancelupdate, NULL                },
        { "CREATE-SPECIAL-USE", AFTER,    "6154 3",      "A mailbox is made with its use.",
         &imap_cmd_create,                                                                                                                    NULL                },
        { "ENABLE",             AFTER,    "5161 3",      "See the command.",                                          &imap_cmd_enable,       NULL                },
        { "ESEARCH",            AFTER,    "4731 3.1",
         "SEARCH answers with the least, the greatest, all, or how many.",                                            &imap_cmd_search,
         NULL                                                                                                                                                     },
        { "ESORT",              AFTER,    "5267 3.1",
         "SORT answers with the first, the last, all, or how many.",                                                  &imap_cmd_sort,
         NULL                                                                                                                                                     },
        { "I18NLEVEL=1",        AFTER,    "5255 4.3",
         "SEARCH, SORT and THREAD compare text by i;unicode-casemap.",                                                &imap_cmd_search,
         NULL                                                                                                                                                     },
        { "ID",                 IMAP_ANY, "2971 3.1",    "See the command.",                                          &imap_cmd_id,           NULL                },
        { "IDLE",               AFTER,    "2177 3",      "See the command.",                                          &imap_cmd_idle,         NULL                },
        { "INPROGRESS",         AFTER,    "9585 3",      "Who waits for a long command is told how far it is.",       NULL,                   NULL                },
        { "LIST-EXTENDED",      AFTER,    "5258 3",      "LIST with several patterns and with options.",
         &imap_cmd_list,                                                                                                                      NULL                },
        { "LIST-STATUS",        AFTER,    "5819 2",      "LIST with the status of each mailbox.",                     &imap_cmd_list,
         NULL                                                                                                                                                     },
        { "MOVE",               AFTER,    "6851 3",      "See the command.",                                          &imap_cmd_move,         NULL                },
        { "MULTIAPPEND",        AFTER,    "3502 6.3.11", "Several messages in one command.",                          &imap_cmd_append,
         NULL                                                                                                                                                     },
        { "MULTISEARCH",        AFTER,    "7377 2",      "See the command ESEARCH.",                                  &imap_cmd_esearch,      NULL                },
        { "NAMESPACE",          AFTER,    "2342 5",      "See the command.",                                          &imap_cmd_namespace,    NULL                },
        { "OBJECTID",           AFTER,    "8474 3",
         "Mailboxes, messages and threads have names that stay: MAILBOXID, EMAILID, THREADID.",                       &imap_cmd_fetch,        NULL                },
        { "PARTIAL",            AFTER,    "9394 3",      "SEARCH, SORT and UID FETCH of some places of the result.",  &imap_cmd_search,       NULL                },
        { "PREVIEW",            AFTER,    "8970 3",      "The first words of a message.",                             &imap_cmd_fetch,        NULL                },
        { "QRESYNC",            AFTER,    "7162 3.2",
         "A client that comes back is told what changed and what is gone.",                                           &imap_cmd_enable,       NULL                },
        { "QUOTA",              AFTER,    "9208 4",      "See the commands; SETQUOTA is refused.",                    &imap_cmd_getquota,     NULL                },
        { "QUOTA=RES-MAILBOX",  AFTER,    "9208 5.3",    "The number of mailboxes is limited.",                       &imap_cmd_getquota,     NULL                },
        { "QUOTA=RES-MESSAGE",  AFTER,    "9208 5.2",    "The number of messages may be limited.",                    &imap_cmd_getquota,     NULL                },
        { "QUOTA=RES-STORAGE",  AFTER,    "9208 5.1",    "The octets of all messages may be limited.",                &imap_cmd_getquota,     NULL                },
        { "REPLACE",            AFTER,    "8508 3.1",    "See the command.",                                          &imap_cmd_replace,      NULL                },
        { "SAVEDATE",           AFTER,    "8514 4",
         "When a message came into its mailbox can be fetched and searched.",                                         &imap_cmd_fetch,
         NULL                                                                                                                                                     },
        { "SEARCH=FUZZY",       AFTER,    "6203 3",      "Words in any order and with small faults; how well they fit.", &imap_cmd_search,    NULL                },
        { "SEARCHRES",          AFTER,    "5182 2",      "The last result of a search is \"$\".",                     &imap_cmd_search,
         NULL                                                                                                                                                     },
        { "SORT",               AFTER,    "5256 3",      "See the command.",                                          &imap_cmd_sort,         NULL                },
        { "SORT=DISPLAY",       AFTER,    "5957 4",      "SORT by DISPLAYFROM and DISPLAYTO: names as people see them.",
         &imap_cmd_sort,                                                                                                                      NULL                },
        { "SPECIAL-USE",        AFTER,    "6154 2",
         "LIST says which mailbox is for drafts, sent mail, junk and so on.",                                         &imap_cmd_list,
         NULL                                                                                                                                                     },
        { "STATUS=SIZE",        AFTER,    "8438 3",      "STATUS says how many octets the messages have together.",
         &imap_cmd_status,                                                                                                                    NULL                },
        { "THREAD=ORDEREDSUBJECT", AFTER, "5256 3",      "THREAD by subjects.",                                       &imap_cmd_thread,       NULL                },
        { "THREAD=REFERENCES",  AFTER,    "5256 3",      "THREAD by replies, and by subjects where these say nothing.",
         &imap_cmd_thread,                                                                                                                    NULL                },
        { "THREAD=REFS",        AFTER,    "5256 3",
         "THREAD by replies alone, the latest thread last (draft-ietf-morg-inthread).",                               &imap_cmd_thread,
         NULL                                                                                                                                                     },
        { "UIDONLY",            AFTER,    "9586 3",
         "For clients that enable it messages have no numbers, only UIDs.",                                           &imap_cmd_enable,
         NULL                                                                                                                                                     },
        { "UIDPLUS",            AFTER,    "4315 2",      "UID EXPUNGE; the new UIDs are told after APPEND and COPY.",
         &imap_cmd_expunge,                                                                                                                   NULL                },
        { "UNAUTHENTICATE",     AFTER,    "8437 3",      "See the command.",                                          &imap_cmd_unauthenticate, NULL              },
        { "UNSELECT",           AFTER,    "3691 2",      "See the command.",                                          &imap_cmd_unselect,     NULL                },
        { "WITHIN",             AFTER,    "5032 3",      "Search by age in seconds: OLDER and YOUNGER.",
         &imap_cmd_search,                                                                                                                    NULL                },
        { "STARTTLS",           LOGIN,    "9051 6.2.1",  "See the command; not under TLS.",                           &imap_cmd_starttls,
         put_starttls                                                                                                                                             },
        { "LOGINDISABLED",      LOGIN,    "9051 6.2.3",  "No login in the clear: TLS first.",
         &imap_cmd_login,                                                                                                                     put_login_disabled  },
        { "SASL-IR",            LOGIN,    "4959 3",      "AUTHENTICATE may bring its first response.",
         &imap_cmd_authenticate,                                                                                                              put_initial_response},
        { "AUTH=",              LOGIN,    "9051 6.2.2",
         "A mechanism of AUTHENTICATE; none where there is LOGINDISABLED.",                                           &imap_cmd_authenticate,
         put_mechanisms                                                                                                                                           },
        { "APPENDLIMIT=",       AFTER,    "7889 3",      "The largest message APPEND takes, in octets.",
         &imap_cmd_append,                                                                                                                    put_append_limit    },
        { "SAVELIMIT=",         AFTER,    "9738 3",      "The most messages one COPY and one APPEND both take; other commands take any number.", &imap_cmd_copy, put_save_limit },
        { "COMPRESS=DEFLATE",   AFTER,    "4978 3",
         "See the command; told last, and not once it is active.",                                                    &imap_cmd_compress,
         put_compress                                                                                                                                             },
        { NULL,                 0,        NULL,          NULL,                                                        NULL,                   NULL                },
};
/* clang-format on */
