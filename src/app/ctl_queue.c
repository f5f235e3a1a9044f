/*
 * ctl_queue.c — mailserverctl queue: mail on its way to elsewhere.
 *
 * Rows are read by pages, so a large queue costs little memory. What changes rows stops after
 * MAX_CHANGES of them, so that the writer is not held; each change leaves out rows that are
 * so already, so saying it again goes on.
 */
#include "ctl_commands.h"
#include "queue_hints.h"

#include "mailserver/core/arena.h"
#include "mailserver/core/clock.h"
#include "mailserver/core/conf.h"
#include "mailserver/core/text.h"
#include "mailserver/store/queue.h"

#include <inttypes.h>

enum { PAGE_ROWS = 200, PAGE_OCTETS = 4 << 20, MAX_CHANGES = 10000, MAX_SHOWN = 100 };

#define SELECT_PARAMS                                                                              \
        { "ID", CTL_WORD, true,                                                                    \
          "a recipient's row (a number) or a message, as queue list has it" },                     \
                { "--domain", CTL_VALUE, true, "mail to this domain" },                            \
                { "--sender", CTL_VALUE, true,                                                     \
                  "mail from this envelope sender; \"<>\": reports" },                             \
                { "--recipient", CTL_VALUE, true, "mail to this address" },                        \
        {                                                                                          \
                "--older-than", CTL_VALUE, true, "mail that came longer ago: 90m, 12h, 2d"         \
        }

static const struct ctl_param list_params[] = { SELECT_PARAMS, { 0 } };
static const struct ctl_param change_params[] = {
        SELECT_PARAMS,
        {"--all", CTL_SWITCH, true, "all there is, or all that the other options leave" },
        { 0  },
};

/* ---- which rows ---- */

static enum err read_age(struct ctl_call *call, int64_t *ret_before_us)
{
        struct slice age = ctl_arg(call, "--older-than");
        int64_t ms;

        if (!age.ptr)
                return ERR_OK;
        if (!conf_parse_time(age, &ms) || ms < 0 || ms > clock_now_us() / 1000)
                return ctl_fail(call, ERR_SYNTAX,
                                "--older-than: %s is not a time; write 90m, 12h or 2d", age.ptr);
        *ret_before_us = clock_now_us() - ms * 1000;
        return ERR_OK;
}

static enum err read_select(struct ctl_call *call, struct store_queue_select *ret_select)
{
        struct slice id = ctl_arg(call, "ID"), sender = ctl_arg(call, "--sender");
        uint64_t row;

        *ret_select = (struct store_queue_select){
                .domain = ctl_arg(call, "--domain").ptr,
                .sender = sender.ptr && slice_eq(sender, SLICE("<>")) ? "" : sender.ptr,
                .recipient = ctl_arg(call, "--recipient").ptr,
        };
        if (id.ptr && slice_number(id, &row) && row > 0 && row <= INT64_MAX)
                ret_select->row = (int64_t)row;
        else
                ret_select->mail_id = id.ptr;
        return read_age(call, &ret_select->received_before_us);
}

static bool is_selected(const struct ctl_call *call)
{
        static const char *const words[] = { "ID", "--domain", "--sender", "--recipient",
                                             "--older-than" };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (ctl_arg(call, words[i]).ptr)
                        return true;
        return false;
}

typedef enum err row_fn(struct ctl_call *call, struct store_txn *tx,
                        const struct store_queue_row *row, size_t *n);

/* All that fit, in order, until `n` has come to `max`; *ret_n is what `fn` counted. */
static enum err each_row(struct ctl_call *call, struct store_txn *tx, size_t max, row_fn *fn,
                         size_t *ret_n)
{
        struct store_queue_select select;
        int64_t after = 0;
        bool more = true;
        enum err err = read_select(call, &select);

        *ret_n = 0;
        while (!err && more) {
                struct arena arena = ARENA_INIT(PAGE_OCTETS);
                struct store_queue_rows rows = { 0 };

                err = store_queue_list(tx, &select, after, PAGE_ROWS, &arena, &rows);
                for (size_t i = 0; i < rows.n && !err && *ret_n < max; i++) {
                        after = rows.items[i].id;
                        err = fn(call, tx, &rows.items[i], ret_n);
                }
                more = rows.n > 0 && *ret_n < max;
                arena_done(&arena);
        }
        return err;
}

static enum err nothing_fits(struct ctl_call *call)
{
        return ctl_fail(call, ERR_NOTFOUND,
                        "nothing in the queue fits that; see: mailserverctl queue list");
}

/* ---- what is printed ---- */

/* A stranger's words for a terminal and for JSON: nothing but visible ASCII and blanks. */
static void put_words(struct buf *out, const char *words)
{
        for (; words && *words; words++) {
                if (*words >= ' ' && *words <= '~')
                        buf_addc(out, *words);
                else
                        buf_addf(out, "\\x%02x", (unsigned char)*words);
        }
}

static json_t *json_words(const char *words)
{
        AUTO_BUF(safe, BUF_MAX);

        put_words(&safe, words);
        return json_stringn(buf_slice(&safe).ptr, safe.len);
}

/* Addresses may be UTF-8: RFC 6531. */
static json_t *json_address(const char *address)
{
        struct slice rest = slice_of(address);
        size_t length;

        while ((length = text_utf8_visible(rest)))
                rest = slice_from(rest, length);
        return !address[0] ? json_string("<>")
               : rest.len  ? json_words(address)
                           : json_string(address);
}

static void next_text(const struct store_queue_row *row, char out[CLOCK_ISO_SIZE])
{
        if (row->flags & STORE_QUEUE_HELD)
                memcpy(out, "held", sizeof "held");
        else if (row->next_attempt_us <= clock_now_us())
                memcpy(out, "now", sizeof "now");
        else
                clock_iso(row->next_attempt_us, out);
}

/* ---- list ---- */

static enum err list_row(struct ctl_call *call, struct store_txn *tx,
                         const struct store_queue_row *row, size_t *n)
{
        char received[CLOCK_ISO_SIZE], next[CLOCK_ISO_SIZE];

        (void)tx;
        *n += 1;
        clock_iso(row->received_us, received);
        next_text(row, next);
        ctl_row(call, json_pack("{s:I,s:o,s:s,s:o,s:o,s:I,s:I,s:s,s:o}", "id", (json_int_t)row->id,
                                "message", json_words(row->mail_id), "received", received, "sender",
                                json_address(row->sender), "recipient", json_address(row->address),
                                "octets", (json_int_t)row->size, "attempts",
                                (json_int_t)row->attempts, "next", next, "status",
                                json_words(row->last_status ? row->last_status : "-")));
        return ERR_OK;
}

static enum err list_work(struct ctl_call *call, struct store_txn *tx)
{
        size_t n;

        return each_row(call, tx, SIZE_MAX, list_row, &n);
}

/* ---- show ---- */

static void show_fact(struct ctl_call *call, int64_t id, const char *name, json_t *value)
{
        ctl_row(call,
                json_pack("{s:I,s:s,s:o}", "id", (json_int_t)id, "what", name, "value", value));
}

static void show_time(struct ctl_call *call, int64_t id, const char *name, int64_t us)
{
        char text[CLOCK_ISO_SIZE];

        clock_iso(us, text);
        show_fact(call, id, name, json_string(text));
}

static void show_hint(struct ctl_call *call, int64_t id, const char *status, const char *reply)
{
        const char *hint = queue_hint(slice_of(status), slice_of(reply));

        if (hint)
                show_fact(call, id, "hint", json_string(hint));
}

/* What a server has said has its code before it; our own words have none. */
static bool starts_with_code(const char *reply)
{
        return strlen(reply) > 4 && strspn(reply, "0123456789") == 3 && reply[3] == ' ';
}

static enum err show_attempt(void *arg, const struct store_queue_attempt *attempt)
{
        struct ctl_call *call = arg;
        char at[CLOCK_ISO_SIZE];
        AUTO_BUF(text, BUF_MAX);

        clock_iso(attempt->at_us, at);
        buf_addf(&text, "%s ", at);
        put_words(&text, attempt->mx[0] ? attempt->mx : "nobody reached");
        if (attempt->ip[0]) {
                buf_add(&text, SLICE(" ["));
                put_words(&text, attempt->ip);
                buf_add(&text, SLICE("]"));
        }
        buf_add(&text, SLICE(" "));
        put_words(&text, attempt->tls[0] ? attempt->tls : "without TLS");
        buf_add(&text, SLICE(": "));
        if (!starts_with_code(attempt->reply)) {
                put_words(&text, attempt->status);
                buf_add(&text, SLICE(" "));
        }
        put_words(&text, attempt->reply);
        show_fact(call, attempt->row, "attempt", json_stringn(text.ptr, text.len));
        return ERR_OK;
}

static enum err show_row(struct ctl_call *call, struct store_txn *tx,
                         const struct store_queue_row *row, size_t *n)
{
        char next[CLOCK_ISO_SIZE];
        enum err err;

        *n += 1;
        next_text(row, next);
        show_fact(call, row->id, "message", json_words(row->mail_id));
        show_fact(call, row->id, "sender", json_address(row->sender));
        show_fact(call, row->id, "recipient", json_address(row->address));
        show_fact(call, row->id, "domain", json_address(row->domain));
        show_fact(call, row->id, "octets", json_integer(row->size));
        show_time(call, row->id, "received", row->received_us);
        show_fact(call, row->id, "next", json_string(next));
        if (row->expires_us)
                show_time(call, row->id, "expires", row->expires_us);
        else
                show_fact(call, row->id, "expires", json_string("given up"));
        show_fact(call, row->id, "attempts", json_integer((json_int_t)row->attempts));
        err = store_queue_attempts(tx, row->id, show_attempt, call);
        if (!err && row->last_reply)
                show_hint(call, row->id, row->last_status ? row->last_status : "", row->last_reply);
        return err;
}

static enum err show_work(struct ctl_call *call, struct store_txn *tx)
{
        size_t n;
        enum err err;

        if (!is_selected(call))
                return ctl_fail(call, ERR_SYNTAX, "say which: an ID of mailserverctl queue list");
        err = each_row(call, tx, MAX_SHOWN, show_row, &n);
        return !err && !n ? nothing_fits(call) : err;
}

/* ---- changes ---- */

static enum err change_row(struct ctl_call *call, struct store_txn *tx,
                           const struct store_queue_row *row, size_t *n)
{
        const struct ctl_command *command = call->command;
        int64_t now_us = clock_now_us();
        bool held = row->flags & STORE_QUEUE_HELD, already = false;
        enum err err;

        if (command == &ctl_queue_hold || command == &ctl_queue_release)
                already = held == (command == &ctl_queue_hold);
        else if (command == &ctl_queue_retry)
                already = held || (row->next_attempt_us <= now_us && row->attempts == 0);
        else if (command == &ctl_queue_bounce)
                already = row->expires_us <= now_us && !held;
        if (already)
                return ERR_OK;
        if (command == &ctl_queue_remove)
                err = store_queue_remove(tx, row->id);
        else if (command == &ctl_queue_retry)
                err = store_queue_retry(tx, row->id, now_us);
        else if (command == &ctl_queue_bounce)
                err = store_queue_expire(tx, row->id, now_us);
        else
                err = store_queue_hold(tx, row->id, command == &ctl_queue_hold, now_us);
        *n += 1;
        return err;
}

/* One, for the words of nothing_fits. */
static enum err see_row(struct ctl_call *call, struct store_txn *tx,
                        const struct store_queue_row *row, size_t *n)
{
        (void)call;
        (void)tx;
        (void)row;
        *n += 1;
        return ERR_OK;
}

static enum err see_held(struct ctl_call *call, struct store_txn *tx,
                         const struct store_queue_row *row, size_t *n)
{
        (void)call;
        (void)tx;
        *n += (row->flags & STORE_QUEUE_HELD) != 0;
        return ERR_OK;
}

static const char *note_of(size_t n, size_t held)
{
        if (n >= MAX_CHANGES)
                return "there may be more: say it again";
        return held ? "done, but for what is held: queue release" : "done";
}

static enum err change_work(struct ctl_call *call, struct store_txn *tx)
{
        size_t n, seen = 0, held = 0;
        enum err err;

        if (!is_selected(call) && !ctl_switch(call, "--all"))
                return ctl_fail(call, ERR_SYNTAX,
                                "say which: an ID, --domain, --sender, --recipient, --older-than "
                                "or --all");
        err = each_row(call, tx, 1, see_row, &seen);
        if (!err && !seen)
                return nothing_fits(call);
        if (!err)
                err = each_row(call, tx, MAX_CHANGES, change_row, &n);
        if (!err && call->command == &ctl_queue_retry)
                err = each_row(call, tx, 1, see_held, &held);
        if (err)
                return err;
        ctl_row(call, json_pack("{s:I,s:s}", "changed", (json_int_t)n, "note", note_of(n, held)));
        return ERR_OK;
}

#define CHANGE(command, word, words, asks)                                                         \
        const struct ctl_command command = {                                                       \
                .group = "queue",                                                                  \
                .name = word,                                                                      \
                .help = words,                                                                     \
                .params = change_params,                                                           \
                .columns = (const char *const[]){"changed", "note", NULL},                       \
                .place = CTL_WRITE,                                                                \
                .confirms = asks,                                                                  \
                .work = change_work,                                                               \
        }

CHANGE(ctl_queue_bounce, "bounce",
       "Gives up: the senders get a report that their mail could not be delivered.", false);
CHANGE(ctl_queue_hold, "hold", "Mail is kept and not tried until it is released.", false);
CHANGE(ctl_queue_release, "release", "Mail that was held is tried again.", false);
CHANGE(ctl_queue_remove, "remove", "Throws mail away; its senders are not told.", true);
CHANGE(ctl_queue_retry, "retry",
       "Tries mail at once, with its waiting times begun anew; not what is held.", false);

const struct ctl_command ctl_queue_list = {
        .group = "queue",
        .name = "list",
        .help = "Lists mail for elsewhere that has not been delivered yet, a line a recipient.",
        .params = list_params,
        .columns = (const char *const[]){"id", "message", "received", "sender", "recipient",
                                         "octets", "attempts", "next", "status", NULL},
        .place = CTL_READ,
        .work = list_work,
};
const struct ctl_command ctl_queue_show = {
        .group = "queue",
        .name = "show",
        .help = "Tells all about mail in the queue: the last attempts, what the other server said, "
                "and what that means where it is known.",
        .params = list_params,
        .columns = (const char *const[]){"id", "what", "value", NULL},
        .place = CTL_READ,
        .work = show_work,
};
