/* config.c — the options of "connections" and "tls". */
#include "mailserver/net/server.h"

static const struct conf_option net_options[] = {
        {.name = "max_connections",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, max_connections),
         .fallback = "10000",
         .min = 1,
         .max = 1000000,
         .help = "Clients connected at one time, over all services. Further ones are told that "
                  "the "
                  "server is busy and are closed. Each may need two file descriptors "
                  "(LimitNOFILE= in the unit)." },
        { .name = "max_connections_per_address",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, max_connections_per_address),
         .fallback = "50",
         .min = 1,
         .max = 1000000,
         .help = "Clients connected at one time from one IPv4 address, or from one IPv6 /64 "
                  "network. Connections from the machine itself are not counted." },
        { .name = "max_connections_per_account",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, max_connections_per_account),
         .fallback = "40",
         .min = 1,
         .max = 1000000,
         .help = "Logged-in connections of one account at one time. Mail programs open several "
                  "each, and people have several devices. One more ends the IMAP connection of "
                  "the account that has been idle for longest, and is refused if none is idle." },
        { .name = "stall_timeout",
         .type = CONF_TIME,
         .offset = offsetof(struct net_config, stall_timeout_ms),
         .fallback = "60s",
         .min = 1000,
         .max = 3600000,
         .help = "A client that takes nothing of what waits for it for this long is cut off." },
        { .name = "handshake_timeout",
         .type = CONF_TIME,
         .offset = offsetof(struct net_config, handshake_timeout_ms),
         .fallback = "30s",
         .min = 1000,
         .max = 600000,
         .help = "How long a client may take for the TLS handshake." },
        { .name = "keep_alive",
         .type = CONF_TIME,
         .offset = offsetof(struct net_config, keep_alive_ms),
         .fallback = "5m",
         .min = 0,
         .max = 7200000,
         .help = "After so long without traffic the machine of a client is asked whether it is "
                  "still there (TCP keep-alive); 0: never. From 1s on." },
        { .name = "dead_timeout",
         .type = CONF_TIME,
         .offset = offsetof(struct net_config, dead_timeout_ms),
         .fallback = "5m",
         .min = 0,
         .max = 7200000,
         .help = "A client whose machine acknowledges nothing for so long, neither mail nor that "
                  "question, is gone, and its connection ends (TCP_USER_TIMEOUT); 0: as the "
                  "system does. Shorter ends the connections of phones that pass a tunnel." },
        { .name = "high_water",
         .type = CONF_SIZE,
         .offset = offsetof(struct net_config, high_water),
         .fallback = "64K",
         .min = 4096,
         .max = 16777216,
         .help = "Octets of output that may wait for one client before the server pauses with "
                  "producing more. Larger costs memory for every slow client." },
        { .name = "compress_window",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, compress_window),
         .fallback = "13",
         .min = 9,
         .max = 15,
         .help = "How far compression (IMAP's COMPRESS) looks back, as a power of two octets. Its "
                  "memory for each client that uses it is four times that, and what "
                  "compress_memory says." },
        { .name = "compress_memory",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, compress_memory),
         .fallback = "6",
         .min = 1,
         .max = 9,
         .help = "Memory for finding what can be shortened: 1K for 1, twice as much for each step "
                  "(32K for 6)." },
        { .name = "compress_level",
         .type = CONF_INT,
         .offset = offsetof(struct net_config, compress_level),
         .fallback = "3",
         .min = 1,
         .max = 9,
         .help = "How hard it tries: 1 is fast, 9 is small and slow." },
        { .name = "compress_rest",
         .type = CONF_TIME,
         .offset = offsetof(struct net_config, compress_rest_ms),
         .fallback = "20s",
         .min = 1000,
         .max = 3600000,
         .help = "After so long without traffic a compressed connection gives nearly all of its "
                  "memory back, until something is said again." },
        { 0                                                          },
};

const struct conf_table net_conf_table = {
        .path = "connections",
        .help = "How many clients are served at one time, and for how long a slow one is borne.",
        .options = net_options,
        .size = sizeof(struct net_config),
};

static const struct conf_option pair_options[] = {
        {.name = "certificate",
         .type = CONF_STRING,
         .offset = offsetof(struct tls_pair_config, certificate),
         .help = "File with the certificate and its chain (PEM, the server's own first)." },
        { .name = "private_key",
         .type = CONF_STRING,
         .offset = offsetof(struct tls_pair_config, private_key),
         .help = "File with the private key that belongs to the certificate (PEM, without a "
                  "passphrase)." },
        { 0},
};

static const struct conf_table pair_table = {
        .path = "tls.more",
        .options = pair_options,
        .size = sizeof(struct tls_pair_config),
};

static const char *const versions[] = {
        [TLS_VERSION_1_2] = "1.2",
        [TLS_VERSION_1_3] = "1.3",
        NULL,
};

static const struct conf_option tls_options[] = {
        {.name = "certificate",
         .type = CONF_STRING,
         .offset = offsetof(struct tls_config, certificate),
         .help = "File with the certificate and its chain (PEM, the server's own first). It is "
                  "read "
                  "again on reload and when it changes. Without it no TLS is offered, and clients "
                  "cannot log in from other machines." },
        { .name = "private_key",
         .type = CONF_STRING,
         .offset = offsetof(struct tls_config, private_key),
         .help = "File with the private key that belongs to the certificate (PEM, without a "
                  "passphrase). The user the server runs as must be able to read it." },
        { .name = "more",
         .type = CONF_GROUPS,
         .offset = offsetof(struct tls_config, more),
         .groups = &pair_table,
         .help = "Further certificates: for other host names, or of another kind (RSA beside "
                  "ECDSA) "
                  "for the same. Which one a client gets is decided by the host name it asks for "
                  "and "
                  "the kinds it can verify." },
        { .name = "minimum",
         .type = CONF_ENUM,
         .offset = offsetof(struct tls_config, minimum),
         .fallback = "1.2",
         .words = versions,
         .help = "The oldest TLS version that is accepted. With 1.3, older mail servers fall back "
                  "to sending in the clear." },
        { .name = "check_interval",
         .type = CONF_TIME,
         .offset = offsetof(struct tls_config, check_interval_ms),
         .fallback = "1m",
         .min = 100,
         .max = 86400000,
         .help = "How often the server looks whether these files have changed." },
        { 0},
};

const struct conf_table tls_conf_table = {
        .path = "tls",
        .help = "Certificates, for STARTTLS and for the services that begin with TLS.",
        .options = tls_options,
        .size = sizeof(struct tls_config),
};
