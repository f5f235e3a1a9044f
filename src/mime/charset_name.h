/* charset_name.h — the charsets we know, by every name mail gives them. */
#ifndef MIME_CHARSET_NAME_H
#define MIME_CHARSET_NAME_H

#include "mailserver/mime/charset.h"

/* *ret_iconv is iconv's name when the answer is MIME_CHARSET_ICONV. */
enum mime_charset_kind mime_charset_by_name(struct slice name, const char **ret_iconv);

#endif
