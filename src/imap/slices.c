/* slices.c — ranges of UIDs, cut where enough messages are in. */
#include "slices.h"

void imap_slices_init(struct imap_slices *s, struct uid_set *uids, size_t max)
{
        *s = (struct imap_slices){ .uids = *uids, .max = max };
        *uids = (struct uid_set){ 0 };
}

void imap_slices_done(struct imap_slices *s)
{
        uid_set_done(&s->uids);
        uid_set_done(&s->slice);
        *s = (struct imap_slices){ 0 };
}

/* From *r the first `room` messages at most; what is left stays in *r. How many are taken. */
static size_t cut(const struct uid_map *messages, struct uid_range *r, size_t room,
                  struct uid_set *slice, bool *ret_whole)
{
        struct uid_range numbers;
        size_t n = 0;

        if (uid_map_numbers(messages, r->first, r->last, &numbers))
                n = (size_t)numbers.last - numbers.first + 1;
        *ret_whole = n <= room;
        if (*ret_whole) {
                uid_set_add_range(slice, r->first, r->last);
                return n;
        }
        n = room;
        if (n) {
                uint32_t last = uid_map_uid(messages, numbers.first + (uint32_t)n - 1);

                uid_set_add_range(slice, r->first, last);
                r->first = last + 1;
        }
        return n;
}

bool imap_slices_next(struct imap_slices *s, const struct uid_map *messages)
{
        bool whole = true;
        size_t n = 0;

        uid_set_clear(&s->slice);
        while (whole && s->range < s->uids.n) {
                struct uid_range r = s->uids.ranges[s->range];

                if (s->next > r.first)
                        r.first = s->next;
                n += cut(messages, &r, s->max - n, &s->slice, &whole);
                if (whole)
                        s->range++;
                else
                        s->next = r.first;
        }
        return s->slice.n > 0;
}
