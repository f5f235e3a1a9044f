/* main.c — mailserver: the command line of the daemon. */
#include "config.h"
#include "server.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { REPORT_MAX = 1 << 16 };

static const char usage[] =
        "Usage: mailserver [-c FILE] [-t]\n"
        "\n"
        "Runs the mail server in the foreground until SIGTERM.\n"
        "\n"
        "  -c, --config FILE  the configuration (default: " MAILSERVER_SYSCONFDIR
        "/mailserver.conf)\n"
        "  -t, --test         check the configuration and exit\n"
        "  -V, --version      print the version and exit\n"
        "  -h, --help         print this and exit\n"
#ifdef MAILSERVER_DEBUG
        "      --hold CLASS   keep back the completions of a task class until SIGUSR2 (tests);\n"
        "                     may be given several times\n"
#endif
        ;

static const struct option options[] = {
        {"config",     required_argument, NULL, 'c' },
        { "test",        no_argument, NULL, 't' },
        { "version",           no_argument, NULL, 'V' },
        { "help",no_argument, NULL, 'h' },
#ifdef MAILSERVER_DEBUG
        { "hold",         required_argument, NULL, 'H' },
#endif
        { 0  },
};

/* A handful of threads needs few arenas; each would keep its own free memory. */
static void bound_malloc(void)
{
        mallopt(M_ARENA_MAX, 2);
        mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static int test_configuration(const char *path, const struct config *config)
{
        struct error error = { 0 };

        if (server_check(config, &error)) {
                fprintf(stderr, "%s: %s\n", path, error.text);
                return EXIT_FAILURE;
        }
        printf("%s: the configuration is good\n", path);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        struct server_params params = { .config_path = MAILSERVER_SYSCONFDIR "/mailserver.conf" };
        AUTO_BUF(report, REPORT_MAX);
        bool test = false;
        int c;

        while ((c = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
                switch (c) {
                case 'c':
                        params.config_path = optarg;
                        break;
                case 't':
                        test = true;
                        break;
                case 'H':
                        if (params.n_holds == SERVER_HOLDS) {
                                fputs("mailserver: too many --hold\n", stderr);
                                return EXIT_FAILURE;
                        }
                        params.holds[params.n_holds++] = optarg;
                        break;
                case 'V':
                        puts("mailserver " MAILSERVER_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                        fputs(usage, stdout);
                        return EXIT_SUCCESS;
                default:
                        fputs(usage, stderr);
                        return EXIT_FAILURE;
                }
        }
        if (optind < argc) {
                fprintf(stderr, "mailserver: unexpected argument: %s\n%s", argv[optind], usage);
                return EXIT_FAILURE;
        }
        umask(0077);
        bound_malloc();
        params.config = config_load(params.config_path, &report);
        if (!params.config) {
                fputs(report.ptr ? report.ptr : "", stderr);
                return EXIT_FAILURE;
        }
        if (test) {
                int status = test_configuration(params.config_path, params.config);

                config_free(params.config);
                return status;
        }
        return server_main(&params);
}
