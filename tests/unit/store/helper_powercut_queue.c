/* helper_powercut_queue.c — see helper_powercut_queue.h. */
#include "helper_powercut_queue.h"

#include "mailserver/core/arena.h"
#include "mailserver/store/queue.h"

#include <stdio.h>

#define NOW_US ((int64_t)400000 * 3600 * 1000000)
enum { ARENA_MAX = 1 << 20 };

enum err queue_message(struct store_txn *tx, int number, int64_t account, int64_t content)
{
        struct store_queue_recipient recipients[QUEUE_RECIPIENTS];
        char addresses[QUEUE_RECIPIENTS][64];
        AUTO_BUF(prepend, 256);

        prepend_octets(number, &prepend);
        for (int i = 0; i < QUEUE_RECIPIENTS; i++) {
                snprintf(addresses[i], sizeof addresses[i], "%d-%d@away.example.net", number, i);
                recipients[i] = (struct store_queue_recipient){ .address = addresses[i],
                                                                .domain = "away.example.net" };
        }
        return store_queue_add(tx,
                               &(struct store_queue_message){ .content = content,
                                                              .account = account,
                                                              .mail_id = "mail",
                                                              .prepend = buf_slice(&prepend),
                                                              .sender = names[0],
                                                              .received_us = NOW_US,
                                                              .expires_us = NOW_US * 2 },
                               recipients, QUEUE_RECIPIENTS);
}

static enum err list_rows(struct store_txn *tx, struct arena *arena, size_t max,
                          struct store_queue_rows *ret_rows)
{
        return store_queue_list(tx, &(struct store_queue_select){ 0 }, 0, max, arena, ret_rows);
}

/* The row that has been there for longest. */
static enum err first_row(struct store_txn *tx, int64_t *ret_row)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(ARENA_MAX);
        struct store_queue_rows rows;
        enum err err = list_rows(tx, &arena, 1, &rows);

        if (!err && rows.n == 0)
                err = ERR_NOTFOUND;
        if (!err)
                *ret_row = rows.items[0].id;
        return err;
}

enum err queue_defer(struct store_txn *tx, int number)
{
        struct store_queue_attempt attempt = { .at_us = NOW_US + number,
                                               .mx = "mx.away.example.net",
                                               .ip = "192.0.2.1",
                                               .tls = "",
                                               .status = "4.7.1" };
        char reply[32];
        enum err err = first_row(tx, &attempt.row);

        snprintf(reply, sizeof reply, "step %d", number);
        attempt.reply = reply;
        return err ? err : store_queue_deferred(tx, &attempt, NOW_US * 2 + number);
}

enum err queue_sent(struct store_txn *tx)
{
        int64_t row;
        enum err err = first_row(tx, &row);

        return err ? err : store_queue_remove(tx, row);
}

/* ---- looking ---- */

static enum err count_attempt(void *arg, const struct store_queue_attempt *attempt)
{
        int *n = arg;

        (void)attempt;
        ++*n;
        return ERR_OK;
}

static bool octets_are_right(int number, struct slice octets)
{
        AUTO_BUF(prepend, BUF_MAX);
        AUTO_BUF(message, BUF_MAX);

        prepend_octets(number, &prepend);
        message_octets(number, &message);
        return slice_starts(octets, buf_slice(&prepend)) &&
               slice_eq(slice_from(octets, prepend.len), buf_slice(&message));
}

static enum err look_at_row(struct store_txn *tx, const struct store_queue_row *row,
                            struct model_row *m)
{
        AUTO_BUF(octets, BUF_MAX);
        int attempts = 0, number;
        enum err err = store_queue_read(tx, row->message, 0, 1 << 20, &octets);

        if (!err)
                err = store_queue_attempts(tx, row->id, count_attempt, &attempts);
        if (err)
                return err;
        if (sscanf(row->address, "%d-%d@", &m->step, &m->recipient) != 2 || m->step >= STEPS ||
            (int64_t)octets.len != row->size || !octets_are_right(m->step, buf_slice(&octets)))
                return ERR_CORRUPT;
        m->attempts = attempts;
        if (attempts != (int)row->attempts || (attempts > 0) != (row->last_reply != NULL))
                return ERR_CORRUPT;
        if (!attempts)
                return row->next_attempt_us == NOW_US ? ERR_OK : ERR_CORRUPT;
        if (sscanf(row->last_reply, "step %d", &number) != 1 ||
            row->next_attempt_us != NOW_US * 2 + number)
                return ERR_CORRUPT;
        m->deferred_by = number;
        return ERR_OK;
}

enum err queue_look(struct store_txn *tx, struct model *ret)
{
        AUTO(arena_done) struct arena arena = ARENA_INIT(ARENA_MAX);
        struct store_queue_rows rows;
        enum err err = list_rows(tx, &arena, QUEUE_MAX + 1, &rows);

        if (!err && rows.n > QUEUE_MAX)
                err = ERR_CORRUPT;
        for (size_t i = 0; !err && i < rows.n; i++)
                err = look_at_row(tx, &rows.items[i], &ret->queue[i]);
        if (!err)
                ret->n_queue = (int)rows.n;
        return err;
}

enum err queue_count_sent(struct store_txn *tx, int64_t account, int *ret_n)
{
        int64_t hour, day;
        enum err err = store_queue_sent(tx, account, NOW_US, &hour, &day);

        if (!err)
                *ret_n = (int)day;
        return err;
}
