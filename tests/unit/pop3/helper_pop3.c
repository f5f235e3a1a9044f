/* helper_pop3.c — a whole POP3 service in one thread. */
#include "helper_pop3.h"

#include "mailserver/auth/auth.h"
#include "mailserver/auth/verifier.h"
#include "mailserver/core/log.h"
#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/store/account.h"
#include "mailserver/store/mailbox.h"
#include "mailserver/store/message.h"
#include "mailserver/store/spool.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the log ---- */

static struct buf logged = BUF_INIT(BUF_MAX);

static void keep_line(enum log_level level, const char *line)
{
        (void)level;
        buf_addf(&logged, "%s\n", line);
}

size_t house_logged(const char *text)
{
        struct slice rest = buf_slice(&logged), line;
        size_t n = 0;

        while (slice_cut(&rest, '\n', &line))
                n += memmem(line.ptr, line.len, text, strlen(text)) != NULL;
        buf_clear(&logged);
        return n;
}

/* ---- tasks ---- */

struct call {
        struct task task;
        house_fn *fn;
        void *arg;
        bool over;
};

static enum err call_work(struct task *t, struct store_txn *tx)
{
        struct call *c = container_of(t, struct call, task);

        return c->fn(tx, c->arg);
}

static void call_drop(struct task *t)
{
        container_of(t, struct call, task)->over = true;
}

static const struct task_class call_class = { "test call", call_work, NULL, call_drop };

enum err house_run(struct house *h, enum store_lane lane, house_fn *fn, void *arg)
{
        struct call call = { .task.class = &call_class, .fn = fn, .arg = arg };

        ck_assert(!store_submit(h->store, 0, lane, &call.task));
        turn_until(h, call.over);
        return call.task.result;
}

/* ---- alice and her mail ---- */

static enum err add_alice(struct store_txn *tx, void *arg)
{
        AUTO_BUF(verifiers, BUF_MAX);
        int64_t id;
        enum err err = verifier_make(SLICE("secret"), &verifiers, NULL);

        (void)arg;
        if (!err)
                err = store_domain_add(tx, SLICE("example.org"));
        return err ? err
                   : store_account_add(tx, SLICE("alice@example.org"), buf_slice(&verifiers), &id);
}

static enum err find_inbox(struct store_txn *tx, int64_t *ret_account, int64_t *ret_mailbox)
{
        struct store_account account;
        enum err err = store_account_find(tx, SLICE("alice@example.org"), &account);

        if (err)
                return err;
        *ret_account = account.id;
        err = store_mailbox_find(tx, account.id, SLICE("INBOX"), ret_mailbox);
        store_account_done(&account);
        return err;
}

struct delivery {
        struct store *store;
        struct spool *spool;
        struct store_draft *draft;
};

static enum err make_draft(struct store_txn *tx, void *arg)
{
        struct delivery *d = arg;

        (void)tx;
        return store_draft_new(d->store, d->spool, &d->draft, NULL);
}

static enum err add_message(struct store_txn *tx, void *arg)
{
        struct delivery *d = arg;
        struct store_message_new message = { .trace = SLICE("") };
        int64_t account, mailbox, content;
        uint32_t uid;
        enum err err = find_inbox(tx, &account, &mailbox);

        if (!err)
                err = store_content_add(tx, d->draft, &content);
        return err ? err : store_message_add(tx, mailbox, content, &message, &uid);
}

static void writable(void *owner)
{
        (void)owner;
}

void house_deliver(struct house *h, struct slice message)
{
        struct delivery d = { .store = h->store };

        d.spool = spool_new(h->store, NULL, writable);
        for (struct slice rest = message, piece; rest.len; rest = slice_from(rest, piece.len)) {
                piece = slice_head(rest, 65536);
                while (spool_full(d.spool))
                        house_turn(h);
                spool_put(d.spool, piece);
        }
        while (!spool_finish(d.spool))
                house_turn(h);
        spool_disown(d.spool);
        ck_assert(!house_run(h, STORE_WORK, make_draft, &d));
        ck_assert(!house_run(h, STORE_WRITE, add_message, &d));
        store_draft_free(d.draft);
}

static enum err count_messages(struct store_txn *tx, void *arg)
{
        struct store_mailbox mailbox;
        int64_t account, id;
        enum err err = find_inbox(tx, &account, &id);

        if (!err)
                err = store_mailbox_get(tx, id, &mailbox);
        if (err)
                return err;
        *(size_t *)arg = (size_t)mailbox.messages;
        store_mailbox_done(&mailbox);
        return ERR_OK;
}

size_t house_count(struct house *h)
{
        size_t n = 0;

        ck_assert(!house_run(h, STORE_READ, count_messages, &n));
        return n;
}

static enum err remove_alice(struct store_txn *tx, void *arg)
{
        int64_t account, mailbox;
        enum err err = find_inbox(tx, &account, &mailbox);

        (void)arg;
        return err ? err : store_account_remove(tx, account);
}

void house_remove_alice(struct house *h)
{
        ck_assert(!house_run(h, STORE_WRITE, remove_alice, NULL));
}

/* ---- a writer that is stuck ---- */

static sem_t gate, arrived;

static enum err wait_at_gate(struct task *t, struct store_txn *tx)
{
        (void)t;
        (void)tx;
        sem_post(&arrived);
        sem_wait(&gate);
        sem_post(&gate);
        return ERR_OK;
}

static void free_task(struct task *t)
{
        mem_free(t);
}

static const struct task_class gate_class = { "test gate", wait_at_gate, NULL, free_task };

void house_fill_writer(struct house *h)
{
        /* Accounts of their own, as each has only a share of the lane. */
        for (int64_t account = 1000;; account++) {
                struct task *t = NEW(struct task);

                t->class = &gate_class;
                if (store_submit(h->store, account, STORE_WRITE, t)) {
                        mem_free(t);
                        return;
                }
                /* It has taken a batch, and so takes none that would make room again. */
                if (account == 1000)
                        sem_wait(&arrived);
        }
}

void house_let_writer_go(void)
{
        sem_post(&gate);
}

/* ---- the house ---- */

static void open_store(struct house *h)
{
        static struct store_config config;
        struct conf_section sections[] = {
                {&store_conf_table, &config },
                { 0               }
        };
        struct store_params params = { .config = &config, .data_dir = h->dir, .create = true };
        struct error error = { 0 };
        bool before = loop_allow_blocking(true);

        conf_defaults(sections);
        params.hub = h->hub;
        params.loop = h->loop;
        ck_assert_msg(!store_open(&params, &h->store, &error), "%s", error.text);
        loop_allow_blocking(before);
}

static void open_service(struct house *h)
{
        static uint16_t any_port = 0;
        static char loopback[] = "127.0.0.1";
        static char *addresses[] = { loopback };
        AUTO_BUF(ports, 256);
        struct slice rest, word;
        uint64_t port = 0;

        h->service = (struct net_service){
                .name = "pop3",
                .handler = &pop3_handler,
                .context = h->pop3,
                .listen = {{ &any_port, 1 }, { addresses, 1 }},
        };
        h->net = net_server_new(h->loop, &h->net_config);
        ck_assert(!net_server_listen(h->net, &h->service, NULL));
        net_server_print_ports(h->net, &ports);
        rest = slice_head(buf_slice(&ports), ports.len - 1);
        while (slice_cut(&rest, ' ', &word))
                continue;
        ck_assert(slice_number(rest, &port));
        h->port = (uint16_t)port;
        net_server_start(h->net);
}

void house_open(struct house *h)
{
        static const struct auth_config auth_config = {
                .workers = 1,
                .max_waiting = 64,
                .max_waiting_per_address = 64,
                .remember_ms = 600000,
                .allow_plaintext_loopback = true,
                .channel_binding = true,
        };

        *h = (struct house){ .dir = "/tmp/mailserver-pop3-XXXXXX" };
        struct conf_section sections[] = {
                {&pop3_conf_table, &h->config },
                { &net_conf_table,               &h->net_config },
                { 0}
        };

        log_set_sink(keep_line);
        sem_init(&gate, 0, 0);
        sem_init(&arrived, 0, 0);
        conf_defaults(sections);
        ck_assert(mkdtemp(h->dir) != NULL);
        h->loop = loop_new();
        h->hub = task_hub_new(h->loop);
        open_store(h);
        h->auth = auth_new(h->hub, h->loop, h->store, &auth_config, NULL);
        ck_assert(h->auth != NULL);
        h->pop3 = pop3_server_new("mail.example.org", &h->config, h->auth, h->store);
        open_service(h);
        ck_assert(!house_run(h, STORE_WRITE, add_alice, NULL));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

void house_close(struct house *h)
{
        bool before = loop_allow_blocking(true);

        house_let_writer_go();
        net_server_abort_all(h->net);
        while (net_server_connections(h->net))
                house_turn(h);
        net_server_free(h->net);
        pop3_server_free(h->pop3);
        auth_free(h->auth);
        store_close(h->store);
        task_hub_free(h->hub);
        loop_allow_blocking(before);
        loop_free(h->loop);
        nftw(h->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        buf_done(&logged);
        sem_destroy(&gate);
        sem_destroy(&arrived);
}

static void nothing(void *arg)
{
        (void)arg;
}

void house_turn(struct house *h)
{
        struct timer soon = { 0 };

        timer_set(&soon, h->loop, 1, nothing, NULL);
        loop_turn(h->loop, true);
        timer_done(&soon);
}

/* ---- clients ---- */

void client_connect(struct client *c, struct house *h)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(h->port) };

        *c = (struct client){ .house = h, .in = BUF_INIT(BUF_MAX) };
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(c->fd, 0);
        ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
        ck_assert_int_eq(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

void client_close(struct client *c)
{
        close(c->fd);
        buf_done(&c->in);
}

void client_abort(struct client *c)
{
        struct linger hard = { .l_onoff = 1 };

        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(c);
}

void client_send(struct client *c, struct slice octets)
{
        while (octets.len) {
                ssize_t n = send(c->fd, octets.ptr, octets.len, MSG_NOSIGNAL);

                ck_assert(n > 0 || errno == EAGAIN);
                if (n > 0)
                        octets = slice_from(octets, (size_t)n);
                else
                        house_turn(c->house);
        }
}

void client_say(struct client *c, const char *text)
{
        client_send(c, slice_of(text));
        client_send(c, SLICE("\r\n"));
}

void client_receive(struct client *c)
{
        char octets[65536];
        ssize_t n;

        while ((n = recv(c->fd, octets, sizeof octets, 0)) < 0 && errno == EAGAIN)
                house_turn(c->house);
        if (n > 0)
                buf_add(&c->in, (struct slice){ octets, (size_t)n });
        else
                c->eof = true;
}

size_t client_pending(struct client *c)
{
        char octet;
        ssize_t n = recv(c->fd, &octet, 1, MSG_PEEK);

        return c->in.len + (n > 0 ? 1 : 0);
}

/* The next line without its CRLF, borrowed until something is read. */
static struct slice next_line(struct client *c)
{
        ptrdiff_t end;

        while ((end = slice_find(buf_slice(&c->in), '\n')) < 0 && !c->eof)
                client_receive(c);
        ck_assert_msg(end > 0 && c->in.ptr[end - 1] == '\r', "no line, but: %s",
                      buf_slice(&c->in).ptr);
        return slice_head(buf_slice(&c->in), (size_t)end - 1);
}

void client_expect(struct client *c, const char *line)
{
        struct slice got = next_line(c), wanted = slice_of(line);

        if (slice_ends(wanted, SLICE("*"))) {
                wanted.len--;
                ck_assert_msg(slice_starts(got, wanted), "wanted %s, got " SLICE_FMT, line,
                              SLICE_ARG(got));
        } else {
                ck_assert_msg(slice_eq(got, wanted), "wanted %s, got " SLICE_FMT, line,
                              SLICE_ARG(got));
        }
        buf_consume(&c->in, got.len + 2);
}

void client_expect_close(struct client *c)
{
        while (!c->eof)
                client_receive(c);
        ck_assert_msg(c->in.len == 0, "%s", buf_slice(&c->in).ptr);
}

void client_read_dotted(struct client *c, struct buf *out)
{
        for (;;) {
                struct slice line = next_line(c);
                bool last = slice_eq(line, SLICE("."));

                if (!last)
                        buf_add(out, (struct slice){ line.ptr, line.len + 2 });
                buf_consume(&c->in, line.len + 2);
                if (last)
                        return;
        }
}

void client_log_in(struct client *c, struct house *h)
{
        client_connect(c, h);
        client_expect(c, "+OK mail.example.org POP3 ready");
        client_say(c, "USER alice");
        client_expect(c, "+OK *");
        client_say(c, "PASS secret");
        client_expect(c, "+OK *");
}
