/*
 * fuzz_mime_index.c — any octets are a message.
 *
 * The first three octets set the limits, so that they are met. The tree seen
 * through the table of parts must nest and lie within the message, the renderings
 * must be IMAP's grammar, and a damaged table must never lead outside.
 */
#include "imap_syntax.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/parts.h"
#include "mailserver/mime/summary.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
        if (!holds) {
                fprintf(stderr, "does not hold: %s\n", what);
                abort();
        }
}

static bool is_within(struct mime_range inner, struct mime_range outer)
{
        return inner.start >= outer.start && inner.start <= inner.end && inner.end <= outer.end;
}

struct walk {
        const struct mime_summary *summary;
        uint64_t size;
        size_t parts;
};

/* All parts under the section `prefix`, which lie in `parent`. */
static void walk_children(struct walk *w, const char *prefix, struct mime_range parent)
{
        for (unsigned n = 1;; n++) {
                char section[1024];
                struct mime_section s;
                enum err err;

                snprintf(section, sizeof section, "%s%u", prefix, n);
                err = mime_parts_find(buf_slice(&w->summary->parts), slice_of(section), w->size,
                                      &s);
                if (err == ERR_NOTFOUND)
                        return;
                require(err == ERR_OK, "the table can be read");
                require(is_within(s.header, parent) && is_within(s.body, parent),
                        "a part lies within its parent");
                require(s.header.end == s.body.start, "a body follows its header");
                w->parts++;
                if (s.kind == MIME_SECTION_LEAF)
                        continue;
                if (s.kind == MIME_SECTION_MESSAGE) {
                        require(is_within(s.inner_header, s.body) &&
                                        is_within(s.inner_text, s.body),
                                "an embedded message lies within its part");
                        require(s.inner_header.start == s.body.start &&
                                        s.inner_text.end == s.body.end,
                                "an embedded message is all of its part");
                }
                snprintf(section, sizeof section, "%s%u.", prefix, n);
                walk_children(w, section, s.body);
        }
}

static void check_damaged(struct slice table, uint64_t message_size, const uint8_t *noise, size_t n)
{
        static const char *const sections[] = { "", "1", "2", "1.1", "1.2.1", "3.1.1.1" };
        AUTO_BUF(damaged, BUF_MAX);

        buf_add(&damaged, table);
        for (size_t i = 0; i < n; i++) {
                damaged.ptr[(i * 31 + noise[i]) % damaged.len] = (char)noise[n - 1 - i];
                for (size_t j = 0; j < sizeof sections / sizeof sections[0]; j++) {
                        struct mime_section s;
                        struct mime_range all = { 0, message_size };

                        if (mime_parts_find(buf_slice(&damaged), slice_of(sections[j]),
                                            message_size, &s))
                                continue;
                        require(is_within(s.header, all) && is_within(s.body, all) &&
                                        is_within(s.inner_header, all) &&
                                        is_within(s.inner_text, all),
                                "a damaged table stays within the message");
                }
        }
}

static size_t characters(struct slice utf8)
{
        size_t n = 0;

        for (size_t i = 0; i < utf8.len; i++)
                n += (utf8.ptr[i] & 0xc0) != 0x80;
        return n;
}

static void check_texts(const struct mime_summary *s)
{
        struct slice preview = buf_slice(&s->preview);

        require(text_utf8_valid(preview) && characters(preview) <= 200, "a preview is short UTF-8");
        require(slice_find(preview, '\n') < 0 && slice_find(preview, '\0') < 0,
                "a preview is one line");
        require(text_utf8_valid(buf_slice(&s->keys.base_subject)), "a base subject is UTF-8");
        require(slice_find(buf_slice(&s->keys.message_id), ' ') < 0, "a message id is one word");
        require(s->keys.references.len <= 32768, "references are bounded");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct mime_limits limits = mime_limits_default;
        struct mime_summary summary;
        struct slice message;
        struct walk walk;

        if (size < 3)
                return 0;
        limits.max_depth = data[0] % 40;
        limits.max_parts = data[1];
        limits.max_rendering = (size_t)1 << data[2] % 20;
        message = (struct slice){ (const char *)data + 3, size - 3 };
        mime_summary_init(&summary);
        mime_summarise(message, &limits, &summary);

        require(summary.header_length == mime_header_length(message), "the header ends once");
        require(imap_is_envelope(buf_slice(&summary.envelope)), "ENVELOPE is in the grammar");
        require(imap_is_body(buf_slice(&summary.bodystructure), true),
                "BODYSTRUCTURE is in the grammar");
        require(imap_is_body(buf_slice(&summary.body), false), "BODY is in the grammar");
        check_texts(&summary);
        walk = (struct walk){ .summary = &summary, .size = message.len };
        walk_children(&walk, "", (struct mime_range){ 0, message.len });
        require(walk.parts <= (limits.max_parts ? limits.max_parts : 1), "parts are capped");
        check_damaged(buf_slice(&summary.parts), message.len, data, size < 16 ? size : 16);
        mime_summary_done(&summary);
        return 0;
}
