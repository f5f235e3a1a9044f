/*
 * error.h — what went wrong, as a closed set every protocol can answer.
 *
 * Functions that can fail return enum err. ERR_OK is 0, so `if (err)` reads as
 * "if it failed". The code says what to tell the client; the text, if a caller
 * asks for it through a trailing `struct error *reterr`, is for the log only
 * and is never sent to a peer.
 */
#ifndef MAILSERVER_CORE_ERROR_H
#define MAILSERVER_CORE_ERROR_H

#define MUST_CHECK         __attribute__((warn_unused_result))
#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

enum err {
        ERR_OK = 0,
        ERR_SYNTAX,    /* the peer's bytes do not parse               */
        ERR_LIMIT,     /* well formed, but past a configured limit    */
        ERR_DENIED,    /* known, and not allowed                      */
        ERR_NOTFOUND,  /* no such account, mailbox, message           */
        ERR_EXISTS,    /* the name is taken                           */
        ERR_QUOTA,     /* would pass the account's quota              */
        ERR_BUSY,      /* our own queues are full: try again          */
        ERR_FULL,      /* the disk is full, or below its reserve      */
        ERR_IO,        /* disk, database or network failed: try again */
        ERR_CORRUPT,   /* our own data does not add up: log, alarm    */
        ERR_CANCELLED, /* the asker went away                         */
        ERR_MAX_,
};

struct error {
        enum err code;
        char text[192];
};

/* "ok", "syntax", "limit" …: for logs. Never NULL. */
const char *err_name(enum err e);
/* Fills *reterr when it is not NULL and returns `code`, so a failure is one line. */
enum err fail(struct error *reterr, enum err code, const char *fmt, ...) PRINTF(3, 4);

#endif
