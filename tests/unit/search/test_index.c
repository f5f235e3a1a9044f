/* test_index.c — search.db: which messages may contain what. */
#include "gram.h"
#include "index.h"

#include "mailserver/core/mem.h"
#include "mailserver/search/search.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALICE = 3, BOB = 4, INBOX = 11, ARCHIVE = 12, BOBS = 13, MAX = 1000 };

static char dir[64], path[80];
static struct search_index *db;

static void open_index(void)
{
        struct error error = { 0 };
        enum err err = search_index_open(path, true, 1 << 20, &db, &error);

        ck_assert_msg(err == ERR_OK, "%s", error.text);
}

static void set_up(void)
{
        snprintf(dir, sizeof dir, "/tmp/test-search-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/search.db", dir);
        open_index();
}

static void tear_down(void)
{
        search_index_close(db);
        search_index_remove(path);
        ck_assert_int_eq(rmdir(dir), 0);
}

/* One message: a document, and where it is. */
static void add(int64_t account, int64_t content, const char *text, bool skipped, int64_t mailbox,
                uint32_t uid)
{
        struct search_document document = { account, content, content * 7, 1 };
        struct search_position position = { 0, mailbox, uid };
        struct gram_state state = {
                {0, 0}
        };
        struct gram_set grams = { 0 };
        AUTO_BUF(waiting, BUF_MAX);
        uint32_t list[MAX];
        bool is_new;
        size_t n = 0;

        buf_add(&waiting, slice_of(text));
        gram_read(&state, &waiting, &grams);
        for (size_t i = 0; i < grams.size; i++)
                if (grams.slots[i])
                        list[n++] = grams.slots[i];
        gram_set_done(&grams);
        ck_assert_int_eq(search_index_begin(db, true), ERR_OK);
        ck_assert_int_eq(search_index_add(db, &document, &position.document, &is_new), ERR_OK);
        ck_assert_int_eq(skipped ? search_index_skip(db, position.document)
                                 : search_index_add_grams(db, position.document, list, n),
                         ERR_OK);
        ck_assert_int_eq(search_index_add_position(db, &position), ERR_OK);
        ck_assert_int_eq(search_index_commit(db), ERR_OK);
}

/* "1,5": the UIDs that may contain the word. */
static void expect(int64_t account, int64_t mailbox, const char *word, const char *wanted)
{
        AUTO(uid_set_done) struct uid_set uids = { 0 };
        AUTO_BUF(expression, 4096);
        AUTO_BUF(printed, 4096);

        ck_assert(search_needle_put(slice_of(word), &expression));
        ck_assert_int_eq(search_index_begin(db, false), ERR_OK);
        ck_assert_int_eq(
                search_index_find(db, account, mailbox, buf_slice(&expression), MAX, &uids),
                ERR_OK);
        search_index_rollback(db);
        ck_assert_int_eq(uid_set_print(&uids, &printed), ERR_OK);
        buf_addc(&printed, '\0');
        ck_assert_msg(strcmp(printed.ptr, wanted) == 0, "%s: %s, not %s", word, printed.ptr,
                      wanted);
}

START_TEST(messages_are_found_by_what_they_contain)
{
        add(ALICE, 100, "the quick brown fox", false, INBOX, 1);
        add(ALICE, 101, "a lazy dog", false, INBOX, 2);
        add(ALICE, 102, "quick as a fox", false, INBOX, 5);
        expect(ALICE, INBOX, "quick", "1,5");
        expect(ALICE, INBOX, "lazy", "2");
        expect(ALICE, INBOX, "cat", "");
}
END_TEST

START_TEST(nobody_finds_mail_of_another_account)
{
        add(ALICE, 100, "shared words", false, INBOX, 1);
        add(BOB, 100, "shared words", false, BOBS, 7);
        expect(ALICE, INBOX, "shared", "1");
        expect(BOB, BOBS, "shared", "7");
        expect(ALICE, BOBS, "shared", "");
}
END_TEST

START_TEST(a_copy_is_found_where_it_is)
{
        struct search_position copy = { 0, ARCHIVE, 9 };
        struct search_document document;

        add(ALICE, 100, "to be kept", false, INBOX, 1);
        ck_assert_int_eq(search_index_document(db, ALICE, 100, &document, &copy.document), ERR_OK);
        ck_assert_int_eq(search_index_begin(db, true), ERR_OK);
        ck_assert_int_eq(search_index_add_position(db, &copy), ERR_OK);
        ck_assert_int_eq(search_index_add_position(db, &copy), ERR_OK);
        ck_assert_int_eq(search_index_commit(db), ERR_OK);
        expect(ALICE, INBOX, "kept", "1");
        expect(ALICE, ARCHIVE, "kept", "9");
}
END_TEST

START_TEST(a_document_that_comes_again_has_both_texts)
{
        add(ALICE, 100, "first trace", false, INBOX, 1);
        for (int i = 0; i < 40; i++) /* enough that the segments of both are merged */
                add(ALICE, 200 + i, "something else", false, INBOX, (uint32_t)(100 + i));
        add(ALICE, 100, "second line", false, INBOX, 2);
        for (int i = 0; i < 40; i++)
                add(ALICE, 300 + i, "something else", false, INBOX, (uint32_t)(200 + i));
        expect(ALICE, INBOX, "first", "1:2");
        expect(ALICE, INBOX, "second", "1:2");
}
END_TEST

START_TEST(what_is_skipped_is_always_a_candidate)
{
        add(ALICE, 100, "a very long text", true, INBOX, 1);
        add(ALICE, 101, "short", false, INBOX, 2);
        expect(ALICE, INBOX, "nowhere", "1");
        expect(ALICE, INBOX, "short", "1:2");
}
END_TEST

START_TEST(too_many_candidates_are_refused)
{
        AUTO(uid_set_done) struct uid_set uids = { 0 };
        AUTO_BUF(expression, 4096);

        for (uint32_t i = 1; i <= 5; i++)
                add(ALICE, 100 + i, "the same word", false, INBOX, i);
        ck_assert(search_needle_put(SLICE("same"), &expression));
        ck_assert_int_eq(search_index_find(db, ALICE, INBOX, buf_slice(&expression), 4, &uids),
                         ERR_LIMIT);
        ck_assert_int_eq(search_index_find(db, ALICE, INBOX, buf_slice(&expression), 5, &uids),
                         ERR_OK);
}
END_TEST

START_TEST(places_and_documents_are_kept_over_a_restart)
{
        struct search_place place = { INBOX, 77, 5 };
        struct search_document document;
        int64_t documents = 0, octets = 0, id;

        add(ALICE, 100, "some text", false, INBOX, 1);
        ck_assert_int_eq(search_index_set_place(db, &place), ERR_OK);
        search_index_close(db);
        open_index();
        place = (struct search_place){ 0 };
        ck_assert_int_eq(search_index_place(db, INBOX, &place), ERR_OK);
        ck_assert_uint_eq(place.uidvalidity, 77);
        ck_assert_uint_eq(place.next, 5);
        ck_assert_int_eq(search_index_place(db, ARCHIVE, &place), ERR_NOTFOUND);
        ck_assert_int_eq(search_index_document(db, ALICE, 100, &document, &id), ERR_OK);
        ck_assert_int_eq(document.checksum, 700);
        ck_assert_int_eq(search_index_document(db, BOB, 100, &document, &id), ERR_NOTFOUND);
        ck_assert_int_eq(search_index_count(db, &documents), ERR_OK);
        ck_assert_int_eq(documents, 1);
        ck_assert_int_eq(search_index_size(db, &octets), ERR_OK);
        ck_assert_int_gt(octets, 4096);
        expect(ALICE, INBOX, "text", "1");
}
END_TEST

START_TEST(an_account_gets_another_slot_when_its_last_is_full)
{
        int64_t id = 0, bobs = 0, last = 0;
        bool is_new;

        ck_assert_int_eq(search_index_begin(db, true), ERR_OK);
        for (int64_t i = 1; i <= (1 << SEARCH_SLOT_BITS) + 1; i++) {
                struct search_document document = { ALICE, i, 1, 1 };

                last = id;
                ck_assert_int_eq(search_index_add(db, &document, &id, &is_new), ERR_OK);
                ck_assert(i == 1 || i > 1 << SEARCH_SLOT_BITS || id == last + 1);
                document.account = BOB;
                if (i == 1)
                        ck_assert_int_eq(search_index_add(db, &document, &bobs, &is_new), ERR_OK);
        }
        ck_assert_int_eq(search_index_commit(db), ERR_OK);
        /* Bob's is between. */
        ck_assert_int_eq(bobs, last + 1);
        ck_assert_int_eq(id, bobs + (1 << SEARCH_SLOT_BITS));
        add(ALICE, 1 << 20, "in the second slot", false, INBOX, 9);
        add(ALICE, 1, "in the first one", false, INBOX, 5);
        expect(ALICE, INBOX, "second", "9");
        expect(ALICE, INBOX, "first", "5");
        expect(ALICE, INBOX, "in the", "5,9");
}
END_TEST

/* Over the file as it was closed. */
static void overwrite(long at, const char *octets, size_t n)
{
        FILE *f = fopen(path, "r+");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(octets, 1, n, f), n);
        ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_file_that_is_no_index_of_ours_is_told)
{
        static const struct {
                const char *name;
                long at;
                const char *octets;
        } damages[] = {
                {"no database",            0,  "something else"},
                { "another application's", 68, "ABCD"          },
                { "another version",       60, "\x7f\x7f\x7f"  },
        };
        struct error error = { 0 };
        struct search_index *other = NULL;

        search_index_close(db);
        overwrite(damages[_i].at, damages[_i].octets, strlen(damages[_i].octets));
        ck_assert_msg(search_index_open(path, true, 1 << 20, &other, &error) == ERR_CORRUPT, "%s",
                      damages[_i].name);
        ck_assert_msg(error.text[0] != '\0', "%s", damages[_i].name);
        search_index_remove(path);
        open_index();
        expect(ALICE, INBOX, "anything", "");
}
END_TEST

START_TEST(a_search_finds_no_index_where_there_is_none)
{
        struct error error = { 0 };
        struct search_index *other = NULL;

        search_index_close(db);
        search_index_remove(path);
        ck_assert_int_eq(search_index_open(path, false, 1 << 20, &other, &error), ERR_NOTFOUND);
        open_index();
}
END_TEST

int main(void)
{
        Suite *s = suite_create("search index");
        TCase *t = tcase_create("index");
        SRunner *r;
        int failed;

        tcase_add_checked_fixture(t, set_up, tear_down);
        tcase_add_test(t, messages_are_found_by_what_they_contain);
        tcase_add_test(t, nobody_finds_mail_of_another_account);
        tcase_add_test(t, a_copy_is_found_where_it_is);
        tcase_add_test(t, a_document_that_comes_again_has_both_texts);
        tcase_add_test(t, what_is_skipped_is_always_a_candidate);
        tcase_add_test(t, too_many_candidates_are_refused);
        tcase_add_test(t, places_and_documents_are_kept_over_a_restart);
        tcase_add_test(t, an_account_gets_another_slot_when_its_last_is_full);
        tcase_add_loop_test(t, a_file_that_is_no_index_of_ours_is_told, 0, 3);
        tcase_add_test(t, a_search_finds_no_index_where_there_is_none);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_NORMAL);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
