/*
 * session.h — one client of the IMAP server.
 *
 *      NOT AUTHENTICATED ─► AUTHENTICATED ⇄ SELECTED ─► LOGOUT      RFC 9051 3
 */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include "search_share.h"

#include "mailserver/auth/auth.h"
#include "mailserver/imap/imap.h"
#include "mailserver/net/conn.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/store.h"
#include "mailserver/store/view.h"

enum imap_state {
        IMAP_NOT_AUTHENTICATED = 1u << 0,
        IMAP_AUTHENTICATED = 1u << 1,
        IMAP_SELECTED = 1u << 2,
        IMAP_LOGOUT = 1u << 3,
        IMAP_ANY = IMAP_NOT_AUTHENTICATED | IMAP_AUTHENTICATED | IMAP_SELECTED,
};

/* What ENABLE has switched on: RFC 5161. */
enum imap_enabled {
        IMAP_ENABLED_REV2 = 1u << 0,
        IMAP_ENABLED_UTF8 = 1u << 1,
        IMAP_ENABLED_CONDSTORE = 1u << 2, /* by whatever command: RFC 7162 3.1 */
        IMAP_ENABLED_QRESYNC = 1u << 3,   /* never without CONDSTORE */
        IMAP_ENABLED_UIDONLY = 1u << 4,   /* RFC 9586 */
        /* Either has VANISHED instead of EXPUNGE. */
        IMAP_HEARS_VANISHED = IMAP_ENABLED_QRESYNC | IMAP_ENABLED_UIDONLY,
};

/* recent.h */
enum { IMAP_RECENT_BUCKETS = 256, IMAP_RECENT_LATE = 256 };
struct imap_recents {
        struct store *store;
        struct list buckets[IMAP_RECENT_BUCKETS];
        struct list late; /* those of no open mailbox, the oldest first */
        size_t n_late;    /* at most IMAP_RECENT_LATE */
};

struct imap_server {
        const char *hostname;
        const struct imap_config *config;
        struct auth *auth;
        struct store *store;
        struct imap_recents recents;
        struct imap_shares shares;
        struct search *search;   /* NULL: none */
        struct metric *searched; /* messages that a SEARCH has looked at */
};

struct imap_cmd;
/* Complete in session_impl.h, which only session.c, gather.c, view.c and idle.c read. */
struct imap_session;

/* What commands may look at. */
struct imap_server *imap_session_server(const struct imap_session *s);
struct conn *imap_session_conn(const struct imap_session *s);
unsigned imap_session_enabled(const struct imap_session *s);
/* Keyword names of the account, as last read; a bit that is not named is read again by the session. */
const struct store_keywords *imap_session_keywords(const struct imap_session *s);
/* The selected mailbox' view; NULL when none is. */
const struct store_view *imap_session_view(const struct imap_session *s);
/* UIDs of the messages that are \Recent; none for clients of IMAP4rev2. Of a selected mailbox. */
const struct uid_set *imap_session_recent(const struct imap_session *s);
/* Where the last APPEND has stored something; on the heap, the session's. NULL: it has not. */
struct imap_appended {
        int64_t room; /* octets that the account had left */
        char mailbox[];
};
struct imap_appended **imap_session_appended(struct imap_session *s);
/* RFC 9051 6.4.4.1: the result that "$" stands for. */
struct uid_set *imap_session_saved(struct imap_session *s);

#endif
