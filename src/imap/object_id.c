/* object_id.c — see object_id.h. */
#include "object_id.h"

enum { THREAD_DIGITS = 16, OBJECT_ID_MAX = 255 };

bool imap_is_object_id(struct slice s)
{
        for (size_t i = 0; i < s.len; i++)
                if (!ascii_alnum(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '-')
                        return false;
        return s.len > 0 && s.len <= OBJECT_ID_MAX;
}

void imap_put_mailbox_id(struct buf *out, int64_t mailbox, int64_t uidvalidity)
{
        buf_addf(out, " (F%llx-%llx)", (unsigned long long)mailbox,
                 (unsigned long long)uidvalidity);
}

enum err imap_put_email_id(struct buf *out, struct slice email_id)
{
        return buf_printf(out, " (M" SLICE_FMT ")", SLICE_ARG(email_id));
}

enum err imap_put_thread_id(struct buf *out, int64_t thread_id)
{
        return buf_printf(out, " (T%016llx)", (unsigned long long)thread_id);
}

bool imap_is_email_id(struct slice object_id, struct slice email_id)
{
        return slice_skip(&object_id, 'M') && slice_eq(object_id, email_id);
}

/* -1: none in lower case. */
static int digit_of(char c)
{
        if (ascii_digit(c))
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int64_t imap_thread_of_id(struct slice object_id)
{
        uint64_t number = 0;

        if (!slice_skip(&object_id, 'T') || object_id.len != THREAD_DIGITS)
                return -1;
        for (size_t i = 0; i < THREAD_DIGITS; i++) {
                int digit = digit_of(object_id.ptr[i]);

                if (digit < 0)
                        return -1;
                number = number << 4 | (uint64_t)digit;
        }
        return number <= INT64_MAX ? (int64_t)number : -1;
}
