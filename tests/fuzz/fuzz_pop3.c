/*
 * fuzz_pop3.c — a POP3 session as a stranger holds it, over a real connection.
 *
 * The input is what the client sends; bob's mailbox has three messages. The
 * answers must have the form of answers, and be the same however the input is
 * cut: one half is sent, answered, and then the other.
 */
#include "fuzz_house.h"

#include "mailserver/net/server.h"
#include "mailserver/pop3/pop3.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const messages[] = {
        "Subject: plain\r\n\r\nOne line.\r\n",
        "Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n",
        "Subject: Gr\xc3\xbc\xc3\x9f!\r\n\r\nno line end",
};

static struct pop3_config pop3_config;
static struct net_config net_config;
static struct net_service service;
static struct net_server *net;
static struct pop3_server *pop3;
static uint16_t port;

/* ---- bob's mail ---- */

struct delivery {
        struct spool *spool;
        struct store_draft *draft;
};

static enum err make_draft(struct store_txn *tx, void *arg)
{
        struct delivery *d = arg;

        (void)tx;
        return store_draft_new(house.store, d->spool, &d->draft, NULL);
}

static enum err add_message(struct store_txn *tx, void *arg)
{
        struct delivery *d = arg;
        struct store_message_new message = { .trace = SLICE("") };
        struct store_account bob;
        int64_t mailbox, content;
        uint32_t uid;
        enum err err = store_account_find(tx, SLICE("bob"), &bob);

        if (!err)
                err = store_mailbox_find(tx, bob.id, SLICE("INBOX"), &mailbox);
        if (!err)
                err = store_content_add(tx, d->draft, &content);
        if (!err)
                err = store_message_add(tx, mailbox, content, &message, &uid);
        store_account_done(&bob);
        return err;
}

static void writable(void *owner)
{
        (void)owner;
}

static void deliver_all(void)
{
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
                struct delivery d = { .spool = spool_new(house.store, NULL, writable) };

                spool_put(d.spool, slice_of(messages[i]));
                require(spool_finish(d.spool));
                spool_disown(d.spool);
                house_do(STORE_WORK, make_draft, &d);
                house_do(STORE_WRITE, add_message, &d);
                store_draft_free(d.draft);
        }
}

static enum err empty_mailbox(struct store_txn *tx, void *arg)
{
        struct store_snapshot all;
        struct store_account bob;
        int64_t mailbox;
        size_t expunged;
        enum err err = store_account_find(tx, SLICE("bob"), &bob);

        (void)arg;
        if (!err)
                err = store_mailbox_find(tx, bob.id, SLICE("INBOX"), &mailbox);
        if (!err)
                err = store_snapshot_take(tx, mailbox, &all);
        for (size_t i = 0; !err && i < all.n; i++)
                err = store_message_expunge(tx, mailbox, &all.items[i].uid, 1, &expunged);
        store_snapshot_done(&all);
        store_account_done(&bob);
        return err;
}

/* ---- the service ---- */

static void close_service(void)
{
        net_server_abort_all(net);
        while (net_server_connections(net))
                loop_turn(house.loop, false);
        net_server_free(net);
        pop3_server_free(pop3);
}

static void open_service(void)
{
        static uint16_t any_port = 0;
        static char loopback[] = "127.0.0.1";
        static char *addresses[] = { loopback };
        struct conf_section sections[] = {
                {&pop3_conf_table, &pop3_config },
                { &net_conf_table,               &net_config },
                { 0}
        };
        AUTO_BUF(ports, 256);
        uint64_t number = 0;

        conf_defaults(sections);
        pop3 = pop3_server_new("fuzz", &pop3_config, house.auth, house.store);
        service = (struct net_service){
                .name = "pop3",
                .handler = &pop3_handler,
                .context = pop3,
                .listen = {{ &any_port, 1 }, { addresses, 1 }},
        };
        net = net_server_new(house.loop, &net_config);
        require(net_server_listen(net, &service, NULL) == ERR_OK);
        net_server_print_ports(net, &ports);
        buf_truncate(&ports, ports.len - 1);
        require(slice_number(
                slice_from(buf_slice(&ports), (size_t)slice_rfind(buf_slice(&ports), ' ') + 1),
                &number));
        port = (uint16_t)number;
        net_server_start(net);
        deliver_all();
        atexit(house_close);
        atexit(close_service);
}

/* ---- one session ---- */

static int connect_client(void)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct linger hard = { .l_onoff = 1 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        require(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
        require(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        /* No TIME_WAIT: there are more sessions than ports. */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return fd;
}

/* What has come; false once the server has closed. */
static bool take(int fd, struct buf *answers)
{
        char octets[16384];
        ssize_t n = recv(fd, octets, sizeof octets, 0);

        if (n > 0)
                buf_add(answers, (struct slice){ octets, (size_t)n });
        return n > 0 || (n < 0 && errno == EAGAIN);
}

static void nothing(void *arg)
{
        (void)arg;
}

static void turn(void)
{
        struct timer soon = { 0 };

        timer_set(&soon, house.loop, 1, nothing, NULL);
        loop_turn(house.loop, true);
        timer_done(&soon);
}

/* The server may close before all of it is sent. */
static bool put(int fd, struct slice octets, struct buf *answers)
{
        while (octets.len) {
                ssize_t n = send(fd, octets.ptr, octets.len, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return false;
                octets = slice_from(octets, n > 0 ? (size_t)n : 0);
                turn();
                if (!take(fd, answers))
                        return false;
        }
        return true;
}

static void hold_session(struct slice input, size_t cut, struct buf *answers)
{
        int fd = connect_client();

        if (put(fd, slice_head(input, cut), answers) && put(fd, slice_from(input, cut), answers))
                shutdown(fd, SHUT_WR);
        while (take(fd, answers))
                turn();
        close(fd);
        while (net_server_connections(net))
                turn();
}

static bool holds(const struct buf *answers, const char *text)
{
        return memmem(answers->ptr, answers->len, text, strlen(text)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice input = { (const char *)data, size };
        AUTO_BUF(answers, BUF_MAX);
        AUTO_BUF(again, BUF_MAX);

        if (size > 8192)
                return 0;
        if (house_open())
                open_service();
        hold_session(input, size, &answers);
        require(slice_starts(buf_slice(&answers), SLICE("+OK fuzz POP3 ready\r\n")));
        require(slice_ends(buf_slice(&answers), SLICE("\r\n")));
        if (holds(&answers, " messages deleted, goodbye")) {
                house_do(STORE_WRITE, empty_mailbox, NULL);
                deliver_all();
        } else if (!holds(&answers, "\r\n+ ")) { /* a challenge holds a nonce */
                hold_session(input, size ? data[0] % size : 0, &again);
                require(slice_eq(buf_slice(&answers), buf_slice(&again)));
        }
        return 0;
}
