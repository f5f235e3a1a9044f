/* code_table.c — which response codes are given when. */
#include "code_table.h"

#include <stddef.h>

/* clang-format off */
const struct imap_code imap_codes[] = {
        {"ALERT",                 "9051 7.1",   NULL,                                                    "nothing is worth a dialogue on every screen"},
        { "ALREADYEXISTS",        "9051 7.1",   "CREATE and RENAME to a name that is taken",             NULL                                         },
        { "APPENDUID",            "9051 7.1",   "after APPEND",                                          NULL                                         },
        { "AUTHENTICATIONFAILED", "9051 7.1",
         "a wrong name or password, or an account that may not log in",                                  NULL                                         },
        { "AUTHORIZATIONFAILED",  "9051 7.1",   NULL,
         "nobody may act for another; strangers are not told whether the password was right"                                                          },
        { "BADCHARSET",           "9051 7.1",   "SEARCH in a charset that is not known",                 NULL                                         },
        { "CANNOT",               "9051 7.1",
         "what can never be: a name with an empty level or in no modified UTF-7, DELETE of INBOX, "
          "a "
          "change to a mailbox that is open for reading only, an empty message, a NUL in a "
          "literal, "
          "UTF8 of APPEND where UTF8=ACCEPT is not enabled",                                             NULL                                         },
        { "CAPABILITY",           "9051 7.1",   "in the greeting and after a login",                     NULL                                         },
        { "CLIENTBUG",            "9051 7.1",   NULL,                                                    "BAD with a text says it"                    },
        { "CLOSED",               "9051 7.1",
         "before SELECT opens another mailbox; when the one that is open has been removed",              NULL                                         },
        { "COMPRESSIONACTIVE",    "4978 3",     "COMPRESS where it is active already",                   NULL                                         },
        { "CONTACTADMIN",         "9051 7.1",   NULL,                                                    "CORRUPTION says the same and what for"      },
        { "COPYUID",              "9051 7.1",   "after COPY; with MOVE before the EXPUNGEs",             NULL                                         },
        { "CORRUPTION",           "9051 7.1",   "stored data are damaged; the log says which",           NULL                                         },
        { "EXPIRED",              "9051 7.1",   NULL,                                                    "passwords do not expire"                    },
        { "EXPUNGEISSUED",        "9051 7.1",
         "FETCH and STORE left out messages that somebody has expunged, or REPLACE found none",          NULL                                         },
        { "HASCHILDREN",          "9051 7.1",   "DELETE of a level that is no mailbox",                  NULL                                         },
        { "HIGHESTMODSEQ",        "7162 3.1.2",
         "after SELECT; when CONDSTORE is enabled; after EXPUNGE and MOVE; when a larger MODSEQ "
          "was "
          "sent than changes have been told",                                                            NULL                                         },
        { "INPROGRESS",           "9585 4",   "a command takes longer than imap.progress_interval",    NULL                                         },
        { "INUSE",                "9051 7.1",   NULL,                                                    "nothing is locked"                          },
        { "LIMIT",                "9051 7.1",
         "too many mailboxes, keywords, flags, connections, search keys, items or "
          "patterns; a name too long or with too many levels; more to sort than there is room for",      NULL                                         },
        { "MAILBOXID",            "8474 4",     "after CREATE, SELECT and EXAMINE",                      NULL                                         },
        { "MESSAGELIMIT",         "9738 3",   "COPY or APPEND of more messages than it takes, which is the number", NULL },
        { "MODIFIED",             "7162 3.1",   "STORE UNCHANGEDSINCE of messages that did change",      NULL                                         },
        { "NOMODSEQ",             "7162 3.1",   NULL,                                                    "every mailbox has MODSEQs"                  },
        { "NONEXISTENT",          "9051 7.1",   "there is no such mailbox",                              NULL                                         },
        { "NOPERM",               "9051 7.1",   "SETQUOTA: quotas are the administrator's to set",       NULL                                         },
        { "NOTSAVED",             "9051 7.1",   "SEARCH found more messages than can be saved",          NULL                                         },
        { "NOUPDATE",             "5267 4.3",
         "UPDATE where there are too many such searches or results",                                 NULL                                         },
        { "OVERQUOTA",            "9051 7.1",   "the account has no room",                               NULL                                         },
        { "PARSE",                "9051 7.1",   NULL,                                                    "any octets are a message here"              },
        { "PERMANENTFLAGS",       "9051 7.1",
         "after SELECT, and when keywords change; without \"\\*\" when there is no room for more",       NULL                                         },
        { "PRIVACYREQUIRED",      "9051 7.1",   "a login in the clear",                                  NULL                                         },
        { "READ-ONLY",            "9051 7.1",   "after EXAMINE",                                         NULL                                         },
        { "READ-WRITE",           "9051 7.1",   "after SELECT",                                          NULL                                         },
        { "SERVERBUG",            "9051 7.1",   NULL,                                                    "a server that finds itself broken stops"    },
        { "TOOBIG",               "7889 3",     "a message or a literal is over its limit",              NULL                                         },
        { "TRYCREATE",            "9051 7.1",   "APPEND, COPY and MOVE to a mailbox that could be made", NULL                                         },
        { "UIDNEXT",              "9051 7.1",   "after SELECT",                                          NULL                                         },
        { "UIDNOTSTICKY",         "9051 7.1",   NULL,                                                    "UIDs stay"                                  },
        { "UIDREQUIRED",          "9586 3",     "message numbers after UIDONLY was enabled",             NULL                                         },
        { "UIDVALIDITY",          "9051 7.1",   "after SELECT",                                          NULL                                         },
        { "UNAVAILABLE",          "9051 7.1",
         "too busy, no room on the disk, or the server stops: later it may work",                        NULL                                         },
        { "UNKNOWN-CTE",          "9051 7.1",
         "BINARY of a part with an encoding that is not known; APPEND with NULs that no encoding "
          "can hide",                                                                                    NULL                                         },
        { "UNSEEN",               "3501 7.1",   "after SELECT, to clients of IMAP4rev1",                 NULL                                         },
        { "USEATTR",              "6154 3",     "CREATE with a use that a mailbox cannot have",          NULL                                         },
        { NULL,                   NULL,         NULL,                                                    NULL                                         },
};
/* clang-format on */
