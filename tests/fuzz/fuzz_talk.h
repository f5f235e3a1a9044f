/*
 * fuzz_talk.h — a service that really listens, mail for bob in it, and a client
 * that says what it is given, cut as it is told: for targets that hold sessions.
 *
 * Included by one target each, hence the bodies.
 */
#ifndef FUZZ_TALK_H
#define FUZZ_TALK_H

#include "fuzz_house.h"

#include "mailserver/net/server.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
        struct net_config config;
        struct net_service service;
        struct net_server *net;
        uint16_t port;
} talk;

/* ---- the log ---- */

/* Whatever the client says, it cannot make a line look like another. */
static void talk_check_line(enum log_level level, const char *line)
{
        (void)level;
        for (const char *c = line; *c; c++)
                require(*c >= ' ' && *c < 0x7f);
}

/* ---- mail ---- */

struct talk_delivery {
        struct slice account;
        struct spool *spool;
        struct store_draft *draft;
};

static enum err talk_make_draft(struct store_txn *tx, void *arg)
{
        struct talk_delivery *d = arg;

        (void)tx;
        return store_draft_new(house.store, d->spool, &d->draft, NULL);
}

static enum err talk_find_inbox(struct store_txn *tx, struct slice account, int64_t *ret_mailbox)
{
        struct store_account found = { 0 };
        enum err err = store_account_find(tx, account, &found);

        if (!err)
                err = store_mailbox_find(tx, found.id, SLICE("INBOX"), ret_mailbox);
        store_account_done(&found);
        return err;
}

static enum err talk_add_message(struct store_txn *tx, void *arg)
{
        struct talk_delivery *d = arg;
        struct store_message_new message = { .trace = SLICE("") };
        int64_t mailbox, content;
        uint32_t uid;
        enum err err = talk_find_inbox(tx, d->account, &mailbox);

        if (!err)
                err = store_content_add(tx, d->draft, &content);
        if (!err)
                err = store_message_add(tx, mailbox, content, &message, &uid);
        return err;
}

static void talk_writable(void *owner)
{
        (void)owner;
}

/* Into the account's INBOX. */
static void talk_deliver(struct slice account, struct slice message)
{
        struct talk_delivery d = { .account = account,
                                   .spool = spool_new(house.store, NULL, talk_writable) };

        spool_put(d.spool, message);
        require(spool_finish(d.spool));
        spool_disown(d.spool);
        house_do(STORE_WORK, talk_make_draft, &d);
        house_do(STORE_WRITE, talk_add_message, &d);
        store_draft_free(d.draft);
}

/* ---- the service ---- */

/* Before the protocol's own server goes. */
static void talk_close(void)
{
        net_server_abort_all(talk.net);
        while (net_server_connections(talk.net))
                loop_turn(house.loop, false);
        net_server_free(talk.net);
}

static void talk_open(const struct conn_handler *handler, void *context)
{
        static uint16_t any_port = 0;
        static char loopback[] = "127.0.0.1";
        static char *addresses[] = { loopback };
        struct conf_section sections[] = {
                {&net_conf_table, &talk.config },
                { 0             }
        };
        AUTO_BUF(ports, 256);
        uint64_t number = 0;

        log_set_level(LOG_LEVEL_DEBUG);
        log_set_sink(talk_check_line);
        conf_defaults(sections);
        talk.service = (struct net_service){
                .name = handler->protocol,
                .handler = handler,
                .context = context,
                .listen = {{ &any_port, 1 }, { addresses, 1 }},
        };
        talk.net = net_server_new(house.loop, &talk.config);
        require(net_server_listen(talk.net, &talk.service, NULL) == ERR_OK);
        net_server_print_ports(talk.net, &ports);
        buf_truncate(&ports, ports.len - 1);
        require(slice_number(
                slice_from(buf_slice(&ports), (size_t)slice_rfind(buf_slice(&ports), ' ') + 1),
                &number));
        talk.port = (uint16_t)number;
        net_server_start(talk.net);
}

/* ---- one session ---- */

static int talk_connect(void)
{
        static uint32_t sessions;
        struct sockaddr_in from = { .sin_family = AF_INET }, to = from;
        struct linger hard = { .l_onoff = 1 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

        /* Ports of closed sessions rest for a minute, and one address has too few for that. */
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + sessions++ % 200);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(talk.port);
        require(fd >= 0 &&
                setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) == 0);
        require(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
        require(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
        require(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return fd;
}

/* All that has come; false once the server has closed. */
static bool talk_take(int fd, struct buf *answers)
{
        char octets[16384];
        ssize_t n;

        while ((n = recv(fd, octets, sizeof octets, 0)) > 0)
                buf_add(answers, (struct slice){ octets, (size_t)n });
        return n < 0 && errno == EAGAIN;
}

static void talk_nothing(void *arg)
{
        (void)arg;
}

static void talk_turn(void)
{
        struct timer soon = { 0 };

        timer_set(&soon, house.loop, 1, talk_nothing, NULL);
        loop_turn(house.loop, true);
        timer_done(&soon);
}

/* The server may close before all of it is sent. */
static bool talk_put(int fd, struct slice octets, struct buf *answers)
{
        while (octets.len) {
                ssize_t n = send(fd, octets.ptr, octets.len, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return false;
                octets = slice_from(octets, n > 0 ? (size_t)n : 0);
                talk_turn();
                if (!talk_take(fd, answers))
                        return false;
        }
        return true;
}

/* Says the input, half of it first, and half-closes; all that the server says to it. */
static void talk_hold(struct slice input, size_t cut, struct buf *answers)
{
        int fd = talk_connect();

        if (talk_put(fd, slice_head(input, cut), answers) &&
            talk_put(fd, slice_from(input, cut), answers))
                shutdown(fd, SHUT_WR);
        while (talk_take(fd, answers))
                talk_turn();
        close(fd);
        while (net_server_connections(talk.net))
                talk_turn();
}

static bool talk_says(const struct buf *answers, const char *text)
{
        return memmem(answers->ptr, answers->len, text, strlen(text)) != NULL;
}

#endif
