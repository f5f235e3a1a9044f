/*
 * fuzz_auth_sasl.c — AUTH as strangers speak it, against a real store.
 *
 * The first octet chooses the mechanism; then come the client's messages, one
 * a line: encoded here, or, after an octet 1, sent as they are. Every message
 * must be answered once, and nobody gets in without an account.
 */
#include "fuzz_house.h"

#include "mailserver/core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const mechanisms[] = {
        "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS",
};

struct attempt {
        struct auth_exchange *exchange;
        unsigned answers;
        enum auth_outcome outcome;
};

static void answered(void *owner, struct auth_exchange *x, enum auth_outcome outcome)
{
        struct attempt *a = owner;

        require(a->exchange == x);
        a->answers++;
        a->outcome = outcome;
}

/* The line as it goes over the wire. */
static void encode(struct slice message, struct buf *out)
{
        buf_clear(out);
        if (slice_skip(&message, 1))
                buf_add(out, message);
        else
                require(text_base64_encode(message, out) == ERR_OK);
}

static bool next_line(struct slice *rest, struct slice *ret_line)
{
        if (slice_cut(rest, '\n', ret_line))
                return true;
        *ret_line = *rest;
        *rest = slice_from(*rest, rest->len);
        return ret_line->len > 0;
}

static void wait_for_answer(struct attempt *a)
{
        a->answers = 0;
        while (!a->answers)
                loop_turn(house.loop, true);
        require(a->answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct net_address near = { .ip = { [15] = 1 } };
        struct auth_client client = {
                .peer = &near,
                .tls = true,
                .binding_type = "tls-exporter",
                .binding = SLICE("this TLS session"),
        };
        struct slice rest = { (const char *)data, size }, line, none = { 0 };
        struct attempt a = { 0 };
        AUTO_BUF(wire, BUF_MAX);
        const char *mechanism;
        bool initial;

        if (size == 0)
                return 0;
        if (house_open())
                atexit(house_close);
        mechanism = mechanisms[(data[0] & 0x7f) % (sizeof mechanisms / sizeof *mechanisms)];
        initial = !(data[0] & 0x80);
        rest = slice_from(rest, 1);
        a.exchange = auth_exchange_new(house.auth, &client, &a, answered);
        if (initial && next_line(&rest, &line)) {
                encode(line, &wire);
                auth_exchange_start(a.exchange, slice_of(mechanism), buf_slice(&wire));
        } else {
                auth_exchange_start(a.exchange, slice_of(mechanism), none);
        }
        wait_for_answer(&a);
        while (a.outcome == AUTH_CHALLENGE && next_line(&rest, &line)) {
                encode(line, &wire);
                auth_exchange_respond(a.exchange, buf_slice(&wire));
                wait_for_answer(&a);
        }
        if (a.outcome == AUTH_OK)
                require(auth_exchange_account(a.exchange) > 0);
        auth_exchange_free(a.exchange);
        return 0;
}
