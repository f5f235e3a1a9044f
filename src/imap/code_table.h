/* code_table.h — the response codes: RFC 9051 7.1, RFC 5530. For docs/commands.md, and a test. */
#ifndef IMAP_CODE_TABLE_H
#define IMAP_CODE_TABLE_H

struct imap_code {
        const char *code;
        const char *rfc;
        const char *when; /* NULL: never given; `why_not` says why */
        const char *why_not;
};
/* Sorted; the last has no code. */
extern const struct imap_code imap_codes[];

#endif
