/* line.c — a command line taken apart. */
#include "line.h"

struct pop3_line pop3_line_parse(struct slice line)
{
        struct pop3_line parsed = { .args = line };

        if (!slice_cut(&parsed.args, ' ', &parsed.verb)) {
                parsed.verb = line;
                parsed.args = slice_from(line, line.len);
        }
        return parsed;
}

bool pop3_arg_word(struct slice *args, struct slice *ret_word)
{
        struct slice rest = slice_trim(*args);

        if (!rest.len)
                return false;
        *ret_word = slice_cut_piece(&rest, ' ');
        *args = slice_trim(rest);
        return true;
}

bool pop3_arg_number(struct slice *args, uint32_t *ret_number)
{
        struct slice rest = *args, word;
        uint64_t number;

        if (!pop3_arg_word(&rest, &word) || !slice_number(word, &number) || number > UINT32_MAX)
                return false;
        *args = rest;
        *ret_number = (uint32_t)number;
        return true;
}

bool pop3_arg_end(struct slice args)
{
        return slice_trim(args).len == 0;
}
