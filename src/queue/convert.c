/*
 * convert.c — the worker's side of a conversion.
 *
 *   store ─► file, without our signatures ─► mime_to_seven_bit ─► file ─► signed again
 *
 * What we have signed (a submission's, by the fields before its content) is
 * signed once more as it goes out, with the keys of now: RFC 6376 5.3 wants a signature
 * to be made of what is sent. Signatures of others stay, as RFC 6376 4.2 asks,
 * though they hold no more.
 */
#include "convert.h"

#include "mailserver/core/clock.h"
#include "mailserver/mime/field.h"
#include "mailserver/mime/seven_bit.h"
#include "mailserver/smtp/sign.h"
#include "mailserver/store/scratch.h"

enum { CHUNK = 64 << 10, MAX_PREPEND = 1 << 20, MAX_SIGNATURES = 64 << 10, MAX_DOMAIN = 256 };

struct converted {
        unsigned refs;
        struct buf signatures;
        struct scratch *scratch;
        struct slice octets; /* of the scratch, mapped */
};

struct converted *converted_ref(struct converted *c)
{
        c->refs++;
        return c;
}

void converted_unref(struct converted *c)
{
        if (!c || --c->refs)
                return;
        scratch_free(c->scratch);
        buf_done(&c->signatures);
        mem_free(c);
}

int64_t converted_size(const struct converted *c)
{
        return (int64_t)(c->signatures.len + c->octets.len);
}

void converted_read(const struct converted *c, int64_t offset, size_t max, struct buf *out)
{
        struct slice head = slice_from(buf_slice(&c->signatures), (size_t)offset);

        if (head.len) {
                buf_add(out, slice_head(head, max));
                return;
        }
        buf_add(out, slice_head(slice_from(c->octets, (size_t)offset - c->signatures.len), max));
}

/* ---- what it is made of ---- */

/* "d=" of a signature of ours: RFC 6376 3.5. */
static void signing_domain(struct slice value, struct buf *out)
{
        struct slice tag;

        while (slice_cut(&value, ';', &tag)) {
                while (slice_skip(&tag, ' ') || slice_skip(&tag, '\t') || slice_skip(&tag, '\r') ||
                       slice_skip(&tag, '\n'))
                        ;
                if (!slice_skip_word(&tag, SLICE("d=")))
                        continue;
                buf_clear(out);
                buf_add(out, slice_trim(tag));
        }
}

/* Fields before the content, but for our signatures, whose domain is noted. */
static enum err put_prepend(struct slice prepend, struct scratch *source, struct buf *domain)
{
        struct mime_field field;
        enum err err = ERR_OK;

        while (!err && mime_field_next(&prepend, &field)) {
                if (slice_eq_word(field.name, SLICE("DKIM-Signature")))
                        signing_domain(field.value, domain);
                else
                        err = scratch_put(source, field.whole);
        }
        return err;
}

static enum err put_content(struct store_txn *tx, int64_t message, int64_t offset,
                            struct scratch *source)
{
        AUTO_BUF(chunk, CHUNK);
        enum err err = ERR_OK;

        do {
                buf_clear(&chunk);
                err = store_queue_read(tx, message, offset, CHUNK, &chunk);
                if (!err)
                        err = scratch_put(source, buf_slice(&chunk));
                offset += (int64_t)chunk.len;
        } while (!err && chunk.len);
        return err;
}

static enum err read_source(struct store_txn *tx, int64_t message, struct scratch *source,
                            struct buf *domain)
{
        AUTO_BUF(prepend, MAX_PREPEND);
        enum err err = store_queue_prepend(tx, message, &prepend);

        if (!err)
                err = put_prepend(buf_slice(&prepend), source, domain);
        return err ? err : put_content(tx, message, (int64_t)prepend.len, source);
}

/* ---- making it ---- */

static enum err put(void *arg, struct slice octets)
{
        return scratch_put(arg, octets);
}

static enum err sign_again(struct store_txn *tx, struct slice domain, struct converted *made)
{
        unsigned char body_hash[DKIM_HASH_SIZE];
        size_t header = mime_header_length(made->octets);

        if (!domain.len)
                return ERR_OK;
        dkim_body_hash(slice_from(made->octets, header), body_hash);
        return smtp_sign(tx, domain, slice_head(made->octets, header), body_hash, clock_now_us(),
                         &made->signatures);
}

static enum err convert(struct conversion *c, struct store_txn *tx, struct scratch *source,
                        struct converted *made)
{
        AUTO_BUF(domain, MAX_DOMAIN);
        struct slice message = { 0 };
        enum err err = read_source(tx, c->message, source, &domain);

        if (!err)
                err = scratch_map(source, &message);
        if (!err)
                err = mime_to_seven_bit(message, put, made->scratch, &c->why);
        if (!err)
                err = scratch_map(made->scratch, &made->octets);
        return err ? err : sign_again(tx, buf_slice(&domain), made);
}

static enum err conversion_work(struct task *t, struct store_txn *tx)
{
        struct conversion *c = container_of(t, struct conversion, task);
        struct scratch *source = scratch_new(store_of(tx));
        struct converted *made = NEW(struct converted);
        enum err err;

        made->refs = 1;
        made->signatures.max = MAX_SIGNATURES;
        made->scratch = scratch_new(store_of(tx));
        err = convert(c, tx, source, made);
        scratch_free(source);
        if (err) {
                converted_unref(made);
                return c->why ? ERR_OK : err;
        }
        c->made = made;
        return ERR_OK;
}

static void conversion_drop(struct task *t)
{
        struct conversion *c = container_of(t, struct conversion, task);

        converted_unref(c->made);
        mem_free(c);
}

static void conversion_done(struct task *t)
{
        struct conversion *c = container_of(t, struct conversion, task);

        c->done(c);
}

static const struct task_class conversion_class = { "queue convert", conversion_work,
                                                    conversion_done, conversion_drop };

struct conversion *conversion_start(struct store *store, int64_t message, void *owner,
                                    void (*done)(struct conversion *c))
{
        struct conversion *c = NEW(struct conversion);

        c->task.class = &conversion_class;
        c->task.owner = owner;
        c->message = message;
        c->done = done;
        if (!store_submit(store, message, STORE_READ, &c->task))
                return c;
        conversion_drop(&c->task);
        return NULL;
}
