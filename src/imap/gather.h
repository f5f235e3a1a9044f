/*
 * gather.h — a command put together from lines and literals: RFC 9051 2.2.1, 4.3, RFC 7888.
 *
 *      line ─► literal ─► line ─► … ─► command
 *
 * Pure: octets in, events out, the same for every way the octets are split.
 * What is gathered is bounded by max_line and max_literals. A literal over the
 * limit: if the client waits for "+", there is none and the command is over;
 * if not, it is skipped as it comes, with the rest of the command.
 * APPEND's message is not gathered: gather stops in front of it.
 */
#ifndef IMAP_GATHER_H
#define IMAP_GATHER_H

#include "args.h"

#include "mailserver/core/buf.h"

struct imap_gather_limits {
        size_t max_line;     /* of a command, without its literals */
        size_t max_literals; /* of a command, together */
};

enum imap_gather_event {
        IMAP_GATHER_MORE,     /* all was taken, more is needed */
        IMAP_GATHER_CONTINUE, /* the client waits for "+" */
        IMAP_GATHER_COMMAND,  /* whole: `octets` */
        IMAP_GATHER_STREAM, /* up to the header of APPEND's message: the session takes the literal */
        IMAP_GATHER_TOO_LONG, /* the line; the command was skipped; `octets` is its beginning */
        IMAP_GATHER_TOO_BIG,  /* a literal; likewise */
        IMAP_GATHER_SKIPPED,  /* the rest that imap_gather_skip asked for has come */
};

struct imap_gather {
        struct buf octets;  /* owned; literals as "{n}" CRLF and their octets; no CRLF at the end */
        uint64_t left;      /* of a literal */
        size_t line_start;  /* where the current line begins in octets */
        size_t line_octets; /* of the lines so far */
        size_t literal_octets;
        enum imap_gather_event skipping; /* what to say at the end; 0: nothing is skipped */
        bool cr;                         /* the last octet was a CR that may belong to a line end */
        struct imap_literal literal;     /* of IMAP_GATHER_STREAM */
        bool rest;     /* of a command that streams: its next literal streams too */
        char tail[24]; /* the end of a line that is skipped: its literal's header */
        unsigned char n_tail;
};

/* Takes octets from the front of *in until something has happened. */
enum imap_gather_event imap_gather_put(struct imap_gather *g,
                                       const struct imap_gather_limits *limits, struct slice *in);
/* Something of a command has come. */
bool imap_gather_begun(const struct imap_gather *g);
/* For the next command. */
void imap_gather_reset(struct imap_gather *g);
/* For what follows a streamed literal in the same command. */
void imap_gather_rest(struct imap_gather *g);
/* Skips `octets` of a literal and then the rest of its command; SKIPPED at its end. */
void imap_gather_skip(struct imap_gather *g, uint64_t octets);
void imap_gather_done(struct imap_gather *g);

#endif
