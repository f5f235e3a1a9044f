/* slices.c — ranges of UIDs, cut where enough messages are in. */
#include "slices.h"

/* To commit costs as much as to change some hundred messages. */
enum { FEW_MESSAGES = 1000, US_PER_MS = 1000 };

void imap_slices_init(struct imap_slices *s, struct uid_set *uids, const struct imap_config *config)
{
        *s = (struct imap_slices){
                .uids = *uids,
                .max = config ? (size_t)config->max_slice_messages : SIZE_MAX,
                .aim_us = config ? config->slice_time_ms * US_PER_MS : 0,
        };
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

/* What fits the time, by the last slice. */
static size_t size_of_next(const struct imap_slices *s, const struct task *task)
{
        int64_t took_us = task->finished_us - task->started_us;
        double n;

        if (!s->n || took_us <= 0)
                return s->max;
        n = (double)s->n * (double)s->aim_us / (double)took_us;
        if (n >= (double)s->max)
                return s->max;
        if (n >= FEW_MESSAGES)
                return (size_t)n;
        return s->max < FEW_MESSAGES ? s->max : FEW_MESSAGES;
}

bool imap_slices_next(struct imap_slices *s, const struct uid_map *messages,
                      const struct task *task)
{
        size_t room = size_of_next(s, task), n = 0;
        bool whole = true;

        uid_set_clear(&s->slice);
        while (whole && s->range < s->uids.n) {
                struct uid_range r = s->uids.ranges[s->range];

                if (s->next > r.first)
                        r.first = s->next;
                n += cut(messages, &r, room - n, &s->slice, &whole);
                if (whole)
                        s->range++;
                else
                        s->next = r.first;
        }
        s->n = n;
        return s->slice.n > 0;
}
