/* SPDX-License-Identifier: MIT */
/*
 * text.h - binary things written as text: hex, base64, PEM, times.  One spelling each.
 *
 * Trust    OWNER.  The text is foreign.
 */
#ifndef CW_TEE_SGX_OWNER_TEXT_H
#define CW_TEE_SGX_OWNER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* cw_text_hex - exactly len bytes, digits of either case; false: it is not that. */
bool cw_text_hex(const char *text, size_t text_len, uint8_t *ret_bytes, size_t len);

/* cw_text_hex_print - lower-case digits into ret_text, [2 * len + 1]; gives it. */
const char *cw_text_hex_print(const uint8_t *bytes, size_t len, char *ret_text);

/*
 * cw_text_base64 - decode; line ends (LF or CR LF) may stand between the digits.
 *
 * ret_bytes  [text_len] bytes of room
 *
 * false: anything else, padding that is missing, or bits behind the end that are not zero
 */
bool cw_text_base64(const char *text, size_t text_len, uint8_t *ret_bytes, size_t *ret_len);

/*
 * cw_text_time - RFC 3339: 2025-06-19T10:56:11Z, or with +hh:mm; whole seconds since 1970.
 *
 * false: it is not that, or no such day
 */
bool cw_text_time(const char *text, int64_t *ret_time);

/* cw_text_time_print - the same in UTC.  ret_text: [CW_TEXT_TIME_CAP]. */
#define CW_TEXT_TIME_CAP 32u
void cw_text_time_print(int64_t time, char *ret_text);

/* The blocks of a PEM text. */
struct cw_text_pem {
    const char *next;
    size_t left_len;
    bool is_strict; /* between blocks only line ends, behind the last one zero bytes too; else
                       whatever is no block is passed over */
};

typedef enum cw_text_label {
    CW_TEXT_CERTIFICATE,
    CW_TEXT_X509_CRL,
    CW_TEXT_OTHER,
} cw_text_label;

/*
 * cw_text_pem_next - the next block.
 *
 * ret_der  malloc'ed
 *
 * CW_E_ABSENT  there is no further one
 * CW_E_FORM    it is broken
 */
CW_MUST_CHECK cw_status cw_text_pem_next(struct cw_text_pem *p, cw_text_label *ret_label,
        uint8_t **ret_der, size_t *ret_len);

#endif
