/* test_check.c — damage is found, what is derived is repaired, the rest is said. */
#include "helper_ops.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/account.h"
#include "mailserver/store/address.h"
#include "mailserver/store/check.h"
#include "mailserver/store/flags.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char blob_path[256];

static void find_blob(void)
{
        struct db_stmt *q =
                db_prepare(ops.tx.db, "SELECT blob FROM content_body WHERE blob IS NOT NULL");
        struct slice name;

        ck_assert_int_eq(db_step(q), DB_ROW);
        name = db_column_slice(q, 0);
        snprintf(blob_path, sizeof blob_path, "%s/blobs/%.2s/" SLICE_FMT, ops.store.dir,
                 name.ptr + 2, SLICE_ARG(name));
        ck_assert_int_eq(db_finish(q), ERR_OK);
        ck_assert_int_eq(access(blob_path, R_OK), 0);
}

static void add(int64_t mailbox, int64_t content, uint64_t flags)
{
        struct store_message_new message = { .trace = SLICE("Return-Path: <>\r\n"),
                                             .flags = flags };
        uint32_t uid;

        ck_assert_int_eq(store_message_add(&ops.tx, mailbox, content, &message, &uid), ERR_OK);
}

/*
 * Account 1, alice: messages 1 (content 1), 2 (content 2, a blob) and 3 (content 1, seen, $Junk) in mailbox 1;
 * message 4 (content 1) was expunged. Account 2, bob: message 1 (content 1) in mailbox 7.
 */
static void setup(void)
{
        AUTO_BUF(large, BUF_MAX);
        int64_t alice, bob, inbox, small, big;
        struct slice target = SLICE("alice@example.org");
        uint32_t last = 4;
        unsigned keyword = 0;
        size_t n;

        ops_start();
        alice = ops_account("alice@example.org");
        bob = ops_account("bob@example.org");
        inbox = ops_mailbox(alice, "INBOX");
        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("sales@example.org"), &target, 1, NULL),
                         ERR_OK);
        ck_assert_int_eq(store_keyword_bit(&ops.tx, alice, SLICE("$Junk"), true, &keyword), ERR_OK);
        small = ops_content(SLICE("Subject: a\r\n\r\nb\r\n"));
        buf_add(&large, SLICE("Subject: large\r\n\r\n"));
        while ((int64_t)large.len < 600 * 1024)
                buf_addf(&large, "line at %zu\r\n", large.len);
        big = ops_content(buf_slice(&large));
        add(inbox, small, 0);
        add(inbox, big, 0);
        add(inbox, small, STORE_FLAG_SEEN | UINT64_C(1) << keyword);
        add(inbox, small, 0);
        add(ops_mailbox(bob, "INBOX"), small, 0);
        ck_assert_int_eq(store_message_expunge(&ops.tx, inbox, &last, 1, &n), ERR_OK);
        ops_commit();
        find_blob();
}

struct said {
        struct buf text;
        int counts[3]; /* by severity */
};

static void remember(void *arg, enum store_check_severity severity, const char *text)
{
        struct said *said = arg;

        said->counts[severity]++;
        buf_addf(&said->text, "%s\n", text);
}

static struct store_check_result check(bool repair, struct said *said)
{
        const struct store_check_options options = { .repair = repair, .hashes = true };
        struct store_check_result result = { 0 };

        buf_done(&said->text);
        *said = (struct said){ .text = BUF_INIT(BUF_MAX) };
        ck_assert_int_eq(store_check(&ops.tx, &options, remember, said, &result), ERR_OK);
        ck_assert_int_eq(said->counts[STORE_CHECK_REPAIRED], result.repaired);
        ck_assert_int_eq(said->counts[STORE_CHECK_DAMAGED], result.damaged);
        return result;
}

static void expect_sound(void)
{
        struct said said = { 0 };
        struct store_check_result result = check(false, &said);

        ck_assert_msg(result.damaged == 0, "%s", said.text.ptr);
        buf_done(&said.text);
}

START_TEST(a_sound_store_is_counted_and_nothing_is_said)
{
        struct said said = { 0 };
        struct store_check_result r = check(true, &said);

        ck_assert_msg(said.text.len == 0, "%s", said.text.ptr);
        ck_assert_int_eq(r.accounts, 2);
        ck_assert_int_eq(r.mailboxes, 12);
        ck_assert_int_eq(r.messages, 4);
        ck_assert_int_eq(r.contents, 2);
        ck_assert_int_eq(r.blobs, 1);
        ck_assert_int_eq(r.repaired + r.damaged, 0);
}
END_TEST

START_TEST(a_store_is_sound_while_a_removed_account_goes_bit_by_bit)
{
        ck_assert_int_eq(store_account_remove(&ops.tx, 1), ERR_OK);
        expect_sound();
        ops_housekeeping();
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content"), 1); /* bob's */
        ops_commit();
        expect_sound();
}
END_TEST

START_TEST(aliases_may_lead_elsewhere)
{
        struct slice target = SLICE("joe@away.org");

        ck_assert_int_eq(store_alias_add(&ops.tx, SLICE("joe@example.org"), &target, 1, NULL),
                         ERR_OK);
        expect_sound();
}
END_TEST

START_TEST(an_empty_store_is_sound)
{
        ops_sql("DELETE FROM alias; DELETE FROM mailbox; DELETE FROM subscription; DELETE FROM "
                "keyword;"
                " DELETE FROM account; DELETE FROM domain;"
                "DELETE FROM message; DELETE FROM expunged; DELETE FROM expunge;"
                "DELETE FROM content; DELETE FROM content_trace; DELETE FROM "
                "content_refs; DELETE FROM content_key;"
                "DELETE FROM content_header; DELETE FROM content_body;");
        ck_assert_int_eq(unlink(blob_path), 0);
        expect_sound();
}
END_TEST

/* ---- what is derived ---- */

static const struct {
        const char *damage, *says;
} repairable[] = {
        {"UPDATE mailbox SET messages = 7 WHERE id = 1",
         "mailbox 1 (INBOX of account 1) counts 7 messages, 2 unseen"                                                             },
        { "UPDATE mailbox SET unseen = unseen + 1 WHERE id = 1",             "counts 3 messages, 3 unseen"                        },
        { "UPDATE mailbox SET deleted = 2 WHERE id = 1",                     "2 unseen, 2 deleted"                                },
        { "UPDATE mailbox SET recent_from = 6 WHERE id = 1",
         "mailbox 1 takes messages that are to come for seen"                                                                     },
        { "UPDATE message SET modseq = 6 WHERE mailbox = 1 AND uid = 2",
         "mailbox 1 hides changes up to MODSEQ 6 from those who catch up"                                                         },
        { "UPDATE mailbox SET octets = 0 WHERE id = 7",                      "mailbox 7 (INBOX of account 2)"                     },
        { "UPDATE mailbox SET messages = 1 WHERE id = 2",                    "has 0, 0, 0"                                        },
        { "UPDATE mailbox SET uidnext = 3 WHERE id = 1",
         "mailbox 1 would give out UID 3, but 4 is in use"                                                                        },
        { "UPDATE mailbox SET highestmodseq = 2 WHERE id = 1",               "mailbox 1 is at MODSEQ 2, but 6"                    },
        { "UPDATE counter SET value = value - 5 WHERE name = 'uidvalidity'",
         "the counter of UIDVALIDITY is behind"                                                                                   },
        { "DELETE FROM counter WHERE name = 'uidvalidity'",
         "the counter of UIDVALIDITY is behind"                                                                                   },
        { "UPDATE account SET used_octets = 1 WHERE id = 1",
         "account alice@example.org counts 3 messages, 1 octets"                                                                  },
        { "UPDATE account SET used_messages = -1 WHERE id = 2",
         "account bob@example.org counts -1 messages"                                                                             },
        { "UPDATE content_refs SET refs = 1 WHERE content = 1",
         "content 1 counts 1 references, but has 4"                                                                               },
        { "DELETE FROM content_refs WHERE content = 1",
         "content 1 counts 0 references, but has 4"                                                                               },
        { "DELETE FROM content_key WHERE content = 1",                       "1 contents have lost their keys"                    },
        { "DELETE FROM expunge",                                             "mailbox 1 would keep for ever what went at MODSEQ 6"},
        { "UPDATE expunge SET first_uid = 5",
         "mailbox 1 would keep for ever what went at MODSEQ 6"                                                                    },
        { "UPDATE content_refs SET refs = 9 WHERE content = 2",
         "content 2 counts 9 references, but has 1"                                                                               },
};

START_TEST(what_is_derived_is_repaired)
{
        struct said said = { 0 };
        struct store_check_result r;

        ops_sql(repairable[_i].damage);
        r = check(false, &said);
        ck_assert_msg(r.damaged == 1 && r.repaired == 0, "%s:\n%s", repairable[_i].damage,
                      said.text.ptr);
        ck_assert_msg(strstr(said.text.ptr, repairable[_i].says), "%s", said.text.ptr);
        r = check(true, &said);
        ck_assert_msg(r.damaged == 0 && r.repaired == 1, "%s:\n%s", repairable[_i].damage,
                      said.text.ptr);
        ck_assert_msg(strstr(said.text.ptr, repairable[_i].says), "%s", said.text.ptr);
        buf_done(&said.text);
        expect_sound();
}
END_TEST

START_TEST(a_content_nobody_refers_to_goes_with_its_blob)
{
        struct said said = { 0 };
        struct store_check_result r;

        ops_sql("DELETE FROM message WHERE content = 2");
        r = check(true, &said);
        ck_assert_int_eq(r.damaged, 0);
        ck_assert_ptr_nonnull(strstr(said.text.ptr, "content 2 is kept, but nothing refers to it"));
        ops_commit();
        ck_assert_int_ne(access(blob_path, R_OK), 0);
        ck_assert_int_eq(ops_int("SELECT count(*) FROM content_body"), 1);
        buf_done(&said.text);
        expect_sound();
}
END_TEST

/* ---- what is not ---- */

static const struct {
        const char *damage, *says;
} damages[] = {
        {"DELETE FROM content_header WHERE content = 1",
         "content 1 has lost its header, or some of it"                                                                                           },
        { "UPDATE content_header SET octets = x'41' WHERE content = 1",
         "content 1 has lost its header, or some of it"                                                                                           },
        { "DELETE FROM content_body WHERE content = 1",
         "content 1 has lost its body, or some of it"                                                                                             },
        { "UPDATE content_body SET octets = NULL WHERE content = 1",
         "content 1 has lost its body, or some of it"                                                                                             },
        { "UPDATE content_body SET octets = x'4142' WHERE content = 1",
         "content 1 has lost its body, or some of it"                                                                                             },
        { "UPDATE content_body SET octets = x'410d0a' WHERE content = 1",
         "content 1 is not what was stored: its hash differs"                                                                                     },
        { "UPDATE content_header SET octets = replace(octets, 'a', 'b') WHERE content = 1",
         "content 1 is not what was stored: its hash differs"                                                                                     },
        { "UPDATE content_header SET octets = CAST(replace(octets, 'large', 'LARGE') AS BLOB)"
          " WHERE content = 2",                                                    "the header of content 2 is not the one of its blob"  },
        { "UPDATE content SET hash = x'00' WHERE id = 2",
         "content 2 is not what was stored: its hash differs"                                                                                     },
        { "UPDATE content_body SET blob = 'bbbbbbbbbbbbbbbbbbbbbbbbbb' WHERE content = 2",
         "content 2 has lost its blob bbbbbbbbbbbbbbbbbbbbbbbbbb"                                                                                 },
        { "UPDATE content_body SET blob = '../../x' WHERE content = 2",
         "content 2 has lost its blob ../../x"                                                                                                    },
        { "UPDATE message SET content = 99 WHERE mailbox = 7",
         "message 1 of mailbox 7 has lost its content 99"                                                                                         },
        { "UPDATE expunged SET content = 99",                                               "message 4 of mailbox 1 has lost its content 99"      },
        { "UPDATE message SET size = 1 WHERE mailbox = 7",
         "message 1 of mailbox 7 has not the size 1 it says"                                                                                      },
        { "UPDATE message SET trace = NULL WHERE mailbox = 7",
         "message 1 of mailbox 7 has not the size"                                                                                                },
        { "INSERT INTO message SELECT 99, uid, content, size, flags, modseq, internal_date_us,"
          " save_date_us, trace, uidl FROM message WHERE mailbox = 7",             "mailbox 99 is not there, but has messages"           },
        { "UPDATE expunged SET mailbox = 99",
         "mailbox 99 is not there, but has expunged messages"                                                                                     },
        { "UPDATE expunged SET uid = 3",                                                    "mailbox 1 has a message that is expunged, too"       },
        { "UPDATE message SET modseq = 0 WHERE mailbox = 7",
         "mailbox 7 has a message with an impossible UID or MODSEQ"                                                                               },
        { "UPDATE mailbox SET name = 'Outbox' WHERE id = 7",                                "account 2 has no INBOX"                              },
        { "UPDATE account SET local = 'robert' WHERE id = 2",
         "account 2 has a name that is not its address"                                                                                           },
        { "UPDATE alias SET target = 'carol@example.org'",
         "alias sales@example.org points to carol@example.org, which is not there"                                                                },
        { "UPDATE message SET flags = flags | 512 WHERE mailbox = 7 AND uid = 1",
         "mailbox 7 has messages with a keyword without a name"                                                                                   },
        { "UPDATE message SET flags = -1 WHERE mailbox = 7",
         "mailbox 7 has messages with a keyword without a name"                                                                                   },
        { "UPDATE keyword SET bit = 9",                                                     "mailbox 1 has messages with a keyword without a name"},
        { "UPDATE keyword SET bit = 7",                                                     "account 1 has a keyword with an impossible number"   },
        { "DELETE FROM content_trace WHERE content = 2",
         "message 2 of mailbox 1 has not the size"                                                                                                },
        { "INSERT INTO content_trace VALUES (77, 1, x'00')",
         "content 77 is not there, but has octets"                                                                                                },
        { "INSERT INTO content_header VALUES (77, x'00')",
         "content 77 is not there, but has octets"                                                                                                },
};

START_TEST(what_is_not_derived_is_said_and_left_alone)
{
        struct said said = { 0 };
        struct store_check_result before, after;

        ops_sql(damages[_i].damage);
        before = check(false, &said);
        ck_assert_msg(before.damaged > 0 && strstr(said.text.ptr, damages[_i].says), "%s:\n%s",
                      damages[_i].damage, said.text.ptr ? said.text.ptr : "");
        check(true, &said);
        after = check(false, &said);
        ck_assert_msg(after.damaged > 0 && strstr(said.text.ptr, damages[_i].says), "%s:\n%s",
                      damages[_i].damage, said.text.ptr ? said.text.ptr : "");
        ck_assert_int_le(after.damaged, before.damaged);
        buf_done(&said.text);
}
END_TEST

START_TEST(a_damaged_index_is_found)
{
        struct said said = { 0 };

        ops_sql("PRAGMA writable_schema = ON;"
                "UPDATE sqlite_schema SET sql = 'CREATE INDEX account_by_local ON "
                "account(verifiers)'"
                " WHERE name = 'account_by_local'");
        ops_reopen();
        ck_assert_int_gt(check(false, &said).damaged, 0);
        ck_assert_msg(strstr(said.text.ptr, "database: "), "%s", said.text.ptr);
        buf_done(&said.text);
}
END_TEST

/* ---- blobs ---- */

START_TEST(a_blob_that_is_gone_is_said)
{
        struct said said = { 0 };

        ck_assert_int_eq(unlink(blob_path), 0);
        ck_assert_int_eq(check(true, &said).damaged, 1);
        ck_assert_ptr_nonnull(strstr(said.text.ptr, "content 2 has lost its blob"));
        buf_done(&said.text);
}
END_TEST

START_TEST(a_blob_cut_short_is_said)
{
        struct said said = { 0 };

        ck_assert_int_eq(chmod(blob_path, 0600), 0);
        ck_assert_int_eq(truncate(blob_path, 1000), 0);
        ck_assert_int_eq(check(true, &said).damaged, 2);
        ck_assert_ptr_nonnull(strstr(said.text.ptr, "has 1000 octets instead of"));
        ck_assert_ptr_nonnull(strstr(said.text.ptr, "content 2 is not what was stored"));
        buf_done(&said.text);
}
END_TEST

START_TEST(a_blob_with_other_octets_is_said_when_hashes_are_asked_for)
{
        const struct store_check_options quick = { .repair = true };
        struct store_check_result result;
        struct said said = { 0 };
        FILE *f;

        ck_assert_int_eq(chmod(blob_path, 0600), 0);
        f = fopen(blob_path, "r+");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fseek(f, 500000, SEEK_SET), 0);
        ck_assert_int_eq(fputc(0, f), 0);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_int_eq(store_check(&ops.tx, &quick, NULL, NULL, &result), ERR_OK);
        ck_assert_int_eq(result.damaged, 0);
        ck_assert_int_eq(check(true, &said).damaged, 1);
        ck_assert_ptr_nonnull(strstr(said.text.ptr, "content 2 is not what was stored"));
        buf_done(&said.text);
}
END_TEST

static void write_blob(const char *name, char path[256])
{
        char dir[128];
        FILE *f;

        snprintf(dir, sizeof dir, "%s/blobs/%.2s", ops.store.dir, name + 2);
        ck_assert(mkdir(dir, 0700) == 0 || access(dir, W_OK) == 0);
        snprintf(path, 256, "%s/%s", dir, name);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs("nobody's", f);
        ck_assert_int_eq(fclose(f), 0);
}

START_TEST(an_orphan_is_removed_and_a_young_one_spared)
{
        char old_path[256], young_path[256], young[TEXT_ID_SIZE];
        struct said said = { 0 };
        struct store_check_result r;

        write_blob("aaaaaaaaaabbbbbbbbbbbbbbbb", old_path); /* of 1970 */
        text_random_id(young);
        write_blob(young, young_path);
        r = check(false, &said);
        ck_assert_int_eq(r.damaged, 1);
        ck_assert_int_eq(r.blobs, 3);
        ck_assert_str_eq(said.text.ptr, "blob aaaaaaaaaabbbbbbbbbbbbbbbb belongs to no message\n");
        ck_assert_int_eq(access(old_path, R_OK), 0);
        ck_assert_int_eq(check(true, &said).repaired, 1);
        ck_assert_int_ne(access(old_path, R_OK), 0);
        ck_assert_int_eq(access(young_path, R_OK), 0);
        buf_done(&said.text);
        expect_sound();
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store check");
        TCase *tc = tcase_create("check");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_checked_fixture(tc, setup, ops_stop);
        tcase_add_test(tc, a_sound_store_is_counted_and_nothing_is_said);
        tcase_add_test(tc, a_store_is_sound_while_a_removed_account_goes_bit_by_bit);
        tcase_add_test(tc, aliases_may_lead_elsewhere);
        tcase_add_test(tc, an_empty_store_is_sound);
        tcase_add_loop_test(tc, what_is_derived_is_repaired, 0, ops_rows(repairable));
        tcase_add_test(tc, a_content_nobody_refers_to_goes_with_its_blob);
        tcase_add_loop_test(tc, what_is_not_derived_is_said_and_left_alone, 0, ops_rows(damages));
        tcase_add_test(tc, a_damaged_index_is_found);
        tcase_add_test(tc, a_blob_that_is_gone_is_said);
        tcase_add_test(tc, a_blob_cut_short_is_said);
        tcase_add_test(tc, a_blob_with_other_octets_is_said_when_hashes_are_asked_for);
        tcase_add_test(tc, an_orphan_is_removed_and_a_young_one_spared);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
