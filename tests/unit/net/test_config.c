/* test_config.c — the options of "connections" and "tls". */
#include "helper_net.h"

START_TEST(the_options_have_sensible_defaults)
{
        struct net_config net = { 0 };
        struct tls_config tls = { 0 };
        const struct conf_section sections[] = {
                {&net_conf_table, &net },
                { &tls_conf_table,              &tls },
                { 0}
        };

        conf_defaults(sections);
        ck_assert_int_eq(net.max_connections, 10000);
        ck_assert_int_eq(net.max_connections_per_address, 50);
        ck_assert_int_eq(net.max_connections_per_account, 40);
        ck_assert_int_eq(net.stall_timeout_ms, 60000);
        ck_assert_int_eq(net.handshake_timeout_ms, 30000);
        ck_assert_int_eq(net.keep_alive_ms, 300000);
        ck_assert_int_eq(net.dead_timeout_ms, 300000);
        ck_assert_int_eq(net.high_water, 65536);
        ck_assert_int_eq(tls.minimum, TLS_VERSION_1_2);
        ck_assert_ptr_null(tls.certificate);
        ck_assert_uint_eq(tls.more.n, 0);
        conf_done(sections);
}
END_TEST

START_TEST(further_certificates_are_read_as_a_list)
{
        static const char text[] =
                "tls = { certificate = \"a\"; private_key = \"b\"; minimum = \"1.3\";\n"
                "  more = ( { certificate = \"c\"; private_key = \"d\"; } ) };\n";
        struct tls_config tls = { 0 };
        const struct conf_section sections[] = {
                {&tls_conf_table, &tls },
                { 0             }
        };
        const struct tls_pair_config *pair;
        AUTO_BUF(report, 4096);

        ck_assert_msg(conf_load_text(text, "test", sections, &report) == ERR_OK, "%s", report.ptr);
        ck_assert_int_eq(tls.minimum, TLS_VERSION_1_3);
        ck_assert_uint_eq(tls.more.n, 1);
        pair = tls.more.items;
        ck_assert_str_eq(pair->certificate, "c");
        ck_assert_str_eq(pair->private_key, "d");
        conf_done(sections);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("config");
        TCase *tc = tcase_create("tables");

        suite_add_tcase(s, tc);
        tcase_add_test(tc, the_options_have_sensible_defaults);
        tcase_add_test(tc, further_certificates_are_read_as_a_list);
        return run_suite(s);
}
