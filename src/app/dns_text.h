/* dns_text.h — what is wrong with a domain's own DMARC and TLS-RPT records, in plain words. Pure. */
#ifndef APP_DNS_TEXT_H
#define APP_DNS_TEXT_H

#include "mailserver/core/slice.h"

/* NULL: nothing. RFC 7489 6.3, 6.4. */
const char *dns_text_dmarc_wrong(struct slice record);
/* NULL: nothing. RFC 8460 3. */
const char *dns_text_tlsrpt_wrong(struct slice record);

/* Where reports of a DMARC record go. Zero but for the record; what was read is cut from it. */
struct dns_text_reports {
        struct slice record, list;
};
/* The domain of the next mailto: of rua= and ruf=. False: there is none. RFC 7489 6.2. */
bool dns_text_next_report(struct dns_text_reports *r, struct slice *ret_domain);

#endif
