/*
 * charset_name.c — charset names and aliases.
 *
 * A list of our own, for two reasons: iconv_open would load any of 250 converter
 * modules for a stranger's word, and what mail calls gb2312, ks_c_5601-1987,
 * shift_jis or iso-8859-1 is nearly always the larger set its maker's system
 * used, so the larger one is taken (as browsers do).
 */
#include "charset_name.h"

static const char utf8[] = "UTF-8", guess[] = "", cp1252[] = "CP1252";

static const struct {
        const char *name, *iconv;
} names[] = {
        {"utf-8",              utf8           },
        { "utf8",              utf8           },
        { "unicode-1-1-utf-8", utf8           },
        { "us-ascii",          guess          },
        { "ascii",             guess          },
        { "ansi_x3.4-1968",    guess          },
        { "unknown-8bit",      guess          },
        { "x-unknown",         guess          },
        { "iso-8859-1",        cp1252         },
        { "iso8859-1",         cp1252         },
        { "iso_8859-1",        cp1252         },
        { "latin1",            cp1252         },
        { "l1",                cp1252         },
        { "windows-1252",      cp1252         },
        { "cp1252",            cp1252         },
        { "x-cp1252",          cp1252         },
        { "iso-8859-8-i",      "ISO-8859-8"   },
        { "iso-8859-8-e",      "ISO-8859-8"   },
        { "iso-8859-11",       "CP874"        },
        { "latin2",            "ISO-8859-2"   },
        { "latin5",            "CP1254"       },
        { "latin9",            "ISO-8859-15"  },
        { "koi8-r",            "KOI8-R"       },
        { "koi8r",             "KOI8-R"       },
        { "koi8-u",            "KOI8-U"       },
        { "koi8-ru",           "KOI8-U"       },
        { "ibm866",            "IBM866"       },
        { "cp866",             "IBM866"       },
        { "ibm437",            "IBM437"       },
        { "cp437",             "IBM437"       },
        { "ibm850",            "IBM850"       },
        { "cp850",             "IBM850"       },
        { "ibm852",            "IBM852"       },
        { "cp852",             "IBM852"       },
        { "macintosh",         "MACINTOSH"    },
        { "x-mac-roman",       "MACINTOSH"    },
        { "tis-620",           "CP874"        },
        { "windows-874",       "CP874"        },
        { "cp874",             "CP874"        },
        { "gb2312",            "GB18030"      },
        { "gb_2312-80",        "GB18030"      },
        { "gbk",               "GB18030"      },
        { "x-gbk",             "GB18030"      },
        { "cp936",             "GB18030"      },
        { "gb18030",           "GB18030"      },
        { "euc-cn",            "GB18030"      },
        { "big5",              "BIG5-HKSCS"   },
        { "big5-hkscs",        "BIG5-HKSCS"   },
        { "x-x-big5",          "BIG5-HKSCS"   },
        { "cp950",             "BIG5-HKSCS"   },
        { "euc-tw",            "EUC-TW"       },
        { "iso-2022-jp",       "ISO-2022-JP-2"},
        { "iso-2022-jp-1",     "ISO-2022-JP-2"},
        { "iso-2022-jp-2",     "ISO-2022-JP-2"},
        { "csiso2022jp",       "ISO-2022-JP-2"},
        { "shift_jis",         "CP932"        },
        { "shift-jis",         "CP932"        },
        { "sjis",              "CP932"        },
        { "x-sjis",            "CP932"        },
        { "ms_kanji",          "CP932"        },
        { "windows-31j",       "CP932"        },
        { "cp932",             "CP932"        },
        { "euc-jp",            "EUC-JP-MS"    },
        { "x-euc-jp",          "EUC-JP-MS"    },
        { "euc-kr",            "CP949"        },
        { "ks_c_5601-1987",    "CP949"        },
        { "ks_c_5601",         "CP949"        },
        { "ksc5601",           "CP949"        },
        { "ksc_5601",          "CP949"        },
        { "korean",            "CP949"        },
        { "cp949",             "CP949"        },
        { "windows-949",       "CP949"        },
        { "iso-2022-kr",       "ISO-2022-KR"  },
        { "viscii",            "VISCII"       },
        { "armscii-8",         "ARMSCII-8"    },
        { "utf-7",             "UTF-7"        },
        { "unicode-1-1-utf-7", "UTF-7"        },
        { "utf-16",            "UTF-16"       },
        { "utf-16le",          "UTF-16LE"     },
        { "utf-16be",          "UTF-16BE"     },
        { "utf-32",            "UTF-32"       },
};

/* Families of numbered charsets; the number is the index. */
static const char *const iso_8859[] = {
        NULL,         NULL,          "ISO-8859-2",  "ISO-8859-3",  "ISO-8859-4",  "ISO-8859-5",
        "ISO-8859-6", "ISO-8859-7",  "ISO-8859-8",  "CP1254",      "ISO-8859-10", "CP874",
        NULL,         "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16",
};
static const char *const windows_125[] = {
        "CP1250", "CP1251", NULL, "CP1253", "CP1254", "CP1255", "CP1256", "CP1257", "CP1258",
};

static const struct {
        const char *prefix;
        const char *const *names;
        size_t n;
} families[] = {
        {"iso-8859-",    iso_8859,    17},
        { "iso8859-",    iso_8859,    17},
        { "iso_8859-",   iso_8859,    17},
        { "windows-125", windows_125, 9 },
        { "cp125",       windows_125, 9 },
        { "win-125",     windows_125, 9 },
        { "x-cp125",     windows_125, 9 },
};

static const char *find_in_families(struct slice name)
{
        for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
                struct slice rest = name;
                uint64_t number;

                if (slice_skip_word(&rest, slice_of(families[i].prefix)) &&
                    slice_number(rest, &number) && number < families[i].n)
                        return families[i].names[number];
        }
        return NULL;
}

enum mime_charset_kind mime_charset_by_name(struct slice name, const char **ret_iconv)
{
        const char *found = NULL;
        char first;

        name = slice_trim(name);
        if (!name.len)
                return MIME_CHARSET_GUESS;
        first = ascii_lower(name.ptr[0]);
        for (size_t i = 0; !found && i < sizeof names / sizeof names[0]; i++)
                if (names[i].name[0] == first && slice_eq_word(name, slice_of(names[i].name)))
                        found = names[i].iconv;
        if (!found)
                found = find_in_families(name);
        if (!found || found == guess)
                return MIME_CHARSET_GUESS;
        if (found == utf8)
                return MIME_CHARSET_UTF8;
        if (found == cp1252)
                return MIME_CHARSET_WINDOWS_1252;
        *ret_iconv = found;
        return MIME_CHARSET_ICONV;
}
