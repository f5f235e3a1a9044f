/*
 * test_client_random.c — servers that answer by dice, mostly in the spirit of SMTP.
 *
 * Whatever they say: a message ends once, with a reply for each recipient, or the connection
 * does, once; nothing is called after that; no CR or LF leaves alone.
 */
#include "client_impl.h"
#include "helper_peer.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { SERVERS = 200, ACTIONS = 80 };

static const char *const four[] = { "a@example.org", "b@example.org", "c@example.org",
                                    "d@example.org", NULL };

static unsigned dice(uint64_t *seed, unsigned sides)
{
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(*seed >> 33) % sides;
}

/* What a server that means well would say now. */
static const char *fitting(const struct trial *t, uint64_t *seed)
{
        static const char *const hellos[] = {
                "250 mx\r\n",
                "250-mx\r\n250 PIPELINING\r\n",
                "250-mx\r\n250 CHUNKING\r\n",
                "250-mx\r\n250-CHUNKING\r\n250-SIZE 100000\r\n250 PIPELINING\r\n",
        };

        switch (t->client->state) {
        case SMTP_CLIENT_GREETING:
                return "220 mx\r\n";
        case SMTP_CLIENT_EHLO:
                return hellos[dice(seed, 4)];
        case SMTP_CLIENT_DATA:
                return "354 go\r\n";
        case SMTP_CLIENT_CONNECT:
        case SMTP_CLIENT_READY:
                return "";
        case SMTP_CLIENT_TLS:
        case SMTP_CLIENT_HELO:
        case SMTP_CLIENT_STARTTLS:
        case SMTP_CLIENT_AUTH:
        case SMTP_CLIENT_RESET:
        case SMTP_CLIENT_MAIL:
        case SMTP_CLIENT_RCPT:
        case SMTP_CLIENT_CONTENT:
        case SMTP_CLIENT_END:
                break;
        }
        return "250 ok\r\n";
}

static const char *any(uint64_t *seed)
{
        static const char *const words[] = {
                "250 ok\r\n",
                "550 5.1.1 no\r\n",
                "450 4.2.0 later\r\n",
                "354 go\r\n",
                "250-",
                "421 bye\r\n",
                "\r\n",
                "503 first that\r\n",
                "250\n",
                "552 full\r\n",
                "250 a\r\n250 b\r\n",
                "554-x\r\n554 y\r\n",
                "2",
                "\n",
                "334 \r\n",
                "hello\r\n",
        };

        return words[dice(seed, sizeof words / sizeof words[0])];
}

/* Empties the socket; no CR or LF alone has come, over the ends of pieces too. */
static void read_all(struct trial *t, char *last)
{
        char some[8192];
        ssize_t n;

        while (t->fd >= 0 && (n = recv(t->fd, some, sizeof some, MSG_DONTWAIT)) > 0) {
                for (ssize_t i = 0; i < n; i++) {
                        ck_assert(some[i] != '\n' || *last == '\r');
                        ck_assert(*last != '\r' || some[i] == '\n');
                        *last = some[i];
                }
        }
}

static void check_sent(struct trial *t, unsigned *sent)
{
        ck_assert_uint_le(t->sent, *sent + 1);
        if (t->sent == *sent)
                return;
        *sent = t->sent;
        for (size_t i = 0; i < t->message.n; i++) {
                const struct smtp_client_reply *r = &t->recipients[i].reply;

                ck_assert_ptr_nonnull(r->text);
                ck_assert_int_ge(r->code, 200);
                ck_assert_int_ne(r->code / 100, 3);
                ck_assert_uint_gt(strlen(r->status), 4);
        }
}

static void check_failed(struct trial *t, unsigned sent)
{
        for (int i = 0; i < 3; i++)
                trial_turn(t);
        ck_assert_uint_eq(t->failed, 1);
        ck_assert_uint_eq(t->sent, sent);
        ck_assert_uint_gt(strlen(t->failure_text), 0);
}

static void begin(struct trial *t, uint64_t *seed)
{
        trial_open(t);
        t->params.lmtp = dice(seed, 4) == 0;
        t->config.chunking = dice(seed, 2);
        t->piece = dice(seed, 3) ? 1 + dice(seed, 40) : 0;
        t->read_later = dice(seed, 2);
        trial_message(t, "alice@example.net", four,
                      "Subject: x\r\n\r\n.dot\r\nbare\nCR\rand\r\r\n\n\r.\n.\r\nend");
        trial_connect(t);
}

START_TEST(every_conversation_ends_well_or_badly_but_once)
{
        unsigned failures = 0, messages = 0;

        for (uint64_t n = 0; n < SERVERS; n++) {
                uint64_t seed = n * 2654435761u + 12345;
                unsigned sent = 0, kindness = 1 + dice(&seed, 30);
                struct trial t;
                char last = 0;

                begin(&t, &seed);
                for (int i = 0; i < ACTIONS && !t.failed; i++) {
                        const char *words = dice(&seed, kindness) || kindness > 25
                                                    ? fitting(&t, &seed)
                                                    : any(&seed);

                        (void)!send(t.fd, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT);
                        trial_turn(&t);
                        read_all(&t, &last);
                        check_sent(&t, &sent);
                        if (t.ready && !t.failed && t.client->state == SMTP_CLIENT_READY &&
                            !t.client->transfer.message)
                                smtp_client_send(t.client, &t.message);
                }
                trial_run(&t, "CLOSE\n");
                while (!t.failed) {
                        trial_turn(&t);
                        check_sent(&t, &sent);
                }
                check_failed(&t, sent);
                messages += sent;
                failures += t.failed;
                trial_close(&t);
        }
        ck_assert_uint_eq(failures, SERVERS);
        ck_assert_uint_gt(messages, SERVERS / 4);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("smtp client, servers by dice");
        TCase *tc = tcase_create("random");

        tcase_set_timeout(tc, 300);
        tcase_add_test(tc, every_conversation_ends_well_or_badly_but_once);
        suite_add_tcase(s, tc);
        return run_client_suite(s);
}
