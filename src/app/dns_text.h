/* dns_text.h — what is wrong with a domain's own DMARC and TLS-RPT records, in plain words. Pure. */
#ifndef APP_DNS_TEXT_H
#define APP_DNS_TEXT_H

#include "mailserver/core/slice.h"

/* NULL: nothing. RFC 7489 6.3, 6.4. */
const char *dns_text_dmarc_wrong(struct slice record);
/* NULL: nothing. RFC 8460 3. */
const char *dns_text_tlsrpt_wrong(struct slice record);

#endif
