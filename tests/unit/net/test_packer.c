/* test_packer.c — octets packed and unpacked, wherever they are cut, and what it costs of memory. */
#include "packer.h"

#include "mailserver/core/mem.h"

#include <check.h>
#include <stdlib.h>
#include <zlib.h>

enum { ALL = 1 << 22 };

static const struct packer_params usual = { .window_bits = 13, .memory_level = 6, .level = 3 };

/* Unpacks all of `in`, `room` octets at a time. */
static enum packer_unpacked unpack(struct packer *p, struct slice *in, size_t room, struct buf *out)
{
        char *to = mem_alloc(room);
        enum packer_unpacked result;
        size_t n;

        do {
                result = packer_unpack(p, in, to, room, &n);
                ck_assert_uint_le(n, room);
                buf_add(out, (struct slice){ to, n });
        } while (result == PACKER_MORE && (in->len || n == room));
        mem_free(to);
        return result;
}

static void assert_octets(const struct buf *got, struct slice wanted)
{
        ck_assert_uint_eq(got->len, wanted.len);
        ck_assert_mem_eq(buf_slice(got).ptr, wanted.ptr, wanted.len);
}

/* Lines as a server says them, so many octets of them. */
static void say(struct buf *out, size_t octets)
{
        for (unsigned i = 1; out->len < octets; i++)
                buf_addf(out, "* %u FETCH (UID %u FLAGS (\\Seen) RFC822.SIZE %u)\r\n", i, i * 3,
                         i * 7919 % 65536);
        buf_truncate(out, octets);
}

START_TEST(what_is_packed_in_two_turns_can_be_read_after_each)
{
        AUTO_BUF(text, ALL);
        size_t cut = (size_t)_i;

        say(&text, 300);
        AUTO_BUF(packed, ALL);
        AUTO_BUF(back, ALL);
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        struct slice in;

        packer_pack(p, slice_head(buf_slice(&text), cut), &packed);
        packer_flush(p, &packed);
        in = buf_slice(&packed);
        ck_assert_int_eq(unpack(q, &in, 7, &back), PACKER_MORE);
        assert_octets(&back, slice_head(buf_slice(&text), cut));
        buf_clear(&packed);
        packer_pack(p, slice_from(buf_slice(&text), cut), &packed);
        packer_flush(p, &packed);
        in = buf_slice(&packed);
        ck_assert_int_eq(unpack(q, &in, 7, &back), PACKER_MORE);
        assert_octets(&back, buf_slice(&text));
        packer_free(p);
        packer_free(q);
}
END_TEST

START_TEST(a_stream_cut_anywhere_says_the_same)
{
        AUTO_BUF(text, ALL);
        AUTO_BUF(packed, ALL);
        struct packer *p = packer_new(&usual);

        say(&text, 2000);
        packer_pack(p, slice_head(buf_slice(&text), 900), &packed);
        packer_flush(p, &packed);
        packer_pack(p, slice_from(buf_slice(&text), 900), &packed);
        packer_finish(p, &packed);
        for (size_t cut = 0; cut <= packed.len; cut++) {
                struct packer *q = packer_new(&usual);
                struct slice a = slice_head(buf_slice(&packed), cut);
                struct slice b = slice_from(buf_slice(&packed), cut);
                enum packer_unpacked first, second = PACKER_END;
                AUTO_BUF(back, ALL);

                first = unpack(q, &a, 100, &back);
                /* Where it was cut, and then nothing was said, must not matter either. */
                packer_rest(q);
                if (b.len)
                        second = unpack(q, &b, 100, &back);
                ck_assert_int_eq(first, cut < packed.len ? PACKER_MORE : PACKER_END);
                ck_assert_int_eq(second, PACKER_END);
                assert_octets(&back, buf_slice(&text));
                packer_free(q);
        }
        packer_free(p);
}
END_TEST

START_TEST(another_zlib_with_any_window_understands_it_and_is_understood)
{
        struct packer_params params = usual;
        z_stream inflater = { 0 }, deflater = { 0 };
        char octets[4096], back[4096];
        AUTO_BUF(text, ALL);
        AUTO_BUF(packed, ALL);
        AUTO_BUF(understood, ALL);
        struct slice in;
        struct packer *p;

        params.window_bits = _i;
        p = packer_new(&params);
        say(&text, 3000);
        packer_pack(p, buf_slice(&text), &packed);
        packer_flush(p, &packed);
        ck_assert_int_eq(inflateInit2(&inflater, -15), Z_OK);
        inflater.next_in = (Bytef *)packed.ptr;
        inflater.avail_in = (uInt)packed.len;
        inflater.next_out = (Bytef *)back;
        inflater.avail_out = sizeof back;
        ck_assert_int_eq(inflate(&inflater, Z_SYNC_FLUSH), Z_OK);
        ck_assert_uint_eq(inflater.total_out, text.len);
        ck_assert_mem_eq(back, text.ptr, text.len);
        inflateEnd(&inflater);

        ck_assert_int_eq(deflateInit2(&deflater, 9, Z_DEFLATED, -_i, 9, Z_DEFAULT_STRATEGY), Z_OK);
        deflater.next_in = (Bytef *)text.ptr;
        deflater.avail_in = (uInt)text.len;
        deflater.next_out = (Bytef *)octets;
        deflater.avail_out = sizeof octets;
        ck_assert_int_eq(deflate(&deflater, Z_SYNC_FLUSH), Z_OK);
        in = (struct slice){ octets, deflater.total_out };
        ck_assert_int_eq(unpack(p, &in, 512, &understood), PACKER_MORE);
        assert_octets(&understood, buf_slice(&text));
        deflateEnd(&deflater);
        packer_free(p);
}
END_TEST

START_TEST(a_flush_after_nothing_says_nothing)
{
        struct packer *p = packer_new(&usual);
        AUTO_BUF(packed, ALL);
        size_t once;

        packer_flush(p, &packed);
        packer_pack(p, SLICE(""), &packed);
        packer_flush(p, &packed);
        ck_assert_uint_eq(packed.len, 0);
        packer_pack(p, SLICE("a"), &packed);
        packer_flush(p, &packed);
        once = packed.len;
        ck_assert_uint_gt(once, 0);
        packer_flush(p, &packed);
        ck_assert_uint_eq(packed.len, once);
        packer_free(p);
}
END_TEST

START_TEST(unpacking_stops_behind_each_flush)
{
        static const char *const words[] = { "one\r\n", "two\r\n", "three\r\n" };
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        AUTO_BUF(packed, ALL);
        struct slice in;
        char to[100];
        size_t n;

        for (size_t i = 0; i < 3; i++) {
                packer_pack(p, slice_of(words[i]), &packed);
                packer_flush(p, &packed);
        }
        buf_add(&packed, SLICE("in the clear"));
        in = buf_slice(&packed);
        for (size_t i = 0; i < 3; i++) {
                ck_assert_int_eq(packer_unpack(q, &in, to, sizeof to, &n), PACKER_MORE);
                ck_assert(slice_eq((struct slice){ to, n }, slice_of(words[i])));
                ck_assert(packer_at_flush(q));
        }
        ck_assert(slice_eq(in, SLICE("in the clear")));
        packer_free(p);
        packer_free(q);
}
END_TEST

START_TEST(what_follows_the_end_of_a_stream_is_left)
{
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        AUTO_BUF(packed, ALL);
        AUTO_BUF(back, ALL);
        struct slice in;

        packer_pack(p, SLICE("the last words"), &packed);
        packer_finish(p, &packed);
        packer_finish(p, &packed);
        buf_add(&packed, SLICE("more"));
        in = buf_slice(&packed);
        ck_assert_int_eq(unpack(q, &in, 100, &back), PACKER_END);
        assert_octets(&back, SLICE("the last words"));
        ck_assert(slice_eq(in, SLICE("more")));
        packer_free(p);
        packer_free(q);
}
END_TEST

static const struct {
        const char *name;
        struct slice octets;
} no_streams[] = {
        {"a command in the clear",     { "a NOOP\r\n", 8 }                },
        { "a block of no known kind",  { "\x07", 1 }                      },
        { "a length that contradicts", { "\x00\x05\x00\x05\x00hello", 10 }},
        { "a wrapper of zlib",         { "\x78\x9c\xcb\x48\x05\x00", 6 }  },
};

START_TEST(what_is_no_deflate_is_damaged)
{
        struct packer *p = packer_new(&usual);
        struct slice in = no_streams[_i].octets;
        AUTO_BUF(back, ALL);

        ck_assert_msg(unpack(p, &in, 100, &back) == PACKER_DAMAGED, "%s", no_streams[_i].name);
        packer_free(p);
}
END_TEST

START_TEST(a_bomb_is_unpacked_no_further_than_there_is_room)
{
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        char *zeros = mem_alloc(ALL), room[1000];
        AUTO_BUF(packed, ALL);
        struct slice in;
        size_t n;

        packer_pack(p, (struct slice){ zeros, ALL }, &packed);
        packer_flush(p, &packed);
        in = buf_slice(&packed);
        ck_assert_int_eq(packer_unpack(q, &in, room, sizeof room, &n), PACKER_MORE);
        ck_assert_uint_eq(n, sizeof room);
        ck_assert_uint_gt(in.len, 0);
        ck_assert_uint_le(packer_memory(q), 48 << 10);
        packer_free(p);
        packer_free(q);
        mem_free(zeros);
}
END_TEST

START_TEST(one_at_rest_holds_what_was_said_and_goes_on_where_it_was)
{
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        AUTO_BUF(said, ALL);
        AUTO_BUF(packed, ALL);
        AUTO_BUF(back, ALL);
        struct slice in;

        say(&said, 500);
        ck_assert_uint_eq(packer_memory(p), 0);
        packer_pack(p, buf_slice(&said), &packed);
        packer_rest(p);
        ck_assert_uint_gt(packer_memory(p), 64 << 10); /* something is still unsaid */
        packer_flush(p, &packed);
        in = buf_slice(&packed);
        ck_assert_int_eq(unpack(q, &in, 100, &back), PACKER_MORE);
        packer_rest(p);
        packer_rest(q);
        ck_assert_uint_eq(packer_memory(p), 0);
        ck_assert_uint_eq(packer_memory(q), 500);
        packer_rest(q);
        ck_assert_uint_eq(packer_memory(q), 500);
        /* The peer did not rest: it refers to what it has said before. */
        buf_clear(&packed);
        packer_pack(p, buf_slice(&said), &packed);
        packer_flush(p, &packed);
        in = buf_slice(&packed);
        ck_assert_int_eq(unpack(q, &in, 100, &back), PACKER_MORE);
        ck_assert_uint_eq(back.len, 1000);
        ck_assert_mem_eq(back.ptr + 500, said.ptr, 500);
        packer_free(p);
        packer_free(q);
}
END_TEST

START_TEST(a_peer_may_refer_to_what_it_said_before_the_other_side_rested)
{
        struct packer *p = packer_new(&usual), *q = packer_new(&usual);
        AUTO_BUF(said, ALL);
        AUTO_BUF(packed, ALL);
        AUTO_BUF(back, ALL);
        size_t first;
        struct slice in;

        say(&said, 60000);
        for (int i = 0; i < 3; i++) {
                first = packed.len;
                packer_pack(p, buf_slice(&said), &packed);
                packer_flush(p, &packed);
                in = slice_from(buf_slice(&packed), first);
                ck_assert_int_eq(unpack(q, &in, 5000, &back), PACKER_MORE);
                packer_rest(q);
                ck_assert_uint_le(packer_memory(q), 32 << 10);
        }
        ck_assert_uint_eq(back.len, 3 * said.len);
        for (size_t i = 0; i < 3; i++)
                ck_assert_mem_eq(back.ptr + i * said.len, said.ptr, said.len);
        packer_free(p);
        packer_free(q);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("packer");
        TCase *t = tcase_create("packer");
        SRunner *r;
        int failed;

        tcase_set_timeout(t, 300);
        tcase_add_loop_test(t, what_is_packed_in_two_turns_can_be_read_after_each, 0, 301);
        tcase_add_test(t, a_stream_cut_anywhere_says_the_same);
        tcase_add_loop_test(t, another_zlib_with_any_window_understands_it_and_is_understood, 9,
                            16);
        tcase_add_test(t, a_flush_after_nothing_says_nothing);
        tcase_add_test(t, unpacking_stops_behind_each_flush);
        tcase_add_test(t, what_follows_the_end_of_a_stream_is_left);
        tcase_add_loop_test(t, what_is_no_deflate_is_damaged, 0,
                            sizeof no_streams / sizeof *no_streams);
        tcase_add_test(t, a_bomb_is_unpacked_no_further_than_there_is_room);
        tcase_add_test(t, one_at_rest_holds_what_was_said_and_goes_on_where_it_was);
        tcase_add_test(t, a_peer_may_refer_to_what_it_said_before_the_other_side_rested);
        suite_add_tcase(s, t);
        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
