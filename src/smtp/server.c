/* server.c — what the sessions of one process share, and its options. */
#include "server.h"

#include "mailserver/core/mem.h"

#define OFFSET(field) offsetof(struct smtp_config, field)

static const char *const bare_newline_words[] = { "normalize", "reject", NULL };

static const struct conf_option options[] = {
        {.name = "max_message_size",
         .type = CONF_SIZE,
         .offset = OFFSET(max_message_size),
         .fallback = "50M",
         .min = 65536, /* RFC 5321 4.5.3.1.7 */
          .max = INT64_C(1) << 40,
         .help = "Largest message accepted, in octets as sent. Larger ones are refused at MAIL "
                  "when the client announces the size, else after the data." },
        { .name = "max_recipients",
         .type = CONF_INT,
         .offset = OFFSET(max_recipients),
         .fallback = "1000",
         .min = 100, /* RFC 5321 4.5.3.1.8 */
          .max = 100000,
         .help = "Recipients of one message. The rest are told to come in another one." },
        { .name = "max_messages",
         .type = CONF_INT,
         .offset = OFFSET(max_messages),
         .fallback = "10000",
         .min = 1,
         .max = 1000000000,
         .help = "Messages over one connection; then the client is told to come again." },
        { .name = "max_errors",
         .type = CONF_INT,
         .offset = OFFSET(max_errors),
         .fallback = "20",
         .min = 1,
         .max = 1000000,
         .help = "Refused commands, since the last message that was accepted, after which the "
                  "connection is closed." },
        { .name = "max_unknown_recipients",
         .type = CONF_INT,
         .offset = OFFSET(max_unknown_recipients),
         .fallback = "50",
         .min = 1,
         .max = 1000000,
         .help = "Recipients that do not exist, in one connection, after which it is closed: a "
                  "brake on those who guess addresses." },
        { .name = "max_line",
         .type = CONF_SIZE,
         .offset = OFFSET(max_line),
         .fallback = "2048",
         .min = 1024, /* RFC 5321 4.5.3.1.4 wants 512; our paths and parameters take more */
          .max = 65536,
         .help = "Longest command line, in octets. Lines of AUTH may have 12288 in any case." },
        { .name = "timeout",
         .type = CONF_TIME,
         .offset = OFFSET(timeout_ms),
         .fallback = "5m",
         .min = 1000,
         .max = 86400000,
         .help = "How long a client may take for the next command, or for 4096 octets of a "
                  "message." },
        { .name = "bare_newline",
         .type = CONF_ENUM,
         .offset = OFFSET(bare_newline),
         .fallback = "normalize",
         .words = bare_newline_words,
         .help = "CR or LF standing alone: in a message \"normalize\" makes line ends (CRLF) of "
                  "them, "
                  "\"reject\" refuses the message; neither ever ends it. A command line that ends "
                  "with LF alone is taken, or with \"reject\" answered with 421." },
        { .name = NULL                                                       },
};

const struct conf_table smtp_conf_table = {
        .path = "smtp",
        .help = "Receiving mail: SMTP on port 25, submission on 587 and 465.",
        .options = options,
        .size = sizeof(struct smtp_config),
};

struct smtp_server *smtp_server_new(const struct smtp_server_params *params)
{
        struct smtp_server *s = NEW(struct smtp_server);

        s->hostname = mem_strdup(slice_of(params->hostname));
        s->config = params->config;
        s->auth = params->auth;
        s->store = params->store;
        s->sink_ops = params->sink_ops;
        s->sink = params->sink;
        s->mx = (struct smtp_service){ .server = s, .submission = false };
        s->submission = (struct smtp_service){ .server = s, .submission = true };
        return s;
}

void smtp_server_free(struct smtp_server *s)
{
        if (!s)
                return;
        mem_free(s->hostname);
        mem_free(s);
}

void smtp_server_set_config(struct smtp_server *s, const struct smtp_config *config)
{
        s->config = config;
}

struct smtp_service *smtp_service_mx(struct smtp_server *s)
{
        return &s->mx;
}

struct smtp_service *smtp_service_submission(struct smtp_server *s)
{
        return &s->submission;
}
