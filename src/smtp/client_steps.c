/*
 * client_steps.c — the script of a client, as one table.
 *
 * The story: the server greets; we say EHLO, change to TLS and say EHLO again, log
 * in, and are ready. A message is MAIL, RCPT …, DATA and its octets, or BDAT with
 * them; with PIPELINING (RFC 2920) the commands leave together and this table says only
 * whose reply is awaited. Times are those of RFC 5321 4.5.3.2.
 */
#include "client_impl.h"

#define TIME(field) offsetof(struct smtp_client_config, field)

#define STEP(stage_, phrase_, timeout_, send_, on_reply_)                                          \
        {                                                                                          \
                .stage = (stage_), .phrase = (phrase_), .timeout = (timeout_), .send = (send_),    \
                .on_reply = (on_reply_)                                                            \
        }
#define COMMAND TIME(command_timeout_ms)

const struct smtp_client_step smtp_client_steps[] = {
        [SMTP_CLIENT_CONNECT] = STEP("connect", "the connection", 0, NULL, NULL),
        [SMTP_CLIENT_TLS] = STEP("tls", "the TLS handshake", 0, NULL, NULL),
        [SMTP_CLIENT_GREETING] = STEP("greeting", "the greeting", TIME(greeting_timeout_ms), NULL,
                                      smtp_client_on_greeting),
        [SMTP_CLIENT_EHLO] = STEP("ehlo", "the answer to EHLO", COMMAND, smtp_client_send_hello,
                                  smtp_client_on_hello),
        [SMTP_CLIENT_HELO] = STEP("ehlo", "the answer to HELO", COMMAND, smtp_client_send_helo,
                                  smtp_client_on_helo),
        [SMTP_CLIENT_STARTTLS] = STEP("tls", "the answer to STARTTLS", COMMAND,
                                      smtp_client_send_starttls, smtp_client_on_starttls),
        [SMTP_CLIENT_AUTH] = STEP("auth", "the answer to AUTH", COMMAND, smtp_client_send_auth,
                                  smtp_client_on_auth),
        [SMTP_CLIENT_READY] = STEP("idle", "the next message", 0, NULL, NULL),
        [SMTP_CLIENT_RESET] = STEP("reset", "the answer to RSET", COMMAND, smtp_client_send_rset,
                                   smtp_client_on_rset),
        [SMTP_CLIENT_MAIL] = STEP("mail", "the answer to MAIL", COMMAND, smtp_client_send_mail,
                                  smtp_client_on_mail),
        [SMTP_CLIENT_RCPT] = STEP("rcpt", "the answer to RCPT", COMMAND, NULL, smtp_client_on_rcpt),
        [SMTP_CLIENT_DATA] = STEP("data", "the answer to DATA", TIME(data_timeout_ms),
                                  smtp_client_send_data, smtp_client_on_data),
        [SMTP_CLIENT_CONTENT] =
                STEP("content", "the message to be taken", TIME(data_block_timeout_ms),
                     smtp_client_content_pump, smtp_client_on_content),
        [SMTP_CLIENT_END] = STEP("end of data", "the answer to the message",
                                 TIME(data_end_timeout_ms), NULL, smtp_client_on_end),
};
