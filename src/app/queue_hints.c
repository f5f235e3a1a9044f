/*
 * queue_hints.c — refusals that come up again and again.
 *
 * What is particular stands before what is general: the first row that fits is taken. RFC 3463
 * gives the codes that everybody may use; others are of the provider named.
 */
#include "queue_hints.h"

#include "mailserver/core/error.h"

#define SPF_DKIM                                                                                   \
        "Publish what \"mailserverctl domain dns\" prints for the sender's domain: SPF, DKIM and " \
        "DMARC."
#define PTR_RECORD                                                                                 \
        "Ask whoever gave you the IP address to let its PTR record name this server's hostname, "  \
        "and let that name's A or AAAA record give the address."
#define SLOWER "Let it be: it is tried again, with longer pauses. Send less to them at one time."

static const struct {
        const char *status; /* "5.7.26"; NULL: any */
        const char *words;  /* in the reply, ASCII case ignored, or the status; NULL: any */
        const char *also;   /* these too; NULL: not asked */
        const char *hint;
} hints[] = {
  /* ---- Gmail ---- */
        {NULL,      "5.7.26",           NULL,
         "Gmail: the message is neither covered by SPF nor signed by DKIM for its From "
          "domain. " SPF_DKIM                                                                                              },
        { NULL,     "5.7.27",           NULL,
         "Gmail: SPF does not name this server for the sender's domain. " SPF_DKIM                                         },
        { NULL,     "5.7.30",           NULL,                 "Gmail: the DKIM signature is missing or wrong. " SPF_DKIM   },
        { NULL,     "5.7.25",           NULL,
         "The server's IP address has no PTR record that leads back to it. " PTR_RECORD                                    },
        { NULL,     "5.7.23",           NULL,
         "SPF does not name this server for the sender's domain. " SPF_DKIM                                                },
        { NULL,     "4.7.28",           NULL,
         "Gmail: too much mail has come from this address or domain, or too much that people did "
          "not want. " SLOWER                                                                                              },
        { NULL,     "4.7.26",           NULL,
         "Gmail puts off mail that is neither covered by SPF nor signed by DKIM. " SPF_DKIM                                },
        { NULL,     "4.7.27",           NULL,                 "Gmail puts off mail whose SPF check fails. " SPF_DKIM       },
        { NULL,     "5.7.28",           NULL,
         "Gmail: much unwanted mail has come from this network. Look for an account that sends "
          "what it should not; then wait some days."                                                                       },
        { NULL,     "5.7.1",            "likely unsolicited",
         "Gmail takes the message for spam. Look at its words and links, and whether an account "
          "sends what it should not."                                                                                      },
        { NULL,     "5.7.40",           NULL,                 "Gmail: the From domain has no DMARC record. " SPF_DKIM      },
 /* ---- Outlook, Exchange Online ---- */
        { NULL,     "S3150",            NULL,
         "Outlook.com blocks the network of this server's address. Ask to be let in at "
          "https://olcsupport.office.com, and whether your provider's other customers send spam."                          },
        { NULL,     "S3140",            NULL,
         "Outlook.com blocks this server's address for what has been sent from it. Look for an "
          "account that sends what it should not; then ask to be let in at "
          "https://olcsupport.office.com."                                                                                 },
        { NULL,     "AS(48",            NULL,
         "Microsoft refuses what it takes for unwanted mail. Look for an account that sends what "
          "it should not."                                                                                                 },
        { NULL,     "5.7.515",          NULL,
         "Outlook.com wants SPF, DKIM and DMARC of everyone who sends much. " SPF_DKIM                                     },
        { NULL,     "5.7.509",          NULL,
         "Microsoft: the message fails DMARC, and its From domain asks to refuse such "
          "mail. " SPF_DKIM                                                                                                },
        { NULL,     "5.7.606",          NULL,
         "Microsoft 365 blocks this server's address. Ask to be let in at "
          "https://sender.office.com."                                                                                     },
        { NULL,     "5.7.511",          NULL,
         "Microsoft 365 has banned this server's address. Write to the address that the reply "
          "names, and send it the reply."                                                                                  },
        { NULL,     "4.7.650",          NULL,
         "Outlook.com does not trust this server's address enough yet for so much mail. " SLOWER                           },
        { NULL,     "4.7.500",          NULL,                 "Microsoft 365 slows this server down. " SLOWER              },
 /* ---- Yahoo, AOL ---- */
        { NULL,     "[TSS04]",          NULL,
         "Yahoo puts off mail because people have complained, or because there is much at "
          "once. " SLOWER                                                                                                  },
        { NULL,     "[TS03]",           NULL,
         "Yahoo has blocked this server's address for good. Look for an account that sends what "
          "it "
          "should not; then ask at https://senders.yahooinc.com."                                                          },
        { NULL,     "[TSS",             NULL,                 "Yahoo puts off mail from this address. " SLOWER             },
 /* ---- iCloud ---- */
        { NULL,     "icloud.com",       "local policy",
         "iCloud takes the message or the server for a source of spam. Look at SPF, DKIM and the "
          "PTR record; then write to icloudadmin@apple.com with the reply."                                                },
        { NULL,     "HM08",             NULL,
         "iCloud takes the message for spam. Look at its words and links, and at SPF and DKIM."                            },
        { NULL,     "CS01",             NULL,
         "iCloud refuses the message by its rules. Look at SPF, DKIM and the PTR record; then "
          "write to icloudadmin@apple.com with the reply."                                                                 },
 /* ---- lists of blocked addresses ---- */
        { NULL,     "spamhaus",         "PBL",
         "The server's address stands in Spamhaus' list of lines that should not send mail "
          "themselves. Send through a smarthost, or take the address out at "
          "https://check.spamhaus.org."                                                                                    },
        { NULL,     "spamhaus",         NULL,
         "The server's address or name stands in a list of Spamhaus. See which, and how it gets "
          "out, at https://check.spamhaus.org; if your DNS goes through a public resolver, that "
          "may be all that is wrong."                                                                                      },
        { NULL,     "barracuda",        NULL,
         "Barracuda's list has the server's address. Ask to be taken out at "
          "https://www.barracudacentral.org/rbl/removal-request."                                                          },
        { NULL,     "spamcop",          NULL,
         "SpamCop's list has the server's address. It leaves by itself a day after the last "
          "complaint."                                                                                                     },
        { NULL,     "blacklist",        NULL,
         "A list of blocked addresses has this server's. The reply names it: ask there to be "
          "taken "
          "out, after whatever sent spam has been stopped."                                                                },
        { NULL,     "blocklist",        NULL,
         "A list of blocked addresses has this server's. The reply names it: ask there to be "
          "taken "
          "out, after whatever sent spam has been stopped."                                                                },
        { NULL,     "dnsbl",            NULL,
         "A list of blocked addresses has this server's. The reply names it: ask there to be "
          "taken "
          "out, after whatever sent spam has been stopped."                                                                },
 /* ---- everybody ---- */
        { NULL,     "greylist",         NULL,
         "The other server lets those wait whom it does not know. Nothing is wrong; it is tried "
          "again."                                                                                                         },
        { NULL,     "graylist",         NULL,
         "The other server lets those wait whom it does not know. Nothing is wrong; it is tried "
          "again."                                                                                                         },
        { NULL,     "reverse dns",      NULL,
         "The server's IP address has no good PTR record. " PTR_RECORD                                                     },
        { NULL,     "reverse hostname", NULL,
         "The server's IP address has no good PTR record. " PTR_RECORD                                                     },
        { NULL,     "ptr record",       NULL,                 "The server's IP address has no good PTR record. " PTR_RECORD},
        { NULL,     "dmarc",            NULL,                 "The message fails DMARC of its From domain. " SPF_DKIM      },
        { "5.7.9",  NULL,               NULL,
         "The other server wants a login. If it is a smarthost, give its route a user and a "
          "password."                                                                                                      },
        { "5.7.8",  NULL,               NULL,
         "The smarthost does not accept the user name or the password of its route."                                       },
        { "4.2.2",  NULL,               NULL,
         "The recipient's mailbox is full. Only the recipient can change that."                                            },
        { "5.2.2",  NULL,               NULL,
         "The recipient's mailbox is full. Only the recipient can change that."                                            },
        { "5.2.1",  NULL,               NULL,
         "The recipient's account is disabled, or gets more mail than it may."                                             },
        { "4.2.1",  NULL,               NULL,
         "The recipient's account is disabled, or gets more mail than it may. It is tried "
          "again."                                                                                                         },
        { NULL,     "relay",            "denied",
         "The other server does not take mail for this domain. Its MX record or the route leads "
          "to "
          "the wrong server, or a smarthost wants a login."                                                                },
        { NULL,     "relay",            "permitted",
         "The other server does not take mail for this domain. Its MX record or the route leads "
          "to "
          "the wrong server, or a smarthost wants a login."                                                                },
        { NULL,     "relay",            "unable",
         "The other server does not take mail for this domain. Its MX record or the route leads "
          "to "
          "the wrong server, or a smarthost wants a login."                                                                },
        { NULL,     "relay",            "prohibited",
         "The other server does not take mail for this domain. Its MX record or the route leads "
          "to "
          "the wrong server, or a smarthost wants a login."                                                                },
        { "5.1.1",  NULL,               NULL,
         "There is no such recipient. Look for typing errors; addresses like this in an alias or "
          "a "
          "list should be taken out."                                                                                      },
        { NULL,     "user unknown",     NULL,
         "There is no such recipient. Look for typing errors; addresses like this in an alias or "
          "a "
          "list should be taken out."                                                                                      },
        { NULL,     "no such user",     NULL,
         "There is no such recipient. Look for typing errors; addresses like this in an alias or "
          "a "
          "list should be taken out."                                                                                      },
        { "5.1.10", NULL,               NULL,
         "The recipient's domain takes no mail at all, by its null MX record (RFC 7505)."                                  },
        { "5.3.4",  NULL,               NULL,                 "The message is larger than the other server takes."         },
        { "5.2.3",  NULL,               NULL,                 "The message is larger than the recipient may get."          },
        { "5.6.7",  NULL,               NULL,
         "The other server does not know SMTPUTF8, which these addresses need."                                            },
};

static bool contains(struct slice text, const char *words)
{
        size_t n = strlen(words);

        for (size_t i = 0; i + n <= text.len; i++)
                if (slice_eq_word((struct slice){ text.ptr + i, n }, (struct slice){ words, n }))
                        return true;
        return false;
}

const char *queue_hint(struct slice status, struct slice reply)
{
        for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
                if (hints[i].status && !slice_eq(status, slice_of(hints[i].status)))
                        continue;
                if (hints[i].words && !contains(reply, hints[i].words) &&
                    !slice_eq(status, slice_of(hints[i].words)))
                        continue;
                if (!hints[i].also || contains(reply, hints[i].also))
                        return hints[i].hint;
        }
        return NULL;
}
