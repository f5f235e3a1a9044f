/* test_conn_pack.c — a connection that is compressed behaves like one that is not. */
#include "conn_impl.h"
#include "helper_net.h"
#include "packer.h"

#include "mailserver/net/compress.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct fixture f;

/* A client that has said COMPRESS. */
struct packed_client {
        struct client c;
        struct packer *packer;
        struct buf text; /* what was said to it */
        bool ended;
};

static struct packed_client packed_connect(void)
{
        static const struct packer_params params = { 15, 8, 9 };
        struct packed_client p = { .c = client_connect(&f),
                                   .packer = packer_new(&params),
                                   .text = BUF_INIT(BUF_MAX) };

        client_expect(&p.c, "hello\r\n");
        client_say(&p.c, "COMPRESS\r\n");
        client_expect(&p.c, "go\r\n");
        ck_assert(conn_is_compressed(f.conn));
        return p;
}

static void packed_close(struct packed_client *p)
{
        packer_free(p->packer);
        buf_done(&p->text);
        client_close(&p->c);
}

static void packed_say(struct packed_client *p, struct slice text)
{
        AUTO_BUF(packed, BUF_MAX);

        packer_pack(p->packer, text, &packed);
        packer_flush(p->packer, &packed);
        client_send(&p->c, buf_slice(&packed));
}

/* False: nothing came. */
static bool packed_read(struct packed_client *p)
{
        bool came = client_read(&p->c);
        struct slice in = buf_slice(&p->c.in);
        enum packer_unpacked result;
        char room[4096];
        size_t n;

        if (p->ended)
                return came; /* what comes now is in the clear */
        do {
                result = packer_unpack(p->packer, &in, room, sizeof room, &n);
                ck_assert_int_ne(result, PACKER_DAMAGED);
                buf_add(&p->text, (struct slice){ room, n });
        } while (result == PACKER_MORE && (in.len || n == sizeof room));
        p->ended = result == PACKER_END;
        buf_consume(&p->c.in, p->c.in.len - in.len);
        return came;
}

static void packed_expect(struct packed_client *p, const char *text)
{
        struct slice wanted = slice_of(text);

        while (p->text.len < wanted.len && !p->c.eof)
                if (!packed_read(p))
                        turn(&f);
        ck_assert_msg(slice_starts(buf_slice(&p->text), wanted), "wanted \"%s\", got \"%.*s\"",
                      text, SLICE_ARG(slice_head(buf_slice(&p->text), 200)));
        buf_consume(&p->text, wanted.len);
}

static void packed_expect_close(struct packed_client *p, const char *rest)
{
        while (!p->c.eof)
                if (!packed_read(p))
                        turn(&f);
        ck_assert_str_eq(buf_slice(&p->text).ptr, rest);
}

static void setup(void)
{
        fixture_open(&f, false);
}

static void teardown(void)
{
        fixture_close(&f);
}

START_TEST(lines_and_streams_are_read_and_answered)
{
        struct packed_client p = packed_connect();

        packed_say(&p, SLICE("a\r\nb\nDATA 5\r\n12345"));
        packed_expect(&p, "=a\r\n~b\r\ngot 5\r\n");
        packed_say(&p, SLICE("QUIT\r\n"));
        packed_expect_close(&p, "bye\r\n");
        ck_assert(p.ended);
        packed_close(&p);
}
END_TEST

START_TEST(input_may_be_cut_anywhere)
{
        static const char said[] = "first\r\nsecond line\nDATA 9\r\nQUIT\r\n123last\r\n";
        struct packed_client p = packed_connect();
        AUTO_BUF(packed, BUF_MAX);
        int on = 1;

        setsockopt(p.c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        packer_pack(p.packer, slice_of(said), &packed);
        packer_finish(p.packer, &packed);
        for (size_t i = 0; i < packed.len; i++) {
                client_send(&p.c, slice_head(slice_from(buf_slice(&packed), i), 1));
                turn(&f);
        }
        /* The end of its stream is the end of what the client has to say. */
        packed_expect_close(&p, "=first\r\n~second line\r\ngot 9\r\n=last\r\n");
        packed_close(&p);
}
END_TEST

START_TEST(what_is_pipelined_behind_the_word_is_compressed)
{
        static const struct packer_params params = { 15, 8, 6 };
        struct packed_client p = { .c = client_connect(&f),
                                   .packer = packer_new(&params),
                                   .text = BUF_INIT(BUF_MAX) };
        AUTO_BUF(said, BUF_MAX);

        buf_add(&said, SLICE("COMPRESS\r\n"));
        packer_pack(p.packer, SLICE("early\r\n"), &said);
        packer_flush(p.packer, &said);
        client_expect(&p.c, "hello\r\n");
        client_send(&p.c, buf_slice(&said));
        client_expect(&p.c, "go\r\n");
        packed_expect(&p, "=early\r\n");
        packed_close(&p);
}
END_TEST

START_TEST(output_is_pulled_as_it_drains_and_takes_less)
{
        struct packed_client p = packed_connect();
        uint64_t before = f.conn->octets_out;
        size_t chunks = 2000;

        packed_say(&p, SLICE("MANY 2000\r\n"));
        while (p.text.len < chunks * CHUNK + 8) {
                if (!packed_read(&p))
                        turn(&f);
                ck_assert_uint_le(conn_output_waiting(f.conn), (64 << 10) + 2 * CHUNK);
        }
        buf_consume(&p.text, chunks * CHUNK);
        packed_expect(&p, "\r\ndone\r\n");
        ck_assert_uint_lt(f.conn->octets_out - before, chunks * CHUNK / 50);
        packed_close(&p);
}
END_TEST

START_TEST(a_bomb_fills_no_buffer)
{
        struct packed_client p = packed_connect();
        size_t octets = 32 << 20;
        char *zeros = mem_alloc(octets);
        AUTO_BUF(packed, BUF_MAX);
        struct slice left;

        packer_pack(p.packer, (struct slice){ zeros, octets }, &packed);
        packer_pack(p.packer, SLICE("\r\nafter\r\n"), &packed);
        packer_flush(p.packer, &packed);
        for (left = buf_slice(&packed); left.len; left = slice_from(left, 1000)) {
                client_send(&p.c, slice_head(left, 1000));
                turn(&f);
                ck_assert_uint_le(conn_input_waiting(f.conn), CONN_INPUT_MAX + 32768);
        }
        packed_expect(&p, "!\r\n=after\r\n");
        mem_free(zeros);
        packed_close(&p);
}
END_TEST

START_TEST(a_held_session_lets_the_client_send_no_more_than_the_ceiling)
{
        struct packed_client p = packed_connect();
        char noise[4096];
        unsigned seed = 1;
        ssize_t n = 0;

        packed_say(&p, SLICE("HOLD\r\n"));
        turn_until(&f, strcmp("held", f.service.handler->state(f.session)) == 0);
        for (int i = 0; i < 4000 && n >= 0; i++) {
                AUTO_BUF(packed, BUF_MAX);

                for (size_t k = 0; k < sizeof noise; k++)
                        noise[k] = (char)((seed = seed * 1103515245 + 12345) >> 16);
                packer_pack(p.packer, (struct slice){ noise, sizeof noise }, &packed);
                packer_flush(p.packer, &packed);
                n = send(p.c.fd, packed.ptr, packed.len, MSG_NOSIGNAL | MSG_DONTWAIT);
                turn(&f);
                ck_assert_uint_le(conn_input_waiting(f.conn), CONN_INPUT_MAX + 32768);
        }
        ck_assert_int_lt(n, 0);
        packed_close(&p);
}
END_TEST

START_TEST(damaged_input_ends_with_a_word)
{
        struct packed_client p = packed_connect();

        packed_say(&p, SLICE("a\r\n"));
        packed_expect(&p, "=a\r\n");
        client_say(&p.c, "\xff\xff in the clear\r\n");
        packed_expect_close(&p, "stop: What you send is not compressed as it should be\r\n");
        ck_assert_uint_eq(f.stopping, 1);
        packed_close(&p);
}
END_TEST

START_TEST(an_idle_connection_gives_its_memory_back_and_goes_on)
{
        struct packed_client p;

        f.config.compress_rest_ms = 1;
        p = packed_connect();
        packed_say(&p, SLICE("before\r\n"));
        packed_expect(&p, "=before\r\n");
        turn_until(&f, conn_pack_memory(f.conn) == 8);
        packed_say(&p, SLICE("after, and before\r\n"));
        packed_expect(&p, "=after, and before\r\n");
        turn_until(&f, conn_pack_memory(f.conn) == 8 + 19);
        packed_say(&p, SLICE("before, and after\r\n"));
        packed_expect(&p, "=before, and after\r\n");
        packed_close(&p);
}
END_TEST

START_TEST(a_compressed_connection_rests_and_goes_on)
{
        struct packed_client p;

        p = packed_connect();
        for (int i = 0; i < 3; i++) {
                packed_say(&p, SLICE("one\r\ntwo\r\n"));
                packed_expect(&p, "=one\r\n=two\r\n");
                turn_until(&f, holds_nothing(f.conn));
        }
        conn_write(f.conn, SLICE("from a task\r\n"));
        packed_expect(&p, "from a task\r\n");
        ck_assert(holds_nothing(f.conn));
        conn_stop_compress(f.conn);
        while (!p.ended)
                if (!packed_read(&p))
                        turn(&f);
        client_say(&p.c, "in the clear\r\n");
        client_expect(&p.c, "=in the clear\r\n");
        turn_until(&f, holds_nothing(f.conn));
        conn_start_compress(f.conn);
        ck_assert(conn_is_compressed(f.conn));
        packed_close(&p);
}
END_TEST

START_TEST(a_compressed_connection_that_rests_closes_with_the_end_of_its_stream)
{
        struct packed_client p;

        p = packed_connect();
        packed_say(&p, SLICE("one\r\n"));
        packed_expect(&p, "=one\r\n");
        turn_until(&f, holds_nothing(f.conn));
        conn_kill(f.conn, "killed");
        packed_expect_close(&p, "stop: killed\r\n");
        ck_assert(p.ended);
        packed_close(&p);
}
END_TEST

/* How a client ends its stream. */
static void flush(struct packer *p, struct buf *out)
{
        packer_flush(p, out);
}

static const struct {
        const char *name;
        void (*end)(struct packer *p, struct buf *out);
} endings[] = {
        {"by a flush",  flush        },
        { "by its end", packer_finish},
};

START_TEST(compression_ends_where_the_client_ends_it_wherever_that_is_cut)
{
        size_t length = 1;

        for (size_t cut = 0; cut < length; cut++) {
                struct packed_client p = packed_connect();
                AUTO_BUF(said, BUF_MAX);

                packer_pack(p.packer, SLICE("first\r\nPLAIN\r\n"), &said);
                endings[_i].end(p.packer, &said);
                buf_add(&said, SLICE("second\r\nQUIT\r\n"));
                length = said.len;
                client_send(&p.c, slice_head(buf_slice(&said), cut));
                turn(&f);
                client_send(&p.c, slice_from(buf_slice(&said), cut));
                packed_expect(&p, "=first\r\nclear\r\n");
                while (!p.ended)
                        if (!packed_read(&p))
                                turn(&f);
                client_expect_close(&p.c, "=second\r\nbye\r\n");
                packed_close(&p);
        }
}
END_TEST

START_TEST(compression_may_begin_again)
{
        struct packed_client p = packed_connect();

        packed_say(&p, SLICE("PLAIN\r\n"));
        packed_expect(&p, "clear\r\n");
        ck_assert(!conn_is_compressed(f.conn));
        while (!p.ended)
                if (!packed_read(&p))
                        turn(&f);
        client_say(&p.c, "COMPRESS\r\n");
        client_expect(&p.c, "go\r\n");
        packer_free(p.packer);
        p.packer = packer_new(&(struct packer_params){ 15, 8, 9 });
        p.ended = false;
        packed_say(&p, SLICE("again\r\n"));
        packed_expect(&p, "=again\r\n");
        packed_close(&p);
}
END_TEST

START_TEST(more_under_the_last_flush_is_no_end)
{
        struct packed_client p = packed_connect();

        packed_say(&p, SLICE("PLAIN\r\nunder it\r\n"));
        packed_expect(&p, "clear\r\n");
        while (!p.ended)
                if (!packed_read(&p))
                        turn(&f);
        client_expect_close(&p.c, "stop: What you send is not compressed as it should be\r\n");
        packed_close(&p);
}
END_TEST

START_TEST(no_tls_begins_under_compression)
{
        struct packed_client p = packed_connect();

        ck_assert(!conn_may_start_tls(f.conn));
        packed_close(&p);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conn_pack");
        TCase *t = tcase_create("conn_pack");

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 300);
        tcase_add_test(t, lines_and_streams_are_read_and_answered);
        tcase_add_test(t, input_may_be_cut_anywhere);
        tcase_add_test(t, what_is_pipelined_behind_the_word_is_compressed);
        tcase_add_test(t, output_is_pulled_as_it_drains_and_takes_less);
        tcase_add_test(t, a_bomb_fills_no_buffer);
        tcase_add_test(t, a_held_session_lets_the_client_send_no_more_than_the_ceiling);
        tcase_add_test(t, damaged_input_ends_with_a_word);
        tcase_add_test(t, an_idle_connection_gives_its_memory_back_and_goes_on);
        tcase_add_test(t, a_compressed_connection_rests_and_goes_on);
        tcase_add_test(t, a_compressed_connection_that_rests_closes_with_the_end_of_its_stream);
        tcase_add_loop_test(t, compression_ends_where_the_client_ends_it_wherever_that_is_cut, 0,
                            sizeof endings / sizeof *endings);
        tcase_add_test(t, compression_may_begin_again);
        tcase_add_test(t, more_under_the_last_flush_is_no_end);
        tcase_add_test(t, no_tls_begins_under_compression);
        suite_add_tcase(s, t);
        return run_suite(s);
}
