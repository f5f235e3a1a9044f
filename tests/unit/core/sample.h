/* sample.h — a configuration with an option of every type, for the tests of conf. */
#ifndef TESTS_UNIT_CORE_SAMPLE_H
#define TESTS_UNIT_CORE_SAMPLE_H

#include "mailserver/core/conf.h"

enum { SAMPLE_QUIET, SAMPLE_LOUD };

struct sample_pair {
        char *certificate, *key;
        int64_t days_ms;
};

struct sample_main {
        char *hostname;
        bool verbose;
        int level;
};
struct sample_limits {
        int64_t connections, offset, message_size, timeout_ms;
        struct conf_strings names;
        struct conf_groups pairs; /* struct sample_pair */
        char *optional;
};
struct sample_listen {
        struct conf_ports port;
        struct conf_strings address;
};

struct sample {
        struct sample_main main;
        struct sample_limits limits;
        struct sample_listen smtp, imap;
        struct conf_section sections[5];
};

/* Zeroes *s and joins its tables. */
void sample_init(struct sample *s);

#endif
