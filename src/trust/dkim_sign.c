/*
 * dkim_sign.c — one DKIM-Signature field: RFC 6376 3.5, 5.
 *
 *   names of h= ─► the field with an empty b= ─► what is hashed ─► signature ─► b=
 */
#include "dkim_header.h"
#include "dkim_key.h"

#include "mailserver/core/text.h"
#include "mailserver/mime/field.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { MAX_COLUMN = 76, MAX_HEADER = 8 << 20, MAX_FIELD = 8192, MAX_SIGNATURE = 1024 };

/* RFC 6376 5.4.1, and what shapes the text: the MIME fields. */
static const char *const signed_fields[] = {
        "From",
        "Sender",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "To",
        "Cc",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "In-Reply-To",
        "References",
        "Resent-Date",
        "Resent-From",
        "Resent-Sender",
        "Resent-To",
        "Resent-Cc",
        "List-Id",
        "List-Help",
        "List-Unsubscribe",
        "List-Unsubscribe-Post", /* RFC 8058 4 */
        "List-Subscribe",
        "List-Post",
        "List-Owner",
        "List-Archive",
};

static void hash_piece(void *arg, struct slice octets)
{
        EVP_DigestUpdate(arg, octets.ptr, octets.len);
}

void dkim_body_hash(struct slice body, unsigned char ret_hash[DKIM_HASH_SIZE])
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        struct dkim_body b = { .sink = hash_piece, .arg = ctx };

        EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
        dkim_body_put(&b, body);
        dkim_body_end(&b);
        EVP_DigestFinal_ex(ctx, ret_hash, NULL);
        EVP_MD_CTX_free(ctx);
}

/* ---- which fields ---- */

static size_t count(struct slice header, struct slice name)
{
        struct mime_field field;
        size_t n = 0;

        while (mime_field_next(&header, &field))
                n += slice_eq_word(field.name, name);
        return n;
}

static enum err choose_names(struct slice header, struct dkim_names *names, struct error *reterr)
{
        for (size_t i = 0; i < sizeof signed_fields / sizeof *signed_fields; i++) {
                struct slice name = slice_of(signed_fields[i]);
                size_t n = count(header, name);

                if (i == 0 && n != 1)
                        return fail(reterr, ERR_SYNTAX, "%zu From fields; a signature needs one",
                                    n);
                if (i == 0)
                        n++; /* one more, which is not there, and so must not come */
                if (names->n + n > DKIM_MAX_NAMES)
                        return fail(reterr, ERR_LIMIT, "more than %d fields to sign",
                                    DKIM_MAX_NAMES);
                while (n--)
                        names->items[names->n++] = name;
        }
        return ERR_OK;
}

/* ---- the field, folded ---- */

struct folded {
        struct buf *out;
        size_t column;
};

/* `text` on this line, or on the next: nothing in it may be broken. */
static void put(struct folded *f, struct slice text)
{
        if (f->column + text.len > MAX_COLUMN) {
                buf_add(f->out, SLICE("\r\n\t"));
                f->column = 8;
                slice_skip(&text, ' ');
        }
        buf_add(f->out, text);
        f->column += text.len;
}

static void put_tag(struct folded *f, const char *name, struct slice value)
{
        AUTO_BUF(tag, MAX_FIELD);

        buf_addf(&tag, " %s=" SLICE_FMT ";", name, SLICE_ARG(value));
        put(f, buf_slice(&tag));
}

static void put_names(struct folded *f, const struct dkim_names *names)
{
        AUTO_BUF(word, MAX_FIELD);

        for (size_t i = 0; i < names->n; i++) {
                buf_clear(&word);
                buf_add(&word, i ? SLICE(":") : SLICE(" h="));
                for (size_t c = 0; c < names->items[i].len; c++)
                        buf_addc(&word, ascii_lower(names->items[i].ptr[c]));
                if (i + 1 == names->n)
                        buf_addc(&word, ';');
                put(f, buf_slice(&word));
        }
}

/* Base64 may be broken anywhere: RFC 6376 3.5, b=. */
static void put_base64(struct folded *f, struct slice octets)
{
        AUTO_BUF(text, MAX_FIELD);
        enum err ignored = text_base64_encode(octets, &text);
        struct slice rest = buf_slice(&text);

        (void)ignored; /* the ceiling is far above a signature */
        while (rest.len) {
                size_t room = f->column < MAX_COLUMN ? MAX_COLUMN - f->column : 0;
                struct slice part = slice_head(rest, room ? room : MAX_COLUMN - 8);

                put(f, part);
                rest = slice_from(rest, part.len);
        }
}

static void put_field(struct folded *f, const struct dkim_signing *signing,
                      const struct dkim_names *names, struct slice body_hash)
{
        AUTO_BUF(base64, MAX_FIELD);
        enum err ignored = text_base64_encode(body_hash, &base64);
        char seconds[24];

        (void)ignored;
        snprintf(seconds, sizeof seconds, "%lld", (long long)(signing->now_us / 1000000));
        put(f, SLICE("DKIM-Signature: v=1;"));
        put_tag(f, "a", slice_of(dkim_algorithm_name(dkim_key_algorithm(signing->key))));
        put_tag(f, "c", SLICE("relaxed/relaxed"));
        put_tag(f, "d", slice_of(signing->domain));
        put_tag(f, "s", slice_of(signing->selector));
        put_tag(f, "t", slice_of(seconds));
        put_names(f, names);
        put_tag(f, "bh", buf_slice(&base64));
        put(f, SLICE(" b="));
}

enum err dkim_sign(const struct dkim_signing *signing, struct slice header,
                   const unsigned char body_hash[DKIM_HASH_SIZE], struct buf *out,
                   struct error *reterr)
{
        struct dkim_names names = { .n = 0 };
        AUTO_BUF(octets, MAX_HEADER);
        AUTO_BUF(field, MAX_FIELD);
        AUTO_BUF(signature, MAX_SIGNATURE);
        struct folded f = { .out = &field };
        enum err err = choose_names(header, &names, reterr);

        if (err)
                return err;
        put_field(&f, signing, &names, (struct slice){ (const char *)body_hash, DKIM_HASH_SIZE });
        err = dkim_header_octets(header, &names, buf_slice(&field), &octets);
        if (!err)
                err = dkim_key_sign(signing->key, buf_slice(&octets), &signature);
        if (err)
                return fail(reterr, err, "the header cannot be signed: %s", err_name(err));
        put_base64(&f, buf_slice(&signature));
        buf_add(&field, SLICE("\r\n"));
        return buf_put(out, buf_slice(&field));
}
