/* test_lock.c — one process at a time, a directory for nobody else, and nothing made by looking. */
#include "helper_store.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned mode_of(const char *path)
{
        struct stat st;

        ck_assert_int_eq(stat(path, &st), 0);
        return st.st_mode & 0777u;
}

static enum err open_at(const char *dir, bool create, struct store **ret_store)
{
        struct store_config config;
        const struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct error error = { 0 };
        enum err err;

        conf_defaults(sections);
        err = store_open(&(struct store_params){ .config = &config,
                                                 .data_dir = dir,
                                                 .inline_lanes = true,
                                                 .create = create },
                         ret_store, &error);
        if (err)
                ck_assert_str_ne(error.text, "");
        return err;
}

START_TEST(a_second_store_in_the_same_directory_is_refused)
{
        struct test_store t;
        struct store *second = NULL;

        test_store_start(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(open_at(t.dir, true, &second), ERR_EXISTS);
        ck_assert_ptr_null(second);
        /* And the first is none the worse. */
        ck_assert_int_eq(test_store_int(&t, "SELECT count(*) FROM domain"), 0);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_second_process_is_refused_until_the_first_has_closed)
{
        struct test_store t;
        struct store *store = NULL;
        int status;
        pid_t child;

        test_store_start(&t, TEST_STORE_INLINE);
        child = fork();
        if (child == 0)
                _exit(open_at(t.dir, true, &store) == ERR_EXISTS ? 0 : 1);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        test_store_close(&t);
        ck_assert_int_eq(open_at(t.dir, false, &store), ERR_OK);
        store_close(store);
        test_store_stop(&t);
}
END_TEST

START_TEST(the_lock_names_its_process)
{
        struct test_store t;
        char path[128];
        long pid = 0;
        FILE *f;

        test_store_start(&t, TEST_STORE_INLINE);
        snprintf(path, sizeof path, "%s/lock", t.dir);
        f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fscanf(f, "%ld", &pid), 1);
        fclose(f);
        ck_assert_int_eq(pid, getpid());
        test_store_stop(&t);
}
END_TEST

START_TEST(without_create_nothing_is_made)
{
        char dir[] = "/tmp/test-lock-XXXXXX", path[64];
        struct store *store = NULL;

        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/none", dir);
        ck_assert_int_eq(open_at(path, false, &store), ERR_NOTFOUND);
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_int_eq(open_at(dir, false, &store), ERR_NOTFOUND);
        snprintf(path, sizeof path, "%s/mail.db", dir);
        ck_assert_int_ne(access(path, F_OK), 0);
        snprintf(path, sizeof path, "%s/lock", dir);
        unlink(path);
        ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(a_new_directory_is_for_its_owner_only)
{
        struct test_store t;
        struct store *store = NULL;
        char path[128];

        test_store_prepare(&t, TEST_STORE_INLINE);
        snprintf(path, sizeof path, "%s/data", t.dir);
        umask(0);
        ck_assert_int_eq(open_at(path, true, &store), ERR_OK);
        store_close(store);
        ck_assert_uint_eq(mode_of(path), 0700);
        test_store_stop(&t);
}
END_TEST

START_TEST(a_directory_that_others_may_read_is_closed_to_them)
{
        struct test_store t;

        test_store_prepare(&t, TEST_STORE_INLINE);
        ck_assert_int_eq(chmod(t.dir, 0755), 0);
        test_store_open(&t);
        ck_assert_uint_eq(mode_of(t.dir), 0700);
        test_store_stop(&t);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("lock");
        TCase *tc = tcase_create("lock");
        SRunner *r = srunner_create(s);
        int failed;

        tcase_add_test(tc, a_second_store_in_the_same_directory_is_refused);
        tcase_add_test(tc, a_second_process_is_refused_until_the_first_has_closed);
        tcase_add_test(tc, the_lock_names_its_process);
        tcase_add_test(tc, without_create_nothing_is_made);
        tcase_add_test(tc, a_new_directory_is_for_its_owner_only);
        tcase_add_test(tc, a_directory_that_others_may_read_is_closed_to_them);
        suite_add_tcase(s, tc);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
