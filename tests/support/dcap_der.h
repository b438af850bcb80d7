/* SPDX-License-Identifier: MIT */
/* dcap_der.h - writes DER, for tests: values one behind the other in a buffer. */
#ifndef CW_TESTS_SUPPORT_DCAP_DER_H
#define CW_TESTS_SUPPORT_DCAP_DER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct dcap_der {
    uint8_t bytes[1024];
    size_t len;
};

static inline void dcap_der_put(struct dcap_der *d, uint8_t tag, const uint8_t *content, size_t len)
{
    if (len > 0xffff || d->len + len + 4 > sizeof d->bytes) {
        abort();
    }
    d->bytes[d->len++] = tag;
    if (len >= 0x100) {
        d->bytes[d->len++] = 0x82;
        d->bytes[d->len++] = (uint8_t)(len >> 8);
    } else if (len >= 0x80) {
        d->bytes[d->len++] = 0x81;
    }
    d->bytes[d->len++] = (uint8_t)len;
    memcpy(d->bytes + d->len, content, len);
    d->len += len;
}

/* An INTEGER or ENUMERATED below 65536. */
static inline void dcap_der_number(struct dcap_der *d, uint8_t tag, unsigned number)
{
    uint8_t bytes[3] = {0, (uint8_t)(number >> 8), (uint8_t)number};
    size_t skip = number < 0x80 ? 2 : number < 0x8000 ? 1 : 0;
    dcap_der_put(d, tag, bytes + skip, sizeof bytes - skip);
}

#endif
