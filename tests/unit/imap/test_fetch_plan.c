/* test_fetch_plan.c — what FETCH may ask for, and what the answers are called. */
#include "fetch_plan.h"

#include "mailserver/core/buf.h"
#include "mailserver/store/fetch.h"

#include <check.h>
#include <stdlib.h>

static enum err parse(const char *text, bool uid, struct imap_fetch_plan *plan)
{
        struct arena arena = ARENA_INIT(1 << 20);
        struct imap_args args = { .rest = slice_of(text), .arena = &arena };
        enum err err = imap_fetch_plan_parse(&args, uid, plan);

        ck_assert_msg(!err || args.wanted, "%s: nothing was wanted", text);
        /* The plan must not need the command's memory. */
        arena_done(&arena);
        return err;
}

/* The labels, with a space between them. */
static void print_labels(const struct imap_fetch_plan *plan, struct buf *out)
{
        for (size_t i = 0; i < plan->n; i++) {
                if (i)
                        buf_addc(out, ' ');
                buf_add(out, plan->items[i].label);
        }
}

static const struct {
        const char *text;
        bool uid;
        const char *labels;
        bool sets_seen;
} plans[] = {
        {"ALL",                                              false, "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE",          false},
        { "fast",                                            false, "FLAGS INTERNALDATE RFC822.SIZE",                   false},
        { "FULL",                                            false, "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY",     false},
        { "FLAGS",                                           true,  "UID FLAGS",                                        false},
        { "FULL",                                            true,  "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY", false},
        { "(FLAGS UID)",                                     true,  "UID FLAGS",                                        false},
        { "(FLAGS FLAGS UID FLAGS)",                         false, "FLAGS UID",                                        false},
        { "(FLAGS )",                                        false, "FLAGS",                                            false},
        { "(body BodyStructure)",                            false, "BODY BODYSTRUCTURE",                               false},
        { "PREVIEW",                                         false, "PREVIEW",                                          false},
        { "PREVIEW (LAZY)",                                  false, "PREVIEW",                                          false},
        { "(PREVIEW (lazy) UID)",                            false, "PREVIEW UID",                                      false},
        { "(EmailId SaveDate THREADID EMAILID)",             false, "EMAILID SAVEDATE THREADID",                        false},
        { "BODY[]",                                          false, "BODY[]",                                           true },
        { "BODY.PEEK[]",                                     false, "BODY[]",                                           false},
        { "(BODY.PEEK[] BODY[TEXT])",                        false, "BODY[] BODY[TEXT]",                                true },
        { "body.peek[header]",                               false, "BODY[HEADER]",                                     false},
        { "BODY[1]",                                         false, "BODY[1]",                                          true },
        { "BODY[1.2.30]<5.10>",                              false, "BODY[1.2.30]<5>",                                  true },
        { "BODY[1.mime]",                                    false, "BODY[1.MIME]",                                     true },
        { "BODY[4.2.HEADER]",                                false, "BODY[4.2.HEADER]",                                 true },
        { "BODY[HEADER.FIELDS (From to)]",                   false, "BODY[HEADER.FIELDS (From to)]",                    true },
        { "BODY[HEADER.FIELDS (From to )]",                  false, "BODY[HEADER.FIELDS (From to)]",                    true },
        { "BODY[3.Header.Fields.Not (\"X Y\" z)]",           false, "BODY[3.HEADER.FIELDS.NOT (\"X Y\" z)]",
         true                                                                                                                },
        { "BODY[HEADER.FIELDS ({4}\r\nFrom \"to\")]<0.9>",   false,
         "BODY[HEADER.FIELDS (From to)]<0>",                                                                            true },
        { "RFC822",                                          false, "RFC822",                                           true },
        { "RFC822.TEXT",                                     false, "RFC822.TEXT",                                      true },
        { "(RFC822.HEADER RFC822.SIZE)",                     false, "RFC822.HEADER RFC822.SIZE",                        false},
        { "BINARY[1]",                                       false, "BINARY[1]",                                        true },
        { "BINARY[]<1.2>",                                   false, "BINARY[]<1>",                                      true },
        { "BINARY.PEEK[2.3]",                                false, "BINARY[2.3]",                                      false},
        { "BINARY.SIZE[2.3]",                                false, "BINARY.SIZE[2.3]",                                 false},
        { "BODY[]<9223372036854775807.9223372036854775807>", false, "BODY[]<9223372036854775807>",
         true                                                                                                                },
};

START_TEST(items_are_read_and_named)
{
        struct imap_fetch_plan plan;
        AUTO_BUF(labels, 4096);

        ck_assert_msg(!parse(plans[_i].text, plans[_i].uid, &plan), "%s", plans[_i].text);
        print_labels(&plan, &labels);
        ck_assert_str_eq(labels.ptr, plans[_i].labels);
        ck_assert_msg(plan.sets_seen == plans[_i].sets_seen, "%s", plans[_i].text);
        imap_fetch_plan_done(&plan);
}
END_TEST

static const char *const mistakes[] = {
        "",
        " FLAGS",
        "()",
        "(ALL)",
        "(FLAGS ALL)",
        "ALL FLAGS",
        "FLAGS UID",
        "FLAGS)",
        "(FLAGS",
        "(FLAGS,UID)",
        "(FLAGS  UID)",
        "NOTHING",
        "UID[]",
        "RFC822[]",
        "RFC822.PEEK",
        "BODY.PEEK",
        "BINARY",
        "BINARY.SIZE",
        "BODY[",
        "BODY[1",
        "BODY[1.]",
        "BODY[.1]",
        "BODY[0]",
        "BODY[1.0]",
        "BODY[01]",
        "BODY[4294967296]",
        "BODY[1.HEADER.2]",
        "BODY[MIME]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[HEADER.FIELDS (A]",
        "BODY[HEADER.FIELDS (A),]",
        "BODY[TEXT (A)]",
        "BODY[]<>",
        "BODY[]<1>",
        "BODY[]<1.>",
        "BODY[]<.1>",
        "BODY[]<1.0>",
        "BODY[]<1.2",
        "BODY[]<-1.2>",
        "BODY[]<9223372036854775808.1>",
        "BODYSTRUCTURE[]",
        "BINARY[TEXT]",
        "BINARY[1.MIME]",
        "BINARY.SIZE[1]<0.1>",
        "PREVIEW (EAGER)",
        "PREVIEW ()",
};

START_TEST(mistakes_are_refused)
{
        struct imap_fetch_plan plan;

        ck_assert_msg(parse(mistakes[_i], false, &plan) == ERR_SYNTAX, "%s", mistakes[_i]);
}
END_TEST

START_TEST(too_many_items_are_refused)
{
        AUTO_BUF(text, BUF_MAX);
        struct imap_fetch_plan plan;

        buf_addc(&text, '(');
        for (int i = 1; i < IMAP_FETCH_MAX_ITEMS; i++)
                buf_addf(&text, "BODY[%d] ", i);
        buf_add(&text, SLICE("FLAGS)"));
        ck_assert(!parse(text.ptr, false, &plan));
        ck_assert_uint_eq(plan.n, IMAP_FETCH_MAX_ITEMS);
        imap_fetch_plan_done(&plan);
        buf_truncate(&text, text.len - 1);
        buf_add(&text, SLICE(" UID)"));
        ck_assert_int_eq(parse(text.ptr, false, &plan), ERR_LIMIT);
}
END_TEST

static void ask_for_names(struct buf *text, int n)
{
        buf_add(text, SLICE("BODY[HEADER.FIELDS (Y"));
        for (int i = 1; i < n; i++)
                buf_addf(text, " X%d", i);
        buf_add(text, SLICE(")]"));
}

START_TEST(names_of_all_items_together_are_limited)
{
        for (int more = 0; more <= 1; more++) {
                AUTO_BUF(text, BUF_MAX);
                struct imap_fetch_plan plan;

                buf_addc(&text, '(');
                ask_for_names(&text, IMAP_FETCH_MAX_NAMES / 2);
                buf_addc(&text, ' ');
                ask_for_names(&text, IMAP_FETCH_MAX_NAMES / 2 + more);
                buf_addc(&text, ')');
                ck_assert_int_eq(parse(text.ptr, false, &plan), more ? ERR_LIMIT : ERR_OK);
                if (!more)
                        imap_fetch_plan_done(&plan);
        }
}
END_TEST

START_TEST(names_without_end_are_refused)
{
        AUTO_BUF(text, BUF_MAX);
        struct imap_fetch_plan plan;

        buf_add(&text, SLICE("BODY[HEADER.FIELDS ("));
        for (int i = 0; i < 100000; i++)
                buf_addf(&text, "X%d ", i);
        buf_add(&text, SLICE("Y)]"));
        ck_assert_int_eq(parse(text.ptr, false, &plan), ERR_LIMIT);
}
END_TEST

static const struct {
        const char *text;
        unsigned rows;
} rows[] = {
        {"(UID FLAGS MODSEQ)",                       0                                                         },
        { "(UID FLAGS INTERNALDATE)",                STORE_FETCH_ROW                                           },
        { "(FLAGS RFC822.SIZE)",                     STORE_FETCH_ROW                                           },
        { "SAVEDATE",                                STORE_FETCH_ROW                                           },
        { "ENVELOPE",                                STORE_FETCH_CONTENT                                       },
        { "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]", STORE_FETCH_HEADER                                        },
        { "RFC822.HEADER",                           STORE_FETCH_HEADER                                        },
        { "BODY[]",                                  STORE_FETCH_HEADER | STORE_FETCH_SHORT                    },
        { "BODY[2]",                                 STORE_FETCH_HEADER | STORE_FETCH_SHORT | STORE_FETCH_PARTS},
        { "(BODYSTRUCTURE BODY[HEADER])",            STORE_FETCH_CONTENT | STORE_FETCH_HEADER                  },
        { "BINARY.SIZE[]",                           STORE_FETCH_ROW                                           },
};

START_TEST(no_more_is_read_than_is_wanted)
{
        struct imap_fetch_plan plan;

        ck_assert(!parse(rows[_i].text, true, &plan));
        ck_assert_msg(plan.rows == rows[_i].rows, "%s: %u", rows[_i].text, plan.rows);
        imap_fetch_plan_done(&plan);
}
END_TEST

START_TEST(a_field_name_holds_no_nul)
{
        static const char text[] = "BODY[HEADER.FIELDS (~{3}\r\na\0b)]";
        struct arena arena = ARENA_INIT(4096);
        struct imap_args args = {
                .rest = {text, sizeof text - 1},
                  .arena = &arena
        };
        struct imap_fetch_plan plan;

        ck_assert_int_eq(imap_fetch_plan_parse(&args, false, &plan), ERR_SYNTAX);
        arena_done(&arena);
}
END_TEST

/* However many items there are: RFC 7162 3.2.4. */
START_TEST(uid_and_modseq_can_be_added_to_any_plan)
{
        AUTO_BUF(text, 4096);
        struct arena arena = ARENA_INIT(4096);
        struct imap_args args = { .arena = &arena };
        struct imap_fetch_plan plan;

        buf_addc(&text, '(');
        for (int i = 0; i < IMAP_FETCH_MAX_ITEMS; i++)
                buf_addf(&text, "BODY[%d]%s", i + 1, i + 1 < IMAP_FETCH_MAX_ITEMS ? " " : ")");
        args.rest = buf_slice(&text);
        ck_assert_int_eq(imap_fetch_plan_parse(&args, false, &plan), ERR_OK);
        ck_assert(!imap_fetch_plan_has(&plan, IMAP_FETCH_MODSEQ));
        for (int i = 0; i < 2; i++) {
                imap_fetch_plan_want(&plan, IMAP_FETCH_UID);
                imap_fetch_plan_want(&plan, IMAP_FETCH_MODSEQ);
        }
        ck_assert_uint_eq(plan.n, IMAP_FETCH_MAX_ITEMS + 2);
        ck_assert(slice_eq(plan.items[plan.n - 1].label, SLICE("MODSEQ")));
        imap_fetch_plan_done(&plan);
        arena_done(&arena);
}
END_TEST

START_TEST(modifiers_are_left_where_they_are)
{
        struct arena arena = ARENA_INIT(4096);
        struct imap_args args = { .arena = &arena,
                                  .rest = SLICE("(PREVIEW (LAZY) UID) (CHANGEDSINCE 1)") };
        struct imap_fetch_plan plan;

        ck_assert_int_eq(imap_fetch_plan_parse(&args, false, &plan), ERR_OK);
        ck_assert(slice_eq(args.rest, SLICE(" (CHANGEDSINCE 1)")));
        imap_fetch_plan_done(&plan);
        arena_done(&arena);
}
END_TEST

START_TEST(store_answers_flags)
{
        struct imap_fetch_plan plan;

        imap_fetch_plan_flags(true, true, &plan);
        ck_assert_uint_eq(plan.n, 3);
        ck_assert_int_eq(plan.items[0].kind, IMAP_FETCH_UID);
        ck_assert_int_eq(plan.items[1].kind, IMAP_FETCH_MODSEQ);
        ck_assert_int_eq(plan.items[2].kind, IMAP_FETCH_FLAGS);
        ck_assert(!plan.sets_seen && !plan.rows);
        imap_fetch_plan_done(&plan);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("fetch plan");
        TCase *tc = tcase_create("core");
        SRunner *r = srunner_create(s);

        suite_add_tcase(s, tc);
        tcase_add_loop_test(tc, items_are_read_and_named, 0, (int)(sizeof plans / sizeof *plans));
        tcase_add_loop_test(tc, mistakes_are_refused, 0, (int)(sizeof mistakes / sizeof *mistakes));
        tcase_add_test(tc, too_many_items_are_refused);
        tcase_add_test(tc, names_of_all_items_together_are_limited);
        tcase_add_test(tc, names_without_end_are_refused);
        tcase_add_loop_test(tc, no_more_is_read_than_is_wanted, 0,
                            (int)(sizeof rows / sizeof *rows));
        tcase_add_test(tc, a_field_name_holds_no_nul);
        tcase_add_test(tc, uid_and_modseq_can_be_added_to_any_plan);
        tcase_add_test(tc, modifiers_are_left_where_they_are);
        tcase_add_test(tc, store_answers_flags);
        srunner_run_all(r, CK_ENV);
        int failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
