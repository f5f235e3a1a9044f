/*
 * fuzz_imap_session.c — an IMAP session as a stranger or bob holds it, over a real
 * connection and a store.
 *
 * The first octet says how far the client is already (logged in, INBOX selected,
 * IMAP4rev2, compressed), the second where the rest, which is what it sends, is cut. Whatever
 * it says, responses are responses, literals as long as they say, message numbers
 * those of messages it was told of; and each command ends the same however the input
 * is cut. In a compressed session the rest is either text, which is packed here, or the
 * client's stream itself, whole or broken. bob is made anew after a session that has changed
 * something.
 */
#include "fuzz_deflate.h"
#include "fuzz_talk.h"

#include "mailserver/imap/imap.h"
#include "mailserver/store/copy.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
        LOGGED_IN = 1,
        SELECTED = 2,
        REV2 = 4,
        LITTLE_ROOM = 8,
        COMPRESSED = 16, /* and logged in */
        PACKED = 32,     /* with COMPRESSED: here */
};
enum { QUOTA_OCTETS = 4096 };

static const char *const messages[] = {
        "From: a@b\r\nSubject: plain\r\n\r\nOne line.\r\n",
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        "--x\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n"
        "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--x--\r\n",
        "Subject: Gr\xc3\xbc\xc3\x9f!\r\nContent-Transfer-Encoding: odd\r\n\r\nno line end",
};

static struct imap_config config;
static struct imap_server *imap;
static char verifier[crypto_pwhash_STRBYTES + 1];
static bool little_room;

/* ---- bob, again and again ---- */

/* bob's mail comes from here: copies cost no parsing. */
static enum err add_keeper(struct store_txn *tx, void *arg)
{
        int64_t id;

        (void)arg;
        return store_account_add(tx, SLICE("keeper@example.org"), SLICE(""), &id);
}

static enum err renew_bob(struct store_txn *tx, void *arg)
{
        struct store_copy_result copied = { 0 };
        struct store_account old = { 0 };
        struct uid_set all = { 0 };
        int64_t bob, from, to;
        enum err err = store_account_find(tx, SLICE("bob"), &old);

        (void)arg;
        uid_set_add_range(&all, 1, 99);
        if (!err)
                err = store_account_remove(tx, old.id);
        if (!err)
                err = store_account_add(tx, SLICE("bob@example.org"), slice_of(verifier), &bob);
        if (!err)
                err = talk_find_inbox(tx, SLICE("keeper"), &from);
        if (!err)
                err = store_mailbox_find(tx, bob, SLICE("INBOX"), &to);
        if (!err)
                err = store_copy(tx, from, &all, to, false, 100, &copied);
        if (!err && little_room)
                err = store_account_set_quota(tx, bob, QUOTA_OCTETS, 5);
        store_account_done(&old);
        store_copy_result_done(&copied);
        uid_set_done(&all);
        return err;
}

static enum err note_mailbox(void *arg, const struct store_mailbox *m)
{
        return buf_printf(arg, "%s %u %lld %lld %lld %d\n", m->name, m->uidnext,
                          (long long)m->highestmodseq, (long long)m->messages, (long long)m->recent,
                          m->subscribed);
}

static enum err note_subscription(void *arg, struct slice name)
{
        buf_addf(arg, SLICE_FMT "\n", SLICE_ARG(name));
        return ERR_OK;
}

static enum err note_bob(struct store_txn *tx, void *arg)
{
        struct store_account bob = { 0 };
        enum err err = store_account_find(tx, SLICE("bob"), &bob);

        if (!err)
                err = store_mailbox_list(tx, bob.id, note_mailbox, arg);
        if (!err)
                err = store_mailbox_subscriptions(tx, bob.id, note_subscription, arg);
        store_account_done(&bob);
        return err;
}

/* As every session finds him; his messages are not \Recent, so that SELECT changes nothing. */
static void ready_bob(bool wants_little_room)
{
        static struct buf fresh = BUF_INIT(BUF_MAX);
        AUTO_BUF(now, BUF_MAX);
        AUTO_BUF(answers, BUF_MAX);

        house_do(STORE_READ, note_bob, &now);
        if (fresh.len && little_room == wants_little_room &&
            slice_eq(buf_slice(&now), buf_slice(&fresh)))
                return;
        little_room = wants_little_room;
        house_do(STORE_WRITE, renew_bob, NULL);
        talk_hold(SLICE("a LOGIN bob secret\r\nb SELECT INBOX\r\nc LOGOUT\r\n"), 0, &answers);
        require(talk_says(&answers, "\r\nb OK "));
        buf_done(&fresh);
        house_do(STORE_READ, note_bob, &fresh);
}

/* ---- the service ---- */

static void close_service(void)
{
        talk_close();
        imap_server_free(imap);
}

static void open_service(void)
{
        struct conf_section sections[] = {
                {&imap_conf_table, &config },
                { 0              }
        };

        conf_defaults(sections);
        config.max_line = 8192;
        config.max_literals = 8192;
        config.max_message_size = 65536;
        config.max_errors = 1000;
        /* As weak as can be: it is checked each time that bob is new. */
        require(crypto_pwhash_str_alg(verifier, "secret", 6, crypto_pwhash_OPSLIMIT_MIN,
                                      crypto_pwhash_MEMLIMIT_MIN,
                                      crypto_pwhash_ALG_ARGON2ID13) == 0);
        strcat(verifier, "\n");
        imap = imap_server_new("fuzz", &config, house.auth, house.store);
        house_do(STORE_WRITE, add_keeper, NULL);
        for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
                talk_deliver(SLICE("keeper"), slice_of(messages[i]));
        talk_open(&imap_handler, imap);
        atexit(house_close);
        atexit(close_service);
}

/* ---- what is said to the client ---- */

/* One response with its literals, and the octets before the first of them. */
static struct slice take_response(struct slice *answers, struct slice *ret_line)
{
        struct slice start = *answers, line;
        bool first = true;

        for (;;) {
                ptrdiff_t open;
                uint64_t octets;

                require(slice_cut(answers, '\n', &line) && slice_ends(line, SLICE("\r")));
                line.len--;
                require(slice_find(line, '\r') < 0 && slice_find(line, '\0') < 0);
                if (first)
                        *ret_line = line;
                first = false;
                open = slice_rfind(line, '{');
                if (open < 0 || !slice_ends(line, SLICE("}")) ||
                    !slice_number(slice_head(slice_from(line, (size_t)open + 1),
                                             line.len - (size_t)open - 2),
                                  &octets))
                        return slice_head(start, start.len - answers->len);
                require(octets <= answers->len);
                *answers = slice_from(*answers, (size_t)octets);
        }
}

/* "n EXISTS", "n EXPUNGE", "n FETCH": RFC 9051 7.4.1, 7.5. */
static void count_messages(struct slice line, uint64_t *messages_known)
{
        uint64_t number;

        if (!slice_cut_number(&line, &number) || !slice_skip(&line, ' '))
                return;
        if (slice_eq(line, SLICE("EXISTS")))
                *messages_known = number;
        else if (slice_eq(line, SLICE("EXPUNGE")) || slice_starts(line, SLICE("FETCH (")))
                require(number > 0 && number <= *messages_known);
        if (slice_eq(line, SLICE("EXPUNGE")))
                --*messages_known;
}

static void note_tagged(struct slice line, struct buf *statuses)
{
        struct slice tag;

        require(slice_cut(&line, ' ', &tag) && tag.len);
        require(slice_starts(line, SLICE("OK ")) || slice_starts(line, SLICE("NO ")) ||
                slice_starts(line, SLICE("BAD ")));
        buf_addf(statuses, SLICE_FMT " %c\n", SLICE_ARG(tag), line.ptr[0]);
}

/* All up to where it begins to be compressed, which it says by true, or to the end. */
static bool check_text(struct slice *answers, uint64_t *messages_known, struct buf *statuses)
{
        struct slice line;

        while (answers->len) {
                take_response(answers, &line);
                if (slice_skip_word(&line, SLICE("* "))) {
                        count_messages(line, messages_known);
                } else if (!slice_starts(line, SLICE("+ "))) {
                        note_tagged(line, statuses);
                        if (slice_ends(line, SLICE(" OK DEFLATE active")))
                                return true;
                }
        }
        return false;
}

/* After UNAUTHENTICATE it is in the clear again (RFC 8437 4.2), and may begin anew. */
static void check_answers(struct slice answers, struct buf *statuses)
{
        uint64_t messages_known = 0;

        require(slice_starts(answers, SLICE("* OK [CAPABILITY ")));
        while (check_text(&answers, &messages_known, statuses)) {
                AUTO_BUF(text, BUF_MAX);
                struct slice unpacked;

                inflate_take(&answers, &text);
                unpacked = buf_slice(&text);
                require(!check_text(&unpacked, &messages_known, statuses));
        }
}

/* ---- one input ---- */

static void hold(struct slice input, unsigned how, size_t cut, struct buf *statuses)
{
        AUTO_BUF(said, BUF_MAX);
        AUTO_BUF(answers, BUF_MAX);

        if (how & (LOGGED_IN | SELECTED | COMPRESSED))
                buf_add(&said, SLICE("x1 LOGIN bob secret\r\n"));
        if (how & REV2)
                buf_add(&said, SLICE("x2 ENABLE IMAP4rev2\r\n"));
        if (how & SELECTED)
                buf_add(&said, SLICE("x3 SELECT INBOX\r\n"));
        if (how & COMPRESSED)
                buf_add(&said, SLICE("x4 COMPRESS DEFLATE\r\n"));
        cut += cut ? said.len : 0;
        buf_add(&said, input);
        ready_bob(how & LITTLE_ROOM);
        talk_hold(buf_slice(&said), cut, &answers);
        check_answers(buf_slice(&answers), statuses);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO_BUF(whole, BUF_MAX);
        AUTO_BUF(pieces, BUF_MAX);
        AUTO_BUF(packed, BUF_MAX);
        struct slice input;

        if (size < 3 || size > 16384)
                return 0;
        if (house_open())
                open_service();
        input = (struct slice){ (const char *)data + 2, size - 2 };
        if ((data[0] & COMPRESSED) && (data[0] & PACKED)) {
                deflate_put(input, &packed);
                input = buf_slice(&packed);
        }
        hold(input, data[0], 0, &whole);
        hold(input, data[0], 1 + data[1] * input.len / 256, &pieces);
        require(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
        return 0;
}
