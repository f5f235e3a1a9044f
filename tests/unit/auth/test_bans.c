/* test_bans.c — bans from the guard to the store, and back at the next start. */
#include "helper_auth.h"

#include "mailserver/core/clock.h"
#include "mailserver/core/log.h"
#include "mailserver/core/task.h"
#include "mailserver/store/ban.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct house house;
static struct auth_client client;
static struct net_address guesser, stranger;
static struct auth_config config;

static void setup(void)
{
        house_open(&house);
        house_load_bans(&house);
        guesser = house_address("192.0.2.1");
        stranger = house_address("198.51.100.1");
        client = house_client();
        client.peer = &guesser;
        client.tls = true;
        config = house_auth_config;
        config.ban_ms = config.ban_max_ms = config.ban_memory_ms = 3600000;
        config.login_memory_ms = 3600000;
}

static void teardown(void)
{
        house_close(&house);
}

static void settle(void)
{
        while (task_hub_outstanding(house.hub))
                loop_turn(house.loop, true);
}

/* So many wrong passwords for this name. */
static void guess(const char *name, int times)
{
        for (int i = 0; i < times; i++) {
                char password[32];

                snprintf(password, sizeof password, "guess %d", i);
                ck_assert_int_eq(log_in(&house, &client, name, password), AUTH_FAILED);
        }
        settle();
}

static void start_again(void)
{
        house_reopen(&house);
        auth_set_config(house.auth, &config);
        house_load_bans(&house);
}

START_TEST(a_banned_address_stays_so_after_a_restart)
{
        config.max_failures_per_address = 3;
        auth_set_config(house.auth, &config);
        ck_assert(!auth_bans_address(house.auth, &guesser));
        guess("bob", 3);
        ck_assert(auth_bans_address(house.auth, &guesser));
        start_again();
        ck_assert(auth_bans_address(house.auth, &guesser));
        ck_assert(!auth_bans_address(house.auth, &stranger));
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_BANNED);
}
END_TEST

START_TEST(a_banned_pair_stays_so_after_a_restart)
{
        config.max_failures_per_pair = 3;
        auth_set_config(house.auth, &config);
        guess("bob", 3);
        start_again();
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_FAILED);
        ck_assert_int_eq(log_in(&house, &client, "alice@example.org", "secret of alice"), AUTH_OK);
        client.peer = &stranger;
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
}
END_TEST

START_TEST(a_name_refused_to_strangers_is_not_so_after_a_restart)
{
        config.max_failures_per_name = 3;
        auth_set_config(house.auth, &config);
        guess("bob", 3);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_FAILED);
        start_again();
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
}
END_TEST

/* What a good password is remembered for must not open a banned pair. */
START_TEST(a_remembered_password_does_not_pass_a_ban)
{
        config.max_failures_per_pair = 3;
        auth_set_config(house.auth, &config);
        client.peer = &stranger;
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
        client.peer = &guesser;
        guess("bob", 3);
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_FAILED);
        client.peer = &stranger;
        ck_assert_int_eq(log_in(&house, &client, "bob", "secret of bob"), AUTH_OK);
}
END_TEST

/* Names of nobody are counted and refused like others. */
START_TEST(all_spellings_of_nobodys_name_are_one)
{
        struct auth_stats stats;

        config.max_failures_per_pair = 3;
        auth_set_config(house.auth, &config);
        ck_assert_int_eq(log_in(&house, &client, "nobody@example.org", "1"), AUTH_FAILED);
        ck_assert_int_eq(log_in(&house, &client, "NOBODY@example.org", "2"), AUTH_FAILED);
        ck_assert_int_eq(log_in(&house, &client, "\xef\xbd\x8eobody@EXAMPLE.org", "3"),
                         AUTH_FAILED);
        auth_get_stats(house.auth, &stats);
        ck_assert_int_eq(stats.failures, 3);
        ck_assert_int_eq(stats.bans, 1);
        ck_assert_int_eq(stats.banned_pairs, 1);
}
END_TEST

static enum err add_manual(struct store_txn *tx, void *arg)
{
        struct store_ban ban = {
                .network = slice_of(arg),
                .name = SLICE(""),
                .reason = SLICE("test"),
                .manual = true,
                .times = 1,
                .since_us = clock_now_us(),
                .until_us = STORE_BAN_FOREVER,
                .forget_us = STORE_BAN_FOREVER,
        };

        return store_ban_put(tx, &ban);
}

static enum err clear_all(struct store_txn *tx, void *arg)
{
        (void)arg;
        return store_ban_clear_all(tx);
}

START_TEST(what_the_administrator_does_counts_when_it_is_read)
{
        char network[] = "198.51.100.0/24";

        config.max_failures_per_address = 3;
        auth_set_config(house.auth, &config);
        guess("bob", 3);
        house_write(&house, add_manual, network);
        house_load_bans(&house);
        ck_assert(auth_bans_address(house.auth, &guesser));
        ck_assert(auth_bans_address(house.auth, &stranger));
        house_write(&house, clear_all, NULL);
        house_load_bans(&house);
        ck_assert(!auth_bans_address(house.auth, &guesser));
        ck_assert(!auth_bans_address(house.auth, &stranger));
}
END_TEST

START_TEST(a_ban_that_is_being_written_is_not_lost_when_the_others_are_read)
{
        config.max_failures_per_address = 3;
        auth_set_config(house.auth, &config);
        task_hub_hold(house.hub, "auth bans");
        auth_load_bans(house.auth);
        while (!task_hub_held(house.hub))
                loop_turn(house.loop, true);
        for (int i = 0; i < 3; i++) {
                char password[32];

                snprintf(password, sizeof password, "guess %d", i);
                ck_assert_int_eq(log_in(&house, &client, "bob", password), AUTH_FAILED);
        }
        task_hub_release(house.hub);
        settle();
        ck_assert(auth_bans_address(house.auth, &guesser));
}
END_TEST

static const struct {
        const char *network, *address;
        bool exempt;
} trusted[] = {
        {"192.0.2.0/24",   "192.0.2.1",   true },
        { "192.0.3.0/24",  "192.0.2.1",   false},
        { "2001:db8::/32", "2001:db8::1", true },
        { "10.0.0.0/8",    "127.0.0.1",   true },
        { "10.0.0.0/8",    "::1",         true },
};

START_TEST(loopback_and_trusted_networks_are_exempt)
{
        static char *items[1];

        items[0] = (char *)(uintptr_t)trusted[_i].network;
        guesser = house_address(trusted[_i].address);
        config.max_failures_per_address = 2;
        config.trusted_networks = (struct conf_strings){ items, 1 };
        ck_assert_int_eq(auth_config_check(&config, NULL), ERR_OK);
        auth_set_config(house.auth, &config);
        guess("bob", 2);
        ck_assert_int_eq(auth_bans_address(house.auth, &guesser), !trusted[_i].exempt);
        house_write(&house, add_manual, (void *)(uintptr_t)trusted[_i].address);
        house_load_bans(&house);
        ck_assert_int_eq(auth_bans_address(house.auth, &guesser), !trusted[_i].exempt);
}
END_TEST

START_TEST(a_trusted_network_that_is_none_is_an_error)
{
        static char wrong[] = "10.0.0.0/33", *items[] = { wrong };
        struct error error = { 0 };

        config.trusted_networks = (struct conf_strings){ items, 1 };
        ck_assert_int_eq(auth_config_check(&config, &error), ERR_SYNTAX);
        ck_assert_ptr_nonnull(strstr(error.text, "10.0.0.0/33"));
}
END_TEST

int main(void)
{
        Suite *s = suite_create("bans");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_set_timeout(tc, 300);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_banned_address_stays_so_after_a_restart);
        tcase_add_test(tc, a_banned_pair_stays_so_after_a_restart);
        tcase_add_test(tc, a_name_refused_to_strangers_is_not_so_after_a_restart);
        tcase_add_test(tc, a_remembered_password_does_not_pass_a_ban);
        tcase_add_test(tc, all_spellings_of_nobodys_name_are_one);
        tcase_add_test(tc, what_the_administrator_does_counts_when_it_is_read);
        tcase_add_test(tc, a_ban_that_is_being_written_is_not_lost_when_the_others_are_read);
        tcase_add_loop_test(tc, loopback_and_trusted_networks_are_exempt, 0,
                            (int)(sizeof trusted / sizeof *trusted));
        tcase_add_test(tc, a_trusted_network_that_is_none_is_an_error);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
