/* test_outgoing.c — mail for other servers: who may send it, and its rows in the queue. */
#include "helper_sink.h"
#include "message.h"

#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/smtp/forward.h"
#include "mailserver/store/dkim.h"
#include "mailserver/trust/dkim.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define RECEIVED "Received: from c ([192.0.2.1])\r\n\tby mail.example.org with ESMTP id x; now\r\n"
#define FIELDS   "Date: today\r\nMessage-ID: <x@y>\r\n"
#define STRANGE  "From: s@example.net\r\n" FIELDS "\r\nhello\r\n"
#define OWN      "From: alice@example.org\r\n" FIELDS "\r\nhello\r\n"

static struct test_sink t;

static void setup(void)
{
        test_sink_start(&t);
        test_sink_outbound(&t);
}

static void teardown(void)
{
        test_sink_stop(&t);
}

/* ---- who may write to whom ---- */

static const struct {
        const char *name, *address;
        bool logged_in;
        const char *enhanced;
        int code;
} recipients[] = {
        {"somebody elsewhere",                 "bob@elsewhere.net",                     true,  "2.1.5", 250},
        { "a domain that is no ASCII",
         "bob@b\xc3\xbc"
          "cher.example",                                                               true,  "2.1.5", 250},
        { "a local part that is none",         "j\xc3\xb6@elsewhere.net",               true,  "2.1.5", 250},
        { "a local part that needs quotes",    "a b@elsewhere.net",                     true,  "2.1.5", 250},
        { "below a domain of ours",            "bob@sub.example.org",                   true,  "2.1.5", 250},
        { "nobody here",                       "nobody@example.org",                    true,  "5.1.1", 550},
        { "a machine",                         "bob@[192.0.2.1]",                       true,  "5.1.2", 550},
        { "what is no domain",                 "bob@-elsewhere.net",                    true,  "5.1.3", 553},
        { "a domain that maps to nothing",     "bob@\xc2\xad.example",                  true,  "5.1.3", 553},
        { "somebody elsewhere, by a stranger", "bob@elsewhere.net",                     false, "5.7.1", 550},
        { "a machine, by a stranger",          "bob@[127.0.0.1]",                       false, "5.7.1", 550},
        { "an alias that leads elsewhere",     "away@example.org",                      false, "2.1.5", 250},
        { "one that leads there and here",     "both@example.org",                      false, "2.1.5", 250},
        { "what looks like SRS",               "SRS0=x@example.org",                    false, "5.1.1", 550},
        { "SRS that nobody made",              "SRS0=AAAA=AA=away.org=joe@example.org", false, "5.1.1", 550},
};

START_TEST(accounts_write_to_everybody_and_strangers_to_us)
{
        struct smtp_rcpt_check *check = test_sink_rcpt_new(
                &t, recipients[_i].logged_in ? t.alice : 0, recipients[_i].address);

        check->null_sender = true;
        test_sink_rcpt_ask(&t, check);
        ck_assert_msg(!strcmp(t.reply.enhanced, recipients[_i].enhanced), "%s: %s",
                      recipients[_i].name, t.reply.enhanced);
        ck_assert_int_eq(t.reply.code, recipients[_i].code);
}
END_TEST

START_TEST(literals_are_sent_to_where_that_is_allowed)
{
        const struct delivery_outbound outbound = { .lifetime_ms = 1000, .address_literals = true };

        delivery_set_outbound(t.sink, &outbound);
        ck_assert_str_eq(
                test_sink_deliver(&t, t.alice, "alice@example.org", "bob@[192.0.2.1]", OWN),
                "2.0.0");
        ck_assert_str_eq(test_sink_queue(&t), "<alice@example.org> bob@[192.0.2.1] [192.0.2.1]\n");
}
END_TEST

START_TEST(where_nobody_sends_nothing_is_taken)
{
        delivery_set_outbound(t.sink, NULL);
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "bob@elsewhere.net", 0), "5.7.1");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "away@example.org", 0), "5.7.1");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "both@example.org", 0), "2.1.5");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net", "both@example.org", STRANGE),
                         "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.carol), 1);
        ck_assert_str_eq(test_sink_queue(&t), "");
}
END_TEST

/* ---- rows ---- */

START_TEST(a_message_is_stored_here_and_queued_for_elsewhere)
{
        struct store_queue_row row;

        ck_assert_str_eq(test_sink_deliver(&t, t.alice, "alice@example.org",
                                           "Bob.X@Elsewhere.NET bob@example.org "
                                           "z@b\xc3\xbc"
                                           "cher.example Bob.X@elsewhere.net",
                                           OWN),
                         "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.bob), 1);
        ck_assert_str_eq(test_sink_queue(&t),
                         "<alice@example.org> Bob.X@elsewhere.net elsewhere.net\n"
                         "<alice@example.org> z@xn--bcher-kva.example xn--bcher-kva.example\n");
        row = test_sink_row(&t, 0);
        ck_assert_str_eq(buf_slice(&t.text).ptr, RECEIVED OWN);
        ck_assert_int_eq(row.account, t.alice);
        ck_assert_str_eq(row.mail_id, "the-id");
        ck_assert_int_eq(row.expires_us - row.received_us, INT64_C(3600000000));
        ck_assert_uint_eq(row.flags, 0);
        ck_assert_uint_eq(row.notify, 0);
        ck_assert(!row.orcpt && !row.envid);
}
END_TEST

START_TEST(what_the_envelope_asked_for_goes_with_it)
{
        struct smtp_delivery *d =
                test_sink_delivery(&t, t.alice, "alice@example.org", "bob@elsewhere.net", OWN);
        struct store_queue_row row;

        d->ret = STORE_QUEUE_RET_HDRS;
        d->envid = mem_strdup(SLICE("QQ+20314"));
        d->recipients->orcpt = mem_strdup(SLICE("rfc822;b+2Bx@elsewhere.net"));
        d->recipients->notify = STORE_NOTIFY_SUCCESS | STORE_NOTIFY_DELAY;
        ck_assert_str_eq(test_sink_hand_over(&t, d), "2.0.0");
        row = test_sink_row(&t, 0);
        ck_assert_uint_eq(row.flags, STORE_QUEUE_RET_HDRS);
        ck_assert_str_eq(row.envid, "QQ+20314");
        ck_assert_str_eq(row.orcpt, "rfc822;b+2Bx@elsewhere.net");
        ck_assert_uint_eq(row.notify, STORE_NOTIFY_SUCCESS | STORE_NOTIFY_DELAY);
        ck_assert_uint_eq(test_sink_count(&t, t.alice), 0); /* success is told from there */
}
END_TEST

static const struct {
        const char *name, *recipient, *message;
        bool smtputf8, eight_bit;
        unsigned flags;
} needs[] = {
        {"seven bits",                          "b@away.org",        OWN,                                false, false, 0                    },
        { "declared to have eight, in vain",    "b@away.org",        OWN,                                false, true,  0                    },
        { "eight in the body",                  "b@away.org",        OWN "\xc3\xa4",                     false, false, STORE_QUEUE_EIGHT_BIT},
        { "SMTPUTF8 that was not needed",       "b@away.org",        OWN "\xc3\xa4",                     true,  false,
         STORE_QUEUE_EIGHT_BIT                                                                                                              },
        { "SMTPUTF8 for the header",            "b@away.org",        "Subject: \xc3\xa4\r\n" OWN,        true,  false,
         STORE_QUEUE_EIGHT_BIT | STORE_QUEUE_SMTPUTF8                                                                                       },
        { "SMTPUTF8 for the recipient",         "\xc3\xa4@away.org", OWN,                                true,  false,
         STORE_QUEUE_SMTPUTF8                                                                                                               },
        { "SMTPUTF8 for a domain: A-labels do",
         "b@b\xc3\xbc"
          "cher.example",                                            OWN,                                true,  false, 0                    },
        { "eight bits in a header, undeclared", "b@away.org",        "Subject: \xc3\xa4\r\n" OWN,        false,
         false,                                                                                                        STORE_QUEUE_EIGHT_BIT},
        { "a list's",                           "b@away.org",        "List-Id: <x.example.org>\r\n" OWN, false, false,
         STORE_QUEUE_BULK                                                                                                                   },
        { "bulk",                               "b@away.org",        "Precedence: Bulk \r\n" OWN,        false, false, STORE_QUEUE_BULK     },
        { "of some precedence",                 "b@away.org",        "Precedence: first-class\r\n" OWN,  false, false, 0                    },
};

START_TEST(the_queue_knows_what_a_message_needs)
{
        struct smtp_delivery *d = test_sink_delivery(&t, t.alice, "alice@example.org",
                                                     needs[_i].recipient, needs[_i].message);

        d->smtputf8 = needs[_i].smtputf8;
        d->eight_bit = needs[_i].eight_bit;
        ck_assert_str_eq(test_sink_hand_over(&t, d), "2.0.0");
        ck_assert_msg(test_sink_row(&t, 0).flags == needs[_i].flags, "%s", needs[_i].name);
}
END_TEST

START_TEST(mail_to_many_goes_after_others)
{
        AUTO_BUF(to, BUF_MAX);

        for (int i = 0; i < 51; i++)
                buf_addf(&to, "%su%d@away.org", i ? " " : "", i);
        ck_assert_str_eq(test_sink_deliver(&t, t.alice, "alice@example.org", to.ptr, OWN), "2.0.0");
        ck_assert_uint_eq(test_sink_row(&t, 0).flags, STORE_QUEUE_BULK);
}
END_TEST

/* ---- aliases that lead elsewhere ---- */

START_TEST(an_alias_sends_mail_on_in_our_name)
{
        struct store_queue_row row;

        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net", "away@example.org", STRANGE),
                         "2.0.0");
        row = test_sink_row(&t, 0);
        ck_assert_str_eq(row.address, "Joe@away.org");
        ck_assert(slice_starts(slice_of(row.sender), SLICE("SRS0=")));
        ck_assert(slice_ends(slice_of(row.sender), SLICE("=example.net=s@example.org")));
        ck_assert_int_eq(row.account, 0);
        ck_assert_str_eq(row.orcpt, "rfc822;away@example.org");
        ck_assert_str_eq(buf_slice(&t.text).ptr,
                         "Delivered-To: away@example.org\r\n" RECEIVED STRANGE);
}
END_TEST

static const struct {
        const char *name, *sender;
} kept[] = {
        {"nobody's",                "<>"                                                },
        { "one of ours",            "bob@example.org"                                   },
        { "what would be too long",
         "an.address.that.is.as.long.as.they.come@a.domain.that.is.long.too.example.net"},
};

START_TEST(senders_that_stay_as_they_are)
{
        const char *sender = strcmp(kept[_i].sender, "<>") ? kept[_i].sender : "";

        test_sink_deliver(&t, 0, sender, "away@example.org", STRANGE);
        ck_assert_msg(!strcmp(test_sink_row(&t, 0).sender, sender), "%s", kept[_i].name);
}
END_TEST

START_TEST(here_and_elsewhere_and_named_beside)
{
        test_sink_deliver(&t, t.alice, "alice@example.org",
                          "both@example.org x@away.org Joe@away.org", OWN);
        ck_assert_uint_eq(test_sink_count(&t, t.carol), 1);
        ck_assert_str_eq(test_sink_queue(&t), "<alice@example.org> x@away.org away.org\n"
                                              "<alice@example.org> Joe@away.org away.org\n");
        test_sink_row(&t, 1);
        ck_assert(!strstr(buf_slice(&t.text).ptr, "Delivered-To")); /* it was for him himself */
}
END_TEST

START_TEST(what_was_sent_on_and_comes_back_is_a_loop)
{
        AUTO_BUF(again, BUF_MAX);

        test_sink_deliver(&t, 0, "s@example.net", "away@example.org", STRANGE);
        test_sink_row(&t, 0);
        buf_add(&again, buf_slice(&t.text));
        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net", "AWAY@example.org", again.ptr),
                         "5.4.6");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "s@example.net", "bob@example.org", again.ptr),
                         "2.0.0");
}
END_TEST

START_TEST(a_report_finds_its_way_back)
{
        AUTO_BUF(srs, BUF_MAX);
        struct smtp_rcpt_check *check;

        test_sink_deliver(&t, 0, "s@example.net", "away@example.org", STRANGE);
        buf_addf(&srs, "%s", test_sink_row(&t, 0).sender);
        ck_assert_str_eq(test_sink_rcpt(&t, 0, srs.ptr, 0), "5.7.1");
        check = test_sink_rcpt_new(&t, 0, srs.ptr);
        check->null_sender = true;
        ck_assert_str_eq(test_sink_rcpt_ask(&t, check), "2.1.5");
        ck_assert_str_eq(test_sink_deliver(&t, 0, "", srs.ptr, "Subject: x\r\n\r\nfailed\r\n"),
                         "2.0.0");
        ck_assert_str_eq(test_sink_row(&t, 1).address, "s@example.net");
        ck_assert_str_eq(test_sink_row(&t, 1).sender, "");
        ck_assert_str_eq(buf_slice(&t.text).ptr, RECEIVED "Subject: x\r\n\r\nfailed\r\n");
}
END_TEST

struct trip {
        int64_t days;
        struct buf back;
};

static enum err there_and_back(struct store_txn *tx, void *arg)
{
        const int64_t day = INT64_C(86400000000), then = 20000 * day;
        struct trip *trip = arg;
        AUTO_BUF(srs, BUF_MAX);
        enum err err = smtp_forward_sender(tx, SLICE("s@example.net"), SLICE("away@example.org"),
                                           then, &srs);

        if (err)
                return err;
        return smtp_forward_back(tx, buf_slice(&srs), then + trip->days * day, 21 * day,
                                 &trip->back);
}

START_TEST(the_way_back_is_closed_after_a_time)
{
        struct trip trip = { .days = 21, .back = BUF_INIT(BUF_MAX) };

        ck_assert_int_eq(test_sink_run(&t, there_and_back, &trip), ERR_OK);
        ck_assert_str_eq(trip.back.ptr, "s@example.net");
        trip.days = 22;
        ck_assert_int_eq(test_sink_run(&t, there_and_back, &trip), ERR_LIMIT);
        buf_done(&trip.back);
}
END_TEST

/* ---- signatures ---- */

static enum err add_keys(struct store_txn *tx, void *arg)
{
        enum err err = ERR_OK;

        (void)arg;
        for (int i = 0; !err && i < 3; i++) {
                static const char *const selectors[] = { "next", "r1", "e1" };
                AUTO_BUF(pem, BUF_MAX);
                struct store_dkim_key key = { .selector = slice_of(selectors[i]),
                                              .algorithm = i == 1 ? DKIM_RSA_SHA256
                                                                  : DKIM_ED25519_SHA256,
                                              .waiting = i == 0 };

                err = dkim_key_generate((enum dkim_algorithm)key.algorithm, &pem);
                key.pem = buf_slice(&pem);
                if (!err)
                        err = store_dkim_add(tx, SLICE("example.org"), &key);
        }
        return err;
}

/* By a reader, or where only the writer finds that it is for elsewhere, by him. */
START_TEST(mail_of_our_accounts_is_signed_by_every_active_key)
{
        struct smtp_delivery *d = test_sink_delivery(&t, t.alice, "alice@example.org",
                                                     "b@elsewhere.net away@example.org", OWN);
        struct slice text;

        ck_assert(!test_sink_run(&t, add_keys, NULL));
        d->n_elsewhere = _i ? 2 : 0;
        ck_assert_str_eq(test_sink_hand_over(&t, d), "2.0.0");
        for (size_t i = 0; i < 2; i++) {
                test_sink_row(&t, i);
                text = buf_slice(&t.text);
                ck_assert_int_eq(
                        slice_skip_word(&text, SLICE("Delivered-To: away@example.org\r\n")),
                        i == 1);
                ck_assert(slice_starts(text, SLICE("DKIM-Signature: ")));
                ck_assert(strstr(text.ptr, "s=r1;") && strstr(text.ptr, "s=e1;"));
                ck_assert(strstr(text.ptr, "d=example.org;"));
                ck_assert(!strstr(text.ptr, "s=next;"));
                ck_assert(slice_ends(text, SLICE(RECEIVED OWN)));
        }
}
END_TEST

START_TEST(what_strangers_wrote_is_not_signed)
{
        ck_assert(!test_sink_run(&t, add_keys, NULL));
        test_sink_deliver(&t, 0, "s@example.net", "away@example.org",
                          "From: alice@example.org\r\n\r\nI am not\r\n");
        test_sink_row(&t, 0);
        ck_assert(!strstr(buf_slice(&t.text).ptr, "DKIM-Signature"));
}
END_TEST

/* ---- limits ---- */

START_TEST(an_account_writes_to_so_many_within_an_hour)
{
        struct smtp_rcpt_check *check;

        t.config.max_recipients_per_hour = 3;
        delivery_set_config(t.sink, &t.config);
        ck_assert_str_eq(test_sink_deliver(&t, t.alice, "alice@example.org",
                                           "a@away.org b@away.org bob@example.org", OWN),
                         "2.0.0");
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "c@away.org", 0), "2.1.5");
        check = test_sink_rcpt_new(&t, t.alice, "d@away.org");
        check->n_elsewhere = 1; /* c, in the same transaction */
        ck_assert_str_eq(test_sink_rcpt_ask(&t, check), "4.7.1");
        ck_assert_int_eq(t.reply.code, 452);
        ck_assert(strstr(t.reply_text, "hour"));
        ck_assert_str_eq(
                test_sink_deliver(&t, t.alice, "alice@example.org", "c@away.org d@away.org", OWN),
                "4.7.1");
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "bob@example.org", 0), "2.1.5");
        ck_assert_str_eq(test_sink_rcpt(&t, t.bob, "c@away.org", 0), "2.1.5");
        ck_assert_str_eq(test_sink_rcpt(&t, 0, "away@example.org", 0), "2.1.5");
}
END_TEST

START_TEST(and_within_a_day_unless_there_is_no_limit)
{
        t.config.max_recipients_per_hour = 0;
        t.config.max_recipients_per_day = 1;
        delivery_set_config(t.sink, &t.config);
        test_sink_deliver(&t, t.alice, "alice@example.org", "a@away.org", OWN);
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "c@away.org", 0), "4.7.1");
        ck_assert(strstr(t.reply_text, "day"));
        t.config.max_recipients_per_day = 0;
        delivery_set_config(t.sink, &t.config);
        ck_assert_str_eq(test_sink_rcpt(&t, t.alice, "c@away.org", 0), "2.1.5");
}
END_TEST

/* ---- reports of success ---- */

static const struct {
        const char *name, *sender, *recipient;
        unsigned notify;
        size_t reports;     /* in alice's mailbox */
        const char *queue;  /* what is there then; NULL: not looked at */
        const char *action; /* of the report; NULL: there is none */
        unsigned left;      /* NOTIFY of the first row */
} successes[] = {
        {"delivered here",                            "alice@example.org", "bob@example.org",   STORE_NOTIFY_SUCCESS, 1, "",
         "Action: delivered",                                                                                                                       0                 },
        { "nobody asked",                             "alice@example.org", "bob@example.org",   0,                    0, "",   NULL,                0                 },
        { "other things were asked",                  "alice@example.org", "bob@example.org",
         STORE_NOTIFY_FAILURE | STORE_NOTIFY_DELAY,                                                                   0, "",   NULL,                0                 },
        { "never",                                    "alice@example.org", "bob@example.org",   STORE_NOTIFY_NEVER,   0, "",   NULL,                0                 },
        { "nobody to tell",                           "",                  "bob@example.org",   STORE_NOTIFY_SUCCESS, 0, "",   NULL,                0                 },
        { "nobody any more",                          "gone@example.org",  "bob@example.org",   STORE_NOTIFY_SUCCESS, 0, "",
         NULL,                                                                                                                                      0                 },
        { "to one at another server",                 "s@example.net",     "bob@example.org",   STORE_NOTIFY_SUCCESS, 0,
         "<> s@example.net example.net\n",                                                                                     "Action: delivered", STORE_NOTIFY_NEVER},
        { "several accounts behind an alias",         "alice@example.org", "sales@example.org",
         STORE_NOTIFY_SUCCESS,                                                                                        1, "",   "Action: delivered", 0                 },
        { "an alias with one target elsewhere",       "alice@example.org", "away@example.org",
         STORE_NOTIFY_SUCCESS | STORE_NOTIFY_FAILURE,                                                                 0, NULL, NULL,
         STORE_NOTIFY_SUCCESS | STORE_NOTIFY_FAILURE                                                                                                                  },
        { "an alias with targets here and elsewhere", "alice@example.org", "both@example.org",
         STORE_NOTIFY_SUCCESS | STORE_NOTIFY_FAILURE,                                                                 1, NULL, "Action: expanded",
         STORE_NOTIFY_FAILURE                                                                                                                                         },
        { "of which only success was to be told",     "alice@example.org", "both@example.org",
         STORE_NOTIFY_SUCCESS,                                                                                        1, NULL, "Action: expanded",  STORE_NOTIFY_NEVER},
};

START_TEST(who_asked_hears_that_it_has_arrived)
{
        struct smtp_delivery *d =
                test_sink_delivery(&t, 0, successes[_i].sender, successes[_i].recipient, STRANGE);
        const char *text = NULL;

        d->recipients->notify = successes[_i].notify;
        d->recipients->orcpt = mem_strdup(SLICE("rfc822;bob+2Bx@example.org"));
        d->envid = mem_strdup(SLICE("an+20id"));
        ck_assert_str_eq(test_sink_hand_over(&t, d), "2.0.0");
        ck_assert_uint_eq(test_sink_count(&t, t.alice), successes[_i].reports);
        if (successes[_i].queue)
                ck_assert_str_eq(test_sink_queue(&t), successes[_i].queue);
        if (successes[_i].left)
                ck_assert_uint_eq(test_sink_row(&t, 0).notify, successes[_i].left);
        if (successes[_i].reports) {
                text = test_sink_message(&t, t.alice, 0);
                ck_assert(slice_starts(slice_of(text), SLICE("Return-Path: <>\r\n")));
        } else if (successes[_i].action) {
                text = buf_slice(&t.text).ptr;
        }
        if (!text)
                return;
        ck_assert_msg(strcasestr(text, successes[_i].action), "%s:\n%s", successes[_i].name, text);
        ck_assert(strstr(text, "Original-Envelope-Id: an id\r\n"));
        ck_assert(strstr(text, "bob+x@example.org"));
        ck_assert(strstr(text, "Message-ID: <x@y>"));
        ck_assert(!strstr(text, "hello")); /* the header alone */
}
END_TEST

START_TEST(a_report_says_in_ascii_what_it_can)
{
        struct smtp_delivery *d =
                test_sink_delivery(&t, 0, "s@example.net", "bob@example.org", STRANGE);

        d->smtputf8 = true; /* and yet nothing needs it */
        d->recipients->notify = STORE_NOTIFY_SUCCESS;
        ck_assert_str_eq(test_sink_hand_over(&t, d), "2.0.0");
        ck_assert_uint_eq(test_sink_row(&t, 0).flags, 0);
        ck_assert(strstr(buf_slice(&t.text).ptr, "message/delivery-status"));
}
END_TEST

/* ---- written twice ---- */

struct writing {
        struct delivery_message m;
        bool undo;
};

static enum err write_it(struct store_txn *tx, void *arg)
{
        struct writing *w = arg;
        enum err err = delivery_write_work(&w->m.task, tx);

        ck_assert(!err);
        return w->undo ? ERR_IO : err;
}

START_TEST(a_transaction_that_runs_again_queues_once)
{
        struct writing w = {
                .m = {.sink = t.sink, .rules = delivery_rules_ref(t.sink->rules)}
        };

        ck_assert(!test_sink_run(&t, add_keys, NULL));
        w.m.d = test_sink_delivery(&t, t.alice, "alice@example.org", "b@away.org bob@example.org",
                                   OWN);
        w.m.d->recipients->next->notify = STORE_NOTIFY_SUCCESS;
        w.undo = true;
        ck_assert(test_sink_run(&t, write_it, &w));
        w.undo = false;
        ck_assert(!test_sink_run(&t, write_it, &w));
        ck_assert_uint_eq(w.m.queued, 1);
        ck_assert_str_eq(test_sink_queue(&t), "<alice@example.org> b@away.org away.org\n");
        ck_assert_uint_eq(test_sink_count(&t, t.alice), 1);
        delivery_message_done(&w.m);
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
        const TTest *const tests[] = {
                literals_are_sent_to_where_that_is_allowed,
                where_nobody_sends_nothing_is_taken,
                a_message_is_stored_here_and_queued_for_elsewhere,
                what_the_envelope_asked_for_goes_with_it,
                mail_to_many_goes_after_others,
                an_alias_sends_mail_on_in_our_name,
                here_and_elsewhere_and_named_beside,
                what_was_sent_on_and_comes_back_is_a_loop,
                a_report_finds_its_way_back,
                the_way_back_is_closed_after_a_time,
                a_report_says_in_ascii_what_it_can,
                what_strangers_wrote_is_not_signed,
                an_account_writes_to_so_many_within_an_hour,
                and_within_a_day_unless_there_is_no_limit,
                a_transaction_that_runs_again_queues_once,
        };
        Suite *s = suite_create("delivery outgoing");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);
        int failed;

        log_set_sink(no_log);
        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_set_timeout(tc, 300);
        ADD_TABLE(tc, accounts_write_to_everybody_and_strangers_to_us, recipients);
        ADD_TABLE(tc, the_queue_knows_what_a_message_needs, needs);
        ADD_TABLE(tc, senders_that_stay_as_they_are, kept);
        tcase_add_loop_test(tc, mail_of_our_accounts_is_signed_by_every_active_key, 0, 2);
        ADD_TABLE(tc, who_asked_hears_that_it_has_arrived, successes);
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
                tcase_add_test(tc, tests[i]);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
