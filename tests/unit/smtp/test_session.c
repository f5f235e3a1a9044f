/*
 * test_session.c — what a session answers, command by command, whatever the way
 * the client's octets are cut into segments.
 */
#include "helper_session.h"

#include "mailserver/core/log.h"

#include <check.h>
#include <stdlib.h>

#define EHLO                                                                                       \
        "250-mail.example.org\r\n"                                                                 \
        "250-PIPELINING\r\n"                                                                       \
        "250-SIZE 52428800\r\n"                                                                    \
        "250-8BITMIME\r\n"                                                                         \
        "250-SMTPUTF8\r\n"                                                                         \
        "250-CHUNKING\r\n"                                                                         \
        "250-ENHANCEDSTATUSCODES\r\n"                                                              \
        "250-DSN\r\n"
#define EHLO_END                                                                                   \
        "250-LIMITS RCPTMAX=1000 MAILMAX=10000\r\n"                                                \
        "250 HELP\r\n"
#define HELO_ "HELO c\r\n"
#define HELO  "250 mail.example.org\r\n"
#define MAIL_ "MAIL FROM:<s@example.net>\r\n"
#define MAIL  "250 2.1.0 Sender ok\r\n"
#define RCPT_ "RCPT TO:<bob@example.org>\r\n"
#define RCPT  "250 2.1.5 Recipient ok\r\n"
#define GO    "354 Send the message, then a line with a single dot\r\n"
#define OK    "250 2.0.0 Stored\r\n"
#define QUIT_ "QUIT\r\n"
#define QUIT  "221 2.0.0 mail.example.org Bye\r\n"
#define OPEN_ HELO_ MAIL_ RCPT_
#define OPEN  HELO MAIL RCPT

#define TEXT(literal)                                                                              \
        {                                                                                          \
                "" literal, sizeof(literal) - 1                                                    \
        }

struct conversation {
        const char *name;
        struct slice client;
        const char *server; /* without the greeting */
        size_t n_messages;
};

/* Port 25, in the clear, no TLS to be had. */
static const struct conversation port_25[] = {
        {"EHLO lists what there is",                                TEXT("EHLO client.example.net\r\n"),                               EHLO EHLO_END,                            0},
        { "verbs in any case",                                      TEXT("hElO c\r\nqUIT\r\n"),                                        HELO QUIT,                                0},
        { "blanks at the end of a line",                            TEXT("HELO c  \r\nQUIT \r\n"),                                     HELO QUIT,                                0},
        { "a line that ends with LF alone",                         TEXT("HELO c\nQUIT\n"),                                            HELO QUIT,                                0},
        { "HELO without a name",                                    TEXT("HELO\r\nEHLO \r\n"),
         "501 5.5.4 Syntax: HELO domain\r\n501 5.5.4 Syntax: EHLO domain\r\n",                                                                                                   0},
        { "HELO with two words or a control character",             TEXT("HELO a b\r\nHELO a\x01\r\n"),
         "501 5.5.4 Syntax: HELO domain\r\n501 5.5.4 Syntax: HELO domain\r\n",                                                                                                   0},
        { "an address literal, and a name with underscores",
         TEXT("HELO [192.0.2.1]\r\nHELO my_host\r\n"),                                                                                 HELO HELO,                                0},
        { "a whole message",                                        TEXT(OPEN_ "DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n" QUIT_),
         OPEN GO OK QUIT,                                                                                                                                                        1},
        { "two messages",                                           TEXT(OPEN_ "DATA\r\na\r\n.\r\n" MAIL_ RCPT_ "DATA\r\nb\r\n.\r\n"),
         OPEN GO OK MAIL RCPT GO OK,                                                                                                                                             2},
        { "a message by BDAT",                                      TEXT(OPEN_ "BDAT 5 LAST\r\nabc\r\n" QUIT_),                        OPEN OK QUIT,                             1},
        { "in two chunks",                                          TEXT(OPEN_ "BDAT 4\r\nab\r\nBDAT 3 LAST\r\nc\r\n" QUIT_),
         OPEN "250 2.0.0 4 octets received\r\n" OK QUIT,                                                                                                                         1},
        { "with an empty last chunk",                               TEXT(OPEN_ "bdat 4\r\nab\r\nBDAT 0 last\r\n" QUIT_),
         OPEN "250 2.0.0 4 octets received\r\n" OK QUIT,                                                                                                                         1},
        { "a chunk that looks like commands",
         TEXT(OPEN_ "BDAT 14 LAST\r\n.\r\nQUIT\r\nRSET\n" QUIT_),                                                                      OPEN OK QUIT,                             1},

        { "Outlook's spaces",
         TEXT(HELO_ "MAIL FROM: <s@example.net>\r\nRCPT TO: <bob@example.org>\r\n"),                                                   OPEN,                                     0},
        { "the empty sender",                                       TEXT(HELO_ "MAIL FROM:<>\r\n"),                                    HELO MAIL,                                0},
        { "parameters of MAIL",
         TEXT(HELO_ "MAIL FROM:<s@example.net> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n"),                                                   HELO MAIL,
         0                                                                                                                                                                        },
        { "an announced size of exactly the limit",
         TEXT(HELO_ "MAIL FROM:<s@example.net> SIZE=52428800\r\n"),                                                                    HELO MAIL,                                0},
        { "one octet more",                                         TEXT(HELO_ "MAIL FROM:<s@example.net> SIZE=52428801\r\n"),
         HELO "552 5.3.4 Message is larger than this server accepts\r\n",                                                                                                        0},
        { "an unknown parameter of MAIL",                           TEXT(HELO_ "MAIL FROM:<s@example.net> REQUIRETLS\r\n"),
         HELO "555 5.5.4 Parameter not recognized\r\n",                                                                                                                          0},
        { "a malformed one",                                        TEXT(HELO_ "MAIL FROM:<s@example.net> SIZE=x\r\n"),
         HELO "501 5.5.4 Malformed parameter\r\n",                                                                                                                               0},
        { "AUTH= is for submission",                                TEXT(HELO_ "MAIL FROM:<s@example.net> AUTH=<>\r\n"),
         HELO "555 5.5.4 Parameter not recognized\r\n",                                                                                                                          0},
        { "MAIL without FROM",                                      TEXT(HELO_ "MAIL <s@example.net>\r\nMAIL\r\n"),
         HELO "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
               "501 5.5.4 Syntax: MAIL FROM:<address>\r\n",                                                                                                                      0},
        { "MAIL without brackets",                                  TEXT(HELO_ "MAIL FROM:s@example.net\r\n"),
         HELO "501 5.1.7 Syntax: MAIL FROM:<address>\r\n",                                                                                                                       0},
        { "a sender in UTF-8, unannounced",                         TEXT(HELO_ "MAIL FROM:<\xc3\xa4@example.net>\r\n"),
         HELO "550 5.6.7 This sender needs SMTPUTF8\r\n",                                                                                                                        0},
        { "announced",                                              TEXT(HELO_ "MAIL FROM:<\xc3\xa4@example.net> SMTPUTF8\r\n"),       HELO MAIL,                                0},
        { "a recipient in UTF-8, unannounced",
         TEXT(HELO_ MAIL_ "RCPT TO:<\xc3\xa4@example.org>\r\n"),
         HELO MAIL "553 5.6.7 This recipient needs SMTPUTF8\r\n",                                                                                                                0},
        { "announced for both",
         TEXT(HELO_ "MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<\xc3\xa4@example.org>\r\n"),                                                    OPEN,                                     0},

        { "RCPT without TO",                                        TEXT(HELO_ MAIL_ "RCPT <bob@example.org>\r\n"),
         HELO MAIL "501 5.5.4 Syntax: RCPT TO:<address>\r\n",                                                                                                                    0},
        { "RCPT to nobody",                                         TEXT(HELO_ MAIL_ "RCPT TO:<>\r\n"),
         HELO MAIL "501 5.1.3 Syntax: RCPT TO:<address>\r\n",                                                                                                                    0},
        { "an unknown parameter of RCPT",                           TEXT(HELO_ MAIL_ "RCPT TO:<bob@example.org> SIZE=1\r\n"),
         HELO MAIL "555 5.5.4 Parameter not recognized\r\n",                                                                                                                     0},
        { "recipients that are refused, and one that is not",
         TEXT(HELO_ MAIL_ "RCPT TO:<unknown@example.org>\r\nRCPT TO:<full@example.org>\r\n"
                           "RCPT TO:<a@elsewhere.net>\r\nRCPT TO:<busy@example.org>\r\n" RCPT_
                           "DATA\r\n.\r\n"),
         HELO MAIL "550 5.1.1 No such user here\r\n"
                    "452 4.2.2 Mailbox is full, try again later\r\n"
                    "550 5.7.1 Not allowed\r\n"
                    "451 4.3.2 Too busy, try again later\r\n" RCPT GO OK,
         1                                                                                                                                                                        },
        { "postmaster alone",                                       TEXT(HELO_ MAIL_ "RCPT TO:<Postmaster>\r\n"),                      OPEN,                                     0},

        { "MAIL before HELO",                                       TEXT(MAIL_),                                                       "503 5.5.1 Say EHLO first\r\n",           0},
        { "RCPT before MAIL",                                       TEXT(HELO_ RCPT_),                                                 HELO "503 5.5.1 Say MAIL first\r\n",      0},
        { "DATA before MAIL",                                       TEXT(HELO_ "DATA\r\n"),                                            HELO "503 5.5.1 Say MAIL first\r\n",      0},
        { "DATA before RCPT",                                       TEXT(HELO_ MAIL_ "DATA\r\n"),
         HELO MAIL "503 5.5.1 No valid recipients\r\n",                                                                                                                          0},
        { "MAIL twice",                                             TEXT(HELO_ MAIL_ MAIL_),
         HELO MAIL "503 5.5.1 A transaction is open already\r\n",                                                                                                                0},
        { "DATA with an argument",                                  TEXT(OPEN_ "DATA x\r\n"),
         OPEN "501 5.5.4 This command takes no arguments\r\n",                                                                                                                   0},
        { "RSET ends the transaction",                              TEXT(OPEN_ "RSET\r\n" RCPT_ MAIL_),
         OPEN "250 2.0.0 Reset\r\n503 5.5.1 Say MAIL first\r\n" MAIL,                                                                                                            0},
        { "so does HELO",                                           TEXT(OPEN_ HELO_ RCPT_),                                           OPEN HELO "503 5.5.1 Say MAIL first\r\n", 0},
        { "RSET and QUIT with arguments",                           TEXT("RSET x\r\nQUIT x\r\n"),
         "501 5.5.4 This command takes no arguments\r\n"
          "501 5.5.4 This command takes no arguments\r\n",                                                                                                                       0},
        { "nothing is read behind QUIT",                            TEXT(QUIT_ "NOOP\r\n"),                                            QUIT,                                     0},

        { "NOOP with and without words",                            TEXT("NOOP\r\nNOOP some words\r\n"),
         "250 2.0.0 Nothing done\r\n250 2.0.0 Nothing done\r\n",                                                                                                                 0},
        { "VRFY tells nothing",                                     TEXT("VRFY bob\r\nVRFY unknown\r\nVRFY\r\n"),
         "252 2.0.0 Not verified here; RCPT will tell\r\n"
          "252 2.0.0 Not verified here; RCPT will tell\r\n"
          "501 5.5.4 Syntax: VRFY address\r\n",                                                                                                                                  0},
        { "EXPN and other old verbs",
         TEXT("EXPN list\r\nTURN\r\nSEND\r\nSOML\r\nSAML\r\nETRN x\r\n"),
         "502 5.5.1 Command not implemented\r\n502 5.5.1 Command not implemented\r\n"
          "502 5.5.1 Command not implemented\r\n502 5.5.1 Command not implemented\r\n"
          "502 5.5.1 Command not implemented\r\n502 5.5.1 Command not implemented\r\n",                                                                                          0},
        { "HELP lists what is done here",                           TEXT("HELP\r\n"),
         "214-2.0.0 Commands: AUTH BDAT DATA EHLO HELO HELP MAIL NOOP QUIT RCPT RSET STARTTLS "
          "VRFY\r\n"
          "214 2.0.0 HELP and a command tells its syntax\r\n",                                                                                                                   0},
        { "HELP on a command, on none, on one not done",
         TEXT("HELP data\r\nHELP x\r\nHELP EXPN\r\n"),
         "214 2.0.0 Syntax: DATA (RFC 5321 4.1.1.4)\r\n504 5.5.4 No help on that\r\n"
          "504 5.5.4 No help on that\r\n",                                                                                                                                       0},
        { "nonsense",                                               TEXT("WHAT\r\n\r\n \r\n\x16\x03\x01\r\nEHLOX a\r\n"),
         "500 5.5.2 Command not recognized\r\n500 5.5.2 Command not recognized\r\n"
          "500 5.5.2 Command not recognized\r\n500 5.5.2 Command not recognized\r\n"
          "500 5.5.2 Command not recognized\r\n",                                                                                                                                0},
        { "a NUL in a verb",                                        TEXT("NOOP\0\r\n"),                                                "500 5.5.2 Command not recognized\r\n",   0},
        { "a web browser",                                          TEXT("POST / HTTP/1.1\r\nMAIL FROM:<>\r\n"),
         "421 4.7.0 mail.example.org This is not a web server\r\n",                                                                                                              0},
        { "no login on port 25",                                    TEXT("EHLO c\r\nAUTH PLAIN good\r\n"),
         EHLO EHLO_END "503 5.5.1 No AUTH here: use port 587 or 465\r\n",                                                                                                        0},
        { "STARTTLS where there is none",                           TEXT(HELO_ "STARTTLS\r\nSTARTTLS now\r\n"),
         HELO "454 4.7.0 TLS is not available\r\n501 5.5.4 This command takes no arguments\r\n",
         0                                                                                                                                                                        },

        { "a NUL in the message",                                   TEXT(OPEN_ "DATA\r\na\0b\r\n.\r\n" QUIT_),
         OPEN GO "554 5.6.0 A message cannot hold a NUL\r\n" QUIT,                                                                                                               0},
        { "a refused message is over, and the next one can come",
         TEXT(OPEN_ "DATA\r\n\0\r\n.\r\n" RCPT_ MAIL_ RCPT_ "DATA\r\n.\r\n"),
         OPEN GO
          "554 5.6.0 A message cannot hold a NUL\r\n503 5.5.1 Say MAIL first\r\n" MAIL RCPT GO OK,
         1                                                                                                                                                                        },
        { "only CRLF.CRLF ends it",
         TEXT(OPEN_ "DATA\r\na\n.\nQUIT\r\nb\r.\rc\n.\r\nd\r\n.\r\n" QUIT_),                                                           OPEN GO OK QUIT,                          1},

        { "BDAT without a transaction: the chunk is still a chunk",
         TEXT(HELO_ "BDAT 6 LAST\r\nQUIT\r\n" QUIT_),                                                                                  HELO "503 5.5.1 Say MAIL first\r\n" QUIT,
         0                                                                                                                                                                        },
        { "BDAT before HELO",                                       TEXT("BDAT 6\r\nQUIT\r\n" QUIT_),                                  "503 5.5.1 Say EHLO first\r\n" QUIT,
         0                                                                                                                                                                        },
        { "BDAT without recipients",                                TEXT(HELO_ MAIL_ "BDAT 6 LAST\r\nQUIT\r\n" QUIT_),
         HELO MAIL "503 5.5.1 No valid recipients\r\n" QUIT,                                                                                                                     0},
        { "BDAT behind BDAT LAST",                                  TEXT(OPEN_ "BDAT 0 LAST\r\nBDAT 6 LAST\r\nQUIT\r\n" QUIT_),
         OPEN OK "503 5.5.1 Say MAIL first\r\n" QUIT,                                                                                                                            1},
        { "BDAT, then DATA or RCPT",                                TEXT(OPEN_ "BDAT 0\r\nDATA\r\n" RCPT_ "BDAT 2 LAST\r\n\r\n"),
         OPEN "250 2.0.0 0 octets received\r\n503 5.5.1 BDAT has begun; go on with BDAT\r\n"
               "421 4.7.0 mail.example.org DATA must be the last command before its reply\r\n",                                                                                  0},
        { "a chunk with a NUL, and those behind it",
         TEXT(OPEN_ "BDAT 1\r\n\0BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" MAIL_
                     "RSET\r\n" MAIL_),
         OPEN "554 5.6.0 A message cannot hold a NUL\r\n"
               "503 5.5.1 The transaction has failed; say RSET\r\n"
               "503 5.5.1 The transaction has failed; say RSET\r\n"
               "503 5.5.1 A transaction is open already\r\n"
               "250 2.0.0 Reset\r\n" MAIL,
         0                                                                                                                                                                        },
        { "a last chunk with a NUL",                                TEXT(OPEN_ "BDAT 1 LAST\r\n\0" MAIL_),
         OPEN "554 5.6.0 A message cannot hold a NUL\r\n" MAIL,                                                                                                                  0},
        { "BDAT of no readable size closes",                        TEXT(OPEN_ "BDAT x\r\n" QUIT_),
         OPEN
          "501 5.5.4 Syntax: BDAT size [LAST]\r\n421 4.7.0 No telling where that chunk ends\r\n",                                                                                0},
        { "of too large a size",                                    TEXT(OPEN_ "BDAT 9223372036854775808\r\n" QUIT_),
         OPEN
          "501 5.5.4 Syntax: BDAT size [LAST]\r\n421 4.7.0 No telling where that chunk ends\r\n",                                                                                0},
        { "with another word",                                      TEXT(OPEN_ "BDAT 1 FIRST\r\n" QUIT_),
         OPEN
          "501 5.5.4 Syntax: BDAT size [LAST]\r\n421 4.7.0 No telling where that chunk ends\r\n",                                                                                0},
        { "with no size at all",                                    TEXT(OPEN_ "BDAT\r\n" QUIT_),
         OPEN
          "501 5.5.4 Syntax: BDAT size [LAST]\r\n421 4.7.0 No telling where that chunk ends\r\n",                                                                                0},
};

/* Where mail is submitted, logged in or not; no TLS to be had, so AUTH is offered in the clear. */
#define AUTH_  "AUTH PLAIN good\r\n"
#define AUTH   "235 2.7.0 Authentication successful\r\n"
#define ALICE_ "MAIL FROM:<alice@example.org>\r\n"

static const struct conversation submission[] = {
        {"EHLO offers AUTH until it has succeeded", TEXT("EHLO c\r\n" AUTH_ "EHLO c\r\n"),
         EHLO "250-AUTH PLAIN LOGIN\r\n" EHLO_END AUTH EHLO EHLO_END,                                                                                              0},
        { "MAIL and others before AUTH",
         TEXT(HELO_ MAIL_ RCPT_ "VRFY x\r\nBDAT 6 LAST\r\nQUIT\r\nDATA\r\n"),
         HELO "530 5.7.0 Authentication required\r\n530 5.7.0 Authentication required\r\n"
               "530 5.7.0 Authentication required\r\n530 5.7.0 Authentication required\r\n"
               "530 5.7.0 Authentication required\r\n",                                                                                                            0},
        { "NOOP, RSET, HELP and QUIT need no AUTH", TEXT("NOOP\r\nRSET\r\nHELP data\r\nQUIT\r\n"),
         "250 2.0.0 Nothing done\r\n250 2.0.0 Reset\r\n"
          "214 2.0.0 Syntax: DATA (RFC 5321 4.1.1.4)\r\n" QUIT,
         0                                                                                                                                                          },
        { "a message",                              TEXT(HELO_ AUTH_ ALICE_ RCPT_ "DATA\r\n.\r\n"),                   HELO AUTH MAIL RCPT GO OK,
         1                                                                                                                                                          },
        { "the empty sender",                       TEXT(HELO_ AUTH_ "MAIL FROM:<>\r\n"),                             HELO AUTH MAIL,                              0},
        { "AUTH= is known",                         TEXT(HELO_ AUTH_ "MAIL FROM:<> AUTH=<>\r\n"),                     HELO AUTH MAIL,                              0},
        { "another's address",                      TEXT(HELO_ AUTH_ "MAIL FROM:<bob@example.org>\r\n" RCPT_ ALICE_),
         HELO AUTH "553 5.7.1 That is not your address\r\n503 5.5.1 Say MAIL first\r\n" MAIL,                                                                      0},
        { "AUTH before HELO",                       TEXT(AUTH_),                                                      "503 5.5.1 Say EHLO first\r\n",              0},
        { "AUTH twice",                             TEXT(HELO_ AUTH_ AUTH_),                                          HELO AUTH "503 5.5.1 Logged in already\r\n", 0},
        { "AUTH in a transaction",                  TEXT(HELO_ AUTH_ ALICE_ AUTH_),
         HELO AUTH MAIL "503 5.5.1 A transaction is open already\r\n",                                                                                             0},
        { "AUTH PLAIN with a challenge",            TEXT(HELO_ "AUTH PLAIN\r\ngood\r\n"),                             HELO "334 \r\n" AUTH,
         0                                                                                                                                                          },
        { "AUTH LOGIN",                             TEXT(HELO_ "AUTH LOGIN\r\ngood\r\ngood\r\n"),
         HELO "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n" AUTH,                                                                                                     0},
        { "AUTH LOGIN with an initial response",    TEXT(HELO_ "auth login good\r\ngood\r\n"),
         HELO "334 UGFzc3dvcmQ6\r\n" AUTH,                                                                                                                         0},
        { "a wrong password, then the right one",   TEXT(HELO_ "AUTH PLAIN bad\r\n" AUTH_),
         HELO "535 5.7.8 Authentication failed\r\n" AUTH,                                                                                                          0},
        { "cancelled",                              TEXT(HELO_ "AUTH LOGIN\r\n*\r\nNOOP\r\n"),
         HELO
          "334 VXNlcm5hbWU6\r\n501 5.7.0 Authentication cancelled\r\n250 2.0.0 Nothing done\r\n",                                                                  0},
        { "what is no base64",                      TEXT(HELO_ "AUTH PLAIN ???\r\n"),
         HELO "501 5.5.2 Malformed authentication data\r\n",                                                                                                       0},
        { "a mechanism that is not offered",        TEXT(HELO_ "AUTH CRAM-MD5\r\n"),
         HELO "504 5.5.4 Mechanism not offered\r\n",                                                                                                               0},
        { "no time for it",                         TEXT(HELO_ "AUTH PLAIN later\r\n"),
         HELO "454 4.7.0 Authentication is not possible now, try again later\r\n",                                                                                 0},
        { "AUTH without, or with too many words",   TEXT(HELO_ "AUTH\r\nAUTH PLAIN a b\r\n"),
         HELO "501 5.5.4 Syntax: AUTH mechanism [initial-response]\r\n"
               "501 5.5.4 Syntax: AUTH mechanism [initial-response]\r\n",                                                                                          0},
};

static void converse(const struct conversation *talk, bool submits, size_t piece)
{
        struct fake f = { .submission = submits };
        struct slice rest = talk->client;
        const char *heard;

        fake_open(&f);
        for (; rest.len; rest = slice_from(rest, piece))
                fake_send(&f, slice_head(rest, piece));
        heard = fake_heard(&f);
        ck_assert(!strncmp(heard, "220 mail.example.org ESMTP ready\r\n", 34));
        ck_assert_msg(!strcmp(heard + 34, talk->server), "%s, in pieces of %zu:\n%s\nwanted:\n%s",
                      talk->name, piece, heard + 34, talk->server);
        ck_assert_msg(f.n_messages == talk->n_messages, "%s", talk->name);
        ck_assert(fake_closing(&f) || fake_waits(&f));
        fake_close(&f);
}

START_TEST(port_25_answers_the_same_in_one_segment_or_many)
{
        converse(&port_25[_i], false, SIZE_MAX);
        /* What must not come before its reply shows only when it came along. */
        if (strstr(port_25[_i].server, "last command before its reply"))
                return;
        converse(&port_25[_i], false, 1);
        converse(&port_25[_i], false, 7);
}
END_TEST

START_TEST(submission_answers_the_same_in_one_segment_or_many)
{
        converse(&submission[_i], true, SIZE_MAX);
        converse(&submission[_i], true, 1);
        converse(&submission[_i], true, 7);
}
END_TEST

static void no_log(enum log_level level, const char *line)
{
        (void)level;
        ck_assert(line[0]);
}

#define ADD_TABLE(tc, test, table)                                                                 \
        tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof *table))

int main(void)
{
        Suite *s = suite_create("smtp session");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        log_set_sink(no_log);
        suite_add_tcase(s, tc);
        ADD_TABLE(tc, port_25_answers_the_same_in_one_segment_or_many, port_25);
        ADD_TABLE(tc, submission_answers_the_same_in_one_segment_or_many, submission);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
