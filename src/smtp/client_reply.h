/*
 * client_reply.h — a server's replies: RFC 5321 4.2, RFC 2034.
 *
 * Pure and incremental, a line at a time; bounded in lines and octets. Lenient
 * where servers differ (a code without text, LF alone, which the connection has
 * dealt with), strict where meaning would be lost: the codes of one reply are the same.
 */
#ifndef SMTP_CLIENT_REPLY_H
#define SMTP_CLIENT_REPLY_H

#include "mailserver/core/slice.h"

enum { SMTP_CLIENT_TEXT = 512, SMTP_CLIENT_STATUS = 12 };

enum smtp_client_read {
        SMTP_CLIENT_MORE, /* the reply goes on           */
        SMTP_CLIENT_DONE, /* code, status and text stand */
        SMTP_CLIENT_BAD,  /* no reply; `text` says why   */
};

struct smtp_client_reader {
        int64_t max_lines;

        /* Zero at the start of a reply. */
        int code;
        int64_t lines;
        char status[SMTP_CLIENT_STATUS];
        char text[SMTP_CLIENT_TEXT + 1]; /* all lines, escaped, joined by spaces */
        size_t len;
        bool cut; /* there was more than fits */
        /* Of the line last read, what stands behind the code; borrowed from it. */
        struct slice line;
};

/* Makes ready for the next reply. */
void smtp_client_reader_begin(struct smtp_client_reader *r);
enum smtp_client_read smtp_client_reader_line(struct smtp_client_reader *r, struct slice line);

/*
 * Cuts an enhanced status (RFC 3463 2) of the code's class from the front of *text into out.
 * False, and nothing changed, if there is none.
 */
bool smtp_client_cut_status(struct slice *text, int code, char out[SMTP_CLIENT_STATUS]);
/* "4.0.0" for 4yz: all that a code says for certain. */
void smtp_client_status_of(int code, char out[SMTP_CLIENT_STATUS]);
/* Appends printable ASCII as it is and all else as \xNN, as far as it fits; false: cut. */
bool smtp_client_escape(struct slice s, char *out, size_t size, size_t *len);

#endif
