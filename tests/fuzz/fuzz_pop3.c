/*
 * fuzz_pop3.c — a POP3 session as a stranger holds it, over a real connection.
 *
 * The input is what the client sends; bob's mailbox has three messages. The
 * answers must have the form of answers, and be the same however the input is
 * cut: one half is sent, answered, and then the other.
 */
#include "fuzz_talk.h"

#include "mailserver/pop3/pop3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const messages[] = {
        "Subject: plain\r\n\r\nOne line.\r\n",
        "Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n",
        "Subject: Gr\xc3\xbc\xc3\x9f!\r\n\r\nno line end",
};

static struct pop3_config config;
static struct pop3_server *pop3;

static void deliver_all(void)
{
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
                talk_deliver(SLICE("bob"), slice_of(messages[i]));
}

static enum err empty_mailbox(struct store_txn *tx, void *arg)
{
        struct store_snapshot all = { 0 };
        int64_t mailbox;
        size_t expunged;
        enum err err = talk_find_inbox(tx, SLICE("bob"), &mailbox);

        (void)arg;
        if (!err)
                err = store_snapshot_take(tx, mailbox, &all);
        for (size_t i = 0; !err && i < all.n; i++)
                err = store_message_expunge(tx, mailbox, &all.items[i].uid, 1, &expunged);
        store_snapshot_done(&all);
        return err;
}

static void close_service(void)
{
        talk_close();
        pop3_server_free(pop3);
}

static void open_service(void)
{
        struct conf_section sections[] = {
                {&pop3_conf_table, &config },
                { 0              }
        };

        conf_defaults(sections);
        pop3 = pop3_server_new("fuzz", &config, house.auth, house.store);
        talk_open(&pop3_handler, pop3);
        deliver_all();
        atexit(house_close);
        atexit(close_service);
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
        talk_hold(input, size, &answers);
        require(slice_starts(buf_slice(&answers), SLICE("+OK fuzz POP3 ready\r\n")));
        require(slice_ends(buf_slice(&answers), SLICE("\r\n")));
        if (talk_says(&answers, " messages deleted, goodbye")) {
                house_do(STORE_WRITE, empty_mailbox, NULL);
                deliver_all();
        } else if (!talk_says(&answers, "\r\n+ ")) { /* a challenge holds a nonce */
                talk_hold(input, size ? data[0] % size : 0, &again);
                require(slice_eq(buf_slice(&answers), buf_slice(&again)));
        }
        return 0;
}
