/*
 * test_upgrade.c — an older store, when its upgrade is cut short: there is no room for the copy or
 * for the change, or the power goes.
 *
 * The disk is helper_memfs.h's. Whatever happens, the store is of the one version or of the other,
 * whole; and it is upgraded when there is room, or power, again.
 */
#include "helper_memfs.h"
#include "helper_store.h"
#include "schema.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { OLDER = 4, CONTENTS = 60, MOMENTS = 40 };

static struct test_store t;
static char copy[128];
static size_t copy_octets; /* of a whole one */

static void not_fatal(const char *what)
{
        ck_abort_msg("%s is no reason to die", what);
}

/* Headers that keys are made of, some pages of them. */
static const char fill[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        " INSERT INTO content SELECT i, 900, 899, zeroblob(32), 0, hex(randomblob(400)), '', '', ''"
        " FROM n;"
        "INSERT INTO content_header SELECT id, CAST('Subject: number ' || id || char(13, 10) ||"
        " 'Message-ID: <' || id || '@example.net>' || char(13, 10, 13, 10) AS BLOB) FROM content;"
        "INSERT INTO content_refs SELECT id, 1 FROM content";

static void set_up(void)
{
        memfs_start();
        test_store_prepare(&t, TEST_STORE_INLINE);
        t.vfs = MEMFS_VFS;
        t.files = &memfs_file_ops;
        t.fatal = not_fatal;
        snprintf(copy, sizeof copy, "%s/mail.db.before-%d", t.dir, (int)schema_current.version);
        test_store_open(&t);
        ck_assert_int_eq(test_store_sql(&t, fill), ERR_OK);
        ck_assert_int_eq(test_store_make_older(&t, OLDER), ERR_OK);
        test_store_close(&t);
        memfs_save();
}

static void tear_down(void)
{
        test_store_stop(&t);
        memfs_stop();
}

static enum err try_open(struct error *reterr)
{
        *reterr = (struct error){ 0 };
        return test_store_try_open(&t, reterr);
}

/* Of this program's version, with all that was in it; closed again. */
static void assert_upgraded(const char *when)
{
        struct error error;
        enum err err = try_open(&error);

        ck_assert_msg(!err, "%s: %s", when, error.text);
        ck_assert_int_eq(test_store_int(&t, "PRAGMA user_version"), schema_current.version);
        ck_assert_msg(test_store_int(&t, "SELECT count(*) FROM content") == CONTENTS, "%s", when);
        ck_assert_msg(test_store_int(&t, "SELECT count(*) FROM content_key JOIN content ON"
                                         " content = id WHERE base_subject = 'NUMBER ' || id AND"
                                         " length(envelope) = 800") == CONTENTS,
                      "%s", when);
        test_store_close(&t);
}

/* How many operations an upgrade takes. */
static int64_t count_operations(void)
{
        memfs_set_fault(MEMFS_FINE, 0);
        assert_upgraded("without a fault");
        ck_assert_ptr_nonnull(memfs_find(copy));
        copy_octets = memfs_find(copy)->live_len;
        return memfs_operations();
}

START_TEST(without_room_it_is_refused_and_leaves_all_as_it_was)
{
        int64_t total = count_operations(), without_copy = 0, with_copy = 0;

        for (int64_t n = 1; n <= total; n += 1 + total / MOMENTS) {
                struct error error;
                char when[80];
                enum err err;

                snprintf(when, sizeof when, "full from operation %lld", (long long)n);
                memfs_restore();
                memfs_set_fault(MEMFS_FULL, n);
                err = try_open(&error);
                ck_assert_msg(!err || err == ERR_FULL, "%s: %s: %s", when, err_name(err),
                              error.text);
                if (err) {
                        const struct memfs_node *found = memfs_find(copy);

                        ck_assert_msg(error.text[0], "%s", when);
                        /* Half a copy would take the room that is missing. */
                        ck_assert_msg(!found || found->live_len == copy_octets, "%s", when);
                        *(found ? &with_copy : &without_copy) += 1;
                } else {
                        test_store_close(&t);
                }
                memfs_set_fault(MEMFS_FINE, 0);
                assert_upgraded(when);
        }
        /* It has happened in the copy and in the change. */
        ck_assert_int_gt(without_copy, 0);
        ck_assert_int_gt(with_copy, 0);
}
END_TEST

START_TEST(a_power_cut_leaves_one_version_or_the_other)
{
        int64_t total = count_operations();

        for (int64_t n = 1; n <= total; n += 1 + total / MOMENTS) {
                struct error error;
                char when[80];

                snprintf(when, sizeof when, "power cut at operation %lld", (long long)n);
                memfs_restore();
                memfs_set_fault(MEMFS_POWER_CUT, n);
                if (!try_open(&error))
                        test_store_close(&t);
                memfs_power_on((enum memfs_survival)_i, (uint64_t)n);
                memfs_set_fault(MEMFS_FINE, 0);
                assert_upgraded(when);
        }
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store upgrade");
        TCase *tc = tcase_create("disk");
        SRunner *r;
        int failed;

        tcase_add_checked_fixture(tc, set_up, tear_down);
        /* Not a limit on speed: a guard against hanging. */
        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, without_room_it_is_refused_and_leaves_all_as_it_was);
        tcase_add_loop_test(tc, a_power_cut_leaves_one_version_or_the_other, MEMFS_LOST,
                            MEMFS_TORN + 1);
        suite_add_tcase(s, tc);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
