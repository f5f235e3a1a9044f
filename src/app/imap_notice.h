/* imap_notice.h — what answers on the IMAP ports until IMAP is there. */
#ifndef MAILSERVER_APP_IMAP_NOTICE_H
#define MAILSERVER_APP_IMAP_NOTICE_H

#include "mailserver/net/conn.h"

/* Greets with BYE (RFC 9051 7.1.5), says to use POP3, and closes. */
extern const struct conn_handler imap_notice_handler;

#endif
