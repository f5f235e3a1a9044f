/*
 * imap_notice.c — the IMAP ports belong to the server's card, and this version
 * does not speak IMAP: a client is told so in its own protocol instead of
 * finding a closed port.
 */
#include "imap_notice.h"

static void *notice_opened(struct conn *c, void *service)
{
        (void)service;
        conn_write(c, SLICE("* BYE This version of the server has no IMAP; fetch your mail by POP3 "
                            "(port 995)\r\n"));
        conn_close(c);
        return NULL;
}

static void notice_ignore(struct conn *c, void *session)
{
        (void)session;
        conn_close(c);
}

static void notice_stopping(struct conn *c, void *session, const char *reason)
{
        (void)reason;
        notice_ignore(c, session);
}

static void notice_closed(struct conn *c, void *session)
{
        (void)c;
        (void)session;
}

const struct conn_handler imap_notice_handler = {
        .protocol = "imap",
        .opened = notice_opened,
        .ready = notice_ignore,
        .timed_out = notice_ignore,
        .tls_started = notice_ignore,
        .stopping = notice_stopping,
        .closed = notice_closed,
};
