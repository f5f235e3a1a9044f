/* conf_units.c — sizes and times as people write them. */
#include "mailserver/core/conf.h"

struct unit {
        const char *name;
        int64_t factor;
};

static const struct unit size_units[] = {
        {"",    1               },
        { "K",  INT64_C(1) << 10},
        { "M",  INT64_C(1) << 20},
        { "G",  INT64_C(1) << 30},
        { "T",  INT64_C(1) << 40},
        { NULL, 0               },
};
static const struct unit time_units[] = {
        {"ms",  1       },
        { "s",  1000    },
        { "m",  60000   },
        { "h",  3600000 },
        { "d",  86400000},
        { NULL, 0       },
};

static bool parse(struct slice text, const struct unit *units, int64_t *ret_value)
{
        uint64_t n;
        int64_t value;

        if (!slice_cut_number(&text, &n))
                return false;
        while (units->name && !slice_eq(text, slice_of(units->name)))
                units++;
        if (!units->name || __builtin_mul_overflow(n, units->factor, &value))
                return false;
        *ret_value = value;
        return true;
}

bool conf_parse_size(struct slice text, int64_t *ret_octets)
{
        return parse(text, size_units, ret_octets);
}

bool conf_parse_time(struct slice text, int64_t *ret_ms)
{
        /* Nothing needs no unit; anything else without one is a mistake waiting to be made. */
        if (slice_eq(text, SLICE("0"))) {
                *ret_ms = 0;
                return true;
        }
        return parse(text, time_units, ret_ms);
}

static void write_units(int64_t value, const struct unit *units, struct buf *out)
{
        const struct unit *best = units;

        for (; units->name; units++)
                if (value % units->factor == 0 && value != 0)
                        best = units;
        buf_addf(out, "%lld%s", (long long)(value / best->factor), best->name);
}

void conf_write_size(int64_t octets, struct buf *out)
{
        write_units(octets, size_units, out);
}

void conf_write_time(int64_t ms, struct buf *out)
{
        if (ms == 0)
                buf_add(out, SLICE("0s"));
        else
                write_units(ms, time_units, out);
}
