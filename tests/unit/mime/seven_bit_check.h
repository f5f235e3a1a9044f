/*
 * seven_bit_check.h — is a converted message the same as before to who reads its parts?
 *
 * Written from what the index sees of both, for fuzz targets and unit tests.
 */
#ifndef SEVEN_BIT_CHECK_H
#define SEVEN_BIT_CHECK_H

#include "index.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/seven_bit.h"

static inline enum err seven_bit_collect(void *arg, struct slice octets)
{
        return buf_put(arg, octets);
}

static inline bool seven_bit_is_clean(struct slice s)
{
        return !text_has_8bit(s) && slice_find(s, '\0') < 0;
}

/* Decoded. */
static inline bool seven_bit_same_body(const struct mime_index *a, const struct mime_part *before,
                                       const struct mime_index *b, const struct mime_part *after)
{
        AUTO_BUF(x, BUF_MAX);
        AUTO_BUF(y, BUF_MAX);

        return !mime_decode(before->encoding, mime_part_body(a, before), &x) &&
               !mime_decode(after->encoding, mime_part_body(b, after), &y) &&
               slice_eq(buf_slice(&x), buf_slice(&y));
}

/* What differs, in words; NULL: nothing. */
static inline const char *seven_bit_part_differs(const struct mime_index *a,
                                                 const struct mime_part *before,
                                                 const struct mime_index *b,
                                                 const struct mime_part *after, bool whole)
{
        if (!seven_bit_is_clean(mime_part_body(b, after)))
                return "8-bit octets are left";
        if (after->encoding == MIME_ENCODING_8BIT || after->encoding == MIME_ENCODING_BINARY)
                if (before->end > before->body)
                        return "a label still says 8-bit";
        if (whole)
                return seven_bit_same_body(a, before, b, after) ? NULL : "a message/global changed";
        if (before->kind != after->kind ||
            (a->n_parts == b->n_parts && before->descendants != after->descendants))
                return "the tree changed";
        if (!slice_eq(before->type, after->type) || !slice_eq(before->subtype, after->subtype))
                return "a type changed";
        if (before->kind == MIME_KIND_LEAF && !seven_bit_same_body(a, before, b, after))
                return "a decoded part changed";
        return NULL;
}

static inline const char *seven_bit_differs(struct slice before, struct slice after)
{
        static const struct mime_limits limits = { .max_depth = MIME_MAX_DEPTH,
                                                   .max_parts = 10000 };
        const char *what = NULL;
        struct mime_index a, b;
        uint32_t j = 0;

        mime_index_build(&a, before, &limits);
        mime_index_build(&b, after, &limits);
        for (uint32_t i = 0; !what && i < a.n_parts; i++, j++) {
                const struct mime_part *part = &a.parts[i];
                bool whole = part->kind == MIME_KIND_MESSAGE &&
                             mime_part_is(part, "message", "global") &&
                             !seven_bit_is_clean(mime_part_body(&a, part));
                bool sealed = part->kind == MIME_KIND_MULTIPART &&
                              (mime_part_is(part, "multipart", "signed") ||
                               mime_part_is(part, "multipart", "encrypted"));

                if (j >= b.n_parts)
                        what = "parts are missing";
                else
                        what = seven_bit_part_differs(&a, part, &b, &b.parts[j], whole);
                if (!what && sealed &&
                    !slice_eq(mime_part_body(&a, part), mime_part_body(&b, &b.parts[j])))
                        what = "what is signed changed";
                if (sealed)
                        j += part->descendants;
                if (whole || sealed)
                        i += part->descendants;
        }
        if (!what && j != b.n_parts)
                what = "there are more parts";
        if (!what && !seven_bit_is_clean(after))
                what = "8-bit octets are left between the parts";
        mime_index_done(&a);
        mime_index_done(&b);
        return what;
}

#endif
