/*
 * quirks.h — what is done for known mail programs: the table that mailserverctl quirks prints.
 */
#ifndef MAILSERVER_IMAP_QUIRKS_H
#define MAILSERVER_IMAP_QUIRKS_H

struct imap_quirk {
        const char *client;     /* a word: "k-9" */
        const char *recognised; /* by what, or "not at all" */
        const char *served;     /* whom the change is for: "it alone" or "everybody" */
        const char *change;     /* what is done */
        const char *reason;     /* and what for */
};

void imap_quirks_each(void (*fn)(void *arg, const struct imap_quirk *quirk), void *arg);

#endif
